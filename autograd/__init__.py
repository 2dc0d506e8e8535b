"""The engine: nodes, operations with their derivative rules, and the backward pass.

Imports ``common`` alone. Begin with ``value.py``; ``README.md`` says in which order to read on, and lists every
operation with its derivative.
"""

from __future__ import annotations

import importlib.util
import os

from ..common.warning import SeegradWarning
from .checkpoint import checkpoint
from .compile import traced_backward
from .compile.compiled_function import compile
from .core.backward import backprop as backprop
from .core.node import Node as Node
from .core.node import stamp as stamp
from .core.op import Op as Op
from .core.recording import is_recording as is_recording
from .gradcheck import GradientError, gradcheck
from .inspect.anomaly import AnomalyError, detect_anomaly
from .inspect.why import why
from .no_grad import no_grad
from .ops import (
    choices,  # noqa: F401 (it tells operations what they leave out)
    convolution,
    elementwise,
    indexing,
    linalg,
    normalization,
    pooling,
    products,
    reductions,
    shaping,
)
from .ops.convolution import *
from .ops.elementwise import *
from .ops.elementwise import absolute as abs
from .ops.indexing import *
from .ops.normalization import *
from .ops.norms import norm
from .ops.pooling import *
from .ops.products import *
from .ops.reductions import *
from .ops.shaping import *
from .primitive import primitive
from .resources import get_num_threads, release_memory, set_num_threads
from .tensor import Tensor, tensor
from .transforms import elementwise_grad, grad, hvp, jvp, value_and_grad, vjp
from .value import Value
from .vmap import vmap
from .whole_derivatives import hessian, jacfwd, jacobian, jacrev

# The public names, which are those of ``seegrad`` too: operations are named in the ``__all__`` of their files.
__all__ = [
    "AnomalyError",
    "GradientError",
    "SeegradWarning",
    "Tensor",
    "Value",
    "abs",
    "checkpoint",
    "compile",
    "detect_anomaly",
    "elementwise_grad",
    "get_num_threads",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linalg",
    "no_grad",
    "norm",
    "primitive",
    "release_memory",
    "set_num_threads",
    "tensor",
    "value_and_grad",
    "vjp",
    "vmap",
    "why",
]
__all__ += convolution.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += products.__all__
__all__ += reductions.__all__
__all__ += shaping.__all__


def __dir__() -> list[str]:
    return __all__


traced_backward.install()

# What is there for speed alone. The engine is complete without it.
if os.environ.get("SEEGRAD_FAST") != "0" and importlib.util.find_spec(f"{__name__}.fast") is not None:
    from .fast.install import install

    install()
    del install
