"""``compile``: replayed values and gradients equal plain ones, and whatever changes the way is noticed."""

from __future__ import annotations

import linecache
import math
import random
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seegrad as sg
from seegrad import Value


def gradients(f, values, *args):
    for v in values:
        v.grad = None
    out = f(*args)
    out.backward()
    return out.data, [v.grad for v in values]


def agree(f, compiled, values, *args):
    expected = gradients(f, values, *args)
    got = gradients(compiled, values, *args)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-12, atol=1e-12)


UNARY = ["exp", "sin", "tanh", "sigmoid", "relu", "square", "absolute", "softplus", "arctan", "negative", "erf"]
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "hypot", "power"]


def random_graph(seed):
    """Make a function of two arguments and three closed-over Values, with shared and repeated nodes."""
    dice = random.Random(seed)
    weights = [Value(dice.uniform(0.5, 1.5)) for _ in range(3)]
    plan = []
    for k in range(dice.randrange(1, 60)):
        name = dice.choice(UNARY + BINARY + ["add"] * 8)
        plan.append((name, dice.randrange(5 + k), dice.randrange(5 + k), dice.choice([None, None, 0.5, 2])))

    def f(x, y):
        nodes = [x, y, *weights]
        for name, i, j, number in plan:
            a, b = nodes[i], nodes[j] if number is None else number
            a = sg.absolute(a) + 0.1 if name == "power" else a
            out = getattr(sg, name)(a) if name in UNARY else getattr(sg, name)(a, b)
            nodes.append(sg.tanh(out))
        return sum(nodes[-7:]) + nodes[-1] * nodes[-1]

    return f, weights


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_random_graphs(seed):
    f, weights = random_graph(seed)
    compiled = sg.compile(f)
    dice = random.Random(seed)
    for _ in range(3):
        x, y = Value(dice.uniform(0.5, 2)), Value(dice.uniform(0.5, 2))
        agree(f, compiled, [*weights, x, y], x, y)
        for w in weights:
            w.data += dice.uniform(-0.1, 0.1)
    assert compiled.why_not is None
    if "not finite" not in compiled.why_recorded:
        assert (compiled.recordings, compiled.replays) == (1, 2)


def network(seed=0, inputs=2, hidden=5):
    dice = random.Random(seed)
    w = [[Value(dice.uniform(-1, 1)) for _ in range(inputs + 1)] for _ in range(hidden)]
    v = [Value(dice.uniform(-1, 1)) for _ in range(hidden)]
    points = [([dice.uniform(-1, 1) for _ in range(inputs)], dice.choice([-1.0, 1.0])) for _ in range(12)]

    def loss():
        total = 0
        for x, y in points:
            h = [sum((a * b for a, b in zip(row, x)), row[-1]).relu() for row in w]
            total = total + (1 - y * sum(a * b for a, b in zip(v, h))).relu()
        return total * (1 / len(points)) + 1e-4 * sum(p * p for row in [*w, v] for p in row)

    return loss, [p for row in w for p in row] + v


def test_training_a_network_takes_the_same_way():
    plain, plain_parameters = network()
    other, parameters = network()
    step = sg.compile(other)
    for _ in range(30):
        got, expected = gradients(step, parameters), gradients(plain, plain_parameters)
        assert got[0] == pytest.approx(expected[0], rel=1e-12)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-10, atol=1e-12)
        for p in [*plain_parameters, *parameters]:
            p.data -= 0.1 * p.grad
    assert (step.recordings, step.replays) == (1, 29)
    assert "1 recorded, 29 replayed" in repr(step)


def test_gradients_accumulate_and_two_calls_are_independent():
    w = Value(2.0)
    step = sg.compile(lambda x: w * x * x)
    step(1.0)
    one, two = step(3.0), step(5.0)
    (one + two).backward()
    assert (one.data, two.data, w.grad) == (18.0, 50.0, 34.0)
    one.backward()
    assert w.grad == 43.0


def test_a_result_that_is_a_variable_or_a_number():
    w = Value(2.0)
    same = sg.compile(lambda x: x)
    for _ in range(2):
        same(w).backward()
    assert w.grad == 2.0
    constant = sg.compile(lambda x: Value(3.0))
    assert [constant(1.0).data for _ in range(2)] == [3.0, 3.0]


def test_the_same_value_twice_and_nested_arguments():
    x = Value(3.0)
    f = sg.compile(lambda a, b, c: a * b[0] + c["d"] * 2.0)
    for _ in range(2):
        x.grad = None
        f(x, (x,), {"d": x}).backward()
        assert x.grad == 8.0
    assert f.replays == 1


def test_data_changed_between_call_and_backward_is_refused():
    w = Value(2.0)
    out = sg.compile(lambda: w * w)()
    w.data = 5.0
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_second_derivative():
    w = Value(2.0)
    f = sg.compile(lambda x: w**3 * x)
    for _ in range(2):
        w.grad = None
        f(Value(5.0)).backward(create_graph=True)
        slope, w.grad = w.grad, None
        slope.backward()
        assert (slope.data, w.grad) == (60.0, 60.0)


def test_under_no_grad_and_under_the_anomaly_detector():
    w = Value(2.0)
    f = sg.compile(lambda x: w * x)
    f(1.0)
    with sg.no_grad():
        assert not f(3.0).requires_grad
    with sg.detect_anomaly():
        assert f(3.0).data == 6.0
    f(3.0).backward()
    assert w.grad == 3.0


# ---------------------------------------------------------------------------------------- another way


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a * 2 if a > b else b * 3,
        lambda a, b: a * 2 if a <= 1.0 else b * 3,
        lambda a, b: a * 2 if a - 1.0 else b * 3,
        lambda a, b: max([a, b, a * b, b - a]) * a,
        lambda a, b: sum(x * k for k, x in enumerate(sorted([a, b, a * b]))),
        lambda a, b: sg.where(a > b, a * b, a / b) * sg.where(b, a, b),
        lambda a, b: a * b if a == b else a + b,
        lambda a, b: sg.leaky_relu(a - b) + sg.elu(b - 1.0),
        lambda a, b: sg.where(a > 1.0, sg.sqrt(sg.maximum(a - 1.0, 0.0)), a * 0.0) + b,
    ],
)
def test_branches(f):
    compiled = sg.compile(f)
    a, b = Value(0.0), Value(0.0)
    for x, y in [(1.0, 2.0), (2.0, 1.0), (2.0, 1.0), (1.0, 2.0), (1.5, 1.5), (3.0, 0.0), (1.0, 1.0), (0.5, 2.5)]:
        a.data, b.data = x, y
        agree(f, compiled, [a, b], a, b)
    assert compiled.why_not is None


def test_loops_whose_length_depends_on_data():
    w = Value(0.7)

    def f(x):
        while x > 0.1:
            x = x * w
        return x

    compiled = sg.compile(f)
    for start in (1.0, 5.0, 0.5, 5.0, 1.0, 0.05):
        agree(f, compiled, [w], Value(start))


def test_a_dozen_shapes_and_more_are_recorded_once_each():
    compiled = sg.compile(lambda x: np.sum(x * x))
    for length in [*range(1, 21), *range(1, 21)]:
        assert compiled(np.ones(length)) == compiled(np.ones(length)) == length
    assert (compiled.recordings, compiled.replays) == (20, 60)


def test_shapes_and_fixed_arguments_lead_to_recordings_of_their_own():
    f = sg.compile(lambda xs, n: sum(x**n for x in xs))
    assert f([1.0, 2.0], 2) == 5.0
    assert f([1.0, 2.0, 3.0], 2) == 14.0
    assert f([1.0, 2.0], 3) == 9.0
    assert f([3.0, 2.0], 2) == 13.0
    assert (f.recordings, f.replays) == (3, 1)


SCALE = 1.0
WEIGHT = Value(2.0)


def test_other_numbers_and_values_in_reach_are_noticed():
    global SCALE, WEIGHT
    f = sg.compile(lambda x: WEIGHT * x * SCALE)
    assert [f(1.0).data, f(2.0).data] == [2.0, 4.0]
    SCALE = 10.0
    assert f(1.0).data == 20.0
    WEIGHT = Value(3.0)
    out = f(1.0)
    out.backward()
    assert (out.data, WEIGHT.grad) == (30.0, 10.0)


class Model:
    def __init__(self):
        self.weights, self.factor, self.rows = [Value(1.0), Value(2.0)], 1.0, np.ones(2)

    def loss(self, x):
        return sum(w * x * float(r) for w, r in zip(self.weights, self.rows)) * self.factor


def test_attributes_lists_and_arrays_in_reach_are_noticed():
    model = Model()
    f = sg.compile(model.loss)
    assert [f(1.0).data, f(2.0).data] == [3.0, 6.0]
    model.weights[0] = Value(5.0)
    assert f(1.0).data == 7.0
    model.factor = 2.0
    assert f(1.0).data == 14.0
    model.rows[1] = 0.0
    assert f(1.0).data == 10.0
    model.weights.append(Value(1.0))
    model.rows = np.ones(3)
    assert f(1.0).data == 16.0


# --------------------------------------------------------------------------------------- not replayed


def _reads_data(w, x):
    return w * x.data


def _sets_data(w, x):
    w.data = w.data + 0.0
    return w * x


def _calls_backward(w, x):
    (w * x).backward()
    return w * x


def _no_grad(w, x):
    with sg.no_grad():
        y = w * x
    return y * w


def _random(w, x):
    return w * x * random.random()


@pytest.mark.parametrize(
    "f",
    [
        *(_reads_data, _sets_data, _calls_backward, _no_grad),
        lambda w, x: sg.stack([w, x]).sum(),
        lambda w, x: [w, x * 2.0],
        lambda w, x: w * x.item(),
        lambda w, x: (w * x).item(),
        lambda w, x: {"a": (w, 3), "b": [None, "text", w * x]},
    ],
)
def test_what_reads_and_changes_numbers_is_repeated(f):
    w, x = Value(2.0), Value(3.0)
    compiled = sg.compile(lambda: f(w, x))
    for k in range(4):
        answers = []
        for function in (lambda: f(w, x), compiled):
            w.data, x.data, w.grad, x.grad = 2.0 + k, 3.0 - k, 0.5, None
            out = function()
            if isinstance(out, Value) and out.requires_grad:
                out.backward()
            answers.append((str(getattr(out, "data", out)), w.data, x.data, w.grad, x.grad))
        assert answers[0] == answers[1]
    assert (compiled.recordings, compiled.replays, compiled.why_not) == (1, 3, None)


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (_random, "random numbers"),
        (lambda w, x: w * math.exp(float(x.detach() if hasattr(x, "detach") else x.data)), "plain number"),
        (lambda w, x: w * len(f"{x.data:.3f}"), "formats"),
        (lambda w, x: object() if w is None else {1, 2}, "returns a set"),
    ],
)
def test_what_cannot_be_repeated_runs_plainly(f, reason):
    w, x = Value(2.0), Value(3.0)
    compiled = sg.compile(lambda: f(w, x))
    for _ in range(3):
        random.seed(1)
        expected = f(w, x)
        random.seed(1)
        assert str(compiled()) == str(expected)
    assert re.search(reason, compiled.why_not)
    assert "not compiled" in repr(compiled)


def test_functions_of_floats_run_plainly():
    w = Value(2.0)
    f = sg.compile(lambda x: w * math.exp(x))
    for x in (0.0, 1.0):
        assert f(x).data == 2.0 * math.exp(x)
    assert (
        f"plain number of a Value (line {test_functions_of_floats_run_plainly.__code__.co_firstlineno + 2}" in f.why_not
    )


def test_what_is_printed_shows_the_line_of_a_cell_in_place_of_its_file():
    source, file = "def f(x):\n    return x * float(np.sum(x))\n", "somewhere/ipykernel_1/23.py"
    names = {"np": np}
    exec(compile(source, file, "exec"), names)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # as IPython does
    f = sg.compile(names["f"])
    f(np.ones(2))
    assert str(f).endswith("(line 2: return x * float(np.sum(x)))")
    assert "ipykernel" not in str(f)
    del linecache.cache[file]
    assert str(f).endswith("(line 2 of 23.py)")


def test_an_error_of_the_function_itself_is_raised_and_forgotten():
    w = Value(2.0)
    f = sg.compile(lambda xs: w * xs[1])
    with pytest.raises(IndexError):
        f([1.0])
    assert f([1.0, 3.0]).data == 6.0
    assert f.why_not is None


def test_what_changes_every_time_runs_plainly_in_the_end():
    calls = []

    def f(x):
        calls.append(1)
        return x * len(calls)

    compiled = sg.compile(f)
    x = Value(1.0)
    numbers = [compiled(x).data for _ in range(20)]
    assert numbers == sorted(numbers)
    assert "changes what it finds by name" in compiled.why_not


def test_what_is_another_one_every_time_runs_plainly_in_the_end():
    compiled = sg.compile(lambda x, k: x * k)
    assert [compiled(1.0, k) for k in range(20)] == [float(k) for k in range(20)]
    assert "too often: other shapes, dtypes or fixed arguments" in compiled.why_not


def test_only_functions_can_be_compiled():
    with pytest.raises(TypeError, match="expects a function"):
        sg.compile(3.0)
