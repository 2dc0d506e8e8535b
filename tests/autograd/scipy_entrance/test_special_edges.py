"""Special functions where a derivative takes a limit or a formula would lose digits, and those that are no ufuncs."""

from __future__ import annotations

import math

import numpy as np
import pytest

special = pytest.importorskip("scipy.special", reason="no SciPy")

import seegrad as sg  # noqa: E402
from seegrad.scipy import special as ours  # noqa: E402

PI, X = math.pi, 1e4

#: What is called -> the point, and the exact first and second derivatives there, from series and known values.
SLOPES = {
    "erfcx far": (special.erfcx, X, -(1 - 1.5 / X**2) / (X**2 * PI**0.5), (2 - 6 / X**2) / (X**3 * PI**0.5)),
    "dawsn far": (special.dawsn, -X, -(1 + 1.5 / X**2) / (2 * X**2), -(1 + 3 / X**2) / X**3),
    "log_ndtr far below": (special.log_ndtr, -X, X + 1 / X - 2 / X**3, -1 + 1 / X**2 - 6 / X**4),
    "log_ndtr far above": (special.log_ndtr, 50.0, 0.0, 0.0),
    "ndtri_exp far": (special.ndtri_exp, special.log_ndtr(-X), 1 / (X + 1 / X - 2 / X**3), None),
    "i0e far": (special.i0e, X, -(1 + 0.375 / X + 45 / 128 / X**2) / (2 * X * (2 * PI * X) ** 0.5), None),
    "exprel at 0": (special.exprel, 0.0, 1 / 2, 1 / 3),
    "exprel close to 0": (special.exprel, 1e-9, 1 / 2 + 1e-9 / 3, 1 / 3 + 1e-9 / 4),
    "exprel far below": (special.exprel, -1e6, 1e-12, 2e-18),
    "exprel far above": (special.exprel, 700.0, special.exprel(700.0) * (1 - 1 / 700), None),
    "rgamma at a pole of gamma": (special.rgamma, -2.0, 2.0, -2 * 2.0 * (1.5 - 0.5772156649015329)),
    "rgamma at 0": (special.rgamma, 0.0, 1.0, 2 * 0.5772156649015329),
    "spence at 1": (special.spence, 1.0, -1.0, 1 / 2),
    "ellipk at 0": (special.ellipk, 0.0, PI / 8, 9 * PI / 64),
    "ellipe at 0": (special.ellipe, 0.0, -PI / 8, -3 * PI / 64),
    "ellipkm1 close to 0": (special.ellipkm1, 1e-12, -0.5e12, None),
    "struve at 0": (lambda x: special.struve(1, x), 0.0, 0.0, 4 / (3 * PI)),
    "j1 at 0": (special.j1, 0.0, 1 / 2, 0.0),
    "jv at 0": (lambda x: special.jv(2, x), 0.0, 0.0, 1 / 4),
    "spherical_jn at 0": (lambda x: ours.spherical_jn(1, x), 0.0, 1 / 3, 0.0),
    "Si at 0": (lambda x: special.sici(x)[0], 0.0, 1.0, 0.0),
    "Shi at 0": (lambda x: special.shichi(x)[0], 0.0, 1.0, 0.0),
    "boxcox at 0": (lambda m: special.boxcox(3.0, m), 0.0, math.log(3) ** 2 / 2, math.log(3) ** 3 / 3),
    "inv_boxcox at 0": (lambda m: special.inv_boxcox(2.0, m), 0.0, -2 * math.e**2, (4 + 16 / 3) * math.e**2),
    "bei at 0": (special.bei, 0.0, 0.0, 1 / 2),
    "berp at 0": (special.berp, 0.0, 0.0, 0.0),
    "beip at 0": (special.beip, 0.0, 1 / 2, 0.0),
    "xlogy at 0": (lambda y: special.xlogy(0.0, y), 0.0, 0.0, None),
    "xlog1py at -1": (lambda y: special.xlog1py(0.0, y), -1.0, 0.0, None),
    "kl_div of 0": (lambda y: special.kl_div(0.0, y), 0.0, 1.0, None),
    "rel_entr of 0": (lambda y: special.rel_entr(0.0, y), 0.5, 0.0, 0.0),
    "rel_entr outside": (lambda y: special.rel_entr(0.5, y), -1.0, 0.0, None),
    "entr outside": (special.entr, -1.0, 0.0, None),
    "huber outside": (lambda r: special.huber(-1.0, r), 2.0, 0.0, None),
    "pseudo_huber close to 0": (lambda d: special.pseudo_huber(d, 1e-6), 1.0, 0.25e-24, None),
    "expit far above": (special.expit, 40.0, math.exp(-40.0), -math.exp(-40.0)),
    "logit at 0": (special.logit, 0.0, math.inf, None),
    "lambertw at 0": (lambda x: ours.lambertw(x).real, 0.0, 1.0, -2.0),
    "gammainc at 0": (lambda x: special.gammainc(1.0, x), 0.0, 1.0, -1.0),
    "expn of order 0": (lambda x: special.expn(0, x), 1.0, -2 / math.e, 5 / math.e),
    "polynomial of degree 0": (lambda x: special.eval_legendre(0, x), 1.0, 0.0, 0.0),
    "polynomial at 1": (lambda x: special.eval_legendre(3, x), 1.0, 6.0, 15.0),
    "round": (special.round, 1.4, 0.0, 0.0),
}


@pytest.mark.parametrize("name", SLOPES)
def test_limits_and_large_arguments(name):
    f, x, first, second = SLOPES[name]
    for data in (np.array(x), x):  # an array, a number
        assert sg.grad(f)(data) == pytest.approx(first, rel=1e-11, abs=1e-300)
    if second is not None:
        assert sg.grad(sg.grad(f))(np.array(x)) == pytest.approx(second, rel=2e-8 if abs(x) == X else 1e-14, abs=1e-300)


def leaf(x):
    return sg.Tensor(np.asarray(x, float), requires_grad=True)


POINT = np.array([2.5, 3.0, 0.7])

#: Functions that are no ufuncs in SciPy.
COMPOSED = {
    "polygamma": lambda s, x: s.polygamma(2, x),
    "multigammaln": lambda s, x: s.multigammaln(x + 1.0, 3),
    "zeta": lambda s, x: s.zeta(2.5, x),
    "factorial": lambda s, x: s.factorial(x),
    "factorial below 0": lambda s, x: s.factorial(-x),
    "comb of n": lambda s, x: s.comb(x, 0.6),
    "comb of k": lambda s, x: s.comb(2.8, x),
    "lambertw": lambda s, x: s.lambertw(x).real,
    "spherical_jn": lambda s, x: s.spherical_jn(2, x),
    "spherical_yn": lambda s, x: s.spherical_yn(0, x, derivative=True),
    "spherical_in": lambda s, x: s.spherical_in(1, x, True),
    "spherical_kn": lambda s, x: s.spherical_kn(np.array([0, 1, 2]), x, True),
    "softmax": lambda s, x: s.softmax(x),
    "log_softmax": lambda s, x: s.log_softmax(x, axis=0),
    "logsumexp": lambda s, x: s.logsumexp(x),
    "logsumexp with factors": lambda s, x: s.logsumexp(x, b=np.array([0.5, 0.0, 2.0])),
    "logsumexp of factors": lambda s, x: s.logsumexp(np.array([1.0, -2.0, 800.0]), b=x),
    "logsumexp and its sign": lambda s, x: s.logsumexp(x, b=-1.0, return_sign=True)[0],
    "sinc": lambda s, x: s.sinc(x),
    "jvp": lambda s, x: s.jvp(1.5, x, 2),
    "kvp": lambda s, x: s.kvp(1.5, x),
}
if hasattr(special, "softplus"):  # since SciPy 1.15
    COMPOSED["softplus"] = lambda s, x: s.softplus(x)


@pytest.mark.parametrize("name", COMPOSED)
def test_functions_that_are_no_ufuncs(name):
    f = COMPOSED[name]
    t = leaf(POINT)
    np.testing.assert_allclose(f(ours, t).data, f(special, POINT), rtol=1e-14, atol=1e-300)
    np.testing.assert_array_equal(f(ours, POINT), f(special, POINT))
    assert sg.gradcheck(lambda x: f(ours, x), t, order=2)
    slopes = sg.grad(lambda x: f(ours, x).sum())(POINT)
    compiled = sg.compile(sg.grad(lambda x: f(ours, x).sum()))
    for _ in range(2):
        np.testing.assert_allclose(compiled(POINT), slopes, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_is_scipys_in_every_form(axis, keepdims):
    a = np.array([[0.5, 1.5, 900.0], [1.0, -2.0, -np.inf]])
    for b in (None, 2.0, np.array([[1.0, 2.0, 0.5], [0.5, 0.0, 1.0]])):
        expected = special.logsumexp(a, axis, b, keepdims)
        found = ours.logsumexp(leaf(a), axis, b, keepdims)
        assert found.shape == np.shape(expected)
        np.testing.assert_allclose(found.data, expected, rtol=1e-14)
        for mine, other in zip(
            ours.logsumexp(leaf(a), axis, b, keepdims, return_sign=True),
            special.logsumexp(a, axis, b, keepdims, return_sign=True),
        ):
            np.testing.assert_allclose(getattr(mine, "data", mine), other, rtol=1e-14)


@pytest.mark.parametrize("name", ["zeta", "lambertw"])
def test_scipys_functions_that_call_a_ufunc(name):
    def f(x):
        return np.real(COMPOSED[name](special, x))

    t = leaf(POINT)
    np.testing.assert_allclose(f(t).data, f(POINT), rtol=1e-14)
    assert sg.gradcheck(f, t, order=2)


def test_what_is_refused():
    t = leaf(POINT)
    for call, text in [
        (lambda: ours.zeta(t), "zeta has no derivative with respect to x"),
        (lambda: special.zeta(t, 2.0), "^scipy.special.zeta has no derivative with respect to x"),
        (lambda: special.agm(t, 1.0), r"^scipy\.special\.agm is not supported on a Tensor"),
        (lambda: special.agm(sg.Value(1.0), 1.0), r"^scipy\.special\.agm is not defined on Value"),
        (lambda: special.erf(sg.tensor([1j], requires_grad=True)), "erf takes real numbers"),
        (lambda: ours.factorial(t, exact=True), "plain integers"),
        (lambda: ours.comb(t, 1, exact=True), "plain integers"),
        (lambda: special.gammaln(t, out=np.empty(3)), "out=array"),
        (lambda: special.polygamma(1, t), "from seegrad.scipy import"),
        (lambda: special.polygamma(1, sg.Value(1.0)), "from seegrad.scipy import"),
        (lambda: special.jv(t, t), "jv has no derivative with respect to v"),
    ]:
        with pytest.raises(TypeError, match=text):
            call()
    with pytest.raises(ValueError, match="multigammaln: a must be above"):
        ours.multigammaln(t, 3)
    with pytest.raises(ValueError, match="multigammaln: d must be a positive integer"):
        ours.multigammaln(t, 1.5)
    with pytest.raises(ValueError, match="whole numbers"):
        ours.spherical_jn(1.5, t)


def test_options_of_ufuncs():
    t = leaf(POINT)
    assert special.gammaln(t, dtype=np.float32).dtype == np.float32
    outer = special.beta.outer(t, [1.0, 2.0])
    np.testing.assert_array_equal(outer.data, special.beta.outer(POINT, [1.0, 2.0]))
    np.testing.assert_array_equal(special.beta(t, [[1.0], [2.0]]).data, special.beta(POINT, [[1.0], [2.0]]))
    ai, _, _, bip = special.airy(sg.Value(0.5))
    assert isinstance(ai, sg.Value)
    assert bip.data == special.airy(0.5)[3]
    assert special.jv(leaf(1.0).detach(), t).requires_grad  # an order that needs no gradient
