"""Write a picture in DOT, the language of Graphviz."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from .picture import Box, Picture
from .readable import printable
from .theme import BACKGROUND, EDGE, FONT, GRADIENT, KINDS, ROOT, TEXT

Cluster = dict[str, Any]

#: Escapes that Graphviz replaces by the name of a node or of the graph, or by one backslash. Splitting the text between
#: the two characters prevents it.
_SUBSTITUTED = re.compile(r"\\(?=[\\NGETHL])")

#: With more boxes than this, operands are not kept in their order: that takes time and makes arrows cross.
_ORDERED_UP_TO = 40

#: If an arrow passes more ranks than this, labels stand at the heads of arrows instead of in their middle.
_FAR = 8

#: Size of one element in the picture of an array, in points.
_SQUARE = 7


def to_dot(picture: Picture, direction: str = "LR") -> str:
    """Return a picture as a DOT text, with all texts escaped.

    Parameters
    ----------
    picture : Picture
        The picture to draw.
    direction : str
        Where the computation goes: ``"LR"``, ``"RL"``, ``"TB"`` or ``"BT"``.
    """
    import graphviz

    graph = graphviz.Digraph("seegrad")
    graph.attr(rankdir=direction, bgcolor=BACKGROUND, fontname=FONT, fontcolor=TEXT, fontsize="10", nodesep="0.2")
    graph.attr(ranksep="0.4", pad="0.15", mclimit="0.5", nslimit="2", nslimit1="2")
    if len(picture.boxes) <= _ORDERED_UP_TO:
        graph.attr(ordering="in")
    if picture.notes:
        graph.attr(label=_plain("\n".join(picture.notes)), labelloc="b")
    graph.attr("node", fontname=FONT, fontcolor=TEXT, fontsize="11", margin="0.03,0.02", height="0.2", width="0.2")
    graph.attr("edge", fontname=FONT, fontcolor=TEXT, fontsize="9", color=EDGE, arrowsize="0.6")
    _add_boxes(graph, picture)
    place = "label"
    if _reaches_far(picture):
        place = "headlabel"
        graph.attr(ranksep="0.9")
    for i, arrow in enumerate(picture.arrows):
        label = {place: _plain(arrow.label)} if arrow.label else {}
        if arrow.back:
            graph.edge(arrow.head, arrow.tail, id=f"e{i}", dir="back", **label)
        else:
            graph.edge(arrow.tail, arrow.head, id=f"e{i}", **label)
    return str(graph.source)


def _reaches_far(picture: Picture) -> bool:
    """Return whether an arrow passes many ranks.

    Graphviz keeps room for a label in the middle of an arrow in every rank that the arrow passes, which takes time in
    the square of the number of arrows. Labels at the heads do not.
    """
    into: dict[str, list[str]] = {box.key: [] for box in picture.boxes}
    for arrow in picture.arrows:
        into[arrow.head].append(arrow.tail)
    depth: dict[str, int] = {}
    for key, tails in into.items():
        depth[key] = 1 + max([depth[tail] for tail in tails], default=0)
    return any(depth[arrow.head] - depth[arrow.tail] > _FAR for arrow in picture.arrows)


def _add_boxes(graph: Any, picture: Picture) -> None:
    """Write the boxes inside their nested groups."""
    tree: Cluster = {"boxes": [], "inner": {}}
    for box in picture.boxes:
        place = tree
        for name in box.group:
            place = place["inner"].setdefault(name, {"boxes": [], "inner": {}})
        place["boxes"].append(box)
    _add_cluster(graph, tree, "cluster")


def _add_cluster(graph: Any, cluster: Cluster, name: str) -> None:
    for box in cluster["boxes"]:
        graph.node(box.key, label=_html(_table(box)), id=box.key, **_look(box))
    for i, (title, inner) in enumerate(cluster["inner"].items()):
        with graph.subgraph(name=f"{name}_{i}") as subgraph:
            subgraph.attr(label=_plain(title), style="rounded", color=EDGE, labeljust="l", labelloc="t")
            _add_cluster(subgraph, inner, f"{name}_{i}")


def _look(box: Box) -> dict[str, str]:
    look = dict(KINDS[box.kind])
    if box.is_root:
        look.update(ROOT)
    return look


# ------------------------------------------------------------------------------------ what is in a box


def _table(box: Box) -> str:
    rows = [_title(box)]
    if box.lines:
        rows.append(_lines(box.lines))
    if box.heat:
        rows.append(_heat(box.heat))
    if box.gradient:
        rows.append(f'<FONT COLOR="{GRADIENT}">{_lines([f"grad {box.gradient[0]}", *box.gradient[1:]])}</FONT>')
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows if row)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells or "<TR><TD></TD></TR>"}</TABLE>'


def _title(box: Box) -> str:
    """Return the name and the operation, in bold."""
    if box.op and box.name:
        return f"<B>{_text(box.name)}</B> = <B>{_text(box.op)}</B>"
    title = box.name or box.op
    return f"<B>{_text(title)}</B>" if title else ""


def _heat(rows: list[list[str]]) -> str:
    size = f'FIXEDSIZE="TRUE" WIDTH="{len(rows[0]) * _SQUARE}" HEIGHT="{len(rows) * _SQUARE}"'
    cell = f'FIXEDSIZE="TRUE" WIDTH="{_SQUARE}" HEIGHT="{_SQUARE}"'
    cells = "".join("<TR>" + "".join(f'<TD BGCOLOR="{c}" {cell}></TD>' for c in row) + "</TR>" for row in rows)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}>{cells}</TABLE>'


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
