"""PyTorch's initialisers, which write into a tensor: ``common/other_names/initializer_names.py`` lists them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import no_grad
from . import init


def _into(tensor: Any, initializer: Callable[..., Any], *arguments: Any) -> Any:
    with no_grad():
        tensor[...] = initializer(tensor.shape, *arguments, dtype=tensor.dtype)
    return tensor


def zeros_(tensor: Any) -> Any:
    return _into(tensor, init.zeros)


def ones_(tensor: Any) -> Any:
    return _into(tensor, init.ones)


def constant_(tensor: Any, val: float) -> Any:
    return _into(tensor, init.constant, val)


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0) -> Any:
    return _into(tensor, init.uniform, a, b)


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    return _into(tensor, init.normal, mean, std)


def trunc_normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Any:
    return _into(tensor, init.truncated_normal, mean, std, a, b)


def xavier_uniform_(tensor: Any, gain: float = 1.0) -> Any:
    return _into(tensor, init.glorot_uniform, gain)


def xavier_normal_(tensor: Any, gain: float = 1.0) -> Any:
    return _into(tensor, init.glorot_normal, gain)


def kaiming_uniform_(tensor: Any, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Any:
    bound = math.sqrt(3.0) * _deviation(tensor.shape, a, mode, nonlinearity)
    return _into(tensor, init.uniform, -bound, bound)


def kaiming_normal_(tensor: Any, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Any:
    return _into(tensor, init.normal, 0.0, _deviation(tensor.shape, a, mode, nonlinearity))


def _deviation(shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), init.fans(shape)))
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode])


def orthogonal_(tensor: Any, gain: float = 1.0) -> Any:
    return _into(tensor, init.orthogonal, gain)


def eye_(tensor: Any) -> Any:
    with no_grad():
        tensor[...] = np.eye(*tensor.shape)
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    gains = {"tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75}
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1.0 + (0.01 if param is None else param) ** 2))
    return gains.get(nonlinearity, 1.0)
