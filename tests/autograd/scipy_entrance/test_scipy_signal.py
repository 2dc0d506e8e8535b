"""``seegrad.scipy.signal``: convolutions and filters, with SciPy's values and derivatives to second order."""

from __future__ import annotations

import numpy as np
import pytest

scipy_signal = pytest.importorskip("scipy.signal", reason="no SciPy")

from scipy_checks import conforms, leaves, pair  # noqa: E402 (a file of SciPy's tests is nothing without it)

import seegrad as sg  # noqa: E402
from seegrad.scipy import signal  # noqa: E402

RNG = np.random.default_rng(0)
SHAPES = [
    ((5,), (3,)),
    ((5,), (2,)),
    ((2,), (5,)),
    ((3,), (6,)),
    ((3, 2), (2, 2)),
    ((2, 1), (2, 3)),
    ((2, 2, 2), (1, 2, 1)),
]


def both(name, *args, **options):
    """A function of ``seegrad.scipy.signal`` and SciPy's, with further arguments."""
    return pair(signal, scipy_signal, name, *args, **options)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("first", "second"), SHAPES)
def test_convolutions(first, second, mode):
    x, y = RNG.standard_normal(first), RNG.standard_normal(second)
    for method in ("direct", "fft"):
        conforms(*both("convolve", mode, method), x, y, order=2 if method == "direct" else 1)
        conforms(*both("correlate", mode, method), x, y, order=1)
    conforms(*both("fftconvolve", mode), x, y, order=1)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_complex_numbers_and_axes(mode):
    x, y = (RNG.standard_normal(n) + 1j * RNG.standard_normal(n) for n in (4, 3))
    conforms(*both("convolve", mode), x, y)
    conforms(*both("correlate", mode), x, y)
    x, y = RNG.standard_normal((3, 4)), RNG.standard_normal((1, 2))
    conforms(*both("fftconvolve", mode, axes=1), x, y)
    conforms(*both("oaconvolve", mode, axes=[-1]), x, y)


@pytest.mark.parametrize("shape", [(6,), (2,), (2, 5)])
def test_filters(shape):
    b, a, x = RNG.standard_normal(3), np.array([1.3, -0.4, 0.2]), RNG.standard_normal(shape)
    conforms(*both("lfilter"), b, a, x)
    conforms(*both("lfilter"), b[:1], a[:1], x)
    conforms(*both("lfilter", 0), b, a, x, order=1)
    conforms(*both("lfilter"), b + 0.1j, a - 0.1j, x + 0.3j, order=1)
    sos = scipy_signal.butter(4, 0.3, output="sos")
    conforms(lambda x: signal.sosfilt(sos, x), lambda x: scipy_signal.sosfilt(sos, x), x)


def test_coefficients_of_sections():
    sos, x = scipy_signal.butter(4, 0.3, output="sos"), RNG.standard_normal(7)
    free = np.arange(6) != 3  # SciPy wants a leading 1

    def filtered(c):
        return signal.sosfilt(np.where(free, c, sos), x)

    assert sg.gradcheck(filtered, leaves(sos), order=2)


def test_batches_dtypes_and_numbers():
    x, y = RNG.standard_normal((4, 6)), RNG.standard_normal(3)
    found = sg.vmap(lambda x: signal.convolve(x, y, "same"))(x)
    np.testing.assert_allclose(found, [scipy_signal.convolve(row, y, "same") for row in x])
    t = sg.tensor(x[0].astype(np.float32), requires_grad=True)
    out = signal.convolve(t, y.astype(np.float32))
    out.sum().backward()
    assert out.dtype == t.grad.dtype == np.float32
    assert float(signal.convolve(2.0, 3.0)) == 6.0
    assert signal.convolve([1, 2], [1, 10]).tolist() == [1, 12, 20]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: signal.convolve(t, t[0]), ValueError, "equally many axes"),
        (lambda t: signal.convolve(t, t[:0]), ValueError, "at least one element"),
        (lambda t: signal.convolve(t, t, "middle"), ValueError, "mode is 'full', 'same' or 'valid'"),
        (lambda t: signal.convolve(t, t, method="x"), ValueError, "method is 'auto'"),
        (lambda t: signal.convolve(t[None, :2], t[:, None], "valid"), ValueError, "at least as large"),
        (lambda t: signal.lfilter(t[None], [1.0], t), ValueError, "expected vectors b and a"),
        (lambda t: signal.lfilter([1.0], [1.0], t, zi=[]), TypeError, "with zi there is no derivative"),
        (lambda t: signal.sosfilt(t, t), ValueError, r"\(sections, 6\)"),
        (lambda t: signal.lfilter([1.0], [0.0, 1.0], t), ValueError, None),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(sg.tensor([1.0, 2.0, 3.0], requires_grad=True))
