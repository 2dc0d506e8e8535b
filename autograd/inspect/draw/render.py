"""From DOT to pictures, with whichever Graphviz there is: the program, or the one that pip installs."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ....common.fork import renewed

#: What is drawn by Graphviz; other formats are made here.
FORMATS = ("svg", "png", "pdf")

HOW_TO_GET_ONE = (
    "pictures need Graphviz: run pip install 'seegrad[draw]', or install the program dot "
    "(https://graphviz.org/download)"
)

#: The library keeps its state in one place for all threads.
_one_at_a_time = threading.Lock()


@renewed
def _renew_lock() -> None:
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


class NoGraphvizError(ImportError, RuntimeError):
    """There is nothing here that can lay out a drawing; the message says how to get it."""

    def __init__(self) -> None:
        super().__init__(f"{HOW_TO_GET_ONE}; files that end in .txt and .dot need none")


def renderer() -> str | None:
    """Return the name of the Graphviz that will draw: ``"dot"``, ``"pygraphviz"`` or None."""
    if shutil.which("dot") is not None:
        return "dot"
    try:
        import pygraphviz  # noqa: F401 (it may be there and yet miss its libraries)
    except ImportError:
        return None
    return "pygraphviz"


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

        return bytes(graphviz.Source(source).pipe(format=format, quiet=True))
    import pygraphviz

    with _one_at_a_time, _without_fontconfigs_warnings():
        graph = pygraphviz.AGraph(string=source)
        try:
            return bytes(graph.draw(format=format, prog="dot"))
        finally:
            graph.close()


@contextmanager
def _without_fontconfigs_warnings() -> Iterator[None]:
    """Keep what fontconfig says of the system's configuration out of what this process writes to its error output.

    The library writes there directly, past Python. All else that is written meanwhile is written afterwards.
    """
    try:
        kept = os.dup(2)
    except OSError:  # there is no error output
        yield
        return
    with tempfile.TemporaryFile() as caught:
        try:
            os.dup2(caught.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not line.startswith(b"Fontconfig warning"):
                    os.write(2, line)
