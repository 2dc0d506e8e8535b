"""What a special function of SciPy is: an operation that computes with SciPy's ufunc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import special
from scipy.special import _ufuncs

from ..core.node import Node
from ..core.op import Op, Rule
from ..core.recording import is_recording
from ..ops.elementwise import Elementwise, RealElementwise


class SpecialFunction(RealElementwise[Callable[..., Any]]):
    """A special function, and one derivative rule per input.

    An input without a rule, None in its place, is refused if it requires gradients: a silent zero would be wrong.

    Parameters
    ----------
    name : str
        SciPy's.
    formula : str
        What it computes.
    array : callable, optional
        How to compute it on numbers and arrays; by default, SciPy's ufunc of that name.
    called : str, optional
        What a user calls, if it is a part of that.
    """

    table: ClassVar[dict[str, Op]] = {}

    def __init__(self, name: str, formula: str, array: Callable[..., Any] | None = None, called: str = "") -> None:
        array = getattr(special, name) if array is None else array
        super().__init__(name, formula, array, array)
        self.called: str = called or name
        for ufunc in (getattr(special, name, None), getattr(_ufuncs, f"_{name}", None)):
            if isinstance(ufunc, np.ufunc):
                Elementwise.by_ufunc[ufunc] = self
        self.refused: tuple[int, ...] = ()

    def rules(self, *rules: Rule | None) -> None:
        """State the derivative rule of each input, in order; None for one that there is no formula for."""
        self.refused = tuple([place for place, rule in enumerate(rules) if rule is None])
        stated = next(rule for rule in rules if rule is not None)
        self.names: tuple[str, ...] = stated.__code__.co_varnames[2 : 2 + len(rules)]
        super().rules(*[rule or self._refusal_of(name) for rule, name in zip(rules, self.names)])

    def _refusal_of(self, name: str) -> Rule:
        def refuse(*args: Any) -> Any:
            raise TypeError(
                f"scipy.special.{self.called} has no derivative with respect to {name}: there is no closed formula. "
                f"Pass {name}.data, a constant"
            )

        return refuse

    def __reduce__(self) -> Any:
        return (special_function, (self.name,))

    def apply(self, inputs: tuple[Any, ...], params: Any) -> Any:
        """Compute on the inputs' data and record the result."""
        for place in self.refused:
            x = inputs[place] if place < len(inputs) else None
            if isinstance(x, Node) and x._tracked and is_recording():
                self.rule[place]()
        return super().apply(inputs, params)

    def _checked(self, *inputs: Any) -> Any:
        result = super()._checked(*inputs)
        dtype = np.result_type(*inputs)  # SciPy computes some functions in double precision only
        return result.astype(dtype) if dtype.kind == "f" and dtype != result.dtype else result


def special_function(name: str) -> SpecialFunction:
    """Return the operation of that name."""
    from . import special_rules  # noqa: F401 (which states them all)

    return SpecialFunction.table[name]  # type: ignore[return-value]


def part_of(ufunc: Any, place: int, formula: str) -> SpecialFunction:
    """Return the operation that computes one of the results of a ufunc that has several."""
    name = ufunc.__name__
    return SpecialFunction(f"{name}_{place}", formula, lambda *inputs: ufunc(*inputs)[place], name)


def of_integers(function: Callable[..., Any], *places: int) -> Callable[..., Any]:
    """Return a function some of whose arguments are integers, which may come as whole numbers of any type."""

    def compute(*inputs: Any) -> Any:
        return function(*[_as_integers(x) if place in places else x for place, x in enumerate(inputs)])

    return compute


def _as_integers(x: Any) -> Any:
    whole = np.asarray(x).astype(int)
    if not np.array_equal(whole, x):
        raise ValueError(f"expected whole numbers, got {x!r:.60}")
    return whole
