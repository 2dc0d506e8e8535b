"""Find the definition of a function in the source file that it was read from, as a syntax tree."""

from __future__ import annotations

import ast
import functools
import linecache
import textwrap
from typing import Any

Definition = ast.Lambda | ast.FunctionDef


def definition_of(function: Any, skip: int = 0) -> Definition | None:
    """Return the definition of a function; None if its source cannot be read.

    Parameters
    ----------
    function : callable
    skip : int
        How many lambdas of the same arguments stand before it on its line.

    Returns
    -------
    ast.Lambda, ast.FunctionDef or None
        A shared object: copy it before you change it.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    count = code.co_argcount + code.co_kwonlyargcount
    wanted = (code.co_firstlineno, code.co_name, code.co_varnames[:count])
    found = [node for node in _functions_in(code.co_filename, *_size_of(code.co_filename)) if _key(node) == wanted]
    if code.co_name != "<lambda>":
        skip = 0
    return found[skip] if skip < len(found) else None


def _key(node: Definition) -> tuple[int, str, tuple[str, ...]]:
    line = min([node.lineno, *[d.lineno for d in getattr(node, "decorator_list", [])]])
    arguments = tuple(a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
    return line, "<lambda>" if isinstance(node, ast.Lambda) else node.name, arguments


def _size_of(filename: str) -> tuple[int, int]:
    """Return the size of a file or cell, which tells whether a notebook's cell has been edited."""
    lines = linecache.getlines(filename)
    return len(lines), sum(map(len, lines))


@functools.lru_cache(maxsize=64)
def _functions_in(filename: str, lines: int, characters: int) -> tuple[Definition, ...]:
    """Return all functions of a file or notebook cell, in the order of the text."""
    try:
        tree = ast.parse(textwrap.dedent("".join(linecache.getlines(filename))))
    except SyntaxError:
        return ()
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.Lambda, ast.FunctionDef))]
    return tuple(sorted(functions, key=lambda node: (node.lineno, node.col_offset)))
