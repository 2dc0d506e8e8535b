"""The ONNX counterpart of each recorded operation, in one table.

A converter gets a :class:`Writer`, the recorded node and the names of its inputs in the ONNX graph, and returns the
name of its output. The graph was recorded twice, with two batch sizes (see :mod:`~seegrad.nn.files.onnx_export`):
``node`` is a :class:`Twin` of both recordings, which shows the sizes that depend on the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd.core.node import Node

__all__ = ["OnnxExportError"]

Array = npt.NDArray[Any]
Converter = Callable[["Writer", "Twin", list[str]], str]


class OnnxExportError(ValueError):
    """A recorded computation that cannot be exported to ONNX; the message names the operation."""


@dataclass(frozen=True)
class Twin:
    """A node of the graph in both recordings, with one batch size and with another."""

    one: Node
    two: Node

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.one.op.name if self.one.op is not None else "leaf"

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters of the operation, besides its inputs."""
        return self.one.params

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shape of the result for each batch."""
        return np.shape(self.one._plain), np.shape(self.two._plain)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result for the first batch."""
        return np.shape(self.one._plain)

    @property
    def inputs(self) -> list[Twin]:
        """The inputs of the operation."""
        return [Twin(x, y) for x, y in zip(self.one.inputs, self.two.inputs, strict=True)]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the result."""
        return np.asarray(self.one._plain).dtype

    def axes(self, key: str = "axis") -> list[int]:
        """Return the axes of the input that a parameter names, counted from the first; None means all axes."""
        axis, ndim = self.params[key], len(np.shape(self.one.inputs[0]._plain))
        named = range(ndim) if axis is None else [axis] if isinstance(axis, int | np.integer) else axis
        return [int(i) % ndim for i in named]


class Writer:
    """Collects the nodes and constants of an ONNX graph."""

    def __init__(self, batches: tuple[int, int], first_input: str) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}
        self.batches = batches
        self.first_input = first_input
        #: The recorded node of each name, to find an earlier result.
        self.recorded: dict[str, Twin] = {}
        self._known: dict[tuple[Any, ...], str] = {}
        self._turned: dict[str, tuple[str, tuple[int, ...]]] = {}

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        from onnx import helper

        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, value: Any, dtype: npt.DTypeLike, name: str = "") -> str:
        """Add a constant unless there is an equal one, and return its name."""
        array = np.array(value, dtype, order="C")
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size < 64 else (id(value), array.dtype.str)
        if key not in self._known or name:
            label = name if name and name not in self.constants else f"constant_{len(self.constants)}"
            self._known[key] = label
            self.constants[label] = array
        return self._known[key]

    def integers(self, values: Sequence[int]) -> str:
        """Add an int64 vector, and return its name."""
        return self.constant(list(values), np.int64)

    def transposed(self, x: str, axes: Sequence[int]) -> str:
        """Permute axes, and return the name of the result; two permutations in a row become one, or none."""
        source, before = self._turned.get(x, (x, tuple(range(len(axes)))))
        whole = tuple(before[i] for i in axes)
        if whole == tuple(range(len(axes))):
            return source
        output = self.add("Transpose", source, perm=list(whole))
        self._turned[output] = (source, whole)
        return output

    def shape(self, node: Twin) -> str:
        """Add the shape of a node, of which some sizes may depend on the batch, and return its name."""
        one, two = node.shapes
        if one == two:
            return self.integers(one)
        n, m = self.batches
        parts = []
        for a, b in zip(one, two, strict=True):
            if a == b:
                parts.append(self.integers([a]))
            elif a % n == 0 and a * m == b * n:
                whole = self.add("Shape", self.first_input)
                batch = self.add("Gather", whole, self.integers([0]), axis=0)
                parts.append(batch if a == n else self.add("Mul", batch, self.integers([a // n])))
            else:
                raise OnnxExportError(
                    f"{node.name}: a size of {a} for {n} examples and {b} for {m} cannot be told from the batch size"
                )
        return self.add("Concat", *parts, axis=0)

    def reshaped(self, node: Twin, x: str) -> str:
        """Reshape ``x`` to the shape of ``node``; one size may be left to ONNX to infer."""
        one, two = node.shapes
        sizes = [a if a == b else -1 for a, b in zip(one, two, strict=True)]
        if sizes.count(-1) <= 1 and 0 not in sizes:
            return self.add("Reshape", x, self.integers(sizes))
        return self.add("Reshape", x, self.shape(node))


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


@says("getitem")
def _getitem(w: Writer, node: Twin, x: list[str]) -> str:
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


@says("euclidean_norm")
def _norm(w: Writer, node: Twin, x: list[str]) -> str:
    return w.add("ReduceL2", x[0], axes=node.axes(), keepdims=int(node.params["keepdims"]))


@says("p_norm")
def _p_norm(w: Writer, node: Twin, x: list[str]) -> str:
    order, keep = node.params["ord"], int(node.params["keepdims"])
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
