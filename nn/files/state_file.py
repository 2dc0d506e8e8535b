"""Save nested states (dicts, lists, numbers, texts, arrays) as one safetensors file with a checksum."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .safetensors_file import load_arrays_and_metadata, save_arrays

Array = npt.NDArray[Any]

# In the JSON text, {"array": name} stands for an array; a state may not contain such a dict.
ARRAY = "array"
# The name of the text in the metadata: a checksum and the JSON.
ENTRY = "seegrad.state"


def save_state(state: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a nested state in one step: arrays as arrays, everything else as JSON in the metadata.

    Parameters
    ----------
    state : mapping
        Dicts with texts as keys, lists, tuples (which are loaded as lists), arrays, numbers, texts, None.
    path : path
        The file; an existing one is replaced in one step.

    Raises
    ------
    TypeError
        If the state holds something else; nothing is written.
    OSError
        If the file cannot be written. An existing one is unchanged.
    """
    arrays: dict[str, Array] = {}
    text = json.dumps(_without_arrays(state, "", arrays))
    # One entry, since several would be written in an order that changes from run to run.
    save_arrays(arrays, path, {ENTRY: f"{checksum(arrays, text)} {text}"})


def load_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a file of :func:`save_state`; nothing in the file is ever executed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or is a file of another kind.
    """
    arrays, metadata = load_arrays_and_metadata(path)
    if set(metadata) != {ENTRY}:
        raise ValueError(f"{path} is not a checkpoint (weights alone are read by load_weights)")
    digest, _, text = metadata[ENTRY].partition(" ")
    if checksum(arrays, text) != digest:
        raise ValueError(f"{path} is damaged: its contents do not have the checksum that was written with them")
    try:
        state = _with_arrays(json.loads(text), arrays)
    except (ValueError, KeyError, RecursionError) as error:
        raise ValueError(f"{path} is not a sound checkpoint: {error}") from error
    if not isinstance(state, dict):
        raise ValueError(f"{path} is not a sound checkpoint: it holds a {type(state).__name__}")
    return state


def _without_arrays(part: Any, path: str, arrays: dict[str, Array]) -> Any:
    """Copy a state with ``{"array": path}`` in place of each array, and collect the arrays in ``arrays``."""
    if isinstance(part, np.generic):
        return part.item()
    if isinstance(part, np.ndarray):
        arrays[path] = part
        return {ARRAY: path}
    if isinstance(part, Mapping):
        if not all(isinstance(key, str) for key in part) or set(part) == {ARRAY}:
            raise TypeError(f"a state's names must be texts (and not only {ARRAY!r}), got {list(part)} at {path!r}")
        return {key: _without_arrays(value, f"{path}/{key}" if path else key, arrays) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_without_arrays(value, f"{path}/{i}", arrays) for i, value in enumerate(part)]
    if part is None or isinstance(part, str | bool | int | float):
        return part
    raise TypeError(f"a state holds numbers, texts, arrays, lists and dicts, got {type(part).__name__} at {path!r}")


def _with_arrays(part: Any, arrays: Mapping[str, Array]) -> Any:
    if isinstance(part, dict):
        if set(part) == {ARRAY}:
            return arrays[part[ARRAY]] if isinstance(part[ARRAY], str) else part
        return {key: _with_arrays(value, arrays) for key, value in part.items()}
    if isinstance(part, list):
        return [_with_arrays(value, arrays) for value in part]
    return part


def checksum(arrays: Mapping[str, Array], text: str) -> str:
    """Compute the checksum of arrays, with their names, dtypes and shapes, and a text."""
    from hashlib import sha256

    total = sha256(text.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()
