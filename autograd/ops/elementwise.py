"""The calculus on one page: every elementwise operation and its derivatives.

One entry serves scalars and arrays alike: its formula (for people), how to compute it on a Python float and on
an array, and one rule per input. A rule reads "given the gradient ``g`` of the result ``out``, the gradient of
this input is ...". Rules are written with operators and with operations of this page, so the same line runs on
numbers, on arrays, and on nodes when the derivative is itself differentiated.

Conventions at kinks: ``relu``, ``absolute`` and ``sign`` have derivative 0 at 0; ``maximum`` and ``minimum``
give each side half at a tie; ``clip`` passes the whole gradient on its ends. What an operation did not choose gets a
gradient of exactly 0, whatever arrives; NaN passes. At poles the result is IEEE's (``log(0) = -inf``,
``sqrt'(0) = inf``), for Python floats too.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, overload

import numpy as np

from ...common.elsewhere import takes_other_names, translated
from ...common.plain_data import as_array, is_complex, real_numbers
from ...common.quiet import quiet
from ...common.seam import interpreted, interpreters
from ..core.call_types import of_elements
from ..core.node import Node, data_of, entered, is_recorded, traces
from ..core.op import Op, Rule
from ..core.recording import record
from .complex_parts import from_parts, real
from .questions import asked, compared
from .special import erf_array, gelu_array, gelu_scalar, sigmoid_array, sigmoid_scalar, softplus_array, softplus_scalar

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray
    from typing_extensions import TypeVar

    from ..core.call_types import OfElements, OfTwoElements, Operand, Tensor, Value

    #: How it is called: with one input, or with two.
    Call = TypeVar("Call", bound=Callable[..., Any], default=Any)
    Unary: TypeAlias = "Elementwise[OfElements[[]]]"
    Binary: TypeAlias = "Elementwise[OfTwoElements]"
else:
    from typing import TypeVar

    Call = TypeVar("Call")

# fmt: off
__all__ = [
    "absolute", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "ceil", "clip",
    "conj", "copysign", "cos", "cosh", "deg2rad", "divide", "elu", "erf", "exp", "exp2", "expm1", "floor",
    "floor_divide", "fmax", "fmin", "fmod", "gelu", "heaviside", "hypot", "leaky_relu", "log", "log10", "log1p",
    "log2", "logaddexp", "logaddexp2", "maximum", "minimum", "multiply", "negative", "positive", "power", "rad2deg",
    "reciprocal", "relu", "remainder", "rint", "sigmoid", "sign", "silu", "sin", "sinc", "sinh", "softplus", "sqrt",
    "square", "subtract", "tan", "tanh", "trunc", "where",
]
# fmt: on


class Elementwise(Op[...], Generic[Call]):
    """An operation that acts on each element by itself.

    Attributes
    ----------
    formula : str
        What it computes, in terms of its inputs ``x``, ``y``.
    scalar, array : callable
        How to compute it on Python floats, and on arrays (a NumPy ufunc wherever there is one).
    """

    if TYPE_CHECKING:
        __call__: Call

    elementwise = True
    by_ufunc: dict[Any, Elementwise] = {}

    def __init__(
        self,
        name: str,
        formula: str,
        scalar: Callable[..., float],
        array: Callable[..., Any],
        symbol: str = "",
    ) -> None:
        self.formula = formula
        self.scalar = scalar
        self.array = array
        self.direct: Callable[..., Any] = array  # what is called with arrays
        super().__init__(self._compute, name, symbol)
        self.__name__ = name
        self.text: str = f"{formula}, elementwise: for numbers, arrays, Values and Tensors."
        self.variadic = False
        if isinstance(array, np.ufunc):
            Elementwise.by_ufunc[array] = self

    def rules(self, *rules: Rule) -> None:
        """State the derivative rule of each input, in order."""
        self.arity: int = len(rules)
        super().rules(*rules)

    def parameters(self) -> list[inspect.Parameter]:
        """Return what it is called with: the inputs, as its rules name them."""
        names = self.rule[0].__code__.co_varnames[2 : 2 + self.arity] if self.rule else ()
        return [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Check the number of inputs."""
        if len(args) != self.arity or kwargs:
            args, kwargs = translated((self.title,), inspect.Signature(self.parameters()), args, kwargs)
        return super().bind(args, kwargs)

    def _compute(self, *inputs: Any) -> Any:
        for x in inputs:
            if type(x) is not float and type(x) is not int:
                try:
                    return self.direct(*inputs)
                except ValueError as error:
                    raise shape_error(self, inputs, error) from None
        try:
            return float(self.scalar(*inputs))
        except (ArithmeticError, ValueError):  # a pole or an overflow: IEEE has an answer where Python raises
            with quiet():
                return float(self.array(*[float(x) for x in inputs]))

    def apply(self, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Compute on the inputs' data and record the result."""
        if interpreters and (found := interpreted(self, inputs, params)) is not NotImplemented:
            return found
        if traces:
            inputs = entered(inputs)
        data = [x._plain if isinstance(x, Node) else self.plain(x) for x in inputs]
        if float in map(type, data):  # a Value met a NumPy scalar: stay scalar
            data = [float(x) if isinstance(x, (int, np.generic)) else x for x in _beside_a_value(self, data, inputs)]
        result = self.compute(*data)
        if len(inputs) > 1:
            inputs = tuple([x if isinstance(x, Node) else _as_exact(v, result, self) for x, v in zip(inputs, data)])
        return record(self, result, inputs)


def _beside_a_value(op: Op, data: list[Any], inputs: tuple[Any, ...]) -> list[Any]:
    """Return what is computed with; TypeError if a Value has met a complex number."""
    numbers = [x for x in inputs if isinstance(x, Node) and is_number(x)]
    if not (numbers and any(map(is_complex, data))):
        return data
    if numbers[0].stands_for_data:  # a plain float, whose product with a complex number of Python is one, too
        if not any(isinstance(v, complex) and not hasattr(v, "dtype") for v in data):
            return data
        raise TypeError(f"{op.symbol}: a float of a compiled function meets a complex number; give it as an array")
    raise TypeError(
        f"{op.symbol}: a Value is one real number and cannot meet a complex number; use a Tensor, "
        "sg.tensor(v.data, requires_grad=True)"
    )


def shape_error(op: Op, inputs: tuple[Any, ...], error: ValueError) -> ValueError:
    """Return an error that says which shapes do not broadcast; the one that was raised if they do."""
    shapes = [np.shape(data_of(x)) for x in inputs]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        short, long = sorted(shapes, key=len) if len(shapes) == 2 else ((), ())
        hint = ""
        if short and short == long[: len(short)]:
            new = ", ".join([":"] * len(short) + ["np.newaxis"] * (len(long) - len(short)))
            hint = f". As {short + (1,) * (len(long) - len(short))}, the one of shape {short} fits: write y[{new}]"
        return ValueError(
            f"{op.title}: shapes {' and '.join(map(str, shapes))} do not fit: counted from the last axis, lengths must "
            f"be equal, or 1{hint}"
        )
    return error


def _as_exact(constant: Any, result: Any, op: Op) -> Any:
    """Return a constant in the dtype of the result: a rule may compute of it alone, as of the base of a power."""
    if not op.poles or not isinstance(constant, (np.ndarray, np.generic)) or constant.dtype == result.dtype:
        return constant
    if result.dtype.kind not in "fc":
        return constant
    exact = constant.astype(result.dtype)
    if exact.__class__ is np.ndarray:
        exact.setflags(False)  # type: ignore[call-arg]  # nobody else has it
    return exact


class RealElementwise(Elementwise[Call]):
    """An operation of real numbers alone; of complex ones, NumPy may compute something that has no derivative."""

    def __init__(self, *description: Any) -> None:
        super().__init__(*description)
        self.direct: Callable[..., Any] = self._checked

    def _checked(self, *inputs: Any) -> Any:
        try:
            result = self.array(*inputs)
        except TypeError:
            self._refuse_complex(inputs)
            raise
        if result.dtype.kind == "c":
            self._refuse_complex(inputs)
        return result

    def _refuse_complex(self, inputs: tuple[Any, ...]) -> None:
        for x in inputs:
            real_numbers(self.name, x)


inf: Final = math.inf
LN2, LN10, SQRT_PI, SQRT2 = math.log(2.0), math.log(10.0), math.sqrt(math.pi), math.sqrt(2.0)

# ------------------------------------------------------------------------------------------- arithmetic

add: Binary = Elementwise("add", "x + y", operator.add, np.add, "+")
add.rules(lambda g, out, x, y: g, lambda g, out, x, y: g)

subtract: Binary = Elementwise("subtract", "x - y", operator.sub, np.subtract, "-")
subtract.rules(lambda g, out, x, y: g, lambda g, out, x, y: -g)

multiply: Binary = Elementwise("multiply", "x * y", operator.mul, np.multiply, "*")
multiply.rules(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)

divide: Binary = Elementwise("divide", "x / y", operator.truediv, np.divide, "/")
divide.rules(lambda g, out, x, y: g / y, lambda g, out, x, y: -g * out / y)

negative: Unary = Elementwise("negative", "-x", operator.neg, np.negative, "-")
negative.rules(lambda g, out, x: -g)

positive: Unary = Elementwise("positive", "+x", operator.pos, np.positive, "+")
positive.rules(lambda g, out, x: g)


def _ratio_array(x: Any, y: Any) -> Any:
    zero = np.equal(y, 0)
    if not np.any(zero):
        return np.divide(x, y)
    return np.where(zero, np.where(np.equal(x, 0), x * 0, np.nan), np.divide(x, np.where(zero, 1, y)))


# What a derivative needs where a convention or a limit decides at 0 / 0: its own derivative there is NaN, not 0.
ratio: Binary = Elementwise(
    "ratio", "x / y, 0 where both are 0", lambda x, y: x / y if y else (x * 0.0 if x == 0 else math.nan), _ratio_array
)
ratio.rules(lambda g, out, x, y: ratio(g, y), lambda g, out, x, y: -ratio(g, y) * out)

reciprocal: Unary = Elementwise("reciprocal", "1 / x", lambda x: 1.0 / x, np.reciprocal)
reciprocal.rules(lambda g, out, x: -g * out * out)

square: Unary = Elementwise("square", "x ** 2", lambda x: x * x, np.square)
square.rules(lambda g, out, x: 2.0 * g * x)

# x**0 is 1 everywhere, so its slope is 0 even at 0; 0**y is 0 for y > 0, so its slope in y is 0.
power: Binary = Elementwise("power", "x ** y", math.pow, np.power, "**")
power.rules(
    lambda g, out, x, y: (
        g * power_slope(x, y, 1, 0)
        if _takes_a_limit(x, y, is_recorded(g) and is_recorded(y))
        else g * y * x ** (y - 1.0)
    ),
    lambda g, out, x, y: g * power_slope(x, y, 0, 1) if _takes_a_limit(x, y, True) else g * out * log(_base(x, out)),
)


def _base(x: Any, out: Any) -> Any:
    """The base of a power as a complex number if the power is one: then a negative base has a logarithm."""
    if not is_complex(out) or is_complex(x):
        return x
    return from_parts(x, 0.0)


def _takes_a_limit(x: Any, y: Any, base: bool) -> bool:
    """Whether the usual derivatives of ``x ** y`` do not hold everywhere: at an exponent of 0, or at an edge of log(x).

    ``base`` tells whether log(x) is needed: for the slope in ``y``, and for the slope in ``x`` if that is to be
    differentiated by ``y``.
    """
    x, y = data_of(x), data_of(y)
    if not base and (y.__class__ is float or y.__class__ is int):
        if not is_number(x) or y.__class__ is int:
            return bool(y == 0)
        if y >= 1 and float(y).is_integer():
            return False
    return _is_limit(x, y, base)


@asked
def _is_limit(x: Any, y: Any, base: bool) -> bool:
    if x.__class__ is float and y.__class__ is float:
        return y == 0 or (not 0 < x < inf if base else x <= 0 and not (y >= 1 and y.is_integer()))
    return bool(np.any(np.equal(y, 0)) or (base and not np.all((np.not_equal(x, 0)) & np.isfinite(x))))


absolute: Unary = Elementwise("absolute", "|x|", abs, np.absolute, "abs")
absolute.rules(lambda g, out, x: g * conj(sign(x)) if is_complex(x) else g * sign(x))

# Steps have no influence between their edges, whatever arrives. The sign of a complex number is its direction.
sign: Unary = Elementwise("sign", "sign(x)", lambda x: x if x != x else (x > 0) - (x < 0), np.sign)
sign.rules(lambda g, out, x: _turn(g, out, x) if is_complex(x) else where(False, g, 0.0))


def _turn(g: Any, out: Any, x: Any) -> Any:
    """The gradient of a complex number's direction ``out``: only what is across it counts; at 0, nothing."""
    size = absolute(x)
    zero = size == 0
    return where(zero, 0.0, (g - real(g * out) * conj(out)) / where(zero, 1.0, size))


conj: Unary = Elementwise("conj", "x with the opposite imaginary part", lambda x: x, np.conjugate)
conj.rules(lambda g, out, x: conj(g))

remainder: Binary = RealElementwise("remainder", "x mod y", operator.mod, np.remainder, "%")
remainder.rules(lambda g, out, x, y: g, lambda g, out, x, y: -g * floor(x / y))

fmod: Binary = RealElementwise("fmod", "x mod y with the sign of x", math.fmod, np.fmod)
fmod.rules(lambda g, out, x, y: g, lambda g, out, x, y: -g * trunc(x / y))

floor_divide: Binary = RealElementwise("floor_divide", "floor(x / y)", operator.floordiv, np.floor_divide, "//")
floor_divide.rules(lambda g, out, x, y: where(False, g, 0.0), lambda g, out, x, y: where(False, g, 0.0))

copysign: Binary = RealElementwise("copysign", "|x| with the sign of y", math.copysign, np.copysign)
copysign.rules(lambda g, out, x, y: g * sign(x) * sign(copysign(1.0, y)), lambda g, out, x, y: where(False, g, 0.0))

# A step at 0, where the second input is the result.
heaviside: Binary = RealElementwise(
    "heaviside", "0 for x < 0, y at 0, 1 for x > 0", lambda x, y: float(np.heaviside(x, y)), np.heaviside
)
heaviside.rules(lambda g, out, x, y: where(False, g, 0.0), lambda g, out, x, y: where(equal(x, 0.0), g, 0.0))

floor: Unary = RealElementwise("floor", "floor(x)", np.floor, np.floor)
floor.rules(lambda g, out, x: where(False, g, 0.0))

ceil: Unary = RealElementwise("ceil", "ceil(x)", np.ceil, np.ceil)
ceil.rules(lambda g, out, x: where(False, g, 0.0))

rint: Unary = Elementwise("rint", "x rounded to an integer", np.rint, np.rint)
rint.rules(lambda g, out, x: where(False, g, 0.0))

trunc: Unary = RealElementwise("trunc", "x rounded towards 0", np.trunc, np.trunc)
trunc.rules(lambda g, out, x: where(False, g, 0.0))

# --------------------------------------------------------------------------------- exponents, logarithms

exp: Unary = Elementwise("exp", "e ** x", math.exp, np.exp)
exp.rules(lambda g, out, x: g * out)

exp2: Unary = Elementwise("exp2", "2 ** x", lambda x: math.pow(2.0, x), np.exp2)
exp2.rules(lambda g, out, x: g * out * LN2)

expm1: Unary = Elementwise("expm1", "e ** x - 1", math.expm1, np.expm1)
expm1.rules(lambda g, out, x: g * exp(x))

log: Unary = Elementwise("log", "ln(x)", math.log, np.log)
log.rules(lambda g, out, x: g / x)

log2: Unary = Elementwise("log2", "log2(x)", math.log2, np.log2)
log2.rules(lambda g, out, x: g / (x * LN2))

log10: Unary = Elementwise("log10", "log10(x)", math.log10, np.log10)
log10.rules(lambda g, out, x: g / (x * LN10))

log1p: Unary = Elementwise("log1p", "ln(1 + x)", math.log1p, np.log1p)
log1p.rules(lambda g, out, x: g / (1.0 + x))


def equal(x: Any, y: Any) -> Any:
    """Whether numbers are equal, also those of two Values, whose ``==`` asks whether they are the same one."""
    return (x <= y) & (y <= x) if is_number(x) and is_number(y) else x == y


def is_number(x: Any) -> bool:
    """Whether the data is a single float of Python."""
    return (x._plain if isinstance(x, Node) else x).__class__ is float


def _share(x: Any, y: Any) -> Any:
    """X's share of exp(x) + exp(y), also where both are infinite."""
    both_infinite = equal(x, y) & (absolute(x) == inf)
    return where(both_infinite, 0.5, sigmoid(x - where(both_infinite, 0.0, y)))


logaddexp: Binary = RealElementwise(
    "logaddexp", "ln(e ** x + e ** y)", lambda x, y: np.logaddexp(float(x), float(y)), np.logaddexp
)
logaddexp.rules(lambda g, out, x, y: g * _share(x, y), lambda g, out, x, y: g * _share(y, x))

logaddexp2: Binary = RealElementwise(
    "logaddexp2", "log2(2 ** x + 2 ** y)", lambda x, y: np.logaddexp2(float(x), float(y)), np.logaddexp2
)
logaddexp2.rules(lambda g, out, x, y: g * _share(x * LN2, y * LN2), lambda g, out, x, y: g * _share(y * LN2, x * LN2))

# --------------------------------------------------------------------------------------------- roots

sqrt: Unary = Elementwise("sqrt", "x ** (1/2)", math.sqrt, np.sqrt)
sqrt.rules(lambda g, out, x: 0.5 * g / out)

cbrt: Unary = RealElementwise("cbrt", "x ** (1/3)", lambda x: float(np.cbrt(x)), np.cbrt)
cbrt.rules(lambda g, out, x: g / (3.0 * out * out))


@asked
def is_short(length: Any) -> bool:
    """Whether one of these lengths is 0, or so small (or NaN) that a quotient by it may leave the range of numbers."""
    length = data_of(length)
    if length.__class__ is float:
        return not length > 1e-100
    return bool(length.size) and not np.minimum.reduce(length, None) > np.finfo(length.dtype).tiny ** 0.5


def _towards(g: Any, out: Any, x: Any) -> Any:
    """``g * x / out`` for a distance ``out`` from the origin that may be 0."""
    from .length_gradient import length_gradient  # here, since that module needs this one

    return length_gradient(g, out, x, lambda v: v)


# The point (0, 0) is the tip of a cone: its slope is taken as 0.
hypot: Binary = RealElementwise("hypot", "(x ** 2 + y ** 2) ** (1/2)", math.hypot, np.hypot)
hypot.rules(
    lambda g, out, x, y: (
        g * x / out if not is_short(out) else _towards(g, out, x) if is_recorded(g) else g * ratio(x, out)
    ),
    lambda g, out, x, y: (
        g * y / out if not is_short(out) else _towards(g, out, y) if is_recorded(g) else g * ratio(y, out)
    ),
)

# ----------------------------------------------------------------------------- trigonometric, hyperbolic

sin: Unary = Elementwise("sin", "sin(x)", math.sin, np.sin)
sin.rules(lambda g, out, x: g * cos(x))

cos: Unary = Elementwise("cos", "cos(x)", math.cos, np.cos)
cos.rules(lambda g, out, x: -g * sin(x))

tan: Unary = Elementwise("tan", "tan(x)", math.tan, np.tan)
tan.rules(lambda g, out, x: g * (1.0 + out * out))

arcsin: Unary = Elementwise("arcsin", "arcsin(x)", math.asin, np.arcsin)
arcsin.rules(lambda g, out, x: g / sqrt((1.0 - x) * (1.0 + x)))

arccos: Unary = Elementwise("arccos", "arccos(x)", math.acos, np.arccos)
arccos.rules(lambda g, out, x: -g / sqrt((1.0 - x) * (1.0 + x)))

arctan: Unary = Elementwise("arctan", "arctan(x)", math.atan, np.arctan)
arctan.rules(lambda g, out, x: g / (1.0 + x * x))


def _turning(g: Any, x: Any, distance: Any) -> Any:
    """``g * x / distance ** 2``, with a slope of 0 at the origin."""
    return g * ratio(ratio(x, distance), distance)


# Divided twice by the distance, whose square could underflow.
arctan2: Binary = RealElementwise("arctan2", "angle of the point (y, x)", math.atan2, np.arctan2)
arctan2.rules(
    lambda g, out, y, x: _turning(g, x, hypot(x, y)) if is_short(hypot(x, y)) else g * x / hypot(x, y) / hypot(x, y),
    lambda g, out, y, x: _turning(-g, y, hypot(x, y)) if is_short(hypot(x, y)) else -g * y / hypot(x, y) / hypot(x, y),
)

sinh: Unary = Elementwise("sinh", "sinh(x)", math.sinh, np.sinh)
sinh.rules(lambda g, out, x: g * cosh(x))

cosh: Unary = Elementwise("cosh", "cosh(x)", math.cosh, np.cosh)
cosh.rules(lambda g, out, x: g * sinh(x))

tanh: Unary = Elementwise("tanh", "tanh(x)", math.tanh, np.tanh)
tanh.rules(lambda g, out, x: g * (1.0 - out * out))

arcsinh: Unary = Elementwise("arcsinh", "arcsinh(x)", math.asinh, np.arcsinh)
arcsinh.rules(lambda g, out, x: g / sqrt(x * x + 1.0))

arccosh: Unary = Elementwise("arccosh", "arccosh(x)", math.acosh, np.arccosh)
arccosh.rules(
    lambda g, out, x: (
        g / (sqrt(x - 1.0) * sqrt(x + 1.0)) if is_complex(x) else g / sqrt((x - 1.0) * (x + 1.0))  # of its branch
    )
)

arctanh: Unary = Elementwise("arctanh", "arctanh(x)", math.atanh, np.arctanh)
arctanh.rules(lambda g, out, x: g / ((1.0 - x) * (1.0 + x)))


def _sinc_slope(x: Any) -> Any:
    """(cos(pi x) - sinc(x)) / x, and its series -pi**2 x / 3 (1 - pi**2 x**2 / 10) close to 0."""
    near = absolute(x) < 1e-2
    y = math.pi * x
    z = y * y
    series = -math.pi / 3.0 * y * (1.0 - z / 10.0 * (1.0 - z / 28.0 * (1.0 - z / 54.0)))
    safe = where(near, 1.0, x)
    return where(near, series, (cos(math.pi * safe) - sinc(safe)) / safe)


sinc: Unary = Elementwise("sinc", "sin(pi x) / (pi x), 1 at 0", lambda x: float(np.sinc(x)), np.sinc)
sinc.rules(lambda g, out, x: g * _sinc_slope(x))

deg2rad: Unary = RealElementwise("deg2rad", "x * pi / 180", math.radians, np.deg2rad)
deg2rad.rules(lambda g, out, x: g * (math.pi / 180.0))

rad2deg: Unary = RealElementwise("rad2deg", "x * 180 / pi", math.degrees, np.rad2deg)
rad2deg.rules(lambda g, out, x: g * (180.0 / math.pi))

# -------------------------------------------------------------------------------------- choices, kinks


# Where one side is NaN, so is the result, and both get the whole gradient.
maximum: Binary = RealElementwise("maximum", "the larger of x and y", lambda x, y: float(np.maximum(x, y)), np.maximum)
maximum.rules(
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(x < y, 0.0, g)),
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(y < x, 0.0, g)),
)

minimum: Binary = RealElementwise("minimum", "the smaller of x and y", lambda x, y: float(np.minimum(x, y)), np.minimum)
minimum.rules(
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(x > y, 0.0, g)),
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(y > x, 0.0, g)),
)

# fmax and fmin ignore a NaN where the other side is a number: y <= y says that y is one.
fmax: Binary = RealElementwise("fmax", "the larger of x and y, not NaN", lambda x, y: float(np.fmax(x, y)), np.fmax)
fmax.rules(
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(y <= y, where(x > y, g, 0.0), g)),
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(x <= x, where(y > x, g, 0.0), g)),
)

fmin: Binary = RealElementwise("fmin", "the smaller of x and y, not NaN", lambda x, y: float(np.fmin(x, y)), np.fmin)
fmin.rules(
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(y <= y, where(x < y, g, 0.0), g)),
    lambda g, out, x, y: where(equal(x, y), 0.5 * g, where(x <= x, where(y < x, g, 0.0), g)),
)

# Limits of x. On the limit, x gets the whole gradient; to give it to the limit, exchange the two. A lambda hides the
# ufunc, which stands for `maximum` or `minimum`.
at_least: Binary = RealElementwise("at_least", maximum.formula, maximum.scalar, lambda x, y: np.maximum(x, y))
at_least.rules(lambda g, out, x, y: where(x < y, 0.0, g), lambda g, out, x, y: where(x >= y, 0.0, g))

at_most: Binary = RealElementwise("at_most", minimum.formula, minimum.scalar, lambda x, y: np.minimum(x, y))
at_most.rules(lambda g, out, x, y: where(x > y, 0.0, g), lambda g, out, x, y: where(x <= y, 0.0, g))


@of_elements
def clip(x: Any, min: Operand | None = None, max: Operand | None = None) -> Any:
    """Limit elements to an interval.

    Inside of the interval and on its ends ``x`` gets the whole gradient, outside of it the limit does.

    Parameters
    ----------
    x : array_like, Tensor or Value
    min, max : array_like or None
        None: no limit on that side.

    Examples
    --------
    >>> x = sg.tensor([-2.0, 0.5, 2.0], requires_grad=True)
    >>> sg.clip(x, -1.0, 1.0).sum().backward()
    >>> x.grad
    array([0., 1., 0.])
    """
    if min is None and max is None:
        return positive(x)
    if min is not None:
        x = at_least(x, min)
    return x if max is None else at_most(x, max)


def rounded(x: Any, digits: int = 0) -> Any:
    """``x`` rounded to so many digits behind the point, as :func:`numpy.round`; its derivative is 0."""
    scale = 10.0 ** abs(digits)
    if digits < 0:
        return rint(x / scale) * scale
    return rint(x * scale) / scale if digits else rint(x)


relu: Unary = RealElementwise("relu", "max(x, 0)", lambda x: 0.0 if x <= 0 else x, lambda x: np.maximum(x, 0))

# The gradient of what relu passed: of what is not 0, and so of NaN too.
relu.rules(lambda g, out, x: where(out != 0, g, 0.0))

# ----------------------------------------------------------------------------- functions of neural networks

sigmoid: Unary = RealElementwise("sigmoid", "1 / (1 + e ** -x)", sigmoid_scalar, sigmoid_array)
sigmoid.rules(lambda g, out, x: g * out * (1.0 - out))

softplus: Unary = RealElementwise("softplus", "ln(1 + e ** x)", softplus_scalar, softplus_array)
softplus.rules(lambda g, out, x: g * sigmoid(x))

silu: Unary = RealElementwise("silu", "x * sigmoid(x)", lambda x: x * sigmoid_scalar(x), lambda x: x * sigmoid_array(x))
silu.rules(lambda g, out, x: g * (sigmoid(x) + out * (1.0 - sigmoid(x))))


@of_elements
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """``x`` where it is positive, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    x : array_like, Tensor or Value
        Any shape, which is that of the result.
    negative_slope : float
        Keras's default is 0.3.

    Examples
    --------
    >>> sg.leaky_relu(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    return where(real_numbers("leaky_relu", x) > 0, x, negative_slope * x)


@of_elements
def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where it is positive, ``alpha * (e**x - 1)`` elsewhere.

    Parameters
    ----------
    x : array_like, Tensor or Value
        Any shape, which is that of the result.
    alpha : float
        The limit for large negative ``x`` is ``-alpha``.

    Examples
    --------
    >>> sg.elu(np.array([-100.0, 2.0]))
    array([-1.,  2.])
    """
    return where(real_numbers("elu", x) > 0, x, alpha * expm1(where(x > 0, 0.0, x)))


erf: Unary = RealElementwise("erf", "2 / sqrt(pi) * integral of e ** (-t**2) from 0 to x", math.erf, erf_array)
erf.rules(lambda g, out, x: g * (2.0 / SQRT_PI) * exp(-x * x))

# x times the probability that a standard normal variable is below it (Hendrycks and Gimpel 2016).
gelu: Unary = RealElementwise("gelu", "x * (1 + erf(x / sqrt(2))) / 2", gelu_scalar, gelu_array)
gelu.rules(
    lambda g, out, x: g * (0.5 + 0.5 * erf(x * (1.0 / SQRT2)) + x * exp(-0.5 * (x * x)) * (1.0 / (SQRT2 * SQRT_PI)))
)

for _op in (add, subtract, multiply, negative, positive, conj, square, sin, cos, tanh, sigmoid):
    _op.poles = False

# Further names that NumPy has for the same functions.
Elementwise.by_ufunc |= {
    np.fabs: absolute,
    np.float_power: power,
    np.degrees: rad2deg,
    np.radians: deg2rad,
}

# ----------------------------------------------------------------- with parameters: choices, slopes of powers


@Op
def _where(x: Any, y: Any, /, condition: Any) -> Any:
    """``x`` where the condition holds, ``y`` elsewhere."""
    if isinstance(condition, (bool, np.bool_)) and {float} <= {type(x), type(y)} <= {float, int}:
        return float(x if condition else y)
    return np.where(condition, x, y)


_where.elementwise = True
_where.rules(
    lambda g, out, x, y, condition: where(condition, g, 0.0),
    lambda g, out, x, y, condition: where(condition, 0.0, g),
)


def _factor(y: Any, k: int, m: int) -> Any:
    """The ``m``-th derivative of ``y * (y - 1) * ... * (y - k + 1)``."""
    coefficients = np.polyder(np.poly(np.arange(k)), m).tolist() if k else [0.0 if m else 1.0]
    total: Any = y * 0.0
    for c in coefficients:
        total = total * y + c
    return total


def _power_log(x: Any, y: Any, n: int) -> Any:
    """``x ** y * log(x) ** n``, as its limit where the power is 0."""
    result = np.power(x, y)
    return np.where(result == 0, result, result * np.log(_base(x, result)) ** n) if n else result


@Op
def power_slope(x: Any, y: Any, /, k: int, m: int) -> Any:
    """``x ** y``, differentiated ``k`` times by ``x`` and ``m`` times by ``y``, as the limit at 0 and infinity.

    A coefficient of 0 wins over an infinite power: all derivatives of ``x ** 0`` by ``x`` are 0. At ``0 ** 0`` the
    slope in ``y`` is taken as 0; what follows from it is infinite.
    """
    numbers = x.__class__ is float and y.__class__ is float
    if numbers and (k, m) == (1, 0) and y != 0 and (x != 0 or y >= 1):
        return y * (math.pow(x, y - 1.0) if x > 0 or y.is_integer() else math.nan)
    terms = []
    with quiet():
        for i in range(m + 1):
            factor = math.comb(m, i) * _factor(y, k, i)
            terms.append(np.where(np.equal(factor, 0), 0.0, factor * _power_log(x, y - float(k), m - i)))
        result = functools.reduce(np.add, terms)
        if (k, m) == (0, 1):
            result = np.where(np.equal(x, 0) & np.equal(y, 0), 0.0, result)
    return float(result) if numbers else result


power_slope.elementwise = True
power_slope.rules(
    lambda g, out, x, y, k, m: g * power_slope(x, y, k + 1, m),
    lambda g, out, x, y, k, m: g * power_slope(x, y, k, m + 1),
)


def not_zero(x: Any) -> Any:
    """Return where plain data is not 0; an array of booleans is that already."""
    is_truth = hasattr(x, "dtype") and x.dtype.kind == "b"
    return x if is_truth else compared(operator.ne, x, 0)


def _as_number(x: Any, other: Any) -> Any:
    """Return a scalar of NumPy that meets a Value as a plain number: the choice stays a Value."""
    return float(x) if isinstance(x, np.generic) and isinstance(other, Node) and type(other._plain) is float else x


@overload
def where(condition: Operand, x: Tensor, y: Operand) -> Tensor: ...
@overload
def where(condition: Operand, x: Operand, y: Tensor) -> Tensor: ...
@overload
def where(condition: bool | np.bool_, x: Value, y: Value | float) -> Value: ...
@overload
def where(condition: bool | np.bool_, x: float, y: Value) -> Value: ...
@overload
def where(condition: NDArray[Any], x: NDArray[Any] | float, y: NDArray[Any] | float) -> NDArray[Any]: ...
@overload
def where(condition: Operand, x: Operand, y: Operand) -> Any: ...
@takes_other_names
def where(condition: Any, x: Any, y: Any) -> Any:
    """``x`` where ``condition`` holds, ``y`` elsewhere, as :func:`numpy.where`.

    The side that is not taken gets a gradient of exactly 0, even if its own derivative there is infinite or
    NaN.

    Parameters
    ----------
    condition : array_like of bool
        No derivative flows through it.
    x, y : array_like, Tensor or Value
        Broadcast against each other and the condition.

    Returns
    -------
    Tensor, or ndarray if nothing given is a node

    Examples
    --------
    >>> x = sg.tensor([-1.0, 4.0], requires_grad=True)
    >>> sg.where(x.data > 0, sg.sqrt(sg.maximum(x, 0.0)), 0.0).sum().backward()
    >>> x.grad
    array([0.  , 0.25])
    """
    if traces:
        (condition,) = entered((condition,))
    x, y = _as_number(x, y), _as_number(y, x)
    if isinstance(condition, Node):
        condition = not_zero(data_of(condition))
        if isinstance(condition, Node):  # it stands for an array, in a trace
            return _where.apply((x, y), {"condition": condition})
    elif not isinstance(condition, (bool, np.bool_)) and (isinstance(x, Node) or isinstance(y, Node)):
        condition = as_array(condition).astype(bool)  # its owner may change it before the gradient is asked for
    if not (isinstance(x, Node) or isinstance(y, Node) or isinstance(condition, Node)):
        return _where.compute(x, y, condition=condition)
    return _where(x, y, condition=condition)
