"""``vmap``: NumPy functions, axes, structures, derivatives inside and outside, and what it refuses."""

from __future__ import annotations

import os
import pickle
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import seegrad as sg
from seegrad.common import seam

X = np.random.default_rng(0).standard_normal((5, 4))
NUMBERS = np.array([0, 3, 1, 2, 3])
TABLE = np.arange(12.0).reshape(4, 3)


def loop(f: Any, *batches: Any) -> Any:
    found = [f(*[b[k] for b in batches]) for k in range(len(batches[0]))]
    if isinstance(found[0], tuple):
        return tuple(np.stack([np.asarray(x) for x in parts]) for parts in zip(*found))
    return np.stack([np.asarray(x) for x in found])


def assert_same(found: Any, expected: Any) -> None:
    for mine, other in zip(found, expected) if isinstance(expected, tuple) else [(found, expected)]:
        assert type(mine) is np.ndarray
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-13)


def _clear_negative(x: Any) -> Any:
    y = x.copy()
    y[y < 0] = 0.0
    return y


def _writes(x: Any) -> Any:
    y = np.zeros_like(x)
    y[1:] = x[:-1]
    y[0] = 3
    y += 1
    y *= x
    y[np.array([0, 2])] -= x[:2]
    return y


def _views(x: Any) -> Any:
    y = x * 1
    part = y[1:]
    part[0] = 5
    y[2] = 7
    return y + 0, part + 0


#: What one may write about an example.
FUNCTIONS: dict[str, Any] = {
    "where": lambda x: np.where(x > 0, x, -1.0),
    "where of constants": lambda x: np.where(x > 0, 1.0, -1.0),
    "product with a condition": lambda x: (x > 0) * x,
    "condition that is composed": lambda x: ~(x > 0.5) | (x < -1) & (x != 0) ^ (x == 2),
    "select": lambda x: np.select([x < 0, x < 1], [x, 2 * x], 5.0),
    "argmax": lambda x: (np.argmax(x), x.argmin(), x.reshape(2, 2).argmax(1)),
    "elements by argmax": lambda x: x[np.argmax(x)],
    "sort": lambda x: (np.sort(x), np.sort(x.reshape(2, 2), None), np.argsort(x), x.argsort(), np.argpartition(x, 1)),
    "take_along_axis": lambda x: np.take_along_axis(x, np.argsort(-x), 0),
    "any and all": lambda x: (np.any(x > 0.5), (x > 0.5).all(), np.count_nonzero(x > 0), np.allclose(x, x.mean())),
    "sums of conditions": lambda x: (np.sum(x > 0.5), np.mean(x > 0.5)),
    "median": lambda x: (np.median(x), np.percentile(x, 30)),
    "searchsorted": lambda x: (np.searchsorted(np.linspace(-2, 2, 9), x), np.digitize(x, np.linspace(-2, 2, 9))),
    "interp": lambda x: np.interp(x, [-2, 0, 2], [0, 1, 5]),
    "histogram": lambda x: np.histogram(x, bins=3, range=(-2, 2))[0],
    "eigvalsh": lambda x: np.linalg.eigvalsh(np.outer(x, x)),
    "fft": lambda x: np.abs(np.fft.fft(x)),
    "reduce": lambda x: (np.maximum.reduce(x), np.logaddexp.reduce(x), np.logical_and.reduce(x > -5)),
    "special values": lambda x: (
        np.isnan(np.log(np.abs(x))),
        np.nan_to_num(np.where(x > 1, np.nan, x)),
        np.isfinite(x),
    ),
    "rounding": lambda x: (np.round(x, 1), np.clip(x, -0.5, x.mean()), x.astype(np.float32), x.astype(int)),
    "powers": lambda x: 2.0**x + x**2 + np.float64(2) * x - np.float32(3) - x,
    "divmod": lambda x: divmod(x, 0.3),
    "linear algebra": lambda x: (np.linalg.solve(np.eye(4) * 3 + np.outer(x, x), x), np.linalg.norm(x), x @ x),
    "rows one after the other": lambda x: sum(v * k for k, v in enumerate(x)),
    "length": lambda x: np.ones(len(x)) * x,
    "pad": lambda x: (np.pad(x, 2, mode="reflect"), np.pad(x, 1)),
    "shapes": lambda x: x.T.reshape(2, -1).swapaxes(0, 1).ravel(),
    "isin": lambda x: np.isin(x.astype(int), [0, 1]),
    "shape alone": lambda x: np.zeros(np.shape(x)) + np.size(x) + np.ndim(x) + x,
    "writes": _writes,
    "writes where a condition holds": _clear_negative,
    "writes to views": _views,
    "like": lambda x: (np.ones_like(x), np.full_like(x, 3.0), np.copy(x)),
    "text": lambda x: x + 0 * len(f"{x} {x!r}"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpy_functions(name):
    assert_same(sg.vmap(FUNCTIONS[name])(X), loop(FUNCTIONS[name], X))


#: What one may write with an integer of each example.
INDEXING: dict[str, Any] = {
    "element": lambda x, i: x[i],
    "take": lambda x, i: np.take(x, i),
    "take from a plain array": lambda x, i: sg.take(TABLE, i, 0),
    "row of a tensor": lambda x, i: sg.tensor(TABLE)[i].data,
    "column of a tensor": lambda x, i: sg.tensor(TABLE.T)[:, i].data,
    "arrays apart": lambda x, i: sg.tensor(np.arange(24.0).reshape(4, 2, 3))[i, :, np.array([0, 2])].data,
    "write": lambda x, i: _with(x.copy(), i, 7.0),
    "write of its own": lambda x, i: _with(np.outer(x, x), (slice(None), i), x),
    "one-hot": lambda x, i: np.eye(4)[1] * x + (np.arange(4) == i),
    "arithmetic": lambda x, i: (i * 2 // 3 % 2, i / 2, i & 1, 1 << i, i == 2),
}


def _with(x: Any, index: Any, value: Any) -> Any:
    x[index] = value
    return x


@pytest.mark.parametrize("name", INDEXING)
def test_indices_of_every_example(name):
    assert_same(sg.vmap(INDEXING[name])(X, NUMBERS), loop(INDEXING[name], X, NUMBERS))


@pytest.mark.parametrize("index", ["i", "(i, 0)", "(slice(None), i)", "(..., i, None)", "(i, slice(1, 2), i)"])
def test_gradient_through_indices_of_every_example(index):
    images = np.random.default_rng(1).standard_normal((5, 4, 4, 4))

    def f(x: Any, i: Any) -> Any:
        return np.sum(np.sin(x[eval(index)]) * np.cos(x).sum())

    assert_same(sg.vmap(sg.grad(f))(images, NUMBERS), loop(sg.grad(f), images, NUMBERS))
    assert_same(sg.vmap(sg.hessian(f))(images, NUMBERS), loop(sg.hessian(f), images, NUMBERS))


# ---------------------------------------------------------------------------------------------- axes, structures


def test_axes():
    y = np.moveaxis(np.stack([X, 2 * X]), 1, -1)  # (2, 4, 5)
    expected = loop(lambda a, b: a + b, X, np.moveaxis(y, -1, 0))
    np.testing.assert_array_equal(sg.vmap(np.add, (0, -1))(X, y), expected)
    np.testing.assert_array_equal(sg.vmap(np.add, (0, 2), 1)(X, y), np.moveaxis(expected, 0, 1))
    np.testing.assert_array_equal(sg.vmap(np.add, (None, 0), -1)(1.0, X), X.T + 1)
    np.testing.assert_array_equal(sg.vmap(np.add, 1)(X, X), 2 * X.T)


def test_structures():
    def f(d: Any, c: Any, *, k: Any) -> Any:
        return {"a": d["x"] * c[0] + k, "b": (d["y"], 1.0), "c": None, "d": c[1]}

    out = sg.vmap(f, ({"x": 0, "y": 1}, None), {"a": 1, "b": 0, "c": 0, "d": None})({"x": X, "y": X.T}, [3.0, 4.0], k=X)
    np.testing.assert_array_equal(out["a"], 4 * X.T)
    np.testing.assert_array_equal(out["b"][0], X)
    np.testing.assert_array_equal(out["b"][1], np.ones(5))
    assert (out["c"], out["d"]) == (None, 4.0)


def test_results_are_plain_and_own():
    x = X.copy()
    for f in (lambda x: x, lambda x: x * 1, lambda x: np.zeros(2)):
        out = sg.vmap(f)(x)
        out[:] = 7.0
    np.testing.assert_array_equal(x, X)


def test_tensors_stay_in_their_graph():
    x = sg.tensor(X, requires_grad=True)
    out = sg.vmap(lambda x: x**2 + x.sum(), 1, 1)(x)
    assert isinstance(out, sg.Tensor)
    out.sum().backward()
    np.testing.assert_allclose(x.grad, 2 * X + 5)
    with sg.no_grad():
        assert not sg.vmap(np.sin)(x).requires_grad


def test_values_take_part():
    v = sg.Value(2.0)
    sg.vmap(lambda x: (v * x).sum() + v)(X).sum().backward()
    assert v.grad == pytest.approx(X.sum() + 5)


def test_batches_in_batches():
    outer = sg.vmap(sg.vmap(np.dot, (None, 0)), (0, None))
    np.testing.assert_allclose(outer(X, X[:3]), X @ X[:3].T)
    three = sg.vmap(lambda x: sg.vmap(lambda y: sg.vmap(lambda z: x * y + z)(x)[:2])(X))(X)
    np.testing.assert_allclose(three, X[:, None, None, :] * X[:, None, :] + X[:, None, :2, None])


def test_no_examples():
    assert sg.vmap(lambda x: np.tanh(x).sum())(X[:0]).shape == (0,)
    assert sg.vmap(sg.grad(lambda x: np.tanh(x).sum()))(X[:0]).shape == (0, 4)
    with pytest.raises(ValueError, match="unique cannot be computed for a batch without examples"):
        sg.vmap(np.unique)(X[:0])


def test_random_numbers_are_drawn_once():
    out = sg.vmap(lambda x: x * 0 + np.random.default_rng(0).normal(size=4))(X)
    np.testing.assert_array_equal(out, np.broadcast_to(np.random.default_rng(0).normal(size=4), (5, 4)))


def test_pickle():
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(sg.vmap(np.sin)))(X), np.sin(X))


# --------------------------------------------------------------------------------------------------- derivatives

W = np.random.default_rng(2).standard_normal((4, 3))


def _loss(w: Any, x: Any) -> Any:
    return np.sum(np.tanh(np.dot(x, w)) ** 2) + np.where(x[0] > 0, w[0, 0], 0.0)


#: Transforms of a function of ``w``, which is the same for all, and ``x``.
TRANSFORMS: dict[str, Any] = {
    "grad": sg.grad(_loss),
    "grad of both": sg.grad(_loss, (0, 1)),
    "value_and_grad": sg.value_and_grad(_loss),
    "vjp": lambda w, x: sg.vjp(np.tanh, x)[1](x)[0],
    "jvp": lambda w, x: sg.jvp(np.tanh, (x,), (x,))[1],
    "hvp": lambda w, x: sg.hvp(_loss)(w, x, w),
    "elementwise_grad": lambda w, x: sg.elementwise_grad(np.sin)(x),
    "jacobian": sg.jacobian(lambda w, x: np.tanh(np.dot(x, w))),
    "jacfwd": sg.jacfwd(lambda w, x: np.tanh(np.dot(x, w)), (0, 1)),
    "hessian": sg.hessian(_loss),
    "third": sg.jacobian(sg.hessian(lambda x, w: _loss(w, x))),
    "grad of a batch": lambda w, x: sg.grad(lambda x: sg.vmap(lambda s: s * np.sin(x).sum())(x).sum())(x),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_derivatives_inside(name):
    f = TRANSFORMS[name]
    if name == "third":
        f = lambda w, x: TRANSFORMS[name](x, w)  # noqa: E731
    assert_same(sg.vmap(f, (None, 0))(W, X), loop(lambda x: f(W, x), X))


def test_derivatives_outside():
    def batch(w: Any) -> Any:
        return sg.vmap(_loss, (None, 0))(w, X).sum()

    def one_by_one(w: Any) -> Any:
        return sum(_loss(w, x) for x in X)

    for derivative in (sg.grad, sg.hessian, lambda f: sg.jacfwd(sg.grad(f))):
        np.testing.assert_allclose(derivative(batch)(W), derivative(one_by_one)(W), rtol=1e-10, atol=1e-12)


def test_gradients_of_every_example_can_be_differentiated():
    def norms(w: Any) -> Any:
        return np.sum(sg.vmap(sg.grad(_loss), (None, 0))(w, X) ** 2)

    assert sg.gradcheck(norms, sg.tensor(W, requires_grad=True))


def test_pull_back_a_batch_of_cotangents():
    out, pull = sg.vjp(np.tanh, X[0])
    np.testing.assert_allclose(sg.vmap(pull)(np.eye(4))[0], np.diag(1 - out**2))


def test_user_defined_operations():
    @sg.primitive
    def softsign(x: Any) -> Any:
        assert type(x) is np.ndarray
        assert x.shape == (4,)
        return x / (1 + np.abs(x))

    softsign.rules(lambda g, out, x: g / (1 + abs(x)) ** 2)
    assert_same(sg.vmap(softsign)(X), X / (1 + np.abs(X)))
    slope = np.stack([np.diag(1 / (1 + np.abs(x)) ** 2) for x in X])
    np.testing.assert_allclose(sg.vmap(sg.jacobian(softsign))(X[:1]), slope[:1])


def test_hooks_see_single_gradients():
    seen = []

    def f(x: Any) -> Any:
        y = x * 2
        y.register_hook(lambda g: seen.append(np.shape(g)) or g * 10)
        return np.tanh(y)

    np.testing.assert_allclose(sg.jacobian(f)(X[0]), np.diag(20 * (1 - np.tanh(2 * X[0]) ** 2)))
    assert seen == [(4,)] * 4


def test_checkpoint_and_anomaly():
    f = lambda x: sg.checkpoint(lambda x: np.tanh(x) * x, x)  # noqa: E731
    with sg.detect_anomaly():
        np.testing.assert_allclose(sg.jacobian(f)(X[0]), sg.jacobian(lambda x: np.tanh(x) * x)(X[0]))
        np.testing.assert_allclose(sg.vmap(sg.grad(lambda x: f(x).sum()))(X)[1], np.diag(sg.jacobian(f)(X[1])))
    with sg.detect_anomaly(), pytest.raises(sg.AnomalyError, match="gradient of sqrt"):
        sg.jacobian(np.sqrt)(np.zeros(2))


#: Where derivatives are infinite, undefined, or cut off by a choice.
SPECIAL: dict[str, Any] = {
    "sqrt": lambda x: np.sqrt(np.abs(x)),
    "where": lambda x: np.where(x > 0, np.sqrt(np.maximum(x, 0)), 0.0),
    "relu": lambda x: sg.relu(np.sqrt(x * x) - 3),
    "log": lambda x: np.where(x > 0, np.log(np.abs(x)), x),
    "index": lambda x: np.sqrt(np.abs(x))[1:2] * np.ones(3),
    "norm": lambda x: np.linalg.norm(x) ** 2 * x,
    "infinite factor": lambda x: (np.array([[1, np.inf, 2, 3], [0, 1, 2, 3.0]]) @ x)[1:],
    "sort": lambda x: np.sort(np.sqrt(np.abs(x)))[2:],
    "softmax": lambda x: sg.softmax(np.where(x > 0, x, -np.inf)),
    "cumprod": lambda x: np.cumprod(x),
    "std": lambda x: np.std(x.reshape(2, 2), axis=1) ** 2,
    "hypot": lambda x: np.hypot(x, 0 * x) ** 2,
    "arctan2": lambda x: np.arctan2(x, 0 * x),
    "power": lambda x: np.abs(x) ** x,
    "maximum": lambda x: np.maximum(x, x[::-1]) * np.max(x),
    "eigenvalues": lambda x: np.linalg.eigh(np.outer(x, x))[0] ** 2,
    "eigenvectors": lambda x: np.linalg.eigh(np.outer(x, x) + np.diag([1.0, 2, 3, 4]))[1] ** 2,
    "svd": lambda x: sg.linalg.svdvals(np.outer(x, x)) ** 2,
    "det": lambda x: np.linalg.det(np.outer(x, x) + np.diag(x)),
}
POINTS = np.array([[0.0, 1, -2, 4], [1, 1, 1, 1], [0, 0, 0, 0], [3, -1, 0, 0]])


def _weighted(name: str) -> Any:
    f = SPECIAL[name]
    return lambda x: np.sum(f(x) * (1.0 + np.arange(np.size(f(x))).reshape(np.shape(f(x)))))


def rows(f: Any, x: Any) -> Any:
    out, pull = sg.vjp(f, x)
    units = np.eye(np.size(out)).reshape(np.size(out), *np.shape(out))
    return np.stack([pull(unit)[0] for unit in units]).reshape(np.shape(out) + np.shape(x))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name):
    total = _weighted(name)
    for f in (SPECIAL[name], sg.grad(total), sg.hessian(total)):
        np.testing.assert_allclose(sg.vmap(f)(POINTS), loop(f, POINTS), rtol=1e-9, atol=1e-11)
    for f in (SPECIAL[name], sg.grad(total)):
        for x in POINTS:
            np.testing.assert_array_almost_equal(sg.jacobian(f)(x), rows(f, x), 12)
            tangents = [sg.jvp(f, (x,), (unit,))[1] for unit in np.eye(4)]
            np.testing.assert_array_almost_equal(sg.jacfwd(f)(x), np.stack(tangents, -1), 12)


def test_dtypes_and_forms():
    x = X[0].astype(np.float32)
    for transform in (sg.jacobian, sg.jacrev, sg.jacfwd):
        for f in (np.tanh, lambda x: np.ones(3, np.float32), lambda x: x[:0]):
            found = transform(f)(x)
            assert (found.dtype, found.shape) == (np.float32, np.shape(f(x)) + (4,))
        assert transform(lambda v: v**2)(3.0) == 6.0
        assert transform(lambda a, b: {"s": a * b}, (0, 1))(2.0, 3.0) == {"s": (3.0, 2.0)}
        assert repr(transform(np.sin)) in ("<seegrad jacobian(sin)>", "<seegrad jacfwd(sin)>")
    assert repr(sg.vmap(np.sin)) == "<seegrad vmap(sin)>"


def test_what_a_choice_left_out_is_exactly_0():
    found = sg.jacobian(lambda x: np.where(x > 0, np.sqrt(x), 0.0) + np.sqrt(x)[1])(np.array([0.0, 4.0]))
    np.testing.assert_array_equal(found, [[0.0, 0.25], [0.0, 0.5]])


# -------------------------------------------------------------------------------------------------------- modules


def test_modules():
    model = sg.nn.Sequential(
        sg.nn.Conv2d(1, 4, 3, seed=0), sg.nn.ReLU(), sg.nn.MaxPool2d(2), sg.nn.Flatten(), sg.nn.Linear(36, 3, seed=1)
    )
    images = np.random.default_rng(3).standard_normal((5, 8, 8, 1)).astype(np.float32)
    out = sg.vmap(lambda image: model(image[None])[0])(images)
    np.testing.assert_allclose(out.data, model(images).data, rtol=1e-5, atol=1e-6)
    of_one = sg.grad(lambda image: model(image[None]).sum())
    expected = np.stack([of_one(image).data for image in images])
    np.testing.assert_allclose(sg.vmap(of_one)(images).data, expected, rtol=1e-5, atol=1e-6)


F = sg.nn.functional
SCORES = np.random.default_rng(4).standard_normal((5, 2, 4))
SHARES = np.abs(SCORES) / np.abs(SCORES).sum(-1, keepdims=True)
LABELS = np.array([[0, 1], [2, 0], [1, 2], [3, 1], [2, 0]])

#: Losses with targets of every example.
LOSSES: dict[str, Any] = {
    "cross_entropy": (F.cross_entropy, LABELS),
    "weighted": (
        lambda x, y: F.cross_entropy(x, y, weight=[1, 2, 3, 4.0], ignore_index=0, label_smoothing=0.1),
        LABELS,
    ),
    "rows": (F.cross_entropy, SHARES),
    "nll_loss": (lambda x, y: F.nll_loss(F.log_softmax(x), y), LABELS),
    "binary": (lambda x, y: F.binary_cross_entropy(F.sigmoid(x), y), SHARES),
    "hinge": (F.hinge_loss, np.sign(SCORES[::-1])),
    "mse": (F.mse_loss, SHARES),
    "huber": (F.huber_loss, SHARES),
    "kl_div": (lambda x, y: F.kl_div(F.log_softmax(x), y), SHARES),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    loss, targets = LOSSES[name]
    value_of_one = lambda x, y: np.asarray(loss(x, y).data)  # noqa: E731
    np.testing.assert_allclose(np.asarray(sg.vmap(loss)(SCORES, targets)), loop(value_of_one, SCORES, targets))
    assert_same(sg.vmap(sg.grad(loss))(SCORES, targets), loop(sg.grad(loss), SCORES, targets))


def test_labels_of_every_example_are_checked():
    with pytest.raises(ValueError, match="label 9 at index 0 is out of range"):
        sg.vmap(F.cross_entropy)(SCORES, np.where(LABELS == 2, 9, LABELS)[::-1])


def test_embedding():
    embedding = sg.nn.Embedding(7, 3, seed=0)
    np.testing.assert_array_equal(sg.vmap(embedding)(LABELS).data, embedding(LABELS).data)


# ------------------------------------------------------------------------------------------------- what is refused

REFUSED: dict[str, Any] = {
    "if": lambda x: x if x.sum() > 0 else -x,
    "and": lambda x: x.sum() > 0 and x,
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "range": lambda x: range(x[0]),
    "array": lambda x: np.asarray(x),
    "index": lambda x: TABLE[x.astype(int)],
    "slice": lambda x: x[: x.argmax()],
    "item": lambda x: x[0].item(),
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.numpy(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_numbers_of_single_examples_are_refused(name):
    with pytest.raises(TypeError, match="under sg.vmap: the numbers differ from example to example"):
        sg.vmap(REFUSED[name])(X)


def test_errors_speak_of_an_example():
    with pytest.raises(ValueError, match="size 4 into shape"):
        sg.vmap(lambda x: x.reshape(3, -1))(X)
    with pytest.raises(ValueError, match=r"matmul: shapes \(3, 3\) and \(4,\) do not fit"):
        sg.vmap(lambda x: np.dot(np.ones((3, 3)), x))(X)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"unique under sg.vmap: the shape of its result depends on the numbers"):
        sg.vmap(lambda x: np.unique(np.round(x)))(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sg.vmap(np.add)(X, X[:3]), r"5 in argument 0 \(shape \(5, 4\), axis 0\), 3 in argument 1"),
        (lambda: sg.vmap(np.add, (0, 2))(X, X), r"argument 1 of shape \(5, 4\) has no axis 2"),
        (lambda: sg.vmap(np.add, None)(X, X), "no argument has a batch axis"),
        (lambda: sg.vmap(np.add, (0,))(X, X), "in_axes has 1 entries, but the function was called with 2"),
        (lambda: sg.vmap(np.sin, ({"x": 0},))({"y": X}), r"in_axes must be .* for argument 0, a dict of 1, it is {'x'"),
        (lambda: sg.vmap(np.sin, "0")(X), "in_axes must be an integer, None, or a structure"),
        (lambda: sg.vmap(np.sin, out_axes=None)(X), r"out_axes is None for a result of shape \(4,\) that differs"),
        (lambda: sg.vmap(np.sin, out_axes=2)(X), "out_axes=2, but a result has 2 axes"),
        (lambda: sg.vmap(np.sin, out_axes=(0, 1))(X), "out_axes must be"),
        (lambda: sg.vmap(np.sin)(3.0), r"argument 0 of shape \(\) has no axis 0"),
    ],
)
def test_arguments_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_function():
    with pytest.raises(TypeError, match="expected a function, got ndarray"):
        sg.vmap(X)


def test_values_that_escape():
    kept: list[Any] = []
    sg.vmap(lambda x: kept.append(x) or x)(X)
    for use in (lambda x: x + 1, np.sin, lambda x: x > 0, lambda x: sg.vmap(lambda y: y * x)(X), lambda x: x.data):
        with pytest.raises(RuntimeError, match="used after the call"):
            use(kept[0])


def test_backward_hooks_and_pickles_are_refused():
    x = sg.tensor(X, requires_grad=True)
    for use in (lambda x: x.sum().backward(), lambda x: x.register_hook(print), lambda x: x.retain_grad()):
        with pytest.raises(RuntimeError, match=r"under sg\.vmap"):
            sg.vmap(use)(x)
    with pytest.raises(TypeError, match="cannot be pickled"):
        sg.vmap(pickle.dumps)(x)


def _update_argument(x: Any) -> Any:
    x += 1
    return x


def _update_integers(i: Any) -> Any:
    numbers = i * np.ones(2, int)
    numbers += 0.5
    return numbers


def _update_constant(x: Any) -> Any:
    t = sg.tensor(np.zeros(4))
    t[0] = x[0]
    return t


def test_writes_that_are_refused():
    with pytest.raises(ValueError, match="is read-only: write to a copy"):
        sg.vmap(_update_argument)(X)
    with pytest.raises(TypeError, match="begin with np.zeros_like"):
        sg.vmap(_update_constant)(X)
    with pytest.raises(TypeError, match="cannot keep float64 results in an array of int64"):
        sg.vmap(_update_integers)(NUMBERS)


def test_gradient_that_would_be_lost_is_refused():
    with pytest.raises(TypeError, match=r"numpy.i0 is not supported on a Tensor"):
        sg.vmap(sg.grad(lambda x: np.i0(x).sum()))(X)


# --------------------------------------------------------------------------------------- threads, forks, exceptions


def test_threads_and_exceptions():
    wrong: list[int] = []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).standard_normal((5, 4))
        for _ in range(20):
            found = sg.vmap(sg.grad(lambda x: np.sum(np.sin(x) * x)))(x)
            t = sg.tensor(x, requires_grad=True)
            (t * t).sum().backward()
            if not (np.allclose(found, np.cos(x) * x + np.sin(x)) and np.allclose(t.grad, 2 * x)):
                wrong.append(seed)
            with pytest.raises(TypeError, match="a decision"):
                sg.vmap(lambda x: x if x[0] > 0 else -x)(x)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert seam.interpreters == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_forgets_the_batches_of_other_threads():
    inside, over = threading.Event(), threading.Event()

    def wait(x: Any) -> Any:
        inside.set()
        over.wait(10)
        return x

    thread = threading.Thread(target=lambda: sg.vmap(wait)(X))
    thread.start()
    inside.wait(10)
    try:
        code = 0
        if (child := os.fork()) == 0:
            os._exit(len(seam.interpreters))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        over.set()
        thread.join()
    assert code == 0


# ------------------------------------------------------------------------------------------------- random programs

#: Steps of a random program on an array of shape (2, 3): functions of it and of a second one.
STEPS: tuple[Any, ...] = (
    lambda x, y: np.tanh(x) * y,
    lambda x, y: x + y[0],
    lambda x, y: np.where(x > y, x, 0.5 * y),
    lambda x, y: x.T.reshape(2, 3),
    lambda x, y: x[::-1] - y[:, ::-1],
    lambda x, y: x / (1 + np.abs(y).sum(0)),
    lambda x, y: np.dot(x, np.dot(y.T, y)) * 0.1,
    lambda x, y: np.einsum("ij,kj->ki", x, y)[:, [0, 1, 0]],
    lambda x, y: np.sort(x, axis=1) * np.max(y, axis=0),
    lambda x, y: np.concatenate([x[:1], y[1:]]),
    lambda x, y: np.cumsum(x, axis=0) - np.mean(y, axis=1, keepdims=True),
    lambda x, y: sg.softmax(x, 1) + np.sqrt(np.abs(y)),
    lambda x, y: x[np.argmax(y[:, 0])] * np.ones((2, 1)),
    lambda x, y: np.maximum(x, y) - np.linalg.norm(y),
    lambda x, y: np.stack([x[0] * y[1, 0], np.roll(x[1], 1)]),
    lambda x, y: x - np.linalg.solve(np.eye(2) + np.dot(y, y.T), x),
)


@given(st.lists(st.integers(0, len(STEPS) - 1), min_size=1, max_size=6), st.integers(0, 10**6), st.booleans())
@example([12, 4, 0, 11], 0, False)  # a second derivative that is not finite
@settings(max_examples=150, deadline=None)
def test_random_programs(steps, seed, shared):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((4, 2, 3)), rng.standard_normal((2, 3) if shared else (4, 2, 3))
    axes = (0, None if shared else 0)

    def program(x: Any, y: Any) -> Any:
        for step in steps:
            x, y = STEPS[step](x, y), x
        return x

    def total(x: Any, y: Any) -> Any:
        return np.sum(program(x, y) ** 2)

    for f in (program, sg.grad(total, (0, 1)), sg.hessian(total), sg.jacfwd(program)):
        expected = loop(lambda *xs, f=f: f(xs[0], y if shared else xs[1]), *([x] if shared else [x, y]))
        for mine, other in zip(*[v if isinstance(v, tuple) else (v,) for v in (sg.vmap(f, axes)(x, y), expected)]):
            size = np.max(np.abs(other), initial=1.0, where=np.isfinite(other))
            np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-9 * size)
