"""Read and write safetensors files: arrays by name, and texts as metadata. They hold no code."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...common.atomic_file import write_atomically

Array = npt.NDArray[Any]

# The format: 8 bytes give the length of a JSON header of at most 100 MB, the bytes of the arrays follow.
LENGTH_BYTES = 8
LONGEST_HEADER = 100_000_000
MOST_AXES = 32
ITEM_SIZES = {"BOOL": 1, "I8": 1, "U8": 1, "I16": 2, "U16": 2, "F16": 2, "I32": 4, "U32": 4, "F32": 4}
ITEM_SIZES |= {"I64": 8, "U64": 8, "F64": 8}


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
        Texts by name.

    Raises
    ------
    OSError
        If it cannot be written. An existing file is unchanged.
    """
    from safetensors.numpy import save

    # safetensors writes the memory of an array as it is; the header describes C order.
    ordered = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    try:
        content = save(ordered, metadata=dict(metadata) if metadata else None)
    except BaseException as error:
        if _out_of_memory(error):
            raise MemoryError(f"{os.fspath(path)} cannot be written: it does not fit into memory") from error
        raise
    write_atomically(path, content)


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
    """Load the arrays of a safetensors file as :func:`load_arrays` does, and its metadata.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_arrays`.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    file = Path(path)
    header = read_header(file)
    try:
        arrays: dict[str, Array] = load_file(file)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is not a sound safetensors file: {error}") from error
    except BaseException as error:
        if _out_of_memory(error):
            raise MemoryError(f"{file} cannot be read: it does not fit into memory") from error
        raise
    return arrays, header.get("__metadata__", {})


def _out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was exhausted; then safetensors, which is written in Rust, panics."""
    return isinstance(error, MemoryError) or type(error).__name__ == "PanicException"


def read_header(file: Path, longest: int = LONGEST_HEADER, largest: int | None = None) -> dict[str, Any]:
    """Read and check the header of a safetensors file, before memory is allocated for the arrays.

    Parameters
    ----------
    file : pathlib.Path
        The file.
    longest, largest : int
        The largest numbers of bytes of the header and of the file.

    Returns
    -------
    dict
        For each array ``dtype``, ``shape`` and ``data_offsets``; and ``__metadata__``, texts by name, if any.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a regular file, too large, or its header is not what the format defines: the arrays fill the
        rest of the file one after the other, each in the size of its shape, and names are not repeated.
    """
    if file.exists() and not file.is_file():
        raise ValueError(f"{file} is {'a folder' if file.is_dir() else 'no regular file'}, not a safetensors file")
    size = file.stat().st_size
    if largest is not None and size > largest:
        raise ValueError(f"{file} is too large: {size:,} bytes, at most {largest:,} are read")
    with open(file, "rb") as stream:
        first = stream.read(LENGTH_BYTES)
        length = int.from_bytes(first, "little")
        if size < LENGTH_BYTES or length > size - LENGTH_BYTES:
            kind = _other_kind(first) or f"it has {size} bytes, too few for a header of {length}"
            raise ValueError(f"{file} is not a sound safetensors file: {kind}")
        if length > longest:
            raise ValueError(f"{file} is not a sound safetensors file: a header of {length:,} bytes is too long")
        text = stream.read(length)
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_without_duplicates)
        _check_header(header, size - LENGTH_BYTES - length)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not a sound safetensors file: {error}") from error
    found: dict[str, Any] = header
    return found


def _other_kind(first: bytes) -> str:
    """Return what the first bytes of a file tell of it, if it is of another kind."""
    if first.startswith(b"PK"):
        return (
            "it is an archive, as PyTorch's .pt, Keras's .keras and NumPy's .npz are. Load it there, and put its "
            "weights into a model: nn.from_torch_state_dict(model, state), nn.from_keras_weights(model, weights), or "
            "model.load_state_dict(np.load(path))"
        )
    if first.startswith(b"\x89HDF"):
        return "it is an HDF5 file. Load it in Keras, then nn.from_keras_weights(model, keras_model.get_weights())"
    if first.startswith(b"\x80"):
        return (
            "it is a pickle, which may run any code and is never read here. Load it where it was made, then "
            "nn.from_torch_state_dict(model, state) or model.load_state_dict(state)"
        )
    text = first.isascii() and all(chr(byte).isprintable() or chr(byte).isspace() for byte in first)
    return (
        "it is a text. Models are written by model.save(path), weights by nn.save_weights(model, path)" if text else ""
    )


def _check_header(header: Any, size: int) -> None:
    if not isinstance(header, dict):
        raise ValueError("its header is no table")
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its metadata are not texts by name")
    spans = []
    for name, entry in header.items():
        if name != "__metadata__":
            spans.append((*_checked_span(name, entry), name))
    end = 0
    for first, last, name in sorted(spans):
        if first != end:
            raise ValueError(f"the bytes of {name!r:.80} do not begin where those of the array before it end")
        end = last
    if end != size:
        raise ValueError(f"its arrays have {end:,} bytes, it holds {size:,}")


def _checked_span(name: str, entry: Any) -> tuple[int, int]:
    """Return the first and last offset of an array, having checked that their distance fits its shape."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name!r:.80} is not described by dtype, shape and data_offsets: {entry!r:.80}")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_SIZES:
        raise ValueError(f"{name!r:.80} is of an unknown dtype: {dtype!r:.80}")
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < 2**63 for n in numbers):
            raise ValueError(f"{name!r:.80}: shape and data_offsets must be lists of sizes: {numbers!r:.80}")
    if len(offsets) != 2 or len(shape) > MOST_AXES:
        raise ValueError(f"{name!r:.80} has {len(shape)} axes and {len(offsets)} offsets")
    first, last = offsets
    if last - first != math.prod(shape) * ITEM_SIZES[dtype]:
        raise ValueError(f"{name!r:.80}: {last - first:,} bytes are not a {dtype} array of shape {shape!r:.80}")
    return first, last


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for name, value in pairs:
        if name in names:
            raise ValueError(f"its header names {name!r:.80} twice")
        names[name] = value
    return names
