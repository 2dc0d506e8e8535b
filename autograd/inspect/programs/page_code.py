"""A page's program as plain data: what JSON can hold, and ``draw/page/program.js`` runs."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...compile.program import Ref
from ..draw.page_files import OPERATIONS
from .page_program import PageProgram, UnplayableError

#: The most numbers that a page holds as data of leaves and constants, and that it computes at every change.
MAX_GIVEN, MAX_COMPUTED = 6_000, 400_000

#: Arrays of up to so many elements are lists of numbers, larger ones are bytes.
_LISTED = 16


def page_code(found: PageProgram, key_of: Mapping[Any, str]) -> dict[str, Any]:
    """Return a program as plain data.

    Parameters
    ----------
    found : PageProgram
    key_of : mapping
        The keys of the leaves.

    Raises
    ------
    UnplayableError
        If the program has an operation that the page does not have, or is too large.
    """
    program = found.program
    stage = program.stages[0]
    read = {n for i in stage.instructions for n in i.reads()} | set(stage.outputs)
    constants = {number: data for number, data in program.constants.items() if number in read}
    _check_size(found, constants)
    numbers: dict[Any, int] = {}  # variables are numbered anew: leaves, constants, results

    def place(number: Any) -> int:
        return numbers.setdefault(number, len(numbers))

    leaves = [[key_of[node], place(number), _data(node._plain)] for node, number in found.leaves.items()]
    given = [[place(number), _data(data)] for number, data in constants.items()]
    lines = []
    for i in stage.instructions:
        name = i.operation.name.strip("_")
        if not any(name in names for names in OPERATIONS.values()):
            raise UnplayableError(f"The page does not have the operation {name}.")
        arrays: list[Any] = []
        arguments = [_static(x, place, arrays) for x in i.arguments]
        params = {key: _static(value, place, arrays) for key, value in i.params.items()}
        given += arrays
        single = program.variables[i.results[0]].dtype == np.float32
        lines.append([name, arguments, params, [place(n) for n in i.results], int(single)])
    return {
        "leaves": leaves,
        "constants": given,
        "code": lines,
        "places": {source: place(number) for source, number in found.places.items()},
        "chooses": found.chooses,
        "conditions": [[place(number), int(answer)] for number, answer in found.conditions],
    }


def _check_size(found: PageProgram, constants: Mapping[int, Any]) -> None:
    given = sum(np.size(node._plain) for node in found.leaves) + sum(
        np.size(x) for x in constants.values() if not _is_even(np.asarray(x))
    )
    if given > MAX_GIVEN:
        raise UnplayableError(
            f"The graph reads {given:,} numbers, and a page computes with up to {MAX_GIVEN:,}: play a smaller piece."
        )
    variables = found.program.variables
    results = [variables[n].shape for i in found.program.instructions for n in i.results]
    computed = sum(int(np.prod(shape, dtype=np.int64)) for shape in results)
    if computed > MAX_COMPUTED:
        raise UnplayableError(
            f"The graph computes {computed:,} numbers, and a page up to {MAX_COMPUTED:,} at once: play a smaller piece."
        )


def _data(x: Any) -> Any:
    """Return a number or an array as plain data: a number, a list, or bytes in base64, with its shape."""
    array = np.asarray(x)
    if array.dtype.kind == "b":
        return {"shape": list(array.shape), "data": array.astype(int).ravel().tolist(), "bool": 1}
    single = array.dtype == np.float32
    numbers = array.astype("<f4" if single else "<f8")
    if _is_even(array):
        return {"shape": list(array.shape), "fill": float(array.flat[0]), "single": int(single)}
    if array.size <= _LISTED and np.isfinite(array).all():
        listed = numbers.ravel().tolist()
        return (
            listed[0]
            if not array.ndim and not single
            else {"shape": list(array.shape), "data": listed, "single": int(single)}
        )
    return {"shape": list(array.shape), "bytes": base64.b64encode(numbers.tobytes()).decode(), "single": int(single)}


def _is_even(array: Any) -> bool:
    """Return whether all of many elements are the same number."""
    return array.size > 1 and bool(np.isfinite(array.flat[0])) and bool(np.all(array == array.flat[0]))


def _static(x: Any, place: Any, arrays: list[Any]) -> Any:
    """Return an argument or a parameter as plain data; objects say what else it is, such as a variable."""
    if isinstance(x, Ref):
        return {"variable": place(x.number)}
    if x is None or isinstance(x, (bool, int, str)):
        return x
    if isinstance(x, np.integer):
        return int(x)
    if isinstance(x, float):
        return x if np.isfinite(x) else {"number": str(x)}
    if isinstance(x, (tuple, list)):
        return [_static(item, place, arrays) for item in x]
    if x is Ellipsis:
        return {"rest": 1}
    if isinstance(x, slice):
        return {"slice": [_static(end, place, arrays) for end in (x.start, x.stop, x.step)]}
    if isinstance(x, (np.dtype, type)) and np.dtype(x).kind in "biuf":
        return np.dtype(x).name
    if isinstance(x, (np.ndarray, np.generic)) and np.asarray(x).dtype.kind in "biuf":
        number = place((id(x), len(arrays)))
        arrays.append([number, _data(x)])
        return {"variable": number}
    raise UnplayableError(f"An operation has a parameter that no page can hold: {type(x).__name__}.")
