"""Cases of the operations that rearrange, repeat and join."""

from __future__ import annotations

import numpy as np

import seegrad as sg
from seegrad.autograd.core.op import Op

from .case import Case, case, real

_internal = Op.table


def _same(name: str, options: str, *inputs: object, **kwargs: object) -> Case:
    """A function that NumPy has under the same name with the same arguments."""
    ours, theirs = getattr(sg, name), getattr(np, name)
    return case(f"{name}[{options}]", lambda x: ours(x, **kwargs), lambda x: theirs(x, **kwargs), *inputs)


def _reshaped(options: str, x: object, shape: int | tuple[int, ...]) -> Case:
    """NumPy 2.0 calls the shape `newshape`."""
    return case(f"reshape[{options}]", lambda x: sg.reshape(x, shape=shape), lambda x: np.reshape(x, shape), x)


def _pieces(function: object, sections: object, axis: int) -> object:
    """Cut, then join again after weighting each piece differently, so that pieces cannot be mixed up."""
    return lambda x: (np if function is np.array_split or function is np.split else sg).concatenate(
        [(i + 1.0) * piece for i, piece in enumerate(function(x, sections, axis))], axis
    )


_SHAPES = [
    _same("broadcast_to", "new axes", real(3), shape=(2, 2, 3)),
    _same("broadcast_to", "stretched", real(2, 1), shape=(2, 3)),
    _same("broadcast_to", "0-d", real(), shape=(2, 3)),
    _same("broadcast_to", "to empty", real(1, 3), shape=(0, 3)),
    _same("broadcast_to", "nothing to do", real(2, 3), shape=(2, 3)),
    _reshaped("flat", real(2, 3), -1),
    _reshaped("worked out", real(2, 3, 2), (4, -1)),
    _reshaped("to 0-d", real(1, 1), ()),
    _reshaped("from 0-d", real(), (1, 1)),
    _reshaped("empty", real(0, 3), (3, 0)),
    _same("transpose", "reversed", real(2, 3, 4)),
    _same("transpose", "axes", real(2, 3, 4), axes=(1, 2, 0)),
    _same("transpose", "negative axes", real(2, 3, 4), axes=(-1, 0, -2)),
    _same("transpose", "1-d", real(3)),
    _same("transpose", "0-d", real()),
    _same("swapaxes", "first and last", real(2, 3, 4), axis1=0, axis2=-1),
    _same("swapaxes", "with itself", real(2, 3), axis1=1, axis2=1),
    _same("moveaxis", "one", real(2, 3, 4), source=0, destination=-1),
    _same("moveaxis", "two", real(2, 3, 4), source=(0, 1), destination=(2, 0)),
    _same("moveaxis", "four axes", real(2, 1, 3, 2), source=(3, 1), destination=(0, -1)),
    _same("expand_dims", "front", real(2, 3), axis=0),
    _same("expand_dims", "end", real(2, 3), axis=-1),
    _same("expand_dims", "several", real(2, 3), axis=(0, 2)),
    _same("expand_dims", "0-d", real(), axis=0),
    _same("squeeze", "all", real(1, 3, 1)),
    _same("squeeze", "one", real(1, 3, 1), axis=2),
    _same("squeeze", "several", real(1, 3, 1), axis=(0, -1)),
    _same("squeeze", "nothing", real(2, 3)),
    _same("ravel", "2-d", real(2, 3)),
    _same("ravel", "0-d", real()),
    case("flatten[all]", sg.flatten, np.ravel, real(2, 3, 2)),
    case("flatten[keep the batch]", lambda x: sg.flatten(x, 1), lambda x: x.reshape(len(x), -1), real(2, 3, 2)),
    _same("atleast_1d", "0-d", real()),
    _same("atleast_1d", "2-d", real(2, 2)),
    _same("atleast_2d", "0-d", real()),
    _same("atleast_2d", "1-d", real(3)),
    _same("atleast_2d", "2-d", real(2, 3)),
    _same("flip", "all", real(2, 3)),
    _same("flip", "one axis", real(2, 3), axis=1),
    _same("flip", "two axes", real(2, 3, 2), axis=(0, -1)),
    _same("roll", "flattened", real(2, 3), shift=2),
    _same("roll", "one axis", real(2, 3), shift=-1, axis=1),
    _same("roll", "two axes", real(2, 3), shift=(1, 2), axis=(0, 1)),
    _same("roll", "one shift, two axes", real(2, 3), shift=1, axis=(0, 1)),
    _same("rot90", "once", real(2, 3)),
    _same("rot90", "thrice", real(2, 3), k=3),
    _same("rot90", "other plane", real(2, 3, 2), k=-1, axes=(2, 0)),
    _same("tril", "square", real(3, 3)),
    _same("tril", "below", real(3, 4), k=-1),
    _same("tril", "batch", real(2, 3, 2), k=1),
    _same("triu", "square", real(3, 3)),
    _same("triu", "above", real(3, 4), k=1),
    _same("triu", "batch", real(2, 3, 2), k=-1),
    _same("copy", "2-d", real(2, 3)),
    _same("repeat", "flattened", real(2, 3), repeats=2),
    _same("repeat", "axis", real(2, 3), repeats=3, axis=1),
    _same("repeat", "each its own", real(2, 3), repeats=(1, 0, 2), axis=-1),
    _same("tile", "number", real(2, 3), reps=2),
    _same("tile", "two axes", real(2, 3), reps=(2, 3)),
    _same("tile", "more axes", real(3), reps=(2, 1, 2)),
    _same("tile", "fewer axes", real(2, 1, 3), reps=(2,)),
    _same("tile", "zero", real(2, 3), reps=(0, 1)),
    _same("pad", "all sides", real(2, 3), pad_width=1),
    _same("pad", "one pair", real(2, 3), pad_width=(0, 2)),
    _same("pad", "each axis", real(2, 3), pad_width=((1, 0), (2, 1))),
    _same("pad", "value", real(2, 3), pad_width=1, constant_values=2.5),
    _same("pad", "edge", real(2, 3), pad_width=((1, 2), (0, 1)), mode="edge"),
    _same("pad", "reflect", real(3, 3), pad_width=2, mode="reflect"),
    _same("pad", "symmetric", real(2, 3), pad_width=((0, 2), (1, 1)), mode="symmetric"),
    _same("pad", "wrap", real(2, 3), pad_width=((1, 1), (2, 0)), mode="wrap"),
    case("astype[same]", lambda x: sg.astype(x, x.dtype), lambda x: x, real(2, 3)),
    case("identity[2-d]", lambda x: _internal["identity"](x), lambda x: x, real(2, 3)),
    case("to_value[0-d]", lambda x: _internal["to_value"](x) * x, lambda x: x * x, real()),
    case("sum_to[column]", lambda x: _internal["sum_to"](x, (2, 1)), lambda x: x.sum(1, keepdims=True), real(2, 3)),
    case("sum_to[row]", lambda x: _internal["sum_to"](x, (3,)), lambda x: x.sum(0), real(2, 3)),
    case("sum_to[0-d]", lambda x: _internal["sum_to"](x, ()), np.sum, real(2, 3)),
]

_JOINS = [
    case(
        f"{name}[{shapes} {kwargs}]",
        lambda *xs, name=name, kwargs=kwargs: getattr(sg, name)(xs, **kwargs),
        lambda *xs, name=name, kwargs=kwargs: getattr(np, name)(xs, **kwargs),
        *[real(*shape) for shape in shapes],
    )
    for name, shapes, kwargs in [
        ("concatenate", [(2, 3), (1, 3), (0, 3)], {}),
        ("concatenate", [(2, 1), (2, 3)], {"axis": 1}),
        ("concatenate", [(2, 1), (2, 3), (2, 2)], {"axis": -1}),
        ("concatenate", [(2, 1), (3,)], {"axis": None}),
        ("concatenate", [(3,)], {}),
        ("stack", [(2, 3), (2, 3)], {}),
        ("stack", [(2, 3), (2, 3), (2, 3)], {"axis": 1}),
        ("stack", [(2, 3), (2, 3)], {"axis": -1}),
        ("stack", [(), (), ()], {}),
        ("hstack", [(2,), (3,)], {}),
        ("hstack", [(2, 1), (2, 2)], {}),
        ("hstack", [(), ()], {}),
        ("vstack", [(3,), (3,)], {}),
        ("vstack", [(2, 3), (3,)], {}),
        ("vstack", [(), ()], {}),
    ]
] + [
    case(
        "stack[one twice]",
        lambda x, y: sg.stack([x, y, x], axis=1),
        lambda x, y: np.stack([x, y, x], axis=1),
        real(2),
        real(2),
    ),
    case(
        "concatenate[with an array]",
        lambda x: sg.concatenate([x, np.ones_like(x)]),
        lambda x: np.concatenate([x, np.ones_like(x)]),
        real(2, 2),
    ),
]

_CUTS = [
    case(
        f"{name}[{sections} axis {axis}]",
        _pieces(getattr(sg, name), sections, axis),
        _pieces(getattr(np, name), sections, axis),
        real(4, 6),
    )
    for name, sections, axis in [
        ("split", 2, 0),
        ("split", 3, -1),
        ("split", [1, 4], 1),
        ("array_split", 3, 0),
        ("array_split", [1, 1, 9], 1),
        ("array_split", 4, -1),
    ]
]

CASES = [*_SHAPES, *_JOINS, *_CUTS]
