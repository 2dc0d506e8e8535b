"""``sg.fft``, and ``np.fft`` of Tensors, against the matrices of the transforms and finite differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import seegrad as sg

rng = np.random.default_rng(4)
NORMS = (None, "backward", "ortho", "forward")
COMPLEX_1D, REAL_1D = ("fft", "ifft"), ("rfft", "ihfft")
TO_REAL_1D = ("irfft", "hfft")


def numbers(*shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def matrix(name, size, n, norm):
    """The linear map of a transform along one axis, from ``size`` numbers to ``n`` points, by the definition.

    The results of ``irfft`` and ``hfft`` are the real part of what it gives: each number of the half that is given
    counts for its conjugate, too.
    """
    backward = name in ("ifft", "irfft", "ihfft")
    k = np.arange(n)
    whole = np.exp((2j if backward else -2j) * np.pi * np.outer(k, k) / n)
    factors = {None: (1, 1 / n), "backward": (1, 1 / n), "ortho": (n**-0.5, n**-0.5), "forward": (1 / n, 1)}
    whole = whole * factors[norm][backward]
    if name in ("fft", "ifft"):
        return whole[:, :size] @ np.eye(min(n, size), size)
    if name in ("rfft", "ihfft"):
        return whole[: n // 2 + 1, :size] @ np.eye(min(n, size), size)
    used = min(size, n // 2 + 1)
    counts = np.where((k[:used] == 0) | (2 * k[:used] == n), 1.0, 2.0)
    return (whole[:, :used] * counts) @ np.eye(used, size)


@pytest.mark.parametrize(
    ("name", "n", "axis", "norm"),
    [*itertools.product((*COMPLEX_1D, *REAL_1D, *TO_REAL_1D), (None, 1, 3, 4, 5, 8), (0, -1), NORMS)],
)
def test_one_axis_against_the_matrix(name, n, axis, norm):
    x = rng.normal(size=(4, 5)) if name in REAL_1D else numbers(4, 5)
    size = x.shape[axis]
    points = n or (2 * (size - 1) if name in TO_REAL_1D else size)
    m = matrix(name, size, points, norm)
    expected = np.moveaxis(np.tensordot(m, x, (1, axis)), 0, axis)
    expected = expected.real if name in TO_REAL_1D else expected
    t = sg.tensor(x, requires_grad=True)
    out = getattr(np.fft, name)(t, n, axis, norm)
    np.testing.assert_allclose(out.data, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(out.data, getattr(np.fft, name)(x, n, axis, norm))
    assert out.dtype == getattr(np.fft, name)(x, n, axis, norm).dtype
    arriving = rng.normal(size=out.shape) if name in TO_REAL_1D else numbers(*out.shape)
    out.backward(arriving)
    transposed = np.moveaxis(np.tensordot(m.T, arriving, (1, axis)), 0, axis)
    transposed = transposed.real if name in REAL_1D else transposed
    np.testing.assert_allclose(t.grad, transposed, rtol=1e-12, atol=1e-12)


AXES = (
    {},
    {"axes": (1,)},
    {"axes": (2, 0)},
    {"s": (3, 5)},
    {"s": (2, 6), "axes": (0, 1)},
    {"s": (-1, 4), "axes": (2, 1)},
)


@pytest.mark.parametrize(("options", "norm"), [*itertools.product(AXES, NORMS)])
@pytest.mark.parametrize("name", ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"])
@pytest.mark.filterwarnings("ignore:`axes` should not be `None`:DeprecationWarning")
def test_several_axes_are_one_after_the_other(name, options, norm):
    x = rng.normal(size=(2, 4, 2)) if name[0] == "r" else numbers(2, 4, 2)
    t = sg.tensor(x, requires_grad=True)
    out = getattr(np.fft, name)(t, norm=norm, **options)
    np.testing.assert_array_equal(out.data, getattr(np.fft, name)(x, norm=norm, **options))
    assert sg.gradcheck(lambda x: getattr(sg.fft, name)(x, norm=norm, **options), t, order=1 + (norm is None))


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
@pytest.mark.parametrize("n", [None, 4, 7])
def test_second_derivatives(name, n):
    x = rng.normal(size=(2, 5)) if name in REAL_1D else numbers(2, 5)
    t = sg.tensor(x, requires_grad=True)
    assert sg.gradcheck(lambda x: np.square(getattr(np.fft, name)(x, n)), t, order=2, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["fft", "ifft", "irfft", "hfft", "fft2", "ifftn", "irfft2", "fftshift"])
def test_real_arrays_get_real_gradients(name):
    x = rng.normal(size=(4, 5))
    gradient = sg.grad(lambda x: np.sum(np.abs(getattr(np.fft, name)(x)) ** 2))(x)
    assert gradient.dtype == np.float64
    assert sg.gradcheck(getattr(sg.fft, name), sg.tensor(x, requires_grad=True), order=2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
@pytest.mark.parametrize("axes", [None, 0, (1,), (0, 2), (-1, 0)])
@pytest.mark.parametrize("kind", [lambda x: x, lambda x: x * 1j])
def test_shifts(name, axes, kind):
    x = kind(rng.normal(size=(3, 4, 5)))
    t = sg.tensor(x, requires_grad=True)
    np.testing.assert_array_equal(getattr(np.fft, name)(t, axes).data, getattr(np.fft, name)(x, axes))
    other = {"fftshift": sg.fft.ifftshift, "ifftshift": sg.fft.fftshift}[name]
    np.testing.assert_array_equal(other(getattr(sg.fft, name)(t, axes), axes).data, x)
    (back,) = sg.vjp(lambda x: getattr(sg.fft, name)(x, axes), x)[1](x)
    np.testing.assert_array_equal(back, other(x, axes))


def test_an_axis_that_is_named_twice_is_transformed_twice():
    z = numbers(3, 4)
    for s in (None, (5, 2), (2, 5)):
        found = np.fft.fftn(sg.tensor(z, requires_grad=True), s, (1, 1))
        np.testing.assert_allclose(found.data, np.fft.fftn(z, s, (1, 1)), atol=1e-12)
    with pytest.raises(ValueError, match="each of them once"):
        sg.fft.rfftn(z.real, axes=(1, 1))


@pytest.mark.parametrize("name", ["fft", "rfft", "irfft", "fft2", "rfftn", "irfftn", "hfft", "ihfft", "fftshift"])
def test_single_precision_stays_single(name):
    x = rng.normal(size=(4, 6)).astype(np.float32)
    t = sg.tensor(x, requires_grad=True)
    out = getattr(np.fft, name)(t)
    assert out.dtype == getattr(np.fft, name)(x).dtype
    assert out.dtype in (np.complex64, np.float32)
    (abs(out) ** 2).sum().backward()
    assert t.grad.dtype == np.float32
    z = sg.tensor(x + 1j * x, requires_grad=True)
    assert z.dtype == np.complex64
    (abs(sg.fft.ifft(sg.fft.fft(z))) ** 2).sum().backward()
    assert z.grad.dtype == np.complex64
    np.testing.assert_allclose(z.grad, 2 * z.data.conj(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "rfftn", "irfft2", "fftshift"]
)
def test_batches_and_programs(name):
    x = rng.normal(size=(3, 4, 5)) if name[0] != "i" else numbers(3, 4, 5)
    x = x.real if name in (*REAL_1D, "rfftn") else x

    def power(x):
        return np.sum(np.abs(getattr(np.fft, name)(x) + 1j) ** 3)

    plain, compiled = sg.value_and_grad(power), sg.compile(sg.value_and_grad(power))
    expected = [plain(x) for x in x]
    values, gradients = sg.vmap(plain)(x)
    np.testing.assert_allclose(values, [value for value, _ in expected], rtol=1e-12)
    np.testing.assert_allclose(gradients, [g for _, g in expected], rtol=1e-10, atol=1e-12)
    for one, (value, gradient) in zip(x, expected, strict=True):
        found = compiled(one)
        assert found[0] == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(found[1], gradient, rtol=1e-12, atol=1e-12)
    assert (compiled.why_not, compiled.replays) == (None, 2)


def test_the_transform_is_unitary_to_its_gradient():
    """By Parseval's theorem."""
    z = numbers(6)
    gradient = sg.grad(lambda z: np.sum(np.abs(np.fft.fft(z, norm="ortho")) ** 2))(z)
    np.testing.assert_allclose(gradient, 2 * z.conj(), rtol=1e-12)


def test_a_convolution_by_transforms_has_the_gradient_of_a_convolution():
    x, kernel, arriving = rng.normal(size=9), rng.normal(size=4), rng.normal(size=12)

    def by_transforms(x, kernel):
        return np.fft.irfft(np.fft.rfft(x, 12) * np.fft.rfft(kernel, 12), 12)

    out, pull = sg.vjp(by_transforms, x, kernel)
    np.testing.assert_allclose(out, np.convolve(x, kernel), atol=1e-12)
    to_x, to_kernel = pull(arriving)
    np.testing.assert_allclose(to_x, np.correlate(arriving, kernel, "valid"), atol=1e-12)
    np.testing.assert_allclose(to_kernel, np.correlate(arriving, x, "valid"), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda x: sg.fft.fft(x, norm="both"), ValueError, "'ortho' or 'forward', got 'both'"),
        (lambda x: sg.fft.hfft(x, norm="both"), ValueError, "got 'both'"),
        (lambda x: np.fft.fft(x, 0), ValueError, "at least one point, got 0"),
        (lambda x: np.fft.irfft(x[:, :1]), ValueError, "at least one point, got 0; pass n"),
        (lambda x: sg.fft.fftn(x, (3,), (0, 1)), ValueError, "1 lengths in s for 2 axes"),
        (lambda x: np.fft.rfft(x * 1j), TypeError, "rfft takes real numbers, got complex"),
        (lambda x: np.fft.fft(x, out=np.zeros(3)), TypeError, "out=array"),
        (lambda x: np.fft.fft(x, axis=2), np.exceptions.AxisError, "axis 2"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, told):
    with pytest.raises(error, match=told):
        call(sg.tensor(rng.normal(size=(2, 3)), requires_grad=True))


def test_plain_arrays_give_plain_arrays_and_frequencies_are_numpys():
    x = rng.normal(size=6)
    assert type(sg.fft.fft(x)) is np.ndarray
    assert type(sg.fft.irfft(list(x))) is np.ndarray
    np.testing.assert_array_equal(sg.fft.fftfreq(6, 0.5), np.fft.fftfreq(6, 0.5))
    np.testing.assert_array_equal(sg.fft.rfftfreq(6), np.fft.rfftfreq(6))
    assert set(sg.fft.__all__) == {name for name in dir(np.fft) if not name.startswith("_")} - {"helper", "test"}
    assert dir(sg.fft) == sg.fft.__all__
