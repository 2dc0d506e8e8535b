"""The reference table of operations, written from the operations themselves.

``python -m seegrad.autograd.reference`` prints it; ``make reference`` writes it to ``autograd/README.md``.
"""

from __future__ import annotations

import ast
import inspect
import re
from types import ModuleType

from . import conv_relu_pool, convolution, elementwise, indexing, linalg, normalization, products, reductions, shaping
from .draw.formula import input_names, rule_texts
from .elementwise import Elementwise
from .operation import Op

_HEAD = """# The engine

Read in this order: `graph.py` (nodes, and how a computation leaves a trail), `operation.py` (what an operation is),
`elementwise.py` (the calculus on one page), `walk.py` (the way back), `scalar_walk.py` (its short cut through plain
numbers), `value.py` and `tensor.py` (the two kinds of node), then the operations on arrays: `shaping.py`,
`indexing.py`, `reductions.py`, `products.py`, `linalg.py`, `convolution.py`, `conv_relu_pool.py`, `normalization.py`;
on top of them `composed.py`, `transforms.py` (grad, jacobian, ...), `compile.py`, `checkpoint.py`, `primitive.py`; and
to look inside `check.py`, `diagnosis.py` and `draw/`. The heavy arithmetic is in `kernels/`.

# Every operation and its derivative

`g` is the gradient of the result, `out` the result itself; "x: ..." is the gradient of the input x. Everything
else that NumPy code may call (`hstack`, `trace`, `norm`, ...) is composed of these. Broadcasting is undone, and
the dtype restored, after every rule; `t` transposes matrices. This file is written by `make reference`.
"""

_SECTIONS: tuple[tuple[str, ModuleType], ...] = (
    ("Elementwise", elementwise),
    ("Shapes", shaping),
    ("Reading and writing parts", indexing),
    ("Reductions", reductions),
    ("Products", products),
    ("Linear algebra", linalg),
    ("Convolution and pooling", convolution),
    ("Convolution, relu and pooling at once", conv_relu_pool),
    ("Normalisation at once", normalization),
)


def reference() -> str:
    """Return the reference table of all operations, in Markdown."""
    parts = [_HEAD]
    for title, module in _SECTIONS:
        found = [op for op in Op.table.values() if _home(op) == module.__name__]
        parts.append(f"## {title}\n\n| operation | computes | derivative |\n| --- | --- | --- |")
        parts.extend(_row(op) for op in found)
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _home(op: Op) -> str:
    return elementwise.__name__ if isinstance(op, Elementwise) else op.forward.__module__


def _row(op: Op) -> str:
    computes = f"`{op.formula}`" if isinstance(op, Elementwise) else (inspect.getdoc(op) or "").split("\n")[0]
    cells = (f"`{op.name}`", computes, "<br>".join(_derivatives(op)))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _derivatives(op: Op) -> list[str]:
    rules = op.rule or (op.variadic_rule,)
    names = input_names(op, op.arity) if op.rule else ("each",)
    lines = []
    for name, text, rule in zip(names, rule_texts(op) or ("",), rules):
        known = {"g", "out", *inspect.signature(rule).parameters} if rule else set()
        whole = getattr(rule, "__name__", "") == "<lambda>" or _names(text) <= known
        shown = re.sub(r"\b_(?=\w)", "", text) if text and whole else f"see {getattr(rule, '__name__', 'the source')}"
        lines.append(f"{name}: `{shown}`")
    return lines


def _names(text: str) -> set[str]:
    """Names that an expression uses."""
    return {node.id for node in ast.walk(ast.parse(text or "g", mode="eval")) if isinstance(node, ast.Name)}


if __name__ == "__main__":
    print(reference(), end="")
