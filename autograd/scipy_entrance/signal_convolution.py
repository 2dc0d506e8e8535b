"""Convolution and correlation of arrays with any number of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.signal
from numpy.lib.array_utils import normalize_axis_tuple

from ..core.call_types import of_two
from ..ops.elementwise import conj
from ..ops.indexing import getitem
from ..ops.shaping import flip, operand
from ..primitive import primitive
from .plain_calls import scipys_of_plain

__all__ = ["convolve", "correlate", "fftconvolve", "oaconvolve"]

Axes = tuple[int, ...]


def _convolved(x: Any, y: Any, mode: str, axes: Axes, method: str) -> Any:
    if len(axes) == x.ndim and x.shape and method != "fft":
        return scipy.signal.convolve(x, y, mode, method)
    return scipy.signal.fftconvolve(x, y, mode, axes)


@primitive
def _convolve_full(x: Any, y: Any, /, axes: Axes, method: str) -> Any:
    """``out[k]`` is the sum of ``x[i] * y[k - i]``, wherever both have elements."""
    return _convolved(x, y, "full", axes, method)


@primitive
def _correlate_inner(x: Any, y: Any, /, axes: Axes, method: str) -> Any:
    """``out[k]`` is the sum of ``x[k + i] * y[i]``, wherever ``y`` lies within the larger ``x``."""
    return _convolved(x, np.flip(y, axes), "valid", axes, method)


_convolve_full.rules(
    lambda g, out, x, y, axes, method: _correlate_inner(g, y, axes, method),
    lambda g, out, x, y, axes, method: _correlate_inner(g, x, axes, method),
)
_correlate_inner.rules(
    lambda g, out, x, y, axes, method: _convolve_full(g, y, axes, method),
    lambda g, out, x, y, axes, method: _correlate_inner(x, g, axes, method),
)


def _part(name: str, x: Any, y: Any, mode: str, axes: Axes, method: str) -> Any:
    """Return the part of a convolution that a mode keeps."""
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"{name}: mode is 'full', 'same' or 'valid', got {mode!r}")
    if x.ndim != y.ndim:
        raise ValueError(f"{name}: both inputs need equally many axes, got shapes {x.shape} and {y.shape}")
    if not (x.size and y.size):
        raise ValueError(f"{name}: expected at least one element, got shapes {x.shape} and {y.shape}")
    if not axes:
        return x * y
    if mode == "valid":
        if not all(x.shape[i] >= y.shape[i] for i in axes):
            x, y = y, x
        if not all(x.shape[i] >= y.shape[i] for i in axes):
            raise ValueError(f"{name}: for 'valid' one input is at least as large along every axis as the other")
        return _correlate_inner(x, flip(y, axes), axes, method)
    full = _convolve_full(x, y, axes, method)
    if mode == "full":
        return full
    index = [slice(None)] * x.ndim
    for i in axes:
        first = (full.shape[i] - x.shape[i]) // 2
        index[i] = slice(first, first + x.shape[i])
    return getitem(full, tuple(index))


@of_two
@scipys_of_plain("signal")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Return the convolution of two arrays, as :func:`scipy.signal.convolve`.

    Parameters
    ----------
    in1, in2 : array_like or Tensor
        Equally many axes, real or complex.
    mode : str
        ``"full"``: along each axis ``n + m - 1`` elements; ``"same"``: the middle of these, as large as ``in1``;
        ``"valid"``: those at which the arrays overlap completely.
    method : ``"auto"``, ``"direct"`` or ``"fft"``
        How it is computed.

    Raises
    ------
    ValueError
        If shapes do not fit, or one is empty.

    Examples
    --------
    >>> from seegrad.scipy import signal
    >>> x = sg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> signal.convolve(x, np.array([1.0, 10.0])).sum().backward()
    >>> x.grad
    array([11., 11., 11.])
    """
    x, y = operand(in1), operand(in2)
    if method not in ("auto", "direct", "fft"):
        raise ValueError(f"convolve: method is 'auto', 'direct' or 'fft', got {method!r}")
    return _part("convolve", x, y, mode, tuple(range(x.ndim)), method)


@of_two
@scipys_of_plain("signal")
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Return the correlation of two arrays, as :func:`scipy.signal.correlate`, of which ``in2`` is conjugated.

    Parameters
    ----------
    in1, in2, mode, method
        As for :func:`convolve`.

    Examples
    --------
    >>> from seegrad.scipy import signal
    >>> signal.correlate(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0]), mode="valid")
    array([21., 32.])
    """
    x, y = operand(in1), operand(in2)
    if method not in ("auto", "direct", "fft"):
        raise ValueError(f"correlate: method is 'auto', 'direct' or 'fft', got {method!r}")
    y = conj(y) if y.dtype.kind == "c" else y
    axes = tuple(range(x.ndim))
    return _part("correlate", x, flip(y) if y.ndim else y, mode, axes, method)


@of_two
@scipys_of_plain("signal")
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: int | Sequence[int] | None = None) -> Any:
    """Return the convolution of two arrays along some axes, as :func:`scipy.signal.fftconvolve`.

    Parameters
    ----------
    in1, in2 : array_like or Tensor
        Equally many axes, real or complex. Along other axes than ``axes`` they are broadcast.
    mode : str
        As for :func:`convolve`.
    axes : int or sequence of int, optional
        Default: all.

    Raises
    ------
    ValueError
        If shapes do not fit, or one is empty.

    Examples
    --------
    >>> from seegrad.scipy import signal
    >>> signal.fftconvolve(np.ones((2, 3)), np.array([[1.0, 2.0]]), mode="valid", axes=1).round(6)
    array([[3., 3.],
           [3., 3.]])
    """
    x, y = operand(in1), operand(in2)
    chosen = tuple(range(x.ndim)) if axes is None else normalize_axis_tuple(axes, x.ndim)
    return _part("fftconvolve", x, y, mode, chosen, "fft")


@of_two
@scipys_of_plain("signal")
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: int | Sequence[int] | None = None) -> Any:
    """Return what :func:`fftconvolve` does; of plain arrays quicker where one is much larger, as it is SciPy's own."""
    return fftconvolve(in1, in2, mode, axes)
