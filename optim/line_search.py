"""How far to go along a direction: the strong Wolfe conditions.

J. Nocedal and S. Wright, "Numerical optimization" (2006), algorithms 3.5 and 3.6; the details are PyTorch's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Of the slope at the start: how much of the promised descent is enough, and how flat the end has to be.
DESCENT, FLATNESS = 1e-4, 0.9


class Point(NamedTuple):
    """A place on the line: how far along, the loss there, its gradient, and the slope along the line."""

    at: float
    loss: float
    gradient: Array
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, first: float, longest: float, tolerance: float, most: int
) -> tuple[Point, int]:
    """Find a point on a line where the loss is low enough and the slope flat enough.

    Parameters
    ----------
    evaluate : callable
        Gives the point at a distance along the line.
    start : Point
        At distance 0; its slope is negative.
    first : float
        The distance to try first.
    longest : float
        The largest element of the direction.
    tolerance : float
        The search ends when the point is known to so much, times ``longest``.
    most : int
        So many points are evaluated after the first one; then the lowest is taken.

    Returns
    -------
    Point, int
        The point, and how many were evaluated.
    """
    ends, found, steps = _bracket(evaluate, start, first, most)
    if found is not None:
        return found, steps + 1
    return _zoom(evaluate, start, ends, longest, tolerance, range(steps, most))


def _is_too_high(point: Point, start: Point) -> bool:
    return point.loss > start.loss + DESCENT * point.at * start.slope


def _is_flat(point: Point, start: Point) -> bool:
    return abs(point.slope) <= -FLATNESS * start.slope


def _bracket(
    evaluate: Callable[[float], Point], start: Point, first: float, most: int
) -> tuple[list[Point], Point | None, int]:
    """Go on until a good point lies between two: return these, or the good point itself; and the number of steps."""
    before, point = start, evaluate(first)
    for steps in range(most):
        if _is_too_high(point, start) or (steps > 1 and point.loss >= before.loss):
            return [before, point], None, steps
        if _is_flat(point, start):
            return [], point, steps
        if point.slope >= 0:
            return [before, point], None, steps
        nearest, farthest = point.at + 0.01 * (point.at - before.at), 10.0 * point.at
        before, point = point, evaluate(_lowest_of_cubic(before, point, nearest, farthest))
    return [start, point], None, most


def _zoom(
    evaluate: Callable[[float], Point], start: Point, ends: list[Point], longest: float, tolerance: float, steps: range
) -> tuple[Point, int]:
    """Make the bracket narrower until its lower end is good enough; ``steps`` numbers those that may be made."""
    was_close, low = False, _lower(ends)
    evaluations = steps.start + 1
    for _ in steps:
        if abs(ends[1].at - ends[0].at) * longest < tolerance:
            break
        near, far = sorted(end.at for end in ends)
        at, margin = _lowest_of_cubic(ends[0], ends[1], near, far), 0.1 * (far - near)
        is_close = min(far - at, at - near) < margin
        if is_close and (was_close or at >= far or at <= near):  # no progress twice: away from that end
            at = far - margin if abs(at - far) < abs(at - near) else near + margin
            is_close = False
        was_close, point, high = is_close, evaluate(at), 1 - low
        evaluations += 1
        if _is_too_high(point, start) or point.loss >= ends[low].loss:
            ends[high] = point
            low = _lower(ends)
            continue
        if _is_flat(point, start):
            return point, evaluations
        if point.slope * (ends[high].at - ends[low].at) >= 0:
            ends[high] = ends[low]
        ends[low] = point
    return ends[low], evaluations


def _lower(ends: list[Point]) -> int:
    """Return which end has the lower loss."""
    return 0 if ends[0].loss <= ends[1].loss else 1


def _lowest_of_cubic(one: Point, other: Point, nearest: float, farthest: float) -> float:
    """Return where the cubic through two points with their slopes is lowest, within bounds."""
    left, right = sorted((one, other), key=lambda point: point.at)
    if left.at == right.at:
        return 0.5 * (nearest + farthest)
    bend = one.slope + other.slope - 3.0 * (one.loss - other.loss) / (one.at - other.at)
    square = bend * bend - one.slope * other.slope
    if not square >= 0:
        return 0.5 * (nearest + farthest)
    root = math.sqrt(square)
    share = (right.slope + root - bend) / (right.slope - left.slope + 2.0 * root)
    return min(max(right.at - (right.at - left.at) * share, nearest), farthest)


def point_on_line(at: float, loss: float, gradient: Array, direction: Array) -> Point:
    """Return a point with its slope along a direction."""
    return Point(at, loss, gradient, float(np.dot(gradient, direction)))
