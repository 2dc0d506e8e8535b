"""The command ``seegrad serve``: a saved model, as a page on this machine."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from typing import Any

from .options import add_model, add_threads, positive_number
from .results_folder import chosen_model
from .saved_model import load_saved

NEEDED = {"starlette": "starlette", "uvicorn": "uvicorn", "PIL": "pillow"}
LARGEST_PORT = 65535


def add_serve(commands: Any) -> None:
    """Add the command to those of the command line."""
    serve = commands.add_parser(
        "serve",
        help="open a page where one draws a digit and sees what the model thinks",
        description="Serve a page where one draws a digit and sees what the model thinks of it, and why; and POST "
        '/predict for programs, which takes a PNG image, or JSON {"pixels": [[...], ...]} with 28 rows of 28 '
        "numbers from 0 to 1, and answers JSON. Ctrl-C stops. Needs the extra seegrad[serve].",
    )
    add_model(serve)
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on; 0.0.0.0 lets everyone in your networks in (default: %(default)s, this machine "
        "alone)",
    )
    serve.add_argument(
        "--port", type=_port, default=8000, metavar="N", help="0 takes a free one (default: %(default)s)"
    )
    serve.add_argument(
        "--rate",
        type=positive_number,
        default=30.0,
        metavar="N",
        help="predictions per second that a client may ask for (default: %(default)g)",
    )
    serve.add_argument("--open", action="store_true", help="open the page in the browser")
    add_threads(serve)
    serve.set_defaults(run=_run)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"must be from 0 to {LARGEST_PORT}, got {text}")
    return number


def missing_packages() -> list[str]:
    """Return what is needed and not installed."""
    return [package for module, package in NEEDED.items() if find_spec(module) is None]


def _run(chosen: argparse.Namespace) -> None:
    missing = missing_packages()
    if missing:
        *some, last = missing
        are = f"{', '.join(some)} and {last} are" if some else f"{last} is"
        raise ValueError(f"{are} not installed: pip install 'seegrad[serve]'")
    from ..serve.limits import Limits
    from ..serve.server import is_loopback, serve

    model = load_saved(chosen_model(chosen.model))
    if not is_loopback(chosen.host):
        print(f"note: whoever can reach {chosen.host} can use this page", file=sys.stderr)
    serve(model, host=chosen.host, port=chosen.port, limits=Limits(rate=chosen.rate), open_page=chosen.open)
