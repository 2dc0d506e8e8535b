"""Models, weights and training states as files: safetensors and ONNX, and the layouts of PyTorch and Keras.

Imports ``nn.layers`` and ``data.scaling``. Begin with ``safetensors_file.py``, then ``model_file.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ...common.public_names import public_names
from .layouts import *
from .model_file import *
from .onnx_export import *
from .onnx_writer import *
from .weights import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())


def __dir__() -> list[str]:
    return public_names(globals())
