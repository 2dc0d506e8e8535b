"""``seegrad.scipy.linalg``: SciPy's values, and derivatives, of general, complex and special matrices."""

from __future__ import annotations

import numpy as np
import pytest

scipy_linalg = pytest.importorskip("scipy.linalg", reason="no SciPy")

from scipy_checks import conforms, leaves, pair  # noqa: E402 (a file of SciPy's tests is nothing without it)

import seegrad as sg  # noqa: E402
from seegrad.scipy import linalg  # noqa: E402

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((3, 3))
COMPLEX = REAL + 1j * RNG.standard_normal((3, 3))
POSITIVE = REAL @ REAL.T + 3 * np.eye(3)
HERMITIAN = COMPLEX @ COMPLEX.conj().T + np.eye(3)
DEFECTIVE = np.array([[2.0, 1], [0, 2]])  # one eigenvector for two eigenvalues
SMALL, SMALL_COMPLEX = REAL[:2, :2], COMPLEX[:2, :2]
VECTOR, COLUMNS = RNG.standard_normal(3), RNG.standard_normal((3, 2))


def both(name, *args, **options):
    """A function of ``seegrad.scipy.linalg`` and SciPy's, with further arguments."""
    return pair(linalg, scipy_linalg, name, *args, **options)


@pytest.mark.parametrize("name", ["expm", "cosm", "sinm", "coshm", "sinhm", "tanhm"])
def test_functions_without_a_cut(name):
    conforms(*both(name), 0.5 * SMALL)
    conforms(*both(name), 0.5 * COMPLEX, order=1)


def test_the_exponential_of_a_complex_matrix():
    conforms(*both("expm"), SMALL_COMPLEX)


@pytest.mark.parametrize("name", ["logm", "sqrtm", "signm"])
@pytest.mark.parametrize("x", [SMALL + 3 * np.eye(2), SMALL_COMPLEX + 4 * np.eye(2)], ids=["real", "complex"])
def test_functions_with_a_cut(name, x):
    conforms(*both(name), x, order=1 if x.dtype == complex else 2)


@pytest.mark.parametrize("name", ["expm", "logm", "sqrtm"])
@pytest.mark.parametrize("x", [DEFECTIVE, np.eye(2), np.array([[3.0]])], ids=["defective", "identity", "1x1"])
def test_repeated_eigenvalues(name, x):
    conforms(*both(name), x, order=1 if name == "logm" else 2)


def test_fractional_power():
    conforms(*both("fractional_matrix_power", 0.3), SMALL + 3 * np.eye(2), order=1)


def test_third_derivative_of_the_exponential():
    x = np.array([[0.3]])
    third = sg.grad(sg.grad(sg.grad(lambda t: linalg.expm(x * t)[0, 0])))(2.0)
    assert float(third) == pytest.approx(0.3**3 * np.exp(0.6), rel=1e-12)


def test_a_gradient_of_any_size_is_as_exact():
    x = sg.tensor(0.5 * REAL, requires_grad=True)
    linalg.expm(x).sum().backward()
    expected, x.grad = x.grad, None
    (1e200 * linalg.expm(x).sum()).backward()
    np.testing.assert_allclose(x.grad, 1e200 * expected, rtol=1e-12)


def test_a_real_matrix_with_a_complex_logarithm():
    x = np.array([[-1.0, 0.5], [0.0, -3.0]])
    conforms(lambda x: linalg.logm(x).imag, lambda x: scipy_linalg.logm(x).imag, x, order=1)


@pytest.mark.parametrize("b", [VECTOR, COLUMNS], ids=["vector", "columns"])
@pytest.mark.parametrize("trans", [0, "T", 2])
@pytest.mark.parametrize("lower", [False, True])
def test_triangular(b, trans, lower):
    conforms(*both("solve_triangular", trans, lower), REAL + 2 * np.eye(3), b, order=2 if b.ndim == 1 else 1)
    conforms(*both("solve_triangular", trans, lower, True), COMPLEX[:2, :2], b[:2], order=1)


def test_only_a_triangle_is_read():
    a = np.array([[2.0, np.nan], [1.0, 4.0]])
    x, b = leaves(a, [2.0, 9.0])
    linalg.solve_triangular(x, b, lower=True, check_finite=False).sum().backward()
    assert x.grad[0, 1] == 0.0
    assert np.all(np.isfinite(x.grad))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("assume_a", "read"),
    [(None, np.asarray), ("gen", np.asarray), ("upper triangular", np.triu), ("lower triangular", np.tril)],
)
def test_solve(assume_a, read, transposed):
    def by_numpy(a, b):
        return np.linalg.solve(read(a).T if transposed else read(a), b)

    ours = both("solve", assume_a=assume_a, transposed=transposed)[0]
    conforms(ours, by_numpy, REAL + 2 * np.eye(3), VECTOR, plain=False)  # older versions know less structure


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize(
    ("assume_a", "a"),
    [("sym", REAL + REAL.T), ("sym", COMPLEX + COMPLEX.T), ("pos", POSITIVE), ("pos", HERMITIAN), ("her", HERMITIAN)],
)
def test_symmetric(assume_a, a, lower):
    def adjoint(x):
        return x.T if assume_a == "sym" else x.conj().T

    ours, theirs = both("solve", lower=lower, assume_a=assume_a)
    conforms(lambda a, b: ours(a + adjoint(a), b), lambda a, b: theirs(a + adjoint(a), b), a, COLUMNS)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("a", [POSITIVE, HERMITIAN], ids=["real", "complex"])
def test_cholesky(a, lower):
    ours, theirs = both("cholesky", lower)
    conforms(lambda a: ours(a + a.conj().T), lambda a: theirs(a + a.conj().T), a)
    by_factor = [lambda a, b, m=m: m.cho_solve(m.cho_factor(a + a.conj().T, lower), b) for m in (linalg, scipy_linalg)]
    conforms(*by_factor, a[:2, :2], VECTOR[:2], order=1)


@pytest.mark.parametrize("scale", [1.0, 1.0 + 0.2j], ids=["real", "complex"])
def test_banded(scale):
    ab = (RNG.standard_normal((4, 5)) + np.array([0.0, 0, 4, 0])[:, None]) * scale
    conforms(*banded((1, 2)), ab, RNG.standard_normal((5, 2)))


def banded(shape):
    return [lambda ab, b, m=m: m.solve_banded(shape, ab, b) for m in (linalg, scipy_linalg)]


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1.0 + 0.3j], ids=["real", "complex"])
@pytest.mark.parametrize("diagonals", [1, 2, 3])
def test_positive_definite_banded(diagonals, scale, lower):
    ab = RNG.standard_normal((diagonals, 5)) * scale
    ab[0 if lower else -1] = 6.0 + RNG.random(5)
    conforms(*both("solveh_banded", lower=lower), ab, RNG.standard_normal((5, 2)))


@pytest.mark.parametrize("a", [REAL, COMPLEX], ids=["real", "complex"])
def test_matrix_equations(a):
    b, q = RNG.standard_normal((2, 2)).astype(a.dtype), COLUMNS.astype(a.dtype)
    conforms(*both("solve_sylvester"), a, b, q)
    a = a[:2, :2]
    conforms(*both("solve_continuous_lyapunov"), a, a @ a.T)
    for method in ("direct", "bilinear"):
        conforms(*both("solve_discrete_lyapunov", method), 0.3 * a, a @ a.T)


def test_matrices_of_vectors():
    conforms(*both("block_diag"), REAL, VECTOR, COLUMNS)
    conforms(*both("toeplitz"), VECTOR, RNG.standard_normal(4))
    conforms(*both("toeplitz"), COMPLEX[0])
    conforms(*both("circulant"), VECTOR)
    conforms(*both("hankel"), VECTOR, RNG.standard_normal(4))


@pytest.mark.parametrize("a", [REAL, COMPLEX], ids=["real", "complex"])
def test_functions_that_numpy_has_too(a):
    conforms(*both("inv"), a, order=1)
    conforms(*both("det"), a, order=1)
    conforms(*both("svdvals"), a[:2], order=1)
    for axis, kind in ((None, None), (None, "fro"), (0, 1), (-1, np.inf)):
        conforms(*both("norm", kind, axis, axis is None), a, order=1)
    for lower in (False, True):
        ours, theirs = both("eigvalsh", lower=lower)
        conforms(lambda a, f=ours: f(a + a.conj().T), lambda a, f=theirs: f(a + a.conj().T), a, order=1)
        values, vectors = linalg.eigh(HERMITIAN, lower=lower)
        np.testing.assert_allclose(HERMITIAN @ vectors, vectors * values, atol=1e-10)


def test_nearly_singular_matrices_have_large_and_right_gradients():
    a = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    x = sg.tensor(a, requires_grad=True)
    linalg.solve(x, np.array([1.0, 0.0]))[0].backward()
    inverse = np.linalg.inv(a)
    np.testing.assert_allclose(x.grad, -np.outer(inverse[0], inverse @ [1.0, 0.0]), rtol=1e-6)


def test_layouts_dtypes_and_empty_matrices():
    a = np.asfortranarray(np.repeat(np.repeat(POSITIVE, 2, 0), 2, 1))[::2, ::2].T
    conforms(*both("expm"), 0.1 * a, order=1)
    for name in ("expm", "sqrtm", "cholesky"):
        x = sg.tensor(POSITIVE.astype(np.float32), requires_grad=True)
        y = getattr(linalg, name)(x)
        y.sum().backward()
        assert y.dtype == x.grad.dtype == np.float32
        assert getattr(linalg, name)(sg.tensor(np.zeros((0, 0)))).shape == (0, 0)
    b = sg.tensor(np.zeros((0, 2)), requires_grad=True)
    for solve in (linalg.solve, linalg.solve_triangular):
        assert solve(np.zeros((0, 0)), b).shape == (0, 2)
    assert linalg.expm([[0, 1], [0, 0]]).tolist() == [[1.0, 1.0], [0.0, 1.0]]  # of integers


def test_batches_by_vmap_and_jacobians():
    batch = RNG.standard_normal((4, 3, 3))
    np.testing.assert_allclose(sg.vmap(linalg.expm)(batch), scipy_linalg.expm(batch), rtol=1e-12)
    slopes = sg.vmap(sg.grad(lambda x: linalg.expm(x).sum()))(batch)
    np.testing.assert_allclose(slopes[2], sg.grad(lambda x: linalg.expm(x).sum())(batch[2]), rtol=1e-12)
    np.testing.assert_allclose(sg.jacobian(lambda b: linalg.solve(POSITIVE, b))(VECTOR), np.linalg.inv(POSITIVE))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: linalg.expm(t[None]), ValueError, "expected a matrix, got shape .* sg.vmap"),
        (lambda t: linalg.sqrtm(t[:1]), ValueError, "expected a square matrix"),
        (lambda t: linalg.expm(t.astype(np.float16)), TypeError, "float16"),
        (lambda t: linalg.solve_triangular(t, np.ones(3)), ValueError, r"right side of shape \(2,\)"),
        (lambda t: linalg.solve_triangular(t, np.ones(2), trans="X"), ValueError, "trans is 0, 1, 2"),
        (lambda t: linalg.solve(t * np.nan, np.ones(2)), ValueError, "infs or NaNs"),
        (lambda t: linalg.cholesky(-t), np.linalg.LinAlgError, "positive definite"),
        (lambda t: linalg.solve(t * 0.0, np.ones(2)), np.linalg.LinAlgError, "singular"),
        (lambda t: linalg.solve_banded((1, 1), t, np.ones(2)), ValueError, "ab has 2"),
        (lambda t: linalg.solve_sylvester(t, np.eye(3), t), ValueError, "do not fit"),
        (lambda t: linalg.solve_discrete_lyapunov(t, t, "x"), ValueError, "direct"),
        (lambda t: linalg.toeplitz(t), ValueError, "expected a vector"),
        (lambda t: linalg.eigh(t, driver="ev"), TypeError, "driver"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(sg.tensor(np.eye(2), requires_grad=True))


def test_plain_calls_are_scipys():
    values = linalg.eigh(HERMITIAN, np.eye(3), subset_by_index=(1, 2), eigvals_only=True)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(HERMITIAN)[1:])
    assert linalg.expm(np.zeros((2, 3, 3))).shape == (2, 3, 3)


def test_what_has_no_derivative_here_loses_none():
    with pytest.raises(TypeError, match="would lose the gradient"):
        linalg.lu(sg.tensor(REAL, requires_grad=True))
