"""Neighbours in a :class:`Sequential` that are computed in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.graph import on_record
from .activation import ReLU
from .convolution import Conv2d
from .module import Module
from .pooling import MaxPool2d

Pair = tuple[int, int]


def relu_pool_after(modules: Sequence[Module], place: int, x: Any) -> tuple[int, Pair]:
    """Tell what follows a convolution in ``modules[place]`` and can be computed in the same pass.

    That is a ReLU, and perhaps a MaxPool2d whose windows do not overlap. Only plain modules take part: a hook, a
    subclass or a replaced ``forward`` sees every layer's output by itself, as does the detector of anomalies.

    Parameters
    ----------
    modules : sequence of Module
    place : int
        Of the module in question, which may be any.
    x : Tensor or ndarray
        What it is to be called with.

    Returns
    -------
    following : int
        How many modules follow; 0 if it is to be called as it is.
    pool_size : (int, int)
        The pool's window; (1, 1) without a pool.
    """
    conv = modules[place]
    if not (_plain(conv, Conv2d) and _plain(_at(modules, place + 1), ReLU)) or on_record:
        return 0, (1, 1)
    assert isinstance(conv, Conv2d)
    if conv.bias is None or len(getattr(x, "shape", ())) != 4:
        return 0, (1, 1)
    pool = _at(modules, place + 2)
    if not _plain(pool, MaxPool2d):
        return 1, (1, 1)
    assert isinstance(pool, MaxPool2d)
    tiles = pool.stride == pool.kernel_size and pool.padding == (0, 0)
    fits = all(size >= window for size, window in zip(conv.output_size(x.shape), pool.kernel_size, strict=True))
    return (2, pool.kernel_size) if tiles and fits else (1, (1, 1))


def _at(modules: Sequence[Module], place: int) -> Module | None:
    return modules[place] if place < len(modules) else None


def _plain(module: Module | None, kind: type[Module]) -> bool:
    """Whether nobody could tell if it were not called."""
    return type(module) is kind and not module._hooks and "forward" not in vars(module)
