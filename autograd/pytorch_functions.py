"""PyTorch's functions whose meaning is the same, in terms of this package: ``sg.randn(2, 3)`` finds them here.

Functions that make tensors give those of PyTorch: float32, unless the numbers are integers or a dtype is given, and of
the generator that :func:`seegrad.manual_seed` sets. ``common/other_names/package_names.py`` lists them all, and the
names that mean something else here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..common.other_names.devices import Device
from ..common.plain_data import as_array
from ..common.rng import default_rng
from .core.node import data_of
from .core.op import PlainFunction
from .core.recording import is_recording
from .ops.composed import round as rounded
from .resources import release_memory
from .tensor import Tensor, tensor

is_grad_enabled = is_recording
round = rounded
cuda_empty_cache = release_memory


def device(name: Any = "cpu", index: int = 0) -> Device:
    return Device(name, index)


def cuda_is_available() -> bool:
    return False


backends_mps_is_available = cuda_is_available
mps_is_available = cuda_is_available
xpu_is_available = cuda_is_available


def cuda_device_count() -> int:
    return 0


def cuda_synchronize() -> None:
    return None


# ----------------------------------------------------------------------------------------------- from numbers


def _made(data: Any, dtype: Any, requires_grad: bool, device: Any) -> Tensor:
    """Return numbers as a tensor: those without a dtype of their own in float32."""
    Device("cpu" if device is None else device)
    if dtype is None and data.dtype == np.float64:
        dtype = np.float32
    return tensor(data, requires_grad, dtype)


def _shape(size: tuple[Any, ...]) -> Any:
    return size[0] if len(size) == 1 else size


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _made(np.zeros(_shape(size)), dtype, requires_grad, device)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _made(np.ones(_shape(size)), dtype, requires_grad, device)


empty = zeros


def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _made(np.full(size, fill_value), dtype, requires_grad, device)


def eye(n: int, m: int | None = None, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _made(np.eye(n, m), dtype, requires_grad, device)


def arange(*limits: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _made(np.arange(*limits), dtype, requires_grad, device)


def range(start: Any, end: Any = None, step: Any = 1, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    start, end = (0, start) if end is None else (start, end)
    return _made(np.arange(start, end + step / 2, step), np.float32 if dtype is None else dtype, requires_grad, None)


def linspace(
    start: Any, end: Any, steps: int, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    return _made(np.linspace(start, end, steps), dtype, requires_grad, device)


def logspace(
    start: Any, end: Any, steps: int, dtype: Any = None, requires_grad: bool = False, device: Any = None
) -> Tensor:
    return _made(np.logspace(start, end, steps), dtype, requires_grad, device)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    Device("cpu" if device is None else device)
    made = data if isinstance(data, Tensor) else Tensor(data)
    return made if dtype is None else made.astype(dtype, copy=False)


asarray = as_tensor


def from_numpy(array: Any) -> Tensor:
    return Tensor(array)


def meshgrid(*tensors: Any, indexing: Any = "ij") -> tuple[Tensor, ...]:
    return tuple([tensor(grid) for grid in np.meshgrid(*[as_array(data_of(x)) for x in tensors], indexing=indexing)])


def is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor)


def block_until_ready(x: Any) -> Any:
    return x


# -------------------------------------------------------------------------------------------- of other tensors


def zeros_like(x: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _like(x, np.zeros(np.shape(x)), dtype, requires_grad, device)


def ones_like(x: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _like(x, np.ones(np.shape(x)), dtype, requires_grad, device)


empty_like = zeros_like


def full_like(x: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _like(x, np.full(np.shape(x), fill_value), dtype, requires_grad, device)


def _like(x: Any, data: Any, dtype: Any, requires_grad: bool, device: Any) -> Tensor:
    return _made(data, getattr(x, "dtype", None) if dtype is None else dtype, requires_grad, device)


# ---------------------------------------------------------------------------------------------- random numbers


def _drawn(method: str, shape: Any, dtype: Any) -> Any:
    wide = dtype is not None and np.dtype(dtype) == np.float64
    return getattr(default_rng(), method)(shape, dtype=np.float64 if wide else np.float32)


#: While a function is traced, these are instructions that draw anew each time.
_draw = PlainFunction(_drawn, "random_numbers", always=True)
_integers = PlainFunction(
    lambda low, high, shape: default_rng().integers(low, high, shape), "random_integers", always=True
)
_permutation = PlainFunction(lambda n: default_rng().permutation(n), "random_permutation", always=True)


def rand(*size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _made(_draw("random", _shape(size), dtype), dtype, requires_grad, device)


def randn(*size: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    return _made(_draw("standard_normal", _shape(size), dtype), dtype, requires_grad, device)


def randint(*limits: Any, size: Any = None, dtype: Any = None, device: Any = None) -> Tensor:
    *ends, shape = limits if size is None else (*limits, size)
    low, high = ends if len(ends) > 1 else (0, *ends)
    return _made(_integers(low, high, shape), dtype, False, device)


def randperm(n: int, dtype: Any = None, device: Any = None) -> Tensor:
    return _made(_permutation(n), dtype, False, device)


def rand_like(x: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    dtype = x.dtype if dtype is None else dtype
    return _like(x, _draw("random", np.shape(x), dtype), dtype, requires_grad, device)


def randn_like(x: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    dtype = x.dtype if dtype is None else dtype
    return _like(x, _draw("standard_normal", np.shape(x), dtype), dtype, requires_grad, device)
