"""All special functions: when this is imported, NumPy's and SciPy's calls with nodes find their operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..numpy_functions import OTHER_UFUNCS
from ..scipy_ufuncs import SEVERAL
from . import special_bessel, special_gamma, special_probabilities, special_series, special_transformations
from .special_function import SpecialFunction


def _several(parts: tuple[SpecialFunction, ...]) -> Callable[..., tuple[Any, ...]]:
    return lambda *inputs: tuple([part(*inputs) for part in parts])


for _ufunc, _parts in {**special_bessel.SEVERAL, **special_series.SEVERAL}.items():
    OTHER_UFUNCS[_ufunc] = SEVERAL[_ufunc] = _several(_parts)

__all__ = ["special_bessel", "special_gamma", "special_probabilities", "special_series", "special_transformations"]
