"""PyTorch's functions of layers whose meaning is the same, in terms of this package.

``nn.functional.one_hot`` finds them here when it is called; ``common/other_names/functional_names.py`` lists them all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor, absolute, clip, elu, norm, softmax, softplus, sum, tanh, where
from ..autograd.core.node import data_of
from ..data.scaling import one_hot as rows_of


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    labels = np.asarray(data_of(tensor))
    classes = int(labels.max()) + 1 if num_classes == -1 else num_classes
    return Tensor(rows_of(labels.ravel(), classes).astype(np.int64).reshape(*labels.shape, classes))


def logsigmoid(x: Any) -> Any:
    return -softplus(-x)


log_sigmoid = logsigmoid


def normalize(x: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    length = norm(x, p, dim, keepdims=True)
    return x / where(data_of(length) > eps, length, eps)


def softmin(x: Any, dim: int = -1) -> Any:
    return softmax(-x, dim)


def softsign(x: Any) -> Any:
    return x / (1.0 + absolute(x))


soft_sign = softsign


def tanhshrink(x: Any) -> Any:
    return x - tanh(x)


def selu(x: Any) -> Any:
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def mish(x: Any) -> Any:
    return x * tanh(softplus(x))


def relu6(x: Any) -> Any:
    return clip(x, 0.0, 6.0)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return clip(x, min_val, max_val)


hard_tanh = hardtanh


def hardsigmoid(x: Any) -> Any:
    return clip(x / 6.0 + 0.5, 0.0, 1.0)


hard_sigmoid = hardsigmoid


def hardswish(x: Any) -> Any:
    return x * hardsigmoid(x)


hard_swish = hardswish


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    lengths = [norm(x, axis=dim) for x in (x1, x2)]
    one, other = (where(data_of(n) > eps, n, eps) for n in lengths)
    return sum(x1 * x2, dim) / (one * other)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    return norm(x1 - x2 + eps, p, -1, keepdims=keepdim)
