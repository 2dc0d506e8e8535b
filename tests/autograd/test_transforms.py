"""Derivatives of functions: closed forms, nesting, structures of arguments, plain NumPy code."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
import pytest

import seegrad as sg

X = np.array([0.5, -1.0, 2.0])


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


# ----------------------------------------------------------------------------------------------- grad


def test_gradient_of_plain_numpy_code():
    weights = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 0.2]])
    gradient = sg.grad(lambda x: np.tanh(np.dot(weights, x)).sum())(X)
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient, weights.T @ (1 - np.tanh(weights @ X) ** 2), rtol=1e-14)


def test_gradient_of_a_number_is_a_float():
    for x in (2.0, 2):
        slope = sg.grad(lambda x: x**3)(x)
        assert type(slope) is float
        assert slope == 12.0


def test_gradient_at_a_value_and_at_a_tensor():
    assert sg.grad(lambda v: v * v)(sg.Value(3.0)) == 6.0
    slope = sg.grad(lambda t: (t * t).sum())(sg.tensor([3.0, 4.0]))
    np.testing.assert_array_equal(np.asarray(slope), [6.0, 8.0])


def test_nine_derivatives_of_tanh_match_the_closed_form():
    # Derivatives of tanh are polynomials in t = tanh: p -> p' * (1 - t**2).
    polynomial, f, t = np.polynomial.Polynomial([0, 1]), np.tanh, math.tanh(1.0)
    for _ in range(9):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([1, 0, -1])
        f = sg.grad(f)
        assert f(1.0) == pytest.approx(polynomial(t), rel=1e-10)


def test_grad_of_a_function_that_calls_grad():
    def outer(x):
        return x * sg.grad(lambda y: y**2 * x)(3.0)  # x * 6 x

    assert sg.grad(outer)(2.0) == pytest.approx(24.0)
    assert sg.grad(sg.grad(outer))(2.0) == pytest.approx(12.0)


def test_no_perturbation_confusion():
    # d/dx (x * d/dy (x + y)) = 1, where a careless engine says 2.
    assert sg.grad(lambda x: x * sg.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    # d/dx (x * d/dy (x * y) at y = 2) = d/dx x**2 = 2x
    assert sg.grad(lambda x: x * sg.grad(lambda y: x * y)(2.0))(1.0) == 2.0
    # The inner variable is the outer one: d/dx [d/dy y**2 at y = x] = 2
    assert sg.grad(lambda x: sg.grad(lambda y: y**2)(x))(5.0) == 2.0


def test_value_and_grad():
    value, gradient = sg.value_and_grad(lambda x: (x**2).sum())(X)
    assert isinstance(value, float)
    assert value == 5.25
    np.testing.assert_array_equal(gradient, 2 * X)


def test_has_aux():
    def f(x):
        return (x**2).sum(), {"first": x[0] * 1, "name": "aux"}

    gradient, aux = sg.grad(f, has_aux=True)(X)
    np.testing.assert_array_equal(gradient, 2 * X)
    assert aux["name"] == "aux"
    assert not isinstance(aux["first"], sg.Tensor)
    assert aux["first"] == 0.5
    (value, aux), gradient = sg.value_and_grad(f, has_aux=True)(X)
    assert (value, aux["name"]) == (5.25, "aux")


def test_argnums():
    def f(x, y, z):
        return (x * y**2 * z).sum()

    x, y, z = X, X + 3, X * 2
    np.testing.assert_allclose(sg.grad(f)(x, y, z), y**2 * z)
    np.testing.assert_allclose(sg.grad(f, 1)(x, y, z), 2 * x * y * z)
    first, last = sg.grad(f, argnums=(0, -1))(x, y, z)
    np.testing.assert_allclose(first, y**2 * z)
    np.testing.assert_allclose(last, x * y**2)
    with pytest.raises(ValueError, match="argnums=3.*3 arguments"):
        sg.grad(f, 3)(x, y, z)


def test_keyword_arguments_are_passed_on():
    assert sg.grad(lambda x, *, power: x**power)(2.0, power=3) == 12.0


def test_the_name_and_docstring_stay():
    def cost(x):
        """Cost."""
        return x * x

    assert sg.grad(cost).__name__ == "cost"


Point = namedtuple("Point", "x y")


def test_nested_structures():
    def f(params):
        (w, b), point = params["layer"], params["point"]
        return (w * point.x).sum() + b * point.y**2

    params = {"layer": [np.array([1.0, 2.0]), 3.0], "point": Point(np.array([5.0, 7.0]), 2.0)}
    g = sg.grad(f)(params)
    np.testing.assert_array_equal(g["layer"][0], [5.0, 7.0])
    assert g["layer"][1] == 4.0
    assert isinstance(g["point"], Point)
    np.testing.assert_array_equal(g["point"].x, [1.0, 2.0])
    assert g["point"].y == 12.0


def test_an_argument_that_is_not_used_has_gradient_zero():
    gx, gy = sg.grad(lambda x, y: (x * x).sum(), (0, 1))(X, np.ones((2, 2)))
    np.testing.assert_array_equal(gy, np.zeros((2, 2)))
    np.testing.assert_array_equal(gx, 2 * X)
    assert sg.grad(lambda x: 3.0)(2.0) == 0.0


def test_float32_is_kept():
    g = sg.grad(lambda x: (x * 2.5).mean())(X.astype(np.float32))
    assert g.dtype == np.float32
    assert sg.hessian(lambda x: (x**3).sum())(X.astype(np.float32)).dtype == np.float32


def test_inputs_are_left_alone():
    x = X.copy()
    t = sg.tensor(X, requires_grad=True)
    sg.grad(lambda v: (v * v).sum())(x)
    sg.grad(lambda v: (v * v).sum())(t)
    np.testing.assert_array_equal(x, X)
    assert t.grad is None


def test_the_gradient_is_an_array_of_its_own():
    x = X.copy()
    g = sg.grad(lambda v: v.sum())(x)
    g[:] = 7.0
    np.testing.assert_array_equal(x, X)


def test_errors_of_grad():
    with pytest.raises(ValueError, match=r"\(3,\).*sg\.jacobian.*sg\.elementwise_grad"):
        sg.grad(lambda x: x * 2)(X)
    with pytest.raises(TypeError, match="NoneType"):
        sg.grad(lambda x: None)(X)
    for bad in ("x", None, True):
        with pytest.raises(TypeError, match="floating-point"):
            sg.grad(lambda x: x)(bad)
    with pytest.raises(TypeError, match="floating-point"):
        sg.grad(lambda x: x.sum())(np.array([1, 2]))


def test_grad_works_under_no_grad():
    with sg.no_grad():
        assert sg.grad(lambda x: x**2)(3.0) == 6.0
        assert sg.grad(sg.grad(lambda x: x**3))(2.0) == 12.0


def test_gradient_through_grad_reaches_tensors_outside():
    w = sg.tensor(2.0, requires_grad=True)
    slope = sg.grad(lambda x: w * x**2)(3.0)  # 6 w
    assert isinstance(slope, sg.Tensor)
    slope.backward()
    assert w.grad == 6.0


def test_a_gradient_penalty():
    w = sg.tensor([1.0, -2.0], requires_grad=True)
    x = np.array([0.5, 0.25])
    g = sg.grad(lambda x: np.tanh((w * x).sum()))(x)
    (g**2).sum().backward()

    def penalty(w):
        return np.sum((w * (1 - np.tanh(np.sum(w * x)) ** 2)) ** 2)

    step = 1e-6
    numeric = [(penalty(w.data + d) - penalty(w.data - d)) / (2 * step) for d in step * np.eye(2)]
    np.testing.assert_allclose(w.grad, numeric, rtol=1e-8)


# --------------------------------------------------------------------------------------- the other transforms


def test_elementwise_grad():
    np.testing.assert_allclose(sg.elementwise_grad(np.tanh)(X), 1 - np.tanh(X) ** 2, rtol=1e-14)
    second = sg.elementwise_grad(sg.elementwise_grad(np.sin))
    np.testing.assert_allclose(second(X), -np.sin(X), rtol=1e-14)
    np.testing.assert_allclose(sg.elementwise_grad(lambda x, y: x * y**2, 1)(X, X), 2 * X**2)


def test_jacobian():
    matrix = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(sg.jacobian(lambda x: matrix @ x)(X), matrix)
    outer = sg.jacobian(lambda x: np.outer(x, x))(X[:2])
    expected = np.einsum("ik,j->ijk", np.eye(2), X[:2]) + np.einsum("jk,i->ijk", np.eye(2), X[:2])
    np.testing.assert_array_equal(outer, expected)
    np.testing.assert_array_equal(sg.jacobian(lambda x: (x**2).sum())(X), 2 * X)
    assert sg.jacobian(lambda x: x**2)(3.0) == 6.0


def test_jacobian_of_several_arguments():
    a, b = sg.jacobian(lambda x, y: x * y, (0, 1))(X, X + 1)
    np.testing.assert_array_equal(a, np.diag(X + 1))
    np.testing.assert_array_equal(b, np.diag(X))


def test_jacobian_shape_with_matrices():
    assert sg.jacobian(lambda x: x @ np.ones((3, 4)))(np.ones((2, 3))).shape == (2, 4, 2, 3)


def test_rosenbrock():
    x = np.array([-1.2, 1.0])
    a, b = x
    np.testing.assert_allclose(
        sg.grad(rosenbrock)(x), [-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)], rtol=1e-13
    )
    expected = [[2 - 400 * (b - 3 * a**2), -400 * a], [-400 * a, 200.0]]
    for transform in (sg.hessian, lambda f: sg.jacobian(sg.grad(f)), lambda f: sg.jacobian(sg.jacobian(f))):
        np.testing.assert_allclose(transform(rosenbrock)(x), expected, rtol=1e-13)


def test_hvp_is_the_hessian_times_the_vector():
    x, v = np.array([-1.2, 1.0]), np.array([0.3, -2.0])
    expected = np.array([[2 - 400 * (1 - 3 * 1.44), 480.0], [480.0, 200.0]]) @ v
    np.testing.assert_allclose(sg.hvp(rosenbrock)(x, v), expected, rtol=1e-12)


def test_hvp_of_another_argument():
    out = sg.hvp(lambda a, x: (a * x**3).sum(), 1)(np.array([2.0, 3.0]), np.array([1.0, -1.0]), np.array([1.0, 10.0]))
    np.testing.assert_allclose(out, [12.0, -180.0])


def test_hvp_does_not_build_the_hessian():
    calls = []

    def f(x):
        calls.append(1)
        return (sg.sin(x) * x).sum()

    x = np.linspace(0, 1, 200)
    out = sg.hvp(f)(x, np.ones(200))
    np.testing.assert_allclose(out, 2 * np.cos(x) - x * np.sin(x), rtol=1e-12)
    assert len(calls) == 1


def test_vjp():
    out, pull = sg.vjp(lambda x, y: np.dot(x, y), np.ones((2, 3)), X)
    np.testing.assert_array_equal(out, [1.5, 1.5])
    gx, gy = pull(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(gx, np.outer([1.0, 10.0], X))
    np.testing.assert_array_equal(gy, [11.0, 11.0, 11.0])
    np.testing.assert_array_equal(pull(np.array([0.0, 1.0]))[1], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        pull(np.ones(3))


def test_vjp_of_several_results():
    out, pull = sg.vjp(lambda x: {"square": x**2, "double": 2 * x}, X)
    np.testing.assert_array_equal(out["square"], X**2)
    (g,) = pull({"square": np.ones(3), "double": np.array([1.0, 0.0, 0.0])})
    np.testing.assert_array_equal(g, 2 * X + [2.0, 0.0, 0.0])


def test_jvp():
    out, tangent = sg.jvp(lambda x: np.sin(x) * x, (X,), (np.array([1.0, 2.0, 0.0]),))
    np.testing.assert_allclose(out, np.sin(X) * X)
    np.testing.assert_allclose(tangent, (np.cos(X) * X + np.sin(X)) * [1.0, 2.0, 0.0], rtol=1e-13)


def test_jvp_of_two_arguments_and_of_numbers():
    out, tangent = sg.jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 10.0))
    assert (out, tangent) == (10.0, 25.0)
    assert type(tangent) is float
    assert sg.jvp(lambda x: 3.0 * np.ones(2), (1.0,), (1.0,))[1].tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="2 arguments.*1"):
        sg.jvp(lambda x, y: x, (1.0, 2.0), (1.0,))
    with pytest.raises(ValueError, match="shape"):
        sg.jvp(lambda x: x * 2, (X,), (np.ones(2),))


def test_jvp_of_linear_and_of_nested_functions():
    out, tangent = sg.jvp(lambda x: 3 * x, (X,), (X,))
    np.testing.assert_array_equal(tangent, 3 * X)
    # Forward over reverse is a Hessian-vector product.
    x, v = np.array([-1.2, 1.0]), np.array([0.3, -2.0])
    _, pushed = sg.jvp(sg.grad(rosenbrock), (x,), (v,))
    np.testing.assert_allclose(pushed, sg.hessian(rosenbrock)(x) @ v, rtol=1e-12)
    slope = sg.grad(lambda x: sg.jvp(np.sin, (x,), (2.0,))[1])(0.7)
    assert slope == pytest.approx(-2 * math.sin(0.7))


def test_jvp_and_vjp_agree():
    def f(x):
        return np.tanh(np.outer(x, x)).sum(axis=0) * np.exp(x)

    v, u = np.array([1.0, -2.0, 0.5]), np.array([0.2, 0.4, -3.0])
    tangent = sg.jvp(f, (X,), (v,))[1]
    (pulled,) = sg.vjp(f, X)[1](u)
    assert np.dot(u, tangent) == pytest.approx(np.dot(pulled, v), rel=1e-12)
    np.testing.assert_allclose(sg.jacobian(f)(X) @ v, tangent, rtol=1e-12)


def test_logistic_regression_in_plain_numpy_learns():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(40, 2))
    labels = (points @ np.array([2.0, -1.0]) > 0).astype(float)

    def loss(w):
        logits = np.dot(points, w)
        return np.mean(np.logaddexp(0.0, logits) - labels * logits)

    w = np.zeros(2)
    for _ in range(50):
        w = w - 2.0 * sg.grad(loss)(w)
    assert np.mean((points @ w > 0) == labels) >= 0.95


def test_newtons_method():
    x = np.array([-1.2, 1.0])
    for _ in range(8):
        x = x - np.linalg.solve(sg.hessian(rosenbrock)(x), sg.grad(rosenbrock)(x))
    np.testing.assert_allclose(x, [1.0, 1.0], rtol=1e-10)


# ------------------------------------------------------------------------------- structures, and what is refused


def test_jacobian_of_a_structure():
    whole = sg.jacobian(lambda x: {"square": x**2, "sum": x.sum()})(X)
    np.testing.assert_array_equal(whole["square"], np.diag(2 * X))
    np.testing.assert_array_equal(whole["sum"], np.ones(3))
    parts = sg.jacobian(lambda p: p["x"] * p["scale"])({"x": X, "scale": 2.0})
    np.testing.assert_array_equal(parts["x"], 2 * np.eye(3))
    np.testing.assert_array_equal(parts["scale"], X)


def test_hessian_of_a_structure():
    whole = sg.hessian(lambda p: (p["x"] ** 2).sum() * p["scale"])({"x": X, "scale": 2.0})
    np.testing.assert_array_equal(whole["x"]["x"], 4 * np.eye(3))
    np.testing.assert_array_equal(whole["x"]["scale"], 2 * X)
    np.testing.assert_array_equal(whole["scale"]["x"], 2 * X)
    assert whole["scale"]["scale"] == 0.0


def test_hvp_of_a_structure():
    out = sg.hvp(lambda p: (p["x"] ** 2).sum() * p["scale"])({"x": X, "scale": 2.0}, {"x": np.ones(3), "scale": 1.0})
    np.testing.assert_array_equal(out["x"], 4.0 + 2 * X)
    assert out["scale"] == 2 * X.sum()


def test_jvp_of_a_structure():
    out, tangent = sg.jvp(lambda x: {"double": 2 * x, "sum": x.sum()}, (X,), (np.array([1.0, 0.0, -1.0]),))
    np.testing.assert_array_equal(out["double"], 2 * X)
    np.testing.assert_array_equal(tangent["double"], [2.0, 0.0, -2.0])
    assert tangent["sum"] == 0.0


def test_vjp_refuses_another_structure():
    _, pull = sg.vjp(lambda x: (x, 2 * x), X)
    for wrong in (X, (X,), (X, X, X), {"a": X, "b": X}):
        with pytest.raises(ValueError, match="structure|result"):
            pull(wrong)


def test_jvp_refuses_a_tangent_of_another_shape():
    for wrong in (1.0, np.ones(1), np.ones((1, 3))):
        with pytest.raises(ValueError, match=r"\(3,\)"):
            sg.jvp(lambda x: x * 2, (X,), (wrong,))


def test_argnums_are_checked():
    with pytest.raises(ValueError, match="argnums"):
        sg.grad(lambda x: x * x, (0, 0))(2.0)
    with pytest.raises(TypeError, match="argnums"):
        sg.grad(lambda x: x * x, "x")(2.0)


def test_a_constant_function_has_a_plain_zero_tangent():
    out, tangent = sg.jvp(lambda x: 3.0, (2.0,), (1.0,))
    assert (out, tangent) == (3.0, 0.0)
    assert type(tangent) is float


@pytest.mark.parametrize("answer", [True, np.True_])
def test_the_gradient_of_a_truth_value_is_refused(answer):
    with pytest.raises(TypeError, match="truth value True"):
        sg.grad(lambda x: answer)(1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_the_tangent_of_a_constant_result_has_its_dtype(dtype):
    _, tangent = sg.jvp(lambda x: np.ones(2, dtype), (np.ones(3),), (np.ones(3),))
    assert tangent.dtype == dtype
    np.testing.assert_array_equal(tangent, np.zeros(2))
