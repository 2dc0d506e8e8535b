"""Programs cut into steps: mixed with operations of all sizes, run again, by threads, inside of each other."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from program_builder import ProgramBuilder, both, interpreted, same

import seegrad as sg
from seegrad.autograd.compile.run_program import ProgramRun
from seegrad.autograd.compile.runners import executable as executable_file
from seegrad.autograd.compile.runners.executable import Executable
from seegrad.autograd.compile.trace import all_finite
from seegrad.autograd.core.op import PlainFunction
from seegrad.autograd.fast.kernels import numba_use

work = numba_use.compiled("compiled_interpreter")
WAYS = ["NumPy"] if work is None else ["interpreter", "NumPy"]

less, any_, all_ = PlainFunction(np.less), PlainFunction(np.any), PlainFunction(np.all)


@pytest.fixture(params=WAYS, autouse=True)
def way(request, monkeypatch):
    """With the interpreter, and without."""
    found = None if request.param == "NumPy" else work.interpret
    monkeypatch.setattr(executable_file, "compiled_interpreter", lambda: found)
    return request.param


def draw(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def test_a_chain_of_small_operations_is_one_step(way):
    b = ProgramBuilder()
    x, w = b.given(draw(3)), b.given(draw(4, 3, seed=1))
    y = b.call("tanh", b.call("matmul", w, x))
    out = b.call("sum", b.call("multiply", y, 2.0), axis=None, keepdims=False)
    executable = both(b.program(y, out), b.given_data(), scale=True)
    assert interpreted(executable) == (way == "interpreter")


@pytest.mark.parametrize("n", [1, 15, 16, 17, 4096, 4097])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_both_sides_of_every_threshold(n, dtype):
    b = ProgramBuilder()
    x = b.given(draw(n, dtype=dtype))
    y = b.call("exp", b.call("multiply", x, 0.5))
    z = b.call("where", y, b.call("sin", x), condition=b.call(less, x, 0.25))
    total = b.call("mean", b.call("add", z, y), axis=0, keepdims=True)
    both(b.program(y, z, total), b.given_data(), ulps=16, scale=True)


def test_small_and_large_operations_take_turns():
    b = ProgramBuilder()
    x, large = b.given(draw(8)), b.given(draw(8, 2000, seed=1))
    for _ in range(3):
        x = b.call("tanh", x)
        y = b.call("multiply", large, b.call("expand_dims", x, axis=1))
        x = b.call("add", x, b.call("mean", y, axis=1, keepdims=False))
    both(b.program(x), b.given_data(), ulps=64, scale=True)


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 1, 3), (2, 2, 2, 2, 2), (17, 3)])
def test_views_of_every_kind(shape):
    b = ProgramBuilder()
    x = b.call("multiply", b.given(draw(*shape)), 2.0)
    turned = b.call("transpose", x, axes=None)
    flat = b.call("reshape", turned, shape=-1)
    part = b.call("getitem", turned, index=(slice(None, None, -1), 0))
    one = b.call("getitem", flat, index=3)
    wide = b.call("broadcast_to", one, shape=(2, 3))
    again = [b.call("negative", v) for v in (turned, flat, part, one, wide)]
    both(b.program(*again, turned, flat, part, one, wide), b.given_data())


@pytest.mark.parametrize("axis", [None, 0, 1, 2, (0, 2), (1, 2), ()])
@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 1, 1), (9, 8, 7), (3, 300, 2), (2, 2, 1000)])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod"])
def test_reductions(name, shape, axis):
    for dtype in (np.float64, np.float32):
        b = ProgramBuilder()
        x = b.given(1 + draw(*shape, dtype=dtype) / 100)
        out = [b.call(name, v, axis=axis, keepdims=k) for v in (x, b.call("transpose", x, axes=None)) for k in (0, 1)]
        both(b.program(*out), b.given_data(), ulps=64)


def test_extremes_of_nan_and_truth():
    b = ProgramBuilder()
    x = b.given(np.array([[1.0, np.nan, 3.0], [np.inf, 2.0, -np.inf], [0.0, 1.0, 2.0]]))
    out = [b.call(name, x, axis=axis, keepdims=False) for name in ("max", "min") for axis in (None, 0, 1)]
    below = b.call(less, x, 1.5)
    out += [b.call(f, below, axis=axis) for f in (any_, all_) for axis in (None, 0, 1)]
    both(b.program(below, *out), b.given_data())


@pytest.mark.parametrize(
    "shapes", [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 5), (5, 30)), ((6, 2, 3), (3, 20))]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_products(shapes, dtype):
    b = ProgramBuilder()
    x, y = (b.given(draw(*s, seed=i, dtype=dtype)) for i, s in enumerate(shapes))
    out = b.call("matmul", x, y)
    turned = (
        b.call("matmul", b.call("transpose", y, axes=None), b.call("transpose", x, axes=None))
        if len(shapes[0]) < 3
        else out
    )
    both(b.program(out, turned), b.given_data(), ulps=32, scale=True)


@pytest.mark.parametrize("bad", [None, 0, 1, 2])
def test_whether_all_is_finite(bad, way):
    """The answer about several arrays and numbers, one of which may hold what is not finite."""
    data = [draw(40), draw(3, 2, dtype=np.float32), 2.0]
    if bad is not None:
        data[bad] = data[bad] * np.array([np.inf, np.nan][bad % 2]).astype(np.asarray(data[bad]).dtype)[()]
        data[bad] = float(data[bad]) if bad == 2 else data[bad]
    b = ProgramBuilder()
    out = b.call(all_finite, *[b.call("negative", b.given(x)) for x in data])
    executable = both(b.program(out), b.given_data())
    assert executable.run().stage(0, b.given_data()) == [bad is None]
    assert interpreted(executable) == (way == "interpreter")


@pytest.mark.parametrize("n", [3, 40])
def test_casts(n, way):
    b = ProgramBuilder()
    x = b.call("multiply", b.given(draw(n)), 2.0)
    narrow = b.call("astype", x, dtype=np.dtype(np.float32))
    wide = b.call("astype", b.call("square", narrow), dtype=np.dtype(np.float64))
    truth = b.call("astype", b.call(less, x, 0.5), dtype=np.dtype(np.float64))
    copied = b.call("positive", x)
    out = [b.call("add", wide, v) for v in (truth, copied)]
    executable = both(b.program(narrow, wide, truth, copied, *out), b.given_data())
    assert interpreted(executable) == (way == "interpreter")


def numbers(n):
    """A program of single numbers, with long sums, choices and comparisons."""
    b = ProgramBuilder()
    xs = [b.given(float(v)) for v in draw(n)]
    total = b.call("multiply", xs[0], xs[1])
    for x, y in zip(xs, xs[1:]):
        total = b.call("add", total, b.call("multiply", x, y))
    chosen = [b.call("where", x, b.call("tanh", x), condition=b.call(less, x, 0.0)) for x in xs]
    for x in chosen:
        total = b.call("add", total, x)
    return b, [total, *chosen[:12]]


@pytest.mark.parametrize("n", [3, 7, 8, 60])
def test_single_numbers(n, way):
    b, out = numbers(n)
    executable = both(b.program(*out), b.given_data(), ulps=64)
    assert interpreted(executable) or n < 60
    assert all(type(x) is float for x in executable.run().stage(0, b.given_data()))


def test_results_own_their_memory():
    b = ProgramBuilder()
    x = b.given(draw(5))
    y = b.call("exp", x)
    view = b.call("reshape", y, shape=(5, 1))
    program = b.program(x, y, view, b.call("reshape", x, shape=(1, 5)))
    executable = Executable(program)
    (given,) = b.given_data()
    run = executable.run()
    same_x, first, first_view, given_view = run.stage(0, [given])
    assert same_x is given
    assert np.shares_memory(given_view, given)
    kept = first.copy(), first_view.copy()
    del run
    executable.run().stage(0, [given + 1])
    np.testing.assert_array_equal(first, kept[0])
    np.testing.assert_array_equal(first_view, kept[1])


def test_runs_do_not_disturb_each_other():
    """Runs of several threads, and a run that begins while another one goes on."""
    compiled = sg.compile(lambda x: (sg.sin(x * 2.0) ** 2).sum())
    x = sg.tensor(draw(6), requires_grad=True)
    compiled(x)
    executable = Executable(compiled.kept[0].program)
    wanted = {}
    for seed in range(8):
        by_definition = ProgramRun(executable.program)
        wanted[seed] = by_definition.stage(0, [draw(6, seed=seed)]) + by_definition.stage(1, [np.ones(())])
    failed = []

    def work_on(seed):
        for _ in range(50):
            run = executable.run()
            inner = executable.run()
            found = run.stage(0, [draw(6, seed=seed)])
            inner.stage(0, [draw(6, seed=seed + 100)])
            found += run.stage(1, [np.ones(())])
            try:
                for a, b in zip(found, wanted[seed]):
                    same(a, b, ulps=16)
            except AssertionError as error:
                failed.append(error)

    threads = [threading.Thread(target=work_on, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(executable.cutting.spare) <= 4


def test_a_backward_stage_can_be_run_twice_and_alone():
    compiled = sg.compile(lambda x: ((x * 2.0).exp(), (x * 3.0).sum()))
    x = draw(4)
    compiled(sg.tensor(x, requires_grad=True))
    program = compiled.kept[0].program
    assert len(program.stages) == 3
    by_definition, run = ProgramRun(program), Executable(program).run()
    for r in (by_definition, run):
        r.stage(0, [x])
    for number, cotangent in ((2, np.ones(())), (1, draw(4, seed=1)), (2, np.full((), 3.0)), (1, draw(4, seed=2))):
        for a, b in zip(run.stage(number, [cotangent]), by_definition.stage(number, [cotangent])):
            same(a, b)


def test_it_goes_over_to_the_interpreter_when_that_is_there(monkeypatch):
    b = ProgramBuilder()
    program = b.program(b.call("exp", b.given(draw(3))))
    later = executable_file.compiled_interpreter()
    monkeypatch.setattr(executable_file, "compiled_interpreter", lambda: None)
    executable = Executable(program)
    before = executable.run().stage(0, b.given_data())
    monkeypatch.setattr(executable_file, "compiled_interpreter", lambda: later)
    after = executable.run().stage(0, b.given_data())
    assert interpreted(executable) == (later is not None)
    same(before[0], after[0])


def test_what_fails_fails_as_without():
    b = ProgramBuilder()
    x, index = b.given(draw(3)), b.given(np.array([0, 2]))
    program = b.program(b.call("exp", b.call("getitem", x, index=index)))
    with pytest.raises(IndexError):
        Executable(program).run().stage(0, [draw(3), np.array([0, 7])])
