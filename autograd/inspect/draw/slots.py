"""Numbers inside texts as slots: a page that changes numbers fills them anew, by the same rules as here.

A slot names where its number comes from and how it is written. Sources are texts: of the nodes and edges of a
:class:`.steps.Story`, ``v3`` is the value of node ``n3``, ``g3`` its gradient where the backward pass begins, ``f5``
the local derivative on edge ``e5``, ``a5`` what that edge adds to a gradient, ``s5`` the gradient with it; ``h3`` is
the gradient that a hook put in the place of another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .readable import in_full, number_range, number_text, short, small_array

# No text that a user wrote has these characters: they stand for no character at all (``readable.escaped``).
_BEGIN, _END, _EQUAL, _CHAIN, _CHAIN_END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3", "\ufdd4"
_CHOICE, _OR, _CHOICE_END, _RECORDED, _RECORDED_END = "\ufdd5", "\ufdd6", "\ufdd7", "\ufdd8", "\ufdd9"
_SLOT = re.compile(f"{_BEGIN}(\\w+) (\\w+)([^{_END}]*){_END}")
_CHOSEN = re.compile(f"{_CHOICE}(\\w+){_OR}([^{_CHOICE_END}]*){_CHOICE_END}")
_CHAINED = re.compile(f"{_CHAIN}([^{_CHAIN_END}]*){_CHAIN_END}")

#: How a number or an array is written. ``page/slots.js`` has the same.
FORMS: dict[str, Callable[[Any], str]] = {
    "small": small_array,
    "short": short,
    "number": number_text,
    "range": number_range,
    "full": in_full,
    "count": lambda data: f"{int(np.count_nonzero(data)):,}",
}


def slot(source: str, form: str = "small") -> str:
    """Return the slot of a number.

    Parameters
    ----------
    source : str
        Where the number comes from.
    form : str
        A key of :data:`FORMS`.
    """
    return f"{_BEGIN}{source} {form}{_END}"


def is_slot(text: str) -> bool:
    """Return whether a text is one slot and nothing else."""
    return _SLOT.fullmatch(text) is not None


def closed(text: str) -> str:
    """Return a number in parentheses if it is negative."""
    return _marked(text, "(") if is_slot(text) else f"({text})" if text.startswith("-") else text


def closed_if_signed(text: str) -> str:
    """Return the slot of a number in parentheses if there is a minus sign in it, such as that of its exponent."""
    return _marked(text, "[")


def negated(text: str) -> str:
    """Return a number with a minus sign before it."""
    return _marked(text, "-") if is_slot(text) else f"-{closed(text)}"


def chained(parts: list[str]) -> str:
    """Return texts joined by equals signs; empty ones and repetitions are left out, once the slots are filled."""
    return f"{_CHAIN}{_EQUAL.join(parts)}{_CHAIN_END}"


def gated(source: str, texts: tuple[str, str, str]) -> str:
    """Return what is written of a gradient behind a gate.

    Parameters
    ----------
    source : str
        The local derivative of the gate.
    texts : tuple of str
        For derivatives that are all 0, all 0.5 and all 1. Where they are mixed, there is no text.
    """
    return f"{_CHOICE}{source}{_OR}{_OR.join(texts)}{_CHOICE_END}"


def recorded_only(text: str) -> str:
    """Return a text that holds for the recorded numbers and perhaps for no others."""
    return f"{_RECORDED}{text}{_RECORDED_END}"


def filled(text: str, data: Mapping[str, Any]) -> str:
    """Return a text with numbers in its slots; ``data`` has them by source."""
    chosen = _CHOSEN.sub(lambda found: _side(data[found[1]], found[2].split(_OR)), text)
    written = _SLOT.sub(lambda found: _written(data[found[1]], found[2], found[3]), chosen)
    written = written.replace(_RECORDED, "").replace(_RECORDED_END, "")
    return _CHAINED.sub(lambda found: _without_repetitions(found[1].split(_EQUAL)), written)


def _side(slope: Any, texts: list[str]) -> str:
    return next((text for text, factor in zip(texts, (0.0, 0.5, 1.0)) if np.all(np.equal(slope, factor))), "")


def _marked(text: str, mark: str) -> str:
    return f"{text[:-1]}{mark}{_END}"


def _written(data: Any, form: str, marks: str) -> str:
    text = FORMS[form](data)
    for mark in marks:
        if mark == "-":
            text = f"-{closed(text)}"
        elif text.startswith("-") or (mark == "[" and "-" in text and not text.startswith("[")):
            text = f"({text})"
    return text


def _without_repetitions(parts: list[str]) -> str:
    kept: list[str] = []
    for part in parts:
        if part and (not kept or part != kept[-1]):
            kept.append(part)
    return " = ".join(kept)
