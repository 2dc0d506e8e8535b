"""The figure of the architecture: the folders, and one training step through them.

Everything has its place, in points; Graphviz draws it (neato, with nodes that are pinned).
"""

from __future__ import annotations

from typing import Any

import pygraphviz

from seegrad.autograd.inspect.draw.render import without_fontconfigs_warnings
from seegrad.autograd.inspect.draw.svg import themed
from seegrad.autograd.inspect.draw.theme import BACKGROUND, EDGE, FONT, GRADIENT, TEXT

Point = tuple[float, float]

FORWARD, BACKWARD, UPDATE = "#0072b2", GRADIENT, "#009e73"
FRAME, ROOM = "#f2f2f2", "#ffffff"
STYLE = ".bold text{font-weight:bold}.edge path{stroke-linecap:round}"

#: Width and height of a room; where the middles of columns are, from the left, and those of rows, from the bottom.
WIDE, HIGH, CORE_HIGH = 92.0, 44.0, 56.0
DATA, LAYERS, LOSSES, TENSOR, OPTIM = (60.0 + 129.0 * column for column in range(5))
TRAINING, OPERATIONS, CORE = 259.0, 143.0, 42.0
UPPER_STEPS, LOWER_STEPS, WAY_BACK = 206.0, 97.0, 292.0


class Sketch:
    """DOT statements, collected one by one."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def node(self, at: Point, label: str = "", **attributes: object) -> str:
        """Put a node at a place; return its name."""
        name = f"n{len(self.lines)}"
        given = {"label": label, "pos": f"{at[0]},{at[1]}!", **attributes}
        self.lines.append(name + " [" + " ".join([f'{key}="{value}"' for key, value in given.items()]) + "]")
        return name

    def box(self, at: Point, wide: float, high: float, fill: str, line: str, style: str = "") -> None:
        """Draw a rectangle around a place."""
        size = {"width": wide / 72, "height": high / 72, "fillcolor": fill, "color": line}
        self.node(at, shape="box", style=f"filled,rounded{style}", **size)

    def text(
        self, at: Point, label: str, size: float = 9, colour: str = TEXT, bold: bool = False, left: bool = False
    ) -> None:
        """Write a line of text: with its middle at a place, or its left end."""
        look: dict[str, Any] = {"shape": "plaintext", "height": 0, "fontsize": size, "fontcolor": colour}
        if bold:
            look["class"] = "bold"
        if left:
            look["width"] = 0.65 * size * len(label) / 72  # more than it needs
            at, label = (at[0] + 36 * look["width"], at[1]), label + r"\l"
        self.node(at, label, **look)

    def frame(self, bottom: float, top: float, title: str) -> None:
        """Draw a frame over the whole width, with a title."""
        self.box((318, (bottom + top) / 2), 632, top - bottom, FRAME, FRAME)
        self.text((14, top - 14), title, 11, bold=True, left=True)

    def room(
        self, at: Point, titles: str, *lines: str, wide: float = WIDE, high: float = HIGH, style: str = ""
    ) -> None:
        """Draw a folder, several of them, or a file, with what it is for."""
        self.box(at, wide, high, ROOM, EDGE, style)
        y = at[1] + 6.25 * (len(titles.split()) + len(lines) - 1)
        for title in titles.split():
            self.text((at[0], y), title, 10, bold=True)
            y -= 12.5
        for line in lines:
            self.text((at[0], y), line, 8.5, EDGE)
            y -= 12.5

    def arrow(self, colour: str, *way: Point | str, style: str = "solid") -> None:
        """Draw an arrow along straight lines from place to place, or node to node."""
        hidden = {"shape": "point", "width": 0, "height": 0, "style": "invis"}
        ends = [place if isinstance(place, str) else self.node(place, **hidden) for place in way]
        for i, (a, b) in enumerate(zip(ends, ends[1:]), 2):
            head = "normal" if i == len(ends) else "none"
            self.lines.append(f'{a} -> {b} [color="{colour}" arrowhead={head} style={style}]')

    def badge(self, number: int, colour: str, at: Point, label: str, above: bool = False) -> str:
        """Put the number of a step at a place, with a label beside or above it; return the name of its node."""
        self.text((at[0], at[1] + 14) if above else (at[0] + 12, at[1]), label, left=not above)
        size = {"fixedsize": "true", "width": 0.2, "height": 0.2, "fontsize": 9}
        return self.node(at, str(number), shape="circle", style="filled", color=colour, fillcolor=BACKGROUND, **size)

    def svg(self) -> str:
        """Return the drawing."""
        look = f'bgcolor="{BACKGROUND}" inputscale=72 pad=0.06 splines=line outputorder=nodesfirst'
        font = f'node [fontname="{FONT}" margin=0] edge [arrowsize=0.6 penwidth=1.4]'
        source = "\n".join([f"digraph {{ {look} {font}", *self.lines, "}"])
        with without_fontconfigs_warnings():
            drawn = pygraphviz.AGraph(string=source).draw(format="svg", prog="neato").decode()
        return themed(drawn).replace("<style>", f"<style>{STYLE}", 1)


def figure() -> str:
    """Draw the folders, and one training step through them."""
    to = Sketch()
    rooms(to)
    forward(to)
    backward(to)
    update(to)
    return to.svg()


def rooms(to: Sketch) -> None:
    """Draw the folders, and which of them stand beside the path."""
    to.frame(219, 328, "One training step")
    to.text((127, 314), "nn/training/trainer.py takes it for every batch", colour=EDGE, left=True)
    to.room((DATA, TRAINING), "data/", "loader.py")
    to.room((LAYERS, TRAINING), "nn/layers/", "conv.py, ...")
    to.room((LOSSES, TRAINING), "nn/losses/", "loss.py, ...")
    to.room((OPTIM, TRAINING), "optim/", "adam.py, ...")
    to.frame(2, 193, "autograd/")
    to.room(((LAYERS + LOSSES) / 2, OPERATIONS), "ops/", "operations and their derivative rules", wide=221)
    to.room((TENSOR, OPERATIONS), "Tensor", "tensor.py")
    files = "node.py, op.py, recording.py, backward.py"
    to.room((LOSSES, CORE), "core/", "the graph and the backward pass:", files, wide=350, high=CORE_HIGH)
    middle = (OPERATIONS + HIGH / 2 + CORE - CORE_HIGH / 2) / 2
    to.room((DATA, middle), "fast/", "the same, quicker;", "may be left out", high=151, style=",dashed")
    to.room((OPTIM, CORE), "inspect/ compile/", "read the graph", high=CORE_HIGH, style=",dashed")
    to.arrow(EDGE, (DATA + WIDE / 2, OPERATIONS), (LAYERS - WIDE / 2, OPERATIONS), style="dashed")
    to.arrow(EDGE, (DATA + WIDE / 2, CORE), (LAYERS - WIDE / 2, CORE), style="dashed")
    to.arrow(EDGE, (OPTIM - WIDE / 2, CORE), (TENSOR + WIDE / 2, CORE), style="dashed")


def forward(to: Sketch) -> None:
    """Draw the steps from a batch to the loss."""
    batch = to.badge(1, FORWARD, ((DATA + LAYERS) / 2, TRAINING), "batch", above=True)
    call = to.badge(2, FORWARD, (LAYERS, UPPER_STEPS), "call operations")
    record = to.badge(3, FORWARD, (LAYERS, LOWER_STEPS), "record nodes")
    logits = to.badge(4, FORWARD, ((LAYERS + LOSSES) / 2, TRAINING), "logits", above=True)
    to.arrow(FORWARD, (DATA + WIDE / 2, TRAINING), batch, (LAYERS - WIDE / 2, TRAINING))
    to.arrow(FORWARD, (LAYERS, TRAINING - HIGH / 2), call, (LAYERS, OPERATIONS + HIGH / 2))
    to.arrow(FORWARD, (LAYERS, OPERATIONS - HIGH / 2), record, (LAYERS, CORE + CORE_HIGH / 2))
    to.arrow(FORWARD, (LAYERS + WIDE / 2, TRAINING), logits, (LOSSES - WIDE / 2, TRAINING))
    to.arrow(FORWARD, (LOSSES, TRAINING - HIGH / 2), (LOSSES, OPERATIONS + HIGH / 2))


def backward(to: Sketch) -> None:
    """Draw the steps of the backward pass."""
    start = to.badge(5, BACKWARD, (TENSOR, UPPER_STEPS), "loss.backward()")
    propagate = to.badge(6, BACKWARD, (TENSOR, LOWER_STEPS), "propagate")
    rules = to.badge(7, BACKWARD, (LOSSES, LOWER_STEPS), "apply the rules")
    to.arrow(BACKWARD, (LOSSES + WIDE / 2, TRAINING), (TENSOR, TRAINING), start, (TENSOR, OPERATIONS + HIGH / 2))
    to.arrow(BACKWARD, (TENSOR, OPERATIONS - HIGH / 2), propagate, (TENSOR, CORE + CORE_HIGH / 2))
    to.arrow(BACKWARD, (LOSSES, CORE + CORE_HIGH / 2), rules, (LOSSES, OPERATIONS - HIGH / 2))


def update(to: Sketch) -> None:
    """Draw the steps from the gradients to new weights."""
    gradients = to.badge(8, UPDATE, (OPTIM, UPPER_STEPS), ".grad")
    weights = to.badge(9, UPDATE, ((LOSSES + TENSOR) / 2, WAY_BACK), "new weights", above=True)
    to.arrow(UPDATE, (TENSOR + WIDE / 2, OPERATIONS), (OPTIM, OPERATIONS), gradients, (OPTIM, TRAINING - HIGH / 2))
    corners = (OPTIM, WAY_BACK), weights, (LAYERS, WAY_BACK)
    to.arrow(UPDATE, (OPTIM, TRAINING + HIGH / 2), *corners, (LAYERS, TRAINING + HIGH / 2))
