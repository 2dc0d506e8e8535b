"""``play``: the forward and the backward pass of a graph, step by step, in a page or a notebook."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ....common.atomic_file import write_atomically
from .dot import to_dot
from .drawing import DIRECTIONS
from .graph_reading import nodes_of
from .recorded_graph import recorded_graph
from .render import NoGraphvizError, render
from .scalar_zoom import expand
from .steps import Story
from .svg import finished, themed
from .theme import dark_rules
from .tree import to_text

#: The largest graph that is played, in nodes.
MAX_PLAYED = 150


class Player:
    """A computation to step through: evaluate it in a notebook, or :meth:`save` it as a page.

    Attributes
    ----------
    story : Story
        The graph and all steps with their formulas; ``print(player)`` lists them.
    """

    def __init__(self, story: Story, direction: str) -> None:
        self.story = story
        self._direction = direction

    def html(self) -> str:
        """Return the player as one HTML page, which needs neither a network nor a running kernel."""
        # "<" is escaped, so that no label can end the script.
        data = json.dumps(self._data(), ensure_ascii=False).replace("<", "\\u003c")
        title = escape(f"backprop of {self.story.names[self.story.root]}")
        script = f'{_file("player.js")}\nmount(document.getElementById("player"), {data}, true);\n'
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<style>\n{_style()}\nbody{{margin:12px}}\n"
            "@media (prefers-color-scheme: dark){body{background:#0d0f12}}</style></head>\n"
            f'<body><main id="player"></main><noscript><pre>{escape(str(self))}</pre></noscript>\n'
            f'<script type="module">\n{script}</script></body></html>\n'
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the player to one HTML file, which needs no other file.

        Parameters
        ----------
        path : path
            Ends in ``.html``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            If the file has another ending.
        """
        file = Path(path)
        if file.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"the player is a page: its file ends in .html, not in {file.suffix!r}")
        write_atomically(file, self.html().encode())
        return file

    def widget(self) -> Any:
        """Return the player as an anywidget.

        Raises
        ------
        ImportError
            If anywidget is not installed: ``pip install 'seegrad[notebook]'``.
        """
        import anywidget
        import traitlets

        class PlayerWidget(anywidget.AnyWidget):  # type: ignore[misc]
            _esm = _file("player.js")
            _css = _style()
            story = traitlets.Dict().tag(sync=True)

        return PlayerWidget(story=self._data())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Return the widget, or the page if there is no anywidget, with a picture and text for other viewers."""
        bundle: dict[str, Any] = {"text/plain": str(self)}
        picture = self.story.picture(widest=False)
        source = to_dot(picture, self._direction)
        with suppress(NoGraphvizError):
            bundle["image/svg+xml"] = themed(finished(render(source, "svg").decode(), picture))
            bundle["image/png"] = base64.b64encode(render(source, "png")).decode()
        if find_spec("anywidget") is None:
            page = escape(self.html(), quote=True)
            bundle["text/html"] = f'<iframe srcdoc="{page}" style="width:100%;height:620px;border:0"></iframe>'
            return bundle
        shown = self.widget()._repr_mimebundle_()
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        return {**data, **bundle}, metadata

    def _data(self) -> dict[str, Any]:
        data = self.story.page_data()
        picture = self.story.picture(widest=True)
        try:
            svg = finished(render(to_dot(picture, self._direction), "svg").decode(), picture)
        except NoGraphvizError as error:
            return {**data, "svg": "", "hint": error.advice}
        return {**data, "svg": svg[svg.index("<svg") :]}

    def __str__(self) -> str:
        lines = [f"{step.phase:>8}  {step.text}" for step in self.story.steps]
        return "\n".join([*lines, "", to_text(self.story.picture(widest=False))])

    __repr__ = __str__


def play(
    root: Any,
    *args: Any,
    zoom: str = "ops",
    direction: str = "LR",
    input_shape: Sequence[int] | None = None,
) -> Player:
    """Step through a computation and its backward pass.

    The forward pass shows the values; the backward pass shows for every edge its rule with numbers substituted, and
    how gradients accumulate where paths join. The gradients are those of the engine's own backward pass. Nothing is
    changed.

    Parameters
    ----------
    root : Value, Tensor, function or module
        The result to play. A function or module is called with ``args``.
    *args
        Arguments of a function or module.
    zoom : {"ops", "scalars"}
        Whole arrays as boxes, or each of their numbers.
    direction : {"LR", "RL", "TB", "BT"}
        Where the computation goes.
    input_shape : sequence of int, optional
        Shape of a module's input, with its batch axis, instead of ``args``.

    Returns
    -------
    Player
        Shows itself in a notebook; ``player.save("backprop.html")`` writes a page that runs by itself.

    Raises
    ------
    ValueError
        If the graph is too large, or an option is unknown.
    TypeError
        If ``root`` is neither a node nor something that returns one.

    Examples
    --------
    >>> a = sg.Value(3.0, label="a")
    >>> b = a + a
    >>> b.label = "b"
    >>> for step in sg.play(b).story.steps:
    ...     print(step.text)
    given: a = 3.0
    b = a + a = 3.0 + 3.0 = 6.0
    db/db = 1.0
    db/da = db/db = 1.0
    db/da += db/db = 1.0
    db/da = 2.0
    """
    for name, value, known in (("zoom", zoom, ("ops", "scalars")), ("direction", direction, DIRECTIONS)):
        if value not in known:
            raise ValueError(f"play: {name}={value!r} is not one of {', '.join(map(repr, known))}")
    recorded = recorded_graph(root, args, input_shape)
    if zoom == "scalars":
        recorded = expand(recorded)
    count = len(nodes_of(recorded.root))
    if count > MAX_PLAYED:
        raise ValueError(
            f"play: this graph has {count:,} nodes, and at most {MAX_PLAYED} can be stepped through; play a smaller "
            "piece, such as one neuron or one example, or see all of it with draw()"
        )
    return Player(Story(recorded), direction)


def _style() -> str:
    # The player's own rules come last, so that they override the colours of the drawing.
    return f"{dark_rules('.seegrad-player.dark svg')}\n{_file('player.css')}"


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
