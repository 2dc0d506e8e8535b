"""Random shapes and random graphs against NumPy, and against derivatives that are carried forward."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import seegrad as sg

floats = st.floats(-2, 2).filter(lambda v: abs(v) > 0.05)


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0), st.data())
@settings(max_examples=150, deadline=None)
def test_products_over_any_shapes_that_broadcast(shapes, data):
    x, y = (data.draw(hnp.arrays(np.float64, s, elements=floats)) for s in shapes.input_shapes)
    a, b = sg.tensor(x, requires_grad=True), sg.tensor(y, requires_grad=True)
    out = a * b - a / b
    assert out.shape == shapes.result_shape
    out.backward(np.ones(out.shape))
    full_x, full_y = np.broadcast_to(x, out.shape), np.broadcast_to(y, out.shape)
    for leaf_, full in ((a, full_y - 1 / full_y), (b, full_x + full_x / full_y**2)):
        new = out.ndim - leaf_.ndim
        expected = full.sum(axis=tuple(range(new)))
        stretched = tuple(i for i in range(leaf_.ndim) if leaf_.shape[i] == 1)
        expected = expected.sum(axis=stretched, keepdims=True)
        np.testing.assert_allclose(leaf_.grad, expected, rtol=1e-10, atol=1e-12)


@given(hnp.array_shapes(min_dims=1, max_dims=4, max_side=3), st.data())
@settings(max_examples=100, deadline=None)
def test_sums_over_any_axes(shape, data):
    axes = data.draw(st.none() | st.sets(st.integers(-len(shape), len(shape) - 1), max_size=len(shape)))
    keepdims = data.draw(st.booleans())
    if axes is not None:
        axes = tuple({a % len(shape): a for a in axes}.values())
    x = np.arange(float(np.prod(shape))).reshape(shape)
    t = sg.tensor(x, requires_grad=True)
    out = t.sum(axis=axes, keepdims=keepdims)
    expected = x.sum(axis=axes, keepdims=keepdims)
    np.testing.assert_array_equal(out.data, expected)
    (out * out).sum().backward()
    np.testing.assert_array_equal(t.grad, 2 * np.broadcast_to(x.sum(axis=axes, keepdims=True), shape))


class Naive:
    """An engine without graphs: numbers that carry their derivatives with respect to every input."""

    def __init__(self, value, slopes):
        self.value, self.slopes = value, slopes

    @staticmethod
    def combine(value, *parts):
        return Naive(value, reduce(np.add, [slope * x.slopes for x, slope in parts]))


NAIVE_STEPS = {
    "+": (lambda a, b: a + b, lambda a, b: Naive.combine(a.value + b.value, (a, 1.0), (b, 1.0))),
    "-": (lambda a, b: a - b, lambda a, b: Naive.combine(a.value - b.value, (a, 1.0), (b, -1.0))),
    "*": (lambda a, b: a * b, lambda a, b: Naive.combine(a.value * b.value, (a, b.value), (b, a.value))),
    "tanh": (
        lambda a, b: sg.tanh(a),
        lambda a, b: Naive.combine(math.tanh(a.value), (a, 1 - math.tanh(a.value) ** 2)),
    ),
    "sin": (lambda a, b: sg.sin(b), lambda a, b: Naive.combine(math.sin(b.value), (b, math.cos(b.value)))),
    "max": (
        lambda a, b: sg.maximum(a, b),
        lambda a, b: Naive.combine(
            max(a.value, b.value),
            (a, 0.5 * ((a.value > b.value) + (a.value >= b.value))),
            (b, 0.5 * ((b.value > a.value) + (b.value >= a.value))),
        ),
    ),
}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_graph_agrees_with_forward_mode(data):
    """Random graphs, as Values and as Tensors, against derivatives that are carried forward."""
    starts = data.draw(st.lists(st.floats(-2, 2), min_size=2, max_size=4))
    unit = np.eye(len(starts))
    values = [sg.Value(v) for v in starts]
    tensors = [sg.tensor(v, requires_grad=True) for v in starts]
    naive = [Naive(v, unit[i]) for i, v in enumerate(starts)]
    leaves = values[:], tensors[:]
    for _ in range(data.draw(st.integers(1, 12))):
        name = data.draw(st.sampled_from(sorted(NAIVE_STEPS)))
        i, j = (data.draw(st.integers(0, len(naive) - 1)) for _ in range(2))
        ours, model = NAIVE_STEPS[name]
        if max(abs(naive[i].value), abs(naive[j].value)) > 1e3:
            continue
        values.append(ours(values[i], values[j]))
        tensors.append(ours(tensors[i], tensors[j]))
        naive.append(model(naive[i], naive[j]))
    for nodes, inputs in zip((values, tensors), leaves):
        nodes[-1].backward()
        assert nodes[-1].item() == pytest.approx(naive[-1].value, rel=1e-12, abs=1e-12)
        found = [0.0 if x.grad is None else float(x.grad) for x in inputs]
        np.testing.assert_allclose(found, naive[-1].slopes, rtol=1e-9, atol=1e-9)
