"""The program that a player's page runs: all values and gradients of a graph as a list of plain operations.

The recorded graph is computed once more inside a trace, and the derivative rules of its operations after it, in the
order of the player's steps. So every number that the page shows is a variable of one program, and the rules are those
of the engine.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....common.plain_data import is_complex
from ....common.quiet import quiet
from ...compile.passes.pipeline import simplified
from ...compile.program import Program, Stage
from ...compile.trace import Trace
from ...core.node import Constant, Node, data_of
from ...ops.indexing import stable_order
from ...ops.pooling import window_max
from ...ops.questions import compared
from ...ops.reductions import mean, var
from ..draw.gathered import kind_of_term
from ..draw.graph_reading import inputs_to_show, nodes_of, root_gradient
from ..draw.scalar_zoom import ScalarPart

#: Rules of these operations ask whether a number is at an edge; the way for the edge is right for all numbers.
_EDGES = ("power", "hypot", "arctan2")


class UnplayableError(Exception):
    """Why a page cannot compute a graph; the message is a sentence."""


@dataclass
class PageProgram:
    """A program, and what its variables mean.

    Attributes
    ----------
    program : Program
        Of one stage.
    leaves : dict of Node to int
        The variable of each leaf.
    places : dict of str to int
        The variable of each source of the player's slots.
    conditions : list of (int, bool)
        Variables, and what they must be: for other numbers the engine's rules would go other ways.
    kept : list of Node
        What was chosen by numbers outside of the graph: it stays as it was recorded.
    chooses : bool
        Whether elements are left out somewhere. There the engine's gradient is 0, whatever arrives; the program has no
        such masks, and holds as long as all gradients are finite.
    """

    program: Program
    leaves: dict[Node, int]
    places: dict[str, int]
    conditions: list[tuple[int, bool]]
    kept: list[Node]
    chooses: bool


def page_program(story: Any) -> PageProgram:
    """Return the program of a player's story.

    Parameters
    ----------
    story : Story

    Raises
    ------
    UnplayableError
        If the page cannot do what the graph does.
    """
    nodes = nodes_of(story.root)
    for node in nodes:
        _check(node, story)
    trace = _Trace()
    with quiet(), trace:
        pass_ = _Pass(story, trace)
        pass_.forward(nodes)
        if story.root.requires_grad:
            pass_.backward()
        if trace.why_not:
            raise UnplayableError(f"{trace.why_not[0].upper()}{trace.why_not[1:]}.")
        return pass_.result()


def _check(node: Node, story: Any) -> None:
    """Raise UnplayableError for a node that no page computes."""
    name = story.names.get(node, node.label)
    data, op = node._plain, node.op
    if is_complex(data) or (hasattr(data, "dtype") and data.dtype.kind == "f" and data.dtype.itemsize not in (4, 8)):
        raise UnplayableError(f"The page computes with float32 and float64 alone, and {name} is {data.dtype}.")
    if "hooks" in (node.notes or {}):
        raise UnplayableError(f"The hook of {name} is code of its own.")
    if isinstance(op, ScalarPart) and not op.is_weighted_sum:
        raise UnplayableError(
            f"At zoom='scalars' {op.title} is not computed by its elements; zoom='ops' shows it live."
        )
    if op is not None and op.user_defined:
        raise UnplayableError(f"The operation {op.title} is code of its own.")


class _Trace(Trace):
    """A trace in which the rules of some operations take the way that is right for all numbers."""

    at_edge = False

    def decide(self, node: Any) -> bool:
        """Answer a question of a rule; another one is a condition of the program."""
        return True if self.at_edge else super().decide(node)


class _Pass:
    """Computes a graph forward and backward inside of a trace."""

    def __init__(self, story: Any, trace: _Trace) -> None:
        self.story, self.trace = story, trace
        self.new: dict[Node, Any] = {}
        self.leaves: dict[Node, int] = {}
        self.places: dict[str, int] = {}
        self.kept: list[Node] = []
        self.params: dict[Node, Mapping[str, Any]] = {}

    def forward(self, nodes: list[Node]) -> None:
        """Compute all nodes."""
        for node in nodes:
            if node.op is not None:
                self.new[node] = self._computed(node)
            elif node in self.story.keys:
                self.new[node] = self.trace.argument(node._plain)
                self.leaves[node] = self.trace.inputs[-1]
            else:
                self.new[node] = node._plain
            if node in self.story.keys:
                self._place(f"v{self.story.keys[node][1:]}", self.new[node])

    def _computed(self, node: Node) -> Any:
        xs = [self.new[x] for x in inputs_to_show(node)]
        if isinstance(node.op, ScalarPart):
            terms = [x * factor for x, factor in zip(xs, node.op.factors)]
            return sum(terms[1:], terms[0])
        chosen = _CHOICES[node.op.name](node, xs) if node.op.name in _CHOICES else {}
        if chosen is None:
            self.kept.append(node)
        self.params[node] = {**node.params, **(chosen or {})}
        return node.op(*xs, **self.params[node])

    def backward(self) -> None:
        """Compute the gradients of all nodes, edge by edge, in the order of the player's steps."""
        story, graph = self.story, self.story.graph
        gradients: dict[Node, Any] = {story.root: root_gradient(story.root)}
        self._place(f"g{story.keys[story.root][1:]}", gradients[story.root])
        for drawn in reversed(story.nodes):
            for node in [drawn, *graph.parts(drawn)]:
                if node.op is None or node not in gradients:
                    continue
                for place, d in self._propagated(node, gradients[node]):
                    x = inputs_to_show(node)[place]
                    gradients[x] = gradients[x] + d if x in gradients else d
                    edge = story.edges.get((node, place))
                    if edge is not None:
                        self._place(f"a{edge[1:]}", d)
                        self._place(f"s{edge[1:]}", gradients[x])
            for operand in graph.inputs(drawn):
                self._note_factor(drawn, operand)

    def _propagated(self, node: Node, g: Any) -> list[tuple[int, Any]]:
        """Return what a node adds to the gradients of its inputs, by their places."""
        xs = inputs_to_show(node)
        return [(place, x.fit_gradient(self._rule(node, place, g))) for place, x in enumerate(xs) if x.requires_grad]

    def _rule(self, node: Node, place: int, g: Any) -> Any:
        """Return what the derivative rule of an input gives."""
        xs = inputs_to_show(node)
        values = [self.new[x] for x in xs]
        if not node.op.elementwise:
            values = self.trace.as_data_for(node.op, values)
        if isinstance(node.op, ScalarPart):
            return g * node.op.factors[place]
        self.trace.at_edge = node.op.name in _EDGES
        try:
            with self.trace.pulling_back():
                return node.op.rules_for(xs)[place](g, self.new[node], *values, **self.params[node])
        finally:
            self.trace.at_edge = False

    def _note_factor(self, node: Node, operand: Any) -> None:
        """Compute the local derivative on an edge, if it is a factor."""
        graph, kind = self.story.graph, kind_of_term(node)
        between_numbers = np.size(node._plain) == np.size(operand.node._plain) == 1 and operand.node.requires_grad
        if graph.local_derivative(node, operand) is None and not between_numbers:
            return
        source = f"f{self.story.edges[operand.edge][1:]}"
        if kind == "+":
            self._place(source, float(operand.sign))
        elif kind == "*":
            others = [self.new[x.node] for x in graph.operands(node) if x is not operand]
            product: Any = others[0]
            for other in others[1:]:
                product = product * other
            self._place(source, product)
        else:
            reader, place = operand.edge
            slope = self._rule(reader, place, root_gradient(reader))
            self._place(source, operand.node.fit_gradient(slope) if between_numbers else slope)

    def _place(self, source: str, data: Any) -> None:
        self.places[source] = self.trace.reference(data).number

    def result(self) -> PageProgram:
        """Return the program, without what is computed twice."""
        trace = self.trace
        if not all(isinstance(c.answer, bool) for c in trace.conditions):
            raise UnplayableError("An operation of the graph looks at the numbers of an array.")
        outputs = (*self.places.values(), *[c.variable for c in trace.conditions])
        stage = Stage(tuple(trace.inputs), list(trace.instructions), outputs)
        program = simplified(Program(trace.variables, trace.constants, [stage]))
        found = program.stages[0].outputs
        answers = [bool(c.answer) for c in trace.conditions]
        return PageProgram(
            program,
            self.leaves,
            dict(zip(self.places, found)),
            list(zip(found[len(self.places) :], answers)),
            self.kept,
            any(node.op.chooses for node in self.params),
        )


# ----------------------------------------------------------------------------------------------- choices

Chosen = dict[str, Any] | None


def _winners(node: Node, xs: list[Any]) -> Chosen:
    """Return the winners of a max pool, if that is what was recorded."""
    window = {name: node.params[name] for name in ("kernel", "stride", "padding")}
    recorded = window_max.compute(inputs_to_show(node)[0]._plain, **window)[1]
    if not np.array_equal(recorded, node.params["winners"]):
        return {}
    return {"winners": window_max(data_of(xs[0]), **window)[1]}


def _moments(node: Node, xs: list[Any]) -> Chosen:
    axes = tuple(range(node._plain.ndim - 1))
    return {"moments": (mean(xs[0], axes), var(xs[0], axes))}


def _order(node: Node, xs: list[Any]) -> Chosen:
    """Return the index by which an array is sorted, if the recorded one sorts it; any other index stays."""
    index, data = node.params["index"], inputs_to_show(node)[0]._plain
    if not (isinstance(index, tuple) and len(index) == data.ndim and all(isinstance(i, np.ndarray) for i in index)):
        return {}
    for axis, part in enumerate(index):
        others = [(i, other) for i, other in enumerate(index) if i != axis]
        if part.shape != data.shape or any(other.shape != _grid_shape(data, i) for i, other in others):
            continue
        if np.array_equal(part, np.argsort(data, axis=axis, kind="stable")):
            return {"index": (*index[:axis], stable_order(data_of(xs[0]), axis), *index[axis + 1 :])}
    return {}


def _grid_shape(data: Any, axis: int) -> tuple[int, ...]:
    return tuple([n if i == axis else 1 for i, n in enumerate(data.shape)])


_COMPARISONS = (operator.gt, operator.ge, operator.lt, operator.le)


def _condition(node: Node, xs: list[Any]) -> Chosen:
    """Return the condition of a function that is given by cases, as ``where(x > 0, x, 0.1 * x)``; None for others.

    It was computed from plain data, outside of the graph. It counts as that of such a function if one side is ``x`` or
    both are computed from ``x``, and if it agrees with a comparison of ``x`` with 0.
    """
    condition, sides = np.asarray(node.params["condition"]), inputs_to_show(node)
    for place, other in ((0, 1), (1, 0)):
        x = sides[place]
        if isinstance(x, Constant) or np.shape(x._plain) != condition.shape or not _reads(sides[other], x):
            continue
        for compare in _COMPARISONS:
            if np.array_equal(compare(x._plain, 0), condition):
                return {"condition": compared(compare, data_of(xs[place]), 0.0)}
    return None


def _reads(node: Node, x: Node) -> bool:
    """Return whether a node is computed from another one, by few operations and from nothing else but constants."""
    leaves = {y for y in nodes_of(node) if y.op is None or y is x}
    own = set(nodes_of(x))
    if isinstance(node, Constant):
        return np.size(x._plain) > 1 and bool(np.all(node._plain == 0))
    return x in leaves and all(y is x or y in own or isinstance(y, Constant) for y in leaves)


_CHOICES = {"where": _condition, "window_take": _winners, "getitem": _order, "batch_norm": _moments}
