"""What an operation is called in a drawing: as its user wrote it, or would say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from ...core.node import Node
from .formula import atom, forward_text
from .gathered import GatheredGraph, Operand, kind_of_term
from .graph_reading import inputs_to_show
from .literals import is_static
from .readable import number_text
from .slots import closed, is_slot

#: In the place of an operand that has no name.
DOT = "·"

#: Formulas that are written with signs alone, such as ``x * y`` or ``1 / x``; others have a name.
WITH_SIGNS = re.compile(r"[xy\d\s@|()*/%+-]+")

_LONGEST_TITLE = 28

#: Of the terms of a longer sum or product, the first and the last ones are written.
_MOST_TERMS = 6

#: Operations whose operands are told apart by their places alone.
_ORDERED = ("-", "/", "@", "**", "//", "%")


def title(graph: GatheredGraph, node: Node, name_of: Callable[[Node], str]) -> str:
    """Return the operation of a node for its box: a sign, a few words, or what is done with constants.

    Parameters
    ----------
    graph : GatheredGraph
    node : Node
    name_of : callable
        Gives the name of a node, or an empty text.
    """
    op, operands = node.op, graph.operands(node)
    if op is None:
        return ""
    words = in_own_words(node)
    if words:
        return words
    symbol = kind_of_term(node) or op.symbol
    constant = any(x.inside for x in operands)
    subtracts = any(x.sign < 0 for x in operands)
    if not constant and not subtracts and not (symbol in _ORDERED and len(operands) > 1):
        return str(op.title if symbol.isidentifier() else symbol)
    names = [number_text(x.node._plain) if x.inside else name_of(x.node) or DOT for x in operands]
    if not constant and not subtracts and set(names) == {DOT}:
        return symbol
    text = written_text(node, operands, names)
    if len(text) > _LONGEST_TITLE:
        text = written_text(node, operands, [n if x.inside else DOT for n, x in zip(names, operands)])
    return text if len(text) <= _LONGEST_TITLE else str(op.title if symbol.isidentifier() else symbol)


def written_text(node: Node, operands: Sequence[Operand], names: Sequence[str]) -> str:
    """Return the same as its user wrote it: ``relu(x)`` for ``max(x, 0)``."""
    if WITH_SIGNS.fullmatch(getattr(node.op, "formula", "x")):
        return computed_text(node, operands, names)
    return f"{node.op.title}({', '.join(names)})"


def computed_text(node: Node, operands: Sequence[Operand], names: Sequence[str]) -> str:
    """Return what a drawn node computes from operands of the given names, as an expression."""
    kind = kind_of_term(node)
    if not kind:
        return forward_text(node.op, tuple(names), node.params)
    terms = [
        (" - " if x.sign < 0 else f" {kind} ") + (_closed(name) if kind == "+" and i else atom(name))
        for i, (x, name) in enumerate(zip(operands, names))
    ]
    if len(terms) > _MOST_TERMS:
        terms = [*terms[: _MOST_TERMS - 1], f" {kind} …", terms[-1]]
    return "".join(terms)[3:]


def _closed(name: str) -> str:
    return closed(name) if is_slot(name) or name.startswith("-") else atom(name)


# -------------------------------------------------------------------------------------- operations on arrays


def in_own_words(node: Node) -> str:
    """Return an operation on arrays in words; empty for one that is called by its own name."""
    say = _IN_WORDS.get(node.op.name)
    return say(node) if say is not None and not hasattr(node.op, "factors") else ""


def over_axes(axes: Sequence[int], ndim: int) -> str:
    """Return the axes along which something is added up or repeated: ``over rows``, ``over axes 0, 1``."""
    if ndim == 2 and len(axes) == 1:
        return "over rows" if axes[0] == 0 else "over columns"
    return f"over {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"


def _reduction(node: Node) -> str:
    axis, x = node.params.get("axis"), inputs_to_show(node)[0]._plain
    axes = [] if axis is None else [i % max(x.ndim, 1) for i in (axis if isinstance(axis, tuple) else (axis,))]
    name = node.op.title.replace("_", " ")
    if "softmax" in node.op.name and axes == [x.ndim - 1]:
        return name  # along the last axis, as everybody expects
    return f"{name} {over_axes(axes, x.ndim)}" if 0 < len(axes) < x.ndim else name


def size(pair: Sequence[int]) -> str:
    """Return the size of a window: ``3 × 3``."""
    return " × ".join(map(str, pair))


def _convolution(node: Node) -> str:
    return f"conv {size(inputs_to_show(node)[1]._plain.shape[:2])}" + _windows(node, (1, 1))


def _pool(node: Node) -> str:
    kernel = node.params["kernel"]
    what = "max pool" if node.op.name == "window_take" else "sum of windows"
    return f"{what} {size(kernel)}" + _windows(node, kernel)


def _windows(node: Node, usual_stride: tuple[int, int]) -> str:
    stride, padding = node.params["stride"], node.params["padding"]
    text = f", stride {stride[0]}" if stride != usual_stride else ""
    return text + (f", padding {max(map(max, padding))}" if any(map(any, padding)) else "")


def _indexing(node: Node) -> str:
    if picks_classes(node):
        return "pick the true class"
    if not is_static(node.params["index"]):
        return "pick elements"
    return re.sub(r"^x", "", forward_text(node.op, ("x",), node.params))


def picks_classes(node: Node) -> bool:
    """Return whether an index picks one column of each row of logarithms or probabilities, as a loss does."""
    index, x = node.params["index"], inputs_to_show(node)[0]
    if not (isinstance(index, tuple) and len(index) == 2 and np.ndim(x._plain) == 2):
        return False
    rows, columns = index
    if (
        not all(isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in index)
        or rows.shape != columns.shape
    ):
        return False
    return np.array_equal(rows.ravel(), np.arange(len(x._plain))) and "softmax" in (x.op.name if x.op else "")


def _shape_change(node: Node) -> str:
    return f"{node.op.title.removesuffix('_to')} to {size(np.shape(node._plain)) or 'a number'}"


_IN_WORDS: dict[str, Callable[[Node], str]] = {
    **dict.fromkeys("sum mean max min prod var std logsumexp softmax log_softmax cumsum cumprod".split(), _reduction),
    **dict.fromkeys(("conv2d", "conv2d_with_bias"), _convolution),
    **dict.fromkeys(("window_take", "window_sum"), _pool),
    **dict.fromkeys(("reshape", "broadcast_to", "sum_to"), _shape_change),
    "getitem": _indexing,
    "batch_norm": lambda node: "batch norm",
    "layer_norm": lambda node: "layer norm",
    "to_value": lambda node: "number",
    "scatter_add": lambda node: "put back",
    "window_put": lambda node: f"to the winners of {size(node.params['kernel'])}",
    "window_spread": lambda node: f"to all of windows {size(node.params['kernel'])}",
    "conv2d_input_gradient": lambda node: "transposed conv",
    "conv2d_weight_gradient": lambda node: "correlate",
    "astype": lambda node: f"to {node._plain.dtype}",
    "transpose": lambda node: "transpose",
}
