"""Programs as pages: expected texts of small ones, names of all kinds, and huge ones in bounded time."""

from __future__ import annotations

import re
import time
from typing import NamedTuple

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.autograd.compile.program import Instruction, Program, Ref, Stage, Variable
from seegrad.autograd.core.op import Op, PlainFunction
from seegrad.autograd.inspect.programs.repetition import Repeated, repetitions

FLOATS = Variable((3,), np.dtype(np.float64))


def lines_of(program):
    """Return the lines of a page without the alignment of shapes."""
    return [re.sub(r"(?<=\S) {3,}", " : ", line).strip() for line in str(program).split("\n")]


def instruction_lines(program):
    """Return what is computed, without shapes."""
    return [line.partition(" : ")[0] for line in lines_of(program) if re.match(r"[\w, ]+ = ", line)]


def chain(names, length=None):
    """Return a program that applies operations of these names in turn to what came before."""
    names = names if length is None else (names * (length // len(names) + 1))[:length]
    instructions = [Instruction(Op.table[name], (Ref(i),), {}, (i + 1,)) for i, name in enumerate(names)]
    variables = [FLOATS] * (len(names) + 1)
    return Program(variables, {}, [Stage((0,), instructions, (len(names),))])


# --------------------------------------------------------------------------------------------------- pages


def test_a_function_of_values():
    a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")

    def f(x):
        product = a * b
        product.label = "product"
        return (product + x).tanh()

    step = sg.compile(f)
    step(1.0)
    assert (
        str(step.program)
        == """\
program of f: 8 instructions
given
    x                 float
    a                 float
    b                 float

forward
    product = a * b   float
    c = product + x   float
    d = tanh(c)       float
returns
    d

backward of d, given g: float
    f = d * d         float
    h = 1.0 - f       float
    i = g * h         float
    j = i * b         float
    k = i * a         float
gives
    gradient of a: j
    gradient of b: k"""
    )


def test_a_function_of_arrays_and_what_it_returns():
    def f(x, c):
        return {"sum": np.sum(x * c[0], axis=1), "same": x, "text": "t"}

    step = sg.compile(f)
    step(np.ones((2, 3)), [np.arange(3)])
    assert lines_of(step.program) == [
        "program of f: 2 instructions",
        "given",
        "x : f64[2, 3]",
        "c[0] : i64[3]",
        "",
        "forward",
        "a = x * c[0] : f64[2, 3]",
        "b = sum(a, axis=1) : f64[2]",
        "returns",
        "{'sum': b, 'same': x, 'text': 't'}",
    ]


def test_a_network_with_the_paths_of_its_parameters():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    step = sg.compile(lambda images: model(images).sum())
    step(np.ones((5, 3), np.float32))
    lines = lines_of(step.program)
    assert lines[1:7] == [
        "given",
        "images : f32[5, 3]",
        "model.0.weight : f32[3, 4]",
        "model.0.bias : f32[4]",
        "model.2.weight : f32[4, 2]",
        "model.2.bias : f32[2]",
    ]
    assert "a = images @ model.0.weight : f32[5, 4]" in lines
    gradients = [line.split(": ")[0] for line in lines if line.startswith("gradient of")]
    assert gradients == [f"gradient of {name.split(' ')[0]}" for name in lines[3:7]]


def test_a_model_alone():
    model = nn.Linear(3, 2)
    step = sg.compile(model)
    step(sg.tensor(np.ones((1, 3), np.float32)))
    assert instruction_lines(step.program)[:2] == ["a = x @ model.weight", "b = a + model.bias"]


def test_conditions_show_the_line_that_asked():
    def f(x):
        if x.sum() > 0.0:  # the line that asks
            return x * 2.0
        return x * 3.0

    step = sg.compile(f)
    step(np.ones(3))
    page = str(step.program)
    assert re.search(r"as long as\n    (\w) is True +line \d+: if x.sum\(\) > 0.0:  # the line that asks", page)
    step(-np.ones(3))
    assert [len(p.instructions) for p in step.programs] == [3, 3]
    assert "is False" in str(step.program)
    state = str(step)
    assert state.count("3 instructions for (x: f64[3])") == 2
    assert "as long as (a > 0.0) is True   (line" in state
    assert "2 recorded, 0 replayed" in state


def test_gradients_that_are_set_afterwards():
    w = sg.tensor([1.0, 2.0], requires_grad=True)

    def step(x):
        loss = (w * x).sum()
        loss.backward()
        return loss

    compiled = sg.compile(step)
    compiled(np.ones(2))
    assert re.search(r"\nthen\n    w\.grad = \w$", str(compiled.program))


def test_a_backward_pass_inside_of_a_function_has_a_heading():
    step = sg.compile(sg.grad(lambda x: np.sum(np.sin(x))))
    step(np.ones(3))
    assert lines_of(step.traced)[6:] == [
        "forward",
        "a = sin(x) : f64[3]",
        "b = sum(a) : f64",
        "backward",
        "c = cos(x) : f64[3]",
        "d = c0 * c : f64[3]",
        "forward",
        "f = number(b)",
        "returns",
        "d",
    ]


def test_constants_are_written_or_described():
    small, large = np.array([1.0, -0.5]), np.linspace(0.0, 1.0, 2000).reshape(1000, 2)
    step = sg.compile(lambda x: x * small + large.copy() * 2 ** x.sum())
    step(np.ones(2))
    page = str(step.program)
    assert "c0 = [1.0, -0.5]" in page
    assert "v ** 2" not in page


# --------------------------------------------------------------------------------------------------- names


class Pair(NamedTuple):
    left: np.ndarray
    right: np.ndarray


def test_arguments_of_every_form_have_names():
    def f(first, *rest, **named):
        return first.left + rest[0] + rest[1]["a b"] + named["other"]

    step = sg.compile(f)
    step(Pair(np.ones(2), np.zeros(2)), np.ones(2), {"a b": np.ones(2)}, other=np.ones(2))
    given = str(step.program).partition("\n\n")[0].split("\n")[2:]
    assert [line.strip().rpartition("   ")[0].strip() for line in given] == [
        "first.left",
        "first.right",
        "rest[0]",
        "rest[1]['a b']",
        "other",
    ]


def test_labels_that_are_taken_strange_or_empty():
    def f(x):
        parts = [x * 1.5, x * 2.5, x * 3.5, x * 4.5]
        for part, label in zip(parts, ["x", "größe\nβ", "", "<b>&"]):
            part.label = label
        return parts[0] + parts[1] + parts[2] + parts[3]

    step = sg.compile(f)
    step(sg.tensor(np.ones(2), requires_grad=True))
    lines = instruction_lines(step.program)
    page = str(step.program)
    assert lines[0] == "x_2 = x * 1.5"
    assert "größe β = x * 2.5" in page
    assert "<b>& = x * 4.5" in page
    assert "&lt;b&gt;&amp; = x * 4.5" in step.program._repr_html_()


def test_names_that_a_method_finds():
    class Thing:
        def __init__(self):
            self.scale = sg.tensor([2.0, 3.0], requires_grad=True)
            self.table = {"w": [sg.tensor([1.0, 1.0], requires_grad=True)]}

        def compute(self, x):
            return (self.scale * x + self.table["w"][0]).sum()

    step = sg.compile(Thing().compute)
    step(np.ones(2))
    assert instruction_lines(step.program)[:2] == ["a = self.scale * x", "b = a + self.table['w'][0]"]


def test_many_nameless_variables_are_numbered():
    assert instruction_lines(chain(["exp", "tanh"], 40))[-1] == "v41 = tanh(v40)"
    assert instruction_lines(chain(["exp", "tanh"], 4))[-1] == "f = tanh(d)"


# -------------------------------------------------------------------------------- instructions of all forms


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (lambda x: x[1:, ::2], "a = x[1:, ::2]"),
        (lambda x: x[..., None, 0], "a = x[..., None, 0]"),
        (lambda x: x.T, "a = x.T"),
        (lambda x: x.transpose(1, 0), "a = x.T"),
        (lambda x: np.concatenate([x, x], axis=1), "a = concatenate([x, x], axis=1)"),
        (lambda x: np.power(x, 2), "a = x ** 2"),
        (lambda x: -x, "a = -x"),
        (lambda x: x / 2.0, "a = x / 2.0"),
        (lambda x: np.abs(x), "a = |x|"),
        (lambda x: np.exp(x), "a = exp(x)"),
        (lambda x: np.logaddexp(0.0, x), "a = logaddexp(0.0, x)"),
        (lambda x: x < 2.0, "a = x < 2.0"),
        (lambda x: np.argmax(x, axis=1), "a = argmax(x, axis=1)"),
        (lambda x: x.reshape(3, 2), "a = reshape(x)"),
        (lambda x: x.astype(np.float32), "a = astype(x, dtype=float32)"),
    ],
)
def test_lines(function, line):
    step = sg.compile(function)
    step(np.arange(6.0).reshape(2, 3))
    assert instruction_lines(step.program)[0] == line


def test_several_results_and_objects():
    split = PlainFunction(lambda x: (x, {"any": 1}), "split")
    use = PlainFunction(lambda x: x, "use")
    instructions = [Instruction(split, (Ref(0), 3), {}, (1, 2)), Instruction(use, (Ref(1),), {"k": None}, (3,))]
    program = Program(
        [FLOATS, FLOATS, Variable((), None), FLOATS],
        {},
        [Stage((0,), instructions, (3,))],
    )
    assert lines_of(program)[5:7] == ["b, _ = split(a, 3) : f64[3], ·", "d = use(b, k=None) : f64[3]"]


def test_params_that_were_computed_are_named():
    where, getitem = Op.table["where"], Op.table["getitem"]
    index = (slice(Ref(1), None), None, Ref(0))
    instructions = [
        Instruction(where, (Ref(0), 0.5), {"condition": Ref(1)}, (2,)),
        Instruction(getitem, (Ref(0),), {"index": index}, (3,)),
    ]
    program = Program([FLOATS] * 4, {}, [Stage((0, 1), instructions, (2, 3))])
    assert instruction_lines(program) == ["c = where(b, a, 0.5)", "d = a[b:, None, a]"]


def test_empty_programs():
    assert str(Program([], {}, [])) == "program: 0 instructions"
    assert "nothing is computed" in str(Program([], {}, [Stage((), [], ())]))
    step = sg.compile(lambda x: x)
    step(1.0)
    assert str(step.program).endswith("forward\n    nothing is computed\nreturns\n    x")


def test_there_is_no_program_before_the_first_call_or_if_none_could_be_made():
    step = sg.compile(lambda x: x + np.random.rand())
    with pytest.raises(RuntimeError, match="call <lambda> once"):
        print(step.program)
    step(1.0)
    with pytest.raises(RuntimeError, match="not compiled: it draws random numbers"):
        print(step.program)
    assert step.programs == []
    assert "not compiled: it draws random numbers" in str(step)
    assert "(line " in str(step)
    assert __file__ not in str(step)
    assert "not compiled: it draws random numbers" in repr(step)


# ------------------------------------------------------------------------------------------- long programs


def test_repetitions_are_found():
    program = chain(["square", "sqrt", "negative"] * 2 + ["sin", "cos", "tanh"] * 50 + ["exp"])
    assert repetitions(program, program.stages[0].instructions) == [Repeated(6, 3, 50)]
    assert repetitions(chain(["sin"]), chain(["sin"]).stages[0].instructions) == []
    assert repetitions(chain([]), []) == []


def test_a_loop_is_told_once():
    def solve(y):
        for _ in range(300):
            y = y + 0.01 * np.sin(y)
        return y

    step = sg.compile(solve)
    step(np.ones(3))
    assert "⋮ the same 3 instructions 299 times more" in repr(step.program)
    assert len(repr(step.program).split("\n")) < 20
    assert len(str(step.program).split("\n")) > 900


def test_the_middle_of_what_does_not_repeat_is_left_out():
    rng = np.random.default_rng(0)
    program = chain([str(name) for name in rng.choice(["sin", "cos", "tanh", "exp", "square"], 2000)])
    text = repr(program)
    assert len(text.split("\n")) < 60
    shown = sum(line.startswith("    v") and " = " in line for line in text.split("\n"))
    left_out = [int(n.replace(",", "")) for n in re.findall(r"⋮ ([\d,]+) instructions more", text)]
    again = re.findall(r"the same (\d+) instructions? (\d+) times? more", text)
    assert shown + sum(left_out) + sum(int(n) * int(k) for n, k in again) == 2000


def test_huge_programs_are_written_in_bounded_time():
    rng = np.random.default_rng(0)
    names = [str(name) for name in rng.choice(["sin", "cos", "tanh", "exp", "square"], 100_000)]
    program = chain(names)
    begin = time.process_time()
    assert len(str(program).split("\n")) > 100_000
    assert len(repr(program)) < 10_000
    assert time.process_time() - begin < 20


def test_many_variables_are_given_and_returned():
    n = 1000
    instructions = [Instruction(Op.table["add"], (Ref(i), Ref(0)), {}, (n + i,)) for i in range(n)]
    program = Program([FLOATS] * (2 * n), {}, [Stage(tuple(range(n)), instructions, tuple(range(n, 2 * n)))])
    assert len(repr(program).split("\n")) < 80
    assert "… 987 more" in repr(program)
