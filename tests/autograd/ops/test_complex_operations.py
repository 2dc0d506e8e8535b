"""Every operation on complex numbers: values by formulas of real numbers, derivatives by formulas and differences."""

from __future__ import annotations

import cmath
import itertools
import math

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.core.op import Op
from seegrad.autograd.ops import elementwise
from seegrad.autograd.ops.elementwise import RealElementwise

rng = np.random.default_rng(8)


def numbers(*shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


POINTS = [r * cmath.exp(1j * t) for r, t in itertools.product((0.4, 1.3, 2.2), np.arange(0.4, 6.2, 0.9))]

#: Holomorphic operation -> Python's own function of one complex number, and its derivative.
HOLOMORPHIC = {
    "negative": (lambda z: -z, lambda z: -1),
    "positive": (lambda z: z, lambda z: 1),
    "reciprocal": (lambda z: 1 / z, lambda z: -1 / z**2),
    "square": (lambda z: z * z, lambda z: 2 * z),
    "exp": (cmath.exp, cmath.exp),
    "exp2": (lambda z: cmath.exp(z * math.log(2)), lambda z: cmath.exp(z * math.log(2)) * math.log(2)),
    "expm1": (lambda z: cmath.exp(z) - 1, cmath.exp),
    "log": (cmath.log, lambda z: 1 / z),
    "log2": (lambda z: cmath.log(z) / math.log(2), lambda z: 1 / z / math.log(2)),
    "log10": (cmath.log10, lambda z: 1 / z / math.log(10)),
    "log1p": (lambda z: cmath.log(1 + z), lambda z: 1 / (1 + z)),
    "sqrt": (cmath.sqrt, lambda z: 0.5 / cmath.sqrt(z)),
    "sin": (cmath.sin, cmath.cos),
    "cos": (cmath.cos, lambda z: -cmath.sin(z)),
    "tan": (cmath.tan, lambda z: 1 / cmath.cos(z) ** 2),
    "arcsin": (cmath.asin, lambda z: 1 / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z))),
    "arccos": (cmath.acos, lambda z: -1 / (cmath.sqrt(1 - z) * cmath.sqrt(1 + z))),
    "arctan": (cmath.atan, lambda z: 1 / (1 + z * z)),
    "sinh": (cmath.sinh, cmath.cosh),
    "cosh": (cmath.cosh, cmath.sinh),
    "tanh": (cmath.tanh, lambda z: 1 / cmath.cosh(z) ** 2),
    "arcsinh": (cmath.asinh, lambda z: 1 / (cmath.sqrt(1 + 1j * z) * cmath.sqrt(1 - 1j * z))),
    "arccosh": (cmath.acosh, lambda z: 1 / (cmath.sqrt(z - 1) * cmath.sqrt(z + 1))),
    "arctanh": (cmath.atanh, lambda z: 1 / (1 - z * z)),
    "sinc": (
        lambda z: cmath.sin(math.pi * z) / (math.pi * z),
        lambda z: cmath.cos(math.pi * z) / z - cmath.sin(math.pi * z) / (math.pi * z * z),
    ),
}

#: Operation that is not holomorphic -> the function, and its derivatives by the real and the imaginary part.
OTHERS = {
    "absolute": (abs, lambda z: z.real / abs(z), lambda z: z.imag / abs(z)),
    "sign": (
        lambda z: z / abs(z),
        lambda z: 1 / abs(z) - z * z.real / abs(z) ** 3,
        lambda z: 1j / abs(z) - z * z.imag / abs(z) ** 3,
    ),
    "conj": (lambda z: z.conjugate(), lambda z: 1, lambda z: -1j),
    "rint": (lambda z: complex(round(z.real), round(z.imag)), lambda z: 0, lambda z: 0),
    "real": (lambda z: z.real, lambda z: 1, lambda z: 0),
    "imag": (lambda z: z.imag, lambda z: 0, lambda z: 1),
}
BINARY = {"add", "subtract", "multiply", "divide", "power", "ratio", "where"}
COMPOSED = {"clip", "elu", "leaky_relu"}  # of operations that refuse


def test_every_elementwise_operation_takes_complex_numbers_or_refuses_them():
    refusing = {name for name, op in Op.table.items() if isinstance(op, RealElementwise)}
    assert {*elementwise.__all__} <= {*HOLOMORPHIC, *OTHERS, *BINARY, *COMPOSED, *refusing}
    assert refusing.isdisjoint({*HOLOMORPHIC, *OTHERS, *BINARY})


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic_operations(name, dtype):
    f, slope = HOLOMORPHIC[name]
    z = np.array(POINTS, dtype)
    tolerance = 1e-4 if dtype is np.complex64 else 1e-11
    found = getattr(sg, name)(z)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, [f(complex(x)) for x in z], rtol=tolerance, atol=tolerance)
    derivative = sg.elementwise_grad(getattr(sg, name), holomorphic=True)(z)
    assert derivative.dtype == dtype
    np.testing.assert_allclose(derivative, [slope(complex(x)) for x in z], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", OTHERS)
def test_operations_that_are_not_holomorphic(name):
    f, by_real, by_imag = OTHERS[name]
    z, op = np.array(POINTS), getattr(sg, name)
    np.testing.assert_allclose(op(z), [f(x) for x in POINTS], rtol=1e-14)
    for turn, part in ((1.0, np.real), (-1j, np.imag)):  # the gradients of both parts of the result
        out, pull = sg.vjp(op, z)
        if np.iscomplexobj(out) or turn == 1.0:
            (gradient,) = pull(np.full(out.shape, turn))
            expected = [part(by_real(x)) - 1j * part(by_imag(x)) for x in POINTS]
            np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-12)


REFUSING = sorted(name for name, op in Op.table.items() if isinstance(op, RealElementwise))


@pytest.mark.parametrize("name", [*REFUSING, "leaky_relu", "elu"])
@pytest.mark.parametrize("kind", [lambda z: z, lambda z: sg.tensor(z, requires_grad=True), sg.tensor])
def test_operations_of_real_numbers_refuse_complex_ones(name, kind):
    op = Op.table.get(name) or getattr(sg, name)
    z = kind(np.array([1.0 + 2.0j, 3.0]))
    with pytest.raises(TypeError, match="takes real numbers, got complex numbers"):
        op(*[z] * getattr(op, "arity", 1))


ORDERS = {
    "<": lambda z: z < 1,
    ">= of numbers": lambda z: sg.tensor([1.0, 2.0]) >= (z if isinstance(z, sg.Tensor) else sg.tensor(z)),
    "np.less": lambda z: np.less(sg.tensor([1.0, 2.0]), z),
    "sort": sg.sort,
    "argmax": sg.argmax,
    "argmin": sg.argmin,
    "clip": lambda z: sg.clip(z, 0, 1),
    "softmax": sg.softmax,
    "log_softmax": sg.log_softmax,
    "logsumexp": sg.logsumexp,
    "layer_norm": lambda z: Op.table["layer_norm"](z, z, z, axes=1, eps=0.1),
    "linear": lambda z: sg.nn.functional.linear(z, np.ones((2, 2))),
    "layer": lambda z: sg.nn.Linear(2, 2)(sg.tensor(z.data) if isinstance(z, sg.Tensor) else z),
    "max_pool2d": lambda z: sg.max_pool2d(z.reshape(1, 1, 2, 1), 1),
    "conv2d": lambda z: sg.conv2d(z.reshape(1, 1, 2, 1), np.ones((1, 1, 1, 1))),
    "mse": lambda z: sg.nn.functional.mse_loss(z, np.ones(2)),
    "target": lambda z: sg.nn.functional.mse_loss(sg.tensor([1.0, 2.0]), z),
    "Parameter": sg.nn.Parameter,
    "float": lambda z: float((sg.tensor(z.data) if isinstance(z, sg.Tensor) else sg.tensor(z))[0]),
    "rfft": sg.fft.rfft,
    "ihfft": sg.fft.ihfft,
    "bincount": lambda z: np.bincount([0, 1], sg.tensor(z.data) if isinstance(z, sg.Tensor) else sg.tensor(z)),
}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("kind", [lambda z: z, lambda z: sg.tensor(z, requires_grad=True)])
def test_what_needs_real_numbers_says_so(name, kind):
    if name == "<" and kind(np.ones(1)).__class__ is np.ndarray:
        return  # NumPy's own
    with pytest.raises(TypeError, match=r"complex|floating-point"):
        ORDERS[name](kind(np.array([1.0 + 2.0j, 3.0])))


CHECKED = {
    **{
        f"{name} {kind}": (getattr(sg, name), [x() for x in makers])
        for name in ("add", "subtract", "multiply", "divide", "power")
        for kind, makers in {
            "of complex": (lambda: numbers(3), lambda: numbers(2, 1)),
            "by real": (lambda: numbers(3), lambda: rng.normal(size=(2, 1))),
            "of real": (lambda: rng.normal(size=3), lambda: numbers(2, 1)),
        }.items()
    },
    **{f"power {p}": (lambda z, p=p: z**p, [numbers(3)]) for p in (0, 1, 2, 3, -1, 0.5, 1j, 2 + 1j)},
    **{f"power of real {p}": (lambda x, p=p: x**p, [rng.normal(size=3)]) for p in (1j, 2 + 1j)},
    **{f"exponent of {b}": (lambda z, b=b: b**z, [numbers(3)]) for b in (2.0, -2.0, 1j)},
    "angle": (np.angle, [numbers(3)]),
    "real_if_close": (lambda z: np.real_if_close(z) ** 2, [numbers(3)]),
    "real_if_close of almost real": (lambda z: np.real_if_close(z, 1e17) ** 2, [numbers(3)]),
    **{
        f"{name} {axis}": (lambda z, name=name, axis=axis: getattr(np, name)(z, axis=axis), [numbers(2, 3)])
        for name in ("sum", "mean", "var", "std", "prod", "cumsum", "cumprod", "max", "min", "ptp")
        for axis in (None, 0, 1)
    },
    "prod with a zero": (lambda z: np.prod(z, 1), [numbers(2, 3) * [[1, 0, 1], [1, 1, 1]]]),
    "cumprod with a zero": (lambda z: np.cumprod(z, 1), [numbers(2, 3) * [[1, 0, 1], [1, 1, 1]]]),
    "norm with a zero": (lambda z: np.linalg.norm(z, axis=1), [numbers(2, 3) * [[1, 0, 1], [1, 1, 1]]]),
    "norm of nothing but zeros, squared": (lambda z: np.linalg.norm(z) ** 2, [np.zeros(3, complex)]),
    "std of equal numbers, squared": (lambda z: np.std(z) ** 2, [np.full(3, 1j)]),
    **{
        f"norm {order}": (lambda z, order=order: np.linalg.norm(z, order, axis=1), [numbers(2, 3)])
        for order in (1, 2, 3, 0.5, np.inf, -np.inf)
    },
    **{
        f"matrix norm {order}": (lambda z, order=order: np.linalg.norm(z, order), [numbers(3, 2)])
        for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    },
    "matmul": (np.matmul, [numbers(2, 3), numbers(3, 2)]),
    "matmul with real": (np.matmul, [numbers(4, 2, 3), rng.normal(size=(3, 2))]),
    "einsum": (lambda x, y: np.einsum("ij,kj->ik", x, y), [numbers(2, 3), numbers(4, 3)]),
    **{name: (getattr(np, name), [numbers(3), numbers(3)]) for name in ("vdot", "dot", "inner", "outer", "kron")},
    "where": (lambda x, y: sg.where([True, False, True], x, y), [numbers(3), rng.normal(size=3)]),
    "concatenate": (lambda x, y: np.concatenate([x, y]) ** 2, [numbers(2), rng.normal(size=3)]),
    "pad": (lambda z: np.pad(z, 1, constant_values=1j) ** 2, [numbers(2, 2)]),
    "shapes": (lambda z: np.tril(np.flip(np.roll(z.T.reshape(3, 2), 1, 0), 1)), [numbers(2, 3)]),
    "take": (lambda z: np.take(z, [0, 1, 1]) ** 2, [numbers(2, 3)]),
    "getitem": (lambda z: z[[0, 0, 1], 1:] ** 2, [numbers(2, 3)]),
    "round": (lambda z: z + np.round(z, 1), [numbers(3)]),
    "nan_to_num": (lambda z: np.nan_to_num(z) ** 2, [numbers(3)]),
    "gradient": (lambda z: np.gradient(z) ** 2, [numbers(5)]),
    "average": (lambda z, w: np.average(z, weights=w), [numbers(4), numbers(4)]),
    "cast": (lambda x: x.astype(complex) ** 2 * 1j, [rng.normal(size=3)]),
    "dtype of a sum": (lambda x: np.sum(x, dtype=complex) * 1j, [rng.normal(size=3)]),
}


@pytest.mark.parametrize("name", CHECKED)
def test_derivatives_are_finite_differences_to_second_order(name):
    f, inputs = CHECKED[name]
    leaves = [sg.tensor(x, requires_grad=True) for x in inputs]
    assert sg.gradcheck(f, leaves, order=2, rtol=1e-4, atol=1e-5)
    plain = f(*[x.data for x in leaves])
    np.testing.assert_allclose(f(*leaves).data, plain, rtol=1e-12, atol=1e-12)


def adjoint(x):
    return np.conj(x.T)


def definite(x):
    return x @ adjoint(x) + np.eye(len(x.data), dtype=x.dtype)


def of_hermitian(x):
    values, vectors = sg.linalg.eigh(x + adjoint(x))
    return (vectors * np.exp(values)) @ adjoint(vectors)


def of_singular_values(x):
    u, s, vh = sg.linalg.svd(x, full_matrices=False)
    return (u * np.exp(-s)) @ vh


def of_eigenvalues(x):
    values, vectors = np.linalg.eig(x)
    return (vectors * np.exp(values)) @ sg.linalg.inv(vectors)


OBLONG = ((3, 3), (4, 2), (2, 4))
LINALG = {
    "inv": (sg.linalg.inv, (3, 3)),
    "det": (sg.linalg.det, (2, 3, 3)),
    "logabsdet": (lambda x: np.linalg.slogdet(x)[1], (3, 3)),
    "sign of det": (lambda x: np.linalg.slogdet(x)[0], (3, 3)),
    "solve": (lambda x: np.linalg.solve(x, x[:, :1] ** 2), (3, 3)),
    "cholesky": (lambda x: np.linalg.cholesky(definite(x)), (3, 3)),
    "eigenvalues": (lambda x: np.linalg.eigh(x + adjoint(x))[0], (3, 3)),
    "eigenvectors": (lambda x: np.abs(np.linalg.eigh(x + adjoint(x))[1]) ** 2, (3, 3)),
    "eigenvalues of a triangle": (lambda x: np.linalg.eigh(x)[0], (2, 3, 3)),
    "eigenvectors of the upper triangle": (lambda x: np.abs(np.linalg.eigh(x, "U")[1]) ** 2, (3, 3)),
    "function of Hermitian": (of_hermitian, (3, 3)),
    "general eigenvalues": (np.linalg.eigvals, (3, 3)),
    "general eigenvectors": (lambda x: np.linalg.eig(x)[1] ** 2, (2, 3, 3)),
    "function of a matrix": (of_eigenvalues, (3, 3)),
    "expm": (sg.linalg.expm, (3, 3)),
    "logm": (lambda x: sg.linalg.logm(definite(x)), (3, 3)),
    "sqrtm": (lambda x: sg.linalg.sqrtm(definite(x)), (3, 3)),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, -2), (3, 3)),
    **{
        f"{name} {shape}": (f, shape)
        for shape in OBLONG
        for name, f in {
            "singular values": lambda x: np.linalg.svd(x, compute_uv=False),
            "left vectors": lambda x: np.abs(np.linalg.svd(x, full_matrices=False)[0]) ** 2,
            "right vectors": lambda x: np.abs(np.linalg.svd(x, full_matrices=False)[2]) ** 2,
            "of singular values": of_singular_values,
            "Q": lambda x: np.linalg.qr(x)[0],
            "R": lambda x: np.linalg.qr(x)[1],
            "pinv": np.linalg.pinv,
            "truncated pinv": lambda x: sg.linalg.pinv(x, rcond=0.7),
            "polar U": lambda x: sg.linalg.polar(x).U,
            "polar P": lambda x: sg.linalg.polar(x).P,
        }.items()
    },
}


@pytest.mark.parametrize("name", LINALG)
def test_linear_algebra_of_complex_matrices(name):
    f, shape = LINALG[name]
    x = sg.tensor(numbers(*shape), requires_grad=True)
    assert sg.gradcheck(f, x, order=2, rtol=1e-4, atol=1e-4)
    single = sg.tensor(x.data.astype(np.complex64), requires_grad=True)
    assert f(single).dtype in (np.complex64, np.float32)
    np.testing.assert_allclose(f(single).data, f(x).data, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("of", [lambda r: r[0], lambda r: r[1] ** 2], ids=["values", "vectors"])
@pytest.mark.parametrize("seed", range(6))
def test_eigenvalues_of_real_matrices(seed, of):
    x = sg.tensor(np.random.default_rng(seed).normal(size=(4, 4)), requires_grad=True)
    assert sg.gradcheck(lambda x: of(np.linalg.eig(x)), x, order=2, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("UPLO", ["L", "U", "l"])
def test_the_triangle_that_is_read_gets_the_gradient_of_eigenvalues(UPLO):
    x = sg.tensor(np.random.default_rng(3).normal(size=(2, 3, 3)), requires_grad=True)
    assert sg.gradcheck(lambda x: np.linalg.eigvalsh(x, UPLO) ** 2, x, order=2)
    assert sg.gradcheck(lambda x: np.linalg.eigh(x, UPLO)[1] ** 2, x, order=2, rtol=1e-4, atol=1e-4)
    (np.linalg.eigvalsh(x, UPLO) ** 2).sum().backward()
    other = np.triu(x.grad, 1) if UPLO.upper() == "L" else np.tril(x.grad, -1)
    np.testing.assert_array_equal(other, 0)


def test_results_of_hermitian_matrices_are_real():
    x = numbers(3, 3)
    for function in (lambda x: np.linalg.eigh(x)[0], sg.linalg.svdvals, sg.norm, lambda x: np.linalg.slogdet(x)[1]):
        assert function(sg.tensor(x, requires_grad=True)).dtype == np.float64
        assert function(sg.tensor(x.astype(np.complex64), requires_grad=True)).dtype == np.float32


def test_large_sums_variances_and_norms():
    z = numbers(300, 200)
    t = sg.tensor(z, requires_grad=True)
    for f in (np.sum, np.mean, np.var, np.std, np.linalg.norm):
        np.testing.assert_allclose(f(t).data, f(z), rtol=1e-12)
        np.testing.assert_allclose(f(t[:, :1]).data, f(z[:, :1]), rtol=1e-12)
    (gradient,) = sg.vjp(np.var, z)[1](1.0)
    np.testing.assert_allclose(gradient, 2 * np.conj(z - z.mean()) / z.size, rtol=1e-10, atol=1e-18)


def test_norms_and_deviations_far_from_the_range_of_squares():
    for scale in (1e-200, 1e200):
        z = numbers(4) * scale
        assert sg.norm(z) == pytest.approx(np.linalg.norm(z / scale) * scale)
        assert sg.std(z) == pytest.approx(np.std(z / scale) * scale)
        np.testing.assert_allclose(sg.grad(sg.norm)(z), np.conj(z) / np.linalg.norm(z / scale) / scale, rtol=1e-12)


# ------------------------------------------------------------------------------------------- writes into parts


def test_parts_share_memory_as_in_numpy():
    z, other = numbers(3), numbers(3)
    t = sg.tensor(z) * 1
    re, im = t.real, t.imag
    re[0] = 5.0
    im += 2.0
    t[2] = other[2]
    assert t.data[0].real == 5.0
    np.testing.assert_array_equal(re.data, t.data.real)
    np.testing.assert_array_equal(im.data, t.data.imag)
    expected = z.copy()
    expected.real[0] = 5.0
    expected.imag += 2.0
    expected[2] = other[2]
    np.testing.assert_array_equal(t.data, expected)


def test_writes_into_parts_have_derivatives():
    def f(z):
        y = z * 1
        y[1] = 2j * z[0]
        y.real[0] = 3 * z.imag[2]
        y.imag[2:] = z.real[:1]
        y.real = y.real * 2.0
        y[[0, 0]] = z[1:3]
        return y * y

    assert sg.gradcheck(f, sg.tensor(numbers(4), requires_grad=True), order=2)


def test_real_arrays_refuse_imaginary_parts():
    t = sg.tensor([1.0, 2.0], requires_grad=True) * 1
    with pytest.raises(TypeError, match="no imaginary part"):
        t.imag = 1.0
    for write in (lambda: t.__setitem__(0, 1j), lambda: t.__iadd__(1j), lambda: np.pad(t, 1, constant_values=1j)):
        with pytest.raises(TypeError):
            write()


def test_what_is_left_out_has_a_gradient_of_zero_in_both_parts():
    with np.errstate(divide="ignore"):
        gradient = sg.grad(lambda z: np.where(np.abs(z) > 0, np.log(z), 0).real.sum())(np.array([0.0, 2j]))
    np.testing.assert_array_equal(gradient, [0, -0.5j])
    gradient = sg.grad(lambda x: np.sqrt(x.real[1:] * 1j).imag.sum())(np.array([0.0 + 0j, 2.0]))
    np.testing.assert_allclose(gradient, [0, 0.25], atol=1e-12)
