"""``Value``: one number that remembers where it came from."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..common.elsewhere import answers_names
from ..common.other_names.value_names import NAMES
from .accumulation import accumulate
from .arithmetic import Arithmetic
from .copies import Copies
from .core.backward import propagate
from .core.node import NO_PARAMS, Node, annotate, clock, current_trace, data_of, fill, look, on_look, stamp, traces
from .core.recording import is_recording
from .ops.elementwise import Elementwise
from .ops.questions import answer_of, as_int, compared
from .ops.shaping import sum_to, to_value
from .scipy_ufuncs import SEVERAL, asked_by_scipy, is_scipys, name_of_ufunc, refusal_to_scipy
from .sparse_operands import deferred

if TYPE_CHECKING:
    from .inspect.draw import Drawing, Player


@answers_names("Value", NAMES)
class Value(Arithmetic["Value"], Copies, Node, carries=float):
    """A scalar that records what is computed with it, so that derivatives can be propagated back.

    Parameters
    ----------
    data : float
        The number.
    label : str, optional
        A name for drawings and messages.

    Raises
    ------
    TypeError
        If ``data`` is not one real number.

    Examples
    --------
    >>> a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    >>> c = a * b + a**2
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (-2.0, 1.0, 2.0)
    """

    __slots__ = ()

    shape: ClassVar[tuple[()]] = ()
    ndim: ClassVar[int] = 0
    size: ClassVar[int] = 1

    def __init__(self, data: float, label: str = "") -> None:
        trace = current_trace()
        fill(self, _real(data if trace is None else trace.plain(data)), None, (), NO_PARAMS, is_recording(), clock())
        if trace is not None:
            trace.carry(self, data)
        if label:
            annotate(self, "label", label)

    # ------------------------------------------------------------------------------------ what it holds

    @property
    def data(self) -> float:
        """The number. Setting it marks graphs that used the old number as stale."""
        if on_look:
            look("reads .data of a Value", self)
        return self._plain if not traces or (trace := current_trace()) is None else trace.read_data(self)

    @data.setter
    def data(self, number: float) -> None:
        if on_look:
            look("sets .data of a Value", self)
        trace = current_trace()
        new = _real(number if trace is None else trace.plain(number))
        if trace is not None:
            trace.write_data(self, number)
        self._plain = new
        stamp(self)

    @property
    def grad(self) -> float | Any:
        """The derivative of the last result(s) on which ``backward()`` was called; 0.0 before."""
        if on_look:
            look("reads .grad of a Value", self)
        grad = self._grad if not traces or (trace := current_trace()) is None else trace.gradient_of(self)
        return 0.0 if grad is None else grad

    @grad.setter
    def grad(self, number: Any) -> None:
        if on_look:
            look("sets .grad of a Value", self)
        if traces and (trace := current_trace()) is not None:
            trace.set_gradient(self)
        self._grad = number if number is None or isinstance(number, Value) else _real(number)

    def item(self) -> float:
        """Return the number."""
        return self.data

    # -------------------------------------------------------------------------------------- derivatives

    def backward(self, grad: float = 1.0, *, create_graph: bool = False) -> None:
        """Add the derivative of this value with respect to every value that led to it to their ``.grad``.

        Parameters
        ----------
        grad : float
            The derivative of something further on with respect to this value.
        create_graph : bool
            Make each ``.grad`` a Value with a graph of its own, so that it can be differentiated again.

        Examples
        --------
        >>> x = sg.Value(2.0)
        >>> y = x**3
        >>> y.backward(create_graph=True)
        >>> slope, x.grad = x.grad, None
        >>> slope.backward()
        >>> slope.data, x.grad
        (12.0, 12.0)
        """
        if on_look:
            look("calls backward()", self)
        grad_output: Any = Value(grad) if create_graph else _real(grad)
        accumulate(propagate(self, grad_output, create_graph=create_graph, keep=True))

    def draw(self, **options: Any) -> Drawing:
        """Draw how this was computed: :func:`seegrad.draw`, with its options."""
        from .inspect.draw import draw

        return draw(self, **options)

    def play(self, **options: Any) -> Player:
        """Step through this computation and its backward pass: :func:`seegrad.play`, with its options."""
        from .inspect.draw import play

        return play(self, **options)

    def fit_gradient(self, gradient: Any) -> Any:
        """Give a gradient the form of a scalar."""
        if gradient.__class__ is float or isinstance(gradient, Value):
            return gradient
        if isinstance(gradient, Node):
            return to_value(sum_to(gradient, ()))
        return float(gradient.sum().real) if hasattr(gradient, "sum") else float(gradient.real)

    # ------------------------------------------------------------------------------------- comparisons
    # By data; but two Values are equal only if they are the same one, as their hash says: a Value is a place in a
    # graph, and ``v in parameters`` asks for that place.

    __hash__: ClassVar[Callable[[Any], int]] = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, Value) else self._compare("==", operator.eq, other)

    def __ne__(self, other: object) -> bool:
        return self is not other if isinstance(other, Value) else self._compare("!=", operator.ne, other)

    def __lt__(self, other: Value | float) -> bool:
        return self._compare("<", operator.lt, other)

    def __le__(self, other: Value | float) -> bool:
        return self._compare("<=", operator.le, other)

    def __gt__(self, other: Value | float) -> bool:
        return self._compare(">", operator.gt, other)

    def __ge__(self, other: Value | float) -> bool:
        return self._compare(">=", operator.ge, other)

    def __bool__(self) -> bool:
        return not self._compare("==", operator.eq, 0.0)

    def _compare(self, what: str, compare: Callable[[Any, Any], Any], other: Any) -> Any:
        plain = data_of(other)
        answer = compared(compare, data_of(self), plain) if traces else compare(self._plain, plain)
        if on_look:
            look(what, self, other, answer)
        return answer

    # ------------------------------------------------------------------------------- meeting the outside

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        op = Elementwise.by_ufunc.get(ufunc)
        if op is None and is_scipys(ufunc):
            op = Elementwise.by_ufunc.get(ufunc)
            if ufunc in SEVERAL and method == "__call__" and not kwargs:
                return SEVERAL[ufunc](*inputs)
        if op is None or method != "__call__" or kwargs:
            raise TypeError(f"{name_of_ufunc(ufunc)} is not defined on Value; use v.data for the plain number")
        return op.apply(inputs, NO_PARAMS)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if (answer := deferred(self)) is not None:
            return answer
        if asked_by_scipy():
            raise TypeError(refusal_to_scipy("a Value", "v.data"))
        raise TypeError(
            "turning a Value into an array would lose its gradient; use np.array([...]) of `import seegrad.numpy as "
            "np`, or sg.stack([...]), to build a Tensor that keeps it, or v.data for the plain number"
        )

    def __float__(self) -> float:
        if not self.requires_grad:
            if on_look:
                look("makes a plain number of a Value", self)
            return answer_of(self, "makes a plain number of a Value")  # type: ignore[no-any-return]
        raise TypeError(
            "float(v) or a function of the math module would lose the gradient of this Value; use v.exp() or "
            "sg.exp(v) and the like to keep it, or v.data for the plain number"
        )

    def __int__(self) -> int:
        if not self.requires_grad:
            return as_int(data_of(self))  # type: ignore[no-any-return]
        raise TypeError(
            "int(v) would lose the gradient of this Value; use sg.trunc(v), sg.floor(v) or round(v) to stay with "
            "Values, or int(v.data) for the plain number"
        )

    def __format__(self, spec: str) -> str:
        if on_look:
            look("formats a Value", self)
        return format(self._plain, spec) if spec else str(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._plain!r}, grad={self.grad!r}{label})"

    def _repr_html_(self) -> str:
        from .inspect.notebook_views import value_html

        return value_html(self)


def _real(number: Any) -> float:
    """One real number as a Python float."""
    if number.__class__ is float:
        return number  # type: ignore[no-any-return]
    try:
        if not (isinstance(number, (str, bytes, Node)) or np.iscomplexobj(number)):
            return float(number)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"a Value holds one real number, got {type(number).__name__}: {number!r}")
