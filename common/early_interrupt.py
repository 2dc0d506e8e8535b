"""Ctrl-C while the command line still imports what it needs: one line, no traceback.

``__main__.py`` catches Ctrl-C, but Python imports the package before it, and that takes most of the time. So the
package imports this file first. It does nothing unless ``seegrad`` is the program that runs.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType


def is_the_program() -> bool:
    """Tell whether this process was started as ``seegrad ...`` or ``python -m seegrad ...``."""
    started = getattr(sys, "argv", None) or [""]
    if started[0] == "-m":  # Python has not found the module's file yet
        return "seegrad" in sys.orig_argv[sys.orig_argv.index("-m") + 1 :][:1]
    return os.path.splitext(os.path.basename(started[0]))[0] == "seegrad"


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say that Ctrl-C has ended the program; Python then exits with the status of an interrupted one."""
    if issubclass(kind, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


if is_the_program():
    sys.excepthook = _end
