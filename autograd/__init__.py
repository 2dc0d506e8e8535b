"""The engine: nodes, operations with their derivative rules, and the backward pass.

Imports ``common`` alone. Begin with ``value.py``; ``README.md`` says in which order to read on, and lists every
operation with its derivative.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

from ..common.elsewhere import names_of_module
from ..common.warning import SeegradWarning
from . import numpy_entrance as numpy  # noqa: F401 (seegrad.numpy)
from . import parameter_trees as tree
from . import scipy_entrance as scipy  # noqa: F401 (seegrad.scipy)
from .checkpoint import checkpoint
from .compile.compile import compile
from .core.backward import backprop as backprop
from .core.node import Node as Node
from .core.node import stamp as stamp
from .core.op import Op as Op
from .core.recording import is_recording as is_recording
from .grad_mode import enable_grad, set_grad_enabled, stop_gradient
from .gradcheck import GradientError, gradcheck
from .inspect.anomaly import AnomalyError, detect_anomaly
from .inspect.why import why
from .no_grad import no_grad
from .ops import (
    choices,  # noqa: F401 (it tells operations what they leave out)
    complex_parts,
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
from .ops import fourier as fft
from .ops.complex_parts import *
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
from .transforms import elementwise_grad, grad, hvp, jvp, linearize, value_and_grad, vjp
from .value import Value
from .vmap import vmap
from .whole_derivatives import hessian, jacfwd, jacobian, jacrev, value_and_jacobian

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
    "enable_grad",
    "fft",
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
    "linearize",
    "no_grad",
    "norm",
    "primitive",
    "release_memory",
    "set_grad_enabled",
    "set_num_threads",
    "stop_gradient",
    "tensor",
    "tree",
    "value_and_grad",
    "value_and_jacobian",
    "vjp",
    "vmap",
    "why",
]
__all__ += complex_parts.__all__
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


if not TYPE_CHECKING:  # which flag names of other libraries
    __getattr__ = names_of_module(__name__)


# What is there for speed alone. The engine is complete without it.
if os.environ.get("SEEGRAD_FAST") != "0" and importlib.util.find_spec(f"{__name__}.fast") is not None:
    from .fast.install import install

    install()
    del install
