"""The ``repr`` of objects that keep the arguments of their constructor: as the call that makes them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .function_name import function_name

#: Longer texts are cut, longer numbers are rounded to six digits, and longer sequences are texts as they are.
_LONGEST, _LONGEST_NUMBER, _MOST_ITEMS = 60, 8, 8


class ArgumentRepr:
    """Base of classes whose ``repr`` is the call that makes them, as far as they keep the arguments by name.

    Examples
    --------
    >>> sg.data.RandomShift(3)
    RandomShift(pixels=3, fill=0.0)
    """

    #: Arguments that say nothing about what the object does.
    _not_shown: frozenset[str] = frozenset({"optimizer", "seed"})

    def __repr__(self) -> str:
        shown: list[str] = []
        for parameter, value in kept_arguments(self, self._arguments()):
            if parameter.kind is parameter.VAR_POSITIONAL:
                shown += map(argument_text, value)
            elif parameter.name not in self._not_shown:
                shown.append(f"{parameter.name}={argument_text(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _arguments(self) -> Mapping[str, Any]:
        """Return the arguments that this object keeps, among other things, by their names."""
        return vars(self)


def kept_arguments(made: Any, kept: Mapping[str, Any]) -> Iterator[tuple[inspect.Parameter, Any]]:
    """Yield the parameters of an object's class whose arguments are kept, with these."""
    for name, parameter in inspect.signature(type(made)).parameters.items():
        if name in kept:
            yield parameter, kept[name]


def changed_arguments(made: Any) -> str:
    """Return the arguments that an object keeps and that are not the defaults, as they stand in a call."""
    return ", ".join(
        f"{parameter.name}={argument_text(value)}"
        for parameter, value in kept_arguments(made, vars(made))
        if not (value is parameter.default or (isinstance(value, (int, float, str)) and value == parameter.default))
    )


def argument_text(value: Any) -> str:
    """Return an argument as it would be written, on one line, with numbers rounded and what is long cut."""
    if isinstance(value, ArgumentRepr):
        return repr(value)
    if type(value) in (list, tuple) and len(value) <= _MOST_ITEMS:
        inside = ", ".join(map(argument_text, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if isinstance(value, float) and len(repr(float(value))) > _LONGEST_NUMBER:
        return f"{value:.6g}"
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    elif isinstance(value, np.generic):
        value = value.item()
    named = callable(value) and hasattr(value, "__name__")
    text = function_name(value) if named else " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
