"""The updates of optimizers in one pass over their vectors, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...common.seam import quicker
from .kernels import LARGE, numba_use


def _adam_step(where: slice, values: Any, gradients: Any, means: Any, squares: Any, *numbers: float) -> Any:
    if type(values) is not np.ndarray or values.dtype != np.float32 or values.size < LARGE:
        return NotImplemented
    compiled = numba_use.compiled("compiled_adam")
    if compiled is None:
        return NotImplemented
    beta1, beta2, scale, eps, rate = numbers
    vectors = [vector[where] for vector in (values, gradients, means, squares)]
    return compiled.update(*vectors, beta1, 1.0 - beta1, beta2, 1.0 - beta2, scale, eps, rate)


def install() -> None:
    """Install the update of Adam."""
    quicker["adam_step"] = _adam_step
