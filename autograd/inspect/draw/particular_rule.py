"""A derivative rule as one expression, for particular arguments.

Only what was computed is kept: the branches that were taken, and the bodies of the functions that the rule calls.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
from collections.abc import Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ...core.op import Op
from .formula_names import PACKAGE, name_of, namespace
from .general_rule import General
from .literals import FAILURES, UnclearError, index_tree, is_static, literal

#: How deep calls of functions are replaced by the functions' bodies.
_DEEPEST = 8

#: Operations that can be left out of a formula if they do not change the shape.
_SHAPE_ONLY = ("broadcast_to", "reshape", "sum_to")


class Particular(General):
    """The expression of what a rule computed from particular numbers.

    Parameters
    ----------
    function : function
    trees, values : mapping
        The expression of each argument, and its value.
    free : dict
        Is filled with the values of further names in the expression.
    skip, depth : int
        How many lambdas of the same arguments stand before it on its line; how many calls it is inside of.
    known : dict, optional
        Arrays by identity, each with its expression; shared with the functions that are called.
    decided : list, optional
        Is filled with the conditions of elements that were left out, since all elements took the same side.
    """

    def __init__(
        self,
        function: Any,
        trees: Mapping[str, ast.expr | None],
        values: Mapping[str, Any],
        free: dict[str, Any],
        skip: int = 0,
        depth: int = 0,
        known: dict[int, tuple[Any, ast.expr]] | None = None,
        decided: list[ast.expr] | None = None,
    ) -> None:
        super().__init__(function, skip)
        self.trees: dict[str, ast.expr | None] = dict(trees)
        self.values: dict[str, Any] = dict(values)
        self.free = free
        self.depth = depth
        self.known: dict[int, tuple[Any, ast.expr]] = {} if known is None else known
        self.decided: list[ast.expr] = [] if decided is None else decided
        for name, value in values.items():
            self.note(value, self.trees.get(name))

    def note(self, value: Any, tree: ast.expr | None) -> None:
        """Note the expression of an array by the array's identity, for when it is read from a list."""
        if isinstance(tree, ast.Tuple) and isinstance(value, tuple) and len(value) == len(tree.elts):
            for part, part_tree in zip(value, tree.elts):
                self.note(part, part_tree)
        elif isinstance(value, np.ndarray) and tree is not None:
            self.known.setdefault(id(value), (value, tree))

    def value(self, node: ast.expr) -> Any:
        """Evaluate an expression of the function as the function itself did."""
        whole = ast.fix_missing_locations(ast.Expression(copy.deepcopy(node)))
        try:
            return eval(compile(whole, "<rule>", "eval"), {**self.scope, **self.values})
        except FAILURES as error:
            raise UnclearError from error

    def written(self, value: Any) -> ast.expr:
        """Return the expression of a value: an array by its name, all else as it is written."""
        if id(value) in self.known:
            return copy.deepcopy(self.known[id(value)][1])
        if isinstance(value, (list, tuple)):
            parts = [self.written(part) for part in value]
            return ast.List(parts, ast.Load()) if isinstance(value, list) else ast.Tuple(parts, ast.Load())
        if isinstance(value, np.dtype):
            return ast.Attribute(ast.Name("np", ast.Load()), value.name, ast.Load())
        return literal(value)

    # ------------------------------------------------------------------------------------- statements

    def branch(self, statement: ast.If, rest: Sequence[ast.stmt]) -> ast.expr:
        """Follow the branch that was taken."""
        taken = statement.body if self.holds(statement.test) else statement.orelse
        return self.follow([*taken, *rest])

    def holds(self, test: ast.expr) -> bool:
        """Return whether a condition was true."""
        try:
            return bool(self.value(test))
        except FAILURES as error:
            raise UnclearError from error

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Note the expressions and the values of local names."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = [(self.value(part), self.attempt(part)) for part in value.elts]
            for name, (found, tree) in zip(target.elts, pairs):
                self.keep(name, found, tree)
        else:
            self.keep(target, self.value(value), self.attempt(value))

    def attempt(self, node: ast.expr) -> ast.expr | None:
        """Return an expression, or None if there is none: it may not be needed."""
        try:
            return self.rewrite(node)
        except UnclearError:
            return None

    def keep(self, target: ast.expr, value: Any, tree: ast.expr | None) -> None:
        """Assign a value to a name, or its parts to several names."""
        if isinstance(target, ast.Tuple):
            try:
                parts = list(value)
            except TypeError as error:
                raise UnclearError from error
            for name, part in zip(target.elts, parts):
                self.keep(name, part, self.attempt_written(part))
            return
        if not isinstance(target, ast.Name):
            raise UnclearError
        if is_static(value) and not isinstance(value, float):
            tree = literal(value)
        self.values[target.id], self.trees[target.id] = value, tree
        self.note(value, tree)

    def attempt_written(self, value: Any) -> ast.expr | None:
        """Return the same as :meth:`written`, or None if there is no expression."""
        try:
            return self.written(value)
        except UnclearError:
            return None

    # ------------------------------------------------------------------------------------ expressions

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802
        """Replace a name by its expression, or by its value if that can be written."""
        if node.id in self.trees:
            return super().visit_Name(node)
        found = self.value(node)
        if is_static(found):
            return literal(found)
        if self.depth or isinstance(found, ModuleType):
            raise UnclearError
        self.free[node.id] = found
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: N802
        """Write shapes as attributes, and other static values as they are."""
        owner, found = self.value(node.value), self.value(node)
        if isinstance(owner, ModuleType):
            return found if isinstance(found, ast.AST) else self.member(node, owner, found)
        tree = self.rewrite(node.value)
        if is_static(found) and (node.attr == "ndim" or not isinstance(tree, ast.Name) or not np.ndim(owner)):
            return literal(found)
        return ast.Attribute(tree, node.attr, ast.Load())

    def member(self, node: ast.Attribute, owner: ModuleType, found: Any) -> ast.expr:
        """Return the expression of ``module.name``."""
        if is_static(found):
            return literal(found)
        root, *path = ast.unparse(node).split(".")
        if owner.__name__.partition(".")[0] == "numpy":
            root = "np"
        else:
            self.free[root] = self.value(ast.Name(root, ast.Load()))
        return ast.parse(".".join([root, *path]), mode="eval").body

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:  # noqa: N802
        """Keep the branch that was taken."""
        return self.rewrite(node.body if self.holds(node.test) else node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:  # noqa: N802
        """Keep the operand that decided."""
        decides = isinstance(node.op, ast.Or)
        for part in node.values[:-1]:
            if self.holds(part) == decides:
                return self.rewrite(part)
        return self.rewrite(node.values[-1])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:  # noqa: N802
        """Write an item of a list as its own expression, and a part of an array with its index."""
        if not isinstance(self.value(node.value), (np.ndarray, np.generic)):
            return self.written(self.value(node))
        index = self.value(node.slice)
        tree = index_tree(index) if is_static(index) else self.rewrite(node.slice)
        return ast.Subscript(self.rewrite(node.value), tree, ast.Load())

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:  # noqa: N802
        """Write a static tuple as it is."""
        found = self.value(node)
        return literal(found) if is_static(found) else self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:  # noqa: N802
        """Write joined tuples as one."""
        if any(isinstance(part, ast.Tuple) for part in (node.left, node.right)):
            return self.written(self.value(node))
        return self.generic_visit(node)

    def computed(self, node: ast.expr) -> ast.AST:
        """Return the expression of the value of a comprehension, lambda, text or dictionary."""
        found = self.value(node)
        return self.written(list(found) if isinstance(node, ast.GeneratorExp) else found)

    visit_ListComp = visit_GeneratorExp = visit_JoinedStr = visit_Dict = visit_Lambda = computed  # noqa: N815

    # ------------------------------------------------------------------------------------------ calls

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802
        """Write a call of an operation, and replace a call of another function by what it computes."""
        function = self.called(node.func)
        name = name_of(function) or (function.name if isinstance(function, Op) else "")
        if name == "where" and len(node.args) == 3:
            decided = self.side(node)
            if decided is not None:
                return self.rewrite(decided)
        if name in _SHAPE_ONLY and np.shape(self.value(node)) == np.shape(self.value(node.args[0])):
            return self.rewrite(node.args[0])
        if name == "swapaxes" and self.turns(node):
            return ast.Attribute(self.rewrite(node.args[0]), "T", ast.Load())
        if not name:
            tree = self.other_call(node, function)
            if tree is not None:
                return tree
        args, keywords = self.arguments(node)
        if name == "matmul" and len(args) == 2:
            return ast.BinOp(args[0][0], ast.MatMult(), args[1][0])
        if name == "getitem" and len(args) == 2 and is_static(args[1][1]):
            return ast.Subscript(args[0][0], index_tree(args[1][1]), ast.Load())
        if name and name not in namespace():
            self.free[name] = function
        target = ast.Name(name, ast.Load()) if name else self.rewrite(node.func)
        keys = [ast.keyword(key, tree) for key, (tree, _) in keywords.items()]
        return ast.Call(target, [tree for tree, _ in args], keys)

    def called(self, node: ast.expr) -> Any:
        """Return the function that is called; the operation, for its forward function."""
        if isinstance(node, ast.Attribute) and node.attr == "forward":
            owner = self.value(node.value)
            if isinstance(owner, Op):
                return owner
        return self.value(node)

    def side(self, node: ast.Call) -> ast.expr | None:
        """Return the operand of a ``where`` that all elements took, if it has the shape of the result."""
        condition = np.asarray(self.value(node.args[0]))
        if not condition.size or condition.all() != condition.any():
            return None
        side = node.args[1 if condition.all() else 2]
        if np.shape(self.value(side)) != np.shape(self.value(node)):
            return None
        if not isinstance(node.args[0], ast.Constant):
            self.decided.append(node.args[0])
        return side

    def turns(self, node: ast.Call) -> bool:
        """Return whether a call of ``swapaxes`` transposes a matrix."""
        return [ast.unparse(a) for a in node.args[1:]] == ["-1", "-2"] and np.ndim(self.value(node.args[0])) == 2

    def other_call(self, node: ast.Call, function: Any) -> ast.expr | None:
        """Return the expression of the call of a function that is not an operation; None if it is the call itself."""
        found = self.value(node)
        if is_static(found) and not isinstance(found, float):
            return literal(found)
        owner = self.value(node.func.value) if isinstance(node.func, ast.Attribute) else None
        if isinstance(owner, (np.ndarray, np.generic)):
            return None  # a method of an array
        if isinstance(owner, ModuleType) and owner.__name__.partition(".")[0] != PACKAGE:
            return None
        if function is abs:
            return None
        if isinstance(function, FunctionType) and self.depth < _DEEPEST:
            return self.inlined(node, function)
        if getattr(builtins, getattr(function, "__name__", ""), None) is function:
            return self.written(found)
        raise UnclearError

    def inlined(self, node: ast.Call, function: FunctionType) -> ast.expr:
        """Return what a Python function computes, as one expression."""
        args, keywords = self.arguments(node)
        bound = inspect.signature(function).bind(*args, **keywords)
        trees: dict[str, ast.expr | None] = {}
        values: dict[str, Any] = {}
        for name, parameter in bound.signature.parameters.items():
            given = bound.arguments.get(name)
            if parameter.kind is parameter.VAR_POSITIONAL:
                pairs = given or ()
                trees[name] = ast.Tuple([tree for tree, _ in pairs], ast.Load())
                values[name] = tuple([value for _, value in pairs])
            elif parameter.kind is parameter.VAR_KEYWORD:
                trees[name], values[name] = None, {key: value for key, (_, value) in (given or {}).items()}
            elif given is not None:
                trees[name], values[name] = given
            else:
                trees[name], values[name] = self.attempt_written(parameter.default), parameter.default
        return Particular(function, trees, values, self.free, 0, self.depth + 1, self.known, self.decided).result()

    def arguments(self, node: ast.Call) -> tuple[list[tuple[Any, Any]], dict[str, tuple[Any, Any]]]:
        """Return the arguments of a call as pairs (expression, value), with ``*list`` and ``**dict`` expanded."""
        args: list[tuple[Any, Any]] = []
        for part in node.args:
            if isinstance(part, ast.Starred):
                args += [(self.written(item), item) for item in self.value(part.value)]
            else:
                args.append((self.rewrite(part), self.value(part)))
        keywords: dict[str, tuple[Any, Any]] = {}
        for word in node.keywords:
            if word.arg is None:
                keywords |= {key: (self.written(item), item) for key, item in self.value(word.value).items()}
            else:
                keywords[word.arg] = (self.rewrite(word.value), self.value(word.value))
        return args, keywords
