"""A derivative rule as one expression, whatever its arguments are.

Local names are replaced by their definitions, and every branch is kept, as ``a if condition else b``. A rule that does
more than assign, choose and return (a loop, a write into an array) has no such expression.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ...core.op import Op
from .formula_names import name_of, namespace, number
from .literals import UnclearError
from .source import definition_of


class General(ast.NodeTransformer):  # the names of its methods are those of the ast module
    """The expression of a rule for any arguments: locals are replaced, all branches are kept.

    Parameters
    ----------
    function : function
        The rule.
    skip : int
        How many lambdas of the same arguments stand before it on its line.
    """

    def __init__(self, function: Any, skip: int = 0) -> None:
        self.function = function
        self.skip = skip
        self.trees: dict[str, ast.expr | None] = {}
        self.scope: dict[str, Any] = {**getattr(function, "__globals__", {}), **_closure(function)}

    def result(self) -> ast.expr:
        """Return the expression; the caller may change it.

        Raises
        ------
        UnclearError
            If there is no expression.
        """
        definition = definition_of(self.function, self.skip)
        if definition is None:
            raise UnclearError
        if isinstance(definition, ast.Lambda):
            return self.rewrite(definition.body)
        return self.follow(definition.body)

    def rewrite(self, node: ast.expr) -> ast.expr:
        """Return an expression of the function in terms of the function's arguments."""
        result = self.visit(copy.deepcopy(node))
        assert isinstance(result, ast.expr)
        return result

    def follow(self, statements: Sequence[ast.stmt]) -> ast.expr:
        """Return the expression that a list of statements returns."""
        for k, statement in enumerate(statements):
            if isinstance(statement, ast.Return) and statement.value is not None:
                return self.rewrite(statement.value)
            if isinstance(statement, ast.If):
                return self.branch(statement, statements[k + 1 :])
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                self.assign(statement.targets[0], statement.value)
            elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
                raise UnclearError
        raise UnclearError

    def branch(self, statement: ast.If, rest: Sequence[ast.stmt]) -> ast.expr:
        """Return a conditional expression of both branches, each followed by the rest."""
        test, before = self.rewrite(statement.test), self.trees
        ways = []
        for body in (statement.body, statement.orelse):
            self.trees = dict(before)
            ways.append(self.follow([*body, *rest]))
        return ast.IfExp(test, *ways)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Note the expression of a local name."""
        if isinstance(target, ast.Name):
            self.trees[target.id] = self.rewrite(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            trees = [self.rewrite(part) for part in value.elts]
            for name, tree in zip(target.elts, trees):
                if not isinstance(name, ast.Name):
                    raise UnclearError
                self.trees[name.id] = tree
        else:
            raise UnclearError

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802
        """Replace a local name by its expression."""
        if node.id in self.trees:
            tree = self.trees[node.id]
            if tree is None:
                raise UnclearError
            return copy.deepcopy(tree)
        outer = self.scope.get(node.id, getattr(builtins, node.id, None))
        if type(outer) is float:
            return number(outer)
        if isinstance(outer, Op):
            return ast.Name(name_of(outer) or node.id, ast.Load())
        if callable(outer) and namespace().get(node.id, outer) is not outer:
            raise UnclearError  # for example Python's own ``sum``: in a formula, ``sum`` is the operation
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: N802
        """Write NumPy's functions as ``np.name``, and constants as their names or numbers."""
        owner = self.scope.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if isinstance(owner, ModuleType):
            found = getattr(owner, node.attr)
            if type(found) is float:
                return number(found)
            if owner is np:
                return ast.Attribute(ast.Name("np", ast.Load()), node.attr, ast.Load())
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802
        """Write matrix products with ``@``."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "matmul" and len(node.args) == 2:
            return ast.BinOp(node.args[0], ast.MatMult(), node.args[1])
        return node


def _closure(function: Any) -> dict[str, Any]:
    """Return the variables of the enclosing scopes that a function uses."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    found = {}
    for name, cell in zip(code.co_freevars, cells) if code is not None and cells else ():
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return found
