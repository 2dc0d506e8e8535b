"""``draw``: a computation as a picture."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from ....common.atomic_file import write_atomically
from .dot import to_dot
from .drawing_page import drawing_page
from .front_ends import in_frame
from .layout import laid_out
from .modules_picture import picture_of_modules
from .nodes_picture import picture_of_nodes
from .opened import numbers_of
from .parameter_paths import is_module
from .picture import Picture
from .recorded_graph import recorded_graph
from .render import FORMATS, NoGraphvizError
from .scalar_zoom import expand
from .svg import svg_of, themed
from .tree import to_text

Direction = Literal["LR", "RL", "TB", "BT"]
Show = Literal["values", "grads", "chain"]
Zoom = Literal["modules", "ops", "scalars"]
DIRECTIONS: tuple[str, ...] = get_args(Direction)

#: The default of ``max_nodes``: Graphviz lays out as many boxes in a second or two.
MAX_NODES = 120


class Drawing:
    """A picture of a computation: evaluate it in a notebook to see it, or :meth:`save` it.

    Attributes
    ----------
    picture : Picture
        The boxes, arrows and notes that are drawn.
    source : str
        The drawing in Graphviz's language.
    """

    def __init__(self, picture: Picture, direction: str, format: str) -> None:
        self.picture = picture
        self.source: str = to_dot(picture, direction)
        self._direction, self._format = direction, format

    def render(self, format: str = "svg") -> bytes:
        """Return the drawing as a file of the given format.

        Parameters
        ----------
        format : str
            ``"svg"``, ``"png"``, ``"pdf"``, ``"html"``, ``"dot"`` or ``"txt"``.

        Raises
        ------
        NoGraphvizError
            If the format needs Graphviz and there is none that works; the message says how to get it.
        """
        if format == "dot":
            return self.source.encode()
        if format == "txt":
            return (self.text() + "\n").encode()
        if format == "svg":
            return themed(svg_of(self.picture, self._direction)).encode()
        if format == "html":
            return drawing_page(self.picture, self._direction, self.text()).encode()
        if format in FORMATS:
            return laid_out(self.picture, self._direction, format)
        raise ValueError(f"format {format!r} is not one of 'svg', 'png', 'pdf', 'html', 'dot', 'txt'")

    def text(self) -> str:
        """Return the drawing as an indented tree of text."""
        return to_text(self.picture)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing to a file; its ending tells the format.

        Parameters
        ----------
        path : path
            Ends in ``.svg``, ``.png``, ``.pdf``, ``.html``, ``.dot`` or ``.txt``.

        Returns
        -------
        Path
            The file.
        """
        file = Path(path)
        write_atomically(file, self.render(file.suffix[1:].lower()))
        return file

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return what a notebook shows: the picture, and text where pictures cannot be shown."""
        try:
            # Notebooks from elsewhere, which are not trusted yet, show a PNG but no SVG.
            bundle = {"image/png": base64.b64encode(self.render("png")).decode(), "text/plain": self.text()}
            if self._format == "svg":
                bundle["image/svg+xml"] = self.render("svg").decode()
                if any(box.inside is not None for box in self.picture.boxes):
                    bundle["text/html"] = in_frame(self.render("html").decode(), bundle["image/png"])
        except NoGraphvizError as error:
            return {"text/plain": f"{error.advice}\n\n{self.text()}"}
        return bundle

    def __repr__(self) -> str:
        return self.text()


def draw(
    root: Any,
    *args: Any,
    show: Show = "values",
    zoom: Zoom | None = None,
    direction: Direction | None = None,
    max_nodes: int = MAX_NODES,
    fold: bool | None = None,
    input_shape: Sequence[int] | None = None,
    format: Literal["svg", "png"] = "svg",
) -> Drawing:
    """Draw how a result was computed.

    Nothing is changed: gradients for the drawing are computed in a table of their own.

    Inputs are rounded boxes, parameters (arrays that get gradients) octagons, large constants dashed, computed nodes
    plain boxes, the result has a double border. A sum or product of several terms is one box, and small constants stand
    inside their operation: ``x ** 2``. Parameters of a model are called by their paths. Arrays of up to 6 by 6 show
    their numbers, larger ones a heat map in which 0 is grey, negative numbers are darker and positive ones lighter, and
    images their ink. Numbers have six significant digits; the tooltips of an SVG hold them in full.

    In a notebook, and in an ``.html`` file, boxes open into their parts: layers into operations, operations on small
    arrays into numbers.

    Parameters
    ----------
    root : Value, Tensor, function or module
        What to draw. A function is called with ``args``; a module too, or with random numbers of ``input_shape``.
    *args
        Arguments of a function or module: numbers and arrays, or nodes.
    show : {"values", "grads", "chain"}
        ``"values"``: values, and the gradients that ``backward()`` has stored; those between, if the stored ones are
        of this result. ``"grads"``: the gradient of this result with respect to every node, computed for the drawing.
        ``"chain"``: also the local derivative on each edge, so that the chain rule can be multiplied along a path by
        eye, and the axes to sum over where an input was broadcast; where the local derivative is not a plain factor,
        the rule in terms of the gradient ``g``, if it is short.
    zoom : {"modules", "ops", "scalars"}, optional
        Layers as boxes; operations as boxes, those of a layer in a frame; or each number of an array as a box. By
        default modules are drawn as layers, all else as operations.
    direction : {"LR", "RL", "TB", "BT"}, optional
        Where the computation goes; by default from top to bottom through layers, else from left to right.
    max_nodes : int
        The largest number of boxes. The drawing says how many nodes are left out.
    fold : bool, optional
        Draw nodes that play the same role (the neurons of a layer, the terms of a sum) as one box; by default
        only if there are more than ``max_nodes``, or more than 24 terms in one sum.
    input_shape : sequence of int, optional
        Shape of a module's input with its batch axis, such as ``(1, 28, 28, 1)``.
    format : {"svg", "png"}
        What a notebook shows; ``"png"`` keeps it smaller for very large drawings.

    Returns
    -------
    Drawing
        Shows itself in a notebook; ``drawing.save("graph.svg")`` writes it, also as ``.png``, ``.pdf``, ``.html``,
        ``.dot`` and ``.txt``.

    Raises
    ------
    ValueError
        If an option is none of those above, or arrays are too large for ``zoom="scalars"``.
    TypeError
        If ``root`` is neither a node nor something that returns one.

    Examples
    --------
    >>> a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    >>> c = a * b + a
    >>> c.backward()
    >>> print(sg.draw(c).text())
    (+) = -4.0  grad 1.0
    ├── (*) = -6.0  grad 1.0
    │   ├── a = 2.0  grad -2.0
    │   └── b = -3.0  grad 2.0
    └── a = 2.0  grad -2.0
    """
    if zoom is None:
        zoom = "modules" if is_module(root) else "ops"
    if direction is None:
        direction = "TB" if zoom == "modules" else "LR"
    for name, value, known in (
        ("show", show, get_args(Show)),
        ("zoom", zoom, get_args(Zoom)),
        ("direction", direction, DIRECTIONS),
        ("format", format, ("svg", "png")),
    ):
        if value not in known:
            raise ValueError(f"draw: {name}={value!r} is not one of {', '.join(map(repr, known))}")
    if max_nodes < 1:
        raise ValueError(f"draw: max_nodes={max_nodes} leaves nothing to draw; expected at least 1")
    if zoom == "modules":
        return Drawing(picture_of_modules(root, args, input_shape, max_nodes), direction, format)
    recorded = recorded_graph(root, args, input_shape)
    if zoom == "scalars":
        recorded = expand(recorded)
    opens = numbers_of if zoom == "ops" else None
    return Drawing(picture_of_nodes(recorded, show, max_nodes, fold, opens), direction, format)
