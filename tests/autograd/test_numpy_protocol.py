"""NumPy functions called on tensors: recorded, answered from the data, or refused by name."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.elementwise import Elementwise

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def leaf(data=X, **kwargs):
    return sg.tensor(data, requires_grad=True, **kwargs)


def numeric(f, x, step=6e-6):
    """Gradient of the sum of a plain NumPy function, by central differences."""
    result = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        result[index] = (np.sum(f(up)) - np.sum(f(down))) / (2 * step)
    return result


#: What people write: plain NumPy, run once on an array and once on a tensor.
FUNCTIONS = {
    "exp": np.exp,
    "tanh of a sum": lambda x: np.tanh(np.sum(x, axis=0)),
    "sum": np.sum,
    "sum keepdims": lambda x: np.sum(x, axis=1, keepdims=True) * x,
    "mean": lambda x: np.mean(x, axis=0) * 3,
    "var": lambda x: np.var(x, axis=1, ddof=1),
    "std": lambda x: np.std(x, 0),
    "prod": lambda x: np.prod(x, axis=1),
    "max": lambda x: np.max(x, axis=0),
    "min": np.min,
    "amax": lambda x: np.amax(x, 1),
    "amin": lambda x: np.amin(x, axis=0, keepdims=True),
    "cumsum": lambda x: np.cumsum(x, axis=1) * x,
    "cumprod": lambda x: np.cumprod(x),
    "norm": lambda x: np.linalg.norm(x, axis=0),
    "norm 1": lambda x: np.linalg.norm(x, ord=1, axis=1),
    "Frobenius norm": np.linalg.norm,
    "reshape": lambda x: np.reshape(x, (3, 2)) ** 2,
    "ravel": lambda x: np.ravel(x)[1:] * 2,
    "transpose": lambda x: np.transpose(x) @ x,
    "transpose axes": lambda x: np.transpose(x, (1, 0)) * 2,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1) @ x,
    "moveaxis": lambda x: np.moveaxis(x, 0, -1) @ x,
    "squeeze": lambda x: np.squeeze(x[:, :1]) ** 2,
    "expand_dims": lambda x: np.expand_dims(x, 1) * x,
    "broadcast_to": lambda x: np.broadcast_to(x[0], (4, 3)) * np.arange(4.0)[:, None],
    "concatenate": lambda x: np.concatenate([x, x * x, np.ones((1, 3))]) ** 2,
    "concatenate axis": lambda x: np.concatenate((x, x), axis=1),
    "stack": lambda x: np.stack([x[0], x[1], np.zeros(3)], axis=1) ** 3,
    "hstack": lambda x: np.hstack([x, x * x]),
    "vstack": lambda x: np.vstack([x, x[0]]),
    "split": lambda x: np.split(x, 3, axis=1)[1] ** 2,
    "array_split": lambda x: np.array_split(x, 2, axis=1)[0] ** 2,
    "tile": lambda x: np.tile(x, (2, 1)),
    "repeat": lambda x: np.repeat(x, 2, axis=0),
    "flip": lambda x: np.flip(x, 1) * x,
    "roll": lambda x: np.roll(x, 1, axis=1) * x,
    "rot90": lambda x: np.rot90(x) * np.arange(6.0).reshape(3, 2),
    "pad": lambda x: np.pad(x, 1) ** 2,
    "pad edge": lambda x: np.pad(x, ((0, 1), (1, 0)), mode="edge"),
    "tril": lambda x: np.tril(x) * 2,
    "triu": lambda x: np.triu(x, k=1),
    "atleast_1d": lambda x: np.atleast_1d(x[0, 0]) * 2,
    "atleast_2d": lambda x: np.atleast_2d(x[0]) @ x.T,
    "copy": lambda x: np.copy(x) * x,
    "take": lambda x: np.take(x, [0, 2, 2], axis=1),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1),
    "diag": lambda x: np.diag(x[0]) * 2,
    "diagonal": lambda x: np.diagonal(x) ** 2,
    "sort": lambda x: np.sort(x, axis=1) * np.arange(3.0),
    "dot": lambda x: np.dot(x, np.arange(3.0)),
    "dot, array first": lambda x: np.dot(np.arange(2.0), x),
    "inner": lambda x: np.inner(x, x),
    "outer": lambda x: np.outer(x[0], x[1]),
    "tensordot": lambda x: np.tensordot(x, x, axes=((0,), (0,))),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "kron": lambda x: np.kron(x, np.array([1.0, 2.0])),
    "trace": lambda x: np.trace(x.T @ x) * np.ones(1),
    "matmul": lambda x: np.matmul(x, x.T),
    "where": lambda x: np.where(x > 0, x * x, -x),
    "clip": lambda x: np.clip(x, -0.8, 1.2),
    "clip by name": lambda x: np.clip(x, a_min=-0.8, a_max=None),
    "maximum": lambda x: np.maximum(x, 0.1),
    "array first": lambda x: np.multiply(np.arange(3.0), x),
    "reduce": lambda x: np.add.reduce(x, axis=1),
    "maximum.reduce": lambda x: np.maximum.reduce(x),
    "accumulate": lambda x: np.add.accumulate(x, axis=1),
    "multiply.outer": lambda x: np.multiply.outer(x[0], x),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x),
    "sinc": np.sinc,
    "logistic regression": lambda x: np.log1p(np.exp(-np.dot(x, np.array([1.0, -2.0, 0.5])))),
    "softmax by hand": lambda x: np.exp(x - np.max(x, axis=1, keepdims=True))
    / np.sum(np.exp(x - np.max(x, axis=1, keepdims=True)), axis=1, keepdims=True) * np.arange(3.0),
    "zeros_like": lambda x: np.zeros_like(x) + x * np.ones_like(x),
    "shape": lambda x: x * np.shape(x)[0] * np.ndim(x) * np.size(x),
    "T and methods": lambda x: x.T.reshape(-1).sum() * x.mean(axis=0).max(),
    "argmax as an index": lambda x: x[np.arange(2), np.argmax(x, axis=1)] ** 2,
    "argsort as an index": lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1) * np.arange(3.0),
    "square": np.square,
    "absolute": np.abs,
    "power": lambda x: np.power(x, 3),
    "true_divide": lambda x: np.true_divide(1.0, x),
    "hypot": lambda x: np.hypot(x, 2.0),
    "degrees": np.degrees,
    "radians": np.radians,
    "fabs": np.fabs,
    "float_power": lambda x: np.float_power(x, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_plain_numpy_code_runs_on_tensors(name):
    f, x = FUNCTIONS[name], leaf()
    out = f(x)
    assert type(out) is sg.Tensor
    np.testing.assert_allclose(out.data, f(X), rtol=1e-13)
    assert out.shape == np.shape(f(X))
    out.sum().backward()
    np.testing.assert_allclose(x.grad, numeric(f, X), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["tanh of a sum", "std", "max", "concatenate", "einsum", "softmax by hand", "where"])
def test_plain_numpy_code_in_second_order(name):
    assert sg.gradcheck(FUNCTIONS[name], leaf(), order=2)


@pytest.mark.parametrize("ufunc", sorted(Elementwise.by_ufunc, key=lambda u: u.__name__), ids=lambda u: u.__name__)
def test_every_ufunc_of_the_table_is_recorded(ufunc):
    x = np.array([1.3, 1.7]) if ufunc is np.arccosh else np.array([0.3, 0.7])
    others = [np.array([0.45, 0.2])] * (ufunc.nin - 1)
    t = leaf(x)
    out = ufunc(t, *others)
    assert type(out) is sg.Tensor
    np.testing.assert_allclose(out.data, ufunc(x, *others), rtol=1e-15)
    out.sum().backward()
    np.testing.assert_allclose(t.grad, numeric(lambda v: ufunc(v, *others), x), rtol=1e-6, atol=1e-8)
    if others:
        np.testing.assert_allclose(ufunc(others[0], t).data, ufunc(others[0], x), rtol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.argsort(x, axis=1),
        lambda x: np.argmax(x, axis=0),
        lambda x: np.argmin(x),
        np.isnan,
        np.isfinite,
        np.signbit,
        lambda x: np.any(x > 1),
        lambda x: np.all(x > -5),
        lambda x: np.count_nonzero(x > 0),
        lambda x: np.allclose(x, X),
        lambda x: np.array_equal(x, X),
        lambda x: np.greater(x, 0.0),
        lambda x: np.searchsorted(np.arange(3.0), x),
        lambda x: np.nonzero(x > 0)[0],
        np.shape,
        np.ndim,
        np.size,
        np.zeros_like,
        np.ones_like,
        lambda x: np.full_like(x, 3.0),
        lambda x: np.isclose(x, 0.5),
        lambda x: np.result_type(x, np.float32),
    ],
)
def test_questions_about_the_data_give_plain_answers(f):
    x = leaf()
    out = f(x)
    assert not isinstance(out, sg.Tensor)
    np.testing.assert_array_equal(out, f(X))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.median(x), "numpy.median"),
        (lambda x: np.fft.fft(x), "numpy.fft.fft"),
        (lambda x: np.convolve(x[0], x[1]), "numpy.convolve"),
        (lambda x: np.unwrap(x), "numpy.unwrap"),
        (lambda x: np.frexp(x), "numpy.frexp"),
        (lambda x: np.bitwise_and(x, 1), "numpy.bitwise_and"),
        (lambda x: np.subtract.reduce(x), "numpy.subtract.reduce"),
        (lambda x: np.add.at(np.zeros(3), [0], x[0, 0]), "numpy.add.at"),
        (lambda x: np.interp(x[0], np.arange(3.0), np.arange(3.0)), "numpy.interp"),
        (lambda x: np.histogram(x), "numpy.histogram"),
    ],
)
def test_what_is_not_supported_is_refused_by_name_with_the_way_out(call, name):
    with pytest.raises(TypeError, match=rf"{name}\b.*not supported.*sg\.primitive.*t\.data"):
        call(leaf())


@pytest.mark.parametrize(
    ("call", "nearest"),
    [
        (lambda x: np.nanmean(x), "numpy.mean"),
        (lambda x: np.nansum(x), "numpy.sum"),
        (lambda x: np.nanprod(x), "numpy.prod"),
        (lambda x: np.nanmax(x), "numpy.a?max"),
    ],
)
def test_a_refusal_suggests_the_nearest_supported_function(call, nearest):
    with pytest.raises(TypeError, match=f"nearest supported one is {nearest}"):
        call(leaf())


def test_out_is_refused_since_the_gradient_would_be_lost():
    x, target = leaf(), np.zeros((2, 3))
    for call in (lambda: np.exp(x, out=target), lambda: np.add(x, 1.0, out=target)):
        with pytest.raises(TypeError, match="out="):
            call()
    np.testing.assert_array_equal(target, 0.0)
    with pytest.raises(TypeError):
        np.sum(x, axis=0, out=np.zeros(3))
    array = np.ones((2, 3))
    with pytest.raises(TypeError, match="out="):
        array += x
    np.testing.assert_array_equal(array, 1.0)


def test_options_that_are_not_supported_are_refused_not_ignored():
    x = leaf()
    for call in (
        lambda: np.exp(x, where=X > 0),
        lambda: np.add(x, 1.0, dtype=np.float32),
        lambda: np.sum(x, where=X > 0),
        lambda: np.sum(x, initial=3.0),
        lambda: np.mean(x, dtype=np.float32),
        lambda: np.max(x, initial=5.0),
        lambda: np.concatenate([x, x], dtype=np.float32),
        lambda: np.reshape(x, (3, 2), order="F"),
        lambda: np.pad(x, 1, mode="mean"),
        lambda: np.ravel(x, order="F"),
        lambda: np.clip(x, 0, 1, out=np.zeros((2, 3))),
        lambda: np.var(x, correction=1, mean=0.0),
    ):
        with pytest.raises(
            (TypeError, ValueError), match="exp|add|sum|mean|max|concatenate|reshape|pad|ravel|clip|var"
        ):
            call()


def test_writing_a_tensor_into_an_array_is_an_error_with_the_way_out():
    x, array = leaf([1.0, 2.0]), np.zeros(5)
    with pytest.raises(TypeError, match=r"gradient.*sg\.stack"):
        array[1:3] = x
    for number in (x[0], x.sum()):
        with pytest.raises((TypeError, ValueError)) as error:  # NumPy wraps our error in one of its own
            array[0] = number
        assert "would lose the gradient" in str(error.value.__cause__ or error.value)
    np.testing.assert_array_equal(array, 0.0)


def test_plain_numbers_are_never_made_silently():
    x = leaf([1.0, 2.0])
    for call in (
        lambda: np.asarray(x),
        lambda: np.array(x),
        lambda: np.array([x, x]),
        lambda: np.array([x[0], x[1]]),
        lambda: np.array([x.sum(), 1.0]),
        lambda: np.float64(x.sum()),
        lambda: float(x.sum()),
        lambda: int(x.sum()),
        lambda: complex(x.sum()),
        lambda: math.exp(x.sum()),
        lambda: math.fsum(x),
        lambda: np.asarray([[x.sum()]]),
        lambda: list(map(float, x)),
        lambda: np.fromiter(x, dtype=float),
        lambda: np.ones(2).dot([x.sum(), 1.0]),
    ):
        with pytest.raises((TypeError, ValueError)) as error:  # NumPy may wrap our error in one of its own
            call()
        assert "would lose the gradient" in str(error.value.__cause__ or error.value)


def test_the_message_for_math_functions_says_what_to_write():
    with pytest.raises(TypeError, match=r"sg\.exp\(t\) or np\.exp\(t\) instead of math\.exp\(t\).*t\.item\(\)"):
        math.exp(leaf(1.0))


def test_constants_and_no_grad_convert_freely():
    c = sg.tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(c), [1.0, 2.0])
    assert float(sg.tensor(2.0)) == 2.0
    assert math.exp(sg.tensor(0.0)) == 1.0
    x = leaf([1.0, 2.0])
    with sg.no_grad():
        np.testing.assert_array_equal(np.asarray(x), [1.0, 2.0])
        assert float(x.sum()) == 3.0
    np.testing.assert_array_equal(np.asarray(x.data), [1.0, 2.0])


def test_an_array_from_a_tensor_is_not_its_memory():
    c = sg.tensor([1.0, 2.0])
    np.array(c)[0] = 9.0
    np.testing.assert_array_equal(c.data, [1.0, 2.0])
    assert np.asarray(c, dtype=np.float32).dtype == np.float32


def test_numpy_functions_on_integer_tensors_stay_plain_mathematics():
    n = sg.tensor([3, 1, 2])
    assert np.sum(n).item() == 6
    np.testing.assert_array_equal(np.sort(n).data, [1, 2, 3])


def test_mixing_in_any_order():
    a, x = np.ones((2, 3)), leaf()
    for out in (np.add(a, x), np.where(X > 0, a, x), np.concatenate([a, x]), np.dot(a.T, x), np.einsum("ij,ij", a, x)):
        assert type(out) is sg.Tensor
        assert out.requires_grad


def test_a_learned_ode_written_in_plain_numpy():
    weights = sg.tensor([[0.1, -1.0], [1.2, 0.05]], requires_grad=True)

    def solve(w):
        y = np.array([1.0, 0.5])
        for _ in range(10):
            y = y + 0.1 * np.tanh(np.dot(w, y))
        return np.sum(y**2)

    solve(weights).backward()
    np.testing.assert_allclose(weights.grad, numeric(solve, weights.data), rtol=1e-7)
