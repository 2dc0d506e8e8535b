"""Derivative rules of single numbers, traced once for all nodes that have the same operation.

A graph of Values has as many nodes as there are numbers. What its rules do depends on the operation, and on which
inputs are variables, which constants. So each rule is traced once, on numbers of its own, and its instructions are a
template: for every further node they are written down with other variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..core.backward import inputs_of
from ..core.node import NO_PARAMS, Constant, Node, clock, fill
from ..ops.elementwise import add
from ..value import Value
from .passes.rewriting import with_refs
from .program import Instruction, Ref, Variable, with_data
from .stand_ins import TracedNumber

#: So many templates are made; rules that depend on the numbers of ever more constants are traced each time.
MOST = 1000

#: Returns the inputs of a node that require gradients, with their gradients, by tracing its rules.
Rules = Callable[[Any, Any], "list[tuple[Any, Any]]"]


class Pulled(NamedTuple):
    """A gradient that is a single number: its variable, and what it is at the moment."""

    place: int
    data: float


class RuleLine(NamedTuple):
    """One instruction of a template: its arguments, and the Refs in its parameters, are places in a list."""

    operation: Any
    arguments: tuple[int, ...]
    params: Mapping[str, Any]


class Template(NamedTuple):
    """What the rules of an operation write down.

    Attributes
    ----------
    constants : list of int
        The variables of numbers that the rules bring along; in the list of places they follow after the gradient, the
        result and the inputs.
    lines : list of RuleLine
        Each adds its result to the list of places.
    gradients : list of (int, int or float)
        The numbers of inputs, and the places of their gradients in the list, or constants.
    """

    constants: list[int]
    lines: list[RuleLine]
    gradients: list[tuple[int, Any]]


class RuleTemplates:
    """The templates of one trace.

    Parameters
    ----------
    trace : Trace
    rules : callable
        Traces the rules of a node.
    recorded : bool
        Whether gradients are to be differentiated again: then every node has its rules traced.
    """

    def __init__(self, trace: Any, rules: Rules, recorded: bool) -> None:
        self.trace = trace
        self.rules = rules
        self.recorded = recorded
        self.kept: dict[Any, Template | None] = {}
        self.nodes: dict[int, Any] = {}

    def input_gradients(self, node: Any, g: Any) -> list[tuple[Any, Any]]:
        """Return the inputs of a node that require gradients, with their gradients."""
        plain = node.__class__ is Value and not node.params and node.op.elementwise and not node.op.user_defined
        if plain and not self.recorded:
            pulled = self._light(g)
            if pulled is not None and (found := self._by_template(node, pulled)) is not None:
                return found
        with self.trace.pulling_back():
            return self.rules(node, self.heavy(g))

    def heavy(self, g: Any) -> Any:
        """Return a gradient as a node, the same one each time."""
        if g.__class__ is not Pulled:
            return g
        if g.place not in self.nodes:
            self.nodes[g.place] = self.trace.stand_in(g.data, g.place)
        return self.nodes[g.place]

    def _light(self, g: Any) -> Any:
        """Return a gradient that is a single number without a node; None if it is none."""
        if g.__class__ is Pulled or g.__class__ is float:
            return g
        place = self.trace.place_of(g) if g.__class__ is TracedNumber else None
        return None if place is None or place in self.trace.constants else Pulled(place, g._plain)

    def sum(self, x: Any, y: Any) -> Any:
        """Return the sum of two gradients."""
        if x.__class__ is y.__class__ is Pulled:
            trace, data = self.trace, x.data + y.data
            return Pulled(trace.add(add, (trace.refs[x.place], trace.refs[y.place]), NO_PARAMS, data), data)
        return self.heavy(x) + self.heavy(y)

    # ---------------------------------------------------------------------------------------- templates

    def _by_template(self, node: Any, g: Any) -> list[tuple[Any, Any]] | None:
        """Write down the rules of a node; None if there is no template for it."""
        trace, op, inputs = self.trace, node.op, inputs_of(node)
        given = [g, node, *inputs]
        key: list[Any] = [op]
        places: list[Any] = []
        data: list[Any] = []
        for x in given:
            plain = x._plain if isinstance(x, Node) else x.data if x.__class__ is Pulled else x
            place = x.place if x.__class__ is Pulled else trace.place_of(x)
            if plain.__class__ is not float:
                return None
            if place is not None and place not in trace.constants:
                key.append(x is not g and x._tracked)
            elif x is node:
                return None
            elif op.poles:  # what the rules do may depend on the number
                key.append(repr(plain))
            else:
                key.append("constant")
                place = trace.reference(x).number
            places.append(place)
            data.append(plain)
        kinds = tuple(key)
        if kinds not in self.kept:
            self.kept[kinds] = self._template(node, kinds[1:], data) if len(self.kept) < MOST else None
        template = self.kept[kinds]
        if template is None:
            return None
        places += template.constants
        data += [trace.constants[number] for number in template.constants]
        self._write(template.lines, places, data)
        found = []
        for number, at in template.gradients:
            d = at if at.__class__ is float else g if not at else Pulled(places[at], data[at])
            found.append((inputs[number], d))
        return found

    def _write(self, lines: list[RuleLine], places: list[int], data: list[Any]) -> None:
        """Write down instructions, and compute their results."""
        trace, refs = self.trace, self.trace.refs
        for operation, arguments, params in lines:
            if params:
                computed = operation.compute(*[data[i] for i in arguments], **with_data(params, data))
                params = with_refs(params, {i: refs[place] for i, place in enumerate(places) if place is not None})
            else:
                computed = operation.compute(*[data[i] for i in arguments])
            places.append(trace.add(operation, tuple([refs[places[i]] for i in arguments]), params, computed))
            data.append(computed)

    def _template(self, node: Any, kinds: tuple[Any, ...], data: list[float]) -> Template | None:
        """Trace the rules on numbers of their own; None if they are no template for others."""
        trace = self.trace
        begun, asked = len(trace.instructions), len(trace.conditions)
        g, *inputs = [self._probe(kind, x) for kind, x in zip((kinds[0], *kinds[2:]), (data[0], *data[2:]))]
        g = g._plain if g.__class__ is Constant else g
        probe = self._named(Value, data[1], node.op, tuple(inputs))
        with trace.pulling_back():
            found = self.rules(probe, g)
        written, questions = trace.instructions[begun:], trace.conditions[asked:]
        del trace.instructions[begun:], trace.conditions[asked:]
        if questions:
            return None
        return self._described(written, [g, probe, *inputs], found)

    def _described(self, written: list[Instruction], given: list[Any], found: list[Any]) -> Template | None:
        """Return instructions and gradients with places in a list in the place of variables."""
        trace = self.trace
        at = {trace.places[x][0]: i for i, x in enumerate(given) if isinstance(x, Node) and x in trace.places}
        results = {n for instruction in written for n in instruction.results}
        constants = list(dict.fromkeys([n for i in written for n in i.reads() if n not in at and n not in results]))
        at |= {n: i for i, n in enumerate((*constants, *[n for i in written for n in i.results]), len(given))}
        lines = []
        for i in written:
            plain = all(x.__class__ is Ref for x in i.arguments) and len(i.results) == 1
            if not plain or getattr(i.operation, "always", False) or not _is_number(trace.variables[i.results[0]]):
                return None
            places = {n: Ref(at[n]) for n in i.reads()}
            lines.append(RuleLine(i.operation, tuple([at[x.number] for x in i.arguments]), with_refs(i.params, places)))
        if any(n not in trace.constants for n in constants):
            return None
        order, gradients = {id(x): i for i, x in enumerate(given[2:])}, []
        for x, d in found:
            place = trace.place_of(d) if isinstance(d, Node) else None
            if place not in at and (place is not None or d.__class__ is not float):
                return None
            gradients.append((order[id(x)], d if place is None else at[place]))
        return Template(constants, lines, gradients)

    def _probe(self, kind: Any, data: float) -> Any:
        """Return what the rules are traced on: a Value, a stand-in, or a constant."""
        if kind.__class__ is bool:
            return self._named(Value if kind else TracedNumber, data, None, ())
        return self._named(TracedNumber, data, None, ()) if kind == "constant" else Constant(data)

    def _named(self, kind: type[Any], data: float, op: Any, inputs: tuple[Any, ...]) -> Any:
        """Return a node with a variable of its own."""
        node = object.__new__(kind)
        fill(node, data, op, inputs, NO_PARAMS, kind is Value, clock())
        return self.trace.name(node, self.trace.variable(data))


def _is_number(variable: Variable) -> bool:
    return variable.dtype is None or (variable.dtype == bool and variable.shape == ())
