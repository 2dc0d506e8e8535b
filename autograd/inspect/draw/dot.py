"""Write a picture in DOT, the language of Graphviz."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from .array_picture import Grid
from .picture import Box, Picture
from .readable import printable, wrapped
from .theme import BACKGROUND, EDGE, FONT, GRADIENT, KINDS, ROOT, TEXT

Cluster = dict[str, Any]

#: Escapes that Graphviz replaces by the name of a node or of the graph, or by one backslash. Splitting the text between
#: the two characters prevents it.
_SUBSTITUTED = re.compile(r"\\(?=[\\NGETHL])")

#: With more boxes than this, operands are not kept in their order: that takes time and makes arrows cross.
ORDERED_UP_TO = 40

#: If an arrow passes more ranks than this, labels stand at the heads of arrows instead of in their middle.
_FAR = 8

#: How strongly the longest path to the result is pulled straight.
_STRAIGHT = "12"

#: Titles, and labels of arrows, are broken into lines of so many characters.
LINE_WIDTH = 28
_LABEL_WIDTH = 16

#: In the place of the pictures of a value and of a gradient stand cells of these colours, if they are drawn later.
PLACEHOLDERS = ("#000001", "#000002")


def to_dot(picture: Picture, direction: str = "LR", placeholders: bool = False, ordered: bool = True) -> str:
    """Return a picture as a DOT text, with all texts escaped.

    Parameters
    ----------
    picture : Picture
        The picture to draw.
    direction : str
        Where the computation goes: ``"LR"``, ``"RL"``, ``"TB"`` or ``"BT"``.
    placeholders : bool
        Leave room for the pictures of arrays instead of drawing them.
    ordered : bool
        Keep the operands of each operation in their order.
    """
    import graphviz

    graph = graphviz.Digraph("seegrad")
    graph.attr(rankdir=direction, bgcolor=BACKGROUND, fontname=FONT, fontcolor=TEXT, fontsize="11", nodesep="0.2")
    graph.attr(ranksep="0.4", pad="0.15", nslimit="2", nslimit1="2")
    if len(picture.boxes) > ORDERED_UP_TO:
        graph.attr(mclimit="0.5")
    elif ordered:
        graph.attr(ordering="in")
    if picture.notes:
        graph.attr(label=_plain("\n".join(picture.notes)), labelloc="b")
    graph.attr("node", fontname=FONT, fontcolor=TEXT, fontsize="12", margin="0.06,0.03", height="0.2", width="0.2")
    graph.attr("edge", fontname=FONT, fontcolor=TEXT, fontsize="11", color=EDGE, arrowsize="0.6")
    _add_boxes(graph, picture, placeholders)
    depth = _depths(picture)
    place = "label"
    # Graphviz keeps room for a label in the middle of an arrow in every rank that the arrow passes, which takes time in
    # the square of the number of arrows. Labels at the heads do not.
    if _reach(picture, depth) > _FAR:
        place = "headlabel"
        graph.attr(ranksep="0.9")
    spine = _spine(picture, depth)
    for i, arrow in enumerate(picture.arrows):
        label = {place: _plain("\n".join(wrapped(arrow.label, _LABEL_WIDTH)))} if arrow.label else {}
        look = label | arrow.look
        if i in spine:
            look["weight"] = _STRAIGHT
        if arrow.hidden:
            look["style"] = "invis"
        if arrow.back:
            graph.edge(arrow.head, arrow.tail, id=f"e{i}", dir="back", **look)
        else:
            graph.edge(arrow.tail, arrow.head, id=f"e{i}", **look)
    return str(graph.source)


def _depths(picture: Picture) -> dict[str, int]:
    """Return for each box how many lie on the longest path to it."""
    into: dict[str, list[str]] = {box.key: [] for box in picture.boxes}
    for arrow in picture.arrows:
        into[arrow.head].append(arrow.tail)
    depth: dict[str, int] = {}
    for key, tails in into.items():
        depth[key] = 1 + max([depth[tail] for tail in tails], default=0)
    return depth


def _reach(picture: Picture, depth: dict[str, int]) -> int:
    """Return how many ranks the longest arrow passes; what is given stands right before its first reader."""
    place = dict(depth)
    for key in place.keys() - {arrow.head for arrow in picture.arrows}:
        place[key] = len(place)
    for arrow in picture.arrows:
        if depth[arrow.tail] == 1:
            place[arrow.tail] = min(place[arrow.tail], depth[arrow.head] - 1)
    return max([depth[arrow.head] - place[arrow.tail] for arrow in picture.arrows], default=0)


def _spine(picture: Picture, depth: dict[str, int]) -> set[int]:
    """Return the places of the arrows on a longest path to the result, which is drawn straight."""
    into: dict[str, list[int]] = {}
    for i, arrow in enumerate(picture.arrows):
        into.setdefault(arrow.head, []).append(i)
    key = picture.boxes[-1].key if picture.boxes else ""
    found: set[int] = set()
    while key in into:
        last = max(into[key], key=lambda i: depth[picture.arrows[i].tail])
        if depth[picture.arrows[last].tail] > 1 or len(into[key]) == 1:
            found.add(last)
        key = picture.arrows[last].tail
    return found


def _add_boxes(graph: Any, picture: Picture, placeholders: bool) -> None:
    """Write the boxes inside their nested groups."""
    tree: Cluster = {"boxes": [], "inner": {}}
    for box in picture.boxes:
        place = tree
        for name in box.group:
            place = place["inner"].setdefault(name, {"boxes": [], "inner": {}})
        place["boxes"].append(box)
    _add_cluster(graph, tree, "cluster", placeholders)


def _add_cluster(graph: Any, cluster: Cluster, name: str, placeholders: bool) -> None:
    for box in cluster["boxes"]:
        graph.node(box.key, label=_html(_table(box, placeholders)), id=box.key, **_look(box))
    for i, (title, inner) in enumerate(cluster["inner"].items()):
        if len(inner["boxes"]) == 1 and not inner["inner"] and inner["boxes"][0].kind == "result":
            _add_cluster(graph, inner, f"{name}_{i}", placeholders)  # an operation says what it is by itself
            continue
        with graph.subgraph(name=f"{name}_{i}") as subgraph:
            subgraph.attr(label=_plain(title), style="rounded", color=EDGE, labeljust="l", labelloc="t")
            _add_cluster(subgraph, inner, f"{name}_{i}", placeholders)


def _look(box: Box) -> dict[str, str]:
    look = dict(KINDS[box.kind])
    if box.is_root:
        look.update(ROOT)
    return look | box.look


# ------------------------------------------------------------------------------------ what is in a box


def _table(box: Box, placeholders: bool) -> str:
    rows = [_title(box)]
    if box.lines and not (box.grid and box.grid.numbers):
        rows.append(_lines(box.lines))
    if box.grid:
        rows.append(_placeholder(box.grid, 0) if placeholders else _grid(box.grid))
    if box.gradient:
        rows.append(f'<FONT COLOR="{GRADIENT}">{_lines(gradient_lines(box))}</FONT>')
    if box.gradient_grid:
        picture = box.gradient_grid
        drawn = _placeholder(picture, 1) if placeholders else f'<FONT COLOR="{GRADIENT}">{_grid(picture)}</FONT>'
        rows.append(drawn)
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows if row)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells or "<TR><TD></TD></TR>"}</TABLE>'


def gradient_lines(box: Box) -> list[str]:
    """Return the lines of a gradient, without the numbers that its picture shows."""
    if box.gradient_grid and box.gradient == [box.gradient_grid.text]:
        return ["grad"]
    return [f"grad {box.gradient[0]}", *box.gradient[1:]] if box.gradient else []


def title_lines(box: Box) -> list[str]:
    """Return the name and the operation of a box, in lines that are not too long."""
    title = f"{box.name} = {box.op}" if box.op and box.name else box.name or box.op
    return wrapped(printable(title), LINE_WIDTH) if title else []


def _title(box: Box) -> str:
    lines = "<BR/>".join(map(_text, title_lines(box)))
    return f"<B>{lines}</B>" if lines else ""


def _placeholder(picture: Grid, place: int) -> str:
    width, height = picture.size
    room = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
    cell = f'<TD {room} BGCOLOR="{PLACEHOLDERS[place]}"></TD>'
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{cell}</TR></TABLE>'


def _grid(picture: Grid) -> str:
    """Return a picture as a table of numbers or of coloured squares."""
    if picture.numbers:
        rows = [[f"<TD>{number}</TD>" for number in row] for row in picture.numbers]
        look = 'CELLPADDING="2"'
    else:
        squares = picture.squares()
        width, height = (size // n for size, n in zip(picture.size, (len(squares[0]), len(squares))))
        cell = f'FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"'
        rows = [[f'<TD BGCOLOR="{color}" {cell}></TD>' for color in row] for row in squares]
        look = f'CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{width * len(rows[0])}" HEIGHT="{height * len(rows)}"'
    cells = "".join(f"<TR>{''.join(row)}</TR>" for row in rows)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" {look}>{cells}</TABLE>'


def _lines(lines: list[str]) -> str:
    return "<BR/>".join(_text(line) for line in lines)


def _text(text: str) -> str:
    """Escape a text for an HTML-like label; line breaks stay line breaks."""
    return "<BR/>".join(_SUBSTITUTED.sub("<FONT>&#92;</FONT>", escape(line)) for line in printable(text).split("\n"))


def _plain(text: str) -> str:
    """Escape a text for a label that is not a table; Graphviz centres its lines."""
    import graphviz

    lines = [printable(line).replace("&", "&amp;").replace("\\", "\\\\") for line in text.split("\n")]
    label: str = graphviz.nohtml("\\n".join(lines))
    return label


def _html(markup: str) -> str:
    return f"<{markup}>"
