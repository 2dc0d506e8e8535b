"""What a formula may call: NumPy, the operations, and the numbers that have a name."""

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
    """Return what the names in a formula stand for: NumPy, ``math``, the operations and the functions of them."""
    public = vars(import_module("...", __package__))
    functions = {name: f for name, f in public.items() if callable(f) and not name.startswith("_")}
    return {**Op.table, **functions, "np": np, "math": math}


@functools.lru_cache(maxsize=1)
def _names() -> dict[int, str]:
    return {id(f): name for name, f in reversed(namespace().items())}


def name_of(function: Any) -> str:
    """Return by which name a formula calls a function; empty if by none."""
    name = function.name if isinstance(function, Op) else getattr(function, "__name__", "")
    known = namespace().get(name)
    if known is function or (isinstance(function, Op) and Op.table.get(name) is function):
        return str(name)
    return _names().get(id(function), "")


def number(x: float) -> ast.expr:
    """Return a number as it is written in a formula."""
    text = _NUMBERS.get(x) or ("np.nan" if x != x else repr(float(x)))
    return ast.parse(text, mode="eval").body
