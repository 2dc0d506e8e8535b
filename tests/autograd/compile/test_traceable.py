"""Every operation can be traced, with its derivatives: the program gives what the function gives, on other data too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from in_one_test import each
from operation_cases import CASES
from operation_cases.case import Case
from traced_programs import TracedProgram

import seegrad as sg
from seegrad.autograd.core.backward import backprop

#: Whose result is real or complex, as the numbers will have it: no program is made.
BY_NUMBERS = [c for c in CASES if c.name in ("linalg[eig complex]", "linalg[eigvals complex]")]
TRACED = [c for c in CASES if c not in BY_NUMBERS]
all_cases = pytest.mark.parametrize("case", TRACED, ids=[c.name for c in TRACED])


def weights_for(out: Any) -> Any:
    rng = np.random.default_rng(3)
    return (rng.uniform(0.5, 1.5, np.shape(out)) * rng.choice([-1.0, 1.0], np.shape(out))).astype(out.dtype)


def value(f: Any) -> Callable[..., Any]:
    return lambda *arrays: f(*[sg.Tensor(x) for x in arrays])


def gradients(f: Any, create_graph: bool = False) -> Callable[..., list[Any]]:
    def first(*arrays: Any) -> list[Any]:
        xs = [sg.Tensor(x, requires_grad=True) for x in arrays]
        out = f(*xs)
        if not isinstance(out, sg.Tensor) or not out.requires_grad:
            return [np.zeros(())]
        table = backprop(out, weights_for(out), create_graph=False)
        return [table[x] if x in table else np.zeros(x.shape) for x in xs]

    return first


def second_derivatives(f: Any) -> Callable[..., list[Any]]:
    def second(*arrays: Any) -> list[Any]:
        xs = [sg.Tensor(x, requires_grad=True) for x in arrays]
        out = f(*xs)
        if not isinstance(out, sg.Tensor) or not out.requires_grad:
            return [np.zeros(())]
        table = backprop(out, sg.Tensor(weights_for(out)), create_graph=True, stop=frozenset(xs))
        terms = [(table[x] * weights_for(x)).sum() for x in xs if x in table and table[x].requires_grad]
        if not terms:
            return [np.zeros(())]
        again = backprop(sum(terms[1:], terms[0]), np.ones(()), stop=frozenset(xs))
        return [again[x] if x in again else np.zeros(x.shape) for x in xs]

    return second


def plain(results: Any) -> list[Any]:
    items = results if isinstance(results, (list, tuple)) else [results]
    return [np.asarray(x._plain if isinstance(x, sg.Tensor) else x) for x in items]


def others(case: Case) -> list[Any]:
    """Return inputs that differ a little from those of the case, and keep their order and signs."""
    return [np.asarray(x * (1.0 + 1e-3 * np.cos(np.arange(x.size)).reshape(x.shape)), x.dtype) for x in case.inputs]


def check(f: Callable[..., Any], first: Any, second: Any) -> None:
    """Check that the programs traced at two places are the same, and give what the function gives at both."""
    program, other = TracedProgram(f, first), TracedProgram(f, second)
    assert program.why_not is None
    for arrays, traced in ((first, program), (second, program), (second, other)):
        found = traced(*arrays)
        if found is None:  # another branch
            assert traced is program
            assert arrays is second
            continue
        for a, b in zip(found, plain(f(*arrays)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
            assert np.shape(a) == np.shape(b)
            assert np.asarray(a).dtype == b.dtype
    if str([c.answer for c in program.conditions]) == str([c.answer for c in other.conditions]):
        assert program.same_as(other) is None


@all_cases
@each("form", [value, gradients, second_derivatives])
def test_an_operation_and_its_derivatives(case, form):
    check(form(case.f), case.inputs, others(case))


@pytest.mark.parametrize("case", BY_NUMBERS, ids=[c.name for c in BY_NUMBERS])
def test_what_depends_on_the_numbers_says_so(case):
    assert "real or complex, as the numbers will have it" in TracedProgram(value(case.f), case.inputs).why_not


def test_the_quicker_derivative_of_one_input_keeps_its_shape():
    f = sg.compile(sg.grad(lambda v: sg.sum(sg.relu(v) * sg.tanh(v))))
    x = np.linspace(-1, 1, 90_000, dtype=np.float32).reshape(300, 300)
    plain, replayed = f(x), f(x)
    assert f.replays == 1
    assert replayed.shape == plain.shape
    np.testing.assert_allclose(replayed, plain, rtol=1e-6)
