"""Steps of prepared calls give what the instructions give, and keep nothing that nobody reads."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
from hand_made_programs import ProgramByHand, assert_same, results_of

from seegrad.autograd.compile.passes.constant_folding import with_constants_folded
from seegrad.autograd.compile.passes.grouping import with_groups
from seegrad.autograd.compile.program import Ref, Stage
from seegrad.autograd.compile.runners.prepared_steps import StepCode, prepared_step
from seegrad.autograd.core.op import Op, PlainFunction
from seegrad.autograd.ops.indexing import Along
from seegrad.common.quiet import quiet

OP = Op.table
RNG = np.random.default_rng(5)


class PreparedRun:
    """Each stage is one step."""

    def __init__(self, program):
        self.program, self.values = program, dict(program.constants)
        self.steps = []
        for number, stage in enumerate(program.stages):
            kept = set(stage.outputs).union(*(s.outputs for s in program.stages))
            kept = kept.union(n for s in program.stages[number + 1 :] for i in s.instructions for n in i.reads())
            spent = set(stage.inputs) - kept
            self.steps.append(prepared_step(stage.instructions, program, kept, spent))

    def stage(self, number, given):
        stage: Stage = self.program.stages[number]
        self.values.update(zip(stage.inputs, given))
        with quiet():
            self.steps[number](self.values)
        return [self.values[n] for n in stage.outputs]


def assert_prepared(page):
    given = [page.given_to(k) for k in range(len(page.stages))]
    for a, b in zip(results_of(page.program, given), results_of(page.program, given, PreparedRun), strict=True):
        assert type(a) is type(b)
        assert getattr(a, "dtype", None) == getattr(b, "dtype", None)
        np.testing.assert_array_equal(a, b)


Pair = namedtuple("Pair", "first second")


def test_nested_parameters_with_variables_in_them():
    page = ProgramByHand()
    x = page.given(RNG.standard_normal((4, 5)))
    place, stop, rows = page.given(2), page.given(3), page.given(np.array([0, 2, 2]))
    pick = PlainFunction(lambda x, how, pair, k: x[how["rows"]] * pair.second + pair.first + k[1], "pick")
    page.end(
        page.call(OP["getitem"], x, index=(place, slice(None, stop, 2))),
        page.call(OP["getitem"], x, index=(slice(None), rows)),
        page.call(OP["getitem"], x, index=Along((slice(None), rows))),
        page.call(OP["getitem"], x, index=(None, ..., 1)),
        page.call(OP["where"], x, 0.0, condition=page.call(PlainFunction(np.greater), x, 0)),
        page.call(pick, x, how={"rows": rows}, pair=Pair(place, 2.5), k=[1, stop]),
    )
    assert_prepared(page)


@pytest.mark.parametrize("x", [0.5, np.float32(0.5), np.array(0.5), np.array([0.5]), np.full((2, 3), 0.5, np.float32)])
def test_kinds_of_numbers(x):
    page = ProgramByHand()
    x = page.given(x)
    found = [page.call(OP[name], x) for name in ("exp", "relu", "sigmoid", "identity", "floor", "negative")]
    found += [page.call(OP[name], x, 0.5) for name in ("add", "power", "at_least", "ratio", "power")]
    found += [page.call(OP["where"], x, 1.0, condition=True), page.call(OP["power"], 0.0, -1.0)]
    if np.ndim(page.values[x.number]):
        found += [page.call(OP[name], x) for name in ("sum", "mean", "transpose", "softmax", "max", "squeeze")]
        found += [page.call(OP["sum"], x, axis=-1, keepdims=True), page.call(OP["sum"], x, axis=[0])]
        found += [page.call(OP["reshape"], x, shape=-1), page.call(OP["expand_dims"], x, axis=(0, -1))]
        found += [page.call(OP["sum_to"], x, shape=()), page.call(OP["astype"], x, dtype=np.float64)]
    page.end(*found)
    assert_prepared(page)


def test_several_results_and_stages():
    two = PlainFunction(lambda x: (x.min(), x + 1), "two")
    page = ProgramByHand()
    x = page.given(RNG.standard_normal(4))
    a, b = page.call(two, x)
    page.end(page.call(OP["add"], b, a))
    page.end(page.call(OP["multiply"], page.given(RNG.standard_normal(4)), b))
    page.end(page.call(OP["multiply"], page.given(RNG.standard_normal(4)), x))
    assert_prepared(page)


def test_a_tuple_of_one_result():
    one = PlainFunction(lambda x: (x + 1,), "one")
    page = ProgramByHand()
    x, c = page.given(RNG.standard_normal(4)), page.constant(np.ones(4))
    (a,), (b,) = page.call(one, x), page.call(one, c)
    page.end(page.call(OP["add"], a, b))
    assert_prepared(page)
    given = [page.given_to(0)]
    assert_same(page.program, with_constants_folded(page.program), given)
    assert results_of(page.program, given)[0].shape == (4,)


def test_groups_are_run_by_blocks():
    page = ProgramByHand()
    x = page.given(RNG.standard_normal((600, 700)))
    y = page.call(OP["multiply"], page.call(OP["exp"], x), x)
    page.end(page.call(OP["sum"], y), y)
    program = with_groups(page.program)
    assert len(program.instructions) == 1
    given = [page.given_to(0)]
    for a, b in zip(results_of(program, given, PreparedRun), results_of(page.program, given)):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_memory_is_let_go_as_soon_as_nobody_reads_it():
    class Watched(np.ndarray):
        alive = 0

        def __array_finalize__(self, base):
            Watched.alive += 1

        def __del__(self):
            Watched.alive -= 1

    most = []
    watch = PlainFunction(lambda x: (most.append(Watched.alive), np.asarray(x).copy().view(Watched))[1], "watch")
    page = ProgramByHand()
    x = page.given(np.ones(3))
    y = x
    for _ in range(10):
        y = page.call(watch, y)
    page.end(y)
    program = page.program
    page.values.clear()
    most.clear()
    step = prepared_step(program.stages[0].instructions, program, {y.number}, {x.number})
    values = {x.number: np.ones(3)}
    step(values)
    assert list(values) == [y.number]
    assert max(most) <= 3


def test_constants_stand_in_the_code():
    page = ProgramByHand()
    x, c = page.given(np.ones(3)), page.constant(np.arange(3.0))
    y = page.call(OP["add"], x, c)
    page.end(y)
    code = StepCode(page.program.stages[0].instructions, page.program, {y.number}, set())
    assert "values[1]" not in code.source
    values = {0: np.ones(3)}
    code.function(values)
    assert values[2].tolist() == [1, 2, 3]
    assert_same(page.program, page.program, [page.given_to(0)])
    assert isinstance(c, Ref)
