"""``each``: many small cases in one test, since to collect and to report a test takes longer than each of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import seegrad as sg


@contextmanager
def fresh(fixtures: dict[str, Any]) -> Any:
    """Give a case what a test of its own would have: the same random numbers, and nothing that another replaced."""
    with pytest.MonkeyPatch.context() as patch:
        sg.manual_seed(0)
        own = {"rng": np.random.default_rng(0), "monkeypatch": patch}
        yield {name: own.get(name, value) for name, value in fixtures.items()}


def each(names: str, values: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Like ``pytest.mark.parametrize``, in one test, which names the case that fails; several of them multiply."""
    parameters, values = [name.strip() for name in names.split(",")], list(values)
    assert values

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def all_of_them(*self: Any, **fixtures: Any) -> None:
            for value in values:
                case = dict(zip(parameters, value if len(parameters) > 1 else (value,), strict=True))
                with fresh(fixtures) as others:
                    try:
                        test(*self, **others, **case)
                    except (Exception, pytest.fail.Exception) as error:
                        raise AssertionError(f"with {case}") from error

        signature = inspect.signature(test)
        kept = [p for name, p in signature.parameters.items() if name not in parameters]
        all_of_them.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return all_of_them

    return decorate
