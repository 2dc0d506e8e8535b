"""Drawings of programs: what boxes say, which arrows there are, groups, loops, and huge programs in bounded time."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.autograd.compile.passes.grouping import with_groups
from seegrad.autograd.compile.passes.pipeline import simplified
from seegrad.autograd.compile.program import Instruction, Program, Ref, Stage, Variable
from seegrad.autograd.core.op import Op
from seegrad.autograd.inspect.draw import render

needs_graphviz = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")
FLOATS = Variable((3,), np.dtype(np.float64))


def boxes_of(picture):
    return {box.name: box for box in picture.boxes}


def named_arrows(picture):
    names = {box.key: box.name or box.op for box in picture.boxes}
    return {(names[arrow.tail], names[arrow.head]) for arrow in picture.arrows}


def chain(names):
    instructions = [Instruction(Op.table[name], (Ref(i),), {}, (i + 1,)) for i, name in enumerate(names)]
    return Program([FLOATS] * (len(names) + 1), {}, [Stage((0,), instructions, (len(names),))])


def trained():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    step = sg.compile(model)
    step(sg.tensor(np.ones((2, 3), np.float32)))
    return step


def test_a_network_forward_and_backward():
    picture = trained().draw().picture
    boxes = boxes_of(picture)
    assert boxes["x"].kind == "input"
    assert boxes["model.0.weight"].kind == "parameter"
    assert (boxes["a"].op, boxes["a"].lines, boxes["a"].kind) == ("x @ model.0.weight", ["f32[2, 4]"], "result")
    assert boxes["a"].group == ("forward",)
    assert {("x", "a"), ("model.0.weight", "a"), ("a", "b"), ("g", "h")} <= named_arrows(picture)
    assert boxes["f"].is_root
    gradients = [box for box in picture.boxes if any("gradient of" in line for line in box.lines)]
    assert {box.kind for box in gradients} == {"gradient"}
    assert {box.group for box in gradients} == {("backward of f",)}
    backward = {box.key for box in picture.boxes if box.kind == "gradient" or box.name == "g"}
    assert {arrow.back for arrow in picture.arrows if {arrow.tail, arrow.head} <= backward} == {True}
    assert {arrow.back for arrow in picture.arrows if not {arrow.tail, arrow.head} <= backward} == {False}


def test_a_backward_pass_inside_of_a_function():
    step = sg.compile(sg.grad(lambda x: np.sum(np.sin(x))))
    step(np.ones(3))
    picture = simplified(step.program).draw().picture
    assert [(box.op, box.kind, box.group) for box in picture.boxes if box.op] == [
        ("cos(x)", "gradient", ("backward",)),
        ("c0 * a", "gradient", ("backward",)),
    ]


def test_a_program_without_gradients_has_no_parts():
    step = sg.compile(lambda x: np.sin(x) + 1.0)
    step(np.ones(3))
    assert {box.group for box in step.draw().picture.boxes} == {()}


def test_groups_are_clusters():
    step = sg.compile(lambda x, y: np.sum(np.exp(x * x + y), axis=1))
    step(np.ones((300, 300)), np.ones(300))
    program = with_groups(simplified(step.program), large=1)
    drawing = program.draw()
    groups = {box.group for box in drawing.picture.boxes if box.op}
    assert groups == {("together, block after block (d)",)}
    assert {("x", "a"), ("a", "b"), ("y", "b"), ("b", "c"), ("c", "d")} == named_arrows(drawing.picture)
    assert drawing.source.count("subgraph cluster_") == 1
    assert re.search(
        r"    d = together, block after block +f64\[300\]\n        a = x \* x +f64\[300, 300\]\n", str(program)
    )


def test_effects_and_conditions_are_told():
    w = sg.tensor([1.0, 2.0], requires_grad=True)

    def step(x):
        loss = (w * x).sum()
        loss.backward()
        return loss

    compiled = sg.compile(step)
    compiled(np.ones(2))
    told = [line for box in compiled.draw().picture.boxes for line in box.lines]
    assert "becomes w.grad" in told

    def branch(x):
        return x * 2.0 if x.sum() > 0.0 else x

    compiled = sg.compile(branch)
    compiled(np.ones(2))
    (note,) = compiled.draw().picture.notes
    assert re.fullmatch(r"as long as \w is True   \(line \d+: return x \* 2.0 if x.sum\(\) > 0.0 else x\)", note)


def test_each_result_of_an_instruction_is_told():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2))
    step = sg.compile(model)
    step(sg.tensor(np.ones((2, 8, 8, 1), np.float32)))
    told = {line for box in step.draw().picture.boxes for line in box.lines}
    assert {"gradient of model.0.weight", "gradient of model.0.bias"} <= told


def test_constants_and_strange_labels():
    table = np.arange(3.0)

    def f(x):
        y = x * table
        y.label = 'größe "q" <b> \\N & {}'
        return y

    step = sg.compile(f)
    step(sg.tensor(np.ones(3), requires_grad=True))
    drawing = step.draw()
    boxes = boxes_of(drawing.picture)
    assert boxes["c0"].kind == "constant"
    assert boxes["c0"].lines == ["f64[3]", "[0.0, 1.0, 2.0]"]
    assert 'größe "q" <b> \\N & {}' in boxes
    if render.renderer() is not None:
        svg = drawing.render("svg").decode()
        texts = ["".join(t.itertext()) for t in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        assert 'größe "q" <b> \\N & {} = x * c0' in "".join(texts)  # in two lines


# -------------------------------------------------------------------------------------------- long programs


def solved(turns):
    def solve(y):
        for _ in range(turns):
            y = y + 0.01 * np.sin(y)
        return y.sum()

    step = sg.compile(solve)
    step(np.ones(3))
    return step


def test_a_loop_is_drawn_once():
    picture = solved(300).draw().picture
    computed = [box for box in picture.boxes if box.op]
    assert len(computed) == 4
    assert {box.group for box in computed[:3]} == {("300 times, one after the other",)}
    boxes = boxes_of(picture)
    assert {("y", "v1"), ("v1", "v2"), ("v2", "v3"), ("y", "v3")} <= named_arrows(picture)
    assert boxes["v901"].is_root
    assert ("v3", "v901") in named_arrows(picture)  # the last turn's result is that of the drawn one


def test_fold_can_be_chosen():
    few = solved(4)
    assert len([box for box in few.draw().picture.boxes if box.op]) == 13
    assert len([box for box in few.draw(fold=True).picture.boxes if box.op]) == 4
    many = solved(60)
    assert len([box for box in many.draw(fold=False, max_nodes=1000).picture.boxes if box.op]) == 181


def test_the_middle_is_left_out():
    rng = np.random.default_rng(0)
    names = [str(name) for name in rng.choice(["sin", "cos", "tanh", "exp", "square"], 500)]
    picture = chain(names).draw(max_nodes=20).picture
    assert len([box for box in picture.boxes if box.op]) == 20
    (more,) = [box for box in picture.boxes if box.kind == "more"]
    assert more.name == "… 480 instructions more"
    assert len([arrow for arrow in picture.arrows if more.key in (arrow.tail, arrow.head)]) == 2


def test_many_given_variables():
    n = 500
    instructions = [Instruction(Op.table["add"], (Ref(i), Ref(i + 1)), {}, (n + 1 + i,)) for i in range(n)]
    stage = Stage(tuple(range(n + 1)), instructions, (2 * n,))
    picture = Program([FLOATS] * (2 * n + 1), {}, [stage]).draw(max_nodes=600, fold=False).picture
    assert len([box for box in picture.boxes if box.kind == "input"]) == 501
    picture = Program([FLOATS] * (2 * n + 1), {}, [stage]).draw(max_nodes=10).picture
    assert len(picture.boxes) < 40


@needs_graphviz
def test_huge_programs_are_drawn_in_bounded_time():
    rng = np.random.default_rng(0)
    program = chain([str(name) for name in rng.choice(["sin", "cos", "tanh", "exp", "square"], 100_000)])
    begin = time.process_time()
    assert b"</svg>" in program.draw().render("svg")
    assert time.process_time() - begin < 20


def test_empty_programs():
    assert Program([], {}, []).draw().picture.boxes == []
    step = sg.compile(lambda x: x)
    step(1.0)
    (box,) = step.draw().picture.boxes
    assert (box.name, box.is_root) == ("x", True)


@pytest.mark.parametrize("options", [{"direction": "up"}, {"format": "gif"}, {"max_nodes": 1}])
def test_options_are_checked(options):
    with pytest.raises(ValueError, match=f"draw: {next(iter(options))}="):
        chain(["sin"]).draw(**options)


@needs_graphviz
def test_what_a_notebook_shows():
    step = trained()
    bundle = step.draw()._repr_mimebundle_()
    assert "</svg>" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == repr(step.program)
    assert set(bundle) == {"image/png", "image/svg+xml", "text/plain"}
    assert "<b>forward</b>" in step.program._repr_html_()
