"""The command ``seegrad export``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from ..nn import export_onnx
from .options import add_input_shape, add_model
from .printing import printable
from .results_folder import chosen_model
from .saved_model import input_shape, load_saved


def add_export(commands: Any) -> None:
    """Add the command to those of the command line."""
    export = commands.add_parser(
        "export",
        help="write a model for other programs",
        description="Write a model as an ONNX file, which many programs run. Batches of any size go in; preprocessing "
        "is not part of it. Needs the extra seegrad[export].",
    )
    add_model(export)
    export.add_argument("--onnx", metavar="FILE", help="the file to write (default: the model's name with .onnx)")
    add_input_shape(export)
    export.set_defaults(run=_export)


def _export(chosen: argparse.Namespace) -> None:
    path = chosen_model(chosen.model)
    model = load_saved(path)
    shape = input_shape(model, chosen.input_shape)
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
    target = Path(chosen.onnx) if chosen.onnx else path.with_suffix(".onnx")
    export_onnx(model, np.zeros((1, *shape), dtype), target)
    print(f"the model is in {printable(target)}")
