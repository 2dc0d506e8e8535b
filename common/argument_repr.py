"""The ``repr`` of objects that keep the arguments of their constructor: as the call that makes them."""

from __future__ import annotations

import inspect
import os
from typing import Any

_LONGEST = 60


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
        kept = vars(self)
        shown: list[str] = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            if name not in kept or name in self._not_shown:
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                shown += map(_short, kept[name])
            else:
                shown.append(f"{name}={_short(kept[name])}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    name = getattr(value, "__name__", None)
    text = name if callable(value) and name else repr(os.fspath(value) if isinstance(value, os.PathLike) else value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
