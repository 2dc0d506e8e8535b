"""Errors name the operation, the shapes and dtypes, what was expected, and the way out."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd import Op


def leaf(*shape, dtype=np.float64, **kwargs):
    return sg.tensor(np.ones(shape), requires_grad=True, dtype=dtype, **kwargs)


def image(*shape):
    return leaf(*(shape or (2, 5, 5, 3)))


SHAPES = [
    ("add", lambda: leaf(2, 3) + leaf(4), ["add", "(2, 3)", "(4,)"]),
    ("multiply", lambda: leaf(2, 3) * np.ones((3, 2)), ["multiply", "(2, 3)", "(3, 2)"]),
    ("matmul", lambda: leaf(2, 3) @ leaf(2, 3), ["matmul", "(2, 3)"]),
    ("matmul 0-d", lambda: leaf(2, 3) @ leaf(), ["matmul", "(2, 3)", "()"]),
    ("matmul vectors", lambda: leaf(3) @ leaf(4), ["matmul", "(3,)", "(4,)"]),
    ("matmul batches", lambda: leaf(2, 3, 4) @ leaf(3, 4, 5), ["2", "3"]),
    ("array @ tensor", lambda: np.ones((2, 3)) @ leaf(2, 3), ["matmul", "(2, 3)"]),
    ("reshape", lambda: leaf(2, 3).reshape(4, 2), ["6", "(4,2)"]),
    ("concatenate", lambda: sg.concatenate([leaf(2, 3), leaf(2, 4)]), ["3", "4"]),
    ("concatenate nothing", lambda: sg.concatenate([]), ["at least one"]),
    ("stack", lambda: sg.stack([leaf(2), leaf(3)]), ["shape"]),
    ("stack nothing", lambda: sg.stack([]), ["at least one"]),
    ("split", lambda: sg.split(leaf(5), 2), ["split", "5", "2", "array_split"]),
    ("squeeze", lambda: leaf(2, 3).squeeze(0), ["size"]),
    ("axis", lambda: leaf(2, 3).sum(axis=2), ["axis 2", "dimension 2"]),
    ("broadcast_to", lambda: sg.broadcast_to(leaf(3), (2, 4)), ["(3,)", "(2,4)"]),
    ("einsum axes", lambda: sg.einsum("ijk->i", leaf(2, 3)), ["einsum", "ijk", "(2, 3)"]),
    ("einsum operands", lambda: sg.einsum("ij,jk->ik", leaf(2, 3)), ["einsum", "2 operands", "1"]),
    ("einsum sizes", lambda: sg.einsum("ij,jk->ik", leaf(2, 3), leaf(4, 2)), ["3", "4"]),
    ("take_along_axis", lambda: sg.take_along_axis(leaf(2, 3), np.zeros(2, int), 0), ["take_along_axis", "1", "2"]),
    ("diag", lambda: sg.diag(leaf(2, 2, 2)), ["diag", "(2, 2, 2)"]),
    ("max of nothing", lambda: sg.max(leaf(0)), ["zero-size"]),
    ("pad mode", lambda: sg.pad(leaf(2), 1, mode="mean"), ["pad", "'mean'", "'edge'"]),
    ("norm order", lambda: sg.norm(leaf(2, 2), "max"), ["norm", "'max'", "'fro'"]),
    ("norm of vectors", lambda: sg.norm(leaf(3), "fro"), ["'fro'"]),
    ("norm of three axes", lambda: sg.norm(leaf(2, 2, 2), 1), ["norm", "3 axes"]),
    ("item", lambda: leaf(2, 3).item(), ["item()", "(2, 3)"]),
    ("data", lambda: setattr(leaf(2, 3), "data", np.ones(3)), ["(2, 3)", "(3,)"]),
    ("conv channels", lambda: sg.conv2d(image(), leaf(3, 3, 4, 2)), ["conv2d", "(3, 3, 4, 2)", "(2, 5, 5, 3)", "3,"]),
    ("conv axes", lambda: sg.conv2d(leaf(5, 5, 3), leaf(3, 3, 3, 2)), ["conv2d", "(batch, height", "(5, 5, 3)"]),
    ("conv kernel", lambda: sg.conv2d(image(), leaf(7, 3, 3, 2)), ["7", "5"]),
    ("conv kernel dilated", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), dilation=3), ["7", "5"]),
    ("conv stride", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), stride=0), ["stride", "at least 1", "0"]),
    ("conv stride float", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), stride=1.5), ["stride", "1.5"]),
    ("conv stride three", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), stride=(1, 1, 1)), ["stride", "(1, 1, 1)"]),
    ("conv dilation", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), dilation=(1, 0)), ["dilation", "(1, 0)"]),
    ("conv padding", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), padding=-1), ["padding", "-1"]),
    ("conv padding word", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), padding="full"), ["'full'", "'same'"]),
    ("conv same", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), padding="same", stride=2), ["same", "(2, 2)"]),
    ("conv bias", lambda: sg.conv2d(image(), leaf(3, 3, 3, 2), leaf(3)), ["conv2d", "bias", "(3,)", "(2,)"]),
    ("pool kernel", lambda: sg.max_pool2d(image(), 6), ["6", "5"]),
    ("pool zero", lambda: sg.max_pool2d(image(), 0), ["max_pool2d", "kernel_size", "0"]),
    ("pool axes", lambda: sg.avg_pool2d(leaf(5, 5), 2), ["avg_pool2d", "(5, 5)"]),
    (
        "transposed channels",
        lambda: sg.conv_transpose2d(image(), leaf(3, 3, 3, 2)),
        ["conv_transpose2d", "(3, 3, 3, 2)", "(2, 5, 5, 3)"],
    ),
    ("transposed to nothing", lambda: sg.conv_transpose2d(leaf(1, 1, 1, 1), leaf(3, 3, 1, 1), padding=2), ["-1 x -1"]),
    (
        "output padding",
        lambda: sg.conv_transpose2d(image(), leaf(3, 3, 2, 3), output_padding=1),
        ["output_padding", "(1, 1)", "stride"],
    ),
]


@pytest.mark.parametrize(("call", "parts"), [s[1:] for s in SHAPES], ids=[s[0] for s in SHAPES])
def test_shapes_that_do_not_fit(call, parts):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the parts of the message are checked below)
        call()
    for part in parts:
        assert part in str(error.value)


TYPES = [
    ("strings", lambda: sg.tensor(["a"]), ["numbers", "<U1"]),
    ("objects", lambda: sg.tensor([None]), ["numbers", "object"]),
    ("complex in real data", lambda: setattr(leaf(1), "data", [1j]), ["real", "complex128", "x.real"]),
    ("complex as an order", lambda: sg.tensor([1j]) < 1, ["order", "real numbers", "complex128"]),
    ("list of tensors", lambda: sg.tensor([leaf(2), leaf(2)]), ["sg.stack"]),
    ("integer", lambda: sg.tensor([1], requires_grad=True), ["floating-point", "int64", "1.0 instead of 1"]),
    ("tensor plus string", lambda: leaf(2) + "a", ["+"]),
    ("tensor times None", lambda: leaf(2) * None, ["*"]),
    ("exp of a string", lambda: sg.exp("a"), []),
    ("too many inputs", lambda: sg.exp(leaf(2), leaf(2)), ["exp()", "exp(x, /)"]),
    ("unknown argument", lambda: sg.sum(leaf(2), axes=0), ["axes"]),
    ("unknown argument of an elementwise one", lambda: sg.exp(leaf(2), axis=0), ["exp()", "axis"]),
    ("missing input", lambda: sg.matmul(leaf(2)), ["'y'"]),
    ("missing parameter", lambda: sg.reshape(leaf(2)), ["shape"]),
    (
        "conv dtypes",
        lambda: sg.conv2d(image(), leaf(3, 3, 3, 2, dtype=np.float32)),
        ["conv2d", "float64", "float32", "astype"],
    ),
    ("conv integers", lambda: sg.conv2d(sg.tensor(np.ones((1, 4, 4, 1), int)), leaf(2, 2, 1, 1)), ["conv2d", "int64"]),
    ("pool integers", lambda: sg.max_pool2d(sg.tensor(np.ones((1, 4, 4, 1), np.uint8)), 2), ["uint8", "255"]),
]


@pytest.mark.parametrize(("call", "parts"), [t[1:] for t in TYPES], ids=[t[0] for t in TYPES])
def test_types_that_cannot_work(call, parts):
    with pytest.raises(TypeError) as error:
        call()
    for part in parts:
        assert part in str(error.value)


def test_backward_without_a_seed_on_more_than_one_number():
    with pytest.raises(ValueError, match=r"\(2, 3\).*t\.sum\(\)\.backward\(\)"):
        (leaf(2, 3) * 2).backward()


def test_backward_with_a_seed_of_another_shape():
    x = leaf(2, 3)
    y = x * 2
    with pytest.raises(ValueError, match=r"\(3, 2\).*\(2, 3\)"):
        y.backward(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"\(\).*\(2, 3\)"):
        y.backward(1.0)
    assert x.grad is None


def test_backward_where_nothing_requires_gradients():
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        (sg.tensor([1.0]) * 2).sum().backward()
    with sg.no_grad():
        y = leaf(2).sum()
    with pytest.raises(RuntimeError, match="no_grad"):
        y.backward()


def test_truth_of_many_elements_is_an_error():
    with pytest.raises(ValueError, match="ambiguous"):
        bool(leaf(2))
    assert bool(leaf())


def test_an_operation_cannot_be_registered_twice():
    with pytest.raises(ValueError, match="'tanh'"):
        Op(lambda x, /: x, name="tanh")


def test_an_operation_needs_a_rule_for_each_input():
    op = Op(lambda x, y, /: x * y, name="made for a test of errors")
    try:
        with pytest.raises(ValueError, match="2 inputs.*1 rules"):
            op.rules(lambda g, out, x, y: g * y)
    finally:
        del Op.table[op.name]


def test_a_tensor_of_integers_has_no_gradient_through_a_cast():
    x = leaf(2)
    assert not x.astype(int).requires_grad
    assert x.astype(np.float32).requires_grad
    with pytest.raises(RuntimeError, match="requires_grad"):
        x.astype(int).sum().backward()
