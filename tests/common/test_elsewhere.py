"""Arguments under other libraries' names, and calls that do not fit."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim
from seegrad.common.elsewhere import takes_other_names

A = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("kind", [np.asarray, sg.tensor], ids=["array", "tensor"])
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: sg.sum(x, dim=1, keepdim=True), A.sum(1, keepdims=True)),
        (lambda x: sg.mean(input=x, dim=(0, 1)), A.mean()),
        (lambda x: sg.softmax(x, dim=0), np.exp(A) / np.exp(A).sum(0)),
        (lambda x: sg.std(x, dim=0, unbiased=False), A.std(0)),
        (lambda x: sg.argmax(x, dim=1), A.argmax(1)),
        (lambda x: sg.flatten(x, start_dim=0, end_dim=-1), A.ravel()),
        (lambda x: sg.concatenate(tensors=[x, x], dim=1), np.concatenate([A, A], 1)),
        (lambda x: sg.clip(x, min=1.0, max=2.0), np.clip(A, 1.0, 2.0)),
        (lambda x: sg.add(input=x, other=x), A + A),
        (lambda x: sg.roll(x, shifts=1, dims=0), np.roll(A, 1, 0)),
        (lambda x: sg.norm(x, p=1, dim=1), abs(A).sum(1)),
        (lambda x: sg.swapaxes(x, dim0=0, dim1=1), A.T),
        (lambda x: sg.tril(x, diagonal=-1), np.tril(A, -1)),
    ],
)
def test_functions_take_them(kind, call, expected):
    result = call(kind(A))
    np.testing.assert_allclose(getattr(result, "data", result) if isinstance(result, sg.Tensor) else result, expected)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda x: x.sum(axis=0, dim=0), "got both axis= and dim="),
        (lambda x: x.sum(0, dim=0), "dim is axis here, multiple values for argument 'axis'"),
        (lambda x: x.softmax(0, dim=0), "multiple values"),
        (lambda x: optim.SGD([x], 0.1, learning_rate=0.2), "learning_rate is lr here"),
        (lambda x: x.sum(kepdims=True), "did you mean keepdims=?"),
        (lambda x: x.sum(nothing=1), "it is called as sum(x, /, axis=None, keepdims=False)"),
        (lambda x: x.argmax(0, True), "Pass the last one by name, keepdims=True"),
        (lambda x: nn.Linear(2), "missing a required argument: 'out_features'"),
        (lambda x: nn.Conv2d(1, 2), "weight_init=glorot_uniform"),
        (lambda x: nn.ReLU(3), "ReLU() too many positional arguments; it is called as ReLU()"),
        (lambda x: sg.sum(x, input=x), "got an unexpected argument 'input'"),
        (lambda x: x.var(unbiased="yes"), "expected one of True, False"),
        (lambda x: x.std(keepdim=True), "ddof=1"),
        (lambda x: sg.exp(x, out=x), "use what is returned"),
        (lambda x: nn.Linear(2, 3, name="first"), "modules are named by the attribute"),
        (lambda x: nn.Linear(2, 3)(inputs=x), "it is called as Linear(x)"),
    ],
)
def test_what_does_not_fit_says_how_to_call(call, told):
    with pytest.raises(TypeError) as caught:
        call(sg.tensor(A))
    assert told in str(caught.value)


def test_an_error_from_inside_is_left_as_it_is():
    @takes_other_names
    def fails(x, axis=0):
        return x + {}

    with pytest.raises(TypeError, match="unsupported operand"):
        fails(1)
    with pytest.raises(TypeError, match="unsupported operand"):
        fails(1, dim=0)  # it fits under its other name

    class Layer(nn.Module):
        def forward(self, x):
            return len(3)

    with pytest.raises(TypeError, match="has no len"):
        Layer()(1)


def test_a_function_that_takes_anything_gets_everything():
    @takes_other_names
    def collect(*args, **kwargs):
        return args, kwargs

    assert collect(1, dim=0) == ((1,), {"dim": 0})


def test_functions_keep_their_name_signature_and_text():
    assert sg.flatten.__name__ == "flatten"
    assert sg.flatten.__module__ == "seegrad.autograd.ops.shaping"
    assert sg.flatten.__doc__.startswith("Join the axes")
    assert list(inspect.signature(sg.tensor([1.0]).backward).parameters) == ["grad", "create_graph"]


def test_classes_of_users_are_left_alone():
    class Net(nn.Module):
        def __init__(self, dim):
            self.dim = dim

    assert Net(dim=3).dim == 3
    with pytest.raises(TypeError, match="unexpected keyword argument 'axis'"):
        Net(axis=3)


def test_a_compiled_function_and_a_batch_take_them_too():
    def f(x):
        return sg.cat([x.unsqueeze(0), x.view(1, -1)], dim=1).sum(dim=1, keepdim=True)

    v = np.array([1.0, 2.0, 4.0])
    expected = np.array([[14.0]])
    compiled = sg.compile(lambda w: f(w * 1.0))
    for _ in range(2):
        given = sg.tensor(v, requires_grad=True)
        out = compiled(given)
        out.sum().backward()
        np.testing.assert_array_equal(out.data, expected)
        np.testing.assert_array_equal(given.grad, 2 * np.ones(3))
    assert compiled.why_not is None
    assert compiled.replays
    np.testing.assert_array_equal(sg.vmap(lambda w: f(w))(np.stack([v, 2 * v])), [expected, 2 * expected])
    slopes = sg.vmap(sg.grad(lambda w: (f(w) ** 2).sum()))(np.stack([v, 2 * v]))
    np.testing.assert_array_equal(slopes, [np.full(3, 56.0), np.full(3, 112.0)])


def test_what_stands_for_a_plain_array_has_the_names_of_a_plain_array():
    bits = sg.compile(lambda a: a.view(np.int64) + 0)
    for _ in range(2):
        np.testing.assert_array_equal(bits(np.array([1.0])), np.array([1.0]).view(np.int64))
    assert bits.why_not is None
    wrong = sg.compile(lambda a: a.unsqueeze(0))
    with pytest.raises(AttributeError, match="ndarray"):
        wrong(np.array([1.0]))
