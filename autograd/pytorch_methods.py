"""PyTorch's methods of a tensor whose meaning is the same, in terms of this package.

``x.unsqueeze(0)`` and ``sg.unsqueeze(x, 0)`` find them here when they are called; they are no methods of ``Tensor``,
and completion does not show them. Arguments have PyTorch's names. ``common/other_names/tensor_names.py`` lists them
all, and the names that mean something else here.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..common.elsewhere import takes_other_names
from ..common.other_names.devices import Device
from .core.node import data_of
from .ops import composed, reductions, shaping, statistics
from .ops.elementwise import clip, erf, log, log1p, power, sqrt, trunc, where
from .ops.indexing import take, take_along_axis
from .ops.linalg import norm as norm_of
from .ops.linalg import slogdet
from .ops.products import matmul
from .ops.shaping import broadcast_to, expand_dims, moveaxis, operand, reshape, transpose
from .tensor import Tensor

# ------------------------------------------------------------------------------------------------------ shapes


def view(x: Any, *shape: Any) -> Any:
    if len(shape) == 1 and (isinstance(shape[0], (np.dtype, type))):
        raise TypeError(f"view({shape[0]!r}): bytes cannot be read as another dtype here; x.astype(dtype) converts")
    return reshape(x, shape[0] if len(shape) == 1 else shape)


def view_as(x: Any, other: Any) -> Any:
    return reshape(x, other.shape)


reshape_as = view_as


def unflatten(x: Any, dim: int, sizes: Any) -> Any:
    dim = normalize_axis_index(dim, operand(x).ndim)
    return reshape(x, (*x.shape[:dim], *sizes, *x.shape[dim + 1 :]))


def unsqueeze(x: Any, dim: int) -> Any:
    return expand_dims(x, dim)


def permute(x: Any, *dims: Any) -> Any:
    return transpose(x, dims[0] if len(dims) == 1 else dims)


def t(x: Any) -> Any:
    if operand(x).ndim > 2:
        raise ValueError(f"t() is for matrices, this tensor has shape {x.shape}; write x.swapaxes(-1, -2)")
    return transpose(x)


def expand(x: Any, *sizes: Any) -> Any:
    sizes = tuple(sizes[0]) if len(sizes) == 1 and np.ndim(sizes[0]) else sizes
    own = (1,) * (len(sizes) - operand(x).ndim) + tuple(x.shape)
    return broadcast_to(x, tuple([n if size == -1 else size for size, n in zip(sizes, own)]))


def expand_as(x: Any, other: Any) -> Any:
    return broadcast_to(x, other.shape)


def contiguous(x: Any) -> Any:
    return x


def clone(x: Any) -> Any:
    return shaping.copy(x)


def flip(x: Any, *dims: Any) -> Any:
    return shaping.flip(x, dims[0] if len(dims) == 1 else dims)


def roll(x: Any, shifts: Any, dims: Any = None) -> Any:
    return shaping.roll(x, shifts, dims)


def tile(x: Any, *reps: Any) -> Any:
    return shaping.tile(x, reps[0] if len(reps) == 1 else reps)


def repeat_interleave(x: Any, repeats: Any, dim: int | None = None) -> Any:
    return shaping.repeat(x, repeats, dim)


def split_with_sizes(x: Any, split_sizes: Any, dim: int = 0) -> Any:
    if sum(split_sizes) != operand(x).shape[dim]:
        raise ValueError(f"the sizes {list(split_sizes)} do not add up to the length of axis {dim}, {x.shape[dim]}")
    return tuple(shaping.split(x, np.cumsum(split_sizes)[:-1], dim))


def chunk(x: Any, chunks: int, dim: int = 0) -> Any:
    length = operand(x).shape[dim]
    size = max(1, math.ceil(length / chunks))
    return tuple(shaping.split(x, np.arange(size, length, size), dim))


def unbind(x: Any, dim: int = 0) -> Any:
    return tuple(moveaxis(operand(x), dim, 0))


# --------------------------------------------------------------------------------------------------- selecting


def narrow(x: Any, dim: int, start: int, length: int) -> Any:
    return x[(slice(None),) * normalize_axis_index(dim, operand(x).ndim) + (slice(start, start + length),)]


def select(x: Any, dim: int, index: int) -> Any:
    return x[(slice(None),) * normalize_axis_index(dim, operand(x).ndim) + (index,)]


def index_select(x: Any, dim: int, index: Any) -> Any:
    return take(x, index, dim)


def gather(x: Any, dim: int, index: Any) -> Any:
    x, index = operand(x), operand(index)
    dim = normalize_axis_index(dim, x.ndim)
    if len(index.shape) == x.ndim:  # other lengths may be shorter, and are not repeated
        x = x[tuple([slice(None) if i == dim else slice(n) for i, n in enumerate(index.shape)])]
        if builtins.any(n != m for i, (n, m) in enumerate(zip(index.shape, x.shape)) if i != dim):
            raise ValueError(f"gather: an index of shape {index.shape} is longer than the tensor, on an axis not {dim}")
    return take_along_axis(x, index, dim)


take_along_dim = take_along_axis


def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    return where(data_of(mask), value, x)


def masked_select(x: Any, mask: Any) -> Any:
    x = operand(x)
    return x[np.broadcast_to(data_of(mask), x.shape)]


# ------------------------------------------------------------------------------------------------- computing


@takes_other_names
def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return reductions.max(x, axis, keepdims=keepdims)


@takes_other_names
def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return reductions.min(x, axis, keepdims=keepdims)


@takes_other_names
def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return statistics.ptp(x, axis, keepdims)


def norm(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None and p in (2, "fro"):
        return norm_of(shaping.ravel(x)) if not keepdim else norm_of(shaping.ravel(x)).reshape((1,) * x.ndim)
    if p not in (2, "fro") and (dim is None or np.ndim(dim)):
        raise TypeError(f"norm(p={p!r}) of several axes: write sg.norm(x, ord, axis, keepdims), as in NumPy")
    return norm_of(x, None if p in (2, "fro") else p, dim, keepdims=keepdim)


@takes_other_names
def clamp(x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002
    return clip(x, min, max)


def clamp_min(x: Any, min: Any) -> Any:  # noqa: A002
    return clip(x, min)


def clamp_max(x: Any, max: Any) -> Any:  # noqa: A002
    return clip(x, None, max)


def pow(x: Any, exponent: Any) -> Any:
    return power(x, exponent)


def rsqrt(x: Any) -> Any:
    return 1.0 / sqrt(x)


def lerp(x: Any, end: Any, weight: Any) -> Any:
    return x + weight * (end - x)


def logit(x: Any) -> Any:
    return log(x) - log1p(-x)


def erfc(x: Any) -> Any:
    return 1.0 - erf(x)


def frac(x: Any) -> Any:
    return x - trunc(x)


def mv(x: Any, vec: Any) -> Any:
    return matmul(x, vec)


def addmm(x: Any, mat1: Any, mat2: Any, beta: float = 1, alpha: float = 1) -> Any:
    return beta * x + alpha * matmul(mat1, mat2)


def addcmul(x: Any, tensor1: Any, tensor2: Any, value: float = 1) -> Any:
    return x + value * tensor1 * tensor2


def addcdiv(x: Any, tensor1: Any, tensor2: Any, value: float = 1) -> Any:
    return x + value * tensor1 / tensor2


def logdet(x: Any) -> Any:
    sign, logarithm = slogdet(x)
    return where(data_of(sign) > 0, logarithm, np.nan)


# ------------------------------------------------------------------------------------------------- questions


@takes_other_names
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.any(x, axis, keepdims=keepdims)


@takes_other_names
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.all(x, axis, keepdims=keepdims)


@takes_other_names
def argsort(x: Any, axis: int = -1, descending: bool = False, stable: bool = False) -> Any:
    return np.argsort(-x if descending else x, axis, kind="stable")


def eq(x: Any, other: Any) -> Any:
    return x == other


def ne(x: Any, other: Any) -> Any:
    return x != other


def lt(x: Any, other: Any) -> Any:
    return x < other


def le(x: Any, other: Any) -> Any:
    return x <= other


def gt(x: Any, other: Any) -> Any:
    return x > other


def ge(x: Any, other: Any) -> Any:
    return x >= other


def equal(x: Any, other: Any) -> Any:
    return np.array_equal(x, other)


def numel(x: Any) -> int:
    return int(operand(x).size)


nelement = numel


def dim(x: Any) -> int:
    return int(operand(x).ndim)


ndimension = dim


def element_size(x: Any) -> int:
    return x.dtype.itemsize  # type: ignore[no-any-return]


def is_floating_point(x: Any) -> bool:
    return x.dtype.kind == "f"  # type: ignore[no-any-return]


def is_complex(x: Any) -> bool:
    return False


def is_contiguous(x: Any) -> bool:
    return True


@property  # type: ignore[misc]
def itemsize(x: Any) -> int:
    return x.dtype.itemsize  # type: ignore[no-any-return]


@property  # type: ignore[misc]
def nbytes(x: Any) -> int:
    return x.size * x.dtype.itemsize  # type: ignore[no-any-return]


@property  # type: ignore[misc]
def mT(x: Any) -> Any:  # noqa: N802 (PyTorch's and NumPy's name)
    return composed.matrix_transpose(x)


@property  # type: ignore[misc]
def grad_fn(x: Any) -> Any:
    return x.op


# ------------------------------------------------------------------------------------------ devices and dtypes


@property  # type: ignore[misc]
def device(x: Any) -> Device:
    return Device()


@property  # type: ignore[misc]
def is_cuda(x: Any) -> bool:
    return False


@property  # type: ignore[misc]
def is_cpu(x: Any) -> bool:
    return True


def cpu(x: Any) -> Any:
    return x


def to_device(x: Any, device: Any, *, stream: Any = None) -> Any:
    Device(device)
    return x


def to(x: Any, *args: Any, **kwargs: Any) -> Any:
    for given in (*args, kwargs.get("device"), kwargs.get("dtype")):
        if isinstance(given, Tensor):
            x = to(x, given.dtype)
        elif isinstance(given, str) and not _is_dtype(given):
            Device(given)
        elif given is not None and not isinstance(given, bool):
            x = _cast(x, given)
    return x


def _is_dtype(name: str) -> bool:
    try:
        np.dtype(name)
    except TypeError:
        return False
    return True


def _cast(x: Any, dtype: Any) -> Any:
    return x.astype(dtype, copy=False)


def type_as(x: Any, other: Any) -> Any:
    return _cast(x, other.dtype)


def _cast_to(dtype: Any) -> Callable[[Any], Any]:
    return lambda x: _cast(x, dtype)


#: Methods whose names are those of Python's types.
NAMED = {
    "bool": _cast_to(np.bool_),
    "byte": _cast_to(np.uint8),
    "double": _cast_to(np.float64),
    "float": _cast_to(np.float32),
    "half": _cast_to(np.float16),
    "int": _cast_to(np.int32),
    "long": _cast_to(np.int64),
    "short": _cast_to(np.int16),
}


# ---------------------------------------------------------------------------------------------------- in place


def _write(x: Any, value: Any) -> Any:
    x[...] = value
    return x


def fill_(x: Any, value: Any) -> Any:
    return _write(x, value)


def zero_(x: Any) -> Any:
    return _write(x, 0.0)


def copy_(x: Any, src: Any) -> Any:
    return _write(x, src)


def add_(x: Any, other: Any, alpha: Any = 1) -> Any:
    return _write(x, x + other * alpha if alpha != 1 else x + other)


def sub_(x: Any, other: Any, alpha: Any = 1) -> Any:
    return _write(x, x - other * alpha if alpha != 1 else x - other)


def mul_(x: Any, other: Any) -> Any:
    return _write(x, x * other)


def div_(x: Any, other: Any) -> Any:
    return _write(x, x / other)


def pow_(x: Any, exponent: Any) -> Any:
    return _write(x, x**exponent)


def clamp_(x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002
    return _write(x, clip(x, min, max))


def masked_fill_(x: Any, mask: Any, value: Any) -> Any:
    return _write(x, masked_fill(x, mask, value))


def addcmul_(x: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    return _write(x, addcmul(x, tensor1, tensor2, value))


def addcdiv_(x: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    return _write(x, addcdiv(x, tensor1, tensor2, value))


def lerp_(x: Any, end: Any, weight: Any) -> Any:
    return _write(x, lerp(x, end, weight))


def normal_(x: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    from .pytorch_functions import randn_like

    return _write(x, mean + std * randn_like(x).data)


def uniform_(x: Any, low: float = 0.0, high: float = 1.0) -> Any:
    from .pytorch_functions import rand_like

    return _write(x, low + (high - low) * rand_like(x).data)


def requires_grad_(x: Any, requires_grad: bool = True) -> Any:
    x.requires_grad = requires_grad
    return x


def detach_(x: Any) -> Any:
    if x.op is not None:
        raise RuntimeError("a computed tensor cannot be cut off from its graph in place: write x = x.detach()")
    return requires_grad_(x, False)


@property  # type: ignore[misc]
def retains_grad(x: Any) -> bool:
    return x.op is not None and bool((x.notes or {}).get("retain"))


def block_until_ready(x: Any) -> Any:
    return x
