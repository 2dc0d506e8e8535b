"""What a traced function gets in the place of plain arrays and numbers: nodes that behave like them.

They have the methods and operators of an array or a float, and NumPy's functions take them. What is an operation of
this package is recorded as one; anything else is a function of plain data, an instruction without a derivative.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..core.node import Node, current_trace
from ..core.op import PlainFunction, plain_params
from ..numpy_protocol import call_function, call_ufunc
from ..ops import shaping, views
from ..ops.questions import answer_of, as_int, asked, plain_function
from ..tensor import Tensor
from ..value import Value


class TracedArray(Tensor):
    """Stands for a plain array: what is computed from it is traced, and plain again for whoever calls the function."""

    __slots__ = ()

    stands_for_data: ClassVar[bool] = True

    def __pow__(self, other: Any) -> Any:
        # NumPy's operator, unlike numpy.power, takes the root: NaN of -inf.
        root = other.__class__ is float and other == 0.5 and self.dtype.kind == "f"
        return np.sqrt(self) if root else super().__pow__(other)

    def as_data(self) -> Any:
        """Return what takes the place of the data: this, or the data itself when the trace is over."""
        return self._plain if current_trace() is None else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"an array has no attribute {name!r}")
        if not callable(getattr(np.ndarray, name)):
            return _attribute(self, name)
        return lambda *args, **kwargs: _called(_method(name), (self, *args), kwargs, name in _WRITING_METHODS)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _or_plain(call_ufunc, (ufunc, method, inputs, kwargs), getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _or_plain(call_function, (function, args, kwargs), function, args, kwargs)

    def __setitem__(self, index: Any, value: Any) -> None:
        if _is_tracked(value):  # an array refuses what would lose its gradient
            np.copy(self._plain)[plain_params(index)] = value
        super().__setitem__(index, value)

    def _update(self, operation: Any, other: Any) -> Any:
        if _needs_derivative(other) and self.ndim:
            getattr(np, operation.name)(self._plain, other, out=np.copy(self._plain))
        return super()._update(operation, other)

    def __str__(self) -> str:
        return str(answer_of(self, "formats an array"))

    def __format__(self, spec: str) -> str:
        return format(answer_of(self, "formats an array"), spec)

    def __copy__(self) -> Any:
        return shaping.copy(self, "C")

    def __deepcopy__(self, memo: Any) -> Any:
        return shaping.copy(self, "C")

    def astype(
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """Cast to another dtype."""
        if casting != "unsafe" and not np.can_cast(self.dtype, dtype, casting):  # type: ignore[arg-type]
            raise TypeError(f"cannot cast an array from {self.dtype} to {dtype} by the rule {casting!r}")
        return self if not copy and self.dtype == np.dtype(dtype) else shaping.astype(self, np.dtype(dtype))

    def flatten(self, order: shaping.Order = "C") -> Any:  # type: ignore[override]  # as of an array
        """Return a copy in one axis."""
        return views.apart(shaping.reshape_in_order(self, -1, order))

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **kwargs: Any) -> Any:  # noqa: A002
        """Limit elements to an interval."""
        return np.clip(self, min, max, out=out, **kwargs)

    @property
    def flat(self) -> Any:
        """The elements in one axis."""
        return iter(self.flatten())


class TracedNumber(Value):
    """Stands for a plain float."""

    __slots__ = ()

    stands_for_data: ClassVar[bool] = True

    def as_data(self) -> Any:
        """Return what takes the place of the number: this, or the number itself when the trace is over."""
        return self._plain if current_trace() is None else self

    __hash__: ClassVar[Callable[[Any], int]] = object.__hash__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(float, name):
            raise AttributeError(f"a number has no attribute {name!r}")
        if not callable(getattr(float, name)):
            return self if name == "real" else 0.0
        return lambda *args: _called(_number_method(name), (self, *args), {})

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if _has_array(inputs):  # whose dtype a Python float takes on
            inputs = tuple([np.asarray(x) if isinstance(x, np.generic) else x for x in inputs])
            return _or_plain(call_ufunc, (ufunc, method, inputs, kwargs), getattr(ufunc, method), inputs, kwargs)
        return getattr(ufunc, method)(*_as_arrays(inputs), **_as_arrays(kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if _has_array(args):
            return _or_plain(call_function, (function, args, kwargs), function, args, kwargs)
        return function(*_as_arrays(args), **_as_arrays(kwargs))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(answer_of(self, "turns a number into an array"), dtype=dtype)

    def __eq__(self, other: object) -> Any:
        return self._compare("==", operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._compare("!=", operator.ne, other)

    def __round__(self, digits: int | None = None) -> Any:
        return _called(_ROUND if digits is None else _ROUND_TO, (self, *([] if digits is None else [digits])), {})

    def __floor__(self) -> Any:
        return _called(_FLOOR, (self,), {})

    def __ceil__(self) -> Any:
        return _called(_CEIL, (self,), {})

    def __trunc__(self) -> Any:
        return _called(as_int, (self,), {})

    def __str__(self) -> str:
        return str(answer_of(self, "formats a number"))

    def __format__(self, spec: str) -> str:
        return format(answer_of(self, "formats a number"), spec)


# ------------------------------------------------------------------------------------- functions of plain data

#: Functions and methods of NumPy that write into what they are given, or out of the program.
_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
_WRITING_METHODS = frozenset("fill put partition resize setfield setflags byteswap tofile dump dumps tobytes".split())
#: Methods that a Tensor has with other parameters than an array, and that NumPy has as functions.
_FUNCTIONS = (
    *("sum", "mean", "var", "std", "prod", "max", "min", "argmax", "argmin", "cumsum", "cumprod", "round", "squeeze"),
    *("swapaxes", "ravel", "repeat", "take", "diagonal", "dot", "trace", "any", "all", "ptp", "nonzero", "argsort"),
    *("searchsorted", "argpartition"),
)
_methods: dict[str, PlainFunction] = {}
_number_methods: dict[str, PlainFunction] = {}
_FLOOR, _CEIL, _ROUND = PlainFunction(math.floor), PlainFunction(math.ceil), PlainFunction(round)
_ROUND_TO = PlainFunction(round, "round_to")


def _method(name: str) -> PlainFunction:
    """Return a method of arrays as a function of plain data."""
    if name not in _methods:
        _methods[name] = PlainFunction(_as_array(getattr(np.ndarray, name)), name.strip("_"))
    return _methods[name]


def _as_array(method: Callable[..., Any]) -> Callable[..., Any]:
    def of_array(x: Any, *args: Any, **kwargs: Any) -> Any:
        return method(np.asarray(x), *args, **kwargs)

    return of_array


def _number_method(name: str) -> PlainFunction:
    if name not in _number_methods:
        _number_methods[name] = PlainFunction(getattr(float, name), name)
    return _number_methods[name]


def _attribute(x: TracedArray, name: str) -> Any:
    """Return what is the same at every call: flags, strides, itemsize; and the parts of a real number."""
    if name in ("real", "imag"):
        return x if name == "real" else np.zeros_like(x._plain)
    if name in ("data", "ctypes"):
        return getattr(answer_of(x, f"reads .{name} of an array"), name)
    return getattr(np.asarray(x._plain), name)


def _called(function: PlainFunction, args: tuple[Any, ...], kwargs: dict[str, Any], writes: bool = False) -> Any:
    """Call a function of plain data: in a trace as an instruction, of stand-ins that have outlived theirs as it is."""
    trace = current_trace()
    if trace is not None and writes:
        trace.fail(f"calls {function.name}() of an array")
    if trace is None or writes:
        return function.compute(*plain_params(args), **plain_params(kwargs))
    return function(*args, **kwargs)


def _or_plain(operation: Any, call: tuple[Any, ...], function: Any, args: Any, kwargs: Any) -> Any:
    """Call a function of NumPy as an operation; if it is none, and nothing needs a derivative, as one of plain data."""
    trace = current_trace()
    if _needs_derivative(args) or _needs_derivative(kwargs):
        return operation(*call)
    if trace is None:
        return function(*plain_params(args), **plain_params(kwargs))
    if function in _WRITERS or kwargs.get("out") is not None:
        trace.fail(f"writes with numpy.{function.__name__}")
        return function(*plain_params(args), **plain_params(kwargs))
    begun = len(trace.instructions), len(trace.conditions)
    try:
        return operation(*call)
    except TypeError:
        if trace.why_not is not None:
            raise
        del trace.instructions[begun[0] :], trace.conditions[begun[1] :]
    return PlainFunction(_SameShapes(function, plain_params(args), plain_params(kwargs)))(*args, **kwargs)


def _needs_derivative(x: Any) -> bool:
    if isinstance(x, Node):
        return not x.stands_for_data
    if isinstance(x, dict):
        return any(map(_needs_derivative, x.values()))
    return isinstance(x, (tuple, list)) and any(map(_needs_derivative, x))


def _is_tracked(x: Any) -> bool:
    """Return whether something, or a part of it, has a gradient."""
    if isinstance(x, (tuple, list)):
        return any(map(_is_tracked, x))
    return isinstance(x, Node) and x._tracked and not x.stands_for_data


class _SameShapes:
    """A function of NumPy whose results must keep their shapes and dtypes: those of ``numpy.unique`` depend on data."""

    def __init__(self, function: Any, args: Any, kwargs: Any) -> None:
        self.function, self.__name__ = function, function.__name__
        self.form = _form(function(*args, **kwargs))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.function(*args, **kwargs)
        if isinstance(result, list):
            result = tuple(result)
        if _form(result) != self.form:
            raise ValueError(f"numpy.{self.__name__} gives another shape or dtype than when it was traced")
        return result


def _form(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return tuple(map(_form, x))
    return (np.shape(x), x.dtype) if hasattr(x, "dtype") else type(x)


def _has_array(x: Any) -> bool:
    if isinstance(x, (tuple, list)):
        return any(map(_has_array, x))
    return hasattr(x, "ndim") and not isinstance(x, TracedNumber)


def _as_arrays(x: Any) -> Any:
    """Return stand-ins for floats as stand-ins for NumPy's floats, which its functions make of them."""
    if isinstance(x, TracedNumber):
        return _called(_FLOAT, (x,), {})
    if isinstance(x, dict):
        return {key: _as_arrays(value) for key, value in x.items()}
    return type(x)(map(_as_arrays, x)) if type(x) in (tuple, list) else x


_FLOAT = PlainFunction(np.float64)


def _as_python(name: str, reflected: bool) -> Any:
    """Return an operator of floats, which raises where Python does; between nodes and in rules, IEEE has an answer."""
    function = getattr(operator, name)
    question, method = _python_answers(name), getattr(Value, f"__{'r' if reflected else ''}{name}__")

    def of_numbers(self: TracedNumber, other: Any) -> Any:
        trace = current_trace()
        if trace is None or trace.pulls or other.__class__ not in (TracedNumber, float, int):
            return method(self, other)
        pair = (other, self) if reflected else (self, other)
        divides = name != "pow" and pair[1].__class__ is not TracedNumber and pair[1] != 0
        if not (divides or question(*pair)):
            trace.fail("divides by 0, or takes a power that is no number", only_now=True)
            return function(*plain_params(pair))
        return method(self, other)

    return of_numbers


def _python_answers(name: str) -> Callable[..., bool]:
    """Return the question whether an operator gives a float for two numbers."""
    function = getattr(operator, name)

    def gives_a_float(x: Any, y: Any) -> bool:
        try:
            return isinstance(function(x, y), float)
        except ArithmeticError:
            return False

    return asked(gives_a_float)


def _operator(ufunc: Any, reflected: bool = False) -> Any:
    def method(self: TracedArray, *others: Any) -> Any:
        return _called(plain_function(ufunc), (*others, self) if reflected else (self, *others), {})

    return method


def _function(name: str) -> Any:
    function = getattr(np, name)

    def method(self: TracedArray, *args: Any, **kwargs: Any) -> Any:
        return self.__array_function__(function, (), (self, *args), kwargs)

    method.__name__, method.__doc__ = name, f"Do what :func:`numpy.{name}` does."
    return method


_OPERATORS = {
    **{"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor},
    **{"lshift": np.left_shift, "rshift": np.right_shift},
}
for _name, _ufunc in _OPERATORS.items():
    setattr(TracedArray, f"__{_name}__", _operator(_ufunc))
    setattr(TracedArray, f"__r{_name}__", _operator(_ufunc, True))
setattr(TracedArray, "__invert__", _operator(np.invert))  # noqa: B010 (a plain assignment is no method to mypy)
for _name in ("truediv", "floordiv", "mod", "pow"):
    setattr(TracedNumber, f"__{_name}__", _as_python(_name, False))
    setattr(TracedNumber, f"__r{_name}__", _as_python(_name, True))
for _name in _FUNCTIONS:
    setattr(TracedArray, _name, _function(_name)) if hasattr(np.ndarray, _name) else None


def plain_kind(node: Any) -> Any:
    """Return the class that stands for the plain data of a node, None if it is no number or array."""
    return TracedNumber if isinstance(node, Value) else TracedArray if isinstance(node, Tensor) else None
