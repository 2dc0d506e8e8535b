"""The command line: what each command says when it is asked for help."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from unittest import mock

from seegrad.__main__ import _parser


def pages() -> dict[str, str]:
    """Return the page of the commands."""
    with mock.patch.dict(os.environ, COLUMNS="90", NO_COLOR="1"):
        parts = [f"## {title}\n\n```text\n{parser.format_help()}```\n" for title, parser in _parsers()]
    return {"reference/commands.md": "# The command line\n\n" + "\n".join(parts)}


def _parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    parser = _parser()
    yield "seegrad", parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield f"seegrad {name}", command
