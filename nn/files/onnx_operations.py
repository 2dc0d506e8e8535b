"""The ONNX counterpart of each recorded operation, in one table.

A converter gets a :class:`Writer`, the recorded node and the names of its inputs in the ONNX graph, and returns the
name of its output. The graph was recorded twice, with two batch sizes (see :mod:`~seegrad.nn.files.onnx_export`):
``node`` is a :class:`Twin` of both recordings, which shows the sizes that depend on the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd.core.node import Node
from .onnx_writer import OnnxExportError, Twin, Writer

Array = npt.NDArray[Any]
Converter = Callable[[Writer, Twin, list[str]], str]

# ----------------------------------------------------------------------------------------------- elementwise

SAME = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "negative": "Neg",
    "positive": "Identity",
    "identity": "Identity",
    "reciprocal": "Reciprocal",
    "power": "Pow",
    "absolute": "Abs",
    "sign": "Sign",
    "floor": "Floor",
    "ceil": "Ceil",
    "rint": "Round",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "arcsin": "Asin",
    "arccos": "Acos",
    "arctan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "tanh": "Tanh",
    "arcsinh": "Asinh",
    "arccosh": "Acosh",
    "arctanh": "Atanh",
    "at_least": "Max",
    "at_most": "Min",
    "maximum": "Max",
    "minimum": "Min",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "erf": "Erf",
    "matmul": "MatMul",
}


def _as(kind: str) -> Converter:
    return lambda w, node, x: w.add(kind, *x)


TABLE: dict[str, Converter] = {name: _as(kind) for name, kind in SAME.items()}


def says(*names: str) -> Callable[[Converter], Converter]:
    """Return a decorator that enters a converter into the table."""

    def enter(converter: Converter) -> Converter:
        TABLE.update(dict.fromkeys(names, converter))
        return converter

    return enter


def _number(w: Writer, node: Twin, value: float) -> str:
    return w.constant(value, node.dtype)


@says("square")
def _square(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Mul", x[0], x[0])


@says("exp2")
def _exp2(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Pow", _number(w, node, 2), x[0])


@says("expm1")
def _expm1(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Sub", w.add("Exp", x[0]), _number(w, node, 1))


@says("log1p")
def _log1p(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Log", w.add("Add", x[0], _number(w, node, 1)))


@says("log2", "log10")
def _log_of_base(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Div", w.add("Log", x[0]), _number(w, node, math.log(2 if node.name == "log2" else 10)))


@says("deg2rad", "rad2deg")
def _angle(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Mul", x[0], _number(w, node, math.radians(1) if node.name == "deg2rad" else math.degrees(1)))


@says("cbrt")
def _cbrt(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Mul", w.add("Sign", x[0]), w.add("Pow", w.add("Abs", x[0]), _number(w, node, 1 / 3)))


@says("hypot")
def _hypot(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Sqrt", w.add("Add", w.add("Mul", x[0], x[0]), w.add("Mul", x[1], x[1])))


@says("silu")
def _silu(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Mul", x[0], w.add("Sigmoid", x[0]))


@says("gelu")
def _gelu(w: Writer, node: Twin, x: list[str]) -> str:
    share = w.add("Erf", w.add("Mul", x[0], _number(w, node, math.sqrt(0.5))))
    twice = w.add("Mul", x[0], w.add("Add", share, _number(w, node, 1)))
    return w.add("Mul", twice, _number(w, node, 0.5))


@says("logaddexp")
def _logaddexp(w: Writer, node: Twin, x: list[str]) -> str:
    distance = w.add("Neg", w.add("Abs", w.add("Sub", x[0], x[1])))
    return w.add("Add", w.add("Max", *x), w.add("Softplus", distance))


@says("trunc")
def _trunc(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Mul", w.add("Sign", x[0]), w.add("Floor", w.add("Abs", x[0])))


@says("floor_divide")
def _floor_divide(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Floor", w.add("Div", *x))


@says("remainder")
def _remainder(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Sub", x[0], w.add("Mul", w.add("Floor", w.add("Div", *x)), x[1]))


@says("fmod")
def _fmod(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Mod", *x, fmod=1)


@says("where")
def _where(w: Writer, node: Twin, x: list[str]) -> str:
    one, two = (np.asarray(part.params["condition"]) for part in (node.one, node.two))
    if one.shape == two.shape and (one == two).all():
        return w.add("Where", w.constant(one, bool), *x)
    return w.add("Where", _compared(w, one, two), *x)


def _compared(w: Writer, one: Array, two: Array) -> str:
    """Find the earlier result whose comparison with 0 is the condition, since comparisons are not recorded."""
    kinds: dict[str, Callable[[Array], Array]] = {
        "Greater": lambda data: data > 0,
        "GreaterOrEqual": lambda data: data >= 0,
        "Less": lambda data: data < 0,
        "LessOrEqual": lambda data: data <= 0,
    }
    for name, twin in reversed(w.recorded.items()):
        if twin.shapes != (one.shape, two.shape):
            continue
        for kind, compare in kinds.items():
            if (compare(np.asarray(twin.one._plain)) == one).all() and (
                compare(np.asarray(twin.two._plain)) == two
            ).all():
                return w.add(kind, name, w.constant(0, twin.dtype))
    raise OnnxExportError(
        "where: its condition depends on the input and is not the comparison of a recorded result with 0, so it "
        "cannot be found in the recording; write where(x - limit > 0, ...), or use maximum, minimum or clip"
    )


# ----------------------------------------------------------------------------------------------------- shapes


@says("reshape")
def _reshape(w: Writer, node: Twin, x: list[str]) -> str:
    return w.reshaped(node, x[0])


@says("expand_dims", "squeeze")
def _axes_of_one(w: Writer, node: Twin, x: list[str]) -> str:
    return w.reshaped(node, x[0])


@says("transpose")
def _transpose(w: Writer, node: Twin, x: list[str]) -> str:
    axes = node.axes("axes")
    return w.transposed(x[0], axes[::-1] if node.params["axes"] is None else axes)


@says("broadcast_to")
def _broadcast_to(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Expand", x[0], w.shape(node))


@says("astype")
def _astype(w: Writer, node: Twin, x: list[str]) -> str:
    from onnx import helper

    return w.add("Cast", x[0], to=helper.np_dtype_to_tensor_dtype(node.dtype))


@says("concatenate")
def _concatenate(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Concat", *x, axis=node.axes()[0])


@says("stack")
def _stack(w: Writer, node: Twin, x: list[str]) -> str:
    axis = node.params["axis"] % len(node.shape)
    return w.add("Concat", *[w.add("Unsqueeze", part, w.integers([axis])) for part in x], axis=axis)


@says("pad")
def _pad(w: Writer, node: Twin, x: list[str]) -> str:
    widths = np.broadcast_to(node.params["widths"], (len(node.shape), 2))
    return w.add("Pad", x[0], w.integers(widths.T.ravel().tolist()), _number(w, node, node.params["value"]))


@says("tril", "triu")
def _triangle(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Trilu", x[0], w.constant(node.params["k"], np.int64), upper=int(node.name == "triu"))


@says("flip")
def _flip(w: Writer, node: Twin, x: list[str]) -> str:
    axes = node.axes()
    return _slice(w, x[0], axes, [slice(None, None, -1)] * len(axes))


def is_looked_up(node: Node, numbers: Array) -> bool:
    """Whether a node looks up rows by the numbers of an input; an index is no recorded input, so they are compared."""
    index = node.params.get("index") if node.op is not None and node.op.name == "getitem" else None
    index = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    return isinstance(index, np.ndarray) and index.dtype.kind == "i" and np.array_equal(index, numbers)


@says("getitem")
def _getitem(w: Writer, node: Twin, x: list[str]) -> str:
    for name, numbers in w.recorded.items():
        if is_looked_up(node.one, numbers.one._plain) and is_looked_up(node.two, numbers.two._plain):
            return w.add("Gather", x[0], name, axis=0)
    index, other = (part.params["index"] for part in (node.one, node.two))
    if repr(index) != repr(other):
        raise OnnxExportError(f"getitem: the index depends on the batch: {index!r:.100}")
    parts = list(index) if isinstance(index, tuple) else [index]
    ndim = len(node.inputs[0].shape)
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if Ellipsis in [part for part in parts if not isinstance(part, np.ndarray)]:
        place = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts[place : place + 1] = [slice(None)] * (ndim - used)
    whole = [part for part in parts if part is not None]
    arrays = [axis for axis, part in enumerate(whole) if isinstance(part, np.ndarray | list)]
    if len(arrays) > 1 or (
        arrays and (len(whole) != len(parts) or np.asarray(whole[arrays[0]]).dtype.kind not in "iu")
    ):
        raise OnnxExportError(f"getitem: an index of this kind has no counterpart in ONNX: {index!r:.100}")
    if arrays and any(isinstance(part, int | np.integer) for part in whole):
        raise OnnxExportError(f"getitem: an index of this kind has no counterpart in ONNX: {index!r:.100}")
    axes = [axis for axis, part in enumerate(whole) if axis not in arrays and part != slice(None)]
    result = _slice(w, x[0], axes, [whole[axis] for axis in axes]) if axes else x[0]
    if arrays:
        return w.add("Gather", result, w.constant(whole[arrays[0]], np.int64), axis=arrays[0])
    return w.reshaped(node, result)


def _slice(w: Writer, x: str, axes: list[int], parts: list[Any]) -> str:
    """Add a slice; an integer index is a slice of length 1."""
    far = 2**62
    starts, stops, steps = [], [], []
    for part in parts:
        if not isinstance(part, slice):
            part = slice(part, part + 1 if part != -1 else far)
        step = part.step or 1
        starts.append((0 if step > 0 else far) if part.start is None else part.start)
        stops.append((far if step > 0 else -far) if part.stop is None else part.stop)
        steps.append(step)
    return w.add("Slice", x, w.integers(starts), w.integers(stops), w.integers(axes), w.integers(steps))


# ------------------------------------------------------------------------------------------------- reductions


@says("sum")
def _sum(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("ReduceSum", x[0], w.integers(node.axes()), keepdims=int(node.params["keepdims"]))


@says("mean", "max", "min", "prod")
def _reduce(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add(f"Reduce{node.name.title()}", x[0], axes=node.axes(), keepdims=int(node.params["keepdims"]))


@says("norm")
def _norm(w: Writer, node: Twin, x: list[str]) -> str:
    order, keep = node.params["ord"], int(node.params["keepdims"])
    if order == 2.0:
        return w.add("ReduceL2", x[0], axes=node.axes(), keepdims=keep)
    powers = w.add("Pow", w.add("Abs", x[0]), _number(w, node, order))
    total = w.add("ReduceSum", powers, w.integers(node.axes()), keepdims=keep)
    return w.add("Pow", total, _number(w, node, 1.0 / order))


@says("var", "std")
def _variance(w: Writer, node: Twin, x: list[str]) -> str:
    axes, keep = node.axes(), int(node.params["keepdims"])
    distance = w.add("Sub", x[0], w.add("ReduceMean", x[0], axes=axes, keepdims=1))
    squares = w.add("Mul", distance, distance)
    one, two = node.inputs[0].shapes
    counts = {math.prod(shape[axis] for axis in axes) for shape in (one, two)}
    if node.params["ddof"] == 0:
        variance = w.add("ReduceMean", squares, axes=axes, keepdims=keep)
    elif len(counts) == 1:
        total = w.add("ReduceSum", squares, w.integers(axes), keepdims=keep)
        variance = w.add("Div", total, _number(w, node, counts.pop() - node.params["ddof"]))
    else:
        raise OnnxExportError(f"{node.name}: ddof over the batch has no counterpart in ONNX")
    return variance if node.name == "var" else w.add("Sqrt", variance)


@says("batch_norm", "layer_norm")
def _normalised(w: Writer, node: Twin, x: list[str]) -> str:
    ndim = len(node.shape)
    axes = list(range(ndim - 1) if node.name == "batch_norm" else range(ndim - node.params["axes"], ndim))
    distance = w.add("Sub", x[0], w.add("ReduceMean", x[0], axes=axes, keepdims=1))
    variance = w.add("ReduceMean", w.add("Mul", distance, distance), axes=axes, keepdims=1)
    deviation = w.add("Sqrt", w.add("Add", variance, _number(w, node, node.params["eps"])))
    return w.add("Add", w.add("Mul", w.add("Div", distance, deviation), x[1]), x[2])


@says("cumsum")
def _cumsum(w: Writer, node: Twin, x: list[str]) -> str:
    if node.params["axis"] is None:
        raise OnnxExportError("cumsum: give an axis, or flatten first")
    return w.add("CumSum", x[0], w.constant(node.axes()[0], np.int64))


@says("softmax", "log_softmax")
def _softmax(w: Writer, node: Twin, x: list[str]) -> str:
    if len(node.axes()) != 1:
        raise OnnxExportError(f"{node.name}: ONNX has it along one axis alone; reshape these axes into one first")
    return w.add("Softmax" if node.name == "softmax" else "LogSoftmax", x[0], axis=node.axes()[0])


@says("logsumexp")
def _logsumexp(w: Writer, node: Twin, x: list[str]) -> str:
    axes = node.axes()
    largest = w.add("ReduceMax", x[0], axes=axes, keepdims=1)
    total = w.add("ReduceSum", w.add("Exp", w.add("Sub", x[0], largest)), w.integers(axes), keepdims=1)
    result = w.add("Add", w.add("Log", total), largest)
    return result if node.params["keepdims"] else w.reshaped(node, result)


@says("einsum")
def _einsum(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("Einsum", *x, equation=node.params["subscripts"])


# --------------------------------------------------------------------------------- convolution and pooling

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)  # channels first, as ONNX wants them, and last, as they are here


def _window(node: Twin) -> dict[str, Any]:
    (top, bottom), (left, right) = node.params["padding"]
    window: dict[str, Any] = {"strides": list(node.params["stride"]), "pads": [top, left, bottom, right]}
    if "kernel" in node.params:
        window["kernel_shape"] = list(node.params["kernel"])
    else:
        window["dilations"] = list(node.params["dilation"])
    return window


def _conv(w: Writer, node: Twin, x: list[str]) -> str:
    # (kh, kw, in, out) -> (out, in, kh, kw)
    return w.add("Conv", w.transposed(x[0], FIRST), w.transposed(x[1], (3, 2, 0, 1)), *x[2:], **_window(node))


@says("conv2d", "conv2d_with_bias")
def _conv2d(w: Writer, node: Twin, x: list[str]) -> str:
    return w.transposed(_conv(w, node, x), LAST)


@says("conv2d_relu_max_pool2d")
def _conv2d_relu_max_pool2d(w: Writer, node: Twin, x: list[str]) -> str:
    result = w.add("Relu", _conv(w, node, x))
    pool = list(node.params["pool"])
    if pool != [1, 1]:
        result = w.add("MaxPool", result, kernel_shape=pool, strides=pool)
    return w.transposed(result, LAST)


@says("conv2d_input_gradient")
def _conv2d_input_gradient(w: Writer, node: Twin, x: list[str]) -> str:
    window = _window(node)
    kernel = node.inputs[1].shape[:2]
    taken = node.inputs[0].shape[1:3]
    top, left, bottom, right = window["pads"]
    cut = (top + bottom, left + right)
    full = [
        (taken[i] - 1) * window["strides"][i] + (kernel[i] - 1) * window["dilations"][i] + 1 - cut[i] for i in (0, 1)
    ]
    window["output_padding"] = [node.shape[i + 1] - full[i] for i in (0, 1)]
    # (kh, kw, out, in) -> (in, out, kh, kw)
    result = w.add("ConvTranspose", w.transposed(x[0], FIRST), w.transposed(x[1], (3, 2, 0, 1)), **window)
    return w.transposed(result, LAST)


@says("window_take")
def _max_pool(w: Writer, node: Twin, x: list[str]) -> str:
    return w.transposed(w.add("MaxPool", w.transposed(x[0], FIRST), **_window(node)), LAST)


@says("window_sum")
def _window_sum(w: Writer, node: Twin, x: list[str]) -> str:
    mean = w.add("AveragePool", w.transposed(x[0], FIRST), count_include_pad=1, **_window(node))
    return w.transposed(w.add("Mul", mean, _number(w, node, math.prod(node.params["kernel"]))), LAST)
