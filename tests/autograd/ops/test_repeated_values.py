"""Factorisations at repeated values: NaN where the factors cannot tell the limit, and operations that can."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import linalg

EYE = np.eye(2)
C = np.array([[1.0, 2.0], [3.0, 5.0]])
SYMMETRIC = (C + C.T) / 2
ROTATION = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]


def put_together(x):
    u, s, vh = linalg.svd(x)
    return (((u * s) @ vh) * C).sum()


def rotation_of(x):
    u, _, vh = linalg.svd(x)
    return ((u @ vh) * C).sum()


def symmetrical(x):
    return (x + x.T) / 2


def by_eigenvalues(f):
    def function(x):
        values, vectors = linalg.eigh(symmetrical(x))
        return (((vectors * f(values)) @ vectors.T) * C).sum()

    return function


#: Functions whose derivative cannot be known from the factors: the matrix, and the right value there.
UNKNOWN = {
    "U S Vh": (put_together, EYE, C),
    "U S Vh at 0": (put_together, 0 * EYE, C),
    "U S Vh at -I": (put_together, -EYE, C),
    "U Vh": (rotation_of, EYE, (C - C.T) / 2),
    "exp": (by_eigenvalues(sg.exp), EYE, np.e * SYMMETRIC),
    "exp at 0": (by_eigenvalues(sg.exp), 0 * EYE, SYMMETRIC),
    "log": (by_eigenvalues(sg.log), EYE, SYMMETRIC),
    "square root": (by_eigenvalues(sg.sqrt), 4 * EYE, SYMMETRIC / 4),
    "identity": (by_eigenvalues(lambda w: w), EYE, SYMMETRIC),
    "identity at 0": (by_eigenvalues(lambda w: w), 0 * EYE, SYMMETRIC),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_known_is_nan(name):
    f, x, right = UNKNOWN[name]
    gradient = sg.grad(f)(x)
    wrong = np.isfinite(gradient) & ~np.isclose(gradient, right)
    assert not wrong.any()
    assert np.isnan(gradient).any()


def test_a_function_that_is_zero_at_some_of_the_values():
    c = np.arange(9.0).reshape(3, 3)

    def logarithm(x):
        values, vectors = linalg.eigh(x)
        return (((vectors * sg.log(values)) @ vectors.T) * c).sum()

    def itself(x):
        u, s, vh = linalg.svd(x)
        return (((u * s) @ vh) * c).sum()

    assert np.isnan(sg.grad(logarithm)(np.diag([1.0, 1.0, 2.0]))).any()
    assert np.isnan(sg.grad(itself)(np.diag([2.0, 0.0, 0.0]))).any()


def test_vectors_beside_all_values_stay_finite():
    x = ROTATION @ np.diag([1.0, 1.0, 2.0]) @ ROTATION.T
    f = lambda t: linalg.eigh(t).eigenvectors[0, -1] ** 2 + (linalg.eigh(t).eigenvalues ** 2).sum()  # noqa: E731
    both = lambda t: (lambda w, v: v[0, -1] ** 2 + (w**2).sum())(*linalg.eigh(t))  # noqa: E731
    assert np.isfinite(sg.grad(f)(x)).all()
    np.testing.assert_allclose(sg.grad(both)(x), sg.grad(f)(x), atol=1e-12)


@pytest.mark.parametrize("spread", [1e-17, 0.0])
def test_values_that_coincide_to_rounding_count_as_equal(spread):
    x = ROTATION @ np.diag([1.0, 1.0 + spread, 2.0]) @ ROTATION.T
    gradient = sg.grad(lambda t: linalg.eigh(symmetrical(t)).eigenvectors[:, 0] @ np.arange(3.0))(x)
    assert np.isnan(gradient).all()
    gradient = sg.grad(lambda t: linalg.svd(t).U[:, 1] @ np.arange(3.0))(x)
    assert np.isnan(gradient).all()


def test_close_values_are_not_equal():
    x = np.diag([1.0, 1.0 + 1e-7, 2.0])
    assert np.isfinite(sg.grad(lambda t: (linalg.eigh(t).eigenvectors[:, 0] * np.arange(3.0)).sum())(x)).all()


def test_values_alone_stay_finite():
    for f, expected in [
        (lambda x: (linalg.eigh(x).eigenvalues ** 2).sum(), 2 * EYE),
        (lambda x: linalg.svdvals(x).sum(), EYE),
        (lambda x: sg.exp(linalg.svd(x).S).sum(), np.e * EYE),
        (lambda x: sg.norm(x, "nuc"), EYE),
    ]:
        np.testing.assert_allclose(sg.grad(f)(EYE), expected, atol=1e-15)


@pytest.mark.parametrize("rotation", [np.eye(3), ROTATION])
def test_vectors_of_other_values_stay_finite(rotation):
    x = rotation @ np.diag([1.0, 1.0, 2.0]) @ rotation.T
    w = np.array([1.0, 2.0, 3.0])
    v = rotation[:, 2]

    def top(t):
        return (linalg.eigh(symmetrical(t)).eigenvectors[:, -1] @ w) ** 2

    # dv = (2 - A)^+ dA v, with all gaps 1: the symmetric part of 2 (v w) (w - v (v w)) v'
    slope = 2 * (v @ w) * np.outer(w - v * (v @ w), v)
    np.testing.assert_allclose(sg.grad(top)(x), (slope + slope.T) / 2, atol=1e-13)
    left = sg.grad(lambda t: (linalg.svd(t).U[:, 0] @ w) ** 2)(x)
    assert np.isfinite(left).all()


def test_a_singular_value_of_zero():
    x = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    f = lambda t: (linalg.svd(t, full_matrices=False).U * np.arange(6.0).reshape(3, 2)).sum()  # noqa: E731
    assert np.isnan(sg.grad(f)(x)).any()
    first = sg.grad(lambda t: linalg.svd(t, full_matrices=False).U[2, 0] * linalg.svd(t, full_matrices=False).Vh[0, 0])(
        x
    )
    np.testing.assert_allclose(first, [[0, 0], [0, 0], [1, 0]], atol=1e-15)


def test_the_second_derivative_of_values_at_distinct_ones():
    np.testing.assert_allclose(
        sg.hessian(lambda x: linalg.eigh(x).eigenvalues.sum())(np.diag([1.0, 2.0])), np.zeros((2, 2, 2, 2)), atol=1e-15
    )


@pytest.mark.parametrize(("f", "word"), [(put_together, "polar"), (by_eigenvalues(sg.exp), "expm")])
def test_why_tells(f, word):
    x = sg.tensor(EYE, requires_grad=True)
    text = sg.why(x, f(x))
    assert "values coincide" in text
    assert f"{word}" in text


# --------------------------------------------------------------------------------- functions of matrices

#: Function -> where, and its derivative there by the weights C.
KNOWN = {
    "expm": (linalg.expm, EYE, np.e * C),
    "expm at 0": (linalg.expm, 0 * EYE, C),
    "sqrtm": (linalg.sqrtm, 4 * EYE, SYMMETRIC / 4),
    "logm": (linalg.logm, EYE, SYMMETRIC),
    "logm of 3": (linalg.logm, 3 * EYE, SYMMETRIC / 3),
    "polar, U": (lambda x: linalg.polar(x).U, EYE, (C - C.T) / 2),
    "polar, U of 2": (lambda x: linalg.polar(x).U, 2 * EYE, (C - C.T) / 4),
    "polar, P": (lambda x: linalg.polar(x).P, EYE, SYMMETRIC),
}


@pytest.mark.parametrize("name", KNOWN)
def test_functions_of_matrices_at_repeated_values(name):
    f, x, expected = KNOWN[name]
    np.testing.assert_allclose(sg.grad(lambda t: (f(t) * C).sum())(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["expm", "sqrtm", "logm", "polar"])
@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [2.0, 2.0, 0.5]])
def test_functions_of_matrices_to_second_order_at_repeated_values(name, values):
    function = getattr(linalg, name)

    def f(x):
        x = 0.5 * (x + x.T)
        return function(x).U @ np.diag([1.0, 2.0, 3.0]) if name == "polar" else function(x)

    x = sg.tensor(ROTATION @ np.diag(values) @ ROTATION.T, requires_grad=True)
    assert sg.gradcheck(f, x, order=2, rtol=1e-4)


def test_the_exponential_of_matrices_of_any_size():
    x = np.array([[0.0, 1.0], [-1.0, 0.0]])
    for angle in (1e-9, 0.1, 1.0, 30.0, 1000.0):
        expected = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        np.testing.assert_allclose(linalg.expm(angle * x), expected, atol=1e-12 * max(1.0, angle))
    np.testing.assert_allclose(linalg.expm(np.diag([-800.0, 1.0])), np.diag([0.0, np.e]), atol=1e-12)
    assert np.isnan(linalg.expm(np.array([[np.nan]]))).all()
    assert linalg.expm(np.float32(x)).dtype == np.float32


def test_functions_of_matrices_undo_each_other():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 4, 4))
    x = x @ x.swapaxes(-1, -2) + 0.01 * np.eye(4)
    root = linalg.sqrtm(x)
    np.testing.assert_allclose(root @ root, x, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(linalg.expm(linalg.logm(x)), x, rtol=1e-9, atol=1e-9)
    for shape in ((5, 3), (3, 5), (2, 4, 4)):
        y = rng.normal(size=shape)
        u, p = linalg.polar(y)
        np.testing.assert_allclose(u @ p, y, atol=1e-12)
        np.testing.assert_allclose(p, p.swapaxes(-1, -2), atol=1e-12)
        assert (np.linalg.eigvalsh(p) > -1e-12).all()


def test_a_square_root_of_negative_values_is_refused():
    for f in (linalg.sqrtm, linalg.logm):
        with pytest.raises(np.linalg.LinAlgError, match="negative"):
            f(np.diag([1.0, -1.0]))
    with pytest.raises(ValueError, match="square matrices"):
        linalg.sqrtm(np.ones((2, 3)))
    with pytest.raises(ValueError, match="square matrices"):
        linalg.expm(np.ones(3))


def spectrum(shape, values):
    u, _, vh = np.linalg.svd(np.random.default_rng(1).normal(size=shape), full_matrices=False)
    return (u * np.array(values)) @ vh


def central(f, x, step=1e-6):
    """Central differences of ``f`` in every element of ``x``."""
    found = []
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = step
        found.append((np.asarray(f(x + e)) - np.asarray(f(x - e))) / (2 * step))
    return np.array(found).reshape(x.shape + np.shape(found[0]))


#: Matrices of which the pseudo-inverse leaves out something, and from which fraction of the largest value on.
TRUNCATED = {
    "square": (spectrum((3, 3), [3, 2, 0.1]), 0.1),
    "tall": (spectrum((4, 3), [3, 2, 0.1]), 0.1),
    "wide": (spectrum((3, 5), [3, 2, 0.1]), 0.1),
    "only the largest is kept": (spectrum((4, 3), [3, 1, 0.2]), 0.5),
    "one is 0": (spectrum((4, 4), [3, 2, 0.1, 0]), 0.1),
    "the largest is repeated": (spectrum((4, 3), [2, 2, 0.1]), 0.1),
    "what is left out is repeated": (spectrum((3, 3), [2, 0.1, 0.1]), 0.1),
    "what is left out is 0": (spectrum((4, 3), [3, 2, 0]), 0.1),
    "a batch": (np.stack([spectrum((3, 3), [3, 2, 0.1]), spectrum((3, 3), [3, 2, 1])]), 0.1),
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_a_pseudo_inverse_that_leaves_out_values(name):
    x, rcond = TRUNCATED[name]
    c = np.random.default_rng(2).normal(size=np.swapaxes(x, -1, -2).shape)
    for f in (lambda t: (linalg.pinv(t, rcond) * c).sum(), lambda t: (linalg.pinv(t, rcond) ** 2 * c).sum()):
        np.testing.assert_allclose(sg.grad(f)(x), central(f, x), rtol=1e-6, atol=1e-7)
        second, right = sg.hessian(f)(x), central(sg.grad(f), x)
        known = np.isfinite(second)
        assert known.all() or "is" in name
        np.testing.assert_allclose(second[known], right[known], rtol=1e-5, atol=1e-5)


#: Smooth functions, written with the factors.
SMOOTH = {
    "U S Vh": put_together,
    "U Vh": rotation_of,
    "identity": lambda x: by_eigenvalues(lambda w: w)((x + x.T) / 2),
    "exp": lambda x: by_eigenvalues(sg.exp)((x + x.T) / 2),
}


@pytest.mark.parametrize("gap", [1e-15, 1e-14, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("name", SMOOTH)
def test_rounding_errors_between_close_values_are_no_derivative(name, gap):
    f, turn = SMOOTH[name], np.array([[0.8, -0.6], [0.6, 0.8]])
    x, direction = turn @ np.diag([1.0, 1.0 + gap]) @ turn.T, np.array([[0.3, 1.0], [1.0, -0.5]])
    first, second = sg.grad(f)(x), sg.hvp(f)(x, direction)
    further = [sg.grad(f)(x + step * direction) for step in (0.05, -0.05)]
    assert np.isnan(first).all() or np.allclose(first, central(f, x, 1e-3), rtol=0.05, atol=0.05)
    assert np.isnan(second).all() or np.allclose(second, (further[0] - further[1]) / 0.1, rtol=0.05, atol=0.1)
    assert gap < 1e-12 or np.isfinite(first).all()
    assert gap < 1e-6 or np.isfinite(second).all()


def test_a_derivative_that_is_large_between_close_values_stays():
    gap = 1e-6
    angle = lambda x: linalg.eigh(x).eigenvectors[1, 0] ** 2  # noqa: E731
    x, turn = np.diag([1.0, 1.0 + gap]), np.array([[0.0, 1.0], [1.0, 0.0]])
    # The angle of the vectors is arctan(2 h / gap) / 2 after h * turn; the square of its sine has the slope 2 / gap**2.
    np.testing.assert_allclose((sg.hvp(angle)(x, turn) * turn).sum(), 2 / gap**2, rtol=1e-3)


@pytest.mark.parametrize("size", [1e-9, 1e9])
@pytest.mark.parametrize("name", ["U S Vh", "identity"])
def test_large_and_small_matrices_keep_their_derivatives(name, size):
    x = size * np.array([[2.0, 0.3], [0.3, 1.0]])
    right = C if name == "U S Vh" else SYMMETRIC
    np.testing.assert_allclose(sg.grad(SMOOTH[name])(x), right, rtol=1e-6)
    np.testing.assert_allclose(sg.hvp(SMOOTH[name])(x, EYE + C), 0, atol=1e-12 / min(size, 1))
