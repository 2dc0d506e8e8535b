"""Render DOT as SVG, PNG or PDF with the Graphviz that is installed: the program, or the library from pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ....common.fork import renewed

#: The formats that Graphviz draws; other formats do not need it.
FORMATS = ("svg", "png", "pdf")

HOW_TO_GET_ONE = (
    "pictures need Graphviz, which does not run in a browser"
    if sys.platform == "emscripten"
    else "pictures need Graphviz: run pip install 'seegrad[draw]', or install the program dot "
    "(https://graphviz.org/download)"
)

#: The library has one global state for all threads.
_one_at_a_time = threading.Lock()


@renewed
def _renew_lock() -> None:
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


class NoGraphvizError(ImportError, RuntimeError):
    """No Graphviz is installed, or none that works; the message says how to install it.

    Attributes
    ----------
    advice : str
        What to do, in one line.
    """

    def __init__(self, trouble: str = "") -> None:
        self.advice: str = f"{trouble}; {HOW_TO_GET_ONE}" if trouble else HOW_TO_GET_ONE
        super().__init__(f"{self.advice}; files that end in .txt and .dot need none")


def renderer() -> str | None:
    """Return which Graphviz is used: ``"dot"``, ``"pygraphviz"``, or None if there is none."""
    if shutil.which("dot") is not None:
        return "dot"
    return "pygraphviz" if _library_loads() else None


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
        If no Graphviz is installed, or none that works.
    ValueError
        If the format is not one of these.
    """
    if format not in FORMATS:
        raise ValueError(f"format {format!r} is not one of {', '.join(map(repr, FORMATS))}")
    found = renderer()
    if found is None:
        raise NoGraphvizError
    if found == "dot":
        try:
            return _render_by_program(source, format)
        except (OSError, subprocess.SubprocessError) as error:
            # There is a program, but it does not run, was built without the format, or is not Graphviz's.
            if not _library_loads():
                raise NoGraphvizError(f"the program dot failed ({_first_line(error)})") from error
    try:
        return _render_by_library(source, format)
    except (OSError, ValueError, RuntimeError) as error:
        raise NoGraphvizError(f"pygraphviz failed ({_first_line(error)})") from error


def _library_loads() -> bool:
    """Tell whether pygraphviz can be imported: it may be installed without its libraries."""
    try:
        import pygraphviz  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def _render_by_program(source: str, format: str) -> bytes:
    import graphviz

    try:
        drawn = bytes(graphviz.Source(source).pipe(format=format, quiet=True))
    except graphviz.ExecutableNotFound as error:
        raise OSError("it cannot be run") from error
    if not drawn:
        raise OSError("it wrote nothing")
    return drawn


def _render_by_library(source: str, format: str) -> bytes:
    import pygraphviz

    with _one_at_a_time, without_fontconfigs_warnings():
        graph = pygraphviz.AGraph(string=source)
        try:
            return bytes(graph.draw(format=format, prog="dot"))
        finally:
            graph.close()


def _first_line(error: BaseException) -> str:
    """Return what an error says, or the first thing that the program has said, in one line."""
    said = getattr(error, "stderr", None) or str(error)
    if isinstance(said, bytes):
        said = said.decode(errors="replace")
    return str(said).strip().partition("\n")[0] or type(error).__name__


@contextmanager
def without_fontconfigs_warnings() -> Iterator[None]:
    """Remove what fontconfig says about the system's configuration from the error output.

    The library from pip brings a fontconfig of its own. It warns of a configuration that is newer than itself, and of a
    system that has none, and draws as well. It reads the system's templates whatever FONTCONFIG_FILE says, and a root
    of its own (FONTCONFIG_SYSROOT) would go on to every process that is started. It writes to the file descriptor, not
    through Python. Whatever else is written meanwhile is kept and written at the end.
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
                if not line.startswith((b"Fontconfig warning", b"Fontconfig error")):
                    os.write(2, line)
