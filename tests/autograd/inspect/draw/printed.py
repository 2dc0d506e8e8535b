"""Reading printed formulas back: names and numbers bound to what they stand for, then evaluated."""

from __future__ import annotations

import ast
import math
import re

import numpy as np

from seegrad import autograd
from seegrad.autograd.core.op import Op

#: What a reader may take a name in a formula for.
NAMESPACE = {
    **Op.table,
    **{name: f for name, f in vars(autograd).items() if callable(f) and not name.startswith("_")},
    **{"np": np, "math": math, "inf": np.inf, "nan": np.nan},
}


def numeric(data):
    """Data as a formula computes with it: poles answer as NumPy's do."""
    return np.float64(data) if isinstance(data, float) else data


def evaluate(text, names, slopes=None):
    """Return the value of a printed formula.

    ``slopes`` stands for what is printed as dR/dname, by name; lists of numbers are arrays.
    """
    bound = {f"slope_of_{name}": numeric(g) for name, g in (slopes or {}).items()}
    text = re.sub(r"dR/d(\w+)", r"slope_of_\1", text)
    tree = ast.fix_missing_locations(_WithNumPysNumbers().visit(ast.parse(text, mode="eval")))
    with np.errstate(all="ignore"):
        return eval(compile(tree, text, "eval"), {**NAMESPACE, **{k: numeric(v) for k, v in names.items()}, **bound})


class _WithNumPysNumbers(ast.NodeTransformer):
    def visit_Constant(self, node):  # noqa: N802 (a name of the ast module)
        """Write np.float64(...) around floats, which know no answer at a pole."""
        number = ast.Attribute(ast.Name("np", ast.Load()), "float64", ast.Load())
        return ast.Call(number, [node], []) if isinstance(node.value, float) else node

    def visit_List(self, node):  # noqa: N802 (a name of the ast module)
        """Write np.array(...) around lists of numbers."""
        parts = (ast.List, ast.Constant, ast.UnaryOp, ast.USub, ast.Load, ast.Name)
        plain = all(isinstance(part, parts) for part in ast.walk(node)) and not self.inside
        self.inside = self.inside or plain
        self.generic_visit(node)
        if not plain:
            return node
        self.inside = False
        return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "array", ast.Load()), [node], [])

    inside = False


def formulas(step):
    """The formulas in the text of a step of the player: what stands between the slope and its value."""
    _, *parts = re.split(r" \+?= ", step.text)
    return parts[:-1]


def assert_equal_up_to(found, expected, relative):
    """Compare, relative to the largest number too; undefined and infinite ones in their places."""
    finite = np.abs(np.asarray(expected)[np.isfinite(expected)])
    scale = finite.max() if finite.size else 0.0
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=relative, atol=relative * scale + 1e-12)
