"""Rules of single numbers that are written down from templates give what rules give that are traced at each node."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.compile import rule_templates
from seegrad.autograd.core.op import Op
from seegrad.autograd.ops.elementwise import Elementwise

OPERATIONS = sorted({op.name: op for op in Op.table.values() if isinstance(op, Elementwise)}.items())
NUMBERS = (0.5, -1.5, 0.0, 2.0, math.inf, math.nan)


def gradients(f, n, data, most, monkeypatch, inside):
    """Return the gradients of a compiled function of n Values, at a call of the program, and the program."""
    monkeypatch.setattr(rule_templates, "MOST", most)
    values = [sg.Value(0.75 + k) for k in range(n)]
    if inside:

        def step():
            y = f(*values)
            y.backward()
            return y

        compiled = sg.compile(step)
    else:
        compiled = sg.compile(lambda: f(*values))
    for numbers in ([0.75 + k for k in range(n)], data):
        for value, number in zip(values, numbers):
            value.data, value.grad = number, None
        y = compiled()
        if not inside:
            y.backward()
    assert compiled.why_not is None
    return [y.data, *[v.grad for v in values]], compiled


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("name", [name for name, _ in OPERATIONS])
def test_templates_give_what_traced_rules_give(name, inside, monkeypatch):
    op = dict(OPERATIONS)[name]
    functions = [lambda x, *more: op(op(x, *more) * x, *more) + 3.0 * op(x, *more)]
    if op.arity == 2:
        functions += [lambda x, y: op(op(x, x), y), lambda x, y: op(x, 2.0) * y + op(0.5, op(y, 3.0))]
    for f in functions:
        for number in NUMBERS:
            data = [number, 1.25][: op.arity]
            by_template, program = gradients(f, op.arity, data, 1000, monkeypatch, inside)
            by_rules, other = gradients(f, op.arity, data, 0, monkeypatch, inside)
            np.testing.assert_array_equal(by_template, by_rules)
            assert program.recordings == other.recordings


def test_constants_may_differ_from_node_to_node(monkeypatch):
    factors = [0.5 + k for k in range(30)]

    def f(x, y):
        return sum((factor * x + y**k) / (k + 1.0) for k, factor in enumerate(factors))

    by_template, _ = gradients(f, 2, [0.5, 0.25], 1000, monkeypatch, False)
    by_rules, _ = gradients(f, 2, [0.5, 0.25], 0, monkeypatch, False)
    assert by_template == by_rules


def test_templates_leave_the_program_as_it_is(monkeypatch):
    def f(x, y):
        for _ in range(5):
            x, y = (x * y).tanh() + x, (x - y).relu() * y
        return x + y

    texts = []
    for most in (1000, 0):
        program = gradients(f, 2, [0.5, 0.25], most, monkeypatch, False)[1].program
        texts.append([i.operation.name for i in program.instructions])
    assert texts[0] == texts[1]


def test_second_derivatives_are_traced_at_each_node():
    x = sg.Value(0.5)

    def f():
        y = x**3
        y.backward(create_graph=True)
        slope, x.grad = x.grad, None
        slope.backward()
        return y

    compiled = sg.compile(f)
    for number in (0.5, 2.0):
        x.data, x.grad = number, None
        compiled()
        assert x.grad == pytest.approx(6 * number)


def test_changes_in_place_are_noticed():
    x = sg.Value(0.5)

    def f():
        y = x * x
        x.data = 3.0
        y.backward()

    for call in (f, sg.compile(f)):
        with pytest.raises(RuntimeError, match="in place"):
            call()


def test_collector_runs_while_a_function_goes_on_that_cannot_be_compiled():
    x, seen = sg.Value(0.5), []

    def f():
        seen.append(gc.isenabled())
        float(x.data)
        seen.append(gc.isenabled())
        return x * x

    sg.compile(f)()
    assert seen == [False, True]
    assert gc.isenabled()
