"""Micrograd's attributes of a value, which its ``draw_dot`` reads; see ``common/other_names/value_names.py``."""

from __future__ import annotations

from typing import Any

from .core.node import Constant
from .value import Value


@property  # type: ignore[misc]
def _prev(v: Any) -> Any:
    return {Value(x._plain) if isinstance(x, Constant) else x for x in v.inputs}  # where each number is a Value


@property  # type: ignore[misc]
def _op(v: Any) -> str:
    return v.op.symbol if v.op is not None else ""  # type: ignore[no-any-return]
