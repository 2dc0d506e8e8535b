"""Test cases of every operation: a function of NumPy (or a formula) that it must agree with, and inputs.

``test_operations.py`` runs each case through every check, and fails if an operation has no case.
"""

from __future__ import annotations

from . import convolution, elementwise, factorisations, indexing, linalg, normalization, reductions, shaping

CASES = [
    *elementwise.CASES,
    *shaping.CASES,
    *indexing.CASES,
    *reductions.CASES,
    *linalg.CASES,
    *factorisations.CASES,
    *convolution.CASES,
    *normalization.CASES,
]
