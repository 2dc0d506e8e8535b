"""The command ``seegrad completion``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

SHELLS = ("bash", "zsh", "fish", "tcsh")
# What is completed by names of files and of folders, by what the help calls it.
FILES, FOLDERS = ("MODEL", "FILE", "PICTURE"), ("DIR",)


def add_completion(commands: Any) -> None:
    """Add the command to those of the command line."""
    completion = commands.add_parser(
        "completion",
        help="let a shell complete commands and options",
        description="Print what lets a shell complete commands, options and names of files. In bash and zsh: "
        'eval "$(seegrad completion bash)", now or in ~/.bashrc; fish: seegrad completion fish | source. '
        "Needs the extra seegrad[completion].",
    )
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(run=_completion)


def _completion(chosen: argparse.Namespace) -> None:
    try:
        import shtab
    except ImportError as error:
        raise ImportError("completion needs shtab: pip install 'seegrad[completion]'") from error
    for action in _actions(chosen.parser):
        name = action.metavar or action.dest.upper()
        if name in FILES or name in FOLDERS:
            action.complete = shtab.FILE if name in FILES else shtab.DIRECTORY
    print(shtab.complete(chosen.parser, chosen.shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)
