"""Edit the SVG that Graphviz writes: put our own texts and pictures into the boxes, add tooltips and colours.

Graphviz writes the left end of each text, computed with its own font. A browser may use another font; then only a text
that is anchored in its middle stays centred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from .array_picture import NUMBER_FONT, ROW_HEIGHT, Grid
from .dot import PLACEHOLDERS, gradient_lines, title_lines
from .layout import laid_out
from .picture import Box, Picture
from .readable import escaped
from .theme import BACKGROUND, FONT, GRADIENT, TEXT, dark_rules

_GROUP = re.compile(
    r'<g id="(?P<key>\w+)" class="(?P<kind>node|edge)[^"]*">\n(?:<title>[^<]*</title>\n)?(?P<inside>.*?)</g>', re.S
)
_TEXT = re.compile(r'<text [^>]* y="(?P<y>[^"]*)"[^>]*>[^<]*</text>\n')
_TOP_EDGE = re.compile(
    r'<polygon [^>]*points="([-\d.]+),\S+ ([-\d.]+),|<path [^>]* d="M([-\d.]+),[^C]*C\S+ \S+ ([-\d.]+),'
)
_PLACE = re.compile(rf'<polygon fill="({"|".join(PLACEHOLDERS)})" stroke="none" points="(?P<points>[^"]*)"/>\n')
_OUTLINE = re.compile(r'<(?:polygon|path) [^>]*?(?:points| d)="M?([^"]*)"')
_FRAME = re.compile(r'<g id="(\w+)" class="cluster">\n(.*?)</g>', re.S)
_NOTE = re.compile(r'^<text [^>]*x="([^"]*)" y="([^"]*)"', re.M)
_VIEW_BOX = re.compile(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"')
#: What sets the texts of a box apart from each other.
_LOOKS = {"title": ' font-weight="bold"', "value": "", "gradient": f' fill="{GRADIENT}"'}

#: The label of an arrow is not struck through by the arrow.
_HALO = f'paint-order="stroke" stroke="{BACKGROUND}" stroke-width="4" stroke-linejoin="round"'
_FONT = f'font-family="{FONT}" font-size="12" text-anchor="middle" fill="{TEXT}"'


def svg_of(picture: Picture, direction: str) -> str:
    """Lay a picture out and return it as an SVG.

    Raises
    ------
    NoGraphvizError
        If there is no Graphviz that works.
    """
    return finished(laid_out(picture, direction, "svg").decode(), picture)


def finished(svg: str, picture: Picture) -> str:
    """Return the SVG with texts, pictures of arrays and tooltips.

    Parameters
    ----------
    svg : str
        As Graphviz drew it, with placeholders.
    picture : Picture
        The picture that was drawn.
    """
    boxes = {box.key: box for box in picture.boxes}
    arrows = {f"e{i}": arrow.exact.replace("\n", ", ") for i, arrow in enumerate(picture.arrows)}

    def group(found: re.Match[str]) -> str:
        key, kind, inside = found["key"], found["kind"], found["inside"]
        if kind == "node":
            title, inside = tooltip(boxes[key]), _filled(inside, boxes[key])
            kind += " parameter" if boxes[key].kind == "parameter" else ""
        else:
            title, inside = arrows.get(key, ""), inside.replace("<text ", f"<text {_HALO} ")
        about = f"<title>{escape(title)}</title>\n" if title else ""
        return f'<g id="{key}" class="{kind}">\n{about}{inside}</g>'

    svg = re.sub(r"<title>cluster_\w+</title>\n", "", svg.replace(f' font-family="{FONT}"', ""))
    written = _GROUP.sub(group, svg)
    return written.replace('class="graph"', f'class="graph" {_FONT}', 1)


def themed(svg: str) -> str:
    """Return an SVG that follows its reader's preference for light or dark, and stays large enough to be read."""
    style = f"<style>@media (prefers-color-scheme: dark){{{dark_rules('svg.seegrad')}}}</style>"
    start = svg.index("<svg")
    end = svg.index(">", start)
    width = _VIEW_BOX.search(svg)
    room = f' style="min-width:{float(width[1]):.0f}px"' if width else ""
    return f'{svg[start:end]} class="seegrad"{room}>{style}{svg[end + 1 :]}'


def placement(svg: str) -> dict[str, Any]:
    """Return where everything in an SVG is.

    Returns
    -------
    dict
        ``size`` and ``shift`` of the picture; the middles of ``nodes``; lines, heads and labels of ``edges``; outlines
        and titles of ``frames``; the lines of ``notes``.
    """
    nodes: dict[str, list[float]] = {}
    edges: dict[str, list[Any]] = {}
    for found in _GROUP.finditer(svg):
        key, inside = found["key"], found["inside"]
        if found["kind"] == "node":
            outline = _OUTLINE.search(inside)
            numbers = [float(x) for x in re.findall(r"-?[\d.]+", outline[1])] if outline else [0.0, 0.0]
            nodes[key] = [round((min(part) + max(part)) / 2, 2) for part in (numbers[::2], numbers[1::2])]
        else:
            line, head = re.search(r' d="([^"]*)"', inside), re.search(r' points="([^"]*)"', inside)
            labels = [_marks(inside)] if "<text" in inside else []
            edges[key] = [line[1] if line else "", head[1] if head else "", *labels]
    frames = {found[1]: [_outline(found[2]), _marks(found[2])] for found in _FRAME.finditer(svg)}
    outside = _FRAME.sub("", _GROUP.sub("", svg))
    size = _VIEW_BOX.search(svg)
    shift = re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", svg)
    return {
        "size": [float(x) for x in size.groups()] if size else [0.0, 0.0],
        "shift": [float(x) for x in shift.groups()] if shift else [0.0, 0.0],
        "nodes": nodes,
        "edges": edges,
        "frames": frames,
        "notes": _marks(outside),
    }


def _outline(inside: str) -> str:
    found = _OUTLINE.search(inside)
    return found[1] if found else ""


def _marks(inside: str) -> list[list[float]]:
    """Return where texts are."""
    return [[float(x), float(y)] for x, y in _NOTE.findall(inside)]


def tooltip(box: Box) -> str:
    """Return all that is known of a box, in full."""
    title = " = ".join(filter(None, [box.name, box.op_in_full or box.op]))
    shows = box.grid.shows if box.grid else ""
    return ": ".join(filter(None, [escaped(title), box.exact])) + (f"; the picture shows the {shows}" if shows else "")


def _filled(inside: str, box: Box) -> str:
    """Return the content of a group with the texts and pictures of its box."""
    edge = _TOP_EDGE.search(inside)
    if edge is None:  # no outline
        return inside
    left, right = (float(x) for x in edge.groups() if x is not None)
    middle = (left + right) / 2
    heights = sorted({float(text["y"]) for text in _TEXT.finditer(inside)})
    places = {place[1]: place["points"] for place in _PLACE.finditer(inside)}
    written = [*_lines(box, middle, heights)]
    for color, picture, kind in zip(PLACEHOLDERS, (box.grid, box.gradient_grid), ("value", "gradient")):
        if picture is not None and color in places:
            written.append(_grid(picture, middle, _top(places[color]), kind))
    return _PLACE.sub("", _TEXT.sub("", inside)) + "".join(written)


def _lines(box: Box, middle: float, heights: list[float]) -> Iterator[str]:
    """Yield the texts of a box, one for each line that Graphviz has placed."""
    values = [] if box.grid and box.grid.numbers else box.lines
    lines = [("title", text) for text in title_lines(box)]
    lines += [("value", text) for text in values] + [("gradient", text) for text in gradient_lines(box)]
    for (kind, text), y in zip(lines, heights):
        yield f'<text class="{kind}" x="{middle:.2f}" y="{y:.2f}"{_LOOKS[kind]}>{escape(text)}</text>\n'


def _top(points: str) -> float:
    return min(float(point.split(",")[1]) for point in points.split())


def _grid(picture: Grid, middle: float, top: float, kind: str) -> str:
    """Return the picture of an array: a table of numbers, or an image."""
    width, height = picture.size
    left = middle - width / 2
    if not picture.numbers:
        room = f'x="{left:.2f}" y="{top:.2f}" width="{width}" height="{height}"'
        look = 'preserveAspectRatio="none" style="image-rendering:pixelated"'
        return f'<image class="{kind}" {room} {look} href="{picture.image()}"/>\n'
    ends = np.cumsum([left, *picture.column_widths])
    middles = (ends[:-1] + ends[1:]) / 2
    inside = "".join(
        f'<text x="{x:.2f}" y="{top + ROW_HEIGHT * (row + 0.75):.2f}">{number}</text>'
        for row, numbers in enumerate(picture.numbers)
        for x, number in zip(middles, numbers)
    )
    return f'<g class="{kind}" font-size="{NUMBER_FONT}"{_LOOKS[kind]}>{inside}</g>\n'
