"""Cases of the elementwise operations, with NumPy or a closed form as reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import seegrad as sg
from seegrad.autograd.core.op import Op

from .case import Case, above_one, case, positive, real, unit

_erf = np.vectorize(math.erf, otypes=[np.float64])

#: Operation of one input -> reference, domain.
UNARY: dict[str, tuple[Any, Any]] = {
    "negative": (np.negative, real),
    "positive": (np.positive, real),
    "absolute": (np.absolute, real),
    "abs": (np.absolute, real),
    "reciprocal": (np.reciprocal, real),
    "square": (np.square, real),
    "sign": (np.sign, real),
    "floor": (np.floor, real),
    "ceil": (np.ceil, real),
    "rint": (np.rint, real),
    "trunc": (np.trunc, real),
    "exp": (np.exp, real),
    "exp2": (np.exp2, real),
    "expm1": (np.expm1, real),
    "log": (np.log, positive),
    "log2": (np.log2, positive),
    "log10": (np.log10, positive),
    "log1p": (np.log1p, unit),
    "sqrt": (np.sqrt, positive),
    "cbrt": (np.cbrt, real),
    "sin": (np.sin, real),
    "cos": (np.cos, real),
    "tan": (np.tan, unit),
    "arcsin": (np.arcsin, unit),
    "arccos": (np.arccos, unit),
    "arctan": (np.arctan, real),
    "sinh": (np.sinh, real),
    "cosh": (np.cosh, real),
    "tanh": (np.tanh, real),
    "arcsinh": (np.arcsinh, real),
    "arccosh": (np.arccosh, above_one),
    "arctanh": (np.arctanh, unit),
    "sinc": (np.sinc, real),
    "deg2rad": (np.deg2rad, real),
    "rad2deg": (np.rad2deg, real),
    "relu": (lambda x: np.where(x > 0, x, 0.0), real),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), real),
    "softplus": (lambda x: np.log(1 + np.exp(x)), real),
    "silu": (lambda x: x / (1 + np.exp(-x)), real),
    "erf": (_erf, real),
    "gelu": (lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2, real),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), real),
    "elu": (lambda x: np.where(x > 0, x, np.exp(x) - 1), real),
}

#: Operation of two inputs -> reference, domains.
BINARY: dict[str, tuple[Any, Any, Any]] = {
    "add": (np.add, real, real),
    "subtract": (np.subtract, real, real),
    "multiply": (np.multiply, real, real),
    "divide": (np.divide, real, real),
    "power": (np.power, positive, real),
    "remainder": (np.remainder, above_one, unit),
    "fmod": (np.fmod, real, unit),
    "floor_divide": (np.floor_divide, real, unit),
    "copysign": (np.copysign, real, real),
    "heaviside": (np.heaviside, real, real),
    "logaddexp": (np.logaddexp, real, real),
    "logaddexp2": (np.logaddexp2, real, real),
    "hypot": (np.hypot, real, real),
    "arctan2": (np.arctan2, real, real),
    "maximum": (np.maximum, real, real),
    "minimum": (np.minimum, real, real),
    "fmax": (np.fmax, real, real),
    "fmin": (np.fmin, real, real),
}

#: Pairs of shapes that broadcast, in ways that differ.
PAIRS = [
    ((2, 3), (2, 3)),
    ((3, 1), (1, 4)),
    ((3,), (2, 3)),
    ((2, 3), (3,)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((1,), (3,)),
    ((2, 1, 3), (4, 1)),
    ((1, 1), (3,)),
    ((), ()),
    ((0, 3), (1, 3)),
    ((0, 3), ()),
    ((1, 0), (2, 1)),
]


def _unary() -> list[Case]:
    return [
        case(f"{name}[{shape}]", getattr(sg, name), reference, domain(*shape))
        for name, (reference, domain) in UNARY.items()
        for shape in [(2, 3), (), (1,), (5,), (0,), (0, 3), (2, 1, 2)]
    ]


def _binary() -> list[Case]:
    return [
        case(f"{name}[{a} {b}]", getattr(sg, name), reference, left(*a), right(*b))
        for name, (reference, left, right) in BINARY.items()
        for a, b in PAIRS
    ]


def _where() -> list[Case]:
    condition = np.array([[True, False, True], [False, False, True]])
    column = np.array([[True], [False]])
    return [
        case(
            f"where[{mask.tolist()} {a} {b}]",
            lambda x, y, m=mask: sg.where(m, x, y),
            lambda x, y, m=mask: np.where(m, x, y),
            real(*a),
            real(*b),
        )
        for mask in (condition, column, np.array(True), np.array(False))
        for a, b in [((2, 3), (2, 3)), ((3,), (2, 1)), ((), (2, 3)), ((2, 3), ()), ((), ()), ((1, 3), (1, 1))]
    ]


def _with_constants() -> list[Case]:
    array = np.array([[0.5, 1.5, 2.5], [3.0, -1.0, 0.25]])
    return [
        case("add[number]", lambda x: x + 2, lambda x: x + 2, real(2, 3)),
        case("add[number first]", lambda x: 2 + x, lambda x: 2 + x, real(2, 3)),
        case("subtract[number]", lambda x: x - 2.5, lambda x: x - 2.5, real(2, 3)),
        case("subtract[number first]", lambda x: 2 - x, lambda x: 2 - x, real(2, 3)),
        case("multiply[number]", lambda x: x * 3, lambda x: x * 3, real(2, 3)),
        case("multiply[number first]", lambda x: 3 * x, lambda x: 3 * x, real(2, 3)),
        case("divide[number]", lambda x: x / 4, lambda x: x / 4, real(2, 3)),
        case("divide[number first]", lambda x: 1 / x, lambda x: 1 / x, real(2, 3)),
        *[
            case(f"power[exponent {n}]", lambda x, n=n: x**n, lambda x, n=n: x**n, real(2, 3))
            for n in (0, 1, 2, 3, -1, -2, 2.0)
        ],
        case("power[exponent 0.5]", lambda x: x**0.5, np.sqrt, positive(2, 3)),
        case(
            "power[integer array]",
            lambda x: x ** np.arange(3).astype(x.dtype),
            lambda x: x ** np.arange(3.0),
            real(2, 3),
        ),
        case("power[base 2]", lambda x: 2**x, lambda x: np.exp(x * math.log(2)), real(2, 3)),
        case("remainder[number]", lambda x: x % 0.5, lambda x: x % 0.5, positive(2, 3)),
        case("floor_divide[number]", lambda x: sg.floor_divide(x, 0.37), lambda x: x // 0.37, real(2, 3)),
        case("negative[operator]", lambda x: -x, lambda x: -x, real(2, 3)),
        case("positive[operator]", lambda x: +x, lambda x: x, real(2, 3)),
        case("absolute[operator]", lambda x: abs(x), np.absolute, real(2, 3)),
        case("leaky_relu[slope]", lambda x: sg.leaky_relu(x, 0.2), lambda x: np.where(x > 0, x, 0.2 * x), real(5)),
        case("elu[alpha]", lambda x: sg.elu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)), real(5)),
        case("maximum[number]", lambda x: sg.maximum(x, 0.01), lambda x: np.maximum(x, 0.01), real(2, 3)),
        case(
            "minimum[array]",
            lambda x: sg.minimum(x, array.astype(x.dtype)),
            lambda x: np.minimum(x, array),
            real(2, 3),
        ),
        case("where[own data]", lambda x: sg.where(x > 0, x * x, -x), lambda x: np.where(x > 0, x * x, -x), real(4)),
        case("clip[both]", lambda x: sg.clip(x, -0.8, 0.7), lambda x: np.clip(x, -0.8, 0.7), real(7)),
        case("clip[below]", lambda x: sg.clip(x, -0.8), lambda x: np.clip(x, -0.8, None), real(7)),
        case("clip[above]", lambda x: sg.clip(x, None, 0.7), lambda x: np.clip(x, None, 0.7), real(7)),
        case("clip[tensors]", sg.clip, lambda x, a, b: np.minimum(np.maximum(x, a), b), real(4), unit(4), real(1)),
        case("multiply[same twice]", lambda x: x * x * x, lambda x: x**3, real(2, 3)),
    ]


#: Times differentiated by x and by y -> derivative of x ** y.
POWER_SLOPES: dict[tuple[int, int], Any] = {
    (0, 1): lambda x, y: x**y * np.log(x),
    (1, 0): lambda x, y: y * x ** (y - 1),
    (1, 1): lambda x, y: x ** (y - 1) * (1 + y * np.log(x)),
    (2, 0): lambda x, y: y * (y - 1) * x ** (y - 2),
    (0, 2): lambda x, y: x**y * np.log(x) ** 2,
    (2, 1): lambda x, y: x ** (y - 2) * (2 * y - 1 + y * (y - 1) * np.log(x)),
}


def _inside_rules() -> list[Case]:
    """Operations that only derivative rules call."""
    ratio, slope = Op.table["ratio"], Op.table["power_slope"]
    return [
        *[case(f"ratio[{a} {b}]", ratio, np.divide, real(*a), real(*b)) for a, b in PAIRS],
        *[
            case(
                f"power_slope[{k} {m} {a} {b}]",
                lambda x, y, k=k, m=m: slope(x, y, k, m),
                reference,
                positive(*a),
                real(*b),
            )
            for (k, m), reference in POWER_SLOPES.items()
            for a, b in [((2, 3), (2, 3)), ((3, 1), (1, 4)), ((), (2, 3)), ((0, 3), (1, 3))]
        ],
    ]


CASES = [*_unary(), *_binary(), *_where(), *_with_constants(), *_inside_rules()]
