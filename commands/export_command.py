"""The command ``seegrad export``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..nn import export_onnx
from .options import add_input_shape, add_model
from .printing import printable
from .results_folder import chosen_model
from .saved_model import example_input, load_saved


def add_export(commands: Any) -> None:
    """Add the command to those of the command line."""
    export = commands.add_parser(
        "export",
        help="write a model for other programs",
        description="Write a model as an ONNX file, which many programs run. Batches of any size go in; preprocessing "
        "is not part of it. Needs the extra seegrad[export]. With --page, write the page of seegrad serve as one HTML "
        "file that runs the network itself, in any browser, without a server.",
    )
    add_model(export)
    export.add_argument("--onnx", metavar="FILE", help="the file to write (default: the model's name with .onnx)")
    export.add_argument("--page", metavar="FILE", help="write the page where one draws a digit, such as digits.html")
    add_input_shape(export)
    export.set_defaults(run=_export)


def _export(chosen: argparse.Namespace) -> None:
    path = chosen_model(chosen.model)
    model = load_saved(path)
    if chosen.page:
        from ..serve.standalone_page import export_page

        page = export_page(model, chosen.page)
        print(f"the page is in {printable(page)}, {page.stat().st_size / 1000:,.0f} kB; open it in a browser")
        if not chosen.onnx:
            return
    example = example_input(model, chosen.input_shape)
    target = Path(chosen.onnx) if chosen.onnx else path.with_suffix(".onnx")
    export_onnx(model, example, target)
    print(f"the model is in {printable(target)}")
