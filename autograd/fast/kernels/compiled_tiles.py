"""Small products that stay in registers, written as vector instructions: what convolutions are made of; for float32.

A tile is the product of a few lines of one matrix with a few of another. All its sums stay in registers from the first
product to the last, where loops that Numba compiles would load and store each sum each time. Lines may lie anywhere:
so the windows of a convolution are multiplied where they are, without a copy. Addresses are in bytes, steps in floats.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Floats in a vector. For a processor whose vectors are shorter, LLVM makes several of one."""

_float, _int, _long = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_vector, _mask = ir.VectorType(_float, LANES), ir.VectorType(ir.IntType(1), LANES)
_zeros = ir.Constant(_vector, [0.0] * LANES)


class _Writer:
    """Writes instructions on vectors.

    Parameters
    ----------
    builder
        Of llvmlite.
    """

    def __init__(self, builder: Any) -> None:
        self.b = builder

    def sum(self, first: Any = _zeros) -> Any:
        """Make a variable."""
        return cgutils.alloca_once_value(self.b, first)

    def after(self, address: Any, count: Any, step: Any = 1) -> Any:
        """Return the address `count` steps further on, of so many floats each."""
        count, step = (_long(k) if isinstance(k, int) else k for k in (count, step))
        return self.b.add(address, self.b.mul(self.b.mul(count, step), _long(4)))

    def load(self, place: Any, mask: Any = None) -> Any:
        """Load a vector; lanes that the mask leaves out are 0."""
        pointer = self.b.inttoptr(place, _vector.as_pointer())
        if mask is None:
            return self.b.load(pointer, align=4)
        load = self._function("masked.load.v{}f32.p0", _vector, pointer.type, _int, _mask, _vector)
        return self.b.call(load, [pointer, _int(4), mask, _zeros])

    def store(self, vector: Any, place: Any, mask: Any = None) -> None:
        """Store a vector, or the lanes in the mask."""
        pointer = self.b.inttoptr(place, _vector.as_pointer())
        if mask is None:
            self.b.store(vector, pointer, align=4)
        else:
            store = self._function("masked.store.v{}f32.p0", ir.VoidType(), _vector, pointer.type, _int, _mask)
            self.b.call(store, [vector, pointer, _int(4), mask])

    def load_number(self, place: Any) -> Any:
        """Load a number into all lanes."""
        return self.repeated(self.b.load(self.b.inttoptr(place, _float.as_pointer()), align=4))

    def first(self, count: Any) -> Any:
        """Return the mask of the first lanes."""
        numbers = ir.Constant(ir.VectorType(_int, LANES), list(range(LANES)))
        return self.b.icmp_signed("<", numbers, self.repeated(self.b.trunc(count, _int), _int))

    def multiply_add(self, x: Any, y: Any, total: Any) -> None:
        """Add a product of vectors to a variable."""
        fused = self._function("fmuladd.v{}f32", _vector, _vector, _vector, _vector)
        self.b.store(self.b.call(fused, [x, y, self.b.load(total)]), total)

    def add_up(self, vectors: list[Any], place: Any) -> None:
        """Add the sum of each vector to as many numbers in memory."""
        left = LANES
        while (
            left > 1
        ):  # sums of `left` floats; those of two vectors side by side are as quickly halved as those of one
            pairs = zip(vectors[::2], vectors[1::2]) if len(vectors) > 1 else [(vectors[0], None)]
            vectors, left = [self._halved(one, other, left) for one, other in pairs], left // 2
        (sums,) = vectors
        pointer = self.b.inttoptr(place, sums.type.as_pointer())
        self.b.store(self.b.fadd(self.b.load(pointer, align=4), sums), pointer, align=4)

    def _halved(self, one: Any, other: Any, left: int) -> Any:
        """Add the first half of each `left` floats to the second half, in one vector or in two."""
        count = one.type.count * (1 if other is None else 2)
        firsts = [k for k in range(count) if k % left < left // 2]
        halves = [
            self.b.shuffle_vector(one, other or one, ir.Constant(ir.VectorType(_int, len(places)), places))
            for places in (firsts, [k + left // 2 for k in firsts])
        ]
        return self.b.fadd(*halves)

    def repeated(self, number: Any, kind: Any = _float) -> Any:
        """Return a vector of a number."""
        vector = ir.VectorType(kind, LANES)
        one = self.b.insert_element(ir.Constant(vector, ir.Undefined), number, _int(0))
        return self.b.shuffle_vector(one, one, ir.Constant(ir.VectorType(_int, LANES), [0] * LANES))

    def _function(self, name: str, result: Any, *arguments: Any) -> Any:
        kind = ir.FunctionType(result, arguments)
        return cgutils.get_or_insert_function(self.b.module, kind, f"llvm.{name.format(LANES)}")


def convolution_tile(m: int, n: int, whole: bool = True) -> Any:
    """Return what computes `n` vectors for each of `m` channels of a convolution.

    It sets ``out[c] = bias[c] + sum over rows, columns and k of w[row, column, k, c] * x[row, column, k]``, but at
    least `floor`. ``x[row, column, k]`` and ``out[c]`` are `n` vectors, ``w[row, column, k, c]`` and ``bias[c]``
    numbers. If it is not `whole`, only so many of the first lanes are there.
    """

    @intrinsic
    def tile(typing, x, w, bias, out, floor, lanes, steps):
        def write(context, builder, signature, arguments):
            b = _Writer(builder)
            x, w, bias, out, floor, lanes, steps = arguments
            steps = cgutils.unpack_tuple(builder, steps)
            rows, x_row, w_row, columns, x_column, w_column, channels, x_line, out_line = steps
            mask = None if whole else b.first(lanes)
            sums = [[b.sum(first) for _ in range(n)] for first in [b.load_number(b.after(bias, c)) for c in range(m)]]
            with cgutils.for_range(builder, rows) as row, cgutils.for_range(builder, columns) as column:
                line = b.after(b.after(x, row.index, x_row), column.index, x_column)
                weights = b.after(b.after(w, row.index, w_row), column.index, w_column)
                with cgutils.for_range(builder, channels) as k:
                    here = b.after(line, k.index, x_line)
                    vectors = [b.load(b.after(here, v * LANES), mask) for v in range(n)]
                    for c in range(m):
                        weight = b.load_number(b.after(b.after(weights, k.index, m), c))
                        for v in range(n):
                            b.multiply_add(vectors[v], weight, sums[c][v])
            least = b.repeated(floor)
            for c in range(m):
                for v in range(n):
                    total = builder.load(sums[c][v])
                    total = builder.select(builder.fcmp_ordered("<", total, least), least, total)  # NaN stays
                    b.store(total, b.after(b.after(out, c, out_line), v * LANES), mask)
            return context.get_dummy_value()

        return _signature(4, True, 9), write

    return tile


def gradient_tile(m: int, n: int) -> Any:
    """Return what multiplies `m` lines of one array with `n` lines of another, and adds up each product.

    It adds to each number ``out[k, c]`` the sum over rows, columns and lanes of ``x[k] * g[c]``, where c is below `m`
    and k below `n`.
    """

    @intrinsic
    def tile(typing, x, g, out, lanes, steps):
        def write(context, builder, signature, arguments):
            b = _Writer(builder)
            x, g, out, lanes, steps = arguments
            rows, x_row, g_row, columns, x_column, g_column, x_line, g_line, out_line = cgutils.unpack_tuple(
                builder, steps
            )
            sums = [[b.sum() for _ in range(n)] for _ in range(m)]
            rest = builder.urem(lanes, _long(LANES))

            def add(x: Any, g: Any, mask: Any = None) -> None:
                vectors = [b.load(b.after(x, k, x_line), mask) for k in range(n)]
                for c in range(m):
                    other = b.load(b.after(g, c, g_line), mask)
                    for k in range(n):
                        b.multiply_add(vectors[k], other, sums[c][k])

            with cgutils.for_range(builder, rows) as row, cgutils.for_range(builder, columns) as column:
                x_start = b.after(b.after(x, row.index, x_row), column.index, x_column)
                g_start = b.after(b.after(g, row.index, g_row), column.index, g_column)
                with cgutils.for_range(builder, builder.udiv(lanes, _long(LANES))) as v:
                    add(b.after(x_start, v.index, LANES), b.after(g_start, v.index, LANES))
                with builder.if_then(builder.icmp_signed(">", rest, _long(0))):
                    done = builder.sub(lanes, rest)
                    add(b.after(x_start, done), b.after(g_start, done), b.first(rest))
            for k in range(n):
                b.add_up([builder.load(line[k]) for line in sums], b.after(out, k, out_line))
            return context.get_dummy_value()

        return _signature(3, False, 9), write

    return tile


def _signature(addresses: int, floor: bool, steps: int) -> Any:
    numbers = [types.float32, types.intp] if floor else [types.intp]
    return types.void(*[types.intp] * addresses, *numbers, types.UniTuple(types.intp, steps))
