"""Derivative rules as text: read from the source in which they are written, with names and numbers substituted.

The engine runs a rule such as ``lambda g, out, x, y: g * y``, and the text of a formula is derived from its source. For
particular numbers the formula is evaluated, and shown only if it gives the gradient that the engine computed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....common.quiet import quiet
from ...core.op import Op
from .formula_names import namespace
from .general_rule import General
from .literals import FAILURES, UnclearError, index_tree, is_static, literal
from .particular_rule import Particular
from .slots import closed, closed_if_signed, is_slot

#: The longest formulas that are shown, in characters: of one computation, and of a rule with all its branches.
_LONGEST, _LONGEST_RULE = 240, 400
_LONGEST_PARAMETER = 24

#: What a window does unless its user says otherwise.
_USUAL = {"stride": (1, 1), "dilation": (1, 1), "padding": ((0, 0), (0, 0))}

#: Texts that need no parentheses beside an operator.
_ATOM = re.compile(r"·|[\w.\[\], ']+|-?[\d.]+(e[+-]?\d+)?|-?(inf|nan)|\[.*\]|\w*\([^()]*\)")

#: Texts that are in parentheses or brackets already.
_CLOSED = re.compile(r"\([^()]*\)|\[.*\]")


def rule_texts(op: Op) -> tuple[str, ...]:
    """Return the derivative rule of each input as an expression in ``g``, ``out``, the inputs and the parameters.

    Parameters
    ----------
    op : Op
        The operation; that of ``*inputs`` has one rule for all of them.

    Returns
    -------
    tuple of str
        Empty where the source cannot be read, or where the rule is not one expression of readable length.

    Examples
    --------
    >>> from seegrad.autograd import multiply
    >>> from seegrad.autograd.inspect.draw.formula import rule_texts
    >>> rule_texts(multiply)
    ('g * y', 'g * x')
    """
    rules = op.rule or (op.variadic_rule,)
    return tuple([_general_text(rule, _skip(rules, i)) for i, rule in enumerate(rules)])


def _general_text(rule: Any, skip: int) -> str:
    try:
        text = ast.unparse(ast.fix_missing_locations(General(rule, skip).result()))
    except UnclearError:
        return ""
    return text if len(text) <= _LONGEST_RULE else ""


def input_names(op: Op, count: int) -> tuple[str, ...]:
    """Return the names of the inputs in the operation's rules."""
    code = getattr(op.rule[0], "__code__", None) if op.rule else None
    if op.variadic or code is None or code.co_argcount < count + 2:
        return tuple(f"x{i}" for i in range(count))
    return tuple(code.co_varnames[2 : 2 + count])


def _own_names(op: Op, count: int) -> tuple[str, ...]:
    """Return the names of the gradient, the result and the inputs in the operation's rules."""
    inputs = input_names(op, count)
    return (*(op.rule[0].__code__.co_varnames[:2] if op.rule and inputs[:1] != ("x0",) else ("g", "out")), *inputs)


@dataclass
class Formula:
    """What a rule computed from particular numbers, as an expression.

    Attributes
    ----------
    tree : ast.expr
        The expression, in the rule's own argument names.
    own : tuple of str
        The rule's names of the gradient, the result and the inputs.
    values : dict
        The value of each name in the expression, besides those of :func:`.formula_names.namespace`.
    decided : bool
        Whether it leaves out sides of a choice that other numbers would take.
    """

    tree: ast.expr
    own: tuple[str, ...]
    values: dict[str, Any]
    decided: bool = False

    def text(self, names: Sequence[str]) -> str:
        """Return the text with other names, or numbers, in place of ``own``."""
        return ast.unparse(_Renamed(dict(zip(self.own, names))).rewrite(self.tree))

    @property
    def takes_numbers(self) -> bool:
        """Return whether numbers can replace the names: no attribute of them, such as a shape, is read."""
        asked = [part.value for part in ast.walk(self.tree) if isinstance(part, ast.Attribute)]
        return not any(isinstance(name, ast.Name) and name.id in self.own for name in asked)

    def result(self) -> Any:
        """Evaluate the expression."""
        whole = ast.fix_missing_locations(ast.Expression(self.tree))
        with quiet():
            return eval(compile(whole, "<formula>", "eval"), {**namespace(), **self.values})


def formula(
    op: Op, index: int, g: Any, out: Any, inputs: Sequence[Any], params: Mapping[str, Any], gradient: Any
) -> Formula | None:
    """Return what the rule of input ``index`` computed; None if there is no short expression for it.

    Parameters
    ----------
    op : Op
        The operation.
    index : int
        The position of the input.
    g, out, inputs, params
        The arguments of the rule, as plain numbers and arrays.
    gradient : float or ndarray
        The gradient that the engine propagated to the input. A formula that gives another one is not returned.
    """
    rules = op.rule or (op.variadic_rule,)
    place = 0 if op.variadic else index
    own = _own_names(op, len(inputs))
    values = dict(zip(own, map(_as_numpy, (g, out, *inputs))))
    free: dict[str, Any] = dict(values)
    try:
        with quiet():
            tree, decided = _particular(op, rules[place], _skip(rules, place), index, values, params, free)
            found = Formula(tree, own, free, decided)
            summed = _summed(found, own[index + 2], gradient)
        return summed if len(summed.text(own)) <= _LONGEST and _equal(summed.result(), gradient) else None
    except (UnclearError, *FAILURES):
        return None


def _particular(
    op: Op,
    rule: Any,
    skip: int,
    index: int,
    values: Mapping[str, Any],
    params: Mapping[str, Any],
    free: dict[str, Any],
) -> tuple[ast.expr, bool]:
    """Return the expression of a rule whose arguments may have other names than ``values``, and :attr:`decided`."""
    code = getattr(rule, "__code__", None)
    if code is None:
        raise UnclearError
    positional = code.co_varnames[: code.co_argcount]
    given: dict[str, Any] = dict(zip(positional, values.values()))
    trees: dict[str, ast.expr | None] = {own: _name(shown) for own, shown in zip(positional, values)}
    if op.variadic:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        given[rest] = tuple(values.values())[2:]
        trees[rest] = ast.Tuple([_name(shown) for shown in tuple(values)[2:]], ast.Load())
        given["index"], trees["index"] = index, literal(index)
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    further: dict[str, Any] = {}
    for name, value in params.items():
        (given if name in named else further)[name] = value
        trees[name] = _parameter(name, value)
        if isinstance(trees[name], ast.Name):
            free[name] = value
    if further:
        given[code.co_varnames[len(named) + bool(code.co_flags & 4)]] = further
    particular = Particular(rule, trees, given, free, skip)
    return particular.result(), bool(particular.decided)


def _parameter(name: str, value: Any) -> ast.expr:
    """Return the value of a parameter if it is short, else its name."""
    return literal(value) if is_static(value) and len(repr(value)) <= _LONGEST_PARAMETER else _name(name)


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _skip(rules: tuple[Any, ...], place: int) -> int:
    """Return how many rules of this operation with the same arguments stand before this one on its line."""

    def line(rule: Any) -> Any:
        code = getattr(rule, "__code__", None)
        return None if code is None else (code.co_filename, code.co_firstlineno, code.co_varnames[: code.co_argcount])

    return [line(rule) for rule in rules[:place]].count(line(rules[place]))


def _as_numpy(x: Any) -> Any:
    """Return a float as a number of NumPy, which gives inf or NaN at a pole instead of raising."""
    return np.float64(x) if isinstance(x, float) else x


def _summed(found: Formula, name: str, gradient: Any) -> Formula:
    """Sum over what was broadcast, as the backward pass does after each rule."""
    if np.shape(found.result()) == np.shape(gradient):
        return found
    if not np.ndim(gradient):
        return replace(found, tree=ast.Call(_name("sum"), [found.tree], []))
    shape = ast.Attribute(_name(name), "shape", ast.Load())
    return replace(found, tree=ast.Call(_name("sum_to"), [found.tree, shape], []))


def _equal(found: Any, gradient: Any) -> bool:
    """Return whether two gradients are equal up to rounding."""
    kind = np.asarray(gradient).dtype
    tolerance = float(np.sqrt(np.finfo(kind if kind.kind in "fc" else np.float64).eps))
    if np.shape(found) != np.shape(gradient):
        return False
    scale = np.max(np.abs(gradient), initial=0.0, where=np.isfinite(gradient))
    return bool(np.allclose(found, gradient, rtol=tolerance, atol=tolerance * float(scale), equal_nan=True))


# ------------------------------------------------------------------------------------------ the forward pass


def forward_text(op: Op, names: tuple[str, ...], params: Mapping[str, Any]) -> str:
    """Return what an operation computes from inputs of the given names, as ``a * b`` or ``sum(x, axis=0)``."""
    own = input_names(op, len(names))
    formula = getattr(op, "formula", "")
    if formula and not set(names) & set(re.findall(r"\b(?:e|pi)\b", formula)):
        table = dict(zip(own, map(atom, names)))
        return re.sub(r"\b[a-z]\b", lambda found: _closed(table.get(found.group(), found.group()), found), formula)
    if op.symbol in ("@", "+"):
        return f" {op.symbol} ".join(map(atom, names))
    if op.name == "where":
        return f"where({', '.join([_shown('condition', params['condition']), *names])})"
    if op.name == "getitem":
        index = params["index"]
        written = _unparsed_index(index) if is_static(index) else "index"
        return f"{atom(names[0])}[{written}]"
    if "stride" in params:
        names = (*names, repr(_as_written(params["kernel"]))) if "kernel" in params else names
        params = _window(params)
    given = [f"{name}={_shown('…', value)}" for name, value in params.items() if _worth_saying(op, name, value)]
    listed = f"[{', '.join(names)}]" if op.name in ("concatenate", "stack") else ", ".join(names)
    return f"{op.title}({', '.join([listed, *given])})"


def _unparsed_index(index: Any) -> str:
    try:
        text = ast.unparse(ast.Subscript(_name("x"), index_tree(index), ast.Load()))[2:-1]
    except UnclearError:
        return "index"
    return text if len(text) <= _LONGEST_PARAMETER else "index"


def _shown(name: str, value: Any) -> str:
    """Return the value of a parameter as text if it is short, else a name for it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_PARAMETER else name


def _closed(name: str, place: re.Match[str]) -> str:
    """Put a negative number in parentheses where a sign stands before it or a power after it."""
    before, after = place.string[: place.start()].rstrip(), place.string[place.end() :].lstrip()
    return closed(name) if before[-1:] in ("-", "+") or after.startswith("**") else name


def _worth_saying(op: Op, name: str, value: Any) -> bool:
    default = op.defaults.get(name, op)
    return default is op or repr(default) != repr(value)


def _window(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the user of a convolution or pool wrote, besides the size of its windows."""
    usual = {**_USUAL, "stride": params.get("kernel", _USUAL["stride"])}
    others = {} if "kernel" in params else {name: x for name, x in params.items() if name not in usual}
    return {name: _as_written(x) for name, x in params.items() if name in usual and x != usual[name]} | others


def _as_written(pair: Any) -> Any:
    """Return one number for two that are the same, as in ``padding=1``."""
    if not isinstance(pair, tuple):
        return pair
    first, *others = map(_as_written, pair)
    return first if all(x == first for x in others) else pair


def atom(name: str) -> str:
    """Return a name in parentheses if it needs them beside an operator, as ``a - b`` does."""
    return name if _ATOM.fullmatch(name) or is_slot(name) else f"({name})"


class _Renamed(ast.NodeTransformer):
    """Replace names by other texts, in parentheses where they need them."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def rewrite(self, tree: ast.expr) -> ast.expr:
        """Return a copy with other names."""
        result = self.visit(ast.parse(ast.unparse(tree), mode="eval").body)
        assert isinstance(result, ast.expr)
        return result

    def visit_Name(self, node: ast.Name) -> ast.AST:  # noqa: N802 (a name of the ast module)
        return ast.Name(self.names.get(node.id, node.id), ast.Load())

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        if isinstance(node.value, ast.Name):
            node.value = ast.Name(atom(node.value.id), ast.Load())
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:  # noqa: N802 (a name of the ast module)
        self.generic_visit(node)
        node.operand = _bracketed(node.operand)
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
    if isinstance(node, ast.Name) and is_slot(node.id):
        return ast.Name(closed_if_signed(node.id) if sign == "-" else closed(node.id), ast.Load())
    if (
        isinstance(node, ast.Name)
        and not _CLOSED.fullmatch(node.id)
        and (node.id.startswith("-") or sign in node.id[1:])
    ):
        return ast.Name(f"({node.id})", ast.Load())
    return node
