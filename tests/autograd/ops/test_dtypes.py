"""float32 and float16 stay, through Python numbers and second derivatives; which operand decides the type."""

from __future__ import annotations

import numpy as np
import pytest
from leaves import leaf

import seegrad as sg
from seegrad import nn

KEEPING = {
    "times a number": lambda x: x * 2.0,
    "divided by an integer": lambda x: x / 3,
    "power": lambda x: x**2,
    "power of a number": lambda x: 2.0**x,
    "minus a number": lambda x: 1 - x,
    "NumPy scalar of its own type": lambda x: x * x.dtype.type(2),
    "mean": lambda x: x.mean(),
    "var": lambda x: x.var(axis=0),
    "std": lambda x: x.std(axis=1, ddof=1),
    "max": lambda x: x.max(axis=0),
    "np.mean": np.mean,
    "np.std": np.std,
    "np.maximum": lambda x: np.maximum(x, 0.0),
    "clip": lambda x: sg.clip(x, -0.5, 0.5),
    "where with numbers": lambda x: sg.where(x > 0, x, 0.1),
    "softmax": sg.softmax,
    "log_softmax": sg.log_softmax,
    "logsumexp": sg.logsumexp,
    "norm": sg.norm,
    "gelu": sg.gelu,
    "leaky_relu": sg.leaky_relu,
    "elu": sg.elu,
    "softplus": sg.softplus,
    "erf": sg.erf,
    "pad": lambda x: sg.pad(x, 1, constant_values=0.5),
    "convolution": lambda x: sg.conv2d(x.reshape(1, 2, 3, 1), np.ones((1, 2, 1, 1), x.dtype), np.ones(1, x.dtype)),
    "pooling": lambda x: sg.max_pool2d(x.reshape(1, 2, 3, 1), 2) + sg.avg_pool2d(x.reshape(1, 2, 3, 1), 2),
    "integer array": lambda x: x[np.array([0, 1])],
    "cross-entropy": lambda x: -sg.take_along_axis(sg.log_softmax(x), np.array([[0], [1]]), 1).mean(),
    "deg2rad": sg.deg2rad,
    "sinc": sg.sinc,
    "var of nothing lost": lambda x: (x - x.mean(1, keepdims=True)) / (x.var(1, keepdims=True) + 1e-5).sqrt(),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", KEEPING)
def test_dtype_is_kept_through_python_numbers(name, dtype):
    x = sg.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], requires_grad=True, dtype=dtype)
    out = KEEPING[name](x)
    assert out.dtype == dtype
    out.sum().backward()
    assert x.grad.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", ["times a number", "power", "mean", "gelu", "softplus", "erf", "where with numbers"])
def test_dtype_is_kept_without_axes(name, dtype):
    x = sg.tensor(0.5, requires_grad=True, dtype=dtype)
    out = KEEPING[name](x)
    assert (out.dtype, out.shape) == (dtype, ())
    out.backward()
    assert (x.grad.dtype, x.grad.shape) == (dtype, ())


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_dtype_is_kept_in_second_order(dtype):
    x = sg.tensor([0.5, -1.0, 2.0], requires_grad=True, dtype=dtype)
    (sg.tanh(x) * sg.softmax(x) + x**3 / 3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    assert first.dtype == dtype
    (first * 0.5).sum().backward()
    assert x.grad.dtype == dtype


def test_mixed_dtypes_promote_as_in_numpy_and_gradients_go_back():
    a, b = leaf(1.0, 2.0, dtype=np.float32), leaf(3.0, 4.0)
    out = a * b
    assert out.dtype == np.float64
    out.sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_half_precision_sums_are_added_up_in_single_precision():
    x = sg.tensor(np.full(10_000, 0.1), requires_grad=True, dtype=np.float16)
    exact = float(np.float16(0.1)) * 10_000
    assert x.sum().item() == pytest.approx(exact, rel=1e-3)
    assert x.mean().item() == pytest.approx(exact / 10_000, rel=1e-3)
    row = sg.tensor(np.zeros(1), requires_grad=True, dtype=np.float16)
    (row + x).sum().backward()
    assert row.grad[0] == 10_000


def test_half_precision_reductions_do_not_overflow_on_the_way():
    assert sg.norm(leaf(300.0, 400.0, dtype=np.float16)).item() == 500.0
    x = leaf(300.0, -300.0, dtype=np.float16)
    out = x.std()
    assert out.item() == 300.0
    out.backward()
    np.testing.assert_array_equal(x.grad, np.float16([0.5, -0.5]))
    assert leaf(*np.full(5000, 0.1), dtype=np.float16).cumsum()[-1].item() == pytest.approx(500, rel=2e-3)
    many = sg.tensor(np.ones(70_000), requires_grad=True, dtype=np.float16)
    many.mean().backward()
    np.testing.assert_allclose(many.grad, 1 / 70_000, rtol=1e-2)


def ones(*shape):
    return np.ones(shape, np.float16)


MANY = np.zeros(6000, int)

#: Sums of so many ones that float16, which ends at 2048 when it counts, would stop on the way: what and how many.
SUMS = {
    "sum along the first axis": (lambda: sg.sum(ones(6000, 2), axis=0), 6000),
    "sum of what would overflow": (lambda: sg.sum(np.float16([6e4, 6e4, -6e4, -6e4])), 0),
    "einsum": (lambda: sg.einsum("ij->j", ones(6000, 2)), 6000),
    "einsum of two": (lambda: sg.einsum("ij,ij->j", ones(6000, 2), ones(6000, 2)), 6000),
    "einsum of three": (lambda: sg.einsum("ij,ij,ij->j", *[ones(6000, 2)] * 3), 6000),
    "trace": (lambda: sg.trace(np.eye(3000, dtype=np.float16)), 3000),
    "tensordot": (lambda: sg.tensordot(ones(6000, 2), ones(6000, 2), axes=((0,), (0,))), 6000),
    "running sum": (lambda: sg.cumsum(ones(6000, 2), axis=0)[-1], 6000),
    "norm": (lambda: sg.norm(ones(6000, 2), ord=1, axis=0), 6000),
    "convolution": (lambda: sg.conv2d(ones(1, 60, 60, 1), ones(60, 60, 1, 1)), 3600),
    "mean of a window": (lambda: sg.avg_pool2d(100 * ones(1, 60, 60, 1), 60), 100),
}

#: Operations in whose gradient so many ones meet, the shape of the input, and how many.
MEETINGS = {
    "index": (lambda x: x[MANY], (1, 2), 6000),
    "take": (lambda x: sg.take(x, MANY), (1,), 6000),
    "embedding": (lambda x: nn.functional.embedding(MANY, x), (1, 2), 6000),
    "repeat": (lambda x: np.repeat(x, 6000, axis=0), (2, 2), 6000),
    "tile": (lambda x: np.tile(x, (6000, 1)), (2,), 6000),
    "broadcast": (lambda x: sg.broadcast_to(x, (6000, 2)), (2,), 6000),
    "bias": (lambda x: ones(6000, 2) + x, (2,), 6000),
    "padding": (lambda x: sg.pad(x, (2999, 2999), mode="edge"), (2,), 3000),
    "windows that overlap": (
        lambda x: sg.max_pool2d(sg.pad(x, ((0, 0), (59, 59), (59, 59), (0, 0))), 60, 1),
        (1,) * 4,
        3600,
    ),
}


@pytest.mark.parametrize("name", SUMS)
def test_half_precision_counts_beyond_2048(name):
    sum_of, expected = SUMS[name]
    result = sum_of()
    assert result.dtype == np.float16
    np.testing.assert_array_equal(result, np.full(np.shape(result), expected, np.float16))


@pytest.mark.parametrize("name", MEETINGS)
def test_gradients_of_half_precision_count_beyond_2048(name):
    f, shape, expected = MEETINGS[name]
    x = sg.tensor(ones(*shape), requires_grad=True)
    out = f(x)
    out.backward(np.ones_like(out.data))
    assert x.grad.dtype == np.float16
    np.testing.assert_array_equal(x.grad, np.full(shape, expected, np.float16))


def test_half_precision_matrix_products_are_added_up_in_single_precision():
    x = sg.tensor(np.full((1, 5000), 0.1), requires_grad=True, dtype=np.float16)
    out = x @ np.ones((5000, 1), np.float16)
    assert out.item() == pytest.approx(float(np.float16(0.1)) * 5000, rel=1e-3)


def test_python_floats_are_float64_and_integers_cannot_require_gradients():
    assert sg.tensor([1.0]).dtype == np.float64
    assert sg.tensor([1, 2]).dtype.kind == "i"
    for data in ([1, 2], np.array([True]), np.arange(3)):
        with pytest.raises(TypeError, match="floating-point.*(int|bool)"):
            sg.tensor(data, requires_grad=True)
    integers = sg.tensor([1, 2])
    with pytest.raises(TypeError, match="floating-point.*int"):
        integers.requires_grad = True
    assert not integers.requires_grad
    assert sg.tensor([1, 2], requires_grad=True, dtype=np.float32).dtype == np.float32


def test_integer_tensors_compute_without_gradients():
    n, x = sg.tensor([1, 2, 3]), leaf(0.5, 1.5, 2.5)
    (n * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 2.0, 3.0])
    assert (n + 1).dtype.kind == "i"
    assert not (n * 2).requires_grad


def test_arrays_and_numpy_scalars_on_the_left_give_our_type():
    array = np.array([1.0, 2.0])
    t = leaf(3.0, 4.0)
    for out in (array * t, array + t, array - t, array / t, array**t, np.float64(2) * t, np.float32(2) - t, array @ t):
        assert type(out) is sg.Tensor
        assert out.dtype == np.float64
    (np.float64(2) * t).sum().backward()
    np.testing.assert_array_equal(t.grad, [2.0, 2.0])
    v = sg.Value(3.0)
    assert type(np.float64(2) * v) is sg.Value
    assert type(array * v) is sg.Tensor


def test_comparisons_are_plain_arrays():
    t = leaf(1.0, 2.0)
    for out in (t > 1.5, t == 1.0, t != 1.0, t <= t, np.array([1.0, 3.0]) < t, np.equal(t, 1.0)):
        assert type(out) is np.ndarray
        assert out.dtype == bool
    np.testing.assert_array_equal(np.array([1.0, 1.0]) < t, [False, True])


class TestAssignedData:
    """What ``t.data = ...`` does with dtypes: what PyTorch does, or what loses nothing."""

    THIRD = np.array([1.0, 2.0]) / 3  # no float32 holds these

    @pytest.mark.parametrize(("before", "given"), [("f4", "f8"), ("f8", "f4"), ("f2", "f8"), ("i8", "f8")])
    @pytest.mark.parametrize("make", [sg.tensor, sg.nn.Parameter], ids=["tensor", "parameter"])
    def test_an_array_keeps_its_dtype(self, before, given, make):
        t = make(np.zeros(2, before))
        array = (self.THIRD * 3e10).astype(given)
        t.data = array
        assert t.dtype == given
        np.testing.assert_array_equal(t.data, array)

    @pytest.mark.parametrize("given", [[1, 2], (1.5, 2.5), np.array([1, 2]), np.array([True, False]), [True, False]])
    def test_numbers_without_a_floating_dtype_become_floats_of_the_tensor(self, given):
        t = sg.tensor(np.zeros(2, np.float32), requires_grad=True)
        t.data = given
        assert t.dtype == np.float32
        np.testing.assert_array_equal(t.data, given)

    def test_integers_are_not_cut_off(self):
        t = sg.tensor([1, 2])
        t.data = [0.5, 1.5]
        np.testing.assert_array_equal(t.data, [0.5, 1.5])
        t = sg.tensor([1, 2], dtype=np.int32)
        t.data = np.array([1, 2**40])
        np.testing.assert_array_equal(t.data, [1, 2**40])

    def test_the_gradient_has_the_dtype_too(self):
        w = sg.tensor(np.ones(2, np.float32), requires_grad=True)
        (w * w).sum().backward()
        w.data = self.THIRD
        assert w.grad.dtype == np.float64
        w.grad = None
        (w * w).sum().backward()
        np.testing.assert_array_equal(w.grad, 2 * self.THIRD)

    def test_augmented_assignment_keeps_the_dtype_as_in_numpy(self):
        w = sg.tensor(np.ones(2, np.float32), requires_grad=True)
        w.data -= 0.1 * self.THIRD
        with sg.no_grad():
            w -= 0.1 * self.THIRD
        assert w.dtype == np.float32

    def test_a_compiled_function_sees_the_change(self):
        w = sg.tensor(np.ones(2, np.float32), requires_grad=True)
        f = sg.compile(lambda: (w * w).sum())
        for _ in range(3):
            f()
        w.data = self.THIRD
        assert f().item() == (self.THIRD**2).sum()
