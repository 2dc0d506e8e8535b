"""First values of parameters: random or constant arrays in the shape that a layer asks for.

Every initialiser is called as ``f(shape, seed=..., dtype=...)`` and returns a new array, so any of them, or a
function of your own, fits a layer's ``weight_init`` and ``bias_init``; ``functools.partial`` sets the rest.
To set values later, write ``layer.weight.data = init.orthogonal(layer.weight.shape)``.

The layers' default is Glorot uniform for weights and zeros for biases, as in Keras, because that is what
the network of the MNIST example was made with. PyTorch draws weights *and* biases uniformly within
+-1/sqrt(fan_in): ``functools.partial(he_uniform, a=5**0.5)`` gives its weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ..common.elsewhere import names_of_module, takes_other_names
from ..common.rng import Seed, default_rng

Array = npt.NDArray[Any]
Shape = Sequence[int]


class Initializer(Protocol):
    """The type of a layer's ``weight_init`` and ``bias_init``."""

    def __call__(self, shape: Shape, *, seed: Seed = None) -> Array:
        """Return an array of this shape."""


def fans(shape: Shape) -> tuple[int, int]:
    """Count the inputs and the outputs that one weight array connects: fan-in and fan-out.

    Parameters
    ----------
    shape : sequence of int
        The last two axes are input and output channels, all before them a kernel's extent:
        ``(in_features, out_features)`` or ``(kh, kw, in_channels, out_channels)``.

    Returns
    -------
    fan_in, fan_out : int

    Raises
    ------
    ValueError
        If there are fewer than two axes.

    Examples
    --------
    >>> sg.nn.init.fans((576, 64)), sg.nn.init.fans((3, 3, 32, 64))
    ((576, 64), (288, 576))
    """
    if len(shape) < 2:
        raise ValueError(
            f"fan-in and fan-out need a shape (..., in, out), got {tuple(shape)}; use zeros, constant, uniform or "
            "normal for a bias"
        )
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


@takes_other_names
def zeros(shape: Shape, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """Return zeros; ``seed`` is not used."""
    return np.zeros(shape, dtype)


@takes_other_names
def ones(shape: Shape, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """Return ones; ``seed`` is not used."""
    return np.ones(shape, dtype)


@takes_other_names
def constant(shape: Shape, value: float, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """Fill with ``value``; ``seed`` is not used."""
    return np.full(shape, value, dtype)


@takes_other_names
def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32
) -> Array:
    """Draw evenly between ``low`` and ``high``."""
    if not low <= high:
        raise ValueError(f"uniform: low = {low} must not be above high = {high}")
    return default_rng(seed).uniform(low, high, shape).astype(dtype)


@takes_other_names
def normal(
    shape: Shape, mean: float = 0.0, std: float = 1.0, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32
) -> Array:
    """Draw from the normal distribution."""
    _check_std("normal", std)
    return default_rng(seed).normal(mean, std, shape).astype(dtype)


@takes_other_names
def truncated_normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    *,
    seed: Seed = None,
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    """Draw from the part of the normal distribution that lies between ``low`` and ``high``.

    ``low`` and ``high`` are values, as in PyTorch's ``trunc_normal_``, not multiples of ``std``.
    Values outside are drawn again, so the interval has to hold a fair share of the distribution.

    Raises
    ------
    ValueError
        If ``std`` is negative or the interval is empty or further than three ``std`` from ``mean``.
    """
    _check_std("truncated_normal", std)
    if not (low < high and low < mean + 3 * std and high > mean - 3 * std):
        raise ValueError(
            f"truncated_normal: between low = {low} and high = {high} there is next to nothing of a normal "
            f"distribution with mean {mean} and standard deviation {std}"
        )
    generator = default_rng(seed)
    values = generator.normal(mean, std, shape)
    while (outside := (values < low) | (values > high)).any():
        values[outside] = generator.normal(mean, std, np.count_nonzero(outside))
    return values.astype(dtype)


@takes_other_names
def glorot_uniform(shape: Shape, gain: float = 1.0, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """Draw evenly within +-gain * sqrt(6 / (fan_in + fan_out)): keeps the variance both ways.

    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    """
    bound = gain * math.sqrt(6.0 / max(1, sum(fans(shape))))
    return uniform(shape, -bound, bound, seed=seed, dtype=dtype)


@takes_other_names
def glorot_normal(shape: Shape, gain: float = 1.0, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """Draw from the normal distribution with variance gain**2 * 2 / (fan_in + fan_out)."""
    return normal(shape, 0.0, gain * math.sqrt(2.0 / max(1, sum(fans(shape)))), seed=seed, dtype=dtype)


@takes_other_names
def he_uniform(
    shape: Shape,
    a: float = 0.0,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    *,
    seed: Seed = None,
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    """Draw evenly, with the variance that keeps the size of signals through (leaky) ReLUs.

    K. He et al., "Delving deep into rectifiers" (2015).

    Parameters
    ----------
    shape : sequence of int
        See :func:`fans`.
    a : float, default 0
        Slope of the leaky ReLU's negative side.
    mode : {"fan_in", "fan_out"}
        Keep the size of the signals forward, or of the gradients backward.
    """
    bound = math.sqrt(3.0) * _he_std("he_uniform", shape, a, mode)
    return uniform(shape, -bound, bound, seed=seed, dtype=dtype)


@takes_other_names
def he_normal(
    shape: Shape,
    a: float = 0.0,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    *,
    seed: Seed = None,
    dtype: npt.DTypeLike = np.float32,
) -> Array:
    """Draw from the normal distribution with the variance 2 / ((1 + a**2) fan); see :func:`he_uniform`."""
    return normal(shape, 0.0, _he_std("he_normal", shape, a, mode), seed=seed, dtype=dtype)


@takes_other_names
def orthogonal(shape: Shape, gain: float = 1.0, *, seed: Seed = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """Draw a random matrix whose rows or columns, whichever are fewer, are orthonormal, times ``gain``.

    All axes but the last make one: a convolution's kernel is a ``(kh * kw * in, out)`` matrix.
    A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear networks" (2013).
    """
    fans(shape)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    drawn = default_rng(seed).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # the sign that makes every orthogonal matrix equally likely
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)


xavier_uniform = glorot_uniform
xavier_normal = glorot_normal
kaiming_uniform = he_uniform
kaiming_normal = he_normal


def _check_std(name: str, std: float) -> None:
    if not std >= 0:
        raise ValueError(f"{name}: std must be at least 0, got {std}")


def _he_std(name: str, shape: Shape, a: float, mode: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'{name}: mode must be "fan_in" or "fan_out", got {mode!r}')
    fan = fans(shape)[0 if mode == "fan_in" else 1]
    return math.sqrt(2.0 / ((1.0 + a * a) * max(1, fan)))


def __dir__() -> list[str]:
    return [name for name, thing in globals().items() if getattr(thing, "__module__", None) == __name__]


if not TYPE_CHECKING:  # which flag names of other libraries
    __getattr__ = names_of_module(__name__)
