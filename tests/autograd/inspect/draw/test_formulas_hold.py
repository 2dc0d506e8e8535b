"""Every formula that is printed, in the player, on edges, in the table, computes the gradient of the engine."""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from operation_cases import CASES
from printed import NAMESPACE, assert_equal_up_to, evaluate, formulas, numeric

import seegrad as sg
from seegrad.autograd.core.node import Constant
from seegrad.autograd.core.op import Op
from seegrad.autograd.inspect import reference
from seegrad.autograd.inspect.draw import graph_reading as graph
from seegrad.autograd.inspect.draw.formula import rule_texts
from seegrad.autograd.inspect.draw.nodes_picture import picture_of_nodes
from seegrad.autograd.inspect.draw.recorded_graph import RecordedGraph
from seegrad.autograd.inspect.draw.rule_words import short_rule_of
from seegrad.autograd.inspect.draw.scalar_zoom import expand
from seegrad.autograd.inspect.draw.steps import Story


def root_of(case):
    """A number that depends on every element of a case's result in its own way."""
    out = case.f(*[sg.Tensor(x, requires_grad=True, label=f"a{i}") for i, x in enumerate(case.inputs)])
    weights = 1.5 if isinstance(out, sg.Value) else np.linspace(0.5, 1.5, out.size).reshape(out.shape)
    root = out * weights if isinstance(out, sg.Value) else (out * weights).sum()
    root.label = "R"
    return root


@dataclass
class Edge:
    """One edge of the backward pass, and what the player prints for it."""

    case: str
    story: Story
    drawn: Any
    operand: Any
    gradient: Any
    printed: list[str]

    @property
    def node(self):
        """The engine's node; a part of the drawn one, in sums and products of several terms."""
        return self.operand.edge[0]

    @property
    def index(self):
        return self.operand.edge[1]

    @property
    def g(self):
        return self.story.back.gradients[self.node]

    @property
    def op(self):
        return self.node.op

    @property
    def inputs(self):
        return graph.inputs_to_show(self.node)

    @property
    def words(self):
        """What is said in words instead of a formula."""
        return short_rule_of(self.node, self.index, self.story.slope(self.drawn))


def edges_of(root, case=""):
    story = Story(RecordedGraph(root))
    steps = [step for step in story.steps if step.phase == "backward" and step.edges]
    return [
        Edge(case, story, node, operand, gradient, formulas(step))
        for step, (node, operand, gradient) in zip(steps, story.arrivals, strict=True)
    ]


@pytest.fixture(scope="module")
def edges():
    return [edge for case in CASES for edge in edges_of(root_of(case), case.name)]


def hold(edge):
    """Check the formulas of an edge: the first has names, the second numbers of few digits."""
    if edge.words:
        assert edge.printed == [edge.words]
        return
    names = {**edge.drawn.params, **{name: x._plain for x, name in edge.story.names.items() if name.isidentifier()}}
    rounded = any(isinstance(x.node, Constant) for x in edge.story.graph.operands(edge.drawn))
    slopes = {edge.story.names[edge.drawn]: edge.story.back.gradients[edge.drawn]}
    for text, relative in zip(edge.printed, (1e-3 if rounded else 1e-6, 2e-2)):
        found = evaluate(text, names, slopes)
        if text is not edge.printed[0] and np.size(found) == 1:
            found = np.reshape(found, np.shape(edge.gradient))  # the number of an array of one element
        if text == "0.0":  # of a gate that is shut everywhere
            found = np.zeros(np.shape(edge.gradient))
        assert_equal_up_to(found, edge.gradient, relative)


# ---------------------------------------------------------------------------------------- all operations


def test_the_player_prints_rules_that_hold(edges):
    for edge in edges:
        try:
            hold(edge)
        except Exception as error:
            raise AssertionError(f"{edge.case}, {edge.op.name}, input {edge.index}: {edge.printed}") from error


#: Rules of several steps, which say nothing rather than something false.
MAY_BE_SILENT = {"svd", "eigh", "qr", "cholesky", "conv2d_relu_max_pool2d", "checkpoint"}


def test_few_rules_say_nothing(edges):
    silent = Counter(edge.op.name for edge in edges if not edge.printed)
    assert sum(silent.values()) < 0.08 * len(edges), silent
    rare = {name: n for name, n in silent.items() if name not in MAY_BE_SILENT}
    assert sum(rare.values()) < 0.04 * len(edges), rare
    for name in ("add", "multiply", "divide", "tanh", "sum", "mean", "var", "matmul", "reshape", "getitem", "softmax"):
        assert silent[name] == 0, name


def test_chains_print_factors_and_rules_that_hold(edges):
    checked = Counter()
    for story in dict.fromkeys(edge.story for edge in edges):
        picture = picture_of_nodes(RecordedGraph(story.root), "chain", 1000, False)
        assert len(picture.boxes) == len(story.nodes)
        labelled = {key: picture.arrows[int(name[1:])] for key, name in story.edges.items()}
        for node, x, gradient in story.arrivals:
            checked[check_label(node, x, story.back.gradients[node], gradient, labelled[x.edge])] += 1
    assert checked["factor"] > 500
    assert checked["rule"] > 200
    assert checked["words"] > 100
    assert checked["range"] > 100


AXES = {"rows": "0", "columns": "1"}


def check_label(node, operand, g, gradient, arrow):
    """Multiply along an edge as its label says."""
    x, (reader, index) = operand.node, operand.edge
    inputs = graph.inputs_to_show(reader)
    factor, _, summed = arrow.label.partition("\n")
    if not factor:
        return "nothing"
    if "…" in factor:
        low, high = (float(part) for part in factor[2:].split(" … "))
        if not summed and np.size(g) and np.all(g != 0):
            assert_equal_up_to([low, high], [np.min(gradient / g), np.max(gradient / g)], 6e-3)
        return "range"
    if factor.startswith("×"):
        d = g * float(factor[2:])
        over = summed.removeprefix("sum over ").removeprefix("axis").removeprefix("axes")
        axes = tuple(int(c) for c in AXES.get(over, over).split(",") if c)
        d = np.sum(d, axes).reshape(np.shape(x._plain)) if summed else d
        assert_equal_up_to(d, gradient, 1e-5)
        return "factor"
    if arrow.label == short_rule_of(reader, index, "g"):
        return "words"
    own = list(inspect.signature(reader.op.rule[0]).parameters) if reader.op.rule else []
    called = own[1 : 2 + len(inputs)] or ["out", *[f"x{k}" for k in range(len(inputs))]]
    inside = dict(zip(called, [reader._plain, *[y._plain for y in inputs]]))
    labels = {y.label: y._plain for y in graph.nodes_of(reader) if y.label}
    names = {**reader.params, **{f"{k}_": v for k, v in inside.items()}, **inside, **labels, "g": g}
    assert_equal_up_to(evaluate(arrow.label, names), gradient, 1e-6)
    return "rule"


def test_the_table_prints_rules_that_hold(edges):
    operations, helpers, held = reference.operations(), reference.helpers(), set()
    for edge in edges:
        op, place = edge.op, 0 if edge.op.variadic else edge.index
        text = rule_texts(op)[place]
        if not text or (op.name in Op.table and op not in operations):  # what the fast room adds
            continue
        rule = (op.rule or (op.variadic_rule,))[place]
        data = [numeric(v) for v in (edge.g, edge.node._plain, *[x._plain for x in edge.inputs])]
        found = evaluate(text, {**helpers, **arguments(rule, data, edge)})
        with np.errstate(all="ignore"):
            expected = edge.inputs[edge.index].fit_gradient(found)
        assert_equal_up_to(expected, edge.gradient, 1e-6)
        held.add((op.name, place))
    said = {(op.name, place) for op in operations for place, text in enumerate(rule_texts(op)) if text}
    assert said - held == set()


def arguments(rule, data, edge):
    """What each name in a rule's text stands for."""
    parameters = inspect.signature(rule).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    names = {**edge.node.params, **dict(zip(positional, data))}
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            names |= {p.name: tuple(data[2:]), "index": edge.index}
        if p.kind is p.VAR_KEYWORD:
            names[p.name] = {k: v for k, v in edge.node.params.items() if k not in positional}
    return names


def test_the_table_calls_nothing_that_is_not_in_it():
    known = {*NAMESPACE, *reference.helpers(), "getattr", "tuple", "slice", "zip", "abs", "int", "isinstance", "range"}
    for op in reference.operations():
        for text in rule_texts(op):
            assert reference.called(text) <= known, op.name


#: Operations of single numbers with a single real number as result.
OF_NUMBERS = {name for name, op in Op.table.items() if op.elementwise and not op.param_names} - {"from_parts"}


@pytest.mark.parametrize("name", sorted(OF_NUMBERS))
@pytest.mark.parametrize("numbers", [(0.4, 0.7), (1.3, 1.3), (0.0, 2.0), (-0.6, -2.0), (2.5, 0.0)])
def test_rules_of_numbers_hold(name, numbers):
    op = Op.table[name]
    leaves = [sg.Value(x, label=f"a{i}") for i, x in enumerate(numbers[: op.arity])]
    root = op(*leaves) * 3.0
    root.label = "R"
    for edge in edges_of(root):
        assert edge.printed or edge.gradient == 0.0 or name in ("sinc", "identity")  # of 0, the number says it all
        hold(edge)


# ---------------------------------------------------------------------------------------------- relatives


def vector(*numbers, label=""):
    return sg.tensor(numbers, requires_grad=True, label=label)


def updated():
    y = vector(1.0, 2.0, 3.0, label="x") * 2.0
    y[1] = vector(5.0, label="w")[0] * 3.0
    y[[0, 2]] *= 2.0
    return (y * y).sum()


def updated_through_views():
    z = sg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True) * 2.0
    for row in z:
        row += sg.Value(3.0, label="w")
    z[0, 1:] = 5.0
    return (z * z).sum()


def in_part_without_gradients():
    x = vector(1.0, 2.0, label="x")
    with sg.no_grad():
        scale = x.sum()
    return (x * scale + x).sum()


@sg.primitive
def softsign(x, scale=1.0):
    return x / (scale + np.abs(x))


softsign.rules(lambda g, out, x, scale: g * scale / (scale + abs(x)) ** 2)
FACTOR = 2.5


@sg.primitive
def scaled(x):
    return x * FACTOR


def scaled_rule(g, out, x):
    if x.ndim == 0:
        return g * FACTOR
    slope = twice(FACTOR) * 0.5
    return g * slope


def twice(x):
    return x * 2


scaled.rules(scaled_rule)


@sg.primitive
def looped(x):
    return x * 3.0


def looped_rule(g, out, x):
    total = 0.0
    for _ in range(3):
        total = total + g
    return total


looped.rules(looped_rule)

HOOKED = {"computed": lambda x, y: y, "given": lambda x, y: x}


def hooked(which):
    x = vector(1.0, 2.0, label="x")
    y = x * x
    HOOKED[which](x, y).register_hook(lambda g: g * 10)
    return (y * 3.0).sum() + x.sum()


def packed():
    A = sg.tensor([[2.0, 0.5], [0.5, 1.0]], requires_grad=True, label="A")
    values, vectors = sg.linalg.eigh(A)
    return values[0] * 2.0 + sg.linalg.svd(A).S[1] + sg.linalg.qr(A).R[0, 1] ** 2 + (vectors[0] ** 2)[1]


GRAPHS = {
    "mean over an axis": lambda: (sg.tensor([[1.0, 2.0, 4.0]], requires_grad=True).mean(axis=1) ** 2).sum(),
    "product of vectors": lambda: vector(1.0, 2.0) @ vector(3.0, 4.0),
    "product with a vector": lambda: (sg.tensor(np.eye(2) + 1, requires_grad=True) @ vector(1.0, 2.0)).sum(),
    "batch times matrix": lambda: (sg.tensor(np.ones((2, 3, 2)), requires_grad=True) @ np.eye(2)).sum(),
    "matrix times batch": lambda: (sg.tensor(np.eye(3), requires_grad=True) @ np.ones((2, 3, 2))).sum(),
    "largest, with ties": lambda: vector(3.0, 1.0, 3.0).max(),
    "joined": lambda: (sg.concatenate([vector(1.0), vector(2.0, 3.0)]) ** 2).sum(),
    "broadcast": lambda: (sg.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True) * vector(1.0, 2.0, 3.0)).sum(),
    "broadcast column": lambda: (sg.tensor([[1.0], [2.0]], requires_grad=True) * vector(1.0, 2.0, 3.0)).sum(),
    "number and array": lambda: (sg.Value(2.0) ** 2 * vector(1.0, 3.0)).sum(),
    "several results": packed,
    "updated in place": updated,
    "updated through views": updated_through_views,
    "without gradients": in_part_without_gradients,
    "branch not taken": lambda: sg.sqrt(sg.relu(vector(-1.0, 4.0))).sum(),
    "masked": lambda: sg.where(np.array([True, False]), sg.sqrt(vector(1.0, 0.0)), 0.0).sum(),
    "user-defined": lambda: softsign(vector(0.5, -2.0), scale=2.0).sum(),
    "user-defined, with branches": lambda: scaled(vector(0.5, -2.0)).sum(),
    "user-defined, with a loop": lambda: looped(vector(0.5, -2.0)).sum(),
    "checkpoint": lambda: sg.checkpoint(lambda x: x * x, vector(1.0, 2.0)).sum(),
    "hook": lambda: hooked("computed"),
    "hook of a leaf": lambda: hooked("given"),
    "one element": lambda: sg.tensor([[2.0]], requires_grad=True) ** 3,
    "float32": lambda: (vector(1.0, 2.0).astype(np.float32).mean() * 3.0) ** 2,
    "large": lambda: (sg.relu(sg.tensor(np.linspace(-1, 1, 90_000), requires_grad=True)) ** 2).mean(),
    "infinite slope": lambda: sg.sqrt(vector(0.0, 1.0)).sum(),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_rules_hold_where_more_happens_than_a_rule(name):
    root = GRAPHS[name]()
    root.label = "R"
    found = edges_of(root)
    for edge in found:
        hold(edge)
    shown = {edge.op.name for edge in found if edge.printed}
    assert shown if name != "checkpoint" else "checkpoint" not in shown
    assert "looped" not in shown


@pytest.mark.parametrize(
    "name", ["mean over an axis", "largest, with ties", "joined", "several results", "updated in place"]
)
def test_single_numbers_of_arrays_have_factors_that_hold(name):
    root = GRAPHS[name]()
    recorded = expand(RecordedGraph(root))
    recorded.root.label = "R"
    story = Story(recorded)
    steps = [step for step in story.steps if step.edges and step.phase == "backward"]
    for step, (_, _, gradient) in zip(steps, story.arrivals, strict=True):
        for text in formulas(step)[1:]:
            assert_equal_up_to(evaluate(text, {}), gradient, 1e-4)
    assert any(" * " in step.text for step in steps)


@pytest.mark.parametrize("which", HOOKED)
def test_a_hook_that_replaces_a_gradient_is_a_step(which):
    root = hooked(which)
    story = sg.play(root).story
    steps = [step for step in story.steps if step.note.startswith("A hook replaced the gradient of ")]
    assert len(steps) == 1
    x = next(x for x in story.nodes if x.label == "x")
    root.backward()
    assert story.steps[-1].text == f"dout/dx = {[float(v) for v in x.grad]}"
    picture = sg.draw(root, show="grads").picture
    box = next(box for box in picture.boxes if box.name == "x")
    assert box.gradient == [str([float(v) for v in x.grad])]


def test_names_that_look_like_sums_are_closed_in_formulas():
    a, b = sg.Value(2.0, label="p - q"), sg.Value(3.0, label="r/s")
    texts = [step.text for step in sg.play(a * b / a).story.steps]
    assert texts[1].startswith("v1 = (p - q) * (r/s)")
    assert "dout/d(r/s) = dout/dv1 * (p - q) =" in "\n".join(texts)


def test_rules_on_edges_name_the_other_operand_as_the_drawing_does():
    g, x = vector(1.0, 2.0, label="g"), vector(3.0, 4.0, label="p - q")
    labels = [arrow.label for arrow in sg.draw(g @ x, show="chain").picture.arrows]
    assert labels == ["grad * (p - q)", "grad * g"]
    y = vector(1.0, 2.0, label="y")
    labels = [arrow.label for arrow in sg.draw(y @ (y * 2.0).tanh(), show="chain").picture.arrows]
    assert labels[-2:] == ["g * (tanh)", "g * y"]


def test_what_was_computed_under_no_grad_is_said_to_be():
    note = sg.play(in_part_without_gradients()).story.steps[0].note
    assert note == "Nothing is computed yet. v1: sum was computed under no_grad."


def test_a_primitive_of_any_number_of_inputs_can_be_played():
    @sg.primitive
    def total(*xs):
        return sum(xs)

    total.rules(lambda g, out, *xs, index: g)
    root = (total(vector(1.0, 2.0), vector(3.0, 4.0)) ** 2).sum()
    root.label = "R"
    assert [edge.printed for edge in edges_of(root)][-2:] == [["dR/dv3"], ["dR/dv3"]]


def test_a_broadcast_edge_says_over_which_axes_it_adds_up():
    x = sg.tensor(np.ones((2, 3)), requires_grad=True, label="x")
    b, v = sg.tensor([[1.0], [2.0]], requires_grad=True, label="b"), sg.Value(1.0, label="v")
    picture = sg.draw(((x + b) + v).sum(), show="chain").picture
    names = {box.key: box.name for box in picture.boxes}
    labels = {names[arrow.tail]: arrow.label for arrow in picture.arrows}
    assert labels["x"] == "× 1.0"
    assert labels["b"] == "× 1.0\nsum over columns"
    assert labels["v"] == "× 1.0\nsum over axes 0, 1"
