"""The door for data from outside: numbers and arrays of every kind become plain numbers and base-class arrays."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np


class ListOfNodesError(TypeError):
    """A list in the place of an array holds nodes: whoever knows how builds one of them."""


def plain(x: Any) -> Any:
    """Return an operand that is not a node as a plain number or a base-class array.

    Whatever computes with it afterwards can rely on NumPy's own arithmetic by position. A Series would align by
    label, a matrix would multiply as a matrix.

    Raises
    ------
    TypeError
        If there are no numbers in it, or something would be lost on the way: a mask, a gradient.
    """
    kind = x.__class__
    if kind is float or kind is int or kind is bool or kind is complex:
        return x
    if kind is not np.ndarray and not isinstance(x, np.generic):
        if isinstance(x, (list, tuple)) and holds_nodes(x):
            raise ListOfNodesError("a list of nodes is not an array; build one with sg.stack([...])")
        x = as_array(x)
    if x.dtype.kind not in "biufc":
        raise TypeError(f"cannot compute with {kind.__name__}: expected numbers, an array, a Value or a Tensor")
    return native(x)


def native(array: Any) -> Any:
    """Return an array in the byte order of this machine."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def holds_nodes(items: Any) -> bool:
    """Return whether there are nodes in nested lists and tuples."""
    return any(hasattr(x, "_tracked") or (isinstance(x, (list, tuple)) and holds_nodes(x)) for x in items)


def as_array(x: Any) -> np.ndarray[Any, Any]:
    """Return ``x`` as a base-class array; TypeError for a masked one, whose mask would be lost.

    What stands for an array while a function is traced is one already.
    """
    if x.__class__ is np.ndarray:
        return x  # type: ignore[no-any-return]
    if getattr(x, "stands_for_data", False):
        return x.as_data()  # type: ignore[no-any-return]
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            "a masked array would lose its mask here. Write m.filled(value) for a plain array, "
            "or sg.where(m.mask, value, ...) for a choice"
        )
    if hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
        return np.from_dlpack(x)
    return np.asarray(x)


def is_complex(x: Any) -> bool:
    """Return whether a number, an array or a node is complex, by its type and not by its imaginary part."""
    dtype = getattr(x, "dtype", None)
    return isinstance(x, complex) if dtype is None else dtype.kind == "c"


def real_numbers(what: str, x: Any) -> Any:
    """Return ``x``; TypeError if it is complex, which ``what`` cannot take.

    >>> real_numbers("the learning rate", 0.1)
    0.1
    """
    if is_complex(x):
        raise TypeError(
            f"{what} takes real numbers, got complex numbers ({getattr(x, 'dtype', 'complex')}). Compute with x.real, "
            "x.imag or abs(x)"
        )
    return x


def is_labelled(x: Any) -> bool:
    """Tell whether something is of xarray, whose objects hold Tensors under the names of their axes."""
    return _is_of_xarray(x.__class__)


@functools.lru_cache(maxsize=1000)
def _is_of_xarray(kind: type) -> bool:
    return any(str(base.__module__).partition(".")[0] == "xarray" for base in kind.__mro__)


def is_operand(x: Any) -> bool:
    """Tell whether something looks like a number or an array, so that a refusal of it should be told."""
    if hasattr(x, "__array__") or hasattr(x, "__dlpack__") or isinstance(x, numbers.Number):
        return True
    return isinstance(x, Sequence) and not isinstance(x, (str, bytes))


def frozen(x: Any) -> Any:
    """Return an array that nobody else can write to; anything else as it is.

    That is a copy, unless the array is read-only and owns its memory: the owner of the memory behind a read-only view
    may still change it before the gradient is asked for.
    """
    if x.__class__ is not np.ndarray or (x.base is None and not x.flags.writeable):
        return x
    return x.copy()


def unwritable(x: Any) -> Any:
    """Return an array as user-defined code gets to see it: it cannot be written to. Anything else as it is."""
    if isinstance(x, np.ndarray) and x.flags.writeable:
        x = x.view()
        x.setflags(False)  # type: ignore[call-arg]
    return x
