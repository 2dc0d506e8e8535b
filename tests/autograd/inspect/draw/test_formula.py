"""Rules as text."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd import Op
from seegrad.autograd.inspect.draw.formula import formula, forward_text, rule_texts


@pytest.mark.parametrize(
    ("op", "texts"),
    [
        ("multiply", ("g * y", "g * x")),
        ("add", ("g", "g")),
        ("divide", ("g / y", "-g * out / y")),
        ("tanh", ("g * (1.0 - out * out)",)),
        ("solve", ("-(solve(transposed(a), g) @ transposed(out))", "solve(transposed(a), g)")),
        ("sum", ("repeat_to_match(g, x, axis, keepdims)",)),
        ("log2", ("g / (x * np.log(2.0))",)),
        ("concatenate", ("",)),
        ("reshape", ("reshape(g, x.shape)",)),
    ],
)
def test_texts_are_the_rules_as_written(op, texts):
    assert rule_texts(Op.table[op]) == texts


@pytest.mark.parametrize("name", [name for name, op in Op.table.items() if op.elementwise and not op.param_names])
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
        assert eval(text, {**rule.__globals__, "np": np}, {"g": 2.0, "out": out, **values}) == pytest.approx(expected)


def test_rules_with_no_readable_source_have_an_empty_text():
    op = object.__new__(Op)
    op.rule = (eval("lambda g, out, x: g"), math.sin)
    assert rule_texts(op) == ("", "")


def shown(name, index, g, inputs, names, **params):
    """The rule of an operation as it is shown for particular numbers."""
    op = Op.table[name]
    out = op(*inputs, **params)
    parameters = {**op.defaults, **params}
    with np.errstate(all="ignore"):
        gradient = op.rule[index](g, out, *inputs, **parameters)
    found = formula(op, index, g, out, inputs, parameters, gradient)
    return found.text(names)


def test_only_the_branch_that_is_taken_is_shown():
    names = ("dL/dc", "c", "a", "b")
    assert shown("power", 0, 1.0, (3.0, 2.0), names) == "dL/dc * b * a ** (b - 1.0)"
    assert shown("power", 0, 1.0, (3.0, 0.0), names) == "dL/dc * power_slope(a, b, 1, 0)"
    assert shown("power", 1, 1.0, (0.0, 2.0), names) == "dL/dc * power_slope(a, b, 0, 1)"
    assert shown("maximum", 0, 1.0, (2.0, 2.0), names) == "0.5 * dL/dc"
    assert shown("hypot", 0, 1.0, (3.0, 4.0), names) == "dL/dc * a / c"
    assert shown("hypot", 0, 1.0, (0.0, 0.0), names) == "dL/dc * ratio(a, c)"
    assert shown("logaddexp", 1, 1.0, (0.3, 0.4), names) == "dL/dc * sigmoid(b - a)"


def test_shapes_decide_too():
    names = ("g", "s", "v", "w")
    v, w, m = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.eye(2)
    assert shown("matmul", 0, np.float64(2.0), (v, w), names) == "g * w"
    assert shown("matmul", 0, v, (m, w), names) == "expand_dims(g, -1) * w"
    assert shown("matmul", 1, m, (m, m), names) == "v.T @ g"
    assert shown("matmul", 1, m[None], (m[None], m[None]), names) == "swapaxes(v, -1, -2) @ g"


def test_parameters_are_written_with_their_values():
    x, g = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0])
    assert shown("mean", 0, g, (x,), ("g", "s", "x"), axis=1) == (
        "broadcast_to(expand_dims(g * (1.0 / 3), (1,)), x.shape)"
    )
    assert shown("mean", 0, np.float64(1.0), (x,), ("g", "s", "x")) == "broadcast_to(g * (1.0 / 6), x.shape)"
    assert shown("sum", 0, g[:, None], (x,), ("g", "s", "x"), axis=1, keepdims=True) == "broadcast_to(g, x.shape)"


def test_what_gives_another_gradient_is_not_shown():
    op = Op.table["multiply"]
    assert formula(op, 0, 1.0, 6.0, (2.0, 3.0), {}, 3.0).text(("g", "c", "a", "b")) == "g * b"
    assert formula(op, 0, 1.0, 6.0, (2.0, 3.0), {}, 2.5) is None


def test_negative_numbers_get_brackets_where_they_need_them():
    numbers = ("-2.0", "9.0", "-3.0", "2.0")
    assert shown("power", 0, -2.0, (-3.0, 2.0), numbers) == "-2.0 * 2.0 * (-3.0) ** (2.0 - 1.0)"
    assert shown("subtract", 1, -2.0, (-3.0, 2.0), numbers) == "-(-2.0)"
    assert shown("square", 0, 1.0, (3.0,), ("(dL/dc)", "c", "(-a)")) == "2.0 * (dL/dc) * (-a)"
    assert shown("power", 0, 1.0, (3.0, 2.0), ("dL/dc", "c", "(-a)", "b")) == "dL/dc * b * (-a) ** (b - 1.0)"


@pytest.mark.parametrize(
    ("op", "names", "text"),
    [
        ("multiply", ("a", "b"), "a * b"),
        ("tanh", ("a",), "tanh(a)"),
        ("power", ("-3.0", "2.0"), "(-3.0) ** 2.0"),
        ("matmul", ("X", "W"), "X @ W"),
        ("logaddexp", ("p", "q"), "ln(e ** p + e ** q)"),
        ("multiply", ("p - q", "r / s"), "(p - q) * (r / s)"),
        ("exp", ("x",), "e ** x"),
        ("exp", ("e",), "exp(e)"),
        ("matmul", ("p + q", "first.weight"), "(p + q) @ first.weight"),
    ],
)
def test_forward_texts(op, names, text):
    assert forward_text(Op.table[op], names, {}) == text


def test_parameters_that_matter_are_shown():
    x = sg.tensor([[1.0, 2.0]], requires_grad=True)
    node = x.sum(axis=1)
    assert forward_text(node.op, ("x",), node.params) == "sum(x, axis=1)"
    assert forward_text(x.sum().op, ("x",), x.sum().params) == "sum(x)"


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: x[:, 1], "x[:, 1]"),
        (lambda x: x[..., 0:1], "x[..., 0:1]"),
        (lambda x: x[np.array([0, 0])], "x[index]"),
        (lambda x: sg.concatenate([x, x], axis=1), "concatenate([x, x], axis=1)"),
        (lambda x: sg.pad(x, ((10, 20), (30, 40))), "pad(x, widths=((10, 20), (30, 40)), value=0.0)"),
        (lambda x: sg.pad(x, ((100, 200), (300, 4000))), "pad(x, widths=…, value=0.0)"),
        (lambda x: sg.where(np.array([[True, False]]), x, 0.0), "where(array([[ True, False]]), x, 0.0)"),
        (lambda x: sg.where(np.arange(8).reshape(2, 2, 2) > 3, x, 0.0), "where(condition, x, 0.0)"),
    ],
)
def test_no_parameter_is_left_out_without_a_word(f, text):
    result = f(sg.tensor(np.eye(2), requires_grad=True, label="x"))
    names = ("x", "x" if result.op.name == "concatenate" else "0.0")[: len(result.inputs)]
    assert forward_text(result.op, names, result.params) == text
