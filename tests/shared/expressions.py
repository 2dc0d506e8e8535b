"""Expressions of other libraries' users, and what becomes of them: a value, or an error that holds our name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim


class Fails(NamedTuple):
    """An error that is expected: its kind, and a part of its sentence that can be pasted."""

    kind: type[Exception]
    told: str


def missing(told: str) -> Fails:
    """Expect that an attribute is missing, and that the message says what to write."""
    return Fails(AttributeError, told)


def refused(told: str) -> Fails:
    """Expect that an argument is none here, and that the message says what to write."""
    return Fails(TypeError, told)


def names(**others: Any) -> dict[str, Any]:
    """Return what expressions see: ``x`` and its plain data ``a``, a batch of rows, a model."""
    a = np.arange(6.0).reshape(2, 3)
    return {
        **{"sg": sg, "nn": nn, "optim": optim, "F": nn.functional, "np": np},
        **{"x": sg.tensor(a, requires_grad=True), "a": a, "idx": np.array([[0, 1], [1, 0]])},
        **{"rows": np.eye(3, dtype=np.float32), "labels": np.array([0, 1, 2])},
        **others,
    }


def check(expression: str, expected: Any, scope: dict[str, Any]) -> None:
    """Evaluate an expression; compare it with a value, with that of another expression, or with an error."""
    if isinstance(expected, Fails):
        with pytest.raises(expected.kind) as caught:
            eval(expression, scope)
        assert expected.told in str(caught.value)
        return
    assert_same(eval(expression, scope), eval(expected, scope) if isinstance(expected, str) else expected)


def assert_same(given: Any, expected: Any) -> None:
    """Compare values: numbers and arrays by their numbers, shapes and kinds, other objects by what they show."""
    if isinstance(expected, (tuple, list)) and not isinstance(expected, sg.Tensor):
        assert len(given) == len(expected)
        for one, other in zip(given, expected):
            assert_same(one, other)
    elif isinstance(expected, (np.ndarray, np.generic, float, int, sg.Tensor, sg.Value)):
        one, other = (np.asarray(x.data if isinstance(x, (sg.Tensor, sg.Value)) else x) for x in (given, expected))
        assert one.shape == other.shape
        assert one.dtype.kind == other.dtype.kind
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-12)
    else:
        assert given is expected or given == expected or repr(given) == repr(expected)
