"""Export a computation to an ONNX file from its recorded graph, so that it need not be made of known layers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, no_grad
from ...autograd.compile.reach import Reach
from ...autograd.core.backward import inputs_of
from ...autograd.core.node import Node
from ...autograd.core.recording import recording
from ...common.atomic_file import write_atomically
from ...common.quiet import quiet
from ...common.seam import layer_by_layer
from ..evaluation import evaluating
from ..module import Module
from .onnx_check import check_repeatable, check_same
from .onnx_operations import TABLE, is_looked_up
from .onnx_writer import OnnxExportError, Twin, Writer

__all__ = ["export_onnx"]

Array = npt.NDArray[Any]

# The newest operator set that all runtimes of recent years support.
OPSET, IR_VERSION = 17, 8

#: Parameters that need not agree: each converter that uses them looks at both.
LOOKED_AT = {"shape", "condition", "winners", "shards", "index", "moments"}


def export_onnx(
    function: Module | Callable[..., Any], sample: Any, path: str | os.PathLike[str], *, dynamic_batch: bool = True
) -> None:
    """Write a model, or any function of Tensors, as an ONNX file.

    The function is run on two batches made of the sample's numbers, and the recorded graph is exported. So a function
    may use every operation that is recorded and has a counterpart in ONNX. A branch (``if``) must take the same path
    for all inputs. The exported graph is run by onnx on the sample and on other numbers, and refused if its results
    differ from those of the function. A model, and every model that a function uses by name, is exported in evaluation
    mode. Preprocessing is not exported.

    Parameters
    ----------
    function : Module or callable
        The function to export. It takes Tensors and returns a Tensor or a sequence of them.
    sample : array_like or tuple of array_like
        Example inputs of floats, or of integers by which an :class:`~seegrad.nn.Embedding` looks up vectors. The first
        axis is the batch; its length is above 0 and the same for all. The numbers should be typical of the inputs of
        the model.
    path : path
        The file, by custom ``something.onnx``; replaced in one step if it exists.
    dynamic_batch : bool, default True
        Whether the graph takes batches of any length, or only that of the sample.

    Raises
    ------
    OnnxExportError
        (a ``ValueError``) if an operation has no counterpart in ONNX; it is named. Or if the results of the graph and
        the function differ, because of a branch on the input's numbers, numbers read with ``.data`` or NumPy, or
        randomness.
    ImportError
        If onnx is not installed: ``pip install 'seegrad[export]'``.

    Examples
    --------
    >>> model = sg.nn.models.mnist_cnn()
    >>> sg.export_onnx(model, np.zeros((1, 28, 28, 1), np.float32), "digits.onnx")  # doctest: +SKIP
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError("export_onnx needs onnx: pip install 'seegrad[export]'") from error
    samples = [_checked(array) for array in (sample if isinstance(sample, tuple) else (sample,))]
    if len({len(array) for array in samples}) > 1:
        raise OnnxExportError(
            "the first axis of each input is the batch, and must be of one length for all; the samples have shapes "
            f"{', '.join(str(array.shape) for array in samples)}"
        )
    batches = (samples[0].shape[0], samples[0].shape[0] + dynamic_batch)
    rng = np.random.default_rng(0)
    inputs = [[_varied(array, n, rng) for array in samples] for n in batches]
    check_repeatable(lambda arrays: _run(function, arrays), samples)
    one, two = (_record(function, arrays) for arrays in inputs)
    names = {id(p): name for name, p in function.named_parameters()} if isinstance(function, Module) else {}
    writer = Writer(batches, _input_name(samples, 0))
    outputs = _write(writer, one, two, names)
    model = onnx.helper.make_model(
        _graph(writer, one, two, outputs),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="seegrad",
    )
    onnx.checker.check_model(model, full_check=True)
    check_same(model, lambda arrays: _run(function, arrays), inputs, samples, dynamic_batch)
    write_atomically(path, model.SerializeToString())


Recording = tuple[list[Tensor], list[Tensor]]
"""Inputs and outputs of one run."""


def _checked(sample: Any) -> Array:
    array = np.asarray(sample.data if isinstance(sample, Tensor) else sample)
    if array.dtype.kind not in "fi" or array.ndim == 0 or array.size == 0:
        raise OnnxExportError(
            "a sample must be an array of floats or integers whose first axis is the batch, got "
            f"{array.dtype} of shape {array.shape}"
        )
    if array.dtype.kind == "i" and np.ptp(array) == 0:
        raise OnnxExportError("a sample of integers must have several different ones, to be told from constants")
    return array


def _varied(sample: Array, batch: int, rng: np.random.Generator) -> Array:
    """Make a batch of the sample's numbers in random order, so that constants can be told from results."""
    values = sample.ravel()
    if np.ptp(values) == 0:
        values = (values[0] + rng.normal(size=1000)).astype(sample.dtype)
    return rng.choice(values, (batch, *sample.shape[1:]))


def _record(function: Module | Callable[..., Any], arrays: Sequence[Array]) -> Recording:
    inputs = [Tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays]
    with layer_by_layer():
        outputs = _outputs(function, inputs, recording())
    for output in outputs:
        if not output.requires_grad:
            raise OnnxExportError(_NO_PATH)
    return inputs, outputs


_NO_PATH = (
    "an output does not depend on the input through recorded operations, so it would be frozen in the file: numbers "
    "that are read with .data, .item(), detach() or NumPy are not recorded. Compute with the tensors themselves"
)


def _run(function: Module | Callable[..., Any], arrays: Sequence[Array]) -> list[Array]:
    """Return the arrays that the function computes from arrays."""
    return [output.data for output in _outputs(function, [Tensor(array) for array in arrays], no_grad())]


def _outputs(
    function: Module | Callable[..., Any], inputs: Sequence[Tensor], way: AbstractContextManager[None]
) -> list[Tensor]:
    modules = [x for x in (function, *Reach(function).kept) if isinstance(x, Module)]
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(evaluating(module))
        stack.enter_context(way)
        stack.enter_context(quiet())
        result = function(*inputs)
    outputs = list(result) if isinstance(result, list | tuple) else [result]
    for output in outputs:
        if not isinstance(output, Tensor):
            raise OnnxExportError(
                f"the function must return a Tensor or a sequence of them, got {type(output).__name__}"
            )
    return outputs


def _order(run: Recording) -> list[Node]:
    """Return the computed nodes between the inputs and the outputs, each after its inputs."""
    inputs, outputs = run
    seen: dict[int, Node] = {}
    todo: list[Node] = list(outputs)
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen[id(node)] = node
            todo += inputs_of(node) if node.op is not None else ()
    depends = {id(x) for x in inputs}
    looked_up = [x.data for x in inputs if x.dtype.kind == "i"]
    order = []
    for node in sorted(seen.values(), key=lambda node: node.number):
        if node.op is None:
            continue
        if any(id(x) in depends for x in inputs_of(node)) or any(is_looked_up(node, x) for x in looked_up):
            depends.add(id(node))
            order.append(node)
    return order


def _twins(one: Recording, two: Recording) -> Iterator[Twin]:
    first, second = _order(one), _order(two)
    if [node.op for node in first] != [node.op for node in second]:
        raise OnnxExportError(
            "the function takes another path for other inputs, which ONNX's recording of one path cannot follow; "
            "use where(...) instead of if"
        )
    return (Twin(x, y) for x, y in zip(first, second, strict=True))


def _write(writer: Writer, one: Recording, two: Recording, names: dict[int, str]) -> list[str]:
    """Add all nodes to the graph, and return the names of the outputs."""
    known: dict[int, str] = {}
    for i, (x, y) in enumerate(zip(one[0], two[0], strict=True)):
        name = known[id(x)] = _input_name(one[0], i)
        writer.recorded[name] = Twin(x, y)
    for twin in _twins(one, two):
        converter = TABLE.get(twin.name)
        if converter is None:
            raise OnnxExportError(
                f"the operation {twin.name!r} has no counterpart in ONNX here, so it cannot be exported"
            )
        _check_params(twin)
        output = converter(writer, twin, [_named(writer, twin, x, known, names) for x in twin.inputs])
        known[id(twin.one)] = output
        writer.recorded[output] = twin
    if not all(id(output) in known for output in one[1]):
        raise OnnxExportError(_NO_PATH)
    return [writer.add("Identity", known[id(output)]) for output in one[1]]


def _named(writer: Writer, reader: Twin, x: Twin, known: dict[int, str], names: dict[int, str]) -> str:
    """Return the name of an operation's input: an earlier result, or a constant."""
    # Here numbers take the dtype of the arrays that they meet; ONNX does not convert, so its inputs get one dtype.
    dtype = reader.dtype
    if id(x.one) in known:
        name = known[id(x.one)]
        if x.dtype == dtype or reader.name == "astype":
            return name
        from onnx import helper

        return writer.add("Cast", name, to=helper.np_dtype_to_tensor_dtype(dtype))
    one, two = np.asarray(x.one._plain), np.asarray(x.two._plain)
    if one.shape != two.shape or not np.array_equal(one, two, equal_nan=True):
        raise OnnxExportError(
            f"{reader.name}: one of its inputs changes with the function's input (shape {one.shape}, then {two.shape}) "
            "without being computed from it by recorded operations"
        )
    return writer.constant(x.one._plain, dtype, names.get(id(x.one), ""))


def _check_params(twin: Twin) -> None:
    for key, value in twin.one.params.items():
        if key not in LOOKED_AT and repr(value) != repr(twin.two.params[key]):
            raise OnnxExportError(f"{twin.name}: its {key} depends on the input: {value!r:.80}")


def _input_name(inputs: Sequence[Any], i: int) -> str:
    return "input" if len(inputs) == 1 else f"input_{i}"


def _graph(writer: Writer, one: Recording, two: Recording, outputs: list[str]) -> Any:
    from onnx import helper, numpy_helper

    def described(name: str, x: Tensor, y: Tensor) -> Any:
        sizes = [a if a == b else "batch" if (a, b) == writer.batches else None for a, b in zip(x.shape, y.shape)]
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), sizes)

    final = [_output_name(outputs, i) for i in range(len(outputs))]
    for node in writer.nodes:
        if node.output[0] in outputs:
            node.output[0] = final[outputs.index(node.output[0])]
    return helper.make_graph(
        writer.nodes,
        "seegrad",
        [described(_input_name(one[0], i), x, y) for i, (x, y) in enumerate(zip(one[0], two[0], strict=True))],
        [described(name, x, y) for name, x, y in zip(final, one[1], two[1], strict=True)],
        [numpy_helper.from_array(array, name) for name, array in writer.constants.items()],
    )


def _output_name(outputs: Sequence[str], i: int) -> str:
    return "output" if len(outputs) == 1 else f"output_{i}"
