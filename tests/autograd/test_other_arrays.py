"""Tensors over another type of array, one that knows NumPy's two protocols: as an array on a GPU does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn


class Elsewhere(np.lib.mixins.NDArrayOperatorsMixin):
    """Numbers that lie elsewhere: NumPy's functions work on them, all else is an error, as for CuPy's arrays.

    Mixing with NumPy's arrays, other than single numbers and index arrays, is refused, and so is becoming one.
    """

    def __init__(self, array: Any) -> None:
        assert isinstance(array, np.ndarray)
        self.hidden = array

    shape = property(lambda self: self.hidden.shape)
    dtype = property(lambda self: self.hidden.dtype)
    ndim = property(lambda self: self.hidden.ndim)
    size = property(lambda self: self.hidden.size)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("these numbers do not become a NumPy array by themselves")

    def __len__(self) -> int:
        return len(self.hidden)

    def __bool__(self) -> bool:
        return bool(self.hidden)

    def __float__(self) -> float:
        return float(self.hidden)

    def __getitem__(self, index: Any) -> Any:
        return hide(self.hidden[show(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.hidden[show(index)] = show(value)

    def item(self) -> Any:
        return self.hidden.item()

    def reshape(self, *shape: Any) -> Any:
        return hide(self.hidden.reshape(*shape))

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        return hide(self.hidden.astype(dtype, copy=copy))

    def copy(self) -> Any:
        return hide(self.hidden.copy())

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        # The indices of `ufunc.at` may be NumPy's.
        values = inputs[::2] if method == "at" else inputs
        if any(isinstance(x, np.ndarray) and x.ndim for x in values):
            return NotImplemented
        return hide(getattr(ufunc, method)(*show(inputs), **{key: show(value) for key, value in kwargs.items()}))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(kind, Elsewhere) for kind in types):
            return NotImplemented
        return hide(function(*show(args), **{key: show(value) for key, value in kwargs.items()}))


def hide(x: Any) -> Any:
    if isinstance(x, (np.ndarray, np.generic)):
        return Elsewhere(np.asarray(x))
    return type(x)(map(hide, x)) if type(x) in (list, tuple) else x


def show(x: Any) -> Any:
    if isinstance(x, Elsewhere):
        return x.hidden
    return type(x)(map(show, x)) if type(x) in (list, tuple) else x


X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
W = np.array([[0.5, 1.0], [-1.0, 0.5], [0.25, 2.0]])

FUNCTIONS = {
    "arithmetic": lambda x, w: 2.0 * x - x / 3.0 + x**2 * (1.0 - x),
    "elementwise": lambda x, w: np.exp(x) * np.tanh(x) + sg.sigmoid(x) - np.sqrt(np.abs(x)) + sg.relu(x),
    "broadcasting": lambda x, w: x * w[0, 1] + x[0],
    "kinks": lambda x, w: np.maximum(x, 0.0) + np.minimum(x, x * x) + np.clip(x, -0.5, 0.5),
    "where": lambda x, w: np.where(x.data > 0, x, 0.0 * x),
    "reductions": lambda x, w: x.sum(axis=0) * x.mean() + x.max(axis=0) + x.var() + x.std(axis=1, keepdims=True).sum(),
    "products": lambda x, w: (x @ w) @ np.transpose(w) + np.einsum("ij,ij->i", x, x)[:, None],
    "shapes": lambda x, w: np.concatenate([x.reshape(6)[::-1], x.T.flatten(), np.stack([x, x])[1, 0]]),
    "indexing": lambda x, w: x[:, [0, 0, 2]] * x[1, 0] + x[np.array([0, 1]), np.array([2, 2])][:, None],
    "softmax": lambda x, w: sg.softmax(x @ w) + sg.log_softmax(x @ w) + sg.logsumexp(x),
    "special": lambda x, w: sg.erf(x) + sg.softplus(x),
    "cumulative": lambda x, w: np.cumsum(x, axis=1),
    "pad": lambda x, w: sg.pad(x, 1),
}


IMAGES = np.random.default_rng(0).normal(size=(2, 7, 6, 2)).round(1)
KERNEL = np.random.default_rng(1).normal(size=(3, 2, 2, 3))
FUNCTIONS_OF_IMAGES = {
    "conv2d": lambda x, w: sg.conv2d(x, w, w[0, 0, 0]),
    "conv2d, strided and dilated": lambda x, w: sg.conv2d(x, w, stride=(2, 1), padding=((1, 2), (0, 1)), dilation=2),
    "max_pool2d": lambda x, w: sg.max_pool2d(x, 2),
    "max_pool2d, padded": lambda x, w: sg.max_pool2d(x * 1e3, 3, stride=2, padding=1),
    "avg_pool2d": lambda x, w: sg.avg_pool2d(x, (2, 3), stride=1, padding=1),
}


def gradients(function, *arrays):
    leaves = [sg.Tensor(a, requires_grad=True) for a in arrays]
    out = function(*leaves)
    (out * out).sum().backward()
    return [out.data, *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_as_with_numpys_arrays(function):
    for there, here in zip(gradients(function, hide(X), hide(W)), gradients(function, X, W), strict=True):
        if here is None:
            assert there is None
            continue
        assert type(there) is Elsewhere
        assert there.dtype == here.dtype
        np.testing.assert_allclose(there.hidden, here, rtol=1e-14)


@pytest.mark.parametrize("function", FUNCTIONS_OF_IMAGES.values(), ids=FUNCTIONS_OF_IMAGES)
def test_images(function):
    for there, here in zip(
        gradients(function, hide(IMAGES), hide(KERNEL)), gradients(function, IMAGES, KERNEL), strict=True
    ):
        assert (there is None) is (here is None)
        if here is not None:
            np.testing.assert_allclose(there.hidden, here, rtol=1e-12, atol=1e-12)


def test_mixing_is_an_error_of_numpy():
    with pytest.raises(TypeError, match="Elsewhere"):
        sg.Tensor(hide(X)) * np.ones(3)


def test_second_order():
    x = sg.Tensor(hide(X), requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    gradient, x.grad = x.grad, None
    gradient.sum().backward()
    np.testing.assert_allclose(x.grad.hidden, 6 * X)


def test_gradients_accumulate_in_arrays_of_their_own():
    x = sg.Tensor(hide(X), requires_grad=True)
    for _ in range(2):
        (x + x).sum().backward()
    np.testing.assert_array_equal(x.grad.hidden, 4.0 * np.ones_like(X))
    y = sg.tensor(hide(X))
    assert y.data.hidden is not X
    assert type(y.data) is Elsewhere


def test_a_network_learns():
    results = []
    for where in (lambda a: a, hide):
        sg.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)).to(np.float64)
        for p in model.parameters():
            p.data = where(p.data)
        optimizer = sg.optim.Adam(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            error = model(sg.Tensor(where(X))) - sg.Tensor(where(W[:2]))
            (error * error).mean().backward()
            optimizer.step()
        results.append([p.data for p in model.parameters()])
    for here, there in zip(*results, strict=True):
        np.testing.assert_allclose(there.hidden, here, rtol=1e-12)


def test_transforms():
    gradient = sg.grad(lambda x: (x * x).sum())(hide(X))
    np.testing.assert_array_equal(gradient.hidden, 2 * X)
    out, pull = sg.vjp(np.exp, hide(X))
    np.testing.assert_array_equal(pull(hide(W.T.copy()))[0].hidden, np.exp(X) * W.T)
    np.testing.assert_array_equal(out.hidden, np.exp(X))
