"""Sparse matrices: SciPy's own beside nodes, and those whose elements are nodes."""

from __future__ import annotations

import numpy as np
import pytest

sparse = pytest.importorskip("scipy.sparse", reason="no SciPy")

import scipy.sparse.linalg  # noqa: E402
from scipy_checks import conforms, leaves  # noqa: E402 (a file of SciPy's tests is nothing without it)

import seegrad as sg  # noqa: E402
from seegrad.scipy import sparse as ours  # noqa: E402

RNG = np.random.default_rng(0)
DENSE = RNG.standard_normal((4, 3)) * np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0], [0, 1, 1]])
X, COLUMNS = RNG.standard_normal(3), RNG.standard_normal((3, 2))
ROWS, PLACES = np.array([0, 2, 2, 1, 0, 0]), np.array([1, 0, 0, 2, 2, 1])  # two elements are there twice
DATA = RNG.standard_normal(6)
SIZE = 6
LAPLACE = sparse.diags_array([-np.ones(SIZE - 1), 2.2 * np.ones(SIZE), -np.ones(SIZE - 1)], offsets=[-1, 0, 1])


def dense_of(data, shape=(3, 3)):
    return sparse.coo_array((data, (ROWS, PLACES)), shape=shape).toarray()


@pytest.mark.parametrize("kind", ["coo_array", "coo_matrix"])
@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dia", "lil"])
def test_products_with_a_matrix_of_scipy_on_either_side(format, kind):
    a = getattr(sparse, kind)(DENSE).asformat(format)
    for x in (X, COLUMNS):
        conforms(lambda t: a @ t, lambda t: DENSE @ t, x, order=1)
        conforms(lambda t: t @ a.T, lambda t: t @ DENSE.T, x.T, order=1)
    conforms(lambda t: (a.T @ t) ** 2, lambda t: (DENSE.T @ t) ** 2, RNG.standard_normal(4))


def test_other_operators_with_a_matrix_of_scipy():
    a, whole, row = sparse.csr_array(DENSE), RNG.standard_normal((4, 3)), RNG.standard_normal(3)
    for t in (whole, row, whole[:, :1], np.array(2.5)):
        conforms(lambda t: (t * a).toarray(), lambda t: DENSE * t, t)
        conforms(lambda t: (a * t).toarray(), lambda t: DENSE * t, t, order=1)
        conforms(lambda t: (a / t).toarray(), lambda t: DENSE / t, t)
    for operator in (
        *(lambda a, t: a + t, lambda a, t: t + a),
        *(lambda a, t: a - t, lambda a, t: t - a),
    ):
        conforms(lambda t, f=operator: f(a, t), lambda t, f=operator: f(DENSE, t), whole)
    conforms(lambda t: sparse.csr_matrix(DENSE) * t, lambda t: DENSE @ t, COLUMNS)  # whose * is @
    v = sg.Value(2.0)
    (v * a + a * v).sum().backward()
    assert v.grad == pytest.approx(2 * DENSE.sum())


def test_no_gradient_is_lost_silently():
    a, t = sparse.csr_array(DENSE), sg.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match="would lose the gradient"):
        a.multiply(t)  # no operator, which SciPy would leave to the other side: a * t
    with pytest.raises(TypeError, match="unsupported operand"):
        t / a
    with pytest.raises(TypeError, match="cannot compute with csr_array"):
        np.matmul(a, t)
    assert isinstance(a @ sg.tensor(X), sg.Tensor)
    assert isinstance(a @ X, np.ndarray)
    assert sparse.csr_array(sg.tensor(DENSE)).nnz == a.nnz  # plain data are still plain to SciPy


def test_a_matrix_that_changes_afterwards():
    a, t = sparse.csr_array(DENSE), sg.tensor(X, requires_grad=True)
    y = (a @ t).sum()
    a.data[:] = 0.0
    y.backward()
    np.testing.assert_allclose(t.grad, DENSE.sum(0))


@pytest.mark.parametrize("transposed", [False, True])
def test_elements_that_are_nodes(transposed):
    def both(compute):
        def of_nodes(d, *xs):
            a = ours.coo_array((d, (ROWS, PLACES)), shape=(3, 3))
            return compute(a.T if transposed else a, *xs)

        def of_arrays(d, *xs):
            a = dense_of(d)
            return compute(Dense(a.T if transposed else a), *xs)

        return of_nodes, of_arrays

    conforms(*both(lambda a, x: a @ x), DATA, X)
    conforms(*both(lambda a, x: x @ a), DATA, COLUMNS.T)
    conforms(*both(lambda a, x: a.multiply(x) @ np.ones(3)), DATA, X)
    conforms(*both(lambda a: (a * 3.0).toarray()), DATA)
    conforms(*both(lambda a: (-a).sum(0)), DATA)
    conforms(*both(lambda a: a.sum(1) + a.sum()), DATA)
    conforms(*both(lambda a, x: (a + x) - (x - a)), DATA, RNG.standard_normal((3, 3)))


class Dense(np.ndarray):
    """A dense matrix with the methods of a sparse one."""

    def __new__(cls, a):
        return np.asarray(a).view(cls)

    def toarray(self):
        return np.asarray(self)

    def multiply(self, x):
        return self * x


@pytest.mark.parametrize("name", ["csr_array", "csc_array"])
def test_compressed_rows_and_columns(name):
    plain, build = getattr(sparse, name)(DENSE), getattr(ours, name)
    parts = plain.indices, plain.indptr
    conforms(lambda d: build((d, *parts), shape=(4, 3)).toarray(), lambda d: dense_like(plain, d), plain.data)
    found = build((sg.tensor(plain.data), *parts))
    assert isinstance(found, ours.SparseArray)
    assert (found.shape, found.nnz, found.ndim) == (plain.shape, plain.nnz, 2)
    assert (found.detach() != plain).nnz == 0
    np.testing.assert_array_equal(found.T.indices, plain.T.tocsr().indices)


def test_other_ways_to_build_one():
    diagonals = RNG.standard_normal(4), RNG.standard_normal(5), np.array([2.0])
    offsets = [-1, 0, 3]

    def built(module, *d):
        return module.diags_array(list(d), offsets=offsets, shape=(5, 5)).toarray()

    conforms(lambda *d: built(ours, *d), lambda *d: built(sparse, *d), *diagonals)
    assert ours.diags_array(sg.tensor([1.0, 2.0]), offsets=1).shape == (3, 3)
    for plain in (ours.csr_array(DENSE), ours.diags_array([1.0, 2.0]), ours.eye_array(3)):
        assert sparse.issparse(plain)
    x, y = sg.Value(2.0), sg.Value(3.0)
    (ours.coo_array(([x, y], ([0, 1], [1, 0]))) @ np.array([1.0, 10.0])).sum().backward()
    assert (x.grad, y.grad) == (10.0, 1.0)
    assert repr(ours.coo_array((sg.tensor(DATA), (ROWS, PLACES)))) == (
        "<sparse array of 3 x 3 with 6 stored elements of float64>"
    )


def dense_like(plain, data):
    other = plain.copy()
    other.data = data
    return other.toarray()


@pytest.mark.parametrize("shape", [(SIZE,), (SIZE, 2), (SIZE, 1)])
def test_solutions_of_equations_with_a_constant_matrix(shape):
    b, matrix = RNG.standard_normal(shape), LAPLACE.tocsc()
    conforms(lambda b: ours.linalg.spsolve(LAPLACE, b), lambda b: scipy.sparse.linalg.spsolve(matrix, b), b)
    conforms(ours.linalg.factorized(LAPLACE), lambda b: np.linalg.solve(LAPLACE.toarray(), b), b)


@pytest.mark.parametrize("transposed", [False, True])
def test_solutions_of_equations_whose_matrix_has_nodes(transposed):
    def solved(module, spsolve):
        def solve(low, main, high, b):
            a = module.diags_array([low, main, high], offsets=[-1, 0, 1])
            return spsolve(a.T if transposed else a, b)

        return solve

    inputs = RNG.standard_normal(3), RNG.standard_normal(4) + 4, RNG.standard_normal(3), RNG.standard_normal((4, 2))
    plain = solved(sparse, lambda a, b: scipy.sparse.linalg.spsolve(a.tocsc(), b))
    conforms(solved(ours, ours.linalg.spsolve), plain, *inputs)


@pytest.mark.parametrize("transposed", [False, True])
def test_elements_in_any_order(transposed):
    """Nothing that SciPy does with a matrix puts the places of its elements in another order, without the elements."""

    def both(module, spsolve):
        def solve(data, b):
            a = module.coo_array((data, (ROWS, PLACES)), shape=(3, 3))
            return spsolve(a.T if transposed else a, b)

        return solve

    data = np.array([1.0, 4.0, 3.0, 5.0, 2.0, 0.5])
    matrix = dense_of(data).T if transposed else dense_of(data)
    conforms(
        both(ours, ours.linalg.spsolve),
        both(sparse, lambda a, b: scipy.sparse.linalg.spsolve(a.tocsc(), b)),
        data,
        X,
    )
    a = ours.coo_array((sg.tensor(data), (ROWS, PLACES)), shape=(3, 3))
    a = a.T if transposed else a
    np.testing.assert_array_equal(a.detach().toarray(), matrix)
    np.testing.assert_allclose((a @ X).data, matrix @ X, rtol=1e-14)
    np.testing.assert_allclose(ours.linalg.spsolve(a, X).data, np.linalg.solve(matrix, X), rtol=1e-12)
    np.testing.assert_allclose((a @ X).data, matrix @ X, rtol=1e-14)


def test_a_pde_with_a_variable_coefficient():
    """The gradient of an energy with respect to all conductivities, against the formula -(du/dx) (dv/dx)."""
    n = 50
    step = sparse.diags_array([np.ones(n), -np.ones(n)], offsets=[0, -1], shape=(n + 1, n)) * (n + 1.0)
    k, load = sg.tensor(1.0 + RNG.random(n + 1), requires_grad=True), np.ones(n)
    products = step.T.tocsr()
    main, off = (products.power(2) @ k), -(k[1:-1] * (n + 1.0) ** 2)
    u = ours.linalg.spsolve(ours.diags_array([off, main, off], offsets=[-1, 0, 1]), load)
    (u @ load).backward()
    np.testing.assert_allclose(k.grad, -((step @ u.data) ** 2), rtol=1e-9, atol=1e-13)


def test_batches_and_jacobians():
    a = sparse.csc_array(DENSE)
    np.testing.assert_allclose(sg.vmap(lambda t: a @ t)(COLUMNS.T), COLUMNS.T @ DENSE.T)
    np.testing.assert_allclose(sg.jacobian(lambda t: a @ t)(X), DENSE)
    np.testing.assert_allclose(
        sg.jacobian(lambda b: ours.linalg.spsolve(LAPLACE, b))(np.ones(SIZE)), np.linalg.inv(LAPLACE.toarray())
    )
    t = sg.tensor(X.astype(np.float32), requires_grad=True)
    y = a.astype(np.float32) @ t
    y.sum().backward()
    assert y.dtype == t.grad.dtype == np.float32
    assert (sparse.csr_array((0, 3)) @ sg.tensor(X, requires_grad=True)).shape == (0,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: sparse.csr_array(DENSE) @ t[:2], ValueError, r"shape \(4, 3\) does not fit shape \(2,\)"),
        (lambda t: t[None, None] @ sparse.csr_array(DENSE), ValueError, "does not fit"),
        (lambda t: ours.coo_array((t, ([0, 1], [0, 1]))), ValueError, "3 elements, but places of shapes"),
        (lambda t: ours.coo_array((t, ([0, 1, 2],) * 2), shape=(2, 2)), ValueError, "outside of shape"),
        (lambda t: ours.coo_array((t[None], ([0], [0]))), ValueError, r"\(nnz,\)"),
        (lambda t: ours.diags_array([t, t], offsets=[0, 1]), ValueError, "has 2 elements"),
        (lambda t: ours.coo_array((t, ([0, 1, 2],) * 2)) @ LAPLACE, TypeError, "two sparse matrices"),
        (lambda t: ours.linalg.spsolve(t, t), TypeError, "seegrad.scipy.linalg.solve"),
        (lambda t: ours.linalg.spsolve(sparse.csr_array(DENSE), t), ValueError, "expected a square matrix"),
        (lambda t: ours.linalg.spsolve(LAPLACE, t), ValueError, r"right side of shape \(6,\)"),
        (lambda t: ours.linalg.factorized(ours.diags_array(t)), TypeError, "use spsolve"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(sg.tensor(X, requires_grad=True))


def test_leaves_of_one_product():
    (d,) = leaves(DATA)
    a = ours.coo_array((d, (ROWS, PLACES)))
    (a @ (a.T @ X)).sum().backward()
    whole = dense_of(DATA)
    slopes = np.outer(np.ones(3), whole.T @ X) + np.outer(X, whole.T @ np.ones(3))
    np.testing.assert_allclose(d.grad, slopes[ROWS, PLACES])
