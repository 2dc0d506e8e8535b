"""``Value``: micrograd's example, arithmetic with numbers on either side, poles, comparisons, higher derivatives."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seegrad as sg
from seegrad import Value

numbers = st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3)


def slope(f, x, step=1e-6):
    return (f(x + step) - f(x - step)) / (2 * step)


def test_micrograds_example():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f}" == "24.7041"
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_micrograds_tests():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv]


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("number", [3, 3.0, np.float64(3), np.float32(3), np.int64(3), True])
def test_numbers_on_either_side(op, number):
    x = Value(2.5)
    right, left = op(x, number), op(number, x)
    for out, f in ((right, lambda v: op(v, float(number))), (left, lambda v: op(float(number), v))):
        assert type(out) is Value
        assert type(out.data) is float
        assert out.data == pytest.approx(f(2.5))
        x.grad = None
        out.backward()
        assert type(x.grad) is float
        assert x.grad == pytest.approx(slope(f, 2.5), abs=1e-6)


@given(numbers, numbers)
def test_arithmetic_of_two_values(x, y):
    a, b = Value(x), Value(y)
    out = a * b - a / b + (a - b) * b
    out.backward()
    assert out.data == pytest.approx(x * y - x / y + (x - y) * y)
    assert a.grad == pytest.approx(y - 1 / y + y)
    assert b.grad == pytest.approx(x + x / y**2 + x - 2 * y)


UNARY = {
    "exp": (math.exp, math.exp),
    "log": (math.log, lambda x: 1 / x),
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
    "relu": (lambda x: max(x, 0.0), lambda x: float(x > 0)),
}


@pytest.mark.parametrize("name", UNARY)
def test_methods_and_functions(name):
    f, derivative = UNARY[name]
    for call in (lambda v: getattr(v, name)(), getattr(sg, name)):
        x = Value(0.7)
        out = call(x)
        out.backward()
        assert out.data == pytest.approx(f(0.7), rel=1e-14)
        assert x.grad == pytest.approx(derivative(0.7), rel=1e-14)


@pytest.mark.parametrize("ufunc", [np.exp, np.sin, np.tanh, np.sqrt, np.negative, np.absolute, np.cbrt, np.arctan])
def test_numpy_functions(ufunc):
    x = Value(0.7)
    out = ufunc(x)
    assert type(out) is Value
    out.backward()
    assert out.data == pytest.approx(float(ufunc(0.7)))
    assert x.grad == pytest.approx(slope(lambda v: float(ufunc(v)), 0.7), abs=1e-8)


def test_sign_operators():
    x = Value(-2.0)
    (-x + abs(x) + (+x)).backward()
    assert x.grad == -1 - 1 + 1


@pytest.mark.parametrize("op", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
@pytest.mark.parametrize(("x", "y"), [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (math.nan, 2.0)])
def test_comparison_is_by_data(op, x, y):
    expected = op(x, y)
    assert op(Value(x), y) is expected
    assert op(x, Value(y)) is expected
    if op not in (operator.eq, operator.ne):
        assert op(Value(x), Value(y)) is expected


def test_two_values_are_equal_if_they_are_the_same():
    v, twin = Value(2.0), Value(2.0)
    assert v == v
    assert v != twin
    assert v not in [twin]
    assert v in [twin, v]
    assert [twin, v].index(v) == 1
    values = [twin, v]
    values.remove(v)
    assert values[0] is twin
    assert v != None  # noqa: E711 (asked on purpose)
    assert v != "2.0"
    assert len({v: 1, twin: 2}) == 2


def test_truth_is_that_of_the_number():
    assert Value(0.5)
    assert not Value(0.0)
    assert max([Value(1.0), Value(3.0), Value(2.0)]).data == 3.0
    assert [v.data for v in sorted([Value(2.0), Value(-1.0)])] == [-1.0, 2.0]


def test_equal_values_are_separate_keys_and_separate_leaves():
    a, b = Value(2.0), Value(2.0)
    assert len({a, b}) == 2
    (a * 3 + b * 5).backward()
    assert (a.grad, b.grad) == (3.0, 5.0)


def test_gradients_accumulate_on_every_value_and_the_graph_stays():
    x = Value(3.0)
    y = x * x
    z = y + x
    assert x.grad == 0.0
    z.backward()
    z.backward()
    assert (z.grad, y.grad, x.grad) == (2.0, 2.0, 14.0)
    x.grad = 0
    y.backward()
    assert x.grad == 6.0


def test_backward_takes_a_grad_output():
    x = Value(3.0)
    (x * x).backward(0.5)
    assert x.grad == 3.0


def test_sum_of_a_list_and_of_itself():
    xs = [Value(float(i)) for i in range(5)]
    sum(x * x for x in xs).backward()
    assert [x.grad for x in xs] == [0.0, 2.0, 4.0, 6.0, 8.0]
    x = Value(3.0)
    (x + x + x * x).backward()
    assert x.grad == 8.0


INF = math.inf


@pytest.mark.parametrize(
    ("f", "x", "value", "gradient"),
    [
        (lambda v: 1 / v, 0.0, INF, -INF),
        (lambda v: 1 / v, -0.0, -INF, -INF),
        (lambda v: v / 0.0, 1.0, INF, INF),
        (lambda v: v.log(), 0.0, -INF, INF),
        (lambda v: v.sqrt(), 0.0, 0.0, INF),
        (lambda v: v**0.5, 0.0, 0.0, INF),
        (lambda v: v**-1, 0.0, INF, -INF),
        (lambda v: v**0, 0.0, 1.0, 0.0),
        (lambda v: 0.0**v, 1.0, 0.0, 0.0),
        (lambda v: v**2, -3.0, 9.0, -6.0),
        (lambda v: v.exp(), 1000.0, INF, INF),
        (lambda v: v.exp(), -1000.0, 0.0, 0.0),
        (lambda v: v.sigmoid(), 1000.0, 1.0, 0.0),
        (lambda v: v.sigmoid(), -1000.0, 0.0, 0.0),
        (lambda v: v.tanh(), 1000.0, 1.0, 0.0),
        (lambda v: v.relu(), 0.0, 0.0, 0.0),
        (lambda v: abs(v), 0.0, 0.0, 0.0),
        (lambda v: sg.softplus(v), 1000.0, 1000.0, 1.0),
        (lambda v: sg.softplus(v), -1000.0, 0.0, 0.0),
        (lambda v: sg.log1p(v), -1.0, -INF, INF),
        (lambda v: sg.cosh(v), 1000.0, INF, INF),
        (lambda v: sg.expm1(v), 1000.0, INF, INF),
        (lambda v: v * v, 1e200, INF, 2e200),
        (lambda v: v**3, 1e200, INF, INF),
        (lambda v: v % 0.0, 1.0, math.nan, 1.0),
        (lambda v: sg.hypot(v, 0.0), 0.0, 0.0, 0.0),
        (lambda v: sg.arctanh(v), 1.0, INF, INF),
    ],
)
def test_poles_and_overflow_are_those_of_ieee(f, x, value, gradient):
    v = Value(x)
    out = f(v)
    out.backward()
    assert out.data == value or (math.isnan(out.data) and math.isnan(value))
    assert v.grad == gradient


@pytest.mark.parametrize("f", [lambda v: v.log(), lambda v: v.sqrt(), lambda v: v**0.5, lambda v: sg.arcsin(v - 1)])
def test_outside_of_the_domain_is_nan_without_an_exception(f):
    assert math.isnan(f(Value(-1.0)).data)


@pytest.mark.parametrize("bad", ["1.0", b"1", None, [1.0], np.ones(2), 1j, Value(1.0), sg.tensor(1.0)])
def test_a_value_holds_one_real_number(bad):
    with pytest.raises(TypeError, match=f"one real number.*{type(bad).__name__}"):
        Value(bad)
    v = Value(1.0)
    with pytest.raises(TypeError, match="one real number"):
        v.data = bad
    assert v.data == 1.0


@pytest.mark.parametrize("other", ["2", None, object(), {}, 1j])
@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.pow])
def test_arithmetic_with_something_else_is_a_type_error(op, other):
    with pytest.raises(TypeError):
        op(Value(1.0), other)
    with pytest.raises(TypeError):
        op(other, Value(1.0))


def test_losing_the_gradient_is_an_error_with_the_way_out():
    v = Value(1.0)
    with pytest.raises(TypeError, match=r"sg\.exp\(v\).*v\.data"):
        math.exp(v)
    with pytest.raises(TypeError, match=r"v\.data"):
        float(v)
    with pytest.raises(TypeError, match=r"sg\.stack"):
        np.asarray(v)
    with pytest.raises(TypeError, match=r"sg\.stack"):
        np.array([v, v])
    with pytest.raises(TypeError, match=r"sg\.stack"):
        sg.tensor([v, v])
    with pytest.raises(TypeError):
        np.zeros(3)[0] = v


def test_plain_numbers_come_out_of_data_and_item():
    v = Value(np.float32(0.5))
    assert type(v.data) is float
    assert v.item() == 0.5
    with sg.no_grad():
        assert float(Value(2.0) * 3) == 6.0


def test_label_and_repr():
    v = Value(1.5, label="weight")
    assert v.label == "weight"
    assert "1.5" in repr(v)
    assert "weight" in repr(v)
    v.label = "w"
    assert v.label == "w"


def test_second_and_third_derivatives():
    x = Value(2.0)
    y = x**4
    y.backward(create_graph=True)
    first, x.grad = x.grad, None
    assert first.data == 32.0
    first.backward(create_graph=True)
    second, x.grad = x.grad, None
    assert second.data == 48.0
    second.backward()
    assert x.grad == 48.0


@pytest.mark.parametrize("x", [-0.9, 0.3, 1.4])
def test_second_derivatives_in_closed_form(x):
    cases = [
        (sg.exp, math.exp(x)),
        (sg.sin, -math.sin(x)),
        (sg.tanh, -2 * math.tanh(x) * (1 - math.tanh(x) ** 2)),
        (lambda v: 1 / v, 2 / x**3),
        (lambda v: v * v * v, 6 * x),
        (sg.relu, 0.0),
    ]
    for f, expected in cases:
        v = Value(x)
        f(v).backward(create_graph=True)
        first, v.grad = v.grad, None
        (first * 1.0).backward()
        assert v.grad == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_mixed_second_derivative():
    x, y = Value(1.5), Value(-0.5)
    (x**2 * y**3).backward(create_graph=True)
    slope_x, x.grad, y.grad = x.grad, None, None
    slope_x.backward()
    assert x.grad == pytest.approx(2 * (-0.5) ** 3)
    assert y.grad == pytest.approx(2 * 1.5 * 3 * (-0.5) ** 2)


# ------------------------------------------------------------------------------------ meeting tensors


def test_value_times_array_is_a_tensor():
    array = np.array([1.0, 2.0, 3.0])
    for make in (lambda v: v * array, lambda v: array * v, lambda v: sg.tensor(array) * v):
        v = Value(2.0)
        out = make(v)
        assert type(out) is sg.Tensor
        np.testing.assert_array_equal(out.data, array * 2.0)
        out.sum().backward()
        assert v.grad == 6.0
        assert type(v.grad) is float


def test_value_and_tensor_in_one_graph():
    v, t = Value(0.5), sg.tensor([1.0, -2.0], requires_grad=True)
    out = (sg.exp(v) * t + v).sum()
    out.backward()
    np.testing.assert_allclose(t.grad, math.exp(0.5) * np.ones(2))
    assert v.grad == pytest.approx(math.exp(0.5) * -1.0 + 2.0)


def test_a_float32_tensor_stays_float32_beside_a_value():
    t = sg.tensor([1.0, 2.0], requires_grad=True, dtype=np.float32)
    out = t * Value(0.1) + Value(1.0)
    assert out.dtype == np.float32
    out.sum().backward()
    assert t.grad.dtype == np.float32


def test_second_derivative_through_value_and_tensor():
    v, t = Value(2.0), sg.tensor([1.0, 3.0], requires_grad=True)
    (v**3 * t).sum().backward(create_graph=True)
    first, v.grad, t.grad = v.grad, None, None
    assert isinstance(first, Value)
    assert first.data == 3 * 4.0 * 4.0
    first.backward()
    assert v.grad == 6 * 2.0 * 4.0
    np.testing.assert_array_equal(t.grad, [12.0, 12.0])


def test_stack_builds_a_tensor_from_values():
    a, b = Value(3.0), Value(4.0)
    t = sg.stack([a, b, a])
    assert t.shape == (3,)
    (t * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert (a.grad, b.grad) == (101.0, 10.0)


def test_where_with_values():
    a, b = Value(3.0), Value(4.0)
    out = sg.where(a > b, a, b)
    assert type(out) is Value
    out.backward()
    assert (a.grad, b.grad) == (0.0, 1.0)


def test_unary_functions_agree_with_tensors():
    for name in ("log1p", "cbrt", "arcsinh", "erf", "gelu", "silu", "softplus", "sinc", "floor", "sign", "exp2"):
        v, t = Value(0.7), sg.tensor([0.7], requires_grad=True)
        one, many = getattr(sg, name)(v), getattr(sg, name)(t)
        one.backward()
        many.backward()
        assert one.data == pytest.approx(many.item(), rel=1e-15)
        assert v.grad == pytest.approx(t.grad[0], rel=1e-15)


# ------------------------------------------------------------------------------------------- Python's own functions


@pytest.mark.parametrize("spec", ["", ".3f", ">12.2f", "e", "+.1%", "g"])
def test_formatted_as_a_number(spec):
    v = Value(-1234.5678)
    assert f"{v:{spec}}" == (format(-1234.5678, spec) if spec else repr(v))


@pytest.mark.parametrize("number", [2.5, -2.5, 1.25, 7.0, -0.3])
@pytest.mark.parametrize(
    ("f", "right"),
    [
        (round, np.round),
        (lambda v: round(v, 1), lambda x: np.round(x, 1)),
        (lambda v: round(v * 100, -2), lambda x: np.round(x * 100, -2)),
        (math.floor, np.floor),
        (math.ceil, np.ceil),
        (math.trunc, np.trunc),
        (lambda v: divmod(v, 2)[0], lambda x: np.divmod(x, 2)[0]),
        (lambda v: divmod(v, 2)[1], lambda x: np.divmod(x, 2)[1]),
        (lambda v: divmod(7.0, v)[0], lambda x: np.divmod(7.0, x)[0]),
        (lambda v: divmod(7.0, v)[1], lambda x: np.divmod(7.0, x)[1]),
    ],
    ids="round round1 round-2 floor ceil trunc divmod0 divmod1 rdivmod0 rdivmod1".split(),
)
def test_rounding_stays_in_the_graph(f, right, number):
    v, t = Value(number), sg.tensor([number, 3.0], requires_grad=True)
    assert isinstance(f(v), Value)
    assert f(v).data == pytest.approx(right(number), abs=1e-12)
    np.testing.assert_allclose(f(t).data, right(np.array([number, 3.0])), atol=1e-12)
    step = 1e-6
    numeric = (right(number + step) - right(number - step)) / (2 * step)
    if abs(numeric) < 100:  # not at a jump
        assert sg.grad(f)(number) == pytest.approx(numeric, abs=1e-6)


def test_int_would_lose_the_gradient():
    with pytest.raises(TypeError, match=r"int\(v\.data\)"):
        int(Value(2.5))
    with sg.no_grad():
        assert int(Value(2.5) * 1) == 2
