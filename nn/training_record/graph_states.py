"""The graph of a loss at the steps of a training: the picture stays, its values and gradients change."""

from __future__ import annotations

from copy import copy
from typing import Any

from ...autograd.core.node import Node
from ...autograd.inspect.draw.array_picture import Grid
from ...autograd.inspect.draw.dot import gradient_lines, title_lines
from ...autograd.inspect.draw.graph_reading import nodes_of
from ...autograd.inspect.draw.picture import Box, Picture
from ...autograd.inspect.draw.recorded_graph import recorded_graph
from ...autograd.inspect.draw.render import NoGraphvizError
from ...autograd.inspect.draw.steps import Story
from ...autograd.inspect.draw.svg import placement, svg_of

#: The largest graph that is recorded, in nodes.
MOST_NODES = 60

#: The texts of a box, and the pictures of its value and its gradient.
State = tuple[list[str], Any, Any]


class GraphStates:
    """The picture of a graph, and what its boxes show at each step."""

    def __init__(self) -> None:
        self._structure: list[Any] = []
        self._widest: Picture | None = None
        self._title = ""
        #: Why the graph is not shown, if it is not.
        self.why_not: str = ""

    def state(self, loss: Node) -> list[State] | None:
        """Return what the boxes show now; None if the graph is too large, or another one than before."""
        if self.why_not:
            return None
        count = len(nodes_of(loss))
        if count > MOST_NODES:
            self.why_not = f"The graph of the loss has {count:,} nodes; up to {MOST_NODES} are drawn."
            return None
        story = Story(recorded_graph(loss, (), None))
        structure = [(node.op and node.op.name, [x.edge[1] for x in story.graph.inputs(node)]) for node in story.nodes]
        picture = story.picture(widest=False)
        if self._widest is None:
            self._structure, self._title = structure, story.names[story.root]
            self._widest = Picture([*map(copy, picture.boxes)], picture.arrows)
        elif structure != self._structure:
            self.why_not = "The graph of the loss did not stay the same, so it is not drawn."
            return None
        for widest, box in zip(self._widest.boxes, picture.boxes):
            _widen(widest, box)
        return [(_texts(box), _drawn(box.grid), _drawn(box.gradient_grid)) for box in picture.boxes]

    def page_data(self) -> dict[str, Any] | None:
        """Return the picture, in both directions, as the player has it; None if there is no Graphviz that works."""
        assert self._widest is not None
        try:
            svgs = [svg_of(self._widest, direction) for direction in ("LR", "TB")]
        except NoGraphvizError:
            return None
        nodes = [{"key": box.key, "title": " ".join(title_lines(box))} for box in self._widest.boxes]
        svg = svgs[0][svgs[0].index("<svg") :]
        places = [placement(svg) for svg in svgs]
        root = self._widest.boxes[-1].key
        return {"title": self._title, "svg": svg, "placements": places, "down": False, "nodes": nodes, "root": root}


def _texts(box: Box) -> list[str]:
    values = [] if box.grid and box.grid.numbers else box.lines
    return [*title_lines(box), *values, *gradient_lines(box)]


def _drawn(picture: Grid | None) -> Any:
    """Return a picture as the page gets it: rows of numbers, or the address of an image."""
    return None if picture is None else picture.numbers or picture.image()


def _widen(widest: Box, box: Box) -> None:
    """Let a box hold the longest texts so far."""
    widest.lines = _longest(widest.lines, box.lines)
    widest.gradient = _longest(widest.gradient, box.gradient)
    if len(title_lines(box)) == len(title_lines(widest)):
        widest.name = max(widest.name, box.name, key=len)
    for name in ("grid", "gradient_grid"):
        old, new = getattr(widest, name), getattr(box, name)
        if old is not None and new is not None and old.numbers:
            rows = [_longest(*pair) for pair in zip(old.numbers, new.numbers)]
            setattr(widest, name, Grid(numbers=rows, shows=old.shows))
    if widest.gradient_grid is not None and widest.gradient_grid.numbers:
        widest.gradient = [widest.gradient_grid.text]


def _longest(old: list[str], new: list[str]) -> list[str]:
    return [max(pair, key=len) for pair in zip(old, new)] if len(old) == len(new) else old
