"""Test cases of every operation: a function of NumPy (or a formula) that it must agree with, and inputs.

``test_operations.py`` runs each case through every check, and fails if an operation has no case.
"""

from __future__ import annotations

from seegrad.autograd.core.op import Op

from . import (
    complex_numbers,
    convolution,
    elementwise,
    factorizations,
    indexing,
    linalg,
    normalization,
    reductions,
    samples,
    shaping,
)

CASES = [
    *elementwise.CASES,
    *complex_numbers.CASES,
    *shaping.CASES,
    *indexing.CASES,
    *reductions.CASES,
    *samples.CASES,
    *linalg.CASES,
    *factorizations.CASES,
    *convolution.CASES,
    *normalization.CASES,
]

if "conv2d_relu_max_pool2d" in Op.table:  # there with what is fast alone
    from . import conv_relu_pool

    CASES.extend(conv_relu_pool.CASES)
