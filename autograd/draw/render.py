"""From DOT to pictures, with whichever Graphviz there is: the program, or the one that pip installs."""

from __future__ import annotations

import shutil
import threading
from importlib.util import find_spec

#: What is drawn by Graphviz; other formats are made here.
FORMATS = ("svg", "png", "pdf")

HOW_TO_GET_ONE = (
    "pictures need Graphviz: run pip install 'seegrad[draw]', or install the program dot "
    "(https://graphviz.org/download)"
)

#: The library keeps its state in one place for all threads.
_one_at_a_time = threading.Lock()


class NoGraphvizError(RuntimeError):
    """There is nothing here that can lay out a drawing; the message says how to get it."""

    def __init__(self) -> None:
        super().__init__(HOW_TO_GET_ONE)


def renderer() -> str | None:
    """Return the name of the Graphviz that will draw: ``"dot"``, ``"pygraphviz"`` or None."""
    if shutil.which("dot") is not None:
        return "dot"
    return "pygraphviz" if find_spec("pygraphviz") is not None else None


def render(source: str, format: str) -> bytes:
    """Lay out and draw a DOT text.

    Parameters
    ----------
    source : str
        The DOT text.
    format : str
        ``"svg"``, ``"png"`` or ``"pdf"``.

    Raises
    ------
    NoGraphvizError
        If no Graphviz is there.
    ValueError
        If the format is another one.
    """
    if format not in FORMATS:
        raise ValueError(f"format {format!r} is not one of {', '.join(map(repr, FORMATS))}")
    found = renderer()
    if found is None:
        raise NoGraphvizError
    if found == "dot":
        import graphviz

        return bytes(graphviz.Source(source).pipe(format=format))
    import pygraphviz

    with _one_at_a_time:
        graph = pygraphviz.AGraph(string=source)
        try:
            return bytes(graph.draw(format=format, prog="dot"))
        finally:
            graph.close()
