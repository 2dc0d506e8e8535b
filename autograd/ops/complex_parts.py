"""Real and imaginary parts, which are views in NumPy, and complex numbers made of two parts.

A complex number ``z = x + iy`` has the gradient ``dL/dx - i dL/dy`` of a real result ``L``, as in JAX and HIPS autograd
(``docs/complex.md``). So a derivative rule of a holomorphic function is that of the real one; only where complex
numbers are taken apart or conjugated does a rule say so. A gradient ``g`` of a complex result belongs to the pairing
``real(g * dz)``: the rule of each input of an operation is the transpose, in that pairing, of its derivative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...common.plain_data import is_complex
from ..core.op import Op
from .views import View

__all__ = ["imag", "real"]


class Component(View):
    """The real or the imaginary part of an array: of a complex one it shares the memory."""

    elementwise = True

    def put_back(self, base: Any, content: Any, params: Mapping[str, Any]) -> Any:
        """Return ``base`` with the new ``content`` of one of its parts."""
        if not is_complex(base):
            return content
        return from_parts(content, imag(base)) if self is real else from_parts(real(base), content)


@Component
def real(x: Any, /) -> Any:
    """Return the real part: a view, of real numbers they themselves."""
    return x if x.__class__ is float else np.real(x)


@Component
def imag(x: Any, /) -> Any:
    """Return the imaginary part: a view, of real numbers zeros."""
    return 0.0 if x.__class__ is float else np.imag(x)


@Op
def from_parts(x: Any, y: Any, /) -> Any:
    """Return the complex numbers with real parts ``x`` and imaginary parts ``y``, also of infinite ones."""
    least = np.complex64 if hasattr(x, "dtype") or hasattr(y, "dtype") else np.complex128  # of floats of Python
    result = np.empty(np.broadcast_shapes(np.shape(x), np.shape(y)), np.result_type(x, y, least))
    result.real, result.imag = x, y
    return result


from_parts.elementwise = True

real.rules(lambda g, out, x: g)
imag.rules(lambda g, out, x: from_parts(0.0, -g))
from_parts.rules(lambda g, out, x, y: real(g), lambda g, out, x, y: -imag(g))
