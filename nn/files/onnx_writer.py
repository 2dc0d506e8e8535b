"""The ONNX graph that is written: its nodes and constants, made from two recordings of a computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd.core.node import Node

__all__ = ["OnnxExportError"]

Array = npt.NDArray[Any]


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
