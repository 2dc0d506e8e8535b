"""Each pass by itself: the same results as before, special values included, with fewer instructions."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_programs import ProgramByHand, assert_same, results_of
from special_numbers import SPECIAL

from seegrad.autograd.compile.passes.common_subexpressions import without_repetitions
from seegrad.autograd.compile.passes.constant_folding import with_constants_folded
from seegrad.autograd.compile.passes.dead_code import without_dead_code
from seegrad.autograd.compile.passes.idle_operations import without_idle_operations
from seegrad.autograd.compile.passes.joining import with_parts_joined
from seegrad.autograd.compile.passes.pipeline import simplified
from seegrad.autograd.compile.program import Variable
from seegrad.autograd.core.op import Op, PlainFunction

OP = Op.table


def names(program):
    return [i.operation.name for i in program.instructions]


def given_to_all(page):
    return [page.given_to(k) for k in range(len(page.stages))]


def assert_shortened(page, shorten, left):
    program = shorten(page.program)
    assert_same(page.program, program, given_to_all(page))
    assert names(program) == left
    return program


def test_dead_code():
    page = ProgramByHand()
    x = page.given(SPECIAL)
    y = page.call(OP["exp"], x)
    page.call(OP["sin"], page.call(OP["cos"], y))
    kept = page.call(OP["tanh"], x)
    page.end(y)
    page.end(page.call(OP["multiply"], kept, page.given(SPECIAL)))
    assert_shortened(page, without_dead_code, ["exp", "tanh", "multiply"])


def test_what_draws_random_numbers_is_no_dead_code_and_never_merged_or_folded():
    draw = PlainFunction(lambda n: np.full(n, 3.0), "draw", always=True)
    page = ProgramByHand()
    x = page.given(SPECIAL)
    page.call(draw, 10)
    page.end(page.call(OP["add"], x, page.call(draw, 10)))
    for shorten in (without_dead_code, without_repetitions, with_constants_folded, simplified):
        assert_shortened(page, shorten, ["draw", "draw", "add"])


def test_constants_are_folded():
    page = ProgramByHand()
    x, c = page.given(SPECIAL), page.constant(SPECIAL)
    inner = page.call(OP["log"], page.call(OP["exp"], c))
    alone = page.call(OP["square"], c)
    page.end(page.call(OP["add"], x, inner), alone)
    assert_shortened(page, with_constants_folded, ["square", "add"])


def test_a_constant_that_cannot_be_computed_fails_where_the_program_runs():
    fail = PlainFunction(lambda x: int("no number"), "fail")
    page = ProgramByHand()
    page.end(page.call(OP["exp"], page.constant(1.0)))
    page.stages[0].instructions.insert(0, type(page.stages[0].instructions[0])(fail, (1.0,), {}, (1,)))
    assert "fail" in names(with_constants_folded(page.program))


def test_large_constants_are_not_kept():
    page = ProgramByHand()
    x, c = page.given(np.ones((400, 400))), page.constant(np.ones((400, 1)))
    page.end(page.call(OP["add"], x, page.call(OP["add"], c, page.constant(np.ones((1, 400))))))
    assert names(with_constants_folded(page.program)) == ["add", "add"]


def test_repetitions():
    page = ProgramByHand()
    x, y = page.given(SPECIAL), page.given(SPECIAL[::-1].copy())
    a, b = page.call(OP["multiply"], x, y), page.call(OP["multiply"], y, x)
    c, d = page.call(OP["subtract"], x, y), page.call(OP["subtract"], y, x)
    first = page.call(OP["add"], page.call(OP["add"], a, b), page.call(OP["add"], c, d))
    page.end(first, page.call(OP["exp"], page.call(OP["getitem"], a, index=(slice(1, 3),))))
    again = page.call(OP["exp"], page.call(OP["getitem"], b, index=(slice(1, 3),)))
    page.end(page.call(OP["sin"], again))
    left = ["multiply", "subtract", "subtract", "add", "add", "add", "getitem", "exp", "sin"]
    assert_shortened(page, without_repetitions, left)


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (1.0, 1), (1, True), (np.float32(1), np.float64(1))])
def test_constants_that_compare_equal_and_are_not_the_same(one, other):
    page = ProgramByHand()
    x = page.given(SPECIAL)
    page.end(page.call(OP["copysign"], x, one), page.call(OP["copysign"], x, other))
    page.end(page.call(OP["exp"], page.call(OP["copysign"], x, page.constant(one))))
    page.end(page.call(OP["exp"], page.call(OP["copysign"], x, page.constant(other))))
    assert_same(page.program, without_repetitions(page.program), given_to_all(page))


def test_results_that_leave_the_program_keep_their_own_memory():
    page = ProgramByHand()
    x = page.given(np.ones(4))
    two = [page.call(OP["exp"], x), page.call(OP["exp"], x)]
    view = page.call(OP["reshape"], page.call(OP["exp"], x), shape=(2, 2))
    same = page.call(OP["multiply"], x, 1.0)
    row = page.call(OP["reshape"], page.call(OP["multiply"], x, 1.0), shape=(2, 2))
    constant = page.call(OP["exp"], page.constant(np.ones(4)))
    page.end(*two, view, same, row, constant)
    given = [np.ones(4)]
    outputs = results_of(simplified(page.program), [given])
    for k, output in enumerate(outputs):
        assert output.flags.writeable
        assert not any(np.shares_memory(output, other) for other in [*outputs[:k], *given])


V, F = np.array([*SPECIAL, 5e-324]), SPECIAL.astype(np.float32)
NOTHING = [
    ("identity", (), {}),
    ("positive", (), {}),
    ("reshape", (), {"shape": (-1,)}),
    ("broadcast_to", (), {"shape": (11,)}),
    ("sum_to", (), {"shape": (11,)}),
    ("astype", (), {"dtype": np.float64}),
    ("transpose", (), {"axes": None}),
    ("squeeze", (), {"axis": None}),
    ("multiply", (1.0,), {}),
    ("multiply", (1,), {}),
    ("multiply", (np.ones(11),), {}),
    ("divide", (1.0,), {}),
    ("add", (-0.0,), {}),
    ("subtract", (0.0,), {}),
    ("power", (1.0,), {}),
]


@pytest.mark.parametrize(("name", "others", "params"), NOTHING)
@pytest.mark.parametrize("as_constant", [False, True])
def test_what_does_nothing_is_left_out(name, others, params, as_constant):
    page = ProgramByHand()
    x = page.given(V)
    others = tuple([page.constant(v) if as_constant or isinstance(v, np.ndarray) else v for v in others])
    page.end(page.call(OP["exp"], page.call(OP[name], x, *others, **params)))
    assert_shortened(page, without_idle_operations, ["exp"])


SOMETHING = [
    ("add", (0.0,), {}),
    ("subtract", (-0.0,), {}),
    ("multiply", (0.0,), {}),
    ("multiply", (np.float64(1.0),), {}),
    ("multiply", (np.ones((2, 1), np.float32),), {}),
    ("astype", (), {"dtype": np.float64}),
    ("power", (0.0,), {}),
    ("power", (0.5,), {}),
    ("divide", (-1.0,), {}),
]


@pytest.mark.parametrize(("name", "others", "params"), SOMETHING)
def test_what_does_something_stays(name, others, params):
    page = ProgramByHand()
    x = page.given(F)
    page.end(page.call(OP["positive"], page.call(OP["copysign"], 1.0, page.call(OP[name], x, *others, **params))))
    assert_shortened(page, without_idle_operations, [name, "copysign", "positive"])


CHEAPER = [
    ("multiply", (-1.0,), "negative"),
    ("power", (2.0,), "square"),
    ("power", (-1.0,), "reciprocal"),
]


@pytest.mark.parametrize(("name", "others", "left"), CHEAPER)
@pytest.mark.parametrize("x", [V, F, -1.5, 0.0])
def test_what_costs_less(name, others, left, x):
    page = ProgramByHand()
    page.end(page.call(OP["sin"], page.call(OP[name], page.given(x), *others)))
    assert_shortened(page, without_idle_operations, [left, "sin"])


@pytest.mark.parametrize("x", [V, F])
def test_signs(x):
    page = ProgramByHand()
    x, y = page.given(x), page.given(x[::-1].copy())
    minus = page.call(OP["negative"], y)
    found = [
        page.call(OP["add"], x, minus),
        page.call(OP["add"], minus, x),
        page.call(OP["subtract"], x, minus),
        page.call(OP["negative"], minus),
    ]
    page.end(*[page.call(OP["absolute"], v) for v in found])
    program = simplified(page.program)
    assert_same(page.program, program, given_to_all(page))
    assert names(program) == ["subtract", "add", "absolute", "absolute", "absolute", "absolute"]


def test_rearrangements_are_joined():
    page = ProgramByHand()
    x = page.given(np.arange(24.0).reshape(2, 3, 4))
    back = page.call(OP["transpose"], page.call(OP["transpose"], x, axes=(2, 0, 1)), axes=(1, 2, 0))
    other = page.call(OP["transpose"], page.call(OP["transpose"], x, axes=(2, 0, 1)), axes=None)
    flat = page.call(OP["reshape"], page.call(OP["reshape"], x, shape=(6, 4)), shape=(4, -1))
    page.end(*[page.call(OP["exp"], v) for v in (back, other, flat)])
    assert_shortened(page, simplified, ["transpose", "reshape", "exp", "exp", "exp"])


def test_choices_that_are_made():
    page = ProgramByHand()
    x, y, condition = page.given(V), page.given(V[::-1].copy()), page.given(V > 0)
    found = [
        page.call(OP["where"], x, y, condition=True),
        page.call(OP["where"], x, y, condition=page.constant(False)),
        page.call(OP["where"], x, x, condition=condition),
        page.call(OP["where"], x, 0.0, condition=False),
    ]
    page.end(*[page.call(OP["exp"], v) for v in found])
    assert_shortened(page, without_idle_operations, ["where", "exp", "exp", "exp", "exp"])


def test_unsigned_numbers_are_not_negated():
    page = ProgramByHand()
    x, y = page.given(np.array([300], np.int16)), page.given(np.array([3], np.uint8))
    total = page.call(OP["add"], x, page.call(OP["negative"], y))
    page.end(page.call(OP["power"], total, 2))
    assert_same(page.program, simplified(page.program), given_to_all(page))


def test_a_pass_leaves_the_program_that_it_is_given_as_it_is():
    page = ProgramByHand()
    x = page.given(V)
    page.call(OP["sin"], x)
    page.end(page.call(OP["exp"], page.call(OP["multiply"], page.call(OP["negative"], page.constant(V)), 1.0)))
    program = page.program
    before = names(program), dict(program.constants), [s.outputs for s in program.stages]
    simplified(program)
    assert (names(program), program.constants, [s.outputs for s in program.stages]) == before


def test_backward_stages_read_the_forward_one_and_not_each_other():
    page = ProgramByHand()
    x = page.given(V)
    page.end(page.call(OP["exp"], x))
    for _ in range(2):
        again = page.call(OP["multiply"], page.call(OP["exp"], x), page.call(OP["sin"], x))
        page.end(page.call(OP["multiply"], again, page.given(V)))
    assert_shortened(page, without_repetitions, ["exp"] + ["sin", "multiply", "multiply"] * 2)


def test_a_number_has_another_form_than_an_array_of_float64():
    number, array = Variable((), None), Variable((), np.dtype(np.float64))
    assert number != array
    assert number == Variable((), None)
    assert array == Variable((), np.dtype(float))
    assert len({number, array, Variable((), None)}) == 2


def page_of_parts(cuts, axis=1, shape=(4, 6)):
    """Add up, in the order of the cuts, zeros with special numbers between two places of an axis."""
    page, total = ProgramByHand(), None
    for start, stop in cuts:
        size = (*shape[:axis], stop - start, *shape[axis + 1 :])
        x = page.given(np.resize(np.concatenate([SPECIAL, [-0.0]]), size))
        put = page.call(OP["scatter_add"], x, index=(slice(None),) * axis + (slice(start, stop),), shape=shape)
        total = put if total is None else page.call(OP["add"], total, put)
    return page, total


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("cuts", [((0, 1), (1, 4)), ((2, 4), (0, 2)), ((1, 2), (3, 4), (0, 1), (2, 3))])
def test_parts_of_zeros_are_written_side_by_side(cuts, axis):
    page, total = page_of_parts(cuts, axis, (4, 4))
    page.end(total)
    assert_shortened(page, with_parts_joined, ["side_by_side"])


@pytest.mark.parametrize("cuts", [((0, 2), (2, 4)), ((0, 4), (3, 6)), ((0, 6),), ((0, 3), (4, 6))])
def test_parts_that_overlap_or_leave_something_stay(cuts):
    page, total = page_of_parts(cuts)
    page.end(total)
    assert_shortened(page, with_parts_joined, names(page.program))


def test_a_part_in_zeros_that_is_read_elsewhere_too_stays():
    page = ProgramByHand()
    put = [page.call(OP["scatter_add"], page.given(np.ones(2)), index=slice(k, k + 2), shape=(4,)) for k in (0, 2)]
    page.end(page.call(OP["multiply"], page.call(OP["add"], *put), put[0]))
    assert_shortened(page, with_parts_joined, ["scatter_add", "scatter_add", "add", "multiply"])
