"""The tip of a cone: where a length is 0, its first derivative is a convention, and the second must not hide that.

A length such as ``norm(x)`` has no derivative at the origin; it is taken as 0. What is built on a length may be smooth
all the same: the second derivative of ``norm(x) ** 2`` is 2 everywhere. Which of the two is the case shows in the
gradient ``g`` that arrives at the length: if it is 0 at the tip and grows in proportion to the length, the quotient
``g / length`` has a limit, and that limit is the second derivative. Otherwise there is none, and it is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from .elementwise import ratio, where

Function = Callable[[Any], Any]


def along_tip(g: Any, out: Any, x: Any, spread: Function, bend: Function | None = None) -> Any:
    """Gradient ``g * x / out`` of a length ``out`` of ``x``, 0 at its tip, right or NaN in second order there.

    Parameters
    ----------
    g, out : number, array or Node
        The gradient that arrives at the length, and the length.
    x : number, array or Node
        What it is the length of; 0 wherever ``out`` is.
    spread : callable
        Gives ``g`` and ``out`` the shape of ``x``.
    bend : callable, optional
        What a length that is not Euclidean, whose square is not smooth at the tip, makes of ``x / out``.
    """
    slope, tips = ratio(x, spread(out)), data_of(out) == 0
    result = spread(g) * (slope if bend is None else where(spread(tips), 0.0, bend(slope)))
    if isinstance(g, Node) and isinstance(out, Node):
        limit = _limit(g, out)
        undefined = np.asarray(tips & (g._plain != 0) | ~np.isfinite(limit) | ((limit != 0) & (bend is not None)))
        limit = np.where(undefined, 0.0, limit)
        result = result + spread(_like(undefined * 1.0, out)) * slope + spread(_like(limit, out)) * x
    return result


def _like(values: Any, out: Node) -> Any:
    return float(values) if out._plain.__class__ is float else values.astype(out._plain.dtype)


def _limit(g: Node, out: Node) -> Any:
    """The limit of ``g / out`` where both are 0, NaN where it does not exist or cannot be known, 0 elsewhere.

    It is the slope of ``g`` in ``out`` (l'Hopital), provided that ``g`` depends on nothing else there. Two walks with
    different weights tell each element's own slope from its neighbours' influence.
    """
    from ..core.backward import backprop

    tips = np.asarray(out._plain == 0) & np.asarray(g._plain == 0)
    limit = np.zeros(tips.shape)
    if not g.requires_grad or not tips.any():
        return limit
    weights = 1.0 + np.arange(tips.size).reshape(tips.shape) / tips.size
    found = []
    for weight in (tips * 1.0, tips * weights):
        table = backprop(g, _like(weight, g), stop=frozenset((out,)))
        own = np.asarray(table.pop(out, np.zeros(tips.shape)), np.float64)
        if any(np.any(other) for other in table.values()) or np.any(own[~tips]):
            return np.where(tips, np.nan, limit)
        found.append(own)
    known = np.isclose(found[0] * weights, found[1], rtol=1e-3)  # float16 knows no better
    return np.where(tips, np.where(known, found[0], np.nan), limit)
