"""The pictures into which boxes of a page open, laid out: from the model to single numbers, as far as there is room.

A page has no Graphviz, so each level is drawn when the page is written. Those nearest to the whole picture come first.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .opened import MOST_BOXES
from .picture import Box, Picture
from .svg import svg_of
from .theme import EDGE

#: The levels of a page take at most so many characters, so that pages of ordinary graphs stay below 150 kB; in a player
#: there is more beside them.
ROOM, ROOM_IN_PLAYER = 50_000, 40_000

#: Nothing fits into less.
_LEAST = 1_000

_PLACES = re.compile(r' (?:points|d|x|y|transform|viewBox)="[^"]*"')
_ARROW = re.compile(rf'(?<=<path|lygon) fill="(?:none|{EDGE})" stroke="{EDGE}"')


def levels_of(picture: Picture, direction: str, room: int = ROOM) -> tuple[dict[str, dict[str, str]], int]:
    """Return what boxes open into, and how many boxes stay closed because there is no room.

    Parameters
    ----------
    picture : Picture
        The whole picture.
    direction : str
        Where the computation goes.
    room : int
        How many characters they may take.

    Returns
    -------
    dict
        By the key of a box: its title, and the SVG of its parts. Keys of the parts begin with that of the box.
    int
        How many boxes have too many parts, or no room in the page.
    """
    found: dict[str, dict[str, str]] = {}
    boxes, closed = picture.boxes, 0
    while boxes:
        parts = [(box, _with_keys(box.inside(), box.key)) for box in boxes if box.inside is not None]
        boxes = []
        # The smaller ones first, so that many boxes open.
        for box, inner in sorted(parts, key=lambda part: len(part[1].boxes) + len(part[1].arrows)):
            if not inner.boxes:
                continue
            fits = len(inner.boxes) <= MOST_BOXES and room > _LEAST
            svg = _as_part(svg_of(inner, direction)) if fits else ""
            if not svg or len(svg) > room:
                closed += 1
                continue
            room -= len(svg)
            found[box.key] = {"title": _title(box), "svg": svg}
            boxes += inner.boxes
    return found, closed


def _title(box: Box) -> str:
    return " = ".join(filter(None, [box.name, box.op]))


def _with_keys(picture: Picture, key: str) -> Picture:
    """Return a picture whose keys begin with another one: keys are unique in a page."""
    boxes = [replace(box, key=f"{key}_{box.key}") for box in picture.boxes]
    arrows = [replace(arrow, tail=f"{key}_{arrow.tail}", head=f"{key}_{arrow.head}") for arrow in picture.arrows]
    return Picture(boxes, arrows, picture.notes)


def _as_part(svg: str) -> str:
    """Return an SVG without what only a file needs: the page colours arrows, and asks for the ids of nodes alone."""
    svg = re.sub(r' id="(?:graph|clust|e)\d+"', "", svg[svg.index("<svg") :])
    return compact(_ARROW.sub("", svg))


def compact(svg: str) -> str:
    """Return an SVG with places in tenths of a point, and without Graphviz's comments."""
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    return _PLACES.sub(lambda found: re.sub(r"(\.\d)\d+", r"\1", found[0]), svg)


def closed_note(closed: int) -> str:
    """Return what a page says of boxes that stay closed."""
    boxes = "1 box does" if closed == 1 else f"{closed:,} boxes do"
    return f"{boxes} not open: too many numbers for this page" if closed else ""
