"""Distributions of ``seegrad.scipy.stats``: SciPy's values, and derivatives by every parameter."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

scipy = pytest.importorskip("scipy", reason="no SciPy")
scipy_stats = pytest.importorskip("scipy.stats")

import seegrad as sg  # noqa: E402
from seegrad.scipy import stats  # noqa: E402

RECENT = tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 17)

#: Distribution -> its shapes; location and scale, or the location alone, come behind them.
CONTINUOUS = {
    "norm": (),
    "t": (3.5,),
    "beta": (2.3, 1.4),
    "gamma": (2.5,),
    "chi2": (4.5,),
    "expon": (),
    "laplace": (),
    "logistic": (),
    "lognorm": (0.8,),
    "uniform": (),
    "cauchy": (),
}
DISCRETE = {"poisson": (2.7,), "binom": (6, 0.3), "bernoulli": (0.4,)}
LOC_SCALE = (0.3, 1.7)

INSIDE = np.array([0.05, 0.4, 0.85])  # of the unit interval, which all supports contain
EDGES = np.array([-np.inf, -3.0, 0.0, 0.5, 1.0, 1e-9, 30.0, 1e5, np.inf, np.nan])
COUNTS = np.array([-2.0, -1.0, 0.0, 1.0, 1.5, 2.0, 5.0, 6.0, 9.0, np.inf, np.nan])
METHODS = ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf")
QUANTILES = ("ppf", "isf")
COUNTING = ("pmf", "logpmf", "cdf", "logcdf", "sf", "logsf")

every_continuous = pytest.mark.parametrize(
    ("name", "method"), [(name, method) for name in CONTINUOUS for method in (*METHODS, *QUANTILES)]
)
every_discrete = pytest.mark.parametrize(("name", "method"), [(n, m) for n in DISCRETE for m in COUNTING])


def leaf(x):
    return sg.Tensor(np.asarray(x, float), requires_grad=True)


def where_differentiable(name: str, method: str) -> tuple[list[float], list[int]]:
    """Parameters, and which of them have derivatives: not the shapes of incomplete gamma and beta functions."""
    shapes = CONTINUOUS[name]
    has_formula = method in ("pdf", "logpdf") or name == "lognorm"
    return [*shapes, *LOC_SCALE], [k for k in range(len(shapes) + 2) if has_formula or k >= len(shapes)]


def inputs_of(name: str, method: str):
    return INSIDE * (1.0 if method in QUANTILES else LOC_SCALE[1]) + (0.0 if method in QUANTILES else LOC_SCALE[0])


@every_continuous
def test_values_are_scipys_everywhere(name, method):
    parameters = [*CONTINUOUS[name], *LOC_SCALE]
    points = EDGES if method in QUANTILES else EDGES * 1.7 + 0.3
    points = np.concatenate([inputs_of(name, method), points])
    with np.errstate(all="ignore"):
        expected = getattr(getattr(scipy_stats, name), method)(points, *parameters)
        plain = getattr(getattr(stats, name), method)(points, *parameters)
    x = leaf(points)
    found = getattr(getattr(stats, name), method)(x, *parameters)
    np.testing.assert_array_equal(plain, expected)
    # Older versions of SciPy compute some of them less well.
    close = {"rtol": 1e-12, "atol": 1e-300} if RECENT else {"rtol": 1e-7, "atol": 1e-15}
    vast = points > 1e4  # there SciPy's densities of gamma and chi2 are NaN, the logarithm of Laplace's is -infinity
    np.testing.assert_allclose(found.data, np.where(vast, found.data, expected), **close)
    vast = vast & np.isfinite(expected)
    np.testing.assert_allclose(found.data[vast], expected[vast], **close)
    found.backward(np.ones(points.shape))
    assert not np.isnan(x.grad).any()
    if method not in QUANTILES:
        low = getattr(scipy_stats, name).support(*parameters)[0]
        np.testing.assert_array_equal(x.grad[(points < low) | (found.data == -np.inf)], 0.0)


@every_continuous
def test_derivatives_by_argument_and_parameters(name, method):
    function, scipys = getattr(getattr(stats, name), method), getattr(getattr(scipy_stats, name), method)
    parameters, places = where_differentiable(name, method)
    x = leaf(inputs_of(name, method))
    leaves = [leaf(v) if k in places else v for k, v in enumerate(parameters)]
    function(x, *leaves).backward(np.ones(3))
    for k, v in [(None, x), *((k, leaves[k]) for k in places)]:
        step = 1e-6 * np.eye(len(parameters) + 1)[0 if k is None else k + 1]
        ahead, behind = (
            scipys(x.data + s * step[0], *(p + s * d for p, d in zip(parameters, step[1:]))) for s in (1, -1)
        )
        slopes = (ahead - behind) / 2e-6
        np.testing.assert_allclose(v.grad, slopes if k is None else slopes.sum(), rtol=1e-6, atol=1e-7)

    def f(x, *tracked):
        return function(x, *[tracked[places.index(k)] if k in places else v for k, v in enumerate(parameters)]) ** 2

    assert sg.gradcheck(f, [x, *[leaves[k] for k in places]], order=2)
    slopes = sg.grad(lambda *xs: f(*xs).sum())(x.data, *[parameters[k] for k in places])
    compiled = sg.compile(sg.grad(lambda *xs: f(*xs).sum()))
    for _ in range(2):
        found = compiled(x.data, *[np.asarray(parameters[k]) for k in places])
        np.testing.assert_allclose(found, slopes, rtol=1e-12)
    rows = sg.vmap(sg.grad(lambda x: f(x, *[parameters[k] for k in places])))(x.data)
    np.testing.assert_allclose(rows, slopes, rtol=1e-12)


@every_continuous
def test_shapes_without_a_formula_are_refused(name, method):
    parameters, places = where_differentiable(name, method)
    for k in set(range(len(parameters))) - {*places}:
        given = [leaf(v) if i == k else v for i, v in enumerate(parameters)]
        with pytest.raises(TypeError, match="has no derivative with respect to"):
            getattr(getattr(stats, name), method)(inputs_of(name, method), *given)


@every_continuous
def test_float32_and_values(name, method):
    parameters = [*CONTINUOUS[name], *LOC_SCALE]
    x = sg.tensor(inputs_of(name, method), requires_grad=True, dtype=np.float32)
    out = getattr(getattr(stats, name), method)(x, *parameters)
    assert out.dtype == np.float32
    y, v = leaf(x.data), sg.Value(float(x.data[1]))
    wide = getattr(getattr(stats, name), method)(y, *parameters)
    number = getattr(getattr(stats, name), method)(v, *parameters)
    assert isinstance(number, sg.Value)
    assert number.data == pytest.approx(wide.data[1], rel=1e-14)
    np.testing.assert_allclose(out.data, wide.data, rtol=1e-5, atol=1e-6)
    for result in (out, wide):
        result.backward(np.ones(3))
    number.backward()
    np.testing.assert_allclose(x.grad, y.grad, rtol=2e-5, atol=1e-6)
    assert v.grad == pytest.approx(y.grad[1], rel=1e-13)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_impossible_parameters_give_nan(name):
    shapes = CONTINUOUS[name]
    for k in range(len(shapes) + 1):
        bad = [-1.0 if i == k else v for i, v in enumerate((*shapes, 1.0))]
        x = leaf([0.5, 2.0])
        for method in METHODS:
            found = getattr(getattr(stats, name), method)(x, *bad[:-1], scale=bad[-1])
            np.testing.assert_array_equal(found.data, [np.nan, np.nan])


def test_parameters_broadcast_as_scipys():
    x, a, scale = leaf([[0.5], [2.0]]), leaf([1.5, 2.5, 0.0]), leaf([1.0, 2.0, -1.0])
    found = stats.gamma.logpdf(x, a, scale=scale)
    np.testing.assert_allclose(found.data, scipy_stats.gamma.logpdf(x.data, a.data, scale=scale.data), rtol=1e-13)
    found.backward(np.ones((2, 3)))
    assert [t.grad.shape for t in (x, a, scale)] == [(2, 1), (3,), (3,)]
    assert np.isfinite(np.concatenate([x.grad.ravel(), a.grad, scale.grad])).all()


@every_discrete
def test_counts(name, method):
    function, scipys = getattr(getattr(stats, name), method), getattr(getattr(scipy_stats, name), method)
    *first, p = DISCRETE[name]
    for loc in (0, 2):
        t = leaf([p])
        found = function(COUNTS + loc, *first, t, loc)
        with np.errstate(all="ignore"):
            expected = scipys(COUNTS + loc, *first, p, loc)
        expected[-2] = found.data[-2] if np.isnan(expected[-2]) else expected[-2]  # SciPy's pmf at infinity
        np.testing.assert_allclose(found.data, expected, rtol=1e-12)
        found.backward(np.ones(COUNTS.shape))
        assert np.isfinite(t.grad).all()
    k = np.array([0.0, 1.0]) if method in ("pmf", "logpmf") else np.array([0.0, 0.0])  # further on a probability is 1
    assert sg.gradcheck(lambda t: function(k, *first, t) ** 2, leaf([p]), order=2)
    ahead, behind = (scipys(k, *first, p + s).sum() for s in (1e-6, -1e-6))
    compiled = sg.compile(sg.grad(lambda t: function(k, *first, t).sum()))
    for _ in range(2):
        assert compiled(np.array(p)) == pytest.approx((ahead - behind) / 2e-6, rel=1e-6)
    v = sg.Value(p)
    assert isinstance(function(0.0, *first, v), sg.Value)
    with pytest.raises(TypeError, match=f"{name}.{method}: counts have no derivative"):
        function(leaf([1.0]), *first, p)
    with sg.no_grad():
        np.testing.assert_allclose(function(leaf([1.0]), *first, p).data, scipys([1.0], *first, p), rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(function(1.0, *first, leaf([-0.5, p])).data), [True, False])


def test_derivative_by_the_number_of_trials():
    n = leaf([6.0, 9.0])
    stats.binom.logpmf(2, n, 0.3).sum().backward()
    digamma = scipy.special.digamma  # SciPy's own logpmf is NaN between integers
    np.testing.assert_allclose(n.grad, digamma(n.data + 1) - digamma(n.data - 1) + np.log(0.7), rtol=1e-12)


COVARIANCE = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.7]])
POINTS = np.array([[0.3, -1.0, 0.6], [2.0, 0.1, -0.4]])


@pytest.mark.parametrize("cov", [COVARIANCE, np.array([2.0, 1.0, 0.7]), np.array(1.3)], ids=["matrix", "row", "number"])
def test_multivariate_normal(cov):
    mean = np.array([0.1, 0.2, -0.3])
    for method in ("logpdf", "pdf"):
        f, scipys = (getattr(s.multivariate_normal, method) for s in (stats, scipy_stats))
        tensors = [leaf(POINTS), leaf(mean), leaf(cov)]
        np.testing.assert_allclose(f(*tensors).data, scipys(POINTS, mean, cov), rtol=1e-12)
        assert f(POINTS[0], leaf(mean), cov).data == pytest.approx(scipys(POINTS[0], mean, cov), rel=1e-12)

        def symmetric(x, mean, cov, f=f):
            return f(x, mean, (cov + cov.T) / 2 if cov.ndim == 2 else cov)

        assert sg.gradcheck(symmetric, tensors, order=2)
    frozen = stats.multivariate_normal(leaf(mean), cov)
    assert frozen.logpdf(x=POINTS).requires_grad
    assert stats.multivariate_normal(mean, leaf(cov)).entropy().requires_grad
    rows = sg.vmap(lambda x: stats.multivariate_normal.logpdf(x, mean, cov))(POINTS)
    np.testing.assert_allclose(rows, scipy_stats.multivariate_normal.logpdf(POINTS, mean, cov), rtol=1e-12)


def test_multivariate_normal_refuses_what_does_not_fit():
    mean = leaf(np.zeros(3))
    for x, cov, text in [(POINTS[:, :2], 1.0, "does not fit 3"), (POINTS, np.eye(2), "cov of shape")]:
        with pytest.raises(ValueError, match=text):
            stats.multivariate_normal.logpdf(x, mean, cov)
    with pytest.raises(TypeError, match="allow_singular"):
        stats.multivariate_normal.logpdf(POINTS, mean, leaf(np.eye(3)), allow_singular=True)
    with pytest.raises(ValueError, match="negative eigenvalue"):
        stats.multivariate_normal.logpdf(POINTS, mean, -np.eye(3), allow_singular=True)
    with pytest.raises(np.linalg.LinAlgError):
        stats.multivariate_normal.logpdf(POINTS, mean, np.ones((3, 3)))
    assert stats.multivariate_normal.logpdf(leaf(0.7)).data == pytest.approx(scipy_stats.norm.logpdf(0.7))


def test_multivariate_normal_on_a_subspace():
    direction = np.array([[1.0, 2.0, -1.0]]) / 6**0.5
    cov = COVARIANCE - direction.T @ direction @ COVARIANCE
    cov = cov - (cov @ direction.T) @ direction
    mean = np.array([0.1, 0.2, -0.3])
    inside = mean + (POINTS - POINTS @ direction.T @ direction)
    x, m = leaf(np.concatenate([inside, POINTS])), leaf(mean)
    found = stats.multivariate_normal.logpdf(x, m, cov, allow_singular=True)
    np.testing.assert_allclose(
        found.data[:2], scipy_stats.multivariate_normal.logpdf(inside, mean, cov, True), rtol=1e-10
    )
    np.testing.assert_array_equal(found.data[2:], -np.inf)
    found.backward(np.ones(4))
    np.testing.assert_allclose(x.grad[:2], -(inside - mean) @ np.linalg.pinv(cov), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(x.grad[2:], 0.0)
    np.testing.assert_allclose(m.grad, -x.grad.sum(0), rtol=1e-12)


def test_entropy_of_the_multivariate_normal():
    for cov in (COVARIANCE, np.array([2.0, 1.0]), np.array(1.3)):
        mean = np.zeros(cov.shape[:1] or 1)
        f, expected = stats.multivariate_normal.entropy, scipy_stats.multivariate_normal.entropy(mean, cov)
        assert f(mean, leaf(cov)).data == pytest.approx(expected, rel=1e-13)
        assert f(mean, cov) == expected
        assert sg.gradcheck(lambda c, f=f: f(cov=(c + c.T) / 2) ** 2, leaf(cov), order=2)


@pytest.mark.parametrize("k", [1, np.int64(1), np.array([0, 2]), [0, 1]], ids=str)
def test_counts_do_not_change_the_dtype(k):
    p = sg.tensor([0.3, 0.4], requires_grad=True, dtype=np.float32)
    for found in (stats.poisson.logpmf(k, p), stats.binom.cdf(k, 3, p), stats.bernoulli.sf(k, p)):
        assert found.dtype == np.float32


def test_student_with_infinite_freedom_is_normal():
    x, df = leaf([0.5, -2.0]), leaf(np.inf)
    for method in ("pdf", "logpdf"):
        found = getattr(stats.t, method)(x, df, 0.1, 2.0)
        np.testing.assert_allclose(found.data, getattr(scipy_stats.norm, method)(x.data, 0.1, 2.0), rtol=1e-13)
        found.sum().backward()
        assert df.grad == 0.0
    assert stats.t.cdf(x, np.inf).data == pytest.approx(scipy_stats.norm.cdf(x.data), rel=1e-13)


def test_dirichlet():
    alpha, x = np.array([1.5, 0.7, 2.2]), np.array([[0.2, 0.5], [0.3, 0.1], [0.5, 0.4]])
    for method in ("logpdf", "pdf"):
        f, scipys = (getattr(s.dirichlet, method) for s in (stats, scipy_stats))
        for points in (x, x[:, 0], x[:2], x[:2, 1]):
            np.testing.assert_allclose(f(points, leaf(alpha)).data, scipys(points, alpha), rtol=1e-12)
        assert sg.gradcheck(f, [leaf(x[:2]), leaf(alpha)], order=2)
    for bad_x, bad_alpha in [(2 * x, alpha), (-x, alpha), (x, -alpha), (x, np.ones((2, 2))), (x, np.ones(5))]:
        with pytest.raises(ValueError, match="dirichlet: "):
            stats.dirichlet.logpdf(leaf(bad_x), bad_alpha)


def test_frozen_distributions_and_everything_else_are_scipys():
    loc = leaf(0.5)
    frozen = stats.norm(loc, scale=2.0)
    assert frozen.logpdf(1.0).data == scipy_stats.norm.logpdf(1.0, 0.5, 2.0)
    assert repr(frozen).startswith("<seegrad distribution norm(tensor(0.5")
    assert stats.norm(1.0, 2.0).std() == 2.0
    assert stats.norm(1.0, 2.0).cdf(1.0) == 0.5
    assert stats.poisson.ppf(0.5, 2.0) == scipy_stats.poisson.ppf(0.5, 2.0)
    assert stats.norm.interval(0.5) == scipy_stats.norm.interval(0.5)
    assert stats.weibull_min is scipy_stats.weibull_min
    assert stats.gaussian_kde is scipy_stats.gaussian_kde
    assert pickle.loads(pickle.dumps(stats.beta)) is stats.beta
    for args, kwds, text in [
        ((1, 2, 3), {}, "too many"),
        ((1,), {"loc": 1}, "loc twice"),
        ((), {"mu": 1}, "unknown argument mu"),
    ]:
        with pytest.raises(TypeError, match=text):
            stats.norm.pdf(loc, *args, **kwds)
    with pytest.raises(TypeError, match="no df"):
        stats.t.pdf(loc)


def test_scipys_own_distributions_say_where_ours_are():
    for x in (leaf([1.0]), sg.Value(1.0)):
        with pytest.raises(TypeError, match="from seegrad.scipy import stats"):
            scipy_stats.norm.logpdf(x)


def test_compiled_functions_follow_fixed_parameters_and_take_scipy_as_constant():
    loc = leaf(0.5)
    frozen, scipys = stats.norm(loc, 2.0), scipy_stats.norm(0.0, 3.0)
    compiled = sg.compile(lambda x: frozen.logpdf(x).sum() * scipys.std())
    for value in (0.5, 0.5, 4.0, 4.0):
        loc.data = np.array(value)
        expected = 3.0 * scipy_stats.norm.logpdf(POINTS, value, 2.0).sum()
        assert compiled(POINTS).data == pytest.approx(expected, rel=1e-13)
    assert compiled.why_not is None
