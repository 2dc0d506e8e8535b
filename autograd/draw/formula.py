"""Derivative rules as text: read from the source in which they are written, with names and numbers put in.

A rule such as ``lambda g, out, x, y: g * y`` is both what runs and what people read; so the text of a formula
comes from the rule itself and cannot disagree with it.
"""

from __future__ import annotations

import ast
import functools
import linecache
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from ..operation import Op

_PLAIN_NAME = re.compile(r"[\w.\[\], ]+")


def rule_texts(op: Op) -> tuple[str, ...]:
    """Return the derivative rule of each input as an expression in ``g``, ``out`` and the inputs' names.

    Parameters
    ----------
    op : Op
        The operation; one rule stands for all inputs of an operation of ``*inputs``.

    Returns
    -------
    tuple of str
        An empty text where the source cannot be read, or a rule is no single expression.

    Examples
    --------
    >>> from seegrad.autograd import multiply
    >>> from seegrad.autograd.draw.formula import rule_texts
    >>> rule_texts(multiply)
    ('g * y', 'g * x')
    """
    return tuple("" if tree is None else ast.unparse(_Shorter().visit(tree)) for tree in _expressions(op))


def input_names(op: Op, count: int) -> tuple[str, ...]:
    """Return what the operation's rules call its inputs."""
    if op.variadic or not op.rule or op.rule[0].__code__.co_argcount < count + 2:
        return tuple(f"x{i}" for i in range(count))
    return op.rule[0].__code__.co_varnames[2 : 2 + count]


def written_with(op: Op, index: int, names: Mapping[str, str], numbers: Mapping[str, Any]) -> str:
    """Return the rule of input ``index`` with names put in, for example ``dL/dc * b``.

    Parameters
    ----------
    op : Op
        The operation.
    index : int
        Which input.
    names : mapping of str to str
        What to write for ``g``, ``out`` and the inputs' own names.
    numbers : mapping of str to float
        The values of those that are single numbers: they decide which branch of a ``where`` is shown.

    Returns
    -------
    str
        Empty if the rule has no readable text.
    """
    place = 0 if op.variadic else index
    tree = _expressions(op)[place]
    if tree is None:
        return ""
    rule = _rules(op)[place]
    if numbers:
        tree = _Decided(rule, numbers).visit(tree)
    return ast.unparse(_Renamed(names).visit(_Shorter().visit(tree)))


def forward_text(op: Op, names: tuple[str, ...], params: Mapping[str, Any]) -> str:
    """Return what an operation computes, with names put in, for example ``a * b`` or ``sum(x, axis=0)``."""
    own = input_names(op, len(names))
    formula = getattr(op, "formula", "")
    if formula:
        table = dict(zip(own, names))
        return re.sub(r"\b[a-z]\b", lambda found: _closed(table.get(found.group(), found.group()), found), formula)
    if op.symbol in ("@", "+"):
        return f" {op.symbol} ".join(names)
    given = [f"{name}={value!r}" for name, value in params.items() if _worth_saying(op, name, value)]
    return f"{op.name}({', '.join([*names, *given])})"


def _closed(name: str, place: re.Match[str]) -> str:
    """Put a negative number in brackets where a sign stands before it or a power after it."""
    before, after = place.string[: place.start()].rstrip(), place.string[place.end() :].lstrip()
    return f"({name})" if name.startswith("-") and (before[-1:] in ("-", "+") or after.startswith("**")) else name


def _worth_saying(op: Op, name: str, value: Any) -> bool:
    return len(repr(value)) < 20 and (name not in op.defaults or op.defaults[name] != value)


# --------------------------------------------------------------------------------- from function to tree


def _rules(op: Op) -> tuple[Any, ...]:
    return op.rule or (op.variadic_rule,)


def _expressions(op: Op) -> list[ast.expr | None]:
    """Each rule's expression, as trees that the caller may change."""
    found: list[ast.expr | None] = []
    earlier: list[tuple[str, int]] = []
    for rule in _rules(op):
        rule = getattr(rule, "func", rule)  # a partial
        code = getattr(rule, "__code__", None)
        if code is None:
            found.append(None)
            continue
        place = (code.co_filename, code.co_firstlineno)
        text = _source_of(*place, code.co_name, code.co_varnames[: code.co_argcount], earlier.count(place))
        earlier.append(place)
        found.append(ast.parse(text, mode="eval").body if text else None)
    return found


@functools.lru_cache(maxsize=4096)
def _source_of(filename: str, line: int, name: str, arguments: tuple[str, ...], skip: int) -> str:
    """Return the text of the expression that the function starting at ``line`` returns."""
    candidates = []
    for node in _functions_in(filename, len(linecache.getlines(filename))):
        own_line = min([node.lineno, *[d.lineno for d in getattr(node, "decorator_list", [])]])
        own_name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
        own_arguments = tuple(a.arg for a in [*node.args.posonlyargs, *node.args.args])
        if (own_line, own_name, own_arguments) == (line, name, arguments):
            candidates.append(node)
    if name != "<lambda>":
        skip = 0
    if skip >= len(candidates):
        return ""
    node = candidates[skip]
    if isinstance(node, ast.Lambda):
        return ast.unparse(node.body)
    # The last return is the general case; those before it are special ones.
    last = node.body[-1]
    return ast.unparse(last.value) if isinstance(last, ast.Return) and last.value is not None else ""


@functools.lru_cache(maxsize=64)
def _functions_in(filename: str, lines: int) -> tuple[ast.Lambda | ast.FunctionDef, ...]:
    """All functions of a file or notebook cell, in the order in which they are written."""
    try:
        tree = ast.parse(textwrap.dedent("".join(linecache.getlines(filename))))
    except SyntaxError:
        return ()
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.Lambda, ast.FunctionDef))]
    return tuple(sorted(functions, key=lambda node: (node.lineno, node.col_offset)))


# ------------------------------------------------------------------------------------------- rewriting


class _Shorter(ast.NodeTransformer):
    """Write matrix products and transposes as people do, and the general case alone where there are short cuts."""

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "matmul" and len(node.args) == 2:
            return ast.BinOp(node.args[0], ast.MatMult(), node.args[1])
        if name == "swapaxes" and [ast.unparse(a) for a in node.args[1:]] == ["-1", "-2"]:
            return ast.Attribute(node.args[0], "T", ast.Load())
        if name == "spread":
            shape = ast.Attribute(node.args[1], "shape", ast.Load())
            return ast.Call(node.func, [node.args[0], shape], [])
        if name == "count":
            return ast.Attribute(node.args[0], "size", ast.Load())
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        return node.orelse

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        return node.values[0] if isinstance(node.op, ast.Or) else node


class _Decided(ast.NodeTransformer):
    """Keep only the branch of each ``where`` that the numbers take."""

    def __init__(self, rule: Callable[..., Any], numbers: Mapping[str, Any]) -> None:
        self.scope = getattr(rule, "__globals__", {})
        self.numbers = dict(numbers)

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "where" and len(node.args) == 3:
            condition = ast.fix_missing_locations(ast.Expression(node.args[0]))
            try:  # the condition is a part of the rule itself, which has just run on the same numbers
                holds = bool(eval(compile(condition, "<rule>", "eval"), self.scope, self.numbers))
            except Exception:
                return node
            return node.args[1 if holds else 2]
        return node


class _Renamed(ast.NodeTransformer):
    """Put other texts in the place of names, in brackets where they need them."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802 (a name of the ast module)
        return ast.Name(self.names.get(node.id, node.id), ast.Load())

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        node.operand = _bracketed(node.operand)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and not _PLAIN_NAME.fullmatch(node.value.id):
            node.value = ast.Name(f"({node.value.id})", ast.Load())
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            node.left = _bracketed(node.left)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            node.right = _bracketed(node.right)
        if isinstance(node.op, (ast.Div, ast.Pow)):
            node.right = _bracketed(node.right, "/")
        return node


def _bracketed(node: ast.expr, sign: str = "-") -> ast.expr:
    if isinstance(node, ast.Name) and (node.id.startswith("-") or sign in node.id[1:]):
        return ast.Name(f"({node.id})", ast.Load())
    return node
