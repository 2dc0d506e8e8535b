"""Functions of seegrad and methods of Tensor in the calling forms of NumPy and PyTorch: never something else.

seegrad's functions have an order of parameters of their own. What stands in another library's order either means
the same or is refused.
"""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg

X = np.arange(6.0).reshape(2, 3) + 0.22

#: Calls in NumPy's order, in which an argument would mean something else here.
MISREAD = {
    "dtype for keepdims": lambda x: sg.sum(x, 0, np.float32),
    "dtype by name for keepdims": lambda x: sg.prod(x, 0, "float32"),
    "no dtype for keepdims": lambda x: sg.mean(x, 0, None),
    "no dtype, no out": lambda x: sg.sum(x, 0, None, None),
    "everything in NumPy's order": lambda x: sg.sum(x, 0, None, None, True),
    "out for keepdims": lambda x: sg.max(x, 0, np.zeros(3)),
    "a number for keepdims": lambda x: sg.min(x, 0, 1),
    "dtype of logsumexp": lambda x: sg.logsumexp(x, 0, np.float32),
    "dtype for ddof": lambda x: sg.std(x, 0, np.float32),
    "keepdims for ddof": lambda x: sg.var(x, 0, True),
    "ddof in NumPy's order": lambda x: sg.std(x, 0, None, None, 1),
    "dtype of cumsum": lambda x: sg.cumsum(x, 0, np.float32),
    "keepdims of softmax": lambda x: sg.softmax(x, 0, True),
    "an argument twice": lambda x: sg.sum(x, 0, axis=1),
    "order of reshape": lambda x: sg.reshape(x, (3, 2), "F"),
    "a shape in pieces": lambda x: sg.reshape(x, 3, 2),
    "axes in pieces": lambda x: sg.transpose(x, 1, 0),
    "axes of flip in pieces": lambda x: sg.flip(x, 0, 1),
    "axes of squeeze in pieces": lambda x: sg.squeeze(x, 0, 1),
    "a shape of broadcast_to in pieces": lambda x: sg.broadcast_to(x, 2, 3),
    "out of concatenate": lambda x: sg.concatenate([x, x], 0, np.zeros((4, 3))),
    "out of stack": lambda x: sg.stack([x, x], 0, None),
    "out of argmax": lambda x: sg.argmax(x, 0, np.zeros(3, int)),
    "out of trace": lambda x: sg.trace(x, 0, 0, 1, np.float32),
    "out of a function": lambda x: sg.exp(x, np.zeros((2, 3))),
    "out of a sum": lambda x: sg.add(x, x, np.zeros((2, 3))),
    "out of a product": lambda x: sg.matmul(x, X.T, np.zeros((2, 2))),
    "keepdims of norm": lambda x: sg.norm(x, 2, 0, np.float32),
    "keepdims of a norm of matrices": lambda x: sg.norm(x, "nuc", None, np.float32),
    "hermitian of pinv": lambda x: sg.linalg.pinv(x, 1e-9, True),
    "order of flatten": lambda x: sg.flatten(x, "F"),
}


@pytest.mark.parametrize("kind", ["tensor", "array", "list"])
@pytest.mark.parametrize("name", MISREAD)
def test_an_argument_in_another_order_is_refused(name, kind):
    x = {"tensor": sg.tensor(X, requires_grad=True), "array": X.copy(), "list": X.tolist()}[kind]
    with pytest.raises(TypeError):
        MISREAD[name](x)
    np.testing.assert_array_equal(x.data if kind == "tensor" else x, X)


def test_the_message_names_the_function_and_the_order():
    with pytest.raises(TypeError, match=r"sum\(\): keepdims must be.*float32.*axis, keepdims; pass them by name"):
        sg.sum(X, 0, np.float32)
    with pytest.raises(TypeError, match=r"std\(\): ddof must be a number, got True.*axis, ddof, keepdims"):
        sg.tensor(X).std(0, True)


def test_a_plain_array_is_never_taken_for_out():
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    for call in (lambda: sg.exp(a, b), lambda: sg.add(a, a, b), lambda: sg.sigmoid(a, b), lambda: sg.maximum(a, a, b)):
        with pytest.raises(TypeError, match="too many positional arguments"):
            call()
    np.testing.assert_array_equal(b, [3.0, 4.0])


#: Methods that ndarray has too: called with NumPy's arguments, they give what NumPy gives, or are refused.
SUPPORTED = {
    "sum": [((0,), {}), ((), {"axis": 1, "keepdims": True}), ((None,), {})],
    "mean": [((1,), {}), ((), {"axis": (0, 1)})],
    "prod": [((0,), {"keepdims": True})],
    "std": [((0,), {"ddof": 1}), ((), {"axis": 1, "ddof": 1, "keepdims": True})],
    "var": [((), {}), ((1,), {"ddof": 1})],
    "max": [((0,), {}), ((), {"axis": 1, "keepdims": True})],
    "min": [((), {})],
    "argmax": [((), {}), ((1,), {"keepdims": True}), ((), {"axis": 0})],
    "argmin": [((0,), {}), ((), {"axis": 1, "keepdims": True})],
    "cumsum": [((), {}), ((1,), {})],
    "cumprod": [((), {"axis": 0})],
    "clip": [((1.0, 3.0), {}), ((), {"max": 2.0}), ((), {"min": 2.0}), ((None, 2.0), {}), ((1.0,), {"max": 3.0})],
    "round": [((), {}), ((1,), {}), ((), {"decimals": -1})],
    "repeat": [((2,), {}), (([1, 2],), {"axis": 0}), ((2, 1), {})],
    "take": [(([2, 0],), {}), (([2, 0], 1), {}), (([[1]],), {"axis": 0}), (([7], 1), {"mode": "clip"})],
    "swapaxes": [((0, 1), {}), ((-1, 0), {})],
    "trace": [((), {}), ((1,), {}), ((0, 1, 0), {})],
    "diagonal": [((), {}), ((1, 0, 1), {})],
    "reshape": [((3, 2), {}), (((3, -1),), {}), ((3, 2), {"order": "F"}), ((-1,), {"order": "F"})],
    "ravel": [((), {}), (("F",), {}), ((), {"order": "C"})],
    "flatten": [((), {})],
    "transpose": [((), {}), ((1, 0), {}), (((1, 0),), {}), ((None,), {})],
    "astype": [((np.float32,), {}), ((), {"dtype": "float32", "copy": False})],
    "copy": [((), {})],
    "dot": [((X.T,), {})],
    "squeeze": [((), {})],
}
REFUSED = {
    "sum": [((0, np.float32), {}), ((0, None, None), {}), ((), {"dtype": np.float32}), ((), {"out": np.zeros(())})],
    "mean": [((0, np.float32), {}), ((), {"where": X > 1})],
    "prod": [((0, np.float64), {}), ((), {"initial": 2.0})],
    "std": [((0, np.float32), {}), ((0, None, None, 1), {}), ((0, True), {})],
    "var": [((0, np.float32), {}), ((0, None, None, 1), {}), ((), {"mean": 1.0})],
    "max": [((0, None), {}), ((0, np.zeros(3)), {}), ((), {"initial": 9.0})],
    "min": [((0, np.zeros(3)), {}), ((), {"where": X > 1})],
    "argmax": [((0, np.zeros(3, int)), {}), ((), {"out": None})],
    "cumsum": [((0, np.float32), {}), ((0, None, None), {}), ((), {"dtype": np.float32})],
    "cumprod": [((0, np.float32), {})],
    "clip": [((1.0, 2.0, np.zeros((2, 3))), {}), ((), {"min": 0.0, "dtype": np.float32})],
    "round": [((1, np.zeros((2, 3))), {})],
    "repeat": [((2, 0, 1), {})],
    "take": [(([0], 1, None), {}), (([7], 1, np.zeros((2, 1)), "clip"), {})],
    "swapaxes": [((0, 1, 1), {})],
    "trace": [((0, 0, 1, np.float32), {}), ((), {"dtype": np.float32})],
    "reshape": [(((3, 2), "F"), {}), ((3, 2), {"copy": True})],
    "ravel": [(("A",), {}), (("K",), {})],
    "flatten": [(("F",), {}), ((), {"order": "F"})],
    "astype": [((np.float32, "C"), {}), ((np.float32,), {"casting": "safe"})],
    "copy": [(("F",), {}), ((), {"order": "F"})],
    "dot": [((X.T, np.zeros((2, 2))), {})],
    "squeeze": [((0, 1), {})],
}


def forms(table):
    return [(name, args, options) for name, all_forms in table.items() for args, options in all_forms]


@pytest.mark.parametrize(("name", "args", "options"), forms(SUPPORTED))
def test_methods_mean_what_they_mean_in_numpy(name, args, options):
    expected = getattr(X, name)(*args, **options)
    x = sg.tensor(X, requires_grad=True)
    result = getattr(x, name)(*args, **options)
    assert result.shape == np.shape(expected)
    assert result.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(getattr(result, "data", result), expected, rtol=1e-13)
    if isinstance(result, sg.Tensor) and result.dtype == np.float64:
        assert sg.gradcheck(lambda t: getattr(t, name)(*args, **options), x)


@pytest.mark.parametrize(("name", "args", "options"), forms(REFUSED))
def test_methods_refuse_what_they_do_not_support(name, args, options):
    with pytest.raises((TypeError, ValueError)):
        getattr(sg.tensor(X, requires_grad=True), name)(*args, **options)


def test_what_changes_nothing_is_a_copy_where_numpy_makes_one():
    for call in (
        lambda t: np.clip(t, None, None),
        lambda t: np.pad(t, 0, mode="edge"),
        lambda t: np.round(t),
        lambda t: np.nan_to_num(t),
        lambda t: t.astype(t.dtype),
        lambda t: np.tile(t, 1),
        lambda t: np.repeat(t, 1, axis=0),
    ):
        for data in (np.array([1.0, 2.0]), np.array([1, 2])):
            t = sg.tensor(data)
            result = call(t)
            result[0] = 9
            np.testing.assert_array_equal(t.data, data)
    t = sg.tensor([1.0, 2.0])
    assert t.astype(np.float64, copy=False) is t


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda t, axes: t.transpose(axes), [1, 2, 0]),
        (lambda t, axes: sg.transpose(t, axes), [1, 2, 0]),
        (lambda t, axes: np.transpose(t, axes), [1, 2, 0]),
        (lambda t, axes: np.sum(t, axis=axes), [0, 2]),
        (lambda t, axes: t.sum(axes), [0, 2]),
        (lambda t, axes: sg.transpose(t, axes), np.array([1, 2, 0])),
        (lambda t, axes: np.moveaxis(t, axes, [0, 1]), np.array([2, 0])),
        (lambda t, axes: np.flip(t, axes), [0, 1]),
        (lambda t, shift: sg.roll(t, shift, (0, 1)), [1, 0]),
        (lambda t, shift: np.roll(t, shift, (0, 1)), np.array([1, 2])),
    ],
)
def test_a_list_that_its_owner_changes_afterwards(call, argument):
    weights = np.arange(24.0).reshape(2, 3, 4)
    expected, t = sg.tensor(weights, requires_grad=True), sg.tensor(weights, requires_grad=True)
    reference, result = call(expected, tuple(argument)), call(t, argument)
    argument[:] = [0] * len(argument)
    factors = np.arange(1.0, 1.0 + reference.size).reshape(reference.shape)
    (reference * factors).sum().backward()
    (result * factors).sum().backward()
    np.testing.assert_array_equal(t.grad, expected.grad)
