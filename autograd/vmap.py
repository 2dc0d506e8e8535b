"""``vmap``: a function of one example becomes a function of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import normalize_axis_index

from ..common.elsewhere import takes_other_names
from . import batched_numpy  # noqa: F401 (what functions of NumPy do with batches)
from .batch_calls import batch_of
from .batched import Batched, Level, with_level, without_level
from .nested import leaves_of, map_leaves
from .ops.shaping import moveaxis
from .tensor import Tensor, as_numbers
from .transforms import Derivative, Function
from .value import Value

if TYPE_CHECKING:
    from .transform_types import V

#: An axis of each value, or one for all; None where there is none.
Axes = int | Sequence[Any] | Mapping[str, Any] | None


@overload
def vmap(f: Callable[..., float], in_axes: Axes = 0, out_axes: Axes = 0) -> Derivative[..., npt.NDArray[Any]]: ...
@overload
def vmap(f: Callable[..., V], in_axes: Axes = 0, out_axes: Axes = 0) -> Derivative[..., V]: ...
@takes_other_names
def vmap(f: Function, in_axes: Axes = 0, out_axes: Axes = 0) -> Derivative[..., Any]:
    """Return the function that computes ``f`` for every example of a batch at once.

    ``f`` is written for one example, without a batch axis, and called once: with values that have the shape of an
    example and stand for all of them. The results are those of a loop over the examples whose results are stacked, with
    the operations computed for the whole batch. Derivatives work inside and outside: ``vmap(grad(loss))`` gives the
    gradients of every example. Calls nest.

    Where examples differ, ``f`` cannot decide (``if x > 0``): write ``np.where``. Random numbers are drawn once, for
    all examples alike; pass an array of them in for others. A function without a rule for batches is computed for one
    example after the other.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, Tensors, and nested dicts, lists and tuples of them.
    in_axes : int, None or a structure of them
        Which axis of the arguments holds the examples: one for all positional arguments, or a sequence with an entry
        for each. None: the argument is the same for all. An entry may be a structure like that of its argument.
        Arguments by name have their examples in axis 0.
    out_axes : int, None or a structure of them
        Where the axis of the examples is in the results. None: the result is the same for all, and has no such axis.

    Returns
    -------
    callable
        Takes what ``f`` takes, with a batch axis.

    Raises
    ------
    ValueError
        When called, if there is no such axis, or the arguments do not have the same number of examples.

    Examples
    --------
    >>> sg.vmap(np.dot)(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 1.0], [0.0, 2.0]]))
    array([3., 8.])
    >>> loss = lambda w, x: np.tanh(np.dot(w, x)) ** 2
    >>> sg.vmap(sg.grad(loss), in_axes=(None, 0))(np.array([0.5, 0.0]), np.eye(2)).shape  # a gradient for each example
    (2, 2)
    """
    if not callable(f):
        raise TypeError(f"vmap: expected a function, got {type(f).__name__}")
    return Derivative(_vmap, f, in_axes, out_axes)


def _vmap(args: Any, kwargs: Any, f: Function, in_axes: Any, out_axes: Any) -> Any:
    if isinstance(in_axes, (tuple, list)) and len(in_axes) != len(args):
        raise ValueError(
            f"vmap: in_axes has {len(in_axes)} entries, but the function was called with {len(args)} arguments"
        )
    entries = tuple(in_axes) if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
    axes = [_for_leaves(axis, x, "in_axes", f"argument {i}") for i, (axis, x) in enumerate(zip(entries, args))]
    named = {key: _for_leaves(0, x, "in_axes", key) for key, x in kwargs.items()}
    with batch_of(_batch_size([*args, kwargs], [*axes, named])) as level:
        enter = lambda x, axis: x if axis is _SAME else _entered(x, axis, level)  # noqa: E731
        out = f(
            *[map_leaves(enter, x, axis) for x, axis in zip(args, axes)],
            **{key: map_leaves(enter, x, named[key]) for key, x in kwargs.items()},
        )
        places = _for_leaves(out_axes, out, "out_axes", "the result")
        return map_leaves(lambda x, axis: _left(x, axis, level), out, places)


class _Same:
    """Stands for None among axes, where a structure needs a leaf."""


_SAME = _Same()


def _for_leaves(axes: Any, tree: Any, what: str, place: str) -> Any:
    """Return an axis for each leaf; where ``axes`` has one entry for a part of the structure, it is for all of it."""
    if axes is None or isinstance(axes, (int, np.integer)) and not isinstance(axes, bool):
        return map_leaves(lambda _: _SAME if axes is None else int(axes), tree)
    if isinstance(axes, dict) and isinstance(tree, dict) and axes.keys() == tree.keys():
        return {key: _for_leaves(axes[key], tree[key], what, place) for key in tree}
    sequences = isinstance(axes, (tuple, list)) and isinstance(tree, (tuple, list))
    if sequences and len(axes) == len(tree):
        items = [_for_leaves(axis, part, what, place) for axis, part in zip(axes, tree)]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    shown = f"a {type(tree).__name__}" + (f" of {len(tree)}" if isinstance(tree, (dict, tuple, list)) else "")
    raise ValueError(
        f"vmap: {what} must be an integer, None, or a structure like that of the values; for {place}, {shown}, it is "
        f"{axes!r}"
    )


def _batch_size(trees: list[Any], axes: list[Any]) -> int:
    """Return the number of examples, which all values with a batch axis have in common."""
    sizes: dict[int, str] = {}
    for i, (tree, its_axes) in enumerate(zip(trees, axes)):
        place = f"argument {i}" if i < len(trees) - 1 else "an argument by name"
        for x, axis in zip(leaves_of(tree), leaves_of(its_axes)):
            if axis is not _SAME:
                sizes.setdefault(_length(x, axis, place), f"{place} (shape {np.shape(_as_array(x))}, axis {axis})")
    if not sizes:
        raise ValueError("vmap: no argument has a batch axis: every entry of in_axes is None")
    if len(sizes) > 1:
        found = ", ".join([f"{size} in {where}" for size, where in sizes.items()])
        raise ValueError(f"vmap: the arguments have different numbers of examples: {found}")
    return next(iter(sizes))


def _as_array(x: Any) -> Any:
    return x if isinstance(x, (Tensor, Value)) else as_numbers(x)


def _length(x: Any, axis: int, place: str) -> int:
    shape = _as_array(x).shape
    if not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"vmap: {place} of shape {shape} has no axis {axis} for the examples; in_axes may be None for it"
        )
    return int(shape[axis])


def _entered(x: Any, axis: int, level: Level) -> Batched:
    """Return what the function gets for an argument."""
    if isinstance(x, (Tensor, Value)):
        return with_level(x, level, normalize_axis_index(axis, x.ndim))
    stacked = np.moveaxis(as_numbers(x), axis, 0)[...]
    stacked.setflags(False)  # type: ignore[call-arg]
    return Batched(level, stacked)


def _left(x: Any, axis: Any, level: Level) -> Any:
    """Return a result with its batch axis."""
    if axis is _SAME:
        if _differs(x, level):
            raise ValueError(
                f"vmap: out_axes is None for a result of shape {x.shape} that differs from example to example"
            )
        return x
    if x is None or isinstance(x, str):
        return x
    if not isinstance(x, (Tensor, Value)):
        x = as_numbers(x)
    result = without_level(x, level)
    if not -result.ndim <= axis < result.ndim:
        raise ValueError(f"vmap: out_axes={axis}, but a result has {result.ndim} axes with that of the examples")
    place = normalize_axis_index(axis, result.ndim)
    return moveaxis(result, 0, place) if place else _owned(result)


def _differs(x: Any, level: Level) -> bool:
    while isinstance(x, Batched):
        if x.level is level:
            return True
        x = x.stack
    return False


def _owned(x: Any) -> Any:
    """Return a result that may be written to: what is an argument, or the same for all examples, is copied."""
    return x.copy() if isinstance(x, np.ndarray) and not x.flags.writeable else x
