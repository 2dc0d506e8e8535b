"""What is changed in place after it was recorded: an error, or the right gradient of the original."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from leaves import leaf

import seegrad as sg
from seegrad import Value
from seegrad.autograd import stamp


def test_a_constant_array_that_changes_later_does_not_matter():
    x, c = leaf(1.0, 2.0), np.array([3.0, 4.0])
    y = x * c
    c[:] = 0.0
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])


def test_an_index_array_that_changes_later_does_not_matter():
    x, index = leaf(1.0, 2.0, 3.0), np.array([0, 1])
    y = x[index]
    index[:] = 2
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0, 0.0])


def test_a_condition_that_changes_later_does_not_matter():
    x, condition = leaf(1.0, 2.0), np.array([True, False])
    y = sg.where(condition, x, 0.0)
    condition[:] = False
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0])


def test_a_condition_that_is_a_tensor_and_changes_later_does_not_matter():
    x, condition = leaf(1.0, 2.0), sg.tensor([1.0, 0.0])
    y = sg.where(condition, x, 0.0)
    condition[0] = 0.0
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0])


def overwrite_data(x):
    x.data = x.data * 2


def subtract_from_data(x):
    x.data -= 1.0


def stamp_after_writing(x):
    x.data[...] = 0.0
    stamp(x)


def write_under_no_grad(x):
    with sg.no_grad():
        x[0] = 7.0


def subtract_under_no_grad(x):
    with sg.no_grad():
        x -= 1.0


@pytest.mark.parametrize("read", [lambda x: x * x, lambda x: sg.sin(x)], ids=["multiply", "sin"])
@pytest.mark.parametrize(
    "change", [overwrite_data, subtract_from_data, stamp_after_writing, write_under_no_grad, subtract_under_no_grad]
)
def test_a_leaf_changed_after_it_was_read_is_an_error_that_names_it(change, read):
    x = leaf(1.0, 2.0, label="weights")
    result = read(x)
    old = result.sum()
    change(x)
    with pytest.raises(RuntimeError, match=rf"'weights'.*'{result.op.name}'.*changed in place"):
        old.backward()
    assert x.grad is None
    (x * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])


def test_a_value_changed_after_it_was_read_is_an_error():
    x = Value(2.0, label="weight")
    y = x * x
    x.data = 5.0
    with pytest.raises(RuntimeError, match="'weight'"):
        y.backward()


def test_a_constant_tensor_changed_after_it_was_read_is_an_error_or_harmless():
    x, c = leaf(1.0, 2.0), sg.tensor([3.0, 4.0], label="constant")
    y = (x * c).sum()
    c[0] = 100.0
    with pytest.raises(RuntimeError, match="'constant'"):
        y.backward()


def test_recorded_results_cannot_be_written():
    x = leaf(1.0, 2.0)
    y = x * x
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 5.0
    np.testing.assert_array_equal(y.data, [1.0, 4.0])


def test_a_leaf_that_requires_gradients_cannot_be_written_while_recording():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="no_grad"):
        x[0] = 5.0
    for change in (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imod):
        with pytest.raises(RuntimeError, match="no_grad"):
            change(x, 1.0)
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


def test_in_place_arithmetic_on_a_computed_tensor_is_recorded():
    x = leaf(1.0, 2.0)
    y = x * 1
    kept = y
    y += 3
    y *= x
    y -= 1
    y /= 2
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [1.5, 4.5])
    assert kept is y  # as with arrays, another name for the same tensor sees the update
    np.testing.assert_array_equal(x.grad, (2 * np.array([1.0, 2.0]) + 3) / 2)


@pytest.mark.parametrize(("read", "slope"), [(sg.sin, np.cos), (lambda y: y * y, lambda y: 2 * y)])
def test_what_was_computed_before_an_update_has_the_gradient_of_what_it_read(read, slope):
    x = leaf(1.0, 2.0)
    y = x * 3.0
    before = read(y)
    y[0] = 7.0
    y += 1.0
    before.sum().backward()
    np.testing.assert_allclose(x.grad, 3.0 * slope(np.array([3.0, 6.0])), rtol=1e-15)


def test_in_place_arithmetic_on_elements_is_one_write():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1.0
    y[:2] *= 3.0
    assert y.op.name == "setitem"
    assert [input.op.name for input in y.inputs] == ["multiply", "multiply"]
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0, 1.0])


def test_in_place_arithmetic_under_no_grad_changes_the_leaf_itself():
    x = leaf(1.0, 2.0)
    kept = x
    with sg.no_grad():
        x -= 0.5
        x *= 2
        x **= 2
    assert x is kept
    assert x.requires_grad
    np.testing.assert_array_equal(x.data, [1.0, 9.0])


def test_the_callers_array_is_not_changed_by_in_place_arithmetic():
    array = np.array([1.0, 2.0])
    x = sg.tensor(array, requires_grad=True)
    with sg.no_grad():
        x -= 1.0
        x[0] = 9.0
    np.testing.assert_array_equal(array, [1.0, 2.0])


# Writing through another tensor over the same memory: the gradient of the original, or an error.


def through_detach(c):
    c.detach()[0] = 100.0


def through_a_slice(c):
    c[:1][0] = 100.0


def through_a_transpose(c):
    c.T[0] = 100.0


def through_a_shape_under_no_grad(c):
    with sg.no_grad():
        c.reshape(2)[0] = 100.0


@pytest.mark.parametrize(
    "change", [through_detach, through_a_slice, through_a_transpose, through_a_shape_under_no_grad]
)
def test_writing_through_a_view_of_a_constant_is_never_silently_wrong(change):
    x, c = leaf(1.0, 2.0), sg.tensor([3.0, 4.0])
    loss = (x * c).sum()
    change(c)
    try:
        loss.backward()
    except RuntimeError:
        return
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])


@pytest.mark.parametrize("change", [through_detach, through_a_shape_under_no_grad])
def test_writing_through_a_view_of_a_leaf_is_never_silently_wrong(change):
    x = leaf(1.0, 2.0)
    loss = (x * x).sum()
    change(x)
    try:
        loss.backward()
    except RuntimeError:
        return
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


@pytest.mark.parametrize("view", [lambda c: c[:], lambda c: c.reshape(2), lambda c: c.T, lambda c: c.detach()])
@pytest.mark.parametrize("write", ["item", "data"])
def test_a_view_that_was_recorded_does_not_change_with_its_base(view, write):
    x, c = leaf(1.0, 2.0), sg.tensor([3.0, 4.0])
    loss = (x * view(c)).sum()
    if write == "item":
        c[0] = 100.0
    else:
        c.data -= 1.0
    try:
        loss.backward()
    except RuntimeError:
        return
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])
