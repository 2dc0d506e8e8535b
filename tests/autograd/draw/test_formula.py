"""Rules as text."""

from __future__ import annotations

import math

import pytest

import seegrad as sg
from seegrad.autograd import Op
from seegrad.autograd.draw.formula import forward_text, rule_texts, written_with


@pytest.mark.parametrize(
    ("op", "texts"),
    [
        ("multiply", ("g * y", "g * x")),
        ("add", ("g", "g")),
        ("divide", ("g / y", "-g * out / y")),
        ("tanh", ("g * (1.0 - out * out)",)),
        ("matmul", ("g @ y.T", "x.T @ g")),
        ("sum", ("spread(g, x.shape)",)),
        ("reshape", ("reshape(g, x.shape)",)),
    ],
)
def test_texts_are_the_rules_as_written(op, texts):
    assert rule_texts(Op.table[op]) == texts


@pytest.mark.parametrize("name", [name for name, op in Op.table.items() if op.elementwise and name != "where"])
def test_every_elementwise_rule_has_a_text_that_computes_the_same(name):
    op = Op.table[name]
    rng = {"x": 0.3, "y": 0.7}
    texts = rule_texts(op)
    assert len(texts) == op.arity
    names = op.rule[0].__code__.co_varnames[2 : 2 + op.arity]
    values = {n: 1.3 if name == "arccosh" else rng.get(n, 0.4) for n in names}
    out = op(*values.values())
    for rule, text in zip(op.rule, texts):
        expected = rule(2.0, out, *values.values())
        assert eval(text, rule.__globals__, {"g": 2.0, "out": out, **values}) == pytest.approx(expected)


def test_rules_with_no_readable_source_have_an_empty_text():
    op = object.__new__(Op)
    op.rule = (eval("lambda g, out, x: g"), math.sin)
    assert rule_texts(op) == ("", "")


def test_only_the_branch_that_is_taken_is_shown():
    names = {"g": "dL/dc", "out": "c", "x": "a", "y": "b"}
    text = written_with(Op.table["power"], 0, names, {"g": 1.0, "out": 9.0, "x": 3.0, "y": 2.0})
    assert text == "dL/dc * b * a ** (b - 1.0)"


def test_negative_numbers_get_brackets_where_they_need_them():
    numbers = {"g": "-2.0", "out": "9.0", "x": "-3.0", "y": "2.0"}
    assert written_with(Op.table["power"], 0, numbers, {"g": -2.0, "out": 9.0, "x": -3.0, "y": 2.0}) == (
        "-2.0 * 2.0 * (-3.0) ** (2.0 - 1.0)"
    )
    assert written_with(Op.table["subtract"], 1, numbers, {}) == "-(-2.0)"


@pytest.mark.parametrize(
    ("op", "names", "text"),
    [
        ("multiply", ("a", "b"), "a * b"),
        ("tanh", ("a",), "tanh(a)"),
        ("power", ("-3.0", "2.0"), "(-3.0) ** 2.0"),
        ("matmul", ("X", "W"), "X @ W"),
        ("logaddexp", ("p", "q"), "ln(e ** p + e ** q)"),
    ],
)
def test_forward_texts(op, names, text):
    assert forward_text(Op.table[op], names, {}) == text


def test_parameters_that_matter_are_shown():
    x = sg.tensor([[1.0, 2.0]], requires_grad=True)
    node = x.sum(axis=1)
    assert forward_text(node.op, ("x",), node.params) == "sum(x, axis=1)"
    assert forward_text(x.sum().op, ("x",), x.sum().params) == "sum(x)"
