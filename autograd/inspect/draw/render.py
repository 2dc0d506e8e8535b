"""Render DOT as SVG, PNG or PDF with the Graphviz that is installed: the program, or the library from pip."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ....common.fork import renewed

#: The formats that Graphviz draws; other formats do not need it.
FORMATS = ("svg", "png", "pdf")

HOW_TO_GET_ONE = (
    "pictures need Graphviz: run pip install 'seegrad[draw]', or install the program dot "
    "(https://graphviz.org/download)"
)

#: The library has one global state for all threads.
_one_at_a_time = threading.Lock()


@renewed
def _renew_lock() -> None:
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


class NoGraphvizError(ImportError, RuntimeError):
    """No Graphviz is installed; the message says how to install it."""

    def __init__(self) -> None:
        super().__init__(f"{HOW_TO_GET_ONE}; files that end in .txt and .dot need none")


def renderer() -> str | None:
    """Return which Graphviz is used: ``"dot"``, ``"pygraphviz"``, or None if there is none."""
    if shutil.which("dot") is not None:
        return "dot"
    try:
        import pygraphviz  # noqa: F401 (it may be installed without its libraries)
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
        If no Graphviz is installed.
    ValueError
        If the format is not one of these.
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
    """Remove fontconfig's warnings of the system's configuration from the error output.

    The library writes to the file descriptor, not through Python. Whatever else is written meanwhile is kept and
    written at the end.
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
