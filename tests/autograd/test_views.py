"""Writes through views, to bases and through aliases: every tensor holds what NumPy's array would hold."""

from __future__ import annotations

import copy
import gc
import operator
import pickle
import sys
import weakref
from contextlib import nullcontext

import numpy as np
import pytest

import seegrad as sg

X = np.array([[3.0, 1.0, 2.0], [0.5, -1.0, 4.0]])


def leaf(array=X):
    return sg.tensor(array, requires_grad=True)


# Each takes `z`, a computed array of shape (2, 3), and `x`, an array of the same shape; it writes to `z` and returns
# what is summed. It runs on arrays and on tensors.


def write_to_a_row(z, x):
    z[0][1] = 5.0 * x[1, 0]
    return z


def write_to_a_named_row(z, x):
    row = z[0]
    row[1:] = x[1, :2]
    return z * row


def add_to_rows(z, x):
    for row in z:
        row += x[1]
    return z


def unpack_and_write(z, x):
    a, b = z
    a *= b
    b[:] = a
    return z


def write_to_a_transpose(z, x):
    z.T[...] = x.T * x.T
    return z


def write_to_a_part_of_a_transpose(z, x):
    z.T[1] = x[:, 0] ** 2
    return z


def write_to_a_shape(z, x):
    z.reshape(-1)[4] = x[0, 0] * x[0, 1]
    return z


def write_to_a_ravel(z, x):
    np.ravel(z)[2:5] = x[0] ** 2
    return z


def write_to_swapped_axes(z, x):
    np.swapaxes(z, 0, 1)[2] += x[0, 0]
    return z


def write_to_a_new_axis(z, x):
    np.expand_dims(z, 0)[0, 1] -= x[0]
    return z


def write_to_a_squeezed(z, x):
    w = z[None]
    np.squeeze(w, 0)[:, 1] = x[0, 2]
    return z + w[0]


def write_to_a_flip(z, x):
    np.flip(z, 1)[:, 0] = x[0, 0] * x[1, :][:2]
    return z


def write_to_a_rotation(z, x):
    np.rot90(z)[0, 1] = x[1, 1] ** 2
    return z


def write_to_a_stepped_slice(z, x):
    z[::-1, ::2][0] = x[0, :2] * 3.0
    return z


def write_to_a_part_of_a_split(z, x):
    np.split(z, 3, axis=1)[1][...] = x[:, :1]
    return z


def write_to_a_diagonal_by_step(z, x):
    z.reshape(-1)[::4] = x[0, :2]
    return z


def write_to_a_view_of_a_view(z, x):
    z[1][1:][0] = x[0, 0] ** 3
    return z


def a_row_sees_a_write_to_its_base(z, x):
    row = z[0]
    z[0, 1] = x[1, 2]
    return row * row


def a_row_sees_a_write_to_another_view(z, x):
    row, column = z[0], z[:, 1]
    column[:] = x[:, 0] * 2.0
    return row * row


def a_view_of_a_view_sees_an_update(z, x):
    last = z[1][1:]
    z *= x
    return last * 2.0


def what_was_computed_before_keeps_the_old_elements(z, x):
    row = z[0]
    before = row * row
    z[0] = x[1]
    return before + row


def overlapping_parts(z, x):
    z[:, 1:] = z[:, :-1] * 1.0 + x[:, 1:]
    z[:, :-1] += z[:, 1:] * 2.0
    return z


def a_recurrence_over_rows(z, x):
    for _ in range(3):
        z[1] = z[0] * x[0]
        z[0] = z[1] + 1.0
    return z


def an_alias_sees_an_update(z, x):
    y = z
    y += x
    y *= y
    return z * z


def an_alias_sees_a_division_of_itself(z, x):
    y = z
    y /= y
    y -= x
    return z * z


def single_numbers_are_not_shared(z, x):
    total = z.sum()
    kept = total
    total += x[0, 0]
    element = z[0, 1]
    element *= 3.0
    return z * total + kept * element


def a_view_without_axes_is_shared(z, x):
    element = z[0, 1, ...]
    element *= x[0, 0]
    return z * z


def a_part_is_updated_in_place(z, x):
    z[1] += x[0]
    z[:, 0] *= 2.0
    z[1, 2] -= x[0, 0]
    z[[0, 0, 1]] *= 3.0
    return z


def a_part_is_updated_through_a_name(z, x):
    part = z[1:]
    part += 5.0
    part **= 2
    return z * z


def sort_in_place(z, x):
    z.sort()
    return z * x


def sort_a_column_in_place(z, x):
    z[:, 1].sort()
    return z * x


def sort_along_the_first_axis(z, x):
    z.sort(axis=0)
    return z * x


def leading_axes_of_length_one(z, x):
    z[0] = (x * x)[None, 1:]
    return z


def what_einsum_takes_is_a_view(z, x):
    np.einsum("ij->ji", z)[0] = x[:, 1]
    np.einsum("ij->ij", z)[1, 1:] *= x[0, 0]
    np.einsum("i...->...i", z)[2] += 1.0
    return z * x


def a_flat_copy_stays_when_its_source_is_written(z, x):
    flat, tiled = z.flatten(), np.tile(z, 1)
    z += x
    z[0] = 2.0
    return z * flat.reshape(2, 3) * tiled


def what_is_no_view_in_numpy(z, x):
    for part in (z[::-1], z[:, ::2], z[:, 1:], z[:, ::-1].T, np.flip(z), z.T):
        part.reshape(-1)[0] = x[0, 0]
        np.ravel(part)[1:] *= x[0, 1]
    z[::-1][:1].reshape(-1)[2] = x[0, 2]  # and what is one
    np.ravel(z[:, 1])[0] = 100.0  # a copy, since the elements lie apart
    z[:, 1].reshape(-1)[0] = x[1, 2]
    return z * x


def a_copy_lies_in_order(z, x):
    a, b, c = z.T.copy(), np.copy(z.T), z[:, ::-2].copy()
    for part in (a, b, c):
        part.reshape(-1)[0] = x[0, 0] * 3.0
    return z * x + a.T + b.T + c.sum()


def shapes_of_what_was_picked_are_views(z, x):
    a, b, c = np.take(z, [0, 2], axis=1), np.repeat(z, 2, axis=1), np.pad(z, ((0, 0), (1, 1)), mode="edge")
    for part in (a, b, c):
        part.reshape(-1)[1] = x[0, 0] * 3.0
        np.ravel(part)[2:] *= x[0, 1]
    for part in (np.pad(z.T, 1, mode="edge"), np.sort(z.T)):
        np.ravel(part)[1] = 100.0
        np.ravel(part.T)[1] = x[0, 0]
        z = z * part[1, 1]
    d = z[:, [0, 2]]
    d.reshape(-1)[1] = 100.0  # a copy, since the columns lie together
    return z * x + a.sum() + b.sum() + c.sum() + d.sum()


def copies_are_apart(z, x):
    a, b, c, d = z.copy(), z.flatten(), np.take(z, 0, axis=0), np.tile(z, 1)
    for part in (a, b, c, d):
        part += x[0, 0]
        part[...] = part * 2.0
    return z * (a + b.reshape(2, 3) + c + d)


def a_diagonal_sees_a_write_to_its_base(z, x):
    a, b = np.diagonal(z, 1), np.diag(z[:, :2])
    z[0, 1:] = x[1, :2] ** 2
    z[1, 1] *= 3.0
    return z.sum() + (a * a).sum() + (b * b).sum()


def an_einsum_that_rearranges_is_a_view(z, x):
    a, b = np.einsum("ii->i", z[:, 1:]), np.einsum("ij->ji", z)
    a[...] = x[0, :2] ** 2
    b[2] += 1.0
    return z.sum() + (a * a).sum() + (b * b).sum()


def repeated_names_in_an_einsum(z, x):
    c = np.outer(z[0], z[1]).reshape(1, 3, 3) * x.reshape(2, 3, 1)
    d = np.einsum("ijj->ji", c)
    c[1, 2] = 7.0 * x[0]
    return d * np.einsum("kk->k", c[0]).reshape(3, 1)


def what_is_flattened_is_a_copy(z, x):
    a, b = z.flatten(), np.tile(z, 2)
    z[0] = 2.0
    a[1] = x[0, 0]
    z[1] += a[:3]
    return z.sum() + (a * a).sum() + (b * b).sum()


PROGRAMS = [
    write_to_a_row,
    write_to_a_named_row,
    add_to_rows,
    unpack_and_write,
    write_to_a_transpose,
    write_to_a_part_of_a_transpose,
    write_to_a_shape,
    write_to_a_ravel,
    write_to_swapped_axes,
    write_to_a_new_axis,
    write_to_a_squeezed,
    write_to_a_flip,
    write_to_a_rotation,
    write_to_a_stepped_slice,
    write_to_a_part_of_a_split,
    write_to_a_diagonal_by_step,
    write_to_a_view_of_a_view,
    a_row_sees_a_write_to_its_base,
    a_row_sees_a_write_to_another_view,
    a_view_of_a_view_sees_an_update,
    what_was_computed_before_keeps_the_old_elements,
    overlapping_parts,
    a_recurrence_over_rows,
    an_alias_sees_an_update,
    an_alias_sees_a_division_of_itself,
    single_numbers_are_not_shared,
    a_view_without_axes_is_shared,
    what_einsum_takes_is_a_view,
    a_flat_copy_stays_when_its_source_is_written,
    what_is_no_view_in_numpy,
    a_copy_lies_in_order,
    shapes_of_what_was_picked_are_views,
    a_part_is_updated_in_place,
    a_part_is_updated_through_a_name,
    sort_in_place,
    sort_a_column_in_place,
    sort_along_the_first_axis,
    leading_axes_of_length_one,
    copies_are_apart,
    a_diagonal_sees_a_write_to_its_base,
    an_einsum_that_rearranges_is_a_view,
    repeated_names_in_an_einsum,
    what_is_flattened_is_a_copy,
]
programs = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)

STARTS = {
    "computed": lambda x: x * 1.5,
    "a buffer": lambda x: sg.tensor(X * 1.5) if isinstance(x, sg.Tensor) else X * 1.5,
}
starts = pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)


@programs
@starts
def test_the_same_numbers_as_numpy(program, start):
    x = leaf()
    result = program(start(x), x)
    np.testing.assert_allclose(result.data, program(start(X), X), rtol=1e-14)


@programs
@starts
def test_derivatives_to_second_order(program, start):
    assert sg.gradcheck(lambda x: sg.tanh(0.01 * program(start(x), x)), leaf(), order=2)


@pytest.mark.parametrize("update", [operator.iadd, operator.imul, operator.ipow], ids=lambda update: update.__name__)
@pytest.mark.parametrize(
    "given",
    [
        lambda: sg.tensor(3.0),
        lambda: sg.nn.Parameter(3.0, requires_grad=False),
        lambda: copy.deepcopy(sg.nn.Parameter(3.0, requires_grad=False)),
    ],
    ids=["tensor", "frozen parameter", "copy"],
)
def test_a_single_number_that_was_given_is_an_array(given, update):
    expected = np.array(3.0)
    update(expected, 2.0)
    for paused in (False, True):
        t = given()
        with sg.no_grad() if paused else nullcontext():
            assert update(t, 2.0) is t
        assert t.item() == expected
    x = sg.tensor(2.0, requires_grad=True)
    t = given()
    name = t
    t = update(t, x)
    name.backward()
    assert x.grad == {"iadd": 1.0, "imul": 3.0, "ipow": pytest.approx(9.0 * np.log(3.0))}[update.__name__]


@programs
def test_without_recording(program):
    with sg.no_grad():
        result = program(sg.tensor(X * 1.5), sg.tensor(X))
    np.testing.assert_allclose(result.data, program(X * 1.5, X), rtol=1e-14)
    assert not result.requires_grad


def random_program(seed):
    """A program that reads, writes and updates parts of an array at random, for arrays and tensors alike."""
    choose = np.random.default_rng(seed)
    steps = [(int(choose.integers(5)), choose.integers(1 << 30, size=5)) for _ in range(12)]

    def program(z, x):
        live = [z, x * 0.5]
        for kind, (a, b, c, d, e) in steps:
            v, w = live[a % len(live)], live[b % len(live)]
            source = x[c % 2, d % 3] * w.mean() if v.shape != w.shape else w * x[c % 2, d % 3]
            if kind == 0 and v.ndim:
                parts = [v[d % v.shape[0]], v[d % v.shape[0] :], v[::-1], v.T, v[None], v[..., :1], v[..., 1:]]
                live.append(parts[c % len(parts)])
            elif kind == 1 and v.ndim and v.shape[0]:
                v[e % v.shape[0]] = x[c % 2, d % 3] * w.mean() if w.size else 1.0
            elif kind == 2 and v.size and w.size:
                v *= 0.1 * source
            elif kind == 3 and v.size and w.size:
                v += source
            elif v.size and w.size:
                live.append(v * source)
        return sum(i * v.sum() for i, v in enumerate(live, 1))

    return program


@pytest.mark.parametrize("seed", range(150))
def test_random_programs_compute_and_derive_what_numpys_arrays_say(seed):
    program = random_program(seed)
    value, gradient = sg.value_and_grad(lambda x: program(x * 1.0, x))(X)
    np.testing.assert_allclose(value, program(X * 1.0, X), rtol=1e-12)
    for place in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[place] = 1e-6
        slope = (program((X + step) * 1.0, X + step) - program((X - step) * 1.0, X - step)) / 2e-6
        np.testing.assert_allclose(gradient[place], slope, rtol=1e-6, atol=1e-6 * max(1.0, abs(value)))


def test_the_examples_of_the_kind():
    x = sg.tensor([3.0, 1.0, 2.0], requires_grad=True)
    y = x * 2
    z = y
    z += 1
    assert (y * y).sum().item() == 83.0
    y = x * 2
    r = y[1:]
    r += 5
    assert (y * y).sum().item() == 166.0
    gradient = sg.grad(lambda x: (lambda z: (z[0].__setitem__(1, x[0] * 7.0), z.sum())[1])(np.ones((2, 2)) * x))
    np.testing.assert_array_equal(gradient(np.array([1.0, 1.0])), [9.0, 1.0])


# --------------------------------------------------------------------------- what would lose a gradient is refused


VIEWS = {
    "a row": lambda t: t[0],
    "a slice": lambda t: t[:, 1:],
    "a transpose": lambda t: t.T,
    "a shape": lambda t: t.reshape(-1),
    "a view of a view": lambda t: t[0][1:],
}
views = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


@views
def test_a_write_through_a_view_of_a_leaf_is_refused_while_recording(view):
    x = leaf()
    for write in (lambda v: v.__setitem__(..., 1.0), lambda v: operator.iadd(v, 1.0), lambda v: v.sort()):
        with pytest.raises(RuntimeError, match="leaf that requires gradients"):
            write(view(x))
    np.testing.assert_array_equal(x.data, X)


@views
def test_a_write_through_a_view_of_a_leaf_reaches_it_under_no_grad(view):
    x, expected = leaf(), X.copy()
    old = (x * x).sum()
    with sg.no_grad():
        view(x)[...] = 7.0
    view(expected)[...] = 7.0
    np.testing.assert_array_equal(x.data, expected)
    assert x.requires_grad
    assert x.is_leaf
    with pytest.raises(RuntimeError, match="changed in place"):
        old.backward()


def test_a_write_to_a_view_of_data_that_was_replaced_is_refused():
    x = sg.tensor(X)
    row = x[0]
    x.data = X * 2
    with pytest.raises(RuntimeError, match="given other data since"):
        row[0] = 1.0
    np.testing.assert_array_equal(x.data, X * 2)


READ_ONLY = {
    "broadcast_to": lambda t: np.broadcast_to(t, (2, 2, 3)),
    "diagonal": lambda t: np.diagonal(t),
    "diag": lambda t: np.diag(t),
}


def test_a_write_to_a_diagonal_that_einsum_takes_reaches_it():
    y = leaf(np.eye(2)) * 1
    np.einsum("ii->i", y)[...] = 3.0
    np.testing.assert_array_equal(y.data, 3.0 * np.eye(2))


@pytest.mark.parametrize("view", READ_ONLY.values(), ids=READ_ONLY)
def test_what_numpy_makes_read_only_is_read_only(view):
    y = leaf() * 1
    for z in (X, y):
        with pytest.raises(ValueError, match="read-only"):
            view(z)[...] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        view(y).__iadd__(1.0)
    np.testing.assert_array_equal(y.data, X)


def test_an_update_keeps_shape_and_dtype():
    y = sg.tensor([1.0, 2.0], requires_grad=True, dtype=np.float32) * 1
    y += np.array([0.5, 0.25])
    assert y.dtype == np.float32
    with pytest.raises(ValueError, match=r"\(2,\).*\(3, 2\)"):
        y += np.ones((3, 2))
    whole = sg.tensor([4, 8])
    with pytest.raises(TypeError, match="float64.*int64"):
        whole /= 2
    whole //= 2
    np.testing.assert_array_equal(whole.data, [2, 4])
    np.testing.assert_array_equal(y.data, [1.5, 2.25])


def test_an_update_by_what_is_no_number_is_pythons_error():
    y = leaf() * 1
    with pytest.raises(TypeError, match="unsupported operand"):
        y += "one"


def test_the_data_of_a_computed_tensor_cannot_be_replaced():
    y = leaf() * 1
    with pytest.raises(RuntimeError, match="computed tensor"):
        y.data = X
    with pytest.raises(ValueError, match="read-only"):
        y.data -= 1.0


def test_labels_stay_and_hooks_see_the_gradient_of_the_last_version():
    x, seen = leaf(), []
    y = x * 2
    y.label = "y"
    y.register_hook(seen.append)
    y[0] = 0.0
    y += 1.0
    row = y[1]
    row.label = "row"
    y *= 3.0
    assert (y.label, row.label) == ("y", "row")
    (y * y).sum().backward()
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], 2 * y.data)
    np.testing.assert_array_equal(x.grad, 2 * y.data * np.array([[0.0], [6.0]]))


# --------------------------------------------------------------------------------------------- memory and copies


def test_views_that_are_gone_are_forgotten():
    y = leaf() * 1
    for _ in range(1000):
        y[0]
    assert len(y._memory.views) <= 8


def test_nothing_keeps_a_written_tensor_alive():
    gc.disable()
    try:
        x = leaf()
        y = x * 1
        row = y[0]
        y[1] = row * y[1]
        y[0] = y[1]
        row[:2] = row[1:]
        row += y[1]
        y += y
        loss = (y * row).sum()
        loss.backward()
        nodes = [weakref.ref(node) for node in (y, row, loss)]
        del y, row, loss
        assert [ref() for ref in nodes] == [None, None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_copy_of_a_view_has_memory_of_its_own(copied):
    base = sg.tensor(X)
    row = base[0]
    other = copied(row)
    other[0] = 100.0
    np.testing.assert_array_equal(base.data, X)
    base[0] = 7.0
    np.testing.assert_array_equal(row.data, [7.0, 7.0, 7.0])
    np.testing.assert_array_equal(other.data, [100.0, 1.0, 2.0])


def test_a_long_chain_of_views_is_no_recursion():
    limit = sys.getrecursionlimit()
    x = leaf(np.arange(2000.0))
    y = x * 1
    view = y
    for _ in range(1000):
        view = view[1:]
    try:
        sys.setrecursionlimit(200 + len(__import__("inspect").stack()))
        y[1500] = x[0] + 5.0
        assert view[500].item() == 5.0
        view[500] = x[1] * 3.0
        assert y[1500].item() == 3.0
    finally:
        sys.setrecursionlimit(limit)
