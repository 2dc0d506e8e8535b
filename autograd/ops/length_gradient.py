"""The gradient of a length (a norm, ``hypot``, ``std``) at 0, where the length has no derivative.

A length has no derivative at 0; by convention it is taken as 0. A function of a length may be smooth all the same: the
second derivative of ``norm(x) ** 2`` is 2 everywhere. Whether it is, follows from the gradient ``g`` of the length: if
``g`` is 0 there and proportional to the length near it, the quotient ``g / length`` has a limit, and that limit is
the second derivative. Otherwise there is no second derivative, and it is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...common.seam import interpretable
from ..core.backward import backprop
from ..core.node import Node, current_trace, data_of, is_recorded
from .elementwise import ratio, where
from .questions import asked, known

Function = Callable[[Any], Any]


def length_gradient(g: Any, out: Any, x: Any, spread: Function, bend: Function | None = None) -> Any:
    """Return the gradient ``g * x / out`` of a length ``out`` of ``x``: 0 at 0, with a second derivative or NaN there.

    Parameters
    ----------
    g, out : number, array or Node
        The gradient of the length, and the length.
    x : number, array or Node
        What ``out`` is the length of; 0 wherever ``out`` is.
    spread : callable
        Gives ``g`` and ``out`` the shape of ``x``.
    bend : callable, optional
        A function of ``x / out``, in the gradient of a length that is not Euclidean: its square is not smooth at 0.
    """
    slope, zeros = ratio(x, spread(out)), data_of(out) == 0
    result = spread(g) * (slope if bend is None else where(spread(zeros), 0.0, bend(slope)))
    if is_recorded(g) and is_recorded(out):
        limit = _limit(g, out)
        falling = known(zeros & (data_of(g) != 0), "differentiates a length of 0")
        undefined = falling | ~np.isfinite(limit) | ((limit != 0) & (bend is not None))
        limit = np.where(undefined, 0.0, limit)
        result = result + spread(_like(undefined * 1.0, out)) * slope + spread(_like(limit, out)) * x
    return result


def _like(values: Any, out: Node) -> Any:
    if out._plain.__class__ is float:
        return values if isinstance(values, Node) else float(values)
    return values.astype(out._plain.dtype)


@asked
def _both_are_zero(g: Any, out: Any) -> bool:
    return bool(np.any(np.equal(data_of(g), 0) & np.equal(data_of(out), 0)))


@interpretable
def _limit(g: Any, out: Node) -> Any:
    """Return the limit of ``g / out`` where both are 0, NaN where it does not exist or is not known, 0 elsewhere.

    It is the derivative of ``g`` with respect to ``out`` (l'Hopital), if ``g`` depends on nothing else there. Two
    backward passes with different weights separate each element's own derivative from those of other elements.
    """
    zeros = np.asarray(out._plain == 0) & np.asarray((g._plain if isinstance(g, Node) else g) == 0)
    limit = np.zeros(zeros.shape)
    if not isinstance(g, Node) or not g.requires_grad or not _both_are_zero(g, out):
        return limit
    if (trace := current_trace()) is not None:
        trace.fail("differentiates a length of 0 twice", only_now=True)
    weights = 1.0 + np.arange(zeros.size).reshape(zeros.shape) / zeros.size
    found = []
    for weight in (zeros * 1.0, zeros * weights):
        table = backprop(g, _like(weight, g), stop=frozenset((out,)))
        own = np.asarray(table.pop(out, np.zeros(zeros.shape)), np.float64)
        if any(np.any(other) for other in table.values()) or np.any(own[~zeros]):
            return np.where(zeros, np.nan, limit)
        found.append(own)
    known = np.isclose(found[0] * weights, found[1], rtol=1e-3)  # the precision of float16
    return np.where(zeros, np.where(known, found[0], np.nan), limit)
