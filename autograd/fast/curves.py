"""Curves of large arrays in one pass: of neural networks and their slopes in float32, sine and cosine in float64."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ...common.seam import quicker
from ..ops import elementwise as ew
from ..ops.special import erf_array, gelu_array
from .kernels import curve, curve_of_block, in_blocks, sine, sine_of_block

MANY = 1 << 12
"""Number of elements from which a pass of ours beats NumPy's passes."""
VERY_MANY = 1 << 15
"""Number of elements from which it is worth to load compiled sines."""


def _suits(*arrays: Any) -> bool:
    """Whether the kernels compute with such arrays: large ones, all of one shape."""
    first = arrays[0]
    for x in arrays:
        if type(x) is not np.ndarray or x.size < MANY or x.dtype.char != "f" or x.shape != first.shape:
            return False
    return True


def _forward(name: str) -> Callable[..., Any]:
    return lambda x: curve(name, x) if _suits(x) else NotImplemented


def _vjp_of_output(name: str) -> Callable[..., Any]:
    """Return the gradient for a curve whose slope follows from its value."""
    return lambda g, out, x, wanted: (curve(name, g, out),) if _suits(g, out) else NotImplemented


def _vjp_of_input(name: str) -> Callable[..., Any]:
    return lambda g, out, x, wanted: (curve(name, g, x),) if _suits(g, x) else NotImplemented


def _one_block(name: str, out: Any, *arrays: Any) -> Any:
    """Compute a curve of a block in the calling thread, into memory that is there."""
    if out.dtype.char != "f" or not out.flags.c_contiguous:
        return NotImplemented
    for x in arrays:
        if type(x) is not np.ndarray or x.dtype.char != "f" or x.shape != out.shape:
            return NotImplemented
    curve_of_block(name, [np.ascontiguousarray(x).reshape(-1) for x in arrays], out.reshape(-1))
    return None


def _sine(name: str) -> Callable[..., Any]:
    def compute(x: Any) -> Any:
        if type(x) is not np.ndarray or x.size < VERY_MANY or x.dtype.char != "d":
            return NotImplemented
        found = sine(name, x)
        return NotImplemented if found is None else found

    return compute


def _curve_into(out: Any, op: Any, x: Any) -> Any:
    if op in (ew.sin, ew.cos):
        if out.dtype.char != "d" or x.dtype.char != "d" or x.shape != out.shape or not out.flags.c_contiguous:
            return NotImplemented
        sine_of_block(op.name, np.ascontiguousarray(x).reshape(-1), out.reshape(-1))
        return None
    return _one_block(op.name, out, x) if op in _CURVES else NotImplemented


def _slope_into(out: Any, op: Any, g: Any, y: Any, x: Any) -> Any:
    if op not in _CURVES:
        return NotImplemented
    return _one_block(f"{op.name}_slope", out, g, y if op is ew.sigmoid else x)


_CURVES = (ew.sigmoid, ew.silu, ew.gelu)


def _gelu(x: Any) -> Any:
    return in_blocks(gelu_array, x) if _is_double(x) else _single_gelu(x)


def _erf(x: Any) -> Any:
    if _is_double(x):
        known = _erf_of_scipy()
        return in_blocks(erf_array, x) if known is None else known(x)
    return _single_erf(x)


def _is_double(x: Any) -> bool:
    """Whether it is a large array of float64, for which several passes have no shorter way."""
    return type(x) is np.ndarray and x.size >= MANY and x.dtype.char == "d"


@lru_cache(maxsize=1)
def _erf_of_scipy() -> Any:
    """Return SciPy's error function, which takes one pass; None if there is no SciPy."""
    try:
        return importlib.import_module("scipy.special").erf
    except ImportError:
        return None


_single_gelu, _single_erf = _forward("gelu"), _forward("erf")


def install() -> None:
    """Install all of them; NumPy's own tanh is quick."""
    ew.sigmoid.fast_forward, ew.sigmoid.fast_vjp = _forward("sigmoid"), _vjp_of_output("sigmoid_slope")
    ew.silu.fast_forward, ew.silu.fast_vjp = _forward("silu"), _vjp_of_input("silu_slope")
    ew.gelu.fast_forward, ew.gelu.fast_vjp = _gelu, _vjp_of_input("gelu_slope")
    ew.erf.fast_forward = _erf
    ew.tanh.fast_vjp = _vjp_of_output("tanh_slope")
    ew.sin.fast_forward, ew.cos.fast_forward = _sine("sin"), _sine("cos")
    quicker["curve_into"], quicker["slope_into"] = _curve_into, _slope_into
