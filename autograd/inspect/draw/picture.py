"""The description of a drawing, independent of how it is drawn: boxes, arrows, groups and notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from .array_picture import Grid

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
        The value: a number, the numbers of a small array, or shape, dtype and extremes of a larger one.
    gradient : list of str
        The gradient, in the same form, without dtype and shape.
    grid, gradient_grid : Grid, optional
        Pictures of an array and its gradient. One that holds numbers stands in the place of the lines.
    spark : str
        A picture of a long vector as a line of text.
    look : dict of str to str
        Attributes of Graphviz that override those of its kind.
    op_in_full, value_in_full, gradient_in_full : str
        An operation with constants, value and gradient with all digits.
    group : tuple of str
        The nested groups around the box, outermost first.
    is_root : bool
        Whether the box is the result that is drawn.
    inside : callable, optional
        Returns the picture of its parts, into which it opens in a page.
    """

    key: str
    kind: Kind
    name: str = ""
    op: str = ""
    lines: list[str] = field(default_factory=list)
    gradient: list[str] = field(default_factory=list)
    grid: Grid | None = None
    gradient_grid: Grid | None = None
    spark: str = ""
    look: dict[str, str] = field(default_factory=dict)
    op_in_full: str = ""
    value_in_full: str = ""
    gradient_in_full: str = ""
    group: tuple[str, ...] = ()
    is_root: bool = False
    inside: Callable[[], Picture] | None = field(default=None, repr=False, compare=False)

    @property
    def exact(self) -> str:
        """All that is known of its numbers, with all digits."""
        gradient = f"grad {self.gradient_in_full}" if self.gradient_in_full else ""
        return ", ".join(filter(None, [self.value_in_full, gradient]))


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
    look : dict of str to str
        Attributes of Graphviz that override those of all arrows.
    back : bool
        Whether it goes against the direction of the drawing, as a backward pass does.
    hidden : bool
        Whether it is not drawn, and only puts one box after another.
    """

    tail: str
    head: str
    label: str = ""
    exact: str = ""
    look: dict[str, str] = field(default_factory=dict)
    back: bool = False
    hidden: bool = False


@dataclass
class Picture:
    """All of a drawing; every box comes after its inputs."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
