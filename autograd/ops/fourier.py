"""The functions of ``sg.fft``, which do what those of the same names in ``numpy.fft`` do.

A Fourier transform is a symmetric matrix, so it is its own transpose. A transform of real numbers keeps half of the
spectrum; its transpose is the inverse transform of that half, with weights that count what was left out. So the
derivative of each transform is a transform, to any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...common.plain_data import real_numbers
from ..core.call_types import keeps_kind
from ..core.op import Op
from .elementwise import conj
from .indexing import getitem
from .shaping import _pad, operand, roll

# fmt: off
__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]
# fmt: on

fftfreq: Final = np.fft.fftfreq
rfftfreq: Final = np.fft.rfftfreq

Axes = tuple[int, ...]


def __dir__() -> list[str]:
    return __all__


_OTHER_DIRECTION = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def other_direction(name: str, norm: str | None) -> str:
    """Return the ``norm`` that gives the transform in the other direction the same factor."""
    if norm not in _OTHER_DIRECTION:
        raise ValueError(f"{name}: norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    return _OTHER_DIRECTION[norm]


# ------------------------------------------------------------------------------------------- operations


@Op
def _fftn(x: Any, /, axes: Axes, norm: str | None) -> Any:
    """Fourier transform along axes."""
    return np.fft.fftn(x, axes=axes, norm=norm)  # type: ignore[arg-type]


@Op
def _ifftn(x: Any, /, axes: Axes, norm: str | None) -> Any:
    """Inverse Fourier transform along axes."""
    return np.fft.ifftn(x, axes=axes, norm=norm)  # type: ignore[arg-type]


_fftn.rules(lambda g, out, x, axes, norm: _fftn(g, axes, norm))
_ifftn.rules(lambda g, out, x, axes, norm: _ifftn(g, axes, norm))


@Op
def _rfftn(x: Any, /, axes: Axes, norm: str | None) -> Any:
    """Fourier transform of real numbers along axes: half of the spectrum, in the last of them."""
    return np.fft.rfftn(x, axes=axes, norm=norm)  # type: ignore[arg-type]


@Op
def _irfftn(x: Any, /, n: int, axes: Axes, norm: str | None) -> Any:
    """Inverse Fourier transform of half a spectrum: ``n`` real numbers along the last of the axes."""
    return np.fft.irfftn(x, [*[x.shape[axis] for axis in axes[:-1]], n], axes, norm)  # type: ignore[arg-type]


def _counts(spectrum: Any, n: int, axis: int) -> Any:
    """Return how often each number of half a spectrum of ``n`` numbers stands in the whole: once or twice."""
    counts = np.full(n // 2 + 1, 2.0, spectrum.real.dtype)
    counts[0] = 1.0
    if n % 2 == 0:
        counts[-1] = 1.0
    return counts.reshape((-1,) + (1,) * (spectrum.ndim - 1 - axis % spectrum.ndim))


def _rfftn_rule(g: Any, out: Any, x: Any, axes: Axes, norm: str | None) -> Any:
    n = x.shape[axes[-1]]
    return _irfftn(conj(g) / _counts(g, n, axes[-1]), n, axes, other_direction("rfftn", norm))


def _irfftn_rule(g: Any, out: Any, x: Any, n: int, axes: Axes, norm: str | None) -> Any:
    return _counts(x, n, axes[-1]) * conj(_rfftn(g, axes, other_direction("irfftn", norm)))


_rfftn.rules(_rfftn_rule)
_irfftn.rules(_irfftn_rule)


# --------------------------------------------------------------------------------------- calling forms


def _plan(name: str, x: Any, s: Any, axes: Any, norm: Any) -> tuple[list[int], Axes]:
    """Return the lengths and axes of a transform, having checked them."""
    other_direction(name, norm)
    if s is not None and axes is None:
        axes = range(-len(s), 0)
    axes = normalize_axis_tuple(range(x.ndim) if axes is None else axes, x.ndim, allow_duplicate=True)
    lengths = [x.shape[axis] for axis in axes] if s is None else [int(n) for n in s]
    if len(lengths) != len(axes):
        raise ValueError(f"{name}: {len(lengths)} lengths in s for {len(axes)} axes")
    lengths = [x.shape[axis] if n == -1 else n for n, axis in zip(lengths, axes)]
    for n in lengths:
        if n < 1:
            raise ValueError(f"{name}: a transform needs at least one point, got {n}")
    return lengths, axes


def _of_length(x: Any, n: int, axis: int) -> Any:
    """Return ``x`` cut or filled up with zeros to a length along an axis."""
    if n < x.shape[axis]:
        return getitem(x, (slice(None),) * axis + (slice(n),))
    if n == x.shape[axis]:
        return x
    return _pad(x, tuple([(0, n - size if i == axis else 0) for i, size in enumerate(x.shape)]), 0.0)


def _complex_to_complex(transform: Op, name: str, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    x = operand(x)
    lengths, axes = _plan(name, x, s, axes, norm)
    if len(set(axes)) < len(axes):  # an axis that is named twice is transformed twice
        for n, axis in zip(lengths[::-1], axes[::-1]):
            x = transform(_of_length(x, n, axis), (axis,), norm)
        return x
    for n, axis in zip(lengths, axes):
        x = _of_length(x, n, axis)
    return transform(x, axes, norm) if axes else x


def _real_to_complex(name: str, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    x = real_numbers(name, operand(x))
    lengths, axes = _plan(name, x, s, axes, norm)
    _check_axes(name, axes)
    for n, axis in zip(lengths, axes):
        x = _of_length(x, n, axis)
    return _rfftn(x, axes, norm)


def _complex_to_real(name: str, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    x = operand(x)
    lengths, axes = _plan(name, x, s, axes, norm)
    _check_axes(name, axes)
    if s is None:
        lengths[-1] = 2 * (x.shape[axes[-1]] - 1)
    if lengths[-1] < 1:
        raise ValueError(f"{name}: a transform needs at least one point, got {lengths[-1]}; pass n or s")
    for n, axis in zip((*lengths[:-1], lengths[-1] // 2 + 1), axes):
        x = _of_length(x, n, axis)
    return _irfftn(x, lengths[-1], axes, norm)


def _check_axes(name: str, axes: Axes) -> None:
    """Raise ValueError unless there are axes, all different."""
    if not axes or len(set(axes)) < len(axes):
        raise ValueError(f"{name}: expected axes, each of them once, got {axes}")


def _one(n: Any) -> Any:
    """Return a length as a tuple of lengths."""
    return None if n is None else (n,)


@keeps_kind
def fft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """Return the Fourier transform along an axis, as :func:`numpy.fft.fft`.

    Parameters
    ----------
    x : array_like or Tensor
    n : int, optional
        The number of points: ``x`` is cut, or filled up with zeros. Default: the length of the axis.
    axis : int
    norm : {None, "backward", "ortho", "forward"}
        Which direction is divided by n: the inverse (None and ``"backward"``), both by its root, or this one.

    Returns
    -------
    Tensor or ndarray
        Complex numbers.

    Examples
    --------
    >>> signal = np.array([1.0, 0.0, -1.0, 0.0])
    >>> power = lambda x: (abs(sg.fft.fft(x)) ** 2).sum()
    >>> sg.grad(power)(signal)  # by Parseval, 2 * 4 * signal
    array([ 8.,  0., -8.,  0.])
    """
    return _complex_to_complex(_fftn, "fft", x, _one(n), (axis,), norm)


@keeps_kind
def ifft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """Return the inverse of :func:`fft`, which has the same parameters."""
    return _complex_to_complex(_ifftn, "ifft", x, _one(n), (axis,), norm)


@keeps_kind
def fft2(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Any:
    """Return the Fourier transform along two axes: :func:`fftn` with these as default."""
    return _complex_to_complex(_fftn, "fft2", x, s, axes, norm)


@keeps_kind
def ifft2(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Any:
    """Return the inverse of :func:`fft2`."""
    return _complex_to_complex(_ifftn, "ifft2", x, s, axes, norm)


@keeps_kind
def fftn(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Any:
    """Return the Fourier transform along several axes, as :func:`numpy.fft.fftn`.

    Parameters
    ----------
    x : array_like or Tensor
    s : sequence of int, optional
        The number of points along each axis (-1: the length of the axis).
    axes : sequence of int, optional
        Default: all, or the last ones if there is an ``s``.
    norm : {None, "backward", "ortho", "forward"}
        As for :func:`fft`.
    """
    return _complex_to_complex(_fftn, "fftn", x, s, axes, norm)


@keeps_kind
def ifftn(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Any:
    """Return the inverse of :func:`fftn`, which has the same parameters."""
    return _complex_to_complex(_ifftn, "ifftn", x, s, axes, norm)


@keeps_kind
def rfft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """Return the first ``n // 2 + 1`` numbers of the Fourier transform of real numbers; the others follow from them.

    The parameters are those of :func:`fft`.
    """
    return _real_to_complex("rfft", x, _one(n), (axis,), norm)


@keeps_kind
def irfft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """Return the inverse of :func:`rfft`: real numbers.

    Parameters
    ----------
    x : array_like or Tensor
        The first half of a spectrum.
    n : int, optional
        The number of points of the result. Default: an even number, ``2 * (m - 1)`` for an axis of length m.
    axis, norm
        As for :func:`fft`.
    """
    return _complex_to_real("irfft", x, _one(n), (axis,), norm)


@keeps_kind
def rfft2(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Any:
    """Return half of the Fourier transform of real numbers along two axes: :func:`rfftn` with these as default."""
    return _real_to_complex("rfft2", x, s, axes, norm)


@keeps_kind
def irfft2(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Any:
    """Return the inverse of :func:`rfft2`."""
    return _complex_to_real("irfft2", x, s, axes, norm)


@keeps_kind
def rfftn(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Any:
    """Return half of the Fourier transform of real numbers along several axes: half in the last of them.

    The parameters are those of :func:`fftn`.
    """
    return _real_to_complex("rfftn", x, s, axes, norm)


@keeps_kind
def irfftn(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Any:
    """Return the inverse of :func:`rfftn`: real numbers. The last length in ``s`` is as ``n`` of :func:`irfft`."""
    return _complex_to_real("irfftn", x, s, axes, norm)


@keeps_kind
def hfft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """Return the real spectrum of a signal of which the first half is given; the other is its conjugate, reversed.

    The parameters are those of :func:`irfft`.
    """
    return _complex_to_real("hfft", conj(operand(x)), _one(n), (axis,), other_direction("hfft", norm))


@keeps_kind
def ihfft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """Return the inverse of :func:`hfft`: the first half of a signal."""
    return conj(_real_to_complex("ihfft", x, _one(n), (axis,), other_direction("ihfft", norm)))


@keeps_kind
def fftshift(x: Any, axes: int | Sequence[int] | None = None) -> Any:
    """Move the frequency 0 to the middle of axes (None: of all)."""
    return _rolled(x, axes, 1)


@keeps_kind
def ifftshift(x: Any, axes: int | Sequence[int] | None = None) -> Any:
    """Undo :func:`fftshift`."""
    return _rolled(x, axes, -1)


def _rolled(x: Any, axes: Any, sign: int) -> Any:
    x = operand(x)
    axes = normalize_axis_tuple(range(x.ndim) if axes is None else axes, x.ndim)
    return roll(x, tuple([sign * (x.shape[axis] // 2) for axis in axes]), axes)
