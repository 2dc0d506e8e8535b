"""Edit the SVG that Graphviz writes: centre texts in their boxes, add exact numbers as tooltips, add colours.

Graphviz writes the left end of each text, computed with its own font. A browser may use another font; then only a text
that is anchored in its middle stays centred.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from .picture import Box, Picture
from .readable import printable
from .theme import dark_rules

_GROUP = re.compile(
    r'<g id="(?P<key>\w+)" class="(?P<kind>node|edge)">\n<title>[^<]*</title>\n(?P<inside>.*?)</g>', re.S
)
_TEXT = re.compile(
    r'<text (?P<look>[^>]*?)text-anchor="start" x="(?P<x>[^"]*)" y="(?P<y>[^"]*)"(?P<font>[^>]*)>'
    r"(?P<text>[^<]*)</text>\n"
)
_TOP_EDGE = re.compile(
    r'<polygon [^>]*points="([-\d.]+),\S+ ([-\d.]+),|<path [^>]* d="M([-\d.]+),[^C]*C\S+ \S+ ([-\d.]+),'
)


def finished(svg: str, picture: Picture) -> str:
    """Return the SVG with centred texts and tooltips.

    Parameters
    ----------
    svg : str
        As Graphviz drew it.
    picture : Picture
        The picture that was drawn.
    """
    boxes = {box.key: _tooltip(box) for box in picture.boxes}
    arrows = {f"e{i}": arrow.exact.replace("\n", ", ") for i, arrow in enumerate(picture.arrows)}
    return _GROUP.sub(_group_with({**boxes, **arrows}), svg)


def themed(svg: str) -> str:
    """Return an SVG that follows its reader's preference for light or dark."""
    style = f"<style>@media (prefers-color-scheme: dark){{{dark_rules('svg.seegrad')}}}</style>"
    start = svg.index("<svg")
    end = svg.index(">", start)
    return f'{svg[start:end]} class="seegrad">{style}{svg[end + 1 :]}'


def _tooltip(box: Box) -> str:
    return ": ".join(part for part in (printable(box.name or box.op), box.exact) if part)


def _group_with(tooltips: dict[str, str]) -> Callable[[re.Match[str]], str]:
    def group(found: re.Match[str]) -> str:
        key, kind, inside = found["key"], found["kind"], found["inside"]
        title = f"<title>{escape(tooltips.get(key, ''))}</title>\n" if tooltips.get(key) else ""
        return f'<g id="{key}" class="{kind}">\n{title}{_centred(inside)}</g>'

    return group


def _centred(inside: str) -> str:
    """Anchor each line of a box in its middle; the pieces of a line become one text."""
    edge = _TOP_EDGE.search(inside)
    pieces = list(_TEXT.finditer(inside))
    if edge is None or not pieces:
        return inside
    left, right = (float(x) for x in edge.groups() if x is not None)
    lines: dict[str, list[re.Match[str]]] = {}
    for piece in pieces:
        lines.setdefault(piece["y"], []).append(piece)
    written = [_line(sorted(line, key=lambda piece: float(piece["x"])), (left + right) / 2) for line in lines.values()]
    return _TEXT.sub("", inside) + "".join(written)


def _line(pieces: list[re.Match[str]], middle: float) -> str:
    first = pieces[0]
    start = f'<text {first["look"]}text-anchor="middle" x="{middle:.2f}" y="{first["y"]}"{first["font"]}>'
    rest = "".join(f"<tspan{_weighted(piece['font'])}>{piece['text']}</tspan>" for piece in pieces[1:])
    return f"{start}{first['text']}{rest}</text>\n"


def _weighted(font: str) -> str:
    """Add a normal weight to a piece that has none: the piece before it may be bold."""
    return font if "font-weight" in font else f'{font} font-weight="normal"'
