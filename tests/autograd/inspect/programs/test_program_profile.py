"""Profiles: every step has a row, times add up, and nothing is changed by measuring."""

from __future__ import annotations

import re

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim
from seegrad.autograd.compile.recorded_call import RecordedCall
from seegrad.autograd.compile.run_program import ProgramRun
from seegrad.autograd.compile.runners.executable import Executable
from seegrad.autograd.inspect.programs.profile_table import Profile, ProfileRow


@pytest.fixture
def plainly(monkeypatch):
    """Let programs run instruction by instruction, whatever runs them otherwise."""
    monkeypatch.setattr(RecordedCall, "begin", lambda self: ProgramRun(self.program))


def test_every_instruction_has_a_row(plainly):
    step = sg.compile(lambda x, y: np.sum(np.tanh(x) * y, axis=1))
    arguments = np.ones((40, 30)), np.ones(30)
    step(*arguments)
    found = step.profile(*arguments)
    assert [(row.text, row.type, row.calls) for row in found.rows] == [
        ("a = tanh(x)", "f64[40, 30]", 1),
        ("b = a * y", "f64[40, 30]", 1),
        ("c = sum(b, axis=1)", "f64[40]", 1),
    ]
    assert [row.bytes for row in found.rows] == [2 * 9600, 2 * 9600 + 240, 9600 + 320]
    assert all(row.seconds > 0 for row in found.rows)
    assert found.seconds > 0
    assert found.rounds >= 5
    assert (step.recordings, step.replays) == (1, 0)


def test_views_touch_no_memory_and_backward_stages_are_measured(plainly):
    w = sg.tensor(np.ones((3, 3)), requires_grad=True)
    step = sg.compile(lambda x: (x @ w.T).sum())
    step(np.ones((2, 3)))
    found = step.profile(np.ones((2, 3)))
    assert {row.stage for row in found.rows} == {0, 1}
    assert {row.bytes for row in found.rows if row.text.endswith(".T")} == {0}


def test_a_call_that_was_not_recorded_is_made_first():
    step = sg.compile(lambda x: x * 2.0)
    step.profile(np.ones(3))
    assert (step.recordings, step.replays) == (1, 0)
    step.profile(np.ones(4))
    assert step.recordings == 2


def test_nothing_is_changed():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @sg.compile
    def train(x):
        loss = (model(x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    x = np.ones((5, 3), np.float32)
    train(x)
    train(x)
    assert train.why_not is None
    before = [(p.data.copy(), np.array(p.grad)) for p in model.parameters()]
    state = sg.common.rng.default_rng().bit_generator.state
    found = train.profile(x)
    assert sg.common.rng.default_rng().bit_generator.state == state
    for p, (data, gradient) in zip(model.parameters(), before):
        np.testing.assert_array_equal(p.data, data)
        np.testing.assert_array_equal(p.grad, gradient)
    assert "not performed: " in repr(found)
    assert "SGD.step()" in found.left_out


def test_the_numbers_that_a_layer_draws_are_drawn_again():
    layer, given = nn.Dropout(0.5, seed=3), nn.Dropout(0.5, seed=4)
    step = sg.compile(lambda x, other: (other(x) * layer(x)).sum())
    x = np.ones(8, np.float32)
    step(x, given)
    assert step.why_not is None
    states = [m.generator.bit_generator.state for m in (layer, given)]
    step.profile(x, given)
    assert [m.generator.bit_generator.state for m in (layer, given)] == states


def test_what_cannot_be_compiled_cannot_be_profiled():
    step = sg.compile(lambda x: x + np.random.rand())
    with pytest.raises(RuntimeError, match="no program to profile: it draws random numbers"):
        step.profile(1.0)


def example(count=3):
    rows = [
        ProfileRow(f"v{i} = tanh(v{i - 1})", "tanh(·)", "f64[3]", "operation", 1, 2e-6, 48) for i in range(1, count)
    ]
    rows.append(ProfileRow("c = a <&> b", "· <&> ·", "f64[1000, 1000]", "block after block", 1, 1.5e-3, 24_000_000))
    around = [("check the conditions", 1e-7)]
    return Profile("f", rows, 1.506e-3 + 2e-6 * (count - 3), around, ["w.grad", "SGD.step()"], 9)


def test_the_table():
    assert (
        repr(example())
        == """\
f: 1,506.0 µs a run of the program (shortest of 9)
     µs  share  calls  what               result           by                   bytes
    2.0    0 %      1  v1 = tanh(v0)      f64[3]           operation             48 B
    2.0    0 %      1  v2 = tanh(v1)      f64[3]           operation             48 B
1,500.0  100 %      1  c = a <&> b        f64[1000, 1000]  block after block  24.0 MB
    2.0    0 %         between the steps
around the program, in each call
    0.1  check the conditions
not performed: w.grad, SGD.step()"""
    )


def test_long_programs_are_added_up_by_operation():
    found = example(101)
    assert [(row.text, row.calls) for row in found.shown()] == [("· <&> ·", 1), ("tanh(·)", 100)]
    assert found.shown()[1].seconds == pytest.approx(200e-6)
    assert re.search(r"200\.0 +\d+ % +100 +tanh\(·\)", repr(found))


def test_a_loop_in_a_profile(plainly):
    def solve(y):
        for _ in range(50):
            y = y + 0.01 * np.sin(y)
        return y

    step = sg.compile(solve)
    step(np.ones(3))
    found = step.profile(np.ones(3))
    assert len(found.rows) == 150
    assert sorted((row.text, row.calls) for row in found.shown()) == [("0.01 * ·", 50), ("sin(·)", 50), ("· + ·", 50)]


def test_many_kinds_of_rows_are_cut():
    rows = [ProfileRow(f"a{i}", f"a{i}", "", "operation", 1, 1e-6, 8) for i in range(100)]
    shown = Profile("f", rows, 1e-4, [], [], 5).shown()
    assert len(shown) == 40
    assert (shown[-1].text, shown[-1].calls) == ("all others", 61)


def test_as_html():
    html = example()._repr_html_()
    assert "c = a &lt;&amp;&gt; b" in html
    assert html.count("<tr>") == 7


def test_an_empty_program():
    step = sg.compile(lambda x: x)
    step(1.0)
    assert "between the steps" in repr(step.profile(1.0))


def test_a_program_in_steps_is_watched_one_by_one():
    step = sg.compile(lambda x: np.sort(np.tanh(x) * 2.0, axis=1).sum(axis=1))
    x = np.random.default_rng(0).normal(size=(500, 300))
    step(x)
    watched, run = [], Executable(step.traced).run()
    (result,) = run.stage(0, [x], watch=lambda one, take: (watched.append(one), take()))
    np.testing.assert_allclose(result, step.f(x))
    found = [i for one in watched for i in getattr(one, "instructions", [one])]
    assert found == step.traced.instructions
    assert run.program is step.traced


def test_the_profile_of_a_program_in_steps(monkeypatch):
    monkeypatch.setattr(RecordedCall, "begin", lambda self: Executable(self.program).run())
    w = sg.tensor(np.ones((3, 3)), requires_grad=True)
    step = sg.compile(lambda x: np.sort((x @ w).tanh(), axis=1).sum())
    step(np.ones((2, 3)))
    found = step.profile(np.ones((2, 3)))
    assert {row.stage for row in found.rows} == {0, 1}
    assert {row.runner for row in found.rows} <= {"operation", "the interpreter of small arrays"}
