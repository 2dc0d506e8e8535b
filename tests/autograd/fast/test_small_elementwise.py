"""The interpreter of small arrays computes of each element what the operation computes, in every special value."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from program_builder import ProgramBuilder, both, interpreted

from seegrad.autograd.core.op import Op
from seegrad.autograd.fast.kernels import numba_use
from seegrad.common import opcodes

pytestmark = pytest.mark.skipif(numba_use.compiled("compiled_interpreter") is None, reason="needs Numba")


def special(dtype):
    info = np.finfo(dtype)
    numbers = [0.0, 0.5, 1.0, 2.0, 3.0, 0.1, 7.5, 20.0, 100.0, 1e4, info.max, info.tiny, info.tiny / 4, np.inf]
    return np.array([*numbers, *[-x for x in numbers], np.nan], dtype)


def operands(name, dtype):
    """All pairs of special numbers, or all of them."""
    x = special(dtype)
    if Op.table[name].arity == 1:
        return (x,)
    pairs = np.array(list(itertools.product(x, x)), dtype)
    return tuple(np.ascontiguousarray(pairs.T))


#: At a tie of 0.0 and -0.0, NumPy gives one or the other, as the length of the arrays and the processor have it.
EITHER_ZERO = {"maximum", "minimum", "at_least", "at_most", "fmax", "fmin"}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", sorted(opcodes.ELEMENTWISE))
def test_special_values(name, dtype):
    arrays = operands(name, dtype)
    for size in (3, 40):
        for start in range(0, arrays[0].size, size):
            b = ProgramBuilder()
            out = b.call(name, *[b.given(x[start : start + size]) for x in arrays])
            executable = both(b.program(out), b.given_data(), signed_zeros=name not in EITHER_ZERO)
            assert interpreted(executable) or name == "positive"  # which hands out what was given
