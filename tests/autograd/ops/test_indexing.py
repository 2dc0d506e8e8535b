"""Reading and writing parts of tensors: what is recorded, what earlier readers see, what is refused."""

from __future__ import annotations

import array

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from leaves import leaf

import seegrad as sg


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_reading_agrees_with_numpy_for_any_basic_index(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    x = np.arange(float(np.prod(shape))).reshape(shape)
    t = sg.tensor(x, requires_grad=True)
    part = t[index]
    np.testing.assert_array_equal(part.data, x[index])
    part.backward(np.full(part.shape, 2.0))
    expected = np.zeros(shape)
    expected[index] = 2.0
    np.testing.assert_array_equal(t.grad, expected)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_reading_and_writing_agree_with_numpy_for_any_integer_arrays(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    index = data.draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=5)))
    x = np.arange(float(np.prod(shape))).reshape(shape)
    t = sg.tensor(x, requires_grad=True)
    part = t[index]
    np.testing.assert_array_equal(part.data, x[index])
    weights = 1.0 + np.arange(float(part.size)).reshape(part.shape)
    part.backward(weights)
    expected = np.zeros(shape)
    np.add.at(expected, index, weights)
    np.testing.assert_array_equal(t.grad, expected)

    value = sg.tensor(-weights, requires_grad=True)
    y, plain = sg.tensor(x, requires_grad=True) * 1.0, x.copy()
    y[index] = value
    plain[index] = -weights
    np.testing.assert_array_equal(y.data, plain)
    y.sum().backward()
    # Exactly one write counts at each place that was written.
    assert set(np.unique(value.grad)) <= {0.0, 1.0}
    written = np.zeros(shape, dtype=bool)
    written[index] = True
    assert value.grad.sum() == written.sum()
    np.testing.assert_array_equal(np.sort(plain[plain < 0]), np.sort(-weights[value.grad == 1]))


def test_an_element_selected_twice_gets_both_gradients():
    x = leaf(1.0, 2.0, 3.0)
    (x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [11.0, 0.0, 100.0])


def test_an_integer_tensor_is_an_index():
    x = leaf(1.0, 2.0, 3.0)
    np.testing.assert_array_equal(x[sg.tensor([2, 0])].data, [3.0, 1.0])
    np.testing.assert_array_equal(x[sg.tensor([True, False, True])].data, [1.0, 3.0])


def test_a_comparison_is_an_index():
    x = leaf(1.0, -2.0, 3.0)
    x[x > 0].sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0, 1.0])


def test_iteration_and_unpacking():
    x = leaf(1.0, 2.0, 3.0)
    a, b, c = x
    (a * b * c).backward()
    np.testing.assert_array_equal(x.grad, [6.0, 3.0, 2.0])
    assert len(x) == 3
    rows = list(sg.tensor(np.arange(6.0).reshape(2, 3)))
    assert [r.shape for r in rows] == [(3,), (3,)]


def test_in_looks_at_the_data():
    x = leaf(1.0, 2.0)
    assert 2.0 in x
    assert 5.0 not in x


def test_an_array_index_reads_a_copy():
    y = leaf(1.0, 2.0, 3.0) * 1.0
    part = y[[1, 2]]
    y[1] = 10.0
    part[0] += 1.0
    np.testing.assert_array_equal(part.data, [3.0, 3.0])
    np.testing.assert_array_equal(y.data, [1.0, 10.0, 3.0])


SEQUENCES = {
    "tuple in a tuple": ((0, 0),),
    "list": [0, 0],
    "Series": pd.Series([0, 0]),
    "Index": pd.Index([0, 0]),
    "DataArray": xr.DataArray([0, 0]),
    "array.array": array.array("q", [0, 0]),
    "memoryview": memoryview(array.array("q", [0, 0])),
    "list in a tuple": ([0, 0],),
    "Tensor": sg.tensor([0, 0]),
    "int8": np.array([0, 0], np.int8),
    "unsigned": np.array([0, 0], np.uint64),
    "big-endian": np.array([0, 0], ">i4"),
    "non-contiguous": np.array([[0], [0]])[:, 0],
}
sequences = pytest.mark.parametrize("index", SEQUENCES.values(), ids=SEQUENCES)


@sequences
def test_any_sequence_is_an_array_of_indices(index):
    x = leaf(1.0, 2.0, 3.0)
    (x[index] * np.array([1.0, 10.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [11.0, 0.0, 0.0])
    table = sg.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    part = index[0] if isinstance(index, tuple) else index
    table[:, part].sum().backward()
    np.testing.assert_array_equal(table.grad, [[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    table.grad = None
    np.take(table, part, axis=1).sum().backward()
    np.testing.assert_array_equal(table.grad, [[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])


@sequences
def test_a_write_at_any_sequence_counts_its_last_element(index):
    x, value = leaf(1.0, 2.0, 3.0), leaf(5.0, 7.0)
    y = x * 1
    y[index] = value
    np.testing.assert_array_equal(y.data, [7.0, 2.0, 3.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(value.grad, [0.0, 1.0])


@pytest.mark.parametrize("indices", [(2,), [2], (2, 0), [[0, 1], [1, 1]], 2, np.int64(2), range(2), ()])
@pytest.mark.parametrize("axis", [None, 0])
def test_take_gives_the_shape_that_numpy_gives(indices, axis):
    x = leaf(1.0, 2.0, 3.0)
    taken = np.take(x, indices, axis=axis)
    plain = np.take(x.data, np.array(indices, dtype=int), axis=axis)
    assert taken.shape == plain.shape
    np.testing.assert_array_equal(taken.data, plain)


def test_a_slice_keeps_its_ends():
    x, start = leaf(1.0, 2.0, 3.0), sg.tensor(1)
    y = x[start:]
    start[...] = 0
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 1.0, 1.0])


@pytest.mark.parametrize("index", ["a", b"a", {0}, 1j, object(), ("a", 0), np.datetime64("2000-01-01")])
def test_what_is_no_index_is_refused(index):
    x = leaf(1.0, 2.0)
    for use in (lambda: x[index], lambda: (x * 1).__setitem__(index, 1.0)):
        with pytest.raises(IndexError):
            use()


def test_the_mask_of_an_index_would_be_lost():
    x = leaf(1.0, 2.0)
    with pytest.raises(TypeError, match="mask"):
        x[np.ma.array([0, 1], mask=[True, False])]


# ---------------------------------------------------------------------------------------------- writing


def test_writing_to_a_computed_tensor_is_recorded():
    x, v = leaf(1.0, 2.0, 3.0), leaf(5.0, 7.0)
    y = x * 2
    y[1:] = v * v
    np.testing.assert_array_equal(y.data, [2.0, 25.0, 49.0])
    (y * np.array([1.0, 10.0, 100.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 0.0, 0.0])
    np.testing.assert_array_equal(v.grad, [100.0, 1400.0])


def test_earlier_readers_keep_the_old_value():
    x = leaf(1.0, 2.0)
    y = x * 3
    before = y * y
    y[0] = 100.0
    after = y * y
    np.testing.assert_array_equal(before.data, [9.0, 36.0])
    np.testing.assert_array_equal(after.data, [10000.0, 36.0])
    (before + after).sum().backward()
    np.testing.assert_array_equal(x.grad, [2 * 9 * 1.0, 2 * 2 * 9 * 2.0])


def test_a_write_from_an_earlier_read_of_the_same_tensor():
    x = leaf(1.0, 2.0)
    y = x * 1
    y[0] = y[1] * 2
    y[1] = y[0] * y[0]
    np.testing.assert_array_equal(y.data, [4.0, 16.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 2 + 2 * 4.0 * 2])


def test_many_writes_in_a_loop():
    x = leaf(*np.linspace(0.5, 1.5, 5))
    y = sg.tensor(np.zeros(5)) * x
    y[0] = x[0]
    for i in range(1, 5):
        y[i] = y[i - 1] * x[i]
    np.testing.assert_allclose(y.data, np.cumprod(x.data), rtol=1e-15)
    y[4].backward()
    np.testing.assert_allclose(x.grad, np.prod(x.data) / x.data, rtol=1e-14)


def test_the_readme_of_every_array_language_fill_an_empty_tensor():
    x = leaf(2.0, 3.0)
    table = sg.tensor(np.zeros((2, 2)))
    for i in range(2):
        for j in range(2):
            table[i, j] = x[i] * x[j]
    table.sum().backward()
    np.testing.assert_array_equal(table.data, [[4.0, 6.0], [6.0, 9.0]])
    np.testing.assert_array_equal(x.grad, [10.0, 10.0])


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/"])
def test_in_place_arithmetic_on_a_part(symbol):
    x, v = leaf(1.0, 2.0, 3.0), leaf(4.0, 5.0)
    y = x * 1.0
    f = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
    }[symbol]
    y[1:] = f(y[1:], v)
    other = leaf(1.0, 2.0, 3.0)
    z = other * 1.0
    if symbol == "+":
        z[1:] += v.data
    elif symbol == "-":
        z[1:] -= v.data
    elif symbol == "*":
        z[1:] *= v.data
    else:
        z[1:] /= v.data
    expected = np.array([1.0, 2.0, 3.0])
    expected[1:] = f(expected[1:], v.data)
    np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_array_equal(z.data, expected)
    y.sum().backward()
    z.sum().backward()
    inner = {"+": 1.0, "-": 1.0, "*": v.data, "/": 1 / v.data}[symbol] * np.ones(2)
    np.testing.assert_allclose(x.grad, [1.0, *inner])
    np.testing.assert_allclose(other.grad, x.grad)
    outer = {"+": 1.0, "-": -1.0, "*": x.data[1:], "/": -x.data[1:] / v.data**2}[symbol] * np.ones(2)
    np.testing.assert_allclose(v.grad, outer)


def test_writing_keeps_the_dtype():
    x = leaf(1.0, 2.0, dtype=np.float32)
    y = x * 2
    y[0] = np.float64(0.1)
    y[1] = leaf(0.5)[0]
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_writing_second_order():
    def f(x, v):
        y = x * x
        y[1:] = v * v * x[:2]
        y[[0, 2]] *= y[1]
        return y

    xs = [leaf(0.5, -1.5, 2.0), leaf(0.7, 1.3)]
    assert sg.gradcheck(f, xs, order=2)


def test_writing_to_a_constant_leaves_a_constant():
    given = np.array([1.0, 2.0])
    c = sg.tensor(given)
    c[0] = 5.0
    assert c.op is None
    assert not c.requires_grad
    np.testing.assert_array_equal(c.data, [5.0, 2.0])
    np.testing.assert_array_equal(given, [1.0, 2.0])


def test_writing_to_a_constant_with_a_tracked_value_records():
    c, x = sg.tensor([1.0, 2.0]), leaf(3.0)
    array = c.data
    c[0] = x[0] * 2
    np.testing.assert_array_equal(array, [1.0, 2.0])
    assert c.requires_grad
    c.sum().backward()
    assert x.grad == [2.0]


def test_writing_under_no_grad_changes_the_leaf_itself():
    x = leaf(1.0, 2.0)
    with sg.no_grad():
        x[0] = 5.0
    assert x.op is None
    assert x.requires_grad
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [10.0, 4.0])


def test_a_value_can_be_written_into_a_tensor():
    v, x = sg.Value(3.0), leaf(1.0, 2.0)
    y = x * 1
    y[0] = v * v
    y.sum().backward()
    assert v.grad == 6.0
    np.testing.assert_array_equal(x.grad, [0.0, 1.0])


@pytest.mark.parametrize("index", [5, (0, 0, 0), [0, 7], np.zeros(5, dtype=bool)])
def test_an_index_out_of_range_changes_nothing(index):
    y = leaf(1.0, 2.0) * 1
    for use in (lambda: y[index], lambda: y.__setitem__(index, 1.0)):
        with pytest.raises(IndexError):
            use()
    np.testing.assert_array_equal(y.data, [1.0, 2.0])


def test_a_value_of_the_wrong_shape_changes_nothing():
    y = leaf(1.0, 2.0, 3.0) * 1
    with pytest.raises(ValueError, match="shape"):
        y[:2] = np.zeros(3)
    np.testing.assert_array_equal(y.data, [1.0, 2.0, 3.0])


def test_a_float_index_is_an_error():
    x = leaf(1.0, 2.0)
    with pytest.raises((IndexError, TypeError)):
        x[1.0]
    with pytest.raises(TypeError, match="integers or booleans"):
        x[leaf(1.0)]
    with pytest.raises(TypeError, match="integers or booleans"):
        x[sg.Value(1.0)]


def test_a_tensor_without_axes_has_no_length():
    x = sg.tensor(1.0)
    with pytest.raises(TypeError, match="length"):
        len(x)
    with pytest.raises(TypeError, match="iterated"):
        iter(x)


def test_ties_in_sort_keep_their_order():
    x = leaf(2.0, 1.0, 2.0, 1.0)
    (sg.sort(x) * np.array([1.0, 10.0, 100.0, 1000.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [100.0, 1.0, 1000.0, 10.0])


@pytest.mark.parametrize("index", [slice(1, 3), [1, 2]], ids=repr)
def test_a_written_value_may_have_leading_axes_of_length_1(index):
    """As in NumPy; its gradient has them, too."""
    value = sg.tensor([[[5.0, 7.0]]], requires_grad=True)
    x = sg.tensor(np.zeros(4), requires_grad=True) * 1.0
    x[index] = value
    (x * [1.0, 2.0, 3.0, 4.0]).sum().backward()
    np.testing.assert_array_equal(value.grad, [[[2.0, 3.0]]])
