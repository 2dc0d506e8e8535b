"""Everything quick against the definition that it stands for: in special values, ties and nothing at all.

Inputs are small whole numbers, so that every sum is exact and the order of summation does not show.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
from in_one_test import each

import seegrad as sg
from seegrad.autograd.core.op import Op
from seegrad.autograd.fast import random_numbers
from seegrad.autograd.fast.arrays import ENOUGH
from seegrad.autograd.fast.kernels import LARGE, im2col, num_threads, numba_use, shared_products
from seegrad.autograd.ops.normalization import normalized_channels
from seegrad.autograd.ops.pooling import window_max
from seegrad.common import seam
from seegrad.nn.dropping import drawn_at_least
from seegrad.optim.adam import adam_step

pytestmark = pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide|empty).*:RuntimeWarning")

NONE, SOME = ((0, 0), (0, 0)), ((1, 0), (2, 1))
SPECIAL = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf, "both": np.inf, "-0.0": -0.0, "none": 1.0}
DTYPES = [np.float16, np.float32, np.float64]


class Given(NamedTuple):
    """Shapes of arrays, and the parameters of a call."""

    shapes: tuple[tuple[int, ...], ...]
    params: dict[str, Any]


def window(stride: Any, padding: Any, dilation: Any = (1, 1), **others: Any) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, **others}


CONVOLUTIONS = [
    # batch, height, width, channels; kernel; outputs; height and width of the result; window
    ((2, 6, 5, 2), (3, 2), 3, (4, 4), window((1, 1), NONE)),
    ((3, 6, 5, 2), (2, 2), 3, (3, 3), window((2, 2), SOME, (1, 2))),
    ((40, 7, 9, 3), (3, 3), 4, (6, 10), window((1, 1), SOME)),
    ((40, 7, 8, 1), (2, 3), 2, (3, 4), window((2, 2), ((0, 0), (1, 1)))),
    ((0, 4, 4, 2), (2, 2), 3, (3, 3), window((1, 1), NONE)),
    ((2, 4, 4, 0), (2, 2), 3, (3, 3), window((1, 1), NONE)),
]
POOLS = [
    # images; height and width of the result; window
    ((2, 4, 6, 3), (2, 3), {"kernel": (2, 2), "stride": (2, 2), "padding": NONE}),
    ((2, 5, 6, 3), (2, 2), {"kernel": (2, 3), "stride": (2, 3), "padding": NONE}),
    ((2, 5, 6, 3), (5, 7), {"kernel": (2, 3), "stride": (1, 1), "padding": SOME}),
    ((2, 5, 6, 3), (3, 2), {"kernel": (1, 2), "stride": (2, 4), "padding": SOME}),
    ((2, 3, 3, 1), (4, 4), {"kernel": (1, 1), "stride": (1, 1), "padding": ((1, 0), (0, 1))}),
    ((0, 4, 6, 3), (2, 3), {"kernel": (2, 2), "stride": (2, 2), "padding": NONE}),
]

OPERATIONS: dict[str, list[Given]] = {
    "relu": [Given((shape,), {}) for shape in ((0,), (4, 3), (LARGE - 4,), (LARGE + 4,), (2, 128, 132, 1))],
    "where": [
        Given(shapes, {"condition": np.arange(np.prod(size)).reshape(size) % 3 > 0})
        for shapes, size in (
            *((((40, 50), ()), (40, 50)), (((), (40, 50)), (40, 50)), (((3, 40, 50), ()), (40, 50))),
            *((((40, 50), ()), (40, 1)), (((40, 50), (40, 50)), (40, 50)), (((5,), ()), (5,)), (((50,), ()), (40, 50))),
            *((((ENOUGH - 1,), ()), (ENOUGH - 1,)), (((ENOUGH,), ()), (ENOUGH,)), (((40, 0), ()), (40, 0))),
        )
    ],
    "scatter_add": [
        Given((x,), {"index": np.arange(np.prod(i)).reshape(i) * 7 % 20 - shift, "shape": shape})
        for x, i, shape in (
            *(((100, 30), (100,), (20, 30)), ((100, 10), (100,), (20, 10)), ((10, 100), (10,), (20, 100))),
            *(((4, 25, 30), (4, 25), (20, 30)), ((0, 30), (0,), (20, 30)), ((2000,), (2000,), (20,))),
        )
        for shift in (0, 5)
    ],
    "sum": [
        Given((shape,), {"axis": axis, "keepdims": keepdims})
        for shape in ((0,), (4, 3), (128, 127), (128, 128), (129, 128))
        for axis, keepdims in ((None, False), (0, True), ((-1,), False))
    ],
    "sum_to": [
        Given((shape,), {"shape": shape[-1:]}) for shape in ((2, 3, 4, 5), (4, 32, 85, 3), (4, 32, 86, 3), (0, 4, 4, 3))
    ],
    "broadcast_to": [Given((shape,), {"shape": (4, 3)}) for shape in ((), (3,), (4, 1))],
    "matmul": [
        Given(shapes, {})
        for shapes in (
            *(((40, 50), (50, 49)), ((40, 50), (50, 50)), ((4, 10, 50), (50, 51))),
            *(((8, 40, 50), (8, 50, 10)), ((4, 3), (3,)), ((0, 50), (50, 3)), ((3, 0), (0, 4))),
            *(((2, 3, 40, 50), (3, 50, 40)), ((1, 3, 40, 50), (4, 1, 50, 40)), ((2, 0, 4, 3), (3, 5))),
        )
    ],
    "conv2d": [Given((x, (*k, x[3], n)), p) for x, k, n, _, p in CONVOLUTIONS],
    "conv2d_with_bias": [Given((x, (*k, x[3], n), (n,)), p) for x, k, n, _, p in CONVOLUTIONS],
    "conv2d_input_gradient": [
        Given(((x[0], *size, n), (*k, x[3], n)), {"shape": x, **p}) for x, k, n, size, p in CONVOLUTIONS
    ],
    "conv2d_weight_gradient": [
        Given((x, (x[0], *size, n)), {"shape": (*k, x[3], n), **p}) for x, k, n, size, p in CONVOLUTIONS
    ],
    "window_take": [Given((x,), p) for x, _, p in POOLS],
    "window_put": [Given(((x[0], *size, x[3]),), {"shape": x, **p}) for x, size, p in POOLS],
    "window_sum": [Given((x,), p) for x, _, p in POOLS],
    "window_spread": [Given(((x[0], *size, x[3]),), {"shape": x, **p}) for x, size, p in POOLS],
}

#: Quicker ways that differ in the last digits; see test_rounded.py.
ROUNDED = {"sin", "cos", "sigmoid", "silu", "gelu", "erf", "softmax", "log_softmax", "layer_norm"}


def whole_numbers(shape: Any, dtype: Any, special: str, rng: Any) -> Any:
    """Whole numbers with many ties, some of them replaced."""
    x = rng.integers(-2, 3, shape).astype(dtype)
    if x.size > 3:
        x.flat[[1, x.size // 2]] = SPECIAL[special]
        if special == "both":
            x.flat[2] = -np.inf
    return x


def laid_out(x: Any, layout: str) -> Any:
    """An equal array that lies differently in memory."""
    if layout == "as the kernels have it" and x.ndim == 4:
        return np.ascontiguousarray(x.transpose(1, 3, 2, 0)).transpose(3, 0, 2, 1)
    if layout == "stepped" and x.ndim:
        x = np.repeat(x, 2, axis=0)[::2]
    elif layout == "reversed":
        x = np.ascontiguousarray(np.flip(x))[(slice(None, None, -1),) * x.ndim]
    x = x.view()
    x.flags.writeable = False
    return x


def assert_same(quick: Any, wanted: Any) -> None:
    assert len(quick) == len(wanted)
    for one, other in zip(quick, wanted):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def winners_for(name: str, given: Given, rng: Any) -> dict[str, Any]:
    """The winners of windows, those that lie in the padding altogether included."""
    if name not in ("window_take", "window_put"):
        return {}
    images = given.params["shape"] if name == "window_put" else given.shapes[0]
    chosen = {key: given.params[key] for key in ("kernel", "stride", "padding")}
    return {"winners": window_max.__wrapped__(rng.normal(size=images), **chosen)[1]}


every_input = [
    pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__),
    each("special", SPECIAL),
    each("layout", ["as the kernels have it", "stepped", "reversed"]),
]


def on_every_input(test: Any) -> Any:
    return functools.reduce(lambda f, mark: mark(f), every_input, test)


@on_every_input
@pytest.mark.parametrize(
    ("name", "given"), [pytest.param(n, g, id=f"{n}{g.shapes}") for n, gs in OPERATIONS.items() for g in gs]
)
def test_a_quicker_forward_gives_what_the_definition_gives(name, given, layout, special, dtype, rng, monkeypatch):
    op = Op.table[name]
    inputs = [laid_out(whole_numbers(shape, dtype, special, rng), layout) for shape in given.shapes]
    params = {**given.params, **winners_for(name, given, rng)}
    quick = op.fast_forward(*inputs, **params)
    if quick is NotImplemented:
        return
    assert_same([quick], [op.forward(*inputs, **params)])
    if name == "relu":
        np.testing.assert_array_equal(np.signbit(quick), np.signbit(op.forward(*inputs)))
    if "conv2d" in name:  # what a few images are as many
        monkeypatch.setattr(im2col, "LONGEST_LINE", 0)
        assert_same([op.fast_forward(*inputs, **params)], [quick])


COMPLEX = [np.complex64, np.complex128]
MOVED = {"broadcast_to"}  # what only moves numbers may move complex ones, too


@pytest.mark.parametrize("dtype", COMPLEX, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_quicker_forward_leaves_complex_numbers_to_the_definition(name, dtype, rng):
    op = Op.table[name]
    for given in OPERATIONS[name]:
        inputs = [(rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype) for shape in given.shapes]
        quick = op.fast_forward(*inputs, **given.params, **winners_for(name, given, rng))
        if name in MOVED and quick is not NotImplemented:
            assert_same([quick], [op.forward(*inputs, **given.params)])
        else:
            assert quick is NotImplemented


#: How each of the other operations with a quicker way is called, and with what shapes.
CURVES: dict[str, Given] = {
    **{name: Given(((1 << 15,),), {}) for name in ("sin", "cos", "tanh", "sigmoid", "silu", "gelu", "erf")},
    **{name: Given(((64, 64),), {"axis": -1}) for name in ("softmax", "log_softmax")},
    "layer_norm": Given(((64, 64), (64,), (64,)), {"axes": 1, "eps": 1e-5}),
    "relu": Given(((1 << 20,),), {}),
    "batch_norm": Given(((2, 64, 64, 3), (3,), (3,)), {"eps": 1e-5, "moments": (np.zeros(3), np.ones(3))}),
    "conv2d_relu_max_pool2d": Given(((8, 6, 6, 1), (3, 3, 1, 2), (2,)), {}),
}


@pytest.mark.parametrize("dtype", COMPLEX, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", CURVES)
def test_curves_and_quicker_gradients_leave_complex_numbers_to_the_definition(name, dtype):
    op, (shapes, params) = Op.table[name], CURVES[name]
    inputs = [np.full(shape, 0.5 + 0.5j, dtype) for shape in shapes]
    if op.fast_forward is not None:
        assert op.fast_forward(*inputs, **params) is NotImplemented
    if op.fast_vjp is not None:
        wanted = (True,) * len(inputs)
        assert op.fast_vjp(inputs[0], inputs[0], *inputs, wanted=wanted, **params) is NotImplemented


@pytest.mark.parametrize("dtype", COMPLEX, ids=lambda d: d.__name__)
def test_other_quicker_functions_leave_complex_numbers_to_the_definition(dtype):
    x = np.full((2, 64, 64, 3), 0.5 + 0.5j, dtype)
    window = {"kernel": (2, 2), "stride": (2, 2), "padding": NONE}
    assert seam.quicker["window_max"](x, **window) is NotImplemented
    assert seam.quicker["normalized_channels"](x, x[0, 0, 0], x[0, 0, 0], 1e-5, None) is NotImplemented
    flat = [x.reshape(-1).copy() for _ in range(4)]
    assert seam.quicker["adam_step"](slice(None), *flat, 0.9, 0.999, 1.5, 1e-8, 0.1) is NotImplemented
    for op in (sg.sin, sg.sigmoid, sg.gelu):
        assert seam.quicker["curve_into"](np.empty_like(x), op, x) is NotImplemented
        assert seam.quicker["slope_into"](np.empty_like(x), op, x, x, x) is NotImplemented
    assert {name for name, op in Op.table.items() if own(op.fast_vjp) or own(op.fast_forward)} <= {*OPERATIONS, *CURVES}


def own(function: Any) -> bool:
    """Whether it belongs to the engine's fast room, and not to a user or a test."""
    return str(getattr(function, "__module__", "")).startswith("seegrad.autograd.fast")


def test_every_quicker_forward_is_compared_and_answers_somewhere():
    quick = {name for name, op in Op.table.items() if own(op.fast_forward)}
    assert quick == {*OPERATIONS, *ROUNDED}
    for name, cases in OPERATIONS.items():
        rng = np.random.default_rng(0)
        answers = [
            Op.table[name].fast_forward(
                *[np.ones(shape, np.float32) for shape in given.shapes], **given.params, **winners_for(name, given, rng)
            )
            for given in cases
        ]
        compiled = name == "scatter_add"  # quicker only with Numba
        assert any(a is not NotImplemented for a in answers) or (compiled and not numba_use.compiled("compiled_rows"))


def test_sizes_lie_on_both_sides_of_every_threshold():
    elements = [int(np.prod(given.shapes[0])) for name in ("relu", "sum_to") for given in OPERATIONS[name]]
    assert min(elements) < LARGE <= max(elements)
    products = [int(np.prod(given.shapes[0])) * given.shapes[1][-1] for given in OPERATIONS["matmul"]]
    assert min(products) < shared_products.SMALL <= max(products)


@on_every_input
@pytest.mark.parametrize("parts", [2, 3])
def test_products_that_are_shared_among_threads_are_those_of_one(parts, layout, special, dtype, rng, monkeypatch):
    monkeypatch.setattr(shared_products, "SMALLEST_PART", 1)
    for given in OPERATIONS["matmul"]:
        inputs = [laid_out(whole_numbers(shape, dtype, special, rng), layout) for shape in given.shapes]
        with num_threads(parts):
            quick = Op.table["matmul"].fast_forward(*inputs)
        if quick is not NotImplemented:
            assert_same([quick], [Op.table["matmul"].forward(*inputs)])


def gradients_by(way: str, name: str, arrays: Any, arriving: Any, **params: Any) -> Any:
    """The gradients of an operation's inputs by its quick VJP, or by its rules."""
    leaves = [sg.tensor(x, requires_grad=True) for x in arrays]
    out = GRADIENTS[name](*leaves, **params)
    assert out.op.name == name
    plain = [leaf.data for leaf in leaves]
    if way == "quick":
        return out.op.fast_vjp(arriving, out.data, *plain, wanted=(True,) * len(plain), **out.params)
    return [np.asarray(rule(arriving, out.data, *plain, **out.params)) for rule in out.op.rule]


GRADIENTS: dict[str, Any] = {"relu": sg.relu, "batch_norm": lambda *a: sg.batch_norm(*a)[0]}


@on_every_input
@each("arriving", ["nan", "inf", "none"])
@pytest.mark.parametrize("size", [0, 12, ENOUGH - 1, ENOUGH, LARGE - 4, LARGE + 4])
def test_the_quicker_gradient_of_relu_is_what_its_rule_says(size, arriving, layout, special, dtype, rng):
    x, g = whole_numbers(size, dtype, special, rng), whole_numbers(size, dtype, arriving, rng)
    quick = gradients_by("quick", "relu", [x], laid_out(g, layout))
    if quick is not NotImplemented:
        assert_same(quick, gradients_by("rules", "relu", [x], laid_out(g, layout)))
    assert (quick is NotImplemented) == (size < ENOUGH or (size < LARGE and not laid_out(g, layout).flags.c_contiguous))


@on_every_input
@each("arriving", ["nan", "inf", "none"])
@pytest.mark.parametrize("shape", [(2, 4, 4, 3), (2, 128, 130, 2), (3, 1, 1, 2), (7, 3), (4, 5, 2)])
def test_the_quicker_gradients_of_batch_norm_are_what_its_rules_say(shape, arriving, layout, special, dtype, rng):
    x, g = (laid_out(whole_numbers(shape, dtype, s, rng), layout) for s in (special, arriving))
    weight, bias = np.arange(1, shape[-1] + 1, dtype=dtype), np.ones(shape[-1], dtype)
    quick = gradients_by("quick", "batch_norm", (x, weight, bias), g)
    if dtype == np.float16:
        assert quick is NotImplemented
        return
    wanted = gradients_by("rules", "batch_norm", (x, weight, bias), g)
    scale = np.finfo(dtype).eps * 1e3
    for one, other in zip(quick, wanted, strict=True):
        np.testing.assert_array_equal(np.isfinite(one), np.isfinite(other))
        finite = np.isfinite(other)
        np.testing.assert_allclose(one[finite], other[finite], rtol=scale, atol=scale * 10)


@on_every_input
@pytest.mark.parametrize("moments", [None, (np.array([0.5, -1.0]), np.array([0.0, 4.0]))], ids=["own", "given"])
@pytest.mark.parametrize("shape", [(2, 4, 4, 2), (2, 128, 130, 2), (3, 1, 1, 2), (7, 2), (4, 5, 2)])
def test_quicker_normalisation_is_what_the_definition_says(shape, moments, layout, special, dtype, rng):
    x = laid_out(whole_numbers(shape, dtype, special, rng), layout)
    moments = None if moments is None else tuple(m.astype(dtype) for m in moments)
    arguments = x, np.array([2.0, -1.0], dtype), np.ones(2, dtype), 1e-3, moments
    quick = seam.quicker["normalized_channels"](*arguments)
    if dtype == np.float16:
        assert quick is NotImplemented
        return
    for one, other in zip(quick, normalized_channels.__wrapped__(*arguments), strict=True):
        assert one.dtype == other.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=np.finfo(dtype).eps * 1e2, atol=np.finfo(dtype).eps * 1e2)


@on_every_input
@pytest.mark.parametrize(("shape", "size", "window"), POOLS)
def test_quicker_maxima_and_winners_are_those_of_the_definition(shape, size, window, layout, special, dtype, rng):
    x = laid_out(whole_numbers(shape, dtype, special, rng), layout)
    quick = seam.quicker["window_max"](x, **window)
    assert quick[0].shape[1:3] == size
    assert_same(quick, window_max.__wrapped__(x, **window))


@each("special", SPECIAL)
@each("dtype", DTYPES)
@pytest.mark.parametrize("size", [10, LARGE - 4, LARGE + 4])
def test_the_quicker_step_of_adam_is_that_of_the_definition(size, dtype, special, rng):
    start = [whole_numbers(size, dtype, "none", rng), whole_numbers(size, dtype, special, rng)]
    start += [whole_numbers(size, dtype, "none", rng), np.abs(whole_numbers(size, dtype, special, rng))]
    vectors = [[vector.copy() for vector in start] for _ in "qd"]
    numbers = (0.9, 0.999, 1.5, 1e-8, 0.1)
    quick = seam.quicker["adam_step"](slice(2, size - 1), *vectors[0], *numbers)
    if quick is NotImplemented:
        assert_same(vectors[0], start)
        return
    adam_step.__wrapped__(slice(2, size - 1), *vectors[1], *numbers)
    for k in (0, 2, 3):  # the gradients are written over
        np.testing.assert_allclose(vectors[0][k], vectors[1][k], rtol=1e-6)


@each("p", [0.0, 1e-9, 2.0**-24, 0.1, 0.25, 1 / 3, 0.5, 1 - 2.0**-24, 1 - 1e-9, 1.0])
@pytest.mark.parametrize(
    "shape",
    [
        (),
        (0,),
        (random_numbers.ENOUGH - 2,),
        (random_numbers.ENOUGH - 1,),
        (random_numbers.ENOUGH,),
        (random_numbers.ENOUGH + 1,),
        (3, 2, random_numbers.ENOUGH // 4),
    ],
)
def test_the_quicker_choice_of_dropout_is_that_of_the_definition(shape, p):
    answered = seam.quicker["drawn_at_least"](np.random.default_rng(1), shape, p) is not NotImplemented
    size = int(np.prod(shape))
    assert answered == (size >= random_numbers.ENOUGH and size % 2 == 0 and sys.byteorder == "little")
    quick, plain = np.random.default_rng(1), np.random.default_rng(1)
    for numbers in (shape, (3,), shape, shape):  # the second leaves half of a word, which is used next
        np.testing.assert_array_equal(drawn_at_least(quick, numbers, p), drawn_at_least.__wrapped__(plain, numbers, p))
        assert quick.integers(1 << 62) == plain.integers(1 << 62)
        assert quick.bit_generator.state["has_uint32"] == plain.bit_generator.state["has_uint32"]


@each("p", [0.1, 0.5])
@each("words", [np.random.MT19937, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64])
def test_the_choice_of_dropout_with_other_generators_is_that_of_the_definition(words, p):
    quick, plain = (np.random.Generator(words(1)) for _ in "qp")
    for _ in range(2):
        chosen = drawn_at_least(quick, (2, random_numbers.ENOUGH), p)
        np.testing.assert_array_equal(chosen, drawn_at_least.__wrapped__(plain, (2, random_numbers.ENOUGH), p))


def test_every_quicker_function_and_gradient_is_compared():
    in_programs = {"share_work", "new_memory", "curve_into", "slope_into"}  # in test_groups.py
    in_programs |= {"compiled_interpreter"}  # in test_executable.py
    assert set(seam.quicker) == {"window_max", "normalized_channels", "adam_step", "drawn_at_least"} | in_programs
    quick = {name for name, op in Op.table.items() if own(op.fast_vjp)}
    others = {"conv2d_relu_max_pool2d"}  # in test_special_values_in_kernels.py
    assert quick == {*GRADIENTS, *ROUNDED - {"erf", "sin", "cos"}, "tanh", *others}
