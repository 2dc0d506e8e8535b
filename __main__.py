"""The command line: ``seegrad train``, ``predict``, ``evaluate``, ``draw``, ``export``, ``serve``, ``completion``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from . import __version__, set_num_threads

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT
UNREAD = 128 + 13  # SIGPIPE, which Windows does not have
# What is raised with a message for users. The last of these is a loss that became NaN.
FORESEEN = (ValueError, TypeError, OSError, ImportError, NotImplementedError, FloatingPointError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default, those that the program was called with.

    Returns
    -------
    int
        The exit status: 0, 1 after an error, 130 after Ctrl-C, 141 if the reader of the output (``| head``) has gone
        while there was work to do. (Wrong options exit with 2.)
    """
    if arguments is None:
        _prepare_streams()
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # from --help
        _drop_output()
        return 0
    except KeyboardInterrupt:  # before the command had begun
        _say("interrupted")
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 0
    from .commands.printing import printable

    try:
        if getattr(chosen, "threads", None):
            set_num_threads(chosen.threads)
        chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has gone
        _drop_output()
        return _ended(chosen, UNREAD) if hasattr(chosen, "failed") else 0
    except KeyboardInterrupt:
        _say("interrupted")
        return _ended(chosen, INTERRUPTED)
    except Exception as error:
        if os.environ.get("SEEGRAD_TRACEBACK") == "1":
            _say(traceback.format_exc())
        _say(f"seegrad {chosen.command}: {_described(error, printable(error, keep=chr(10)))}")
        return _ended(chosen, FAILED)
    return 0


def _described(error: Exception, text: str) -> str:
    if isinstance(error, MemoryError):
        return f"error: not enough memory; {text}".rstrip("; ")
    if isinstance(error, FORESEEN):
        return f"error: {text}"
    return f"internal error: {type(error).__name__}: {text}; with SEEGRAD_TRACEBACK=1 it says where".replace(": ;", ";")


def _say(text: str) -> None:
    """Print an error or a warning, if there is anybody who reads it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        _drop_output()


def _prepare_streams() -> None:
    """Let no character and no warning disturb what the program prints."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    _say(f"seegrad: warning: {message}")


def _drop_output() -> None:
    """Send the rest of the output nowhere, so that nothing fails when Python ends."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(BrokenPipeError):
            stream.flush()
            continue
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _ended(chosen: argparse.Namespace, status: int) -> int:
    """Call the command's own function for an early end, if it has one."""
    if hasattr(chosen, "failed"):
        chosen.failed(chosen, status)
    return status


def _parser() -> argparse.ArgumentParser:
    from .commands import ADD_COMMANDS  # here, so that Ctrl-C while they are being imported is one line, too

    parser = argparse.ArgumentParser(
        prog="seegrad",
        description="See the gradient: a small network, trained with nothing but NumPy. Begin with: seegrad train",
        epilog="seegrad COMMAND --help tells the options of a command. Environment: SEEGRAD_NUM_THREADS=N computes "
        "with N threads; SEEGRAD_FAST=0 without what is there for speed alone; SEEGRAD_TRACEBACK=1 shows where an "
        "error comes from.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    for add in ADD_COMMANDS:
        add(commands)
    parser.set_defaults(parser=parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
