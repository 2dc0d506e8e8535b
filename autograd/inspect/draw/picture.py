"""What a drawing shows, before anything is drawn: boxes, arrows, groups and notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: Told apart by shape and by colour. A "result" was computed, "more" stands for what was left out.
Kind = Literal["input", "parameter", "constant", "result", "module", "more"]


@dataclass
class Box:
    """One thing: a node, several nodes of the same role, or a module.

    Attributes
    ----------
    key : str
        Its name in the drawing's source, stable for the same graph.
    kind : Kind
        What sort of thing.
    name : str
        The label that its owner gave it.
    op : str
        The sign of the operation that made it.
    lines : list of str
        What is known of its value.
    gradient : list of str
        What is known of its gradient.
    exact : str
        Its value and gradient in full, where they are single numbers.
    heat : list of list of str
        Colours of a small picture of its value.
    spark : str
        The same for text.
    group : tuple of str
        The nested groups that it stands in, outermost first.
    is_root : bool
        Whether it is the result that the drawing is of.
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
    """Something flows from one box into another.

    Attributes
    ----------
    tail, head : str
        Keys of the boxes.
    label : str
        What stands beside it.
    exact : str
        The same with numbers in full.
    """

    tail: str
    head: str
    label: str = ""
    exact: str = ""


@dataclass
class Picture:
    """All of a drawing: ``boxes`` stand after those that flow into them."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
