"""Cases of operations of complex numbers that begin with real parts and end with a real array, and of ``sg.fft``."""

from __future__ import annotations

from typing import Any

import numpy as np

import seegrad as sg
from seegrad.autograd.core.op import Op

from .case import Case, case, real

from_parts = Op.table["from_parts"]


def parts(z: Any) -> Any:
    """A real array that depends on both parts of each number."""
    return 2 * z.real - 3 * z.imag


def _matrix(n: int, sign: int) -> Any:
    """The matrix of the Fourier transform of ``n`` points, by its definition."""
    k = np.arange(n)
    return np.exp(sign * 2j * np.pi * np.outer(k, k) / n)


def _along(matrix: Any, x: Any, axis: int) -> Any:
    return np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)


def _whole(half: Any, n: int) -> Any:
    """The whole spectrum, or signal, of which the first half is given, in the last axis; what must be real is."""
    whole = np.zeros((*half.shape[:-1], n), complex)
    for k in range(n):
        whole[..., k] = half[..., k] if k <= n // 2 else half[..., n - k].conj()
    for k in (0, n // 2) if n % 2 == 0 else (0,):
        whole[..., k] = whole[..., k].real
    return whole


def _forward(x: Any, *axes: int) -> Any:
    for axis in axes:
        x = _along(_matrix(x.shape[axis], -1), x, axis)
    return x


def _back(x: Any, *axes: int) -> Any:
    for axis in axes:
        x = _along(_matrix(x.shape[axis], 1), x, axis) / x.shape[axis]
    return x


def _signal(half: Any, n: int, *axes: int) -> Any:
    return _back(_whole(_back(half, *axes), n), -1).real


def _half(x: Any, *axes: int) -> Any:
    return _forward(_forward(x, -1)[..., : x.shape[-1] // 2 + 1], *axes)


#: Function of sg.fft -> reference of complex numbers of shape (4, 3), in which ``...`` of real ones has shape (4, 3).
_OF_COMPLEX: dict[str, Any] = {
    "fft": lambda z: _forward(z, -1),
    "ifft": lambda z: _back(z, -1),
    "fft2": lambda z: _forward(z, 0, 1),
    "ifft2": lambda z: _back(z, 0, 1),
    "fftn": lambda z: _forward(z, 0, 1),
    "ifftn": lambda z: _back(z, 0, 1),
    "irfft": lambda z: _signal(z, 4),
    "hfft": lambda z: _signal(z.conj(), 4) * 4,
    "irfft2": lambda z: _signal(z, 4, 0),
    "irfftn": lambda z: _signal(z, 4, 0),
    "fftshift": lambda z: np.roll(z, (2, 1), (0, 1)),
    "ifftshift": lambda z: np.roll(z, (-2, -1), (0, 1)),
}
_OF_REAL: dict[str, Any] = {
    "rfft": lambda x: _half(x),
    "ihfft": lambda x: _half(x).conj() / 3,
    "rfft2": lambda x: _half(x, 0),
    "rfftn": lambda x: _half(x, 0),
}


def _transforms() -> list[Case]:
    return [
        case(
            f"fft[{name}]",
            lambda x, y, name=name: parts(getattr(sg.fft, name)(from_parts(x, y))),
            lambda x, y, reference=reference: parts(reference(x + 1j * y)),
            real(4, 3),
            real(4, 3),
            half=False,
        )
        for name, reference in _OF_COMPLEX.items()
    ] + [
        case(
            f"fft[{name}]",
            lambda x, name=name: parts(getattr(sg.fft, name)(x)),
            lambda x, reference=reference: parts(reference(x)),
            real(4, 3),
            half=False,
        )
        for name, reference in _OF_REAL.items()
    ]


def _shifted(x: Any) -> Any:
    return x + np.diag(np.arange(4.0, 4.0 + x.shape[-1])).astype(x.dtype)


def _phase(x: Any, y: Any) -> Any:
    determinant = np.linalg.det(_shifted(x) + 1j * y)
    return parts(determinant / np.abs(determinant))


def _linalg(name: str, reference: Any, f: Any, inputs: int) -> list[Case]:
    return [case(f"linalg[{name} complex]", f, reference, *[real(3, 3)] * inputs, half=False, constant_rows=False)]


CASES = [
    case("conj[real]", sg.conj, lambda x: x, real(2, 3)),
    case(
        "conj[complex]",
        lambda x, y: parts(sg.conj(from_parts(x, y))),
        lambda x, y: 2 * x + 3 * y,
        real(3),
        real(2, 1),
        half=False,
    ),
    case("real[real]", lambda x: sg.real(x) * 2, lambda x: 2 * x, real(2, 3)),
    case("imag[real]", lambda x: sg.imag(x) + x, lambda x: x, real(2, 3)),
    case(
        "from_parts[]",
        lambda x, y: parts(from_parts(x, y) ** 2),
        lambda x, y: 2 * x * x - 2 * y * y - 6 * x * y,
        real(2, 3),
        real(2, 3),
        half=False,
    ),
    *_transforms(),
    *_linalg("eig", lambda x: np.linalg.eigvals(_shifted(x)).real, lambda x: sg.linalg.eig(_shifted(x))[0].real, 1),
    *_linalg(
        "eigvals", lambda x: np.linalg.eigvals(_shifted(x)).real, lambda x: sg.linalg.eigvals(_shifted(x)).real, 1
    ),
    *_linalg("slogdet phase", _phase, lambda x, y: parts(sg.linalg.slogdet(from_parts(_shifted(x), y)).sign), 2),
]
