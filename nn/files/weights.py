"""Saving a model's weights to a safetensors file, and loading them into a model of the same structure."""

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
        The file, by custom ``something.safetensors``; replaced in one step if it exists, so that it
        always holds a complete set of weights.

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
    """Load what :func:`save_weights` saved into a model of the same structure.

    Parameters
    ----------
    model : Module
        Takes over the weights.
    path : path
        A safetensors file.
    strict : bool, default True
        With False, names may be missing or too many; see :meth:`Module.load_state_dict`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or is no safetensors file, or if its arrays do not fit the model; all
        that does not fit is listed, and the model is unchanged.

    Warns
    -----
    SeegradWarning
        If the file says that it is PyTorch's, and weights of this model lie in another order there.
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
