"""The reference table of operations, written from the operations themselves.

``python -m seegrad.autograd.inspect.reference`` prints it; ``make reference`` writes it to ``autograd/README.md``.
"""

from __future__ import annotations

import ast
import inspect
from types import ModuleType
from typing import Any

from ..core.op import Op
from ..ops import (
    complex_parts,
    convolution,
    eigenvalues,
    elementwise,
    factorizations,
    fourier,
    indexing,
    inverses,
    matrix_functions,
    normalization,
    norms,
    pooling,
    products,
    reductions,
    samples,
    shaping,
)
from ..ops.elementwise import Elementwise
from .draw.formula import input_names, rule_texts
from .draw.formula_names import namespace

_HEAD = """# The engine

Read in this order:

1. The graph and the backward pass: `core/node.py` (a node: data, operation, inputs), `core/op.py` (an operation and its
   derivative rules), `core/recording.py` (how a computation leaves a graph), `core/backward.py` (the backward pass).
2. `ops/elementwise.py`: the calculus on one page.
3. The two kinds of node: `value.py` (a number) and `tensor.py` (an array), with the operators of both in
   `arithmetic.py`, hooks in `hooks.py`, sums of gradients in `accumulation.py`; writes into arrays in `ops/views.py`.
4. The other operations: `ops/shaping.py`, `ops/indexing.py`, `ops/reductions.py`, `ops/products.py`,
   `ops/convolution.py`, `ops/pooling.py`, `ops/normalization.py`, `ops/samples.py`, `ops/fourier.py`; linear algebra
   in `ops/inverses.py`, `ops/factorizations.py`, `ops/eigenvalues.py`, `ops/matrix_functions.py` and `ops/norms.py`.
   Functions of NumPy without rules of their own: `ops/masked_reductions.py`, `ops/order_statistics.py`,
   `ops/statistics.py`, `ops/assembling.py`, `ops/by_cases.py`, `ops/vector_products.py`, `ops/polynomials.py`,
   `ops/linear_equations.py`, `ops/symmetric_matrices.py`, and the rest in `ops/composed.py`. Complex numbers:
   `ops/complex_parts.py`. The gradient of a norm at 0: `ops/length_gradient.py`. How a choice such as `where` keeps
   gradients of 0 at 0: `ops/masks.py` and `ops/choices.py`.
5. What is built on the graph: `transforms.py` (grad, vjp, jvp, ...), `whole_derivatives.py` (jacobian, hessian, ...),
   `vmap.py` (functions of batches) with `batched.py`, `batch_calls.py`, `batched_numpy.py` and the rules in
   `ops/batching.py`; `no_grad.py`, `checkpoint.py`, `primitive.py` (user-defined operations); functions of NumPy called
   with Tensors in `numpy_protocol.py`, `numpy_functions.py` (the table) and `numpy_answers.py`; `seegrad.numpy` in
   `numpy_entrance.py`, `numpy_namespace.py` and `array_creation.py`; `copies.py`, `gradcheck.py`, `lost_gradients.py`
   (warnings of gradients that are lost).
6. To look inside: `inspect/why.py`, `inspect/anomaly.py` and the drawings, which begin in `inspect/draw/drawing.py`.
7. To be faster: `compile/compile.py` (record a function once, replay it) and `fast/install.py` (what is there
   for speed alone; without it everything computes the same).

# Every operation and its derivative

`g` is the gradient of the result, `out` the result itself; "x: ..." is the vector-Jacobian product of the input x, in
Python: with `np`, the operations, and the functions at the end. Everything else that NumPy code may call (`hstack`,
`trace`, `vdot`, ...) is composed of these. After every rule, the engine sums over broadcast axes and casts to the dtype
of the input. A rule of several steps is given by the name of its function. `make reference` writes this file.
"""

_SECTIONS: tuple[tuple[str, ModuleType], ...] = (
    ("Elementwise", elementwise),
    ("Parts of complex numbers", complex_parts),
    ("Shapes", shaping),
    ("Reading and writing parts", indexing),
    ("Reductions", reductions),
    ("Samples along an axis", samples),
    ("Products", products),
    ("Inverses and determinants", inverses),
    ("Factorizations", factorizations),
    ("Eigenvalues", eigenvalues),
    ("Functions of matrices", matrix_functions),
    ("Norms", norms),
    ("Fourier transforms", fourier),
    ("Convolution", convolution),
    ("Pooling", pooling),
    ("Normalization", normalization),
)


def reference() -> str:
    """Return the reference table of all operations, in Markdown."""
    parts = [_HEAD]
    for title, module in _SECTIONS:
        parts.append(f"## {title}\n\n| operation | computes | derivative |\n| --- | --- | --- |")
        parts.extend(_row(op) for op in _operations_of(module))
        parts.append("")
    parts.append("## Functions that the rules call\n\n| function | what it does | file |\n| --- | --- | --- |")
    parts.extend(_helper_row(name, function) for name, function in helpers().items())
    return "\n".join(parts).rstrip() + "\n"


def operations() -> list[Op]:
    """Return the operations of the table, in its order."""
    return [op for _, module in _SECTIONS for op in _operations_of(module)]


def _operations_of(module: ModuleType) -> list[Op]:
    return [op for op in Op.table.values() if _home(op) == module.__name__]


def _home(op: Op) -> str:
    return elementwise.__name__ if isinstance(op, Elementwise) else op.forward.__module__


def _row(op: Op) -> str:
    computes = f"`{op.formula}`" if isinstance(op, Elementwise) else (inspect.getdoc(op) or "").split("\n")[0]
    cells = (f"`{op.name}`", computes, "<br>".join(_derivatives(op)))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _derivatives(op: Op) -> list[str]:
    rules = op.rule or (op.variadic_rule,)
    names = input_names(op, op.arity) if op.rule else ("each",)
    shown = [f"`{text}`" if text else f"see `{_place(rule)}`" for text, rule in zip(rule_texts(op), rules)]
    return [f"{name}: {text}" for name, text in zip(names, shown)]


def _place(rule: Any) -> str:
    return getattr(rule, "__name__", "the source")


def helpers() -> dict[str, Any]:
    """Return the functions that the rules in the table call besides ``np`` and the operations, by name."""
    found: dict[str, Any] = {}
    for op in operations():
        for text, rule in zip(rule_texts(op), op.rule or (op.variadic_rule,)):
            for name in called(text):
                function = getattr(rule, "__globals__", {}).get(name)
                if function is not None and name not in namespace():
                    found[name] = function
    return dict(sorted(found.items()))


def called(text: str) -> set[str]:
    """Return the names of the functions that an expression calls."""
    calls = [node.func for node in ast.walk(ast.parse(text or "g", mode="eval")) if isinstance(node, ast.Call)]
    return {function.id for function in calls if isinstance(function, ast.Name)}


def _helper_row(name: str, function: Any) -> str:
    summary = (inspect.getdoc(function) or "see its source").split("\n")[0]
    signature = ", ".join(inspect.signature(function).parameters)
    return f"| `{name}({signature})` | {summary} | `{function.__module__.rpartition('.')[2]}.py` |"


if __name__ == "__main__":
    print(reference(), end="")
