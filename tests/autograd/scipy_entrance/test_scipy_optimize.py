"""Roots, minima and fits as functions of their parameters: SciPy's values, derivatives against finite differences."""

from __future__ import annotations

import functools

import numpy as np
import pytest

scipy_optimize = pytest.importorskip("scipy.optimize", reason="no SciPy")

from scipy_checks import conforms, jacobian_by_differences, leaves  # noqa: E402 (as all files of SciPy's tests)

import seegrad as sg  # noqa: E402
from seegrad.scipy import optimize  # noqa: E402

RNG = np.random.default_rng(0)
A, B = np.array([1.0, 0.3]), np.array(1.2)


def equations(x, a, b):
    return [x[0] + 0.5 * (x[0] - x[1]) ** 3 - a[0], 0.5 * (x[1] - x[0]) ** 3 + x[1] * b + a[1]]


def valley(x, a, b):
    """Rosenbrock's function, whose minimum is at ``(a, a**2)``, and a term that moves it."""
    return (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2 + 0.1 * x[0] ** 4


@pytest.mark.parametrize("method", ["hybr", "lm", "broyden1"])
def test_root(method):
    def of(module):
        return lambda a, b: module.root(equations, [0.0, 0.0], (a, b), method=method, tol=1e-13).x

    conforms(of(optimize), of(scipy_optimize), A, B, rtol=1e-9)


def test_the_solver_gets_exact_derivatives():
    calls = []

    def fun(x):
        calls.append(type(x))
        return np.sin(x) + x**3 - 0.1

    found = optimize.root(fun, 0.5, tol=1e-12)
    plain = scipy_optimize.root(lambda x: np.sin(x) + x**3 - 0.1, 0.5, tol=1e-12)
    np.testing.assert_allclose(found.x, plain.x, rtol=1e-12)
    assert found.njev > 0
    assert isinstance(found.x, np.ndarray)
    given = optimize.root(lambda x: (x**2 - 2, 2 * x), 1.0, jac=True)
    np.testing.assert_allclose(given.x, np.sqrt(2.0))
    np.testing.assert_allclose(optimize.root(lambda x: x**2 - 2, 1.0, jac=lambda x: 2 * x).x, np.sqrt(2.0))
    assert optimize.root(lambda x: x**2 - 2, 1.0, jac=False).success


def test_parameters_in_structures_and_in_the_function_itself():
    w = np.array([[2.0, 0.3], [0.1, 1.5]])

    def solve(w, p):
        q = w * 1.0  # a computed node, which the equations find by themselves
        return optimize.root(lambda x, s: np.tanh(x) * 0.2 + q @ x - s["p"][0], np.zeros(2), ({"p": [p]},), tol=1e-13).x

    assert sg.gradcheck(solve, leaves(w, [0.3, 0.4]), order=2)
    v = sg.Value(2.0)
    optimize.root(lambda x, v: x**2 - v, 1.0, (v,)).x.sum().backward()
    assert v.grad == pytest.approx(0.5 / np.sqrt(2.0))
    assert sg.grad(lambda v: optimize.root(lambda x: x**2 - v, 1.0).x[0])(2.0) == pytest.approx(0.5 / np.sqrt(2.0))


def test_a_solver_that_fails():
    a = sg.tensor(1.0, requires_grad=True)
    found = optimize.root(lambda x, a: x**2 + a, 1.0, (a,))
    assert not found.success
    with pytest.raises(
        RuntimeError, match="root did not find a solution, .*: The iteration is not making good progress"
    ):
        found.x.sum().backward()
    stopped = optimize.minimize(lambda x, a: (x - a) ** 2, 0.0, (a,), options={"maxiter": 0})
    with pytest.raises(RuntimeError, match="minimize did not find a solution"):
        stopped.x.sum().backward()
    there = optimize.minimize(lambda x, a: (x - a) ** 2, 1.0, (a,), method="Nelder-Mead", options={"maxiter": 1})
    assert not there.success
    there.x.sum().backward()  # it is a minimum nevertheless
    assert a.grad == 1.0
    b = sg.tensor(0.0, requires_grad=True)
    double = optimize.root(lambda x, b: x**3 - b, 0.0, (b,))
    with pytest.raises(np.linalg.LinAlgError, match="root: the equations have a singular Jacobian"):
        double.x.sum().backward()


def test_roots_of_one_number():
    c = np.array(8.0)
    assert optimize.brentq(lambda x: x**3 - 8.0, 0.0, 5.0) == scipy_optimize.brentq(lambda x: x**3 - 8.0, 0.0, 5.0)
    assert sg.gradcheck(lambda c: optimize.brentq(lambda x, c: x**3 - c, 0.0, 5.0, (c,)), leaves(c), order=2)
    root, report = optimize.brentq(lambda x, c: x - c, 0.0, 5.0, (sg.Value(2.0),), full_output=True)
    assert root.data == pytest.approx(2.0)
    assert report.converged
    for method in ("newton", "halley", "bisect", "secant"):
        options = {"x0": 1.7, "x1": 2.5, "bracket": (0, 5), "xtol": 1e-14}

        def solve(c, method=method, options=options):
            return optimize.root_scalar(lambda x, c: np.sinh(x) - c, (c,), method, **options).root

        assert solve(8.0) == pytest.approx(np.arcsinh(8.0), rel=1e-12)
        assert sg.gradcheck(solve, leaves(c), order=2)
    with pytest.raises(ValueError, match="different signs"):
        optimize.brentq(lambda x, c: x**2 + c, 0.0, 5.0, (sg.Value(2.0),))


def test_fixed_point():
    def of(module):
        return lambda a: module.fixed_point(lambda x, a: np.sqrt(a / (x + 1)), np.array([1.2, 1.3]), (a,), xtol=1e-13)

    conforms(of(optimize), of(scipy_optimize), np.array([10.0, 12.0]))


@pytest.mark.parametrize("method", [None, "trust-exact", "Newton-CG", "L-BFGS-B", "Nelder-Mead"])
def test_minimize(method):
    def solve(a, b):
        return optimize.minimize(valley, [0.5, 0.5], (a, b), method=method, tol=1e-12).x

    plain = scipy_optimize.minimize(valley, [0.5, 0.5], (1.1, 3.0), tol=1e-12)
    np.testing.assert_allclose(solve(1.1, 3.0), plain.x, rtol=1e-5)
    exact = method == "trust-exact"  # the others stop as far from the minimum as to spoil differences
    assert sg.gradcheck(solve, leaves(1.1, 3.0), order=1 + exact, rtol=1e-5 if exact else 1e-3, atol=1e-4)


def test_the_least_value_is_differentiated_too():
    def least(a, b):
        return optimize.minimize(valley, [0.5, 0.5], (a, b), method="trust-exact", tol=1e-13).fun

    assert sg.gradcheck(least, leaves(1.1, 3.0), order=2)


def test_an_element_at_its_bound_stays_there():
    def solve(a, b):
        return optimize.minimize(valley, [0.5, 0.5], (a, b), bounds=[(None, 0.8), (0.0, None)], tol=1e-13).x

    slopes = sg.jacobian(lambda p: solve(p[0], p[1]))(np.array([1.1, 3.0]))
    np.testing.assert_allclose(slopes, np.zeros((2, 2)), atol=1e-6)  # x[1] = x[0]**2 whatever b is

    def other(c):
        return optimize.minimize(
            lambda x, c: ((x - c) ** 2).sum() + x[0] * x[1], [0.5, 0.5], (c,), bounds=[(1, 4)] * 2
        ).x

    found = sg.jacobian(other)(np.array([0.2, 3.0]))
    np.testing.assert_allclose(found, [[0.0, 0.0], [0.0, 1.0]], atol=1e-8)


def test_what_has_no_derivative():
    a = sg.tensor(1.0, requires_grad=True)
    line = {"type": "eq", "fun": lambda x: x.sum() - 1}
    assert optimize.minimize(lambda x, a: ((x - a) ** 2).sum(), [0.0, 0.0], (1.0,), constraints=line).success
    with pytest.raises(TypeError, match="under constraints has no derivative"):
        optimize.minimize(lambda x, a: ((x - a) ** 2).sum(), [0.0, 0.0], (a,), constraints=line)
    with pytest.raises(TypeError, match="only a minimum with loss='linear'"):
        optimize.least_squares(lambda x, a: x - a, [0.0], loss="huber", args=(a,))
    with pytest.raises(TypeError, match="expected a function, got float"):
        optimize.root(1.0, 0.0)
    with pytest.raises(TypeError, match="cannot be called under sg.vmap"):
        sg.vmap(lambda a: optimize.root(lambda x, a: x - a, 0.0, (a,)).x)(np.ones(3))
    with sg.no_grad():
        assert isinstance(optimize.root(lambda x, a: x - a, 0.0, (a,)).x, np.ndarray)


# ------------------------------------------------------------------------------------------------------- fits

T = np.linspace(0.0, 2.0, 8)
Y = 2 * np.exp(-1.3 * T) + 0.1 * np.cos(7 * T)
TIGHT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}


def decay(t, a, b):
    return a * np.exp(-b * t)


@pytest.mark.parametrize("method", ["trf", "lm"])
def test_least_squares(method):
    def of(module):
        return lambda y: module.least_squares(
            lambda p, y: decay(T, p[0], p[1]) - y, [1.0, 1.0], args=(y,), method=method, **TIGHT
        )

    np.testing.assert_allclose(of(optimize)(Y).x, of(scipy_optimize)(Y).x, rtol=1e-7)
    for part in ("x", "cost", "fun"):
        expected = jacobian_by_differences(lambda y, part=part: getattr(of(scipy_optimize)(y), part), Y)
        found = sg.jacobian(lambda y, part=part: getattr(of(optimize)(y), part))(Y)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "sigma", [None, 0.1 + 0.05 * T, np.diag(0.1 + 0.05 * T) + 0.02], ids=["none", "each", "matrix"]
)
@pytest.mark.parametrize("part", [0, 1], ids=["parameters", "covariance"])
def test_curve_fit(part, sigma):
    options = {**TIGHT, "absolute_sigma": sigma is not None}

    def of(module):
        return lambda y, t=T, s=sigma: module.curve_fit(decay, t, y, sigma=s, **options)[part]

    np.testing.assert_allclose(of(optimize)(Y), of(scipy_optimize)(Y), rtol=1e-6)
    data = [x for x in (Y, T, sigma) if x is not None and x.ndim == 1]
    for place, x in enumerate(data):

        def moved(module, x, place=place):
            return of(module)(*data[:place], x, *data[place + 1 :])

        expected = jacobian_by_differences(functools.partial(moved, scipy_optimize), x)
        found = sg.jacobian(functools.partial(moved, optimize))(x)
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-4)


def test_a_linear_fit_by_its_formula():
    y = sg.tensor(Y, requires_grad=True)
    params, _ = optimize.curve_fit(lambda t, a, b: a + b * t, T, y)
    params[1].backward()
    centred = T - T.mean()
    np.testing.assert_allclose(y.grad, centred / (centred @ centred), rtol=1e-8)
    plain = optimize.curve_fit(decay, T, Y, bounds=([0.0, 0.0], [1.0, 3.0]))
    np.testing.assert_allclose(
        plain[0], scipy_optimize.curve_fit(decay, T, Y, bounds=([0.0, 0.0], [1.0, 3.0]))[0], rtol=1e-6
    )
    with pytest.raises(TypeError, match="nan_policy"):
        optimize.curve_fit(decay, T, y, check_finite=False, nan_policy="omit")
