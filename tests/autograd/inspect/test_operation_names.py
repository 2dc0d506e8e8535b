"""Drawings call operations as users do."""

from __future__ import annotations

import numpy as np
from operation_cases import CASES

import seegrad as sg
from seegrad import autograd
from seegrad.autograd.graph_order import backward_order

#: Parts of public functions that have no public name; their names describe them.
PARTS = {
    "at_least": "a side of clip",
    "at_most": "a side of clip",
    "conv2d_input_gradient": "what conv_transpose2d computes",
    "from_parts": "the adjoint of real and imag",
    "getitem": "x[index]",
    "scatter_add": "what diag and bincount do",
    "setitem": "x[index] = value",
    "sum_to": "the adjoint of broadcast_to",
    "to_value": "a Value of one element of a Tensor",
    "vectors": "those of eigh and svd",
    "window_sum": "avg_pool2d, before it divides",
}


def test_what_public_functions_record_is_drawn_under_names_that_users_write():
    public = {*autograd.__all__, *sg.linalg.__all__, *sg.fft.__all__, *dir(np)}
    shown = {
        node.op.symbol
        for case in CASES
        if case.function in autograd.__all__
        for node in backward_order(case.f(*[sg.tensor(x, requires_grad=True) for x in case.inputs]))
    }
    assert len(shown) > 50
    assert {symbol for symbol in shown if symbol.isidentifier()} - public - set(PARTS) == set()
