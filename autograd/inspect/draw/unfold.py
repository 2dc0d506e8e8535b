"""A rule as one expression: local names are replaced by what they stand for.

In general, every branch is kept, as ``a if condition else b``. For particular numbers, only what was computed is: the
branches that were taken, with the functions that a rule calls written out. A rule that does more than assign, choose
and return (a loop, a write into an array) has no such expression.
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
from .names import PACKAGE, name_of, namespace, number
from .source import definition_of

#: What an expression that is evaluated apart from its function may raise.
FAILURES = (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError)

_DEEPEST = 8
_LONGEST_LITERAL = 60
_SHAPE_ONLY = ("broadcast_to", "reshape", "sum_to")


class UnclearError(Exception):
    """There is no expression for it."""


class General(ast.NodeTransformer):  # its methods have the names that ast asks for
    """The expression of a rule whatever it is given: locals replaced, all branches kept.

    Parameters
    ----------
    function : function
        The rule.
    skip : int
        Which of several like it on one line.
    """

    def __init__(self, function: Any, skip: int = 0) -> None:
        self.function, self.skip = function, skip
        self.trees: dict[str, ast.expr | None] = {}
        self.scope = {**getattr(function, "__globals__", {}), **_closure(function)}

    def result(self) -> ast.expr:
        """Return the expression; it may be changed.

        Raises
        ------
        UnclearError
            If there is none.
        """
        definition = definition_of(self.function, self.skip)
        if definition is None:
            raise UnclearError
        if isinstance(definition, ast.Lambda):
            return self.rewrite(definition.body)
        return self.follow(definition.body)

    def rewrite(self, node: ast.expr) -> ast.expr:
        """Return what an expression of the function is in terms of its arguments."""
        result = self.visit(copy.deepcopy(node))
        assert isinstance(result, ast.expr)
        return result

    def follow(self, statements: Sequence[ast.stmt]) -> ast.expr:
        """Go through statements to what they return."""
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
        """Follow both ways on."""
        test, before = self.rewrite(statement.test), self.trees
        ways = []
        for body in (statement.body, statement.orelse):
            self.trees = dict(before)
            ways.append(self.follow([*body, *rest]))
        return ast.IfExp(test, *ways)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Remember what a local name stands for."""
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
        """Put in what a local name stands for."""
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
            raise UnclearError  # Python's own ``sum``, for example, where a formula's ``sum`` is the operation
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: N802
        """Write NumPy's functions and the numbers of ``math`` as formulas do."""
        owner = self.scope.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if isinstance(owner, ModuleType):
            found = getattr(owner, node.attr)
            if type(found) is float:
                return number(found)
            if owner is np:
                return ast.Attribute(ast.Name("np", ast.Load()), node.attr, ast.Load())
            if owner.__name__.partition(".")[0] == PACKAGE and not name_of(found):
                raise UnclearError  # a kernel: what it computes is said elsewhere
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:  # noqa: N802
        """Keep both ways, unless one is a kernel."""
        ways: list[ast.expr] = []
        for way in (node.body, node.orelse):
            try:
                ways.append(self.rewrite(way))
            except UnclearError:  # a kernel, of which the other way says what it computes
                continue
        if not ways:
            raise UnclearError
        return ways[0] if len(ways) == 1 else ast.IfExp(self.rewrite(node.test), *ways)

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802
        """Write matrix products as people do."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "matmul" and len(node.args) == 2:
            return ast.BinOp(node.args[0], ast.MatMult(), node.args[1])
        return node


class Particular(General):
    """The expression of what a rule computed from particular numbers.

    Parameters
    ----------
    function : function
    trees, values : mapping
        What stands for each argument in the expression, and what was given for it.
    free : dict
        Gets what further names in the expression stand for.
    skip, depth : int
        Which of several like it on one line; how many functions have been gone into.
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
    ) -> None:
        super().__init__(function, skip)
        self.trees, self.values, self.free, self.depth = dict(trees), dict(values), free, depth
        self.known = {} if known is None else known
        for name, value in values.items():
            self.note(value, self.trees.get(name))

    def note(self, value: Any, tree: ast.expr | None) -> None:
        """Remember an array by its identity, for where it comes out of a list."""
        if isinstance(tree, ast.Tuple) and isinstance(value, tuple) and len(value) == len(tree.elts):
            for part, part_tree in zip(value, tree.elts):
                self.note(part, part_tree)
        elif isinstance(value, np.ndarray) and tree is not None:
            self.known.setdefault(id(value), (value, tree))

    def value(self, node: ast.expr) -> Any:
        """Compute an expression of the function as the function itself did."""
        whole = ast.fix_missing_locations(ast.Expression(copy.deepcopy(node)))
        try:
            return eval(compile(whole, "<rule>", "eval"), {**self.scope, **self.values})
        except FAILURES as error:
            raise UnclearError from error

    def told(self, value: Any) -> ast.expr:
        """Return the expression for something known: an array by its name, all else as it is written."""
        if id(value) in self.known:
            return copy.deepcopy(self.known[id(value)][1])
        if isinstance(value, (list, tuple)):
            parts = [self.told(part) for part in value]
            return ast.List(parts, ast.Load()) if isinstance(value, list) else ast.Tuple(parts, ast.Load())
        if isinstance(value, np.dtype):
            return ast.Attribute(ast.Name("np", ast.Load()), value.name, ast.Load())
        return literal(value)

    # ------------------------------------------------------------------------------------- statements

    def branch(self, statement: ast.If, rest: Sequence[ast.stmt]) -> ast.expr:
        """Follow the way that was taken."""
        taken = statement.body if self.holds(statement.test) else statement.orelse
        return self.follow([*taken, *rest])

    def holds(self, test: ast.expr) -> bool:
        """Whether a condition was true."""
        try:
            return bool(self.value(test))
        except FAILURES as error:
            raise UnclearError from error

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Remember what local names stand for, and their values."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = [(self.value(part), self.attempt(part)) for part in value.elts]
            for name, (found, tree) in zip(target.elts, pairs):
                self.keep(name, found, tree)
        else:
            self.keep(target, self.value(value), self.attempt(value))

    def attempt(self, node: ast.expr) -> ast.expr | None:
        """Return an expression, or None: it may not be needed."""
        try:
            return self.rewrite(node)
        except UnclearError:
            return None

    def keep(self, target: ast.expr, value: Any, tree: ast.expr | None) -> None:
        """Give a value to a name, or its parts to several."""
        if isinstance(target, ast.Tuple):
            try:
                parts = list(value)
            except TypeError as error:
                raise UnclearError from error
            for name, part in zip(target.elts, parts):
                self.keep(name, part, self.attempt_told(part))
            return
        if not isinstance(target, ast.Name):
            raise UnclearError
        if is_static(value) and not isinstance(value, float):
            tree = literal(value)
        self.values[target.id], self.trees[target.id] = value, tree
        self.note(value, tree)

    def attempt_told(self, value: Any) -> ast.expr | None:
        """As ``told``, or None."""
        try:
            return self.told(value)
        except UnclearError:
            return None

    # ------------------------------------------------------------------------------------ expressions

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802
        """Put in what a name stands for: an expression, or what it holds if that can be written."""
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
        """Write shapes as they are asked for, and what else can be written as it is."""
        owner, found = self.value(node.value), self.value(node)
        if isinstance(owner, ModuleType):
            return found if isinstance(found, ast.AST) else self.member(node, owner, found)
        tree = self.rewrite(node.value)
        if is_static(found) and (node.attr == "ndim" or not isinstance(tree, ast.Name) or not np.ndim(owner)):
            return literal(found)
        return ast.Attribute(tree, node.attr, ast.Load())

    def member(self, node: ast.Attribute, owner: ModuleType, found: Any) -> ast.expr:
        """Return what stands for ``module.name``."""
        if is_static(found):
            return literal(found)
        root, *path = ast.unparse(node).split(".")
        if owner.__name__.partition(".")[0] == "numpy":
            root = "np"
        elif owner.__name__.partition(".")[0] == PACKAGE and not name_of(found):
            raise UnclearError  # a kernel: what it computes is said elsewhere
        else:
            self.free[root] = self.value(ast.Name(root, ast.Load()))
        return ast.parse(".".join([root, *path]), mode="eval").body

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:  # noqa: N802
        """Keep the way that was taken."""
        ways = (node.body, node.orelse) if self.holds(node.test) else (node.orelse, node.body)
        try:
            return self.rewrite(ways[0])
        except UnclearError:  # a kernel, of which the other way says what it computes; who asked compares numbers
            return self.rewrite(ways[1])

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:  # noqa: N802
        """Keep the operand that was the answer."""
        decides = isinstance(node.op, ast.Or)
        for part in node.values[:-1]:
            if self.holds(part) == decides:
                return self.rewrite(part)
        return self.rewrite(node.values[-1])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:  # noqa: N802
        """Write what is read from a list as that, and what is read from an array with its index."""
        if not isinstance(self.value(node.value), (np.ndarray, np.generic)):
            return self.told(self.value(node))
        index = self.value(node.slice)
        tree = index_tree(index) if is_static(index) else self.rewrite(node.slice)
        return ast.Subscript(self.rewrite(node.value), tree, ast.Load())

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:  # noqa: N802
        """Write it as it is if it can be."""
        found = self.value(node)
        return literal(found) if is_static(found) else self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:  # noqa: N802
        """Write joined tuples as one."""
        if any(isinstance(part, ast.Tuple) for part in (node.left, node.right)):
            return self.told(self.value(node))
        return self.generic_visit(node)

    def computed(self, node: ast.expr) -> ast.AST:
        """Return what stands for the value of an expression that cannot be written out."""
        found = self.value(node)
        return self.told(list(found) if isinstance(node, ast.GeneratorExp) else found)

    visit_ListComp = visit_GeneratorExp = visit_JoinedStr = visit_Dict = visit_Lambda = computed  # noqa: N815

    # ------------------------------------------------------------------------------------------ calls

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802
        """Write a call of an operation; go into other functions."""
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
            written = self.other_call(node, function)
            if written is not None:
                return written
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
        """Return the function that is called; the forward function of an operation counts as the operation."""
        if isinstance(node, ast.Attribute) and node.attr == "forward":
            owner = self.value(node.value)
            if isinstance(owner, Op):
                return owner
        return self.value(node)

    def side(self, node: ast.Call) -> ast.expr | None:
        """Return the side of a ``where`` that all elements took, if it has the shape of the whole."""
        condition = np.asarray(self.value(node.args[0]))
        if not condition.size or condition.all() != condition.any():
            return None
        side = node.args[1 if condition.all() else 2]
        return side if np.shape(self.value(side)) == np.shape(self.value(node)) else None

    def turns(self, node: ast.Call) -> bool:
        """Whether a call exchanges the axes of a matrix."""
        return [ast.unparse(a) for a in node.args[1:]] == ["-1", "-2"] and np.ndim(self.value(node.args[0])) == 2

    def other_call(self, node: ast.Call, function: Any) -> ast.expr | None:
        """Return what stands for the call of something that is no operation; None if the call itself does."""
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
            return self.told(found)
        raise UnclearError

    def inlined(self, node: ast.Call, function: FunctionType) -> ast.expr:
        """Write out what a function of Python computes."""
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
                trees[name], values[name] = self.attempt_told(parameter.default), parameter.default
        return Particular(function, trees, values, self.free, 0, self.depth + 1, self.known).result()

    def arguments(self, node: ast.Call) -> tuple[list[tuple[Any, Any]], dict[str, tuple[Any, Any]]]:
        """Return the arguments of a call as (expression, value), with ``*list`` and ``**dict`` laid out."""
        args: list[tuple[Any, Any]] = []
        for part in node.args:
            if isinstance(part, ast.Starred):
                args += [(self.told(item), item) for item in self.value(part.value)]
            else:
                args.append((self.rewrite(part), self.value(part)))
        keywords: dict[str, tuple[Any, Any]] = {}
        for word in node.keywords:
            if word.arg is None:
                keywords |= {key: (self.told(item), item) for key, item in self.value(word.value).items()}
            else:
                keywords[word.arg] = (self.rewrite(word.value), self.value(word.value))
        return args, keywords


# --------------------------------------------------------------------------------------------- literals


def is_static(value: Any) -> bool:
    """Whether something can be written down as it is: numbers and texts, and tuples, lists and slices of them."""
    if isinstance(value, (tuple, list)):
        return all(map(is_static, value))
    if isinstance(value, slice):
        return is_static((value.start, value.stop, value.step))
    return (
        value is None
        or value is ...
        or isinstance(value, (bool, np.bool_, int, np.integer, str))
        or type(value) is float
    )


def literal(value: Any) -> ast.expr:
    """Return what is static as an expression; UnclearError if it is not, or long."""
    if not is_static(value) or len(repr(value)) > _LONGEST_LITERAL:
        raise UnclearError
    if isinstance(value, (tuple, list)):
        parts = [literal(part) for part in value]
        return ast.Tuple(parts, ast.Load()) if isinstance(value, tuple) else ast.List(parts, ast.Load())
    if isinstance(value, slice):
        return ast.Call(ast.Name("slice", ast.Load()), [literal(v) for v in (value.start, value.stop, value.step)], [])
    if type(value) is float:
        return number(value)
    if isinstance(value, np.bool_):
        value = bool(value)
    elif isinstance(value, np.integer):
        value = int(value)
    return ast.parse(repr(value), mode="eval").body if value is not ... else ast.Constant(...)


def index_tree(index: Any) -> ast.expr:
    """Return a static index as it is written between brackets."""
    if isinstance(index, tuple) and len(index) == 1:
        return index_tree(index[0])
    if isinstance(index, tuple) and index:
        return ast.Tuple([index_tree(part) for part in index], ast.Load())
    if isinstance(index, slice):
        low, high, step = (None if v is None else literal(v) for v in (index.start, index.stop, index.step))
        return ast.Slice(low, high, step)
    return literal(index)


def _closure(function: Any) -> dict[str, Any]:
    """Return the names that a function has from around it."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    found = {}
    for name, cell in zip(code.co_freevars, cells) if code is not None and cells else ():
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return found
