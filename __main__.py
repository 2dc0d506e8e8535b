"""The command line: ``seegrad train``, ``predict``, ``evaluate``, ``draw``, ``export`` and ``serve``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from . import nn
from .commands import ADD_COMMANDS

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default, those that the program was called with.

    Returns
    -------
    int
        The exit status: 0, 1 after an error, 130 after Ctrl-C. (Wrong options exit with 2.)
    """
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _ended(chosen, INTERRUPTED)
    except (ValueError, TypeError, OSError, ImportError, nn.NonFiniteError) as error:
        print(f"seegrad {chosen.command}: error: {error}", file=sys.stderr)
        return _ended(chosen, FAILED)
    return 0


def _ended(chosen: argparse.Namespace, status: int) -> int:
    """Let the command see to what it has begun."""
    if hasattr(chosen, "failed"):
        chosen.failed(chosen, status)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seegrad", description="See the gradient: a small network, trained with nothing but NumPy."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for add in ADD_COMMANDS:
        add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
