"""Groups of elementwise operations: which are formed, and that blocks give what whole arrays do."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from hand_made_programs import ProgramByHand, assert_equal_numbers, assert_same
from special_numbers import SPECIAL

from seegrad.autograd.compile.elementwise_group import ElementwiseGroup
from seegrad.autograd.compile.passes.grouping import with_groups
from seegrad.autograd.compile.runners import block_runner
from seegrad.autograd.compile.runners.block_runner import BlockRunner
from seegrad.autograd.compile.traced_backward import vjp_of
from seegrad.autograd.core.op import Op, PlainFunction
from seegrad.autograd.ops.elementwise import Elementwise
from seegrad.common.quiet import quiet

OP = Op.table
RNG = np.random.default_rng(3)
UNARY = [op for op in OP.values() if isinstance(op, Elementwise) and op.arity == 1 and not op.user_defined]
BINARY = [op for op in OP.values() if isinstance(op, Elementwise) and op.arity == 2 and not op.user_defined]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Many blocks, the last ones shorter, and threads."""
    monkeypatch.setattr(block_runner, "SMALLEST_BLOCK", 7)
    monkeypatch.setattr(block_runner, "BLOCK_BYTES", 17 * 8)
    monkeypatch.setattr(block_runner, "SMALLEST_PART", 1)


def names(program):
    return [i.operation.name for i in program.instructions]


def groups_of(program, large=1):
    found = with_groups(program, large)
    return [i.operation for i in found.instructions if isinstance(i.operation, ElementwiseGroup)]


def grouped(page, large=1):
    """Return the program with groups, which gives the same."""
    program = with_groups(page.program, large)
    assert_same(page.program, program, [page.given_to(k) for k in range(len(page.stages))])
    return program


def assert_runs(page, tolerance=1e-6, large=1, signs=True):
    """The only group of a program computes by blocks what it is defined to."""
    (group,) = groups_of(page.program, large)
    data = [page.values[n] for n in group.inputs]
    expected = group.compute(*data)
    expected = expected if len(group.outputs) > 1 else (expected,)
    with quiet():
        found = BlockRunner(group)(*data)
    for a, b in zip(expected, found, strict=True):
        assert_equal_numbers(a, b, tolerance, signs)
    return found


def table(dtype):
    """All pairs of special numbers, and others."""
    numbers = np.concatenate([SPECIAL, [0.5, -0.5, 3.0, 88.8, -200.0, 1e-8]]).astype(dtype)
    return np.repeat(numbers, len(numbers)), np.tile(numbers, len(numbers))


# ---------------------------------------------------------------------------------------------- operations


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
def test_operations_of_one_input(op, dtype):
    page = ProgramByHand()
    x = page.given(table(dtype)[0])
    once = page.call(op, x)
    page.end(page.call(OP["negative"], once), page.call(op, page.call(OP["negative"], x)), once)
    assert_runs(page, signs=op.name != "gelu")  # -1e-300 may be rounded to 0.0 or to -0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@pytest.mark.parametrize("other", [None, 2.5, -0.0])
def test_operations_of_two_inputs(op, dtype, other):
    x, y = table(dtype)
    page = ProgramByHand()
    x, y = page.given(x), page.given(y if other is None else other)
    minus = page.call(OP["negative"], x)
    page.end(page.call(OP["negative"], page.call(op, x, y)), page.call(op, y, minus))
    assert_runs(page)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conditions_choices_and_casts(dtype):
    x, y = table(dtype)
    page = ProgramByHand()
    x, y = page.given(x), page.given(y)
    less = page.call(PlainFunction(np.less), x, y)
    finite = page.call(PlainFunction(np.isfinite), x)
    both = page.call(PlainFunction(np.ndarray.__and__, "__and__"), less, finite)
    chosen = page.call(OP["where"], x, y, condition=both)
    page.end(
        page.call(OP["negative"], page.call(OP["where"], chosen, 0.0, condition=less)),
        page.call(OP["where"], 1.0, 0.0, condition=page.call(PlainFunction(np.ndarray.__invert__, "__invert__"), both)),
        page.call(OP["astype"], page.call(OP["astype"], chosen, dtype=np.float32), dtype=np.float64),
        both,
    )
    assert_runs(page)


@pytest.mark.parametrize(("k", "m"), [(1, 0), (0, 1), (2, 1)])
def test_slopes_of_powers(k, m):
    x, y = table(np.float64)
    page = ProgramByHand()
    x, y = page.given(x), page.given(y)
    page.end(page.call(OP["negative"], page.call(OP["power_slope"], x, y, k=k, m=m)))
    assert_runs(page)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "gelu", "relu"])
@pytest.mark.parametrize("repeated", [False, True])
def test_quicker_derivatives(name, repeated, monkeypatch):
    monkeypatch.setattr(block_runner, "SMALLEST_BLOCK", 5000)
    monkeypatch.setattr(block_runner, "BLOCK_BYTES", 40_000)
    op = OP[name]
    if op.fast_vjp is None:
        pytest.skip("there is none")
    page = ProgramByHand()
    x = page.given(np.resize(table(np.float32)[0], 40_000))
    g = page.given(np.broadcast_to(np.float32(2), 40_000) if repeated else np.resize(table(np.float32)[1], 40_000))
    slope = page.call(vjp_of(op), g, page.call(op, x), x, wanted=(True,))
    page.end(page.call(OP["negative"], slope))
    assert_runs(page)


def test_a_result_takes_the_place_of_what_it_is_computed_from():
    """Where memory is used again, no operation reads what it has overwritten."""
    for op in UNARY + BINARY:
        page = ProgramByHand()
        x = page.given(RNG.uniform(0.1, 0.9, 100))
        for _ in range(3):
            x = page.call(OP["multiply"], x, 0.9)
            x = page.call(op, x, *[page.call(OP["sqrt"], x)] * (op.arity - 1))
        page.end(x)
        assert_runs(page)


# --------------------------------------------------------------------------------------------------- shapes

SHAPES = [
    ((4, 5, 6), [(4, 5, 6), (6,), (5, 1), (4, 1, 1), ()]),
    ((100,), [(100,), (1,)]),
    ((1, 30), [(1, 30), (1, 1), (30,)]),
    ((30, 1), [(30, 1), (30, 1)]),
    ((3, 4, 1, 5, 2), [(3, 1, 1, 5, 2), (4, 1, 5, 2), (5, 1)]),
    ((20, 20), [(20, 1), (1, 20)]),
]
ORDERS = {
    "C": lambda x: x,
    "F": np.asfortranarray,
    "mixed": lambda x: np.ascontiguousarray(np.swapaxes(x, 0, -1)).swapaxes(0, -1) if x.ndim > 1 else x,
    "every other": lambda x: np.repeat(x, 2, -1)[..., ::2] if x.ndim else x,
    "backwards": lambda x: x[::-1] if x.ndim else x,
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape) if x.ndim else x,
}
SUMS = [
    lambda page, x, n: page.call(OP["sum"], x),
    lambda page, x, n: page.call(OP["mean"], x),
    lambda page, x, n: page.call(OP["sum"], x, axis=0),
    lambda page, x, n: page.call(OP["sum"], x, axis=-1, keepdims=True),
    lambda page, x, n: page.call(OP["mean"], x, axis=(0, -1) if n > 1 else 0),
    lambda page, x, n: page.call(OP["sum"], x, axis=()),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("shape", "inputs"), SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_and_sums(shape, inputs, order, dtype):
    page = ProgramByHand()
    given = [page.given(ORDERS[order](RNG.standard_normal(s).astype(dtype))) for s in inputs]
    total = given[0]
    for x in given[1:]:
        total = page.call(OP["add"], page.call(OP["multiply"], total, 0.5), x)
    sums = [add_up(page, total, len(shape)) for add_up in SUMS]
    sums += [page.call(OP["sum_to"], total, shape=s) for s in [*inputs, ()]]
    page.end(total, *sums)
    assert_runs(page, 1e-5 if dtype is np.float32 else 1e-12, large=np.prod(shape))


def test_results_lie_in_memory_as_their_inputs_do():
    page = ProgramByHand()
    x = page.given(RNG.standard_normal((4, 5, 6)).transpose(1, 2, 0))
    page.end(page.call(OP["exp"], page.call(OP["negative"], x)))
    (found,) = assert_runs(page)
    assert found.strides == page.values[x.number].strides
    assert found.flags.writeable


def test_special_values_in_sums():
    for numbers in ([np.inf, 1.0], [np.inf, -np.inf], [np.nan, 1.0], [-0.0, -0.0]):
        page = ProgramByHand()
        x = page.call(OP["multiply"], page.given(np.resize(np.array(numbers), 300)), 2.0)
        page.end(page.call(OP["sum"], x), page.call(OP["mean"], x), page.call(OP["sum_to"], x, shape=()))
        assert_runs(page)


def test_a_sum_of_many_float32_is_as_exact_as_without_blocks(monkeypatch):
    monkeypatch.undo()
    page = ProgramByHand()
    x = page.given(np.full((3_000_000, 1), 0.1, np.float32))
    total = page.call(OP["multiply"], x, page.given(np.ones((1, 3), np.float32)))
    page.end(page.call(OP["sum"], total, axis=0))
    (found,) = assert_runs(page, 1e-4)
    np.testing.assert_allclose(found, 3e5, rtol=1e-5)


# ---------------------------------------------------------------------------------------------------- groups


def test_one_group_for_what_belongs_together():
    page = ProgramByHand()
    x = page.given(RNG.standard_normal(50))
    a, b = page.call(OP["sin"], x), page.call(OP["cos"], x)
    c = page.call(OP["multiply"], page.call(OP["exp"], a), b)
    page.end(page.call(OP["sum"], c))
    assert names(grouped(page)) == ["group of sin, cos, exp, multiply, sum"]


def test_two_groups_become_one_where_they_meet():
    page = ProgramByHand()
    x, y = page.given(RNG.standard_normal(50)), page.given(RNG.standard_normal(50))
    a, b = page.call(OP["sin"], x), page.call(OP["cos"], y)
    page.end(page.call(OP["add"], a, b))
    assert names(grouped(page)) == ["group of sin, cos, add"]


def test_small_arrays_and_strangers_are_not_grouped():
    page = ProgramByHand()
    x, y = page.given(RNG.standard_normal(50)), page.given(RNG.standard_normal(50))
    page.end(page.call(OP["sin"], page.call(OP["cos"], x)), page.call(OP["exp"], y), page.call(OP["sum"], y))
    assert names(grouped(page, 2001)) == ["cos", "sin", "exp", "sum"]
    assert names(grouped(page)) == ["group of cos, sin", "group of exp, sum"]


def test_what_waits_for_something_outside_is_not_in_the_group():
    page = ProgramByHand()
    x = page.given(RNG.standard_normal((8, 8)))
    a = page.call(OP["exp"], page.call(OP["negative"], x))
    product = page.call(OP["matmul"], a, x)
    b = page.call(OP["add"], page.call(OP["sin"], product), a)
    page.end(page.call(OP["add"], b, page.call(OP["cos"], x)))
    left = names(grouped(page))
    assert left[1] == "matmul"
    assert len(left) == 3


def test_what_reads_a_sum_waits_for_it():
    page = ProgramByHand()
    x = page.given(RNG.standard_normal((8, 8)))
    e = page.call(OP["exp"], x)
    total = page.call(OP["sum"], e, axis=-1, keepdims=True)
    page.end(page.call(OP["multiply"], page.call(OP["divide"], e, total), x))
    assert names(grouped(page)) == ["group of exp, sum", "group of divide, multiply"]


def test_random_programs():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        page = ProgramByHand()
        known = [page.given(rng.uniform(0.2, 0.8, (6, 6))) for _ in range(2)]
        for _ in range(25):
            name = rng.choice(["add", "multiply", "sin", "matmul", "sum", "mean_row", "negative"])
            x, y = (known[int(rng.integers(max(0, len(known) - 8), len(known)))] for _ in range(2))
            if name == "sum":
                known.append(page.call(OP["broadcast_to"], page.call(OP["mean"], x), shape=(6, 6)))
            elif name == "mean_row":
                known.append(page.call(OP["multiply"], page.call(OP["mean"], x, axis=0), y))
            else:
                known.append(page.call(OP[name], *([x] if name in ("sin", "negative") else [x, y])))
        page.end(known[-1], known[int(rng.integers(len(known)))])
        half = len(known) // 2
        page.end(page.call(OP["add"], known[half], page.given(rng.uniform(0, 1, (6, 6)))))
        program = grouped(page, 36)
        for group in groups_of(page.program, 36):
            data = [page.values[n] for n in group.inputs]
            expected = group.compute(*data)
            for a, b in zip(expected if len(group.outputs) > 1 else [expected], BlockRunner(group)(*data)):
                assert_equal_numbers(a, b, 1e-9)
        assert len(program.instructions) < len(page.program.instructions)


def test_groups_that_save_little_are_not_formed():
    def found(shape, write):
        page = ProgramByHand()
        x = page.given(np.broadcast_to(np.float32(0.5), shape))
        page.end(*write(page, x))
        return names(with_groups(page.program))

    def two_results(page, x):
        y = page.call(OP["negative"], x)
        return y, page.call(OP["tanh"], y)

    def one_result(page, x):
        return (page.call(OP["tanh"], page.call(OP["negative"], page.call(OP["negative"], x))),)

    def alone(page, x):
        return (page.call(OP["tanh"], x),)

    assert found((600, 1000), two_results) == ["negative", "tanh"]
    assert found((3000, 1000), two_results) == ["group of negative, tanh"]
    assert found((100, 1000), one_result) == ["negative", "negative", "tanh"]
    assert found((600, 1000), one_result) == ["group of 2 negative, tanh"]
    assert found((600, 1000), alone) == ["tanh"]
    assert found((1000, 1000), alone) == ["group of tanh"]


def test_random_draws_keep_their_order():
    drawn = []
    draw = PlainFunction(lambda k, x: (drawn.append(k), x * k)[1], "draw", always=True)
    page = ProgramByHand()
    x = page.given(np.ones(40))
    a = page.call(draw, 1, page.call(OP["exp"], x))
    b = page.call(draw, 2, page.call(OP["sin"], x))
    c = page.call(draw, 3, x)
    page.end(page.call(OP["add"], c, page.call(OP["add"], a, b)))
    drawn.clear()
    grouped(page)
    assert drawn == [1, 2, 3] * 2


def test_later_stages_find_what_they_read():
    page = ProgramByHand()
    x = page.given(RNG.standard_normal(50))
    t = page.call(OP["tanh"], page.call(OP["negative"], x))
    page.end(page.call(OP["exp"], t))
    page.end(page.call(OP["multiply"], page.given(np.ones(50)), page.call(OP["square"], t)))
    grouped(page)
    first, second = groups_of(page.program)
    assert t.number in first.outputs
    assert t.number in second.inputs


def test_several_threads_at_a_time():
    page = ProgramByHand()
    x = page.given(np.zeros(500))
    page.end(page.call(OP["sum"], page.call(OP["exp"], page.call(OP["sin"], x))))
    (group,) = groups_of(page.program)
    run, wrong = BlockRunner(group), []

    def use(value):
        data = np.full(500, value)
        for _ in range(20):
            if not np.allclose(run(data), group.compute(data)):
                wrong.append(value)

    users = [threading.Thread(target=use, args=(k / 3,)) for k in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert wrong == []


def test_long_programs_are_grouped_in_time_that_grows_with_their_length():
    def lines(length):
        """Return how many lines run, of groups that each wait for an instruction on its own, as those of an RNN do."""
        page, counted = ProgramByHand(), 0
        x, w = page.given(np.ones((3, 3))), page.given(np.ones((3, 3)))
        for _ in range(length):
            x = page.call(OP["sin"], page.call(OP["matmul"], x, w))
        page.end(x)

        def count(frame, event, _):
            nonlocal counted
            counted += 1
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            with_groups(page.program, 120)
        finally:
            sys.settrace(before)
        return counted

    assert lines(1000) < 12 * lines(100)
