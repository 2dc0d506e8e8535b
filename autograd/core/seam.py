"""What ``fast`` may add to the engine, besides ``Op.fast_forward`` and ``Op.fast_vjp``.

All of it gives the same results as the definition, in every special value, or NotImplemented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Backward passes for special graphs, asked in order before the one in ``backward.py``: each gets its arguments and
#: answers pairs of node and gradient, or NotImplemented; then nothing has happened.
backward_passes: list[Callable[..., Any]] = []

#: Runs of neighbouring layers in a ``Sequential``: each gets the layers, the place of the first and its input, and
#: answers the output and the number of layers that it has computed, or NotImplemented.
layer_runs: list[Callable[..., Any]] = []
