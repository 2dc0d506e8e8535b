"""A drawing as an indented tree of text, for terminals and without Graphviz: the result first, its inputs below it."""

from __future__ import annotations

from .picture import Box, Picture
from .readable import printable

MAX_LINES = 60


def to_text(picture: Picture, max_lines: int = MAX_LINES) -> str:
    """Return a picture as an indented tree; the inputs of a box that is used twice are written once.

    Parameters
    ----------
    picture : Picture
        The picture to show.
    max_lines : int
        Longer trees are cut, with a last line that says so.
    """
    boxes = {box.key: box for box in picture.boxes}
    inputs: dict[str, list[tuple[str, str]]] = {key: [] for key in boxes}
    for arrow in picture.arrows:
        inputs[arrow.head].append((arrow.tail, arrow.label))
    read = {arrow.tail for arrow in picture.arrows}
    seen: set[str] = set()
    lines: list[str] = []
    # Each entry: a box's key, the text before it, the text before its inputs, the edge's label.
    todo = [(key, "", "", "") for key in boxes if key not in read][::-1]
    while todo and len(lines) < max_lines:
        key, before, below, label = todo.pop()
        again = key in seen and bool(inputs[key])
        edge = f"[{label}] ".replace("\n", ", ") if label else ""
        lines.append(f"{before}{edge}{_line(boxes[key])}{'  (see above)' if again else ''}")
        if again:
            continue
        seen.add(key)
        children = [
            (tail, f"{below}{'└── ' if last else '├── '}", f"{below}{'    ' if last else '│   '}", text)
            for i, (tail, text) in enumerate(inputs[key])
            for last in [i == len(inputs[key]) - 1]
        ]
        todo += children[::-1]
    if todo:
        lines.append(f"… cut after {max_lines} lines")
    return "\n".join([*lines, *picture.notes])


def _line(box: Box) -> str:
    sign = f"({box.op})" if box.op else ""
    name = printable(box.name).replace("\n", "↵")
    title = " ".join(part for part in (name, sign) if part)
    value = "  ".join(box.lines)
    parts = [f"{title} = {value}" if title and value else title or value, box.spark]
    if box.gradient:
        parts.append("grad " + "  ".join(box.gradient))
    return "  ".join(part for part in parts if part)
