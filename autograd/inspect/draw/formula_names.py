"""The names in a formula: NumPy, the operations, and the numbers that have a name."""

from __future__ import annotations

import ast
import functools
import math
from importlib import import_module
from typing import Any

import numpy as np

from ...core.op import Op

PACKAGE = __name__.partition(".")[0]

_NUMBERS = {
    math.pi: "np.pi",
    math.inf: "np.inf",
    -math.inf: "-np.inf",
    math.log(2.0): "np.log(2.0)",
    math.log(10.0): "np.log(10.0)",
    math.sqrt(math.pi): "np.sqrt(np.pi)",
    math.sqrt(2.0): "np.sqrt(2.0)",
}


@functools.lru_cache(maxsize=1)
def namespace() -> dict[str, Any]:
    """Return the values of the names in a formula: NumPy, ``math``, the operations and the public functions."""
    public = vars(import_module("...", __package__))
    functions = {name: f for name, f in public.items() if callable(f) and not name.startswith("_")}
    return {**Op.table, **functions, "np": np, "math": math}


@functools.lru_cache(maxsize=1)
def _names() -> dict[int, str]:
    return {id(f): name for name, f in reversed(namespace().items())}


def name_of(function: Any) -> str:
    """Return the name of a function in a formula; empty if it has none."""
    name = function.name if isinstance(function, Op) else getattr(function, "__name__", "")
    known = namespace().get(name)
    if known is function or (isinstance(function, Op) and Op.table.get(name) is function):
        return str(name)
    return _names().get(id(function), "")


def number(x: float) -> ast.expr:
    """Return the expression of a number, as ``np.pi`` or ``0.5``."""
    text = _NUMBERS.get(x) or ("np.nan" if x != x else repr(float(x)))
    return ast.parse(text, mode="eval").body
