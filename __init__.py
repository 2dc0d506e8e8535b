"""seegrad, *see the gradient*: automatic differentiation in NumPy, where every number can be looked at."""

from __future__ import annotations

from .rng import manual_seed

__all__ = ["manual_seed"]
