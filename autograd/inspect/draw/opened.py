"""What a box of a drawing opens into: the operations of a module, the numbers of an operation on small arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....common.plain_data import is_complex
from ...core.backward import backprop
from ...core.node import Constant, Node, data_of
from ...core.recording import record, recording
from ...tensor import tensor
from ...value import Value
from .graph_reading import inputs_to_show
from .nodes_picture import picture_of_nodes
from .picture import Picture
from .recorded_graph import RecordedGraph
from .scalar_zoom import ScalarPart, expand
from .unfused import unfused

#: A box opens into at most so many boxes; more cannot be read beside what surrounds them.
MOST_BOXES = 60

#: The numbers of a module with more parameters and results than this are not kept, in case its box is opened.
_MOST_KEPT = 4_000_000


@dataclass
class Piece:
    """A part of a graph as a graph of its own, and which of its nodes stands for which.

    Attributes
    ----------
    root : Node
        The result.
    copies : dict
        For each node of the whole graph between ``ends`` and the result its copy, which has the same numbers.
    """

    root: Node
    copies: dict[Node, Node]


def piece_of(root: Node, ends: Iterable[Node]) -> Piece:
    """Return the part of a graph that leads from some nodes to a result.

    Leaves get data of their own: a picture that is made later shows what the numbers are now.
    """
    computed, leaves = _between(root, set(ends))
    copies: dict[Node, Node] = {x: _leaf(x) for x in leaves}
    with recording():
        for node in sorted(computed, key=lambda node: node.number):
            inputs = tuple([copies[x] for x in inputs_to_show(node)])
            copies[node] = record(node.op, node._plain, inputs, node.params)
            copies[node].label = node.label
            copies[node]._grad = node._grad
    return Piece(copies[root], copies)


def _between(root: Node, ends: set[Node]) -> tuple[list[Node], list[Node]]:
    """Return what is computed between some nodes and a result, and what that is computed from."""
    computed, leaves = [], []
    seen, todo = {root}, [root]
    while todo:
        node = todo.pop()
        if node.op is None or (node in ends and node is not root):
            leaves.append(node)
            continue
        computed.append(node)
        new = dict.fromkeys(x for x in inputs_to_show(node) if x not in seen)
        seen.update(new)
        todo += new
    return computed, leaves


def _leaf(x: Node) -> Node:
    if isinstance(x, Constant):
        return x
    data = x._plain
    copy = Value(data) if isinstance(data, float) else tensor(data.copy())
    copy.requires_grad = x.requires_grad
    copy.label, copy._grad = x.label, x._grad
    return copy


# --------------------------------------------------------------------------------------------------- numbers


def numbers_of(
    node: Node, operands: Iterable[Node], gradients: Mapping[Node, Any], name_of: Callable[[Node], str]
) -> Callable[[], Picture] | None:
    """Return what draws each number of an operation on small arrays as a box; None if it is not one.

    The picture is empty if the operation only moves numbers.

    Parameters
    ----------
    node : Node
        The result of the operation.
    operands : iterable of Node
        What it reads.
    gradients : mapping
        The gradients that the drawing shows.
    name_of : callable
        Gives the name of a node, or an empty text.
    """
    arrays = [node, *operands]
    sizes = [np.size(x._plain) for x in arrays]
    if node.op is None or isinstance(node.op, ScalarPart) or max(sizes) == 1 or not 0 < sum(sizes) <= MOST_BOXES:
        return None
    if any(is_complex(x._plain) for x in arrays) or min(sizes) == 0:
        return None
    piece = piece_of(node, arrays[1:])
    for x, copy in piece.copies.items():
        copy._grad = gradients.get(x)
    names = {piece.copies[x]: name_of(x) or ("x" if len(arrays) == 2 else f"x{i}") for i, x in enumerate(arrays[1:])}
    recorded = RecordedGraph(piece.root, names, dict.fromkeys(names, "input"))
    return lambda: _picture_of_numbers(recorded)


def _picture_of_numbers(recorded: RecordedGraph) -> Picture:
    seed = recorded.root._grad
    expanded = expand(recorded)
    root = expanded.root
    several = np.size(recorded.root._plain) > 1
    if seed is not None and root.requires_grad:
        array = np.asarray(data_of(seed), dtype=np.float64).ravel()
        for node, gradient in backprop(root, array if several else float(array[0]), keep=True).items():
            if node.op is not None:
                node._grad = gradient
    picture = picture_of_nodes(expanded, "values", 2 * MOST_BOXES, fold=False)
    if several:  # the last box only gathers the numbers of the result
        gathers = picture.boxes.pop()
        found = {arrow.tail for arrow in picture.arrows if arrow.head == gathers.key}
        picture.arrows = [arrow for arrow in picture.arrows if arrow.head != gathers.key]
        for box in picture.boxes:
            box.is_root = box.key in found
    picture.notes = []
    return picture if picture.arrows else Picture()  # numbers that are only moved have no parts


# ------------------------------------------------------------------------------------------------- operations


def operations_of(result: Any, arguments: Iterable[Any], names: Mapping[Node, str]) -> Callable[[], Picture] | None:
    """Return what draws the operations of a module between its arguments and its result; None if there are none.

    Parameters
    ----------
    result : Any
        What the module returned.
    arguments : iterable
        What it was called with.
    names : mapping
        The names of parameters.
    """
    ends = dict.fromkeys(x for x in arguments if isinstance(x, Node))
    if not isinstance(result, Node) or result.op is None or result in ends:
        return None
    computed, leaves = _between(result, set(ends))
    if sum(np.size(x._plain) for x in computed + leaves) > _MOST_KEPT:
        return None
    piece = piece_of(result, ends)
    root = unfused(piece.root)
    given = {piece.copies[x]: x.label or "input" for x in ends if x in piece.copies}
    named = {piece.copies[x]: name for x, name in names.items() if x in piece.copies}
    recorded = RecordedGraph(root, named | given, dict.fromkeys(given, "input"))
    picture = picture_of_nodes(recorded, "values", MOST_BOXES, None, numbers_of)
    picture.notes = []
    return lambda: picture
