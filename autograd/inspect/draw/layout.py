"""Lay a picture out with Graphviz, with the operands in their order unless that makes arrows cross."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from .dot import ORDERED_UP_TO, to_dot
from .picture import Arrow, Picture
from .render import render

#: A curve is as good as so many straight pieces; arrows of one box may touch within so many points of it.
_PIECES, _NEAR = 7, 10.0

_LINE = re.compile(r'<g id="e(\d+)" class="edge">.*?<path [^>]* d="([^"]*)"', re.S)


def laid_out(picture: Picture, direction: str, format: str) -> bytes:
    """Return a picture as Graphviz draws it: an SVG with placeholders, a PNG or a PDF.

    Raises
    ------
    NoGraphvizError
        If there is no Graphviz that works.
    """
    svg, ordered = _best_layout(picture, direction)
    return svg if format == "svg" else render(to_dot(picture, direction, ordered=ordered), format)


def keeps_order(picture: Picture, direction: str) -> bool:
    """Return whether the operands of a picture are drawn in their order."""
    return _best_layout(picture, direction)[1]


def _best_layout(picture: Picture, direction: str) -> tuple[bytes, bool]:
    """Return the SVG with fewer crossings, and whether its operands are in their order."""
    svg = render(to_dot(picture, direction, placeholders=True), "svg")
    count = crossings(svg.decode(), picture.arrows) if len(picture.boxes) <= ORDERED_UP_TO else 0
    if count:
        other = render(to_dot(picture, direction, placeholders=True, ordered=False), "svg")
        if crossings(other.decode(), picture.arrows) < count:
            return other, False
    return svg, True


def crossings(svg: str, arrows: list[Arrow]) -> int:
    """Return how many pairs of arrows cross each other; those of one box may touch where they meet there."""
    lines = [(arrows[int(number)], _polyline(path)) for number, path in _LINE.findall(svg)]
    count = 0
    for (one, line), (other, another) in combinations(lines, 2):
        shared = {one.tail, one.head} & {other.tail, other.head}
        count += _cross(_away_from(shared, one, line), _away_from(shared, other, another))
    return count


def _polyline(path: str) -> npt.NDArray[np.float64]:
    """Return points on a path of cubic curves, shape (n, 2)."""
    points = np.array([float(x) for x in re.findall(r"-?[\d.]+", path)]).reshape(-1, 2)
    t = np.linspace(0, 1, _PIECES + 1)[:, None]
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    curves = [sum(w * p for w, p in zip(weights, points[i : i + 4])) for i in range(0, len(points) - 3, 3)]
    return np.asarray(np.concatenate(curves) if curves else points)


def _away_from(boxes: set[str], arrow: Arrow, line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return an arrow's line without what is near those of its boxes that are named."""
    ends = [line[i] for box, i in ((arrow.tail, 0), (arrow.head, -1)) if box in boxes]
    if not ends:
        return line
    far = np.linalg.norm(line[:, None] - np.stack(ends), axis=2).min(1) > _NEAR
    return np.asarray(line[far])


def _cross(one: Any, other: Any) -> bool:
    """Return whether two lines have a point in common."""
    if len(one) < 2 or len(other) < 2 or (one.max(0) < other.min(0)).any() or (other.max(0) < one.min(0)).any():
        return False
    a, b = one[:-1, None], one[1:, None]
    c, d = other[None, :-1], other[None, 1:]
    apart = _side(a, b, c) * _side(a, b, d) < 0
    return bool((apart & (_side(c, d, a) * _side(c, d, b) < 0)).any())


def _side(a: Any, b: Any, p: Any) -> Any:
    """Return on which side of the line from ``a`` to ``b`` a point lies, as a sign."""
    return (b[..., 0] - a[..., 0]) * (p[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (p[..., 0] - a[..., 0])
