"""What a distribution of ``seegrad.scipy.stats`` is: SciPy's, with densities and probabilities that take nodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from ...common.quiet import quiet
from ..core.node import Node, data_of
from ..core.op import PlainFunction
from ..core.recording import is_recording
from ..ops.elementwise import exp, floor, log, log1p, where
from ..ops.shaping import operand
from .called_with_nodes import is_node


def given(x: Any) -> Any:
    """Return an argument as an operand; plain numbers stay what they are, so that they change no dtype."""
    return x if isinstance(x, (Node, int, float)) else operand(x)


class Distribution:
    """A distribution of SciPy.

    Its methods have SciPy's names and arguments. Those that are written here compute with operations if a node is among
    their arguments; everything else is SciPy's own. Called with parameters, it returns the distribution with these
    parameters fixed, as SciPy's is "frozen".

    Parameters
    ----------
    name : str
        SciPy's.
    """

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.__doc__: str | None = f"SciPy's distribution ``{self.name}``. {self.__class__.__doc__}"

    @property
    def scipys(self) -> Any:
        """SciPy's distribution."""
        return getattr(stats, self.name)

    def __call__(self, *args: Any, **kwds: Any) -> Frozen:
        """Return the distribution with these parameters."""
        return Frozen(self, args, kwds)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.scipys, name)

    def __reduce__(self) -> Any:
        return (of_name, (self.name,))

    def __repr__(self) -> str:
        return f"<seegrad distribution {self.name}>"


def of_name(name: str) -> Distribution:
    """Return the distribution of that name."""
    from . import scipy_stats

    return getattr(scipy_stats, name)  # type: ignore[no-any-return]


class Frozen:
    """A distribution with fixed parameters, which may be nodes.

    Parameters
    ----------
    distribution : Distribution
        Whose methods are called.
    args, kwds
        Their arguments after the first.
    """

    holds_parameters: bool = True  # which a compiled function looks for

    def __init__(self, distribution: Distribution, args: tuple[Any, ...], kwds: dict[str, Any]) -> None:
        self.distribution: Distribution = distribution
        self.args: tuple[Any, ...] = args
        self.kwds: dict[str, Any] = kwds

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        method = getattr(type(self.distribution), name, None)
        if method is None:
            return getattr(self.distribution.scipys(*self.args, **self.kwds), name)

        def call(*x: Any, **named: Any) -> Any:  # at most one argument, which may be given by its name
            return method(self.distribution, *x, *named.values(), *self.args, **self.kwds)

        return call

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *(f"{name}={value!r}" for name, value in self.kwds.items())]
        return f"<seegrad distribution {self.distribution.name}({', '.join(given)})>"


class OneDimensional(Distribution):
    """Of one variable, with a location: what its forms have in common.

    A form is written for location 0 and scale 1, and for arguments inside of the support.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parameter_names: tuple[str, ...] = tuple((self.scipys.shapes or "").replace(",", " ").split())

    def valid(self, *shapes: Any) -> Any:
        """Return where the shapes are possible: they are positive, unless a distribution says otherwise."""
        found: Any = np.True_
        for shape in shapes:
            found = found & (shape > 0)
        return found

    def bound(self, method: str, args: tuple[Any, ...], kwds: dict[str, Any], last: tuple[str, ...]) -> list[Any]:
        """Return the parameters in SciPy's order: shapes, then ``loc`` and ``scale``, 0 and 1 by default."""
        names = (*self.parameter_names, *last)
        found = {"loc": 0.0, "scale": 1.0, **dict(zip(names, args)), **kwds}
        wrong = [
            *(f"no {name}" for name in names if name not in found),
            *(f"an unknown argument {name}" for name in kwds if name not in names),
            *(f"{name} twice" for name in names[: len(args)] if name in kwds),
            *["too many arguments"][: len(args) > len(names)],
        ]
        if wrong:
            raise TypeError(f"{self.name}.{method}({', '.join(('x', *names))}) was given {wrong[0]}")
        return [given(found[name]) for name in names]


class Continuous(OneDimensional):
    """A continuous distribution: ``pdf logpdf cdf logcdf sf logsf ppf isf`` take nodes.

    Outside of the support the density is 0, and so are all derivatives; they are 0, too, on an edge of the support
    where the density is 0 or infinite. What has no closed derivative, as a probability in the degrees of freedom of
    Student's t, is refused if that input requires gradients.
    """

    low: float = -math.inf
    high: float = math.inf

    def pdf(self, x: Any, *args: Any, **kwds: Any) -> Any:
        """Return the density."""
        return self._evaluated("pdf", x, args, kwds, lambda *y: exp(self._log_density(*y)), -1, (0, 0))

    def logpdf(self, x: Any, *args: Any, **kwds: Any) -> Any:
        """Return the logarithm of the density."""
        return self._evaluated("logpdf", x, args, kwds, self._log_density, "log", (-math.inf, -math.inf))

    def cdf(self, x: Any, *args: Any, **kwds: Any) -> Any:
        """Return the probability of being at most ``x``."""
        return self._evaluated("cdf", x, args, kwds, self._cdf, 0, (0, 1))

    def logcdf(self, x: Any, *args: Any, **kwds: Any) -> Any:
        """Return the logarithm of the probability of being at most ``x``."""
        return self._evaluated("logcdf", x, args, kwds, self._logcdf, 0, (-math.inf, 0))

    def sf(self, x: Any, *args: Any, **kwds: Any) -> Any:
        """Return the probability of being above ``x``."""
        return self._evaluated("sf", x, args, kwds, self._sf, 0, (1, 0))

    def logsf(self, x: Any, *args: Any, **kwds: Any) -> Any:
        """Return the logarithm of the probability of being above ``x``."""
        return self._evaluated("logsf", x, args, kwds, self._logsf, 0, (0, -math.inf))

    def ppf(self, q: Any, *args: Any, **kwds: Any) -> Any:
        """Return ``x`` whose ``cdf`` is ``q``."""
        return self._quantile("ppf", q, args, kwds, self._ppf, (self.low, self.high))

    def isf(self, q: Any, *args: Any, **kwds: Any) -> Any:
        """Return ``x`` whose ``sf`` is ``q``."""
        return self._quantile("isf", q, args, kwds, self._isf, (self.high, self.low))

    def _evaluated(
        self,
        method: str,
        x: Any,
        args: tuple[Any, ...],
        kwds: dict[str, Any],
        form: Callable[..., Any],
        scaled: int | str,
        ends: tuple[float, float],
    ) -> Any:
        """Evaluate a form; ``scaled`` tells what becomes of it by the scale, ``ends`` what it is below and above."""
        if not any(map(is_node, (x, *args, *kwds.values()))):
            return getattr(self.scipys, method)(x, *args, **kwds)
        *shapes, loc, scale = self.bound(method, args, kwds, ("loc", "scale"))
        with quiet():
            y = (given(x) - loc) / scale
            valid = _valid(self.valid, data_of(scale), *map(data_of, shapes))
            inside, other = _places(data_of(y), valid, (self.low, self.high), ends, method in ("pdf", "logpdf"))
            result = form(where(inside, y, 0.5), *shapes)  # which is inside of every support
            if scaled == "log":
                result = result - log(scale)
            elif scaled:
                result = result / scale
            return where(inside, result, other)

    def _quantile(
        self,
        method: str,
        q: Any,
        args: tuple[Any, ...],
        kwds: dict[str, Any],
        form: Callable[..., Any],
        ends: tuple[float, float],
    ) -> Any:
        if not any(map(is_node, (q, *args, *kwds.values()))):
            return getattr(self.scipys, method)(q, *args, **kwds)
        *shapes, loc, scale = self.bound(method, args, kwds, ("loc", "scale"))
        q = given(q)
        with quiet():
            valid = _valid(self.valid, data_of(scale), *map(data_of, shapes))
            inside, other = _quantiles(data_of(q), valid, ends)
            return where(inside, form(where(inside, q, 0.5), *shapes), other) * scale + loc

    def _log_density(self, x: Any, *shapes: Any) -> Any:
        """Return the form, constant where it is infinite: on an edge of the support."""
        result = self._logpdf(x, *shapes)
        return where(_is_finite(data_of(result)), result, data_of(result))

    def _logpdf(self, x: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _cdf(self, x: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _sf(self, x: Any, *shapes: Any) -> Any:
        return 1.0 - self._cdf(x, *shapes)

    def _logcdf(self, x: Any, *shapes: Any) -> Any:
        return _log_of(self._cdf(x, *shapes), self._sf(x, *shapes))

    def _logsf(self, x: Any, *shapes: Any) -> Any:
        return _log_of(self._sf(x, *shapes), self._cdf(x, *shapes))

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return self._ppf(1.0 - q, *shapes)


class Discrete(OneDimensional):
    """A distribution of counts: ``pmf logpmf cdf logcdf sf logsf`` take nodes as parameters.

    The probability of what is no count is 0. Counts have no derivative: one that requires gradients is refused.
    """

    def pmf(self, k: Any, *args: Any, **kwds: Any) -> Any:
        """Return the probability of ``k``."""
        return self._evaluated("pmf", k, args, kwds, lambda n, *shapes: exp(self._logpmf(n, *shapes)), (0, 0))

    def logpmf(self, k: Any, *args: Any, **kwds: Any) -> Any:
        """Return the logarithm of the probability of ``k``."""
        return self._evaluated("logpmf", k, args, kwds, self._logpmf, (-math.inf, -math.inf))

    def cdf(self, k: Any, *args: Any, **kwds: Any) -> Any:
        """Return the probability of being at most ``k``."""
        return self._evaluated("cdf", k, args, kwds, self._cdf, (0, 1))

    def logcdf(self, k: Any, *args: Any, **kwds: Any) -> Any:
        """Return the logarithm of the probability of being at most ``k``."""
        return self._evaluated("logcdf", k, args, kwds, lambda *x: _log_of(self._cdf(*x), self._sf(*x)), (-math.inf, 0))

    def sf(self, k: Any, *args: Any, **kwds: Any) -> Any:
        """Return the probability of being above ``k``."""
        return self._evaluated("sf", k, args, kwds, self._sf, (1, 0))

    def logsf(self, k: Any, *args: Any, **kwds: Any) -> Any:
        """Return the logarithm of the probability of being above ``k``."""
        return self._evaluated("logsf", k, args, kwds, lambda *x: _log_of(self._sf(*x), self._cdf(*x)), (0, -math.inf))

    def _evaluated(
        self,
        method: str,
        k: Any,
        args: tuple[Any, ...],
        kwds: dict[str, Any],
        form: Callable[..., Any],
        ends: tuple[float, float],
    ) -> Any:
        if not any(map(is_node, (k, *args, *kwds.values()))):
            return getattr(self.scipys, method)(k, *args, **kwds)
        *shapes, loc = self.bound(method, args, kwds, ("loc",))
        k = given(k)
        for count in (k, loc):
            if isinstance(count, Node) and count.requires_grad and is_recording():
                raise TypeError(f"{self.name}.{method}: counts have no derivative; pass k.data")
        with quiet():
            plain = list(map(data_of, shapes))
            n = data_of(k) - data_of(loc)
            valid = _valid(self.valid, 1.0, *plain)
            inside, other = _counts(n, valid, self.highest(*plain), ends, method in ("pmf", "logpmf"))
            n, other = _in_dtype(data_of(k), floor(where(inside, n, 0)), other, *plain)
            return where(inside, form(n, *shapes), other)

    def highest(self, *shapes: Any) -> Any:
        """Return the largest count that is possible."""
        return math.inf

    def _logpmf(self, k: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _cdf(self, k: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _sf(self, k: Any, *shapes: Any) -> Any:
        raise NotImplementedError


def _log_of(probability: Any, rest: Any) -> Any:
    """Return the logarithm of a probability, by the rest to 1 where that is smaller."""
    large = probability > 0.5
    result = where(large, log1p(-where(large, rest, 0.0)), log(where(large, 1.0, probability)))
    return where(_is_finite(data_of(result)), result, data_of(result))  # constant where the probability is 0


# ------------------------------------------------------------------------------------- where forms hold


@PlainFunction
def _is_finite(x: Any) -> Any:
    return np.isfinite(x)


def _dtype(x: Any) -> Any:
    dtype = np.result_type(x)
    return dtype if dtype.kind == "f" else np.dtype(float)


@PlainFunction
def _valid(valid: Callable[..., Any], scale: Any, *shapes: Any) -> Any:
    """Return where the parameters are possible."""
    return np.logical_and(np.greater(scale, 0), valid(*map(np.asarray, shapes)))


@PlainFunction
def _places(y: Any, valid: Any, support: Any, ends: tuple[float, float], closed: bool) -> tuple[Any, Any]:
    """Return where the form holds, and what the result is elsewhere: NaN for NaN and impossible parameters."""
    low, high = support
    if closed:
        inside = np.isfinite(y) & np.greater_equal(y, low) & np.less_equal(y, high)
    else:
        inside = np.greater(y, low) & np.less(y, high)
    other = np.where(np.less_equal(y, low), ends[0], np.where(np.greater_equal(y, high), ends[1], np.nan))
    return inside & valid, np.where(valid, other, np.nan).astype(_dtype(y))[()]


@PlainFunction
def _quantiles(q: Any, valid: Any, ends: tuple[float, float]) -> tuple[Any, Any]:
    inside = np.greater(q, 0) & np.less(q, 1) & valid
    other = np.where(np.equal(q, 0), ends[0], np.where(np.equal(q, 1), ends[1], np.nan))
    return inside, np.where(valid, other, np.nan).astype(_dtype(q))[()]


@PlainFunction
def _counts(n: Any, valid: Any, highest: Any, ends: tuple[float, float], exactly: bool) -> tuple[Any, Any]:
    if exactly:
        inside = np.isfinite(n) & np.greater_equal(n, 0) & np.less_equal(n, highest) & np.equal(n, np.floor(n))
    else:
        inside = np.greater_equal(n, 0) & np.less(n, highest)
    other = np.where(np.isnan(n), np.nan, np.where(np.less(n, 0), ends[0], ends[1]))
    return inside & valid, np.where(valid, other, np.nan)[()]


@PlainFunction
def _in_dtype(k: Any, counts: Any, other: Any, *shapes: Any) -> tuple[Any, Any]:
    """Return counts, and what the result is elsewhere, in the dtype of the parameters if ``k`` has no own one."""
    floating = [x.dtype for x in (k, *shapes) if getattr(x, "dtype", np.dtype(int)).kind == "f"]
    dtype = np.result_type(*floating) if floating else np.dtype(float)
    return np.asarray(counts, dtype)[()], np.asarray(other, dtype)[()]
