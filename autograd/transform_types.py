"""The variables in the types of transforms: what a function takes and returns, and with it its derivative.

They exist for type checkers alone. Nothing is known of a lambda, so everything defaults to ``Any``; ``bound=Any`` lets
its body compute with its arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import ParamSpec, TypeVar, TypeVarTuple

    #: All parameters of a function, or those after the ones that are named.
    P = ParamSpec("P", default=...)
    #: Its first and second argument, its result, what it returns besides, all its arguments.
    X = TypeVar("X", bound=Any, default=Any)
    Y = TypeVar("Y", bound=Any, default=Any)
    V = TypeVar("V", bound=Any, default=Any)
    Aux = TypeVar("Aux", bound=Any, default=Any)
    Args = TypeVarTuple("Args")
    #: Nested dicts, lists, tuples of parameters.
    Structure = TypeVar("Structure")
    #: What the transformed function returns; and of a method, its object and its other parameters.
    R = TypeVar("R", covariant=True, default=Any)
    Owner = TypeVar("Owner")
    Rest = ParamSpec("Rest")
else:
    from typing import ParamSpec, TypeVar

    P, R = ParamSpec("P"), TypeVar("R")
