"""An operation: how to compute something on plain data, and one derivative rule per input."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, overload

import numpy as np

from ...common.elsewhere import arguments_fit, translated
from ...common.plain_data import frozen, plain
from ...common.seam import interpretable, interpreted, interpreters
from .described import WhenAsked, call_text, documentation_of, signature_of
from .node import Node, current_trace, entered, traces
from .recording import record

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import ParamSpec

    from .call_types import Operand, Tensor

    P = ParamSpec("P", default=...)
else:
    from typing import ParamSpec

    P = ParamSpec("P")

Rule = Callable[..., Any]
_COPIED = tuple(name for name in functools.WRAPPER_ASSIGNMENTS if name != "__doc__")
_ENGINE = __name__.removesuffix("core.op")


class Op(Generic[P]):
    """An operation: how to compute it on plain data, and one derivative rule per input.

    Made by decorating the function that computes it. The function's positional-only parameters are the
    differentiable inputs; the others are parameters and reach the rules by name::

        @Op
        def scale(x, /, factor=2.0):
            return x * factor

        scale.rules(lambda g, out, x, factor: g * factor)

    A rule is the vector-Jacobian product of one input: it gets the gradient ``g`` of the result, the result ``out``,
    the inputs and the parameters, and returns the gradient of its input. It is written with ordinary operators and with
    operations of this package: it runs on plain arrays, and on nodes when the gradient itself is to be differentiated.
    A function of ``*inputs`` has a single rule that is told the ``index`` of the input. Drawings and errors call an
    operation by its ``name``; drawings show its ``symbol``, such as ``*``.
    """

    if TYPE_CHECKING:
        __name__: str
        _overloaded: bool

    table: ClassVar[dict[str, Op]] = {}  # all operations, by name
    text: str | None = None  # what its author wrote about it; ``help`` adds to it
    elementwise = False  # whether ``result[i]`` depends on ``inputs[i]`` alone, after broadcasting
    poles = True  # whether a derivative may be infinite or undefined somewhere
    user_defined: bool = False  # whether its rules may do more than compute, and must not write into what others use
    portable = True  # whether its rules use nothing but inputs and parameters, so that its nodes can be copied
    repeatable = False  # whether its rules may be called again in one backward pass, though it is user-defined

    # How masks pass through it (``ops/masks.py``; the operations on arrays are told by ``ops/choices.py``).
    chooses = False  # whether it leaves out elements of its inputs (``where``, an index)
    exact = False  # whether its rules only move, add up, scale and leave out gradients: they tell a mask exactly, too
    linear = False  # whether its rules are linear in the gradient, with the other inputs as factors
    #: Where whole lines of an input lead to each element of the result: from a mask of the result, as numbers 1 and 0,
    #: the input and the parameters to the mask of the input.
    lines: Callable[[Any, Any, Mapping[str, Any]], Any] | None = None

    #: The same by the operations that it does at once, for those who look at a graph; None: it is a single one.
    unfused: Callable[..., Any] | None = None

    #: What it does with batches under ``vmap`` (``ops/batching.py``); None: one example after the other.
    batch: Callable[..., Any] | None = None

    # Quicker ways that ``fast`` installs: to compute it; to give the gradients of all inputs at once, or None for one.
    # The latter is called with plain data only, ``fast_vjp(g, out, *inputs, wanted=(True, ...), **params)``, where
    # ``wanted`` tells which inputs require one. Either may answer NotImplemented: then the definition is used.
    fast_forward: Callable[..., Any] | None = None
    fast_vjp: Callable[..., Any] | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__doc__ = WhenAsked(cls.__doc__, documentation_of)  # type: ignore[assignment]

    def __init__(self, forward: Callable[Concatenate[Any, P], Any], name: str = "", symbol: str = "") -> None:
        self._describe(forward, name, symbol)
        if self.name in self.table:
            raise ValueError(f"an operation named {self.name!r} exists already")
        self.table[self.name] = self

    def _describe(self, forward: Callable[..., Any], name: str, symbol: str) -> None:
        """Read inputs, parameters and defaults from the function; this alone enters it in no table."""
        functools.update_wrapper(self, forward, assigned=_COPIED)
        self.text = forward.__doc__
        self.forward = forward
        self.user_defined = self.user_defined or not str(getattr(forward, "__module__", "")).startswith(_ENGINE)
        self.name: str = name or forward.__name__.strip("_")
        self.symbol: str = symbol or self.name
        self.rule: tuple[Rule, ...] = ()
        self.variadic_rule: Rule | None = None
        parameters = inspect.signature(forward).parameters.values()
        self.arity: int = sum(p.kind is p.POSITIONAL_ONLY for p in parameters)
        self.variadic: bool = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self.param_names: tuple[str, ...] = tuple(p.name for p in named)
        self.defaults: dict[str, Any] = {p.name: p.default for p in named if p.default is not p.empty}

    @property
    def title(self) -> str:
        """The name that a user writes: ``conv2d`` for ``conv2d_with_bias``."""
        return self.symbol if self.symbol.isidentifier() else self.name

    def parameters(self) -> list[inspect.Parameter]:
        """Return what it is called with: its inputs, then its parameters."""
        return list(inspect.signature(self.forward).parameters.values())

    def rules(self, *rules: Rule) -> None:
        """State the derivative rule of each input, in order."""
        if self.variadic:
            (self.variadic_rule,) = rules
            return
        if len(rules) != self.arity:
            raise ValueError(f"{self.name} has {self.arity} inputs but was given {len(rules)} rules")
        for rule in rules:
            if not callable(rule):
                raise TypeError(
                    f"{self.name}.rules: a rule is a function of the gradient, the result, inputs and parameters, got "
                    f"{rule!r:.80}; that of an input without a derivative returns zeros"
                )
        self.rule = rules

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per input."""
        if self.rule:
            return self.rule if not (self.user_defined and interpreters) else tuple(map(interpretable, self.rule))
        if self.variadic_rule is None:
            raise TypeError(
                f"{self.name} has no derivative rules: state one for each input with {self.name}.rules(...)"
            )
        rule = interpretable(self.variadic_rule) if self.user_defined else self.variadic_rule
        return tuple(functools.partial(rule, index=i) for i in range(len(inputs)))

    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: NDArray[Any], /, *args: P.args, **kwargs: P.kwargs) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: Operand, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[misc]  # it takes what ``bind`` takes
        """Compute, and record the result if an input is a node."""
        inputs, params = self.bind(args, kwargs)
        if interpreters and (found := interpreted(self, inputs, params)) is not NotImplemented:
            return found
        if traces:
            inputs = entered(inputs)
            if plain_params(params) is not params:
                return self.apply(inputs, params)
        for x in inputs:
            if isinstance(x, Node):
                return self.apply(inputs, params)
        return self.compute(*[x if x.__class__ is np.ndarray else self.data_of(x) for x in inputs], **params)

    def apply(self, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Compute on the inputs' data and record the result."""
        if interpreters and (found := interpreted(self, inputs, params)) is not NotImplemented:
            return found
        if traces:
            inputs = entered(inputs)
        data = [self.data_of(x) for x in inputs]
        inputs = tuple([x if isinstance(x, Node) else v for x, v in zip(inputs, data)])
        return record(self, self.compute(*data, **(plain_params(params) if traces else params)), inputs, params)

    def compute(self, *data: Any, **params: Any) -> Any:
        """Compute on plain data."""
        if self.fast_forward is not None:
            result = self.fast_forward(*data, **params)
            if result is not NotImplemented:
                return result
        return self.forward(*data, **params)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Tell inputs from parameters, and fill in the parameters' defaults."""
        if self.variadic:
            return args, {**self.defaults, **kwargs}
        if len(args) == self.arity and not kwargs and len(self.defaults) == len(self.param_names):
            return args, self.defaults
        given = dict(zip(self.param_names, args[self.arity :]))
        params = {**self.defaults, **given, **kwargs}
        fits = len(given) == len(args) - self.arity and given.keys().isdisjoint(kwargs)
        fits = fits and len(params) == len(self.param_names)
        if not (fits or arguments_fit(self.forward, args, kwargs)):
            return self.bind(*translated((self.title,), inspect.signature(self.forward), args, kwargs))
        self.check(params)
        for name, value in params.items():
            if value.__class__ is list:  # axes or a shape, whose owner may change it before the gradient is asked for
                params[name] = value.copy()
            elif value.__class__ is np.ndarray and value.dtype.kind in "iu":
                params[name] = frozen(value)
        return args[: self.arity], params

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise TypeError for parameters that cannot be meant."""

    def data_of(self, x: Any) -> Any:
        """Return the plain data of an input, as an array unless the operation acts on single numbers too."""
        data = x._plain if isinstance(x, Node) else self.plain(x)
        return data if data.__class__ is np.ndarray or self.elementwise or hasattr(data, "dtype") else np.asarray(data)

    def plain(self, x: Any) -> Any:
        """Return an operand that is not a node as a plain number or array; the error names this operation."""
        try:
            return plain(x)
        except TypeError as error:
            raise type(error)(f"{self.symbol}: {error}") from None

    def __reduce__(self) -> Any:
        """Copy and pickle by name: in the table of operations, or where a module holds it."""
        return (_named, (self.name,)) if Op.table.get(self.name) is self else vars(self)["__qualname__"]

    def __repr__(self) -> str:
        return f"<seegrad operation {call_text(self)}>"


Op.__doc__ = WhenAsked(Op.__doc__, documentation_of)  # type: ignore[assignment]
setattr(Op, "__signature__", WhenAsked(None, signature_of))  # noqa: B010 (no attribute of the class to mypy)


def _named(name: str) -> Op:
    return Op.table[name]


class PlainFunction:
    """A function of plain numbers and arrays whose results have no derivative: comparisons, indices, winners.

    Called as the function. While a function is traced, a call is an instruction of the program; with ``always`` even
    if nothing that is traced goes in, since it gives something else each time, such as random numbers.
    """

    slope_of: Any = None  # the elementwise operation of which it is the vector-Jacobian product

    def __init__(self, function: Callable[..., Any], name: str = "", always: bool = False) -> None:
        functools.update_wrapper(self, function)
        self.compute = function
        self.name: str = name or function.__name__.strip("_")
        self.always = always

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute."""
        if interpreters and (found := interpreted(self, args, kwargs)) is not NotImplemented:
            return found
        if traces and (trace := current_trace()) is not None:
            return trace.call(self, args, kwargs)
        return self.compute(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<seegrad function {self.name}{inspect.signature(self.compute)}>"


def plain_params(x: Any) -> Any:
    """Return parameters with plain data in the place of the stand-ins of a trace; ``x`` itself if there are none."""
    if isinstance(x, Node):
        data = x._plain
        return data[()] if isinstance(data, np.ndarray) and not data.ndim and data.dtype.kind in "iu" else data
    if isinstance(x, (tuple, list)):
        items = [plain_params(item) for item in x]
        if all(a is b for a, b in zip(items, x)):
            return x
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if isinstance(x, Mapping):
        values = {key: plain_params(item) for key, item in x.items()}
        return x if all(values[key] is x[key] for key in values) else values
    return x
