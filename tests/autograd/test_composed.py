"""Functions of NumPy that are composed of operations: NumPy's values, and derivatives to second order."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg

X = np.random.default_rng(0).normal(size=(4, 6))
SQUARE = X[:, :4] + 2 * np.eye(4)
CALLS = {
    "diff": lambda x: np.diff(x, 2, axis=0),
    "gradient": lambda x: np.gradient(x, 0.5, axis=1),
    "flipud": np.flipud,
    "fliplr": np.fliplr,
    "matrix_transpose": np.matrix_transpose if hasattr(np, "matrix_transpose") else np.transpose,
    "atleast_3d of a matrix": np.atleast_3d,
    "atleast_3d of a vector": lambda x: np.atleast_3d(x[0]),
    "column_stack": lambda x: np.column_stack([x[:, 0], x, x[:, 1] * 2]),
    "dstack": lambda x: np.dstack([x, x * 2]),
    "hsplit": lambda x: np.hsplit(x, 3)[1],
    "hsplit of a vector": lambda x: np.hsplit(x[0], [1, 4])[1],
    "vsplit": lambda x: np.vsplit(x, 2)[1],
    "dsplit": lambda x: np.dsplit(x.reshape(2, 2, 6), 2)[0],
    "append": lambda x: np.append(x, x[0]),
    "append along an axis": lambda x: np.append(x, x[:1] * 3, axis=0),
    "average": lambda x: np.average(x, axis=0),
    "average with weights": lambda x: np.average(x, axis=0, weights=x * x),
    "ptp": lambda x: np.ptp(x, axis=1),
    "vdot": lambda x: np.vdot(x, x * x),
    "cross": lambda x: np.cross(x[:, :3], x[:, 3:]),
    "cross along the first axis": lambda x: np.cross(x[:3], x[1:], axis=0),
    "select": lambda x: np.select([np.asarray(X > 0.5), np.asarray(X > 0)], [x * 2, x**2], -1.0),
    "nan_to_num": lambda x: np.nan_to_num(x) * 2,
    "multi_dot": lambda x: np.linalg.multi_dot([x, x.T, x]),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_are_numpys(name):
    result = CALLS[name](sg.tensor(X, requires_grad=True))
    assert isinstance(result, sg.Tensor)
    np.testing.assert_allclose(result.data, CALLS[name](X), rtol=1e-14)


@pytest.mark.parametrize("name", CALLS)
def test_derivatives(name):
    assert sg.gradcheck(CALLS[name], sg.tensor(X, requires_grad=True), order=2)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 5])
def test_matrix_power(n):
    x = sg.tensor(SQUARE, requires_grad=True)
    np.testing.assert_allclose(
        np.linalg.matrix_power(x, n).data, np.linalg.matrix_power(SQUARE, n), rtol=1e-10, atol=1e-12
    )
    assert sg.gradcheck(lambda x: np.linalg.matrix_power(x, n) / 10.0 ** abs(n), x)


def test_no_gradient_flows_through_what_replaces_nan():
    x = sg.tensor([np.nan, np.inf, -np.inf, 2.0], requires_grad=True)
    out = np.nan_to_num(x, nan=7.0, posinf=8.0, neginf=-8.0)
    np.testing.assert_array_equal(out.data, [7.0, 8.0, -8.0, 2.0])
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0, 1.0])


def test_wrong_arguments():
    x = sg.tensor(X, requires_grad=True)
    with pytest.raises(ValueError, match="two or three components"):
        np.cross(x, x)
    with pytest.raises(ValueError, match="2 conditions"):
        np.select([X > 0, X < 0], [x])
