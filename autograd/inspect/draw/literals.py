"""Values that a formula writes as they are: numbers, texts, tuples, slices."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from .formula_names import number

#: What the evaluation of a single expression of a function may raise.
FAILURES = (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError)

_LONGEST_LITERAL = 60


class UnclearError(Exception):
    """A rule, or a part of it, has no readable expression."""


def is_static(value: Any) -> bool:
    """Return whether a value can be written as it is: a number, a text, or a tuple, list or slice of them."""
    if isinstance(value, (tuple, list)):
        return all(map(is_static, value))
    if isinstance(value, slice):
        return is_static((value.start, value.stop, value.step))
    return (
        value is None
        or value is ...
        or isinstance(value, (bool, np.bool_, int, np.integer, str))
        or type(value) is float
    )


def literal(value: Any) -> ast.expr:
    """Return the expression of a static value.

    Raises
    ------
    UnclearError
        If the value is not static, or is too long to be read.
    """
    if not is_static(value) or len(repr(value)) > _LONGEST_LITERAL:
        raise UnclearError
    if isinstance(value, (tuple, list)):
        parts = [literal(part) for part in value]
        return ast.Tuple(parts, ast.Load()) if isinstance(value, tuple) else ast.List(parts, ast.Load())
    if isinstance(value, slice):
        return ast.Call(ast.Name("slice", ast.Load()), [literal(v) for v in (value.start, value.stop, value.step)], [])
    if type(value) is float:
        return number(value)
    if isinstance(value, np.bool_):
        value = bool(value)
    elif isinstance(value, np.integer):
        value = int(value)
    return ast.parse(repr(value), mode="eval").body if value is not ... else ast.Constant(...)


def index_tree(index: Any) -> ast.expr:
    """Return a static index as it is written between brackets."""
    if isinstance(index, tuple) and len(index) == 1:
        return index_tree(index[0])
    if isinstance(index, tuple) and index:
        return ast.Tuple([index_tree(part) for part in index], ast.Load())
    if isinstance(index, slice):
        low, high, step = (None if v is None else literal(v) for v in (index.start, index.stop, index.step))
        return ast.Slice(low, high, step)
    return literal(index)
