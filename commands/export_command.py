"""The command ``seegrad export``."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from ..nn import export_onnx
from .options import add_input_shape, add_model
from .printing import printable
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
    export.add_argument("--onnx", required=True, metavar="FILE", help="the file to write")
    add_input_shape(export)
    export.set_defaults(run=_export)


def _export(chosen: argparse.Namespace) -> None:
    model = load_saved(chosen.model)
    shape = input_shape(model, chosen.input_shape)
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
    export_onnx(model, np.zeros((1, *shape), dtype), chosen.onnx)
    print(f"the model is in {printable(chosen.onnx)}")
