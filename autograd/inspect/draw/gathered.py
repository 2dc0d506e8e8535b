"""Which nodes of a graph are drawn: sums and products of many terms as one, small constants inside their operation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....common.quiet import quiet
from ...core.node import Constant, Node
from .graph_reading import inputs_to_show, local_derivative, nodes_of

#: Constants of up to so many elements are written as their numbers, inside the operation that reads them.
SPELLED_OUT = 6

#: Operations that make one drawn node with those of the same kind that they read: the sign of each input of a sum.
_SIGNS = {"add": (1, 1), "subtract": (1, -1)}


#: Notes of nodes whose value or gradient someone has asked for.
_STANDS_OUT = {"label", "hooks", "retain"}


@dataclass(frozen=True)
class Operand:
    """One thing that a drawn node reads.

    Attributes
    ----------
    node : Node
        What is read.
    edge : tuple of (Node, int)
        The edge of the engine's graph along which a gradient reaches it: a reader, and the position of its input.
    sign : int
        -1 for a term that is subtracted.
    """

    node: Node
    edge: tuple[Node, int]
    sign: int = 1

    @property
    def inside(self) -> bool:
        """Whether it is written inside the operation, as the 3 in ``3 * x``, instead of having a box of its own."""
        return is_spelled_out(self.node)


def is_spelled_out(node: Node) -> bool:
    """Return whether a node is a constant of few numbers."""
    return isinstance(node, Constant) and 1 <= np.size(node._plain) <= SPELLED_OUT


class GatheredGraph:
    """The nodes of a graph that are drawn, and what each of them reads.

    An unnamed sum that is read only by another sum is a part of that one, and so is a product in a product: the
    gradients of all operands are those of the engine.

    Parameters
    ----------
    root : Node
        The result.
    named : mapping
        Names that replace those of the nodes themselves; what has a name is drawn by itself.

    Attributes
    ----------
    nodes : list of Node
        Those that are drawn, each after what it reads.
    """

    def __init__(self, root: Node, named: Mapping[Node, str] | None = None) -> None:
        self.root = root
        everything = nodes_of(root)
        edges = [x for node in everything if node.op is not None for x in inputs_to_show(node)]
        readings = Counter(edges)
        names = named or {}
        self._parts: set[Node] = set()
        for node in everything:
            for x in inputs_to_show(node) if kind_of_term(node) else ():
                plain = not names.get(x) and not _STANDS_OUT & (x.notes or {}).keys()
                if plain and readings[x] == 1 and kind_of_term(x) == kind_of_term(node) and _alike(x, node):
                    self._parts.add(x)
        self.nodes: list[Node] = [x for x in everything if x not in self._parts and not is_spelled_out(x)] or [root]
        self._operands: dict[Node, tuple[Operand, ...]] = {}

    def operands(self, node: Node) -> tuple[Operand, ...]:
        """Return what a drawn node reads, in order, with the constants inside it."""
        if node not in self._operands:
            self._operands[node] = tuple(self._read(node)) if node.op is not None else ()
        return self._operands[node]

    def inputs(self, node: Node) -> tuple[Operand, ...]:
        """Return the operands of a drawn node that have boxes of their own."""
        return tuple([x for x in self.operands(node) if not x.inside])

    def parts(self, node: Node) -> list[Node]:
        """Return the nodes of the engine's graph that a drawn node consists of besides itself, the newest first."""
        found, todo = list[Node](), [node]
        while todo:
            own = [x for x in inputs_to_show(todo.pop()) if x in self._parts]
            found += own
            todo += own
        return sorted(found, key=lambda x: -x.number)

    def local_derivative(self, node: Node, operand: Operand) -> Any:
        """Return the factor of the chain rule from a drawn node to one of its operands; None if there is none."""
        kind = kind_of_term(node)
        if kind == "+":
            return float(operand.sign)
        if kind == "*":
            with quiet():
                return math.prod(x.node._plain for x in self.operands(node) if x is not operand)
        return local_derivative(*operand.edge)

    def _read(self, node: Node) -> list[Operand]:
        found = []
        todo: list[tuple[Node | Operand, int]] = [(node, 1)]
        while todo:  # the first operand is on top
            x, sign = todo.pop()
            if isinstance(x, Operand):
                found.append(x)
                continue
            inputs = inputs_to_show(x)
            signs = _SIGNS.get(x.op.name, ()) or (1,) * len(inputs)
            for i in reversed(range(len(inputs))):
                its_sign = sign * (signs[i] if i < len(signs) else 1)
                part = inputs[i] in self._parts
                todo.append((inputs[i], its_sign) if part else (Operand(inputs[i], (x, i), its_sign), 1))
        return found


def kind_of_term(node: Node) -> str:
    """Return ``"+"`` for a sum or difference, ``"*"`` for a product, or an empty text."""
    op = node.op
    if op is None or any(factor != 1.0 for factor in getattr(op, "factors", ())):
        return ""
    return "+" if op.name in _SIGNS else "*" if op.name == "multiply" else ""


def _alike(x: Node, node: Node) -> bool:
    """Return whether nothing but the operation lies between two nodes: no broadcasting, no change of type."""
    one, other = x._plain, node._plain
    return type(one) is type(other) and (isinstance(one, float) or (one.shape, one.dtype) == (other.shape, other.dtype))
