"""Save the weights of a model to a safetensors file, and load them into a model of the same structure."""

from __future__ import annotations

import os

from ...common.warning import warn
from ..module import Module
from .layouts import torch_layout_hint
from .safetensors_file import load_arrays_and_metadata, save_arrays

__all__ = ["load_weights", "save_weights"]


def save_weights(model: Module, path: str | os.PathLike[str]) -> None:
    """Save all parameters and buffers of a model.

    Parameters
    ----------
    model : Module
        The model.
    path : path
        The file, by custom ``something.safetensors``; replaced in one step if it exists, so that it always holds all
        weights.

    Raises
    ------
    OSError
        If it cannot be written. An existing file is unchanged.

    Examples
    --------
    >>> model = sg.nn.Linear(2, 3)
    >>> sg.nn.save_weights(model, "linear.safetensors")
    >>> sg.nn.load_weights(model, "linear.safetensors")
    """
    save_arrays(model.state_dict(), path)


def load_weights(model: Module, path: str | os.PathLike[str], strict: bool = True) -> None:
    """Load a file of :func:`save_weights` into a model of the same structure.

    Parameters
    ----------
    model : Module
        Gets the weights.
    path : path
        A safetensors file.
    strict : bool, default True
        If False, names may be missing or unexpected; see :meth:`Module.load_state_dict`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or is not a safetensors file, or if its arrays do not fit the model. The message lists
        everything that does not fit, and the model is unchanged.

    Warns
    -----
    SeegradWarning
        If the file was written by PyTorch, and the axes of some weights have another order there.
    """
    arrays, metadata = load_arrays_and_metadata(path)
    hint = ""
    if metadata.get("format") == "pt":
        hint = torch_layout_hint(model, arrays, f"safetensors.numpy.load_file({str(path)!r})")
    try:
        model.load_state_dict(arrays, strict=strict)
    except ValueError as error:
        raise ValueError(f"{path}: {error}" + (f"\n  {hint}" if hint else "")) from None
    if hint:
        warn(f"{path}: {hint}")
