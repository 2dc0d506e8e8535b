"""Differential equations and integrals: SciPy's values, derivatives by both methods, to second order."""

from __future__ import annotations

import numpy as np
import pytest

scipy_integrate = pytest.importorskip("scipy.integrate", reason="no SciPy")

from scipy_checks import conforms, leaves, pair  # noqa: E402 (a file of SciPy's tests is nothing without it)

import seegrad as sg  # noqa: E402
from seegrad.scipy import integrate  # noqa: E402

RNG = np.random.default_rng(0)
TIGHT = {"rtol": 1e-11, "atol": 1e-11}
Y0, T, A, B = np.array([1.0, 0.5]), np.array([0.0, 0.4, 0.9]), np.array([1.1, 0.7]), np.array(0.9)
both_methods = pytest.mark.parametrize("sensitivity", ["forward", "adjoint"])


def predators(y, t, a, b):
    """The equations of Lotka and Volterra, with a forcing, so that the time matters."""
    return [a[0] * y[0] - a[1] * y[0] * y[1] + 0.1 * np.sin(t), -b * y[1] + y[0] * y[1]]


def predators_first(t, y, a, b):
    return predators(y, t, a, b)


@both_methods
def test_odeint(sensitivity):
    options = TIGHT | {"sensitivity": sensitivity}
    conforms(
        lambda *xs: integrate.odeint(predators, xs[0], xs[1], xs[2:], **options),
        lambda *xs: scipy_integrate.odeint(predators, xs[0], xs[1], xs[2:], **TIGHT),
        *(Y0, T, A, B),
        order=1,
    )


@both_methods
def test_second_derivatives(sensitivity):
    def last(y0, t, b):
        return integrate.odeint(predators, y0, t, (A, b), sensitivity=sensitivity, **TIGHT)[-1]

    assert sg.gradcheck(last, leaves(Y0, T[:2], B), order=2, rtol=1e-4)


@both_methods
@pytest.mark.parametrize("method", ["DOP853", "RK45", "LSODA", "Radau"])
def test_solve_ivp(method, sensitivity):
    tolerances = {"rtol": 1e-8, "atol": 1e-9} if method == "Radau" else TIGHT
    arguments = predators_first, (0.0, 1.0), Y0, method, [0.5, 1.0]
    expected = scipy_integrate.solve_ivp(*arguments, args=(A, B), **tolerances)

    def solve(p, q):
        options = {"args": (p, q), "sensitivity": sensitivity, **tolerances}
        return integrate.solve_ivp(*arguments, **options)

    found = solve(*leaves(A, B))
    np.testing.assert_array_equal(found.y.data, expected.y)
    np.testing.assert_array_equal(found.t, expected.t)
    assert sg.gradcheck(lambda p, q: solve(p, q).y, leaves(A, B), rtol=1e-4, atol=1e-5)


@both_methods
def test_times_and_directions_of_solve_ivp(sensitivity):
    options = {"args": (A, B), "sensitivity": sensitivity, **TIGHT}

    def ends(t0, t1):
        return integrate.solve_ivp(predators_first, (t0, t1), Y0, "DOP853", **options).y[:, [0, -1]]

    def backward(y0, t):
        return integrate.solve_ivp(predators_first, (1.0, 0.0), y0, "DOP853", t, **options).y

    assert sg.gradcheck(ends, leaves(0.1, 0.8))
    assert sg.gradcheck(backward, leaves(Y0, [0.7, 0.2]))
    assert sg.gradcheck(lambda t1: ends(0.1, t1), leaves(0.8), order=2)  # nothing but a time
    found = integrate.solve_ivp(predators_first, leaves(0.1, 0.8), Y0, **options)
    assert isinstance(found.t, sg.Tensor)
    assert found.t.data[[0, -1]].tolist() == [0.1, 0.8]


@both_methods
def test_the_exponential_to_third_order(sensitivity):
    """The solution exp(k t) has known derivatives of any order."""

    def end(k):
        y = integrate.odeint(lambda y, t, k: k * y, [1.0], [0.0, 2.0], (k,), sensitivity=sensitivity, **TIGHT)
        return y[-1, 0]

    third = sg.grad(sg.grad(sg.grad(end)))(0.3)
    assert third == pytest.approx(8 * np.exp(0.6), rel=1e-7)


@both_methods
def test_parameters_that_the_function_finds_by_itself(sensitivity):
    def last(w):
        v = w * 1.0  # a computed node
        return integrate.odeint(lambda y, t: np.tanh(v @ y), Y0, T[:2], sensitivity=sensitivity, **TIGHT)[-1]

    assert sg.gradcheck(last, leaves([[0.1, 0.4], [-0.3, 0.2]]), order=2)


def test_both_methods_agree_for_many_parameters_and_structures():
    w = 0.3 * RNG.standard_normal((3, 3))
    t = np.linspace(0.0, 1.0, 5)

    def loss(w, y0, sensitivity):
        y = integrate.odeint(
            lambda t, y, p: p["layers"][0] @ np.tanh(y),
            y0,
            t,
            ({"layers": [w]},),
            tfirst=True,
            sensitivity=sensitivity,
            **TIGHT,
        )
        return (y**2).mean()

    gradients = [sg.grad(loss, (0, 1))(w, np.ones(3), s) for s in ("forward", "adjoint", None)]
    for other in gradients[1:]:
        for one, two in zip(gradients[0], other):
            np.testing.assert_allclose(one, two, rtol=1e-7)
    v = sg.Value(2.0)
    integrate.odeint(lambda y, t, v: -v * y, 1.0, [0.0, 0.5], (v,), **TIGHT)[-1, 0].backward()
    assert v.grad == pytest.approx(-0.5 * np.exp(-1.0))


def test_the_adjoint_method_is_stable_where_the_equation_forgets():
    """Backward in time, exp(-30 t) grows by 1e13: y must be that of the solution."""
    t = np.linspace(0.0, 1.0, 11)

    def last(k):
        return integrate.odeint(lambda y, t, k: -k * (y - np.cos(t)), [0.0], t, (k,), sensitivity="adjoint", **TIGHT)[
            -1, 0
        ]

    step = 1e-4
    expected = (last(30.0 + step) - last(30.0 - step)) / (2 * step)
    assert sg.grad(last)(30.0) == pytest.approx(float(expected), rel=1e-4)


def test_precision_follows_the_tolerances_whatever_the_size_of_a_gradient():
    for sensitivity in ("forward", "adjoint"):
        for size in (1e-12, 1e12):

            def end(k, size=size, sensitivity=sensitivity):
                options = {"rtol": 1e-9, "atol": 1e-9, "sensitivity": sensitivity}
                return size * integrate.odeint(lambda y, t, k: -size * k * y, [1.0], [0.0, 0.5], (k,), **options)[-1, 0]

            assert sg.grad(end)(2.0 / size) == pytest.approx(-0.5 * size**2 * np.exp(-1.0), rel=1e-6)


def test_jacobians_batches_and_plain_results():
    found = sg.jacobian(lambda k: integrate.odeint(lambda y, t, k: -k * y, [1.0, 2.0], T, (k,), **TIGHT))(0.7)
    np.testing.assert_allclose(found, -T[:, None] * np.exp(-0.7 * T)[:, None] * [1.0, 2.0], rtol=1e-7)
    rows = sg.jacobian(lambda y0: integrate.odeint(lambda y, t: -0.7 * y, y0, T, sensitivity="adjoint", **TIGHT)[-1])(
        np.array([1.0, 2.0])
    )
    np.testing.assert_allclose(rows, np.exp(-0.7 * T[-1]) * np.eye(2), rtol=1e-7, atol=1e-12)
    plain = integrate.odeint(predators, Y0, T, (A, 0.9))
    np.testing.assert_array_equal(plain, scipy_integrate.odeint(predators, Y0, T, (A, 0.9)))
    assert isinstance(plain, np.ndarray)
    path, report = integrate.odeint(predators, Y0, T, (A, 0.9), full_output=True)
    assert report["message"] == "Integration successful."
    complex_path = integrate.solve_ivp(lambda t, y: 1j * y, (0, 1), [1.0 + 0j])
    assert complex_path.y.dtype == complex
    assert integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], dense_output=True).sol(0.5) == pytest.approx(
        np.exp(-0.5), rel=1e-3
    )
    y0 = sg.tensor(Y0.astype(np.float32), requires_grad=True)
    integrate.odeint(predators, y0, T, (A, B)).sum().backward()
    assert y0.grad.dtype == np.float32
    with sg.no_grad():
        assert not sg.tensor(integrate.odeint(predators, y0, T, (A, B))).requires_grad


def test_what_is_refused():
    k, y0 = leaves(2.0, [1.0])

    def decay(t, y, k):
        return -k * y

    with pytest.raises(TypeError, match="dense_output or events has no derivative"):
        integrate.solve_ivp(decay, (0, 1), [1.0], args=(k,), events=lambda t, y, k: y[0] - 0.5)
    with pytest.raises(TypeError, match="takes real numbers"):
        integrate.solve_ivp(decay, (0, 1), [1.0 + 0j], args=(k,))
    with pytest.raises(ValueError, match='sensitivity is "adjoint", "forward" or None'):
        integrate.odeint(decay, y0, T, (k,), tfirst=True, sensitivity="backward")
    with pytest.raises(TypeError, match="cannot be called under sg.vmap"):
        sg.vmap(lambda k: integrate.odeint(decay, [1.0], T, (k,), tfirst=True))(np.ones(2))
    blown = integrate.solve_ivp(lambda t, y, k: k * y**2, (0, 2), [1.0], args=(k,))
    assert not blown.success
    with pytest.raises(RuntimeError, match="solve_ivp failed, so there is no derivative .*step size"):
        blown.y.sum().backward()


# -------------------------------------------------------------------------------------------------- integrals


def test_quad():
    tight = {"epsabs": 1e-12, "epsrel": 1e-12}

    def of(module):
        return lambda *xs: np.multiply(
            1.0, module.quad(lambda x, k: np.exp(-k * x) * np.sin(x), *xs[:2], (xs[2],), **tight)[0]
        )

    conforms(of(integrate), of(scipy_integrate), np.array(0.2), np.array(1.5), np.array(0.7))
    k = np.array([0.7, 0.3])

    def gaussian(k):
        return integrate.quad(lambda x: np.exp(-k[0] * x**2 + k[1] * x), -np.inf, np.inf)[0]

    expected = sg.grad(lambda k: np.sqrt(np.pi / k[0]) * np.exp(k[1] ** 2 / (4 * k[0])))(k)
    np.testing.assert_allclose(sg.grad(gaussian)(k), expected, rtol=1e-7)
    nested = sg.grad(
        lambda k: integrate.quad(lambda x, k: integrate.quad(lambda y: np.exp(-k * x * y), 0, 1)[0], 0, 1, (k,))[0]
    )
    step = 1e-5
    ends = [scipy_integrate.dblquad(lambda x, y, k=k: np.exp(-k * x * y), 0, 1, 0, 1)[0] for k in (1 - step, 1 + step)]
    assert nested(1.0) == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)
    plain = integrate.quad(lambda x: x, 0.0, 1.0, weight="cos", wvar=2.0)
    assert plain == scipy_integrate.quad(lambda x: x, 0.0, 1.0, weight="cos", wvar=2.0)
    with pytest.raises(TypeError, match="weight, points, complex_func"):
        integrate.quad(lambda x: x, sg.tensor(0.0, requires_grad=True), 1.0, weight="cos", wvar=2.0)


def rule(name, *args, **options):
    """A rule for samples, of this package and of SciPy."""
    return pair(integrate, scipy_integrate, name, *args, **options)


@pytest.mark.parametrize("name", ["simpson", "trapezoid", "cumulative_trapezoid"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_integrals_of_samples(count, name):
    y, x = RNG.standard_normal((2, count, 2)), np.cumsum(0.2 + RNG.random((2, count, 2)), 1)
    ours, theirs = rule(name, axis=1)
    conforms(ours, theirs, y, order=1)
    assert sg.gradcheck(lambda y, dx: getattr(integrate, name)(y, dx=dx, axis=1), leaves(y, 0.3))
    if count > 1:
        by_place = [lambda y, x, f=f: f(y, x=x, axis=1) for f in (getattr(integrate, name), theirs_of(name))]
        conforms(*by_place, y, x, order=1)
        conforms(
            *[lambda y, x, f=f: f(y, x=x, axis=0) for f in (getattr(integrate, name), theirs_of(name))],
            y[0],
            x[0, :, 0],
        )


def theirs_of(name):
    return lambda *xs, **options: np.asarray(getattr(scipy_integrate, name)(*xs, **options))


@pytest.mark.parametrize("count", [5, 6])
def test_samples_at_the_same_place(count):
    x = np.array([0.0, 0, 1, 2, 2, 3])[:count]
    conforms(*rule("simpson", x=x), RNG.standard_normal(count))


def test_options_and_errors_of_samples():
    x, y = np.array([0.0, 1, 2]), RNG.standard_normal(6)
    conforms(*rule("cumulative_trapezoid", initial=0), y)
    for name in ("simpson", "cumulative_trapezoid"):
        with pytest.raises(ValueError, match="at least one sample"):
            getattr(integrate, name)(sg.tensor(np.zeros(0)))
        with pytest.raises(ValueError, match="does not fit y"):
            getattr(integrate, name)(sg.tensor(y), x=x)
    with pytest.raises(ValueError, match="initial must be None or 0"):
        integrate.cumulative_trapezoid(sg.tensor(y), initial=1.0)


@pytest.mark.parametrize(
    "push", [lambda f: sg.jvp(f, (1.3,), (1.0,)), lambda f: sg.jacfwd(f)(1.3)], ids=["jvp", "jacfwd"]
)
def test_a_tangent_takes_no_more_evaluations_than_a_gradient(push):
    """The second of the passes leaves out the equations of second derivatives, which do not matter."""
    calls = []

    def spring(y, t, stiffness):
        calls.append(t)
        return [y[1], -stiffness * y[0]]

    def last(stiffness):
        return integrate.odeint(spring, [1.0, 0.0], [0.0, 0.7, 2.0], (stiffness,), sensitivity="forward")[-1, 0]

    sg.grad(last)(1.3)
    of_gradient = len(calls)
    calls.clear()
    push(last)
    assert len(calls) <= of_gradient
