"""The description of a drawing, independent of how it is drawn: boxes, arrows, groups and notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: The kinds of boxes. A "result" was computed, a "gradient" in a backward pass; "more" stands for what is left out.
Kind = Literal["input", "parameter", "constant", "result", "gradient", "module", "more"]


@dataclass
class Box:
    """One thing: a node, several nodes of the same role, or a module.

    Attributes
    ----------
    key : str
        The name in the drawing's source, stable for the same graph.
    kind : Kind
        The kind, which decides shape and colour.
    name : str
        The label.
    op : str
        The symbol of the operation.
    lines : list of str
        The value: a number, or shape, dtype and statistics of an array.
    gradient : list of str
        The gradient, in the same form.
    exact : str
        Value and gradient in full, where they are single numbers.
    heat : list of list of str
        Colours of a small picture of the value.
    spark : str
        The same picture as a line of text.
    group : tuple of str
        The nested groups around the box, outermost first.
    is_root : bool
        Whether the box is the result that is drawn.
    """

    key: str
    kind: Kind
    name: str = ""
    op: str = ""
    lines: list[str] = field(default_factory=list)
    gradient: list[str] = field(default_factory=list)
    exact: str = ""
    heat: list[list[str]] = field(default_factory=list)
    spark: str = ""
    group: tuple[str, ...] = ()
    is_root: bool = False


@dataclass
class Arrow:
    """An edge: one box is an input of another.

    Attributes
    ----------
    tail, head : str
        Keys of the boxes.
    label : str
        The text beside the arrow.
    exact : str
        The same text with numbers in full.
    back : bool
        Whether it goes against the direction of the drawing, as a backward pass does.
    """

    tail: str
    head: str
    label: str = ""
    exact: str = ""
    back: bool = False


@dataclass
class Picture:
    """All of a drawing; every box comes after its inputs."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
