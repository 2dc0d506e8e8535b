"""The command ``seegrad draw``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..common.atomic_file import write_atomically
from .options import add_input_shape, add_model
from .printing import printable
from .results_folder import chosen_model
from .saved_model import example_input, load_saved


def add_draw(commands: Any) -> None:
    """Add the command to those of the command line."""
    draw = commands.add_parser(
        "draw",
        help="draw what a model computes",
        description="Draw what a model computes, layer by layer or operation by operation, on random numbers. Needs "
        "Graphviz, or the extra seegrad[draw], which brings it.",
    )
    add_model(draw)
    draw.add_argument(
        "--out", metavar="FILE", help="the drawing: .svg, .png, .pdf, ... (default: the model's name with .svg)"
    )
    draw.add_argument(
        "--zoom", choices=("modules", "ops"), default="modules", help="layers or operations (default: %(default)s)"
    )
    add_input_shape(draw)
    draw.set_defaults(run=_draw)


def _draw(chosen: argparse.Namespace) -> None:
    from ..autograd.inspect.draw import draw

    path = chosen_model(chosen.model)
    model = load_saved(path)
    example = example_input(model, chosen.input_shape)
    target = Path(chosen.out) if chosen.out else path.with_suffix(".svg")
    drawing = draw(model, example, zoom=chosen.zoom)
    write_atomically(target, drawing.render(target.suffix[1:].lower()))
    print(f"the drawing is in {printable(target)}")
