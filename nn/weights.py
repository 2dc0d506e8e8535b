"""Saving a model's weights to a safetensors file and loading them: plain arrays by name, no code inside."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .atomic_file import write_atomically
from .module import Module

Array = npt.NDArray[Any]

# What the format allows: 8 bytes give the length of a JSON header of at most 100 MB.
LENGTH_BYTES = 8
LONGEST_HEADER = 100_000_000


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
    """
    arrays = load_arrays(path)
    try:
        model.load_state_dict(arrays, strict=strict)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def save_arrays(
    arrays: Mapping[str, Array], path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Save arrays by name as a safetensors file, in one step.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        Any shapes and numeric dtypes.
    path : path
        The file.
    metadata : mapping of str to str, optional
        Texts to go with them.

    Raises
    ------
    OSError
        If it cannot be written. An existing file is unchanged.
    """
    from safetensors.numpy import save

    # safetensors writes an array's memory as it lies; only C order means what the header says.
    ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_atomically(path, save(ordered, metadata=dict(metadata) if metadata else None))


def load_arrays(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Load the arrays of a safetensors file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    dict of str to numpy.ndarray
        Arrays by name, in the order of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or is no safetensors file; nothing in it is ever executed.
    """
    return load_arrays_and_metadata(path)[0]


def load_arrays_and_metadata(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """Load the arrays of a safetensors file as :func:`load_arrays` does, and the texts that go with them.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_arrays`.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    file = Path(path)
    if file.is_dir():
        raise ValueError(f"{file} is a folder, not a safetensors file")
    header = _checked_header(file)
    try:
        arrays: dict[str, Array] = load_file(file)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is not a sound safetensors file: {error}") from error
    # The library has accepted the file: its metadata, if any, are texts by name.
    return arrays, header.get("__metadata__", {})


def _checked_header(file: Path) -> dict[str, Any]:
    """Refuse a header that lies about its length or names an array twice, before anything is allocated for it."""
    size = file.stat().st_size
    with open(file, "rb") as stream:
        length = int.from_bytes(stream.read(LENGTH_BYTES), "little")
        if size < LENGTH_BYTES or length > min(size - LENGTH_BYTES, LONGEST_HEADER):
            raise ValueError(
                f"{file} is not a sound safetensors file: it has {size} bytes, too few for a header of {length}"
            )
        header = stream.read(length)
    try:
        found: dict[str, Any] = json.loads(header.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not a sound safetensors file: {error}") from error
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise ValueError(f"its header names {twice!r} twice")
    return names
