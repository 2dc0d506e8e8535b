"""Which sentence tells what a derivative rule does, and with which numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.node import Node
from .formula import atom
from .gathered import GatheredGraph, Operand, is_spelled_out, kind_of_term
from .graph_reading import inputs_to_show
from .literals import is_static
from .operation_words import size
from .readable import number_text
from .sentences import Sentence, gate, sentence
from .slots import closed, slot

#: Rules whose expressions nobody would write: what happens to the gradient ``g``, in a few words.
_SHORT: dict[str, tuple[str, ...]] = {
    "sum": ("{g}, to each element",),
    "mean": ("{g} / {each}, to each element",),
    "reshape": ("{g}, reshaped",),
    "transpose": ("{g}, transposed",),
    "broadcast_to": ("sum of {g} over the copies",),
    "window_take": ("{g} at the winners, 0 elsewhere",),
    "window_sum": ("{g} at all places of its window",),
    "conv2d": ("{g} spread by the kernel", "correlation of the images with {g}"),
    "conv2d_with_bias": (
        "{g} spread by the kernel",
        "correlation of the images with {g}",
        "sum of {g} over images and pixels",
    ),
}

_MOVES = "reshape transpose expand_dims squeeze flip roll rot90 pad tril triu identity to_value positive".split()
_CHOICES = ("maximum", "minimum", "fmax", "fmin", "where", "clip", "at_least", "at_most")
_BY_INPUT = {
    "divide": ("numerator", "denominator"),
    "power": ("power", "exponent"),
    "matmul": ("left", "right"),
    "setitem": ("written over", "written"),
    **dict.fromkeys(("conv2d", "conv2d_with_bias"), ("images", "kernel", "bias")),
    **dict.fromkeys(("batch_norm", "layer_norm"), ("batch norm", "weight", "shift")),
}
_BY_NAME = {
    **{name: name for name in "negative exp log sqrt sin cos tanh sigmoid absolute mean softmax log_softmax".split()},
    **dict.fromkeys(_MOVES, "moves"),
    **dict.fromkeys(("max", "min"), "largest"),
    **dict.fromkeys(("concatenate", "stack"), "joins"),
    "sum": "add up",
    "logsumexp": "logsumexp",
    "window_take": "max pool",
    "window_sum": "window sum",
    "getitem": "index",
    "broadcast_to": "repeats",
    "astype": "type",
    "conj": "conj",
    **dict.fromkeys(("fftn", "ifftn"), "transform"),
    **dict.fromkeys(("rfftn", "irfftn"), "half"),
}


def short_rule_of(node: Node, index: int, g: str) -> str:
    """Return what a rule does to the gradient ``g`` in a few words; empty where its expression says it as well."""
    name = node.op.name
    if hasattr(node.op, "factors"):
        return ""
    if name == "getitem":
        chosen = node.params["index"]
        where = "what was picked" if not is_static(chosen) else "the picked elements"
        return f"{g} at {where}, 0 elsewhere"
    words = _SHORT.get(name, ())
    return words[index].format(g=g, each=_each(node)) if index < len(words) else ""


def _each(node: Node) -> str:
    """Return how many elements of its first input go into one of the result."""
    return f"{np.size(inputs_to_show(node)[0]._plain) // max(np.size(node._plain), 1):,}"


@dataclass(frozen=True)
class EdgeNumbers:
    """The numbers of an edge, as sources of :mod:`.slots`, and what they are at first.

    Attributes
    ----------
    gradient : str
        The gradient of the node that reads.
    derivative : str
        The local derivative.
    added : str
        What the edge adds to the gradient of the operand.
    value : callable
        Gives the value of a node as text.
    now : float or ndarray
        What is added at first.
    """

    gradient: str
    derivative: str
    added: str
    value: Callable[[Node], str]
    now: Any


def explanation(
    node: Node,
    x: Operand,
    graph: GatheredGraph,
    name_of: Callable[[Node], str],
    numbers: EdgeNumbers,
    axes: Sequence[int],
) -> list[Sentence]:
    """Return a sentence for the rule of an edge, with its numbers, and one if its input was broadcast.

    Parameters
    ----------
    node : Node
        A drawn node.
    x : Operand
        The operand that gets a gradient.
    graph : GatheredGraph
        The graph.
    name_of : callable
        Gives the name of a node.
    numbers : EdgeNumbers
        What its slots are filled with.
    axes : sequence of int
        Over which of them gradients are added up, because the operand was broadcast.
    """
    key = _key(node, x)
    few, single = np.size(numbers.now) <= 6, np.ndim(node._plain) == 0 and np.ndim(numbers.now) == 0
    has_slope = graph.local_derivative(node, x) is not None
    others = [o for o in graph.operands(node) if o is not x]
    words: dict[str, str | Sentence] = {
        "x": name_of(x.node),
        "v": numbers.value(x.node),
        "out": numbers.value(node) if np.size(node._plain) <= 6 else name_of(node),
        "g": closed(slot(numbers.gradient)),
        "got": slot(numbers.added) if few else sentence("elementwise"),
        "d": slot(numbers.derivative, "range") if has_slope else "",
        "others": " × ".join([closed(numbers.value(o.node)) if single else name_of(o.node) for o in others]),
        "op": node.op.title,
        "passing": slot(numbers.derivative if has_slope else numbers.added, "count"),
        "n": f"{np.size(numbers.now):,}",
    }
    if key == "product" and not single:
        key = "products"
    if key == "relu" and np.size(numbers.now) == 1:
        return [gate(numbers.derivative, **words)]
    if key == "power":
        words |= _exponent(node, name_of)
    if key == "mean":
        words["each"] = _each(node)
    if key in ("max pool", "window sum"):
        words["size"] = size(node.params["kernel"])
    said = [sentence(key, **words)]
    if axes:
        said.append(sentence("broadcast", x=words["x"], axes=_over_axes(axes, np.ndim(node._plain))))
    return said


def _over_axes(axes: Sequence[int], ndim: int) -> Sentence:
    """Return the axes along which an input was repeated."""
    if ndim == 2 and len(axes) == 1:
        return sentence("over rows" if axes[0] == 0 else "over columns")
    return sentence("over axis" if len(axes) == 1 else "over axes", axes=", ".join(map(str, axes)))


def _key(node: Node, x: Operand) -> str:
    """Return which sentence tells the rule of an edge."""
    kind, name, index = kind_of_term(node), node.op.name, x.edge[1]
    if kind == "+":
        return "sum" if x.sign > 0 else "minus"
    if kind == "*":
        return "product"
    if hasattr(node.op, "factors"):
        return "weighted"
    if name in _BY_INPUT:
        return _BY_INPUT[name][index]
    single = np.size(x.node._plain) == 1
    if name == "relu":
        return "relu"
    if name in _CHOICES:
        return "routes" if single else "chosen"
    if name in _BY_NAME:
        return _BY_NAME[name]
    return ("slope" if single else "slopes") if node.op.elementwise else "other"


def _exponent(node: Node, name_of: Callable[[Node], str]) -> dict[str, str]:
    """Return the exponent of a power in a formula, and the one that is smaller by 1."""
    exponent = inputs_to_show(node)[1]
    if not is_spelled_out(exponent):
        return {"n": atom(name_of(exponent)), "n1": f"({name_of(exponent)} - 1)"}
    if np.size(exponent._plain) > 1:
        return {"n": "n", "n1": "(n - 1)"}
    n = float(np.asarray(exponent._plain).item())
    return {"n": number_text(n), "n1": number_text(n - 1.0) if n >= 1 else f"({number_text(n - 1.0)})"}
