"""Digital filters, differentiable with respect to the signal and to their coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal

from ..core.node import Node
from ..ops.reductions import sum
from ..ops.shaping import flip, moveaxis, operand, reshape, stack
from ..primitive import primitive
from .plain_calls import scipys_of_plain

__all__ = ["lfilter", "sosfilt"]


@primitive
def _filtered(b: Any, a: Any, x: Any, /) -> Any:
    """Filter along the last axis: ``a`` convolved with the result is ``b`` convolved with ``x``."""
    return scipy.signal.lfilter(b, a, x)


def _at_delays(g: Any, x: Any, count: int) -> Any:
    """Return the products of ``g`` with ``x`` delayed by 0, 1, ... steps."""
    n = x.shape[-1]
    return stack([sum(g[..., min(k, n) :] * x[..., : max(n - k, 0)]) for k in range(count)])


def _recursion(a: Any, x: Any) -> Any:
    """Return the signal that, convolved with ``a``, is ``x``."""
    return _filtered(np.ones(1, x.dtype), a, x)


_filtered.rules(
    lambda g, out, b, a, x: _at_delays(g, _recursion(a, x), b.shape[0]),
    lambda g, out, b, a, x: -_at_delays(g, _recursion(a, out), a.shape[0]),
    lambda g, out, b, a, x: flip(_filtered(b, a, flip(g, -1)), -1),
)


@scipys_of_plain("signal")
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Filter a signal, as :func:`scipy.signal.lfilter`.

    Parameters
    ----------
    b, a : array_like or Tensor
        The coefficients of numerator and denominator, vectors or numbers; ``a[0]`` is not 0.
    x : array_like or Tensor
        The signal, real or complex.
    axis : int
        Its axis in time.
    zi : array_like, optional
        The state to begin with; with it, SciPy's pair of the result and the last state is returned, for plain arrays
        alone.

    Raises
    ------
    TypeError
        If ``zi`` is given, and something requires gradients.
    ValueError
        If the coefficients are no vectors.

    Examples
    --------
    >>> from seegrad.scipy import signal
    >>> a = sg.tensor([1.0, -0.5], requires_grad=True)
    >>> signal.lfilter([1.0], a, np.array([1.0, 0.0, 0.0])).data
    array([1.  , 0.5 , 0.25])
    """
    b, a, x = operand(b), operand(a), operand(x)
    if zi is not None:
        if any(isinstance(v, Node) for v in (b, a, x, zi)):
            raise TypeError("lfilter: with zi there is no derivative here; leave it out, or pass plain arrays (t.data)")
        return scipy.signal.lfilter(b, a, x, axis, zi)
    if b.ndim > 1 or a.ndim > 1 or not (b.size and a.size) or not x.ndim:
        raise ValueError(f"lfilter: expected vectors b and a and a signal, got shapes {b.shape}, {a.shape}, {x.shape}")
    b, a = reshape(b, (-1,)), reshape(a, (-1,))
    return moveaxis(_filtered(b, a, moveaxis(x, axis, -1)), -1, axis)


@scipys_of_plain("signal")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Filter a signal with sections of second order, one after the other, as :func:`scipy.signal.sosfilt`.

    Parameters
    ----------
    sos : array_like or Tensor
        Shape ``(sections, 6)``: three coefficients of the numerator, three of the denominator, the first of which is 1.
    x, axis, zi
        As for :func:`lfilter`.

    Examples
    --------
    >>> from seegrad.scipy import signal
    >>> signal.sosfilt(np.array([[1.0, 0.0, 0.0, 1.0, -0.5, 0.0]]), np.array([1.0, 0.0, 0.0]))
    array([1.  , 0.5 , 0.25])
    """
    sos, x = operand(sos), operand(x)
    if zi is not None:
        if isinstance(sos, Node) or isinstance(x, Node) or isinstance(zi, Node):
            raise TypeError("sosfilt: with zi there is no derivative here; leave it out, or pass plain arrays (t.data)")
        return scipy.signal.sosfilt(sos, x, axis, zi)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError(f"sosfilt: expected coefficients of shape (sections, 6), got {sos.shape}")
    for i in range(sos.shape[0]):
        x = lfilter(sos[i, :3], sos[i, 3:], x, axis)
    return x
