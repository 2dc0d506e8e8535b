"""Neighbours in a :class:`Sequential` that are computed in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ...autograd import Tensor
from ...autograd.core.node import on_record
from ...autograd.core.recording import is_recording
from ...autograd.fast.kernels import LARGE
from ..module import Module
from .activations import ReLU
from .conv import Conv2d
from .pool import MaxPool2d

Pair = tuple[int, int]

#: Images, and multiplications of a convolution, below which a graph has a node for each layer, for those who look at
#: it: there is little time to be saved.
FEW, WORTH_IT = 4, 5e5

_layer_by_layer = ContextVar("layer_by_layer", default=False)


@contextmanager
def layer_by_layer() -> Iterator[None]:
    """Let every layer leave nodes of its own in a graph inside this block."""
    token = _layer_by_layer.set(True)
    try:
        yield
    finally:
        _layer_by_layer.reset(token)


def relu_pool_after(modules: Sequence[Module], place: int, x: Any) -> tuple[int, Pair]:
    """Tell what follows a convolution in ``modules[place]`` and can be computed in the same pass.

    That is a ReLU, and perhaps a MaxPool2d whose windows do not overlap. Only plain modules take part: a hook, a
    subclass or a replaced ``forward`` sees every layer's output by itself, as do the detector of anomalies and a
    drawing of a small graph.

    Parameters
    ----------
    modules : sequence of Module
    place : int
        Of the convolution.
    x : Tensor or ndarray
        What it is to be called with.

    Returns
    -------
    following : int
        How many modules follow; 0 if the convolution is to be called by itself.
    pool_size : (int, int)
        The pool's window; (1, 1) without a pool.
    """
    conv, after = modules[place], modules[place + 1 : place + 3]
    if not (after and plain(conv, Conv2d) and plain(after[0], ReLU)) or len(getattr(x, "shape", ())) != 4:
        return 0, (1, 1)
    assert isinstance(conv, Conv2d)
    high, wide = conv.output_size(x.shape)
    small = x.shape[0] < FEW or x.shape[0] * high * wide * conv.weight.size < WORTH_IT
    if conv.bias is None or _looked_at_singly(small):
        return 0, (1, 1)
    pool = after[-1]
    if plain(pool, MaxPool2d):
        assert isinstance(pool, MaxPool2d)
        window = pool.kernel_size
        if pool.stride == window and pool.padding == (0, 0) and high >= window[0] and wide >= window[1]:
            return 2, window
    return 1, (1, 1)


def are_large(images: Tensor) -> bool:
    """Tell whether steps that are taken with images can be taken at once: nobody looks at so many numbers singly."""
    if images.ndim != 4 or images.size < LARGE or type(images.data) is not np.ndarray or images.dtype.char not in "fd":
        return False
    return not _looked_at_singly(len(images) < FEW)


def _looked_at_singly(small: bool) -> bool:
    """Whether somebody may look at single steps: watches every node, asked for them, or will draw a `small` graph."""
    return bool(on_record) or (is_recording() and (small or _layer_by_layer.get()))


def plain(module: Module, kind: type[Module]) -> bool:
    """Whether nobody could tell if it were not called."""
    own = vars(module)
    return type(module) is kind and not module._hooks and "forward" not in own and "function" not in own
