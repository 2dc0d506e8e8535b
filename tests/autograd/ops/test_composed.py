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
    "gradient with coordinates": lambda x: np.gradient(x, np.array([0.0, 1.0, 1.5, 4.0]), axis=0, edge_order=2),
    "gradient with coordinates that are differentiated": lambda x: np.gradient(x[1], np.cumsum(x[0] ** 2 + 1)),
    "diff with surroundings": lambda x: np.diff(x, 2, prepend=x[:, :1] ** 2, append=1.0),
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
    "average with weights of an axis": lambda x: np.average(x, 0, x[:, 0] ** 2 + 1, keepdims=True),
    "sum of some": lambda x: np.sum(x * x, 0, where=X > 0, initial=2.0),
    "mean of some": lambda x: np.mean(x * x, 1, where=np.abs(X) > 0.3),
    "product of some": lambda x: np.prod(x, 1, where=X > 0, initial=2.0),
    "largest of some": lambda x: np.max(x * x, 0, where=X > 0, initial=-9.0),
    "constants on each side": lambda x: np.pad(x, 1, constant_values=((1.0, 2.0), (3.0, 4.0))) ** 2,
    "Fortran order": lambda x: np.reshape(x, (6, 4), order="F")[::2] ** 2,
    "take, wrapped": lambda x: np.take(x, [7, -1, 1], 1, mode="wrap") ** 2,
    "ptp": lambda x: np.ptp(x, axis=1),
    "vdot": lambda x: np.vdot(x, x * x),
    "cross": lambda x: np.cross(x[:, :3], x[:, 3:]),
    "cross along different axes": lambda x: np.cross(x[:, :3], x[:3, :4], axisa=1, axisb=0, axisc=0),
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


def test_power_0_of_a_matrix_is_the_identity_whatever_is_in_it():
    x = sg.tensor([[np.inf, np.nan], [0.0, 1.0]], requires_grad=True)
    out = np.linalg.matrix_power(x, 0)
    np.testing.assert_array_equal(out.data, np.eye(2))
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, np.zeros((2, 2)))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.linalg.matrix_power(x, 1.5),
        lambda x: np.linalg.matrix_power(x[:, :2], 1),
        lambda x: np.linalg.matrix_power(x[0], 0),
        lambda x: np.round(x, 1.0),
    ],
)
def test_what_numpy_refuses_is_refused(call):
    with pytest.raises((TypeError, ValueError)):
        call(SQUARE)
    with pytest.raises((TypeError, ValueError), match="matrix_power|integer"):
        call(sg.tensor(SQUARE, requires_grad=True))


def test_no_gradient_flows_through_what_replaces_nan():
    x = sg.tensor([np.nan, np.inf, -np.inf, 2.0], requires_grad=True)
    out = np.nan_to_num(x, nan=7.0, posinf=8.0, neginf=-8.0)
    np.testing.assert_array_equal(out.data, [7.0, 8.0, -8.0, 2.0])
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((2, 2), lambda a, b: a[0] * b[1] - a[1] * b[0]),
        ((2, 3), lambda a, b: np.cross([*a, 0.0], b)),
        ((3, 2), lambda a, b: np.cross(a, [*b, 0.0])),
    ],
)
def test_cross_takes_a_missing_component_for_zero(sizes, expected):
    a, b = X[0, : sizes[0]], X[1, : sizes[1]]
    tensors = [sg.tensor(v, requires_grad=True) for v in (a, b)]
    np.testing.assert_allclose(np.cross(*tensors).data, expected(a, b), rtol=1e-14)
    assert sg.gradcheck(np.cross, tensors, order=2)


def test_wrong_arguments():
    x = sg.tensor(X, requires_grad=True)
    with pytest.raises(ValueError, match="two or three components"):
        np.cross(x, x)
    with pytest.raises(ValueError, match="2 conditions"):
        np.select([X > 0, X < 0], [x])
