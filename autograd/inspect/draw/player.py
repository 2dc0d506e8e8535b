"""``play``: the forward and the backward pass of a graph, step by step, in a page or a notebook."""

from __future__ import annotations

import base64
import json
import math
import os
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Literal

from ....common.atomic_file import write_atomically
from ....common.browser import open_html
from ...tensor import Tensor
from ...value import Value
from .drawing import DIRECTIONS, Direction
from .front_ends import in_frame, shows_widgets, with_widget
from .graph_reading import nodes_of
from .layout import laid_out
from .levels import ROOM_IN_PLAYER, levels_of
from .live import live_data
from .page_files import embedded, packed_script, page_script, page_style, standalone_page
from .recorded_graph import recorded_graph
from .render import NoGraphvizError
from .scalar_zoom import expand
from .sentences import LANGUAGE_TAGS, LANGUAGES, Language, Sentence, formula_text, fragments_for, templates_for
from .steps import Story
from .svg import placement, svg_of, themed
from .tree import to_text
from .window_view import windows_of

#: The largest graph that is played, in nodes.
MAX_PLAYED = 150

#: The kind of output in which a notebook keeps what a player shows, for those who can make a page of it
#: (:func:`kept_story` reads it). It is a packed text: notebooks write each number of plain JSON on a line of its own.
STORY = "application/vnd.seegrad.player+json"

#: How the text of a player ends where it can be called, and not in the page.
HINT = "\n\n.open() shows these steps in a browser; .save('backprop.html') writes the page"


class Player:
    """A computation to step through: evaluate it in a notebook, :meth:`open` it in a browser, or :meth:`save` the page.

    Attributes
    ----------
    story : Story
        The graph and all steps with their formulas; ``print(player)`` lists them.
    """

    def __init__(self, story: Story, direction: str, lang: Language | None = None, quiz: bool = False) -> None:
        self.story = story
        self._direction = direction
        self._lang, self._quiz = lang, quiz

    def html(self) -> str:
        """Return the player as one HTML page, which needs neither a network nor a running kernel."""
        return player_page(self._page_data, str(self))

    def save(self, path: str | os.PathLike[str], *, seconds: float = 1.6) -> Path:
        """Write the player to one file, which needs no other file; its ending tells the format.

        Parameters
        ----------
        path : path
            ``.html``: the page. ``.svg``: an image that plays by itself, also inside of other pages. ``.gif``: a film
            for slides and chats; it needs Pillow. ``.mp4``: a film; it needs Pillow and ffmpeg.
        seconds : float, default 1.6
            How long a film shows each step.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            If the file has another ending, or ``seconds`` is not a positive number.
        ImportError
            If something is missing that a film needs; the message says how to get it.

        Examples
        --------
        >>> a = sg.Value(3.0, label="a")
        >>> (a + a).play().save("backprop.html").name
        'backprop.html'
        """
        file = Path(path)
        kind = file.suffix.lower()
        if not 0 < seconds < math.inf:
            raise ValueError(f"seconds={seconds!r} is not a time that each step can be shown")
        write_atomically(file, self.html().encode() if kind in (".html", ".htm") else self._film(kind, seconds))
        return file

    def _film(self, kind: str, seconds: float) -> bytes:
        # Imported here, since most players are never saved as one.
        from .animated_svg import animated_svg
        from .film import gif, mp4

        makers: dict[str, Callable[[Story, str, float], bytes]] = {".svg": animated_svg, ".gif": gif, ".mp4": mp4}
        if kind not in makers:
            raise ValueError(f"a player is saved as .html, {', '.join(makers)}, not as {kind!r}")
        return makers[kind](self.story, self._direction, seconds)

    def iframe(self, address: str, *, step: int = 0, height: int = 620) -> str:
        """Return the HTML that shows a saved player inside of another page.

        Parameters
        ----------
        address : str
            Where the saved page is, such as ``"backprop.html"``, relative to the page that gets the HTML.
        step : int, default 0
            The step that it begins with.
        height : int, default 620
            The height of the frame, in pixels.

        Raises
        ------
        ValueError
            If there is no such step.

        Examples
        --------
        >>> a = sg.Value(3.0, label="a")
        >>> b = a + a
        >>> b.label = "b"
        >>> print(b.play().iframe("backprop.html", step=2))
        <iframe src="backprop.html#step=2" title="Backprop of b" width="100%" height="620" style="border:0" \
        allowfullscreen></iframe>
        """
        last = len(self.story.steps) - 1
        if not 0 <= step <= last:
            raise ValueError(f"there is no step {step}: they go from 0 to {last}")
        title = escape(f"Backprop of {self.story.names[self.story.root]}")
        place = f'src="{escape(address)}#step={step}" title="{title}"'
        return f'<iframe {place} width="100%" height="{height}" style="border:0" allowfullscreen></iframe>'

    def open(self) -> Path:
        """Open the player in a browser, as from a terminal: it is written to a temporary file.

        Returns
        -------
        Path
            The file.
        """
        return open_html(self.html())

    def widget(self, follow: bool = False) -> Any:
        """Return the player as an anywidget.

        Numbers that are changed in it are those of the page alone, until ``widget.follow`` is true: by this argument,
        by setting it, or by a tick in the page. Then the ``.data`` of the graph's leaves, the Values and Tensors from
        which the result was computed, follows each change, also back to the recorded numbers. ``widget.leaves`` holds
        these numbers by name; setting it changes the page.

        Parameters
        ----------
        follow : bool
            Whether the leaves follow from the beginning.

        Raises
        ------
        ImportError
            If anywidget is not installed: ``pip install 'seegrad[notebook]'``.

        Examples
        --------
        >>> a = sg.Value(3.0, label="a")
        >>> widget = (a * a).play().widget(follow=True)
        >>> widget.leaves = {"a": [5.0]}
        >>> a.data
        5.0
        """
        from .player_widget import player_widget

        leaves = {self.story.names[node]: node for node in self.story.nodes if isinstance(node, (Value, Tensor))}
        self._text  # noqa: B018 (before the leaves follow)
        return player_widget(self._data(), {name: x for name, x in leaves.items() if x.op is None}, follow)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Return the widget, or the page where there are none, with a picture and text for other viewers."""
        bundle: dict[str, Any] = {"text/plain": repr(self), STORY: _packed(self._page_data)}
        picture = self.story.picture(widest=False)
        with suppress(NoGraphvizError):
            bundle["image/svg+xml"] = themed(svg_of(picture, self._direction))
            bundle["image/png"] = base64.b64encode(laid_out(picture, self._direction, "png")).decode()
        if not shows_widgets():
            return {**bundle, "text/html": in_frame(self.html(), bundle.get("image/png", ""))}
        return with_widget(self.widget(), bundle)

    def _data(self) -> dict[str, Any]:
        """Return the data of the page. Like the text, it stays that of the recorded numbers when the leaves change."""
        return with_words(self._page_data)

    @cached_property
    def _page_data(self) -> dict[str, Any]:
        data = {**self.story.page_data(), **live_data(self.story), "windows": windows_of(self.story)}
        data |= {"lang": self._lang, "quiz": self._quiz}
        picture = self.story.picture(widest=True)
        across, down = ("LR", "TB") if self._direction in ("LR", "TB") else ("RL", "BT")
        try:
            svgs = [svg_of(picture, direction) for direction in (across, down)]
        except NoGraphvizError as error:
            return {**data, "svg": "", "hint": error.advice}
        return {
            **data,
            "svg": _bare(svgs[0]),
            "root": picture.boxes[-1].key,
            "placements": [*map(placement, svgs)],
            "levels": levels_of(picture, self._direction, ROOM_IN_PLAYER)[0],
            "down": self._direction == down,
        }

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        lang = self._lang or "en"
        lines = [(Sentence(step.phase).text(lang), formula_text(step.text, lang)) for step in self.story.steps]
        width = max(len(phase) for phase, _ in lines)
        texts = [f"{phase:>{width}}  {text}" for phase, text in lines]
        return "\n".join([*texts, "", to_text(self.story.picture(widest=False))])

    def __repr__(self) -> str:
        return f"{self}{HINT}"


def _bare(svg: str) -> str:
    """Return an SVG without what the page itself writes: tooltips, and the pictures of gradients."""
    svg = re.sub(r'(<image class="gradient"[^>]*?) href="[^"]*"', r"\1", svg[svg.index("<svg") :])
    svg = svg.replace(' preserveAspectRatio="none" style="image-rendering:pixelated"', ' preserveAspectRatio="none"')
    return re.sub(r"<title>[^<]*</title>\n|<!--.*?-->\n", "", svg)


def _packed(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def kept_story(packed: str) -> dict[str, Any]:
    """Return what a notebook has kept under ``STORY``."""
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return data


def with_words(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a notebook has kept under ``STORY`` with all that a page says, in each language."""
    texts = [x["title"] for x in data["nodes"]] + [x["text"] for x in data["steps"]] + [data.get("film", "")]
    for part in data.get("levels", {}).values():
        texts += [part["title"], *re.findall(r">([^<>]+)</t(?:ext|itle)>", part["svg"])]
    notes = [note for step in data["steps"] for note in step["notes"]]
    return {**data, "words": templates_for(notes), "fragments": fragments_for(texts)}


def player_page(data: Mapping[str, Any], text: str) -> str:
    """Return the page of a player, for what a notebook has kept under ``STORY``, and as text."""
    lang: Language = data["lang"] or "en"
    title = Sentence("title", {"title": data["title"]}).text(lang)
    operations = {line[0] for line in data["live"]["code"]} if "live" in data else set()
    mounted = f'$player.mount(document.getElementById("player"), {embedded(with_words(data))}, true);'
    script = packed_script(f"(() => {{\n{page_script(operations)}\n{mounted}\n}})();")
    style, instead = page_style(live="live" in data), text.removesuffix(HINT)
    return standalone_page(title, "player", style, script, instead, LANGUAGE_TAGS[lang])


def play(
    root: Any,
    *args: Any,
    zoom: Literal["ops", "scalars"] = "ops",
    direction: Direction = "LR",
    input_shape: Sequence[int] | None = None,
    lang: Language | None = None,
    quiz: bool = False,
) -> Player:
    """Step through a computation and its backward pass.

    The forward pass shows the values; the backward pass shows for every edge its rule with numbers substituted, and
    how gradients accumulate where paths join. A click on a node shows its rule in words, the line of Python that
    computed it, if ``root`` is a function or a module, and all paths from it to the result with the products of the
    local derivatives along them. The gradients are those of the engine's own backward pass.

    Numbers of leaves can be changed in the page, which then computes all others; a page that cannot says why. Nothing
    is changed in Python, unless a widget is asked to (``player.widget()``).

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
    lang : {"en", "zh"}, optional
        The language of the explanations, English or Chinese. By default a page is in the language that its reader chose
        the last time, at first English. A page has a button for the other language.
    quiz : bool
        Whether the page begins as a quiz, which hides the next number and asks for it; it has a button for that, too.

    Returns
    -------
    Player
        Shows itself in a notebook; ``player.save("backprop.html")`` writes a page that runs by itself, and ``.svg``,
        ``.gif`` and ``.mp4`` films.

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
    for name, value, known in (
        ("zoom", zoom, ("ops", "scalars")),
        ("direction", direction, DIRECTIONS),
        ("lang", lang, (*LANGUAGES, None)),
    ):
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
    return Player(Story(recorded), direction, lang, quiz)
