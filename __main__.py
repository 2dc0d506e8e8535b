"""The command line: ``seegrad train``, ``predict``, ``evaluate``, ``draw``, ``export`` and ``serve``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from . import __version__

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT
UNREAD = 128 + 13  # SIGPIPE, which Windows does not have


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
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # from --help
        _drop_output()
        return 0
    except KeyboardInterrupt:  # before the command had begun
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    chosen = _parser().parse_args(arguments)
    from .commands.printing import printable

    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has gone
        _drop_output()
        return _ended(chosen, UNREAD) if hasattr(chosen, "failed") else 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _ended(chosen, INTERRUPTED)
    except MemoryError as error:
        print(f"seegrad {chosen.command}: error: not enough memory; {printable(error)}".rstrip("; "), file=sys.stderr)
        return _ended(chosen, FAILED)
    # The last of these is a loss that became NaN.
    except (ValueError, TypeError, OSError, ImportError, NotImplementedError, FloatingPointError) as error:
        text = printable(error, keep="\n")
        print(f"seegrad {chosen.command}: error: {text}", file=sys.stderr)
        return _ended(chosen, FAILED)
    return 0


def _drop_output() -> None:
    """Send the rest of the output nowhere, so that nothing fails when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _ended(chosen: argparse.Namespace, status: int) -> int:
    """Call the command's own function for an early end, if it has one."""
    if hasattr(chosen, "failed"):
        chosen.failed(chosen, status)
    return status


def _parser() -> argparse.ArgumentParser:
    from .commands import ADD_COMMANDS  # here, so that Ctrl-C while they are being imported is one line, too

    parser = argparse.ArgumentParser(
        prog="seegrad", description="See the gradient: a small network, trained with nothing but NumPy."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for add in ADD_COMMANDS:
        add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
