"""The line of the user's program that records a node."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from types import FrameType
from typing import Any, NamedTuple

from ..core.node import Node, annotate, on_record

_ENGINE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

#: Whether the code of a file is the engine's, by the name of the file.
_is_engine: dict[str, bool] = {}


class SourceLine(NamedTuple):
    """A line of a program: the name of its file, and its number, from 1."""

    file: str
    number: int

    @property
    def text(self) -> str:
        """What stands there; empty if the file cannot be read."""
        return linecache.getline(self.file, self.number).strip()

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}: {self.text}"


def users_line() -> SourceLine | None:
    """Return the innermost line of the call stack that is not in the engine."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name not in _is_engine:
            _is_engine[name] = os.path.realpath(name).startswith(_ENGINE)
        if not _is_engine[name]:
            return SourceLine(name, frame.f_lineno)
        frame = frame.f_back
    return None


@contextmanager
def lines_noted() -> Iterator[None]:
    """Note on every node that this thread records the line that computed it."""
    me = get_ident()

    def watch(node: Node, *_: Any) -> None:
        line = users_line() if node.op is not None and get_ident() == me else None
        if line is not None:
            annotate(node, "line", line)

    on_record.append(watch)
    try:
        yield
    finally:
        on_record.remove(watch)
