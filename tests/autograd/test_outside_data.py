"""What comes from outside is a plain array at the door, that nobody else can write to, or it is refused."""

from __future__ import annotations

import array
import fractions
import operator
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from in_one_test import each

import seegrad as sg

C = np.array([2.0, 3.0])


class Duck:
    """Knows how to become an array, and computes in a way of its own."""

    def __array__(self, dtype=None, copy=None):
        return C.copy()

    def __rmul__(self, other):
        return "mine"


class Shifted(np.ndarray):
    """An array of a class of its own, whose product is something else."""

    def __mul__(self, other):
        return np.asarray(self) * np.asarray(other) + 1000.0

    __rmul__ = __mul__


# Each holds the numbers of `C`.
KINDS = {
    "list": [2.0, 3.0],
    "tuple": (2.0, 3.0),
    "array.array": array.array("d", [2.0, 3.0]),
    "Series": pd.Series([2.0, 3.0], index=[1, 0]),
    "nullable Series": pd.Series([2.0, 3.0], dtype="Float64", index=[5, 6]),
    "Index": pd.Index([2.0, 3.0]),
    "DataArray": xr.DataArray([2.0, 3.0], dims="other"),
    "subclass": C.copy().view(Shifted),
    "duck": Duck(),
    "big-endian": C.astype(">f8"),
    "memoryview": memoryview(C.copy()),
    "float16": C.astype(np.float16),
    "integers": np.array([2, 3]),
    "non-contiguous": np.array([2.0, 0.0, 3.0, 0.0])[::2],
    "Tensor": sg.tensor(C),
}
kinds = pytest.mark.parametrize("constant", KINDS.values(), ids=KINDS)

OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "%": operator.mod,
    "//": operator.floordiv,
    "@": operator.matmul,
    "maximum": lambda a, b: np.maximum(a, b) if isinstance(a, sg.Tensor) else np.maximum(a, b),
    "fmax": np.fmax,
    "hypot": np.hypot,
    "logaddexp": np.logaddexp,
    "arctan2": np.arctan2,
    "dot": np.dot,
    "outer": np.outer,
    "inner": np.inner,
    "kron": np.kron,
    "where": lambda a, b: sg.where([True, False], a, b),
    "stack": lambda a, b: np.stack([a, b]),
    "concatenate": lambda a, b: np.concatenate([a, b, a]),
    "einsum": lambda a, b: np.einsum("i,j->ij", a, b),
    "append": np.append,
}
operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


#: Objects that take the first word in some calls, and refuse a tensor there.
THEIR_OWN = (pd.Series, pd.Index, xr.DataArray, Shifted)


def held_by(result):
    """Return the Tensor in a DataArray."""
    return result.data if isinstance(result, xr.DataArray) else result


def value_and_gradient(operation, t, constant, left):
    t.grad = None
    result = held_by(operation(constant, t) if left else operation(t, constant))
    assert type(result) is sg.Tensor
    (result * np.linspace(1.0, 2.0, result.size).reshape(result.shape)).sum().backward()
    return result.data, t.grad


@kinds
@operations
@each("left", [False, True])
def test_a_constant_of_any_kind_counts_by_position(constant, operation, left):
    t = sg.tensor([1.5, 2.5], requires_grad=True)
    expected = value_and_gradient(operation, t, C, left)
    try:
        found = value_and_gradient(operation, t, constant, left)
    except TypeError:
        assert isinstance(constant, THEIR_OWN)
        assert left or operation not in (operator.add, operator.mul, operator.pow)
        return
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=1e-3 if getattr(constant, "dtype", None) == np.float16 else 1e-12)


def test_the_example_of_the_kind():
    x = pd.Series([1.0, 10.0], index=[0, 1])
    w = pd.Series([2.0, 3.0], index=[1, 0])
    for f in (lambda t: (t * x * w).sum(), lambda t: (x * t * w).sum(), lambda t: (w * (x * t)).sum()):
        np.testing.assert_array_equal(sg.grad(f)(np.ones(2)), [2.0, 30.0])


@kinds
def test_second_derivatives_with_a_constant_of_any_kind(constant):
    np.testing.assert_allclose(
        sg.hessian(lambda t: (t**3 * constant).sum())(np.array([1.0, 2.0])), np.diag(6.0 * np.array([1.0, 2.0]) * C)
    )


@kinds
def test_comparisons_give_plain_arrays(constant):
    t = sg.tensor([2.0, 2.5])
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        answer = compare(t, constant)
        assert type(answer) is np.ndarray
        np.testing.assert_array_equal(answer, compare(t.data, C))


@kinds
def test_any_kind_can_be_written(constant):
    y = sg.tensor(np.zeros((2, 2)), requires_grad=True) * 1
    y[1] = constant
    np.testing.assert_array_equal(y.data, [[0.0, 0.0], [2.0, 3.0]])


@kinds
def test_any_kind_can_become_a_tensor_a_gradient_or_an_argument(constant):
    if isinstance(constant, sg.Tensor):
        constant = constant.data
    assert type(sg.tensor(constant).data) is np.ndarray
    if np.asarray(constant).dtype.kind == "f":
        leaf = sg.tensor(constant, requires_grad=True)
        assert leaf.dtype.isnative
        (leaf * leaf).sum().backward()
        assert type(leaf.grad) is np.ndarray
        np.testing.assert_array_equal(leaf.grad, 2 * C)
    x = sg.tensor(C, requires_grad=True)
    x.grad = constant
    assert type(x.grad) is np.ndarray
    (x * x).backward(constant)
    np.testing.assert_array_equal(x.grad, C + 2 * C * C)
    if not isinstance(constant, (list, tuple)) and np.asarray(constant).dtype.kind == "f":
        gradient = sg.grad(lambda t: (t * t).sum())(constant)
        assert type(gradient) is np.ndarray
        np.testing.assert_array_equal(gradient, 2 * C)


def test_a_data_frame_and_a_matrix_are_tables_of_numbers():
    table = np.array([[1.0, 2.0], [3.0, 4.0]])
    frame = pd.DataFrame(table, index=["b", "a"], columns=["y", "x"])
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(table)
    for constant in (frame, matrix):
        t = sg.tensor(table + 0.5, requires_grad=True)
        (t * constant).sum().backward()
        np.testing.assert_array_equal(t.grad, table)
        t.grad = None
        (t @ constant).sum().backward()
        np.testing.assert_array_equal(t.grad, np.ones((2, 2)) @ table.T)


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("left", [False, True])
def test_a_table_meets_a_value_by_position(operation, left):
    for table in (pd.Series([2.0, 3.0], index=[1, 0]), pd.DataFrame({"a": [2.0], "b": [3.0]})):
        v = sg.Value(1.5)
        result = operation(table, v) if left else operation(v, table)
        assert type(result) is sg.Tensor
        plain = table.to_numpy()
        np.testing.assert_allclose(result.data, operation(plain, 1.5) if left else operation(1.5, plain))
        result.sum().backward()
        f = lambda x: (operation(plain, x) if left else operation(x, plain)).sum()  # noqa: B023, E731
        np.testing.assert_allclose(v.grad, (f(1.5 + 1e-6) - f(1.5 - 1e-6)) / 2e-6, rtol=1e-7)


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("node", [sg.tensor([1.5, 2.5, 3.5], requires_grad=True), sg.tensor(2.0), sg.Value(2.0)])
def test_a_data_array_keeps_its_names_around_a_tensor(operation, left, node):
    labelled = xr.DataArray([[2.0, 3.0, 4.0]], dims=("row", "column"), coords={"column": [10, 20, 30]})
    result = operation(labelled, node) if left else operation(node, labelled)
    assert type(result) is xr.DataArray
    assert type(result.data) is sg.Tensor
    assert result.dims == labelled.dims
    expected = operation(*((labelled.data, node.data) if left else (node.data, labelled.data)))
    np.testing.assert_allclose(result.data.data, expected)
    if not isinstance(node, sg.Value):
        ufunc = {operator.mul: np.multiply, operator.add: np.add}.get(operation)
        assert ufunc is None or type(ufunc(node, labelled)) is type(ufunc(labelled, node)) is xr.DataArray


def test_derivatives_through_data_arrays():
    base = np.array([1.0, 2.0, 3.0])

    def f(x):
        inner = x * xr.DataArray(base, dims="k")
        return (x * np.exp(inner)).sum("k")

    assert sg.grad(f)(0.3) == pytest.approx(np.sum(np.exp(0.3 * base) * (1 + 0.3 * base)))
    assert sg.hessian(f)(0.3) == pytest.approx(np.sum(np.exp(0.3 * base) * base * (2 + 0.3 * base)))
    value, pull = sg.vjp(lambda x: {"a": x * xr.DataArray(base, dims="k")}, 2.0)
    np.testing.assert_array_equal(value["a"], 2 * base)
    assert pull({"a": np.ones(3)}) == (6.0,)
    t = sg.tensor(base, requires_grad=True)
    t *= xr.DataArray(base, dims="k")
    assert type(t) is xr.DataArray


def test_functions_of_plain_data_give_plain_arrays():
    first, second = pd.Series([1.0, 2.0], index=[0, 1]), pd.Series([10.0, 20.0], index=[1, 0])
    for result in (sg.add(first, second), sg.sum(first, 0), sg.exp(first), sg.matmul(first, second)):
        assert type(result) in (np.ndarray, np.float64)
    np.testing.assert_array_equal(sg.add(first, second), [11.0, 22.0])


# --------------------------------------------------------------------------------------------------- refused

REFUSED = {
    "masked array": (np.ma.array([1.0, 2.0], mask=[True, False]), "mask"),
    "masked array without a mask": (np.ma.array([1.0, 2.0]), "mask"),
    "texts": (np.array(["a", "b"]), "numbers"),
    "dates": (np.array(["2000", "2001"], "datetime64[Y]"), "numbers"),
    "objects": (np.array([1.0, None]), "numbers"),
    "texts in a Series": (pd.Series(["a", None]), "numbers"),
    "records": (np.zeros(2, [("a", float)]), "numbers"),
    "fraction": (fractions.Fraction(1, 2), "numbers"),
}
refused = pytest.mark.parametrize(("constant", "why"), REFUSED.values(), ids=REFUSED)

COMPLEX = {
    "number": 1j,
    "array": np.array([1j, 1.0]),
    "0-d array": np.array(1j),
    "scalar": np.complex64(1j),
    "list": [1j, 2.0],
    "Series": pd.Series([1j, 2.0]),
    "Tensor": sg.tensor([1j, 2.0]),
}

DOORS = {
    **{name: operation for name, operation in OPERATIONS.items() if name not in ("dot", "outer", "inner", "kron")},
    "put": lambda t, c: (t * 1).__setitem__(slice(None), c),
    "tensor": lambda t, c: sg.tensor(c),
    "Tensor": lambda t, c: sg.Tensor(c),
    "gradient": lambda t, c: (t * 1).backward(c),
    "grad": lambda t, c: setattr(t, "grad", c),
    "data": lambda t, c: setattr(t, "data", c),
    "+=": lambda t, c: operator.iadd(t * 1, c),
    "argument": lambda t, c: sg.grad(lambda x, y: (x * y).sum(), 1)(1.0, c),
    "clip": lambda t, c: np.clip(t, c, None),
    "pad": lambda t, c: np.pad(t, 1, constant_values=c),
    "sum from": lambda t, c: np.sum(t, initial=c),
    "prod from": lambda t, c: np.multiply.reduce(t, initial=c),
    "max without elements": lambda t, c: np.max(t[:0], initial=c),
    "sum with a mask": lambda t, c: np.max(t, where=[True, False], initial=c),
    "vjp": lambda t, c: sg.vjp(lambda x: x * 2, np.ones(2))[1](c),
    "jvp": lambda t, c: sg.jvp(lambda x: x * 2, (np.ones(2),), (c,)),
    "loss": lambda t, c: sg.nn.MSELoss()(t, c),
    "loss of a probability": lambda t, c: sg.nn.BCEWithLogitsLoss()(t, c),
    "weight of a loss": lambda t, c: sg.nn.BCEWithLogitsLoss(weight=c)(t, [0.0, 1.0]),
    "weight of a class": lambda t, c: sg.nn.CrossEntropyLoss(weight=c)(t[None], [0]),
    "classes": lambda t, c: sg.nn.CrossEntropyLoss()(t[None] * np.ones((2, 1)), c),
}


#: Doors that also refuse data of another shape or structure than they expect, with a ValueError.
CHOOSY = [DOORS[name] for name in ("einsum", "vjp", "jvp", "classes")]


@refused
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_what_is_no_array_of_real_numbers_is_refused(door, constant, why):
    t = sg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises((TypeError, ValueError) if door in CHOOSY else TypeError) as error:
        door(t, constant)
    assert why in str(error.value) or isinstance(error.value, ValueError)


#: Operations of real numbers alone, and doors to what is real.
REAL = {
    **{name: OPERATIONS[name] for name in ("%", "//", "maximum", "fmax", "hypot", "logaddexp", "arctan2")},
    **{name: door for name, door in DOORS.items() if name not in OPERATIONS and name not in ("tensor", "Tensor")},
}


@pytest.mark.parametrize("constant", COMPLEX.values(), ids=COMPLEX)
@pytest.mark.parametrize("door", REAL.values(), ids=REAL)
def test_what_is_real_takes_no_complex_numbers(door, constant):
    t = sg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises((TypeError, ValueError)) as error:  # of another shape or kind, too
        door(t, constant)
    if type(constant) is np.ndarray and constant.shape == t.shape:
        assert "complex" in str(error.value) or isinstance(error.value, ValueError)


@pytest.mark.parametrize("constant", [1j, np.array(1j), np.array([1j, 1 + 1j]), np.complex128(1)])
def test_a_value_refuses_complex_numbers(constant):
    v = sg.Value(2.0)
    for operation in (operator.add, operator.mul, operator.truediv, operator.pow):
        for left in (False, True):
            with pytest.raises(TypeError, match="complex"):
                operation(constant, v) if left else operation(v, constant)
    with pytest.raises(TypeError):
        sg.Value(constant)


@pytest.mark.parametrize(
    "operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul, np.ma.dot]
)
def test_a_masked_array_in_front_does_not_lose_the_gradient(operation):
    t = sg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError):
        operation(np.ma.array([1.0, 2.0], mask=[True, False]), t)
    with pytest.raises(TypeError):
        np.ma.exp(t)


def test_a_users_operation_may_give_complex_numbers():
    @sg.primitive
    def root(x):
        return np.sqrt(x + 0j)

    root.rules(lambda g, out, x: g / (2 * out))
    np.testing.assert_allclose(sg.grad(lambda x: root(x).imag.sum())(np.array([-4.0])), [-0.25])


# ---------------------------------------------------------------------------------------- the owner writes later


def read_only_view(array):
    view = array[:]
    view.flags.writeable = False
    return view


def memory_map(array, tmp_path):
    path = tmp_path / "numbers"
    array.tofile(path)
    writer = np.memmap(path, dtype=array.dtype, mode="r+")
    return writer, np.memmap(path, dtype=array.dtype, mode="r")


OWNED = {
    "array": lambda a: a,
    "read-only view": read_only_view,
    "broadcast_to": lambda a: np.broadcast_to(a, (2, 2)),
    "sliding_window_view": lambda a: np.lib.stride_tricks.sliding_window_view(a, 1)[:, 0],
    "Series": lambda a: pd.Series(a, copy=False),
    "to_numpy of a Series": lambda a: pd.Series(a, copy=False).to_numpy(),
    "DataArray": lambda a: xr.DataArray(a),
    "memoryview": lambda a: memoryview(a),
    "subclass": lambda a: a.view(Shifted),
    "real part": lambda a: a.real,
}
CONSTANTS = {
    "*": lambda t, c: t * c,
    "/": lambda t, c: t / c,
    "@": lambda t, c: t @ np.asarray(c).T,
    "einsum": lambda t, c: np.einsum("i,...i->...i", t, c),
    "exponent": lambda t, c: t**c,
    "Tensor of it": lambda t, c: t * sg.tensor(c),
}


@pytest.mark.parametrize("use", CONSTANTS.values(), ids=CONSTANTS)
@pytest.mark.parametrize("share", OWNED.values(), ids=OWNED)
def test_the_owner_of_a_constant_may_change_it_afterwards(share, use):
    gradients = []
    for change in (False, True):
        owner, t = C.copy(), sg.tensor([1.5, 2.5], requires_grad=True)
        loss = (held_by(use(t, share(owner))) ** 2).sum()
        if change:
            owner[:] = 100.0
        loss.backward()
        gradients.append(t.grad)
    np.testing.assert_array_equal(*gradients)


def test_a_memory_map_may_change_afterwards(tmp_path):
    t = sg.tensor([1.5, 2.5], requires_grad=True)
    writer, reader = memory_map(C, tmp_path)
    loss = (t * reader).sum()
    writer[:] = 100.0
    writer.flush()
    loss.backward()
    np.testing.assert_array_equal(t.grad, C)


@pytest.mark.parametrize("share", OWNED.values(), ids=OWNED)
def test_the_owner_of_an_index_or_a_condition_may_change_it_afterwards(share):
    for use in (
        lambda t, c: t[c],
        lambda t, c: np.take(t, c),
        lambda t, c: sg.where(c, t, 0.0),
        lambda t, c: np.where(c, t, 0.0),
    ):
        gradients = []
        for change in (False, True):
            owner, t = np.array([1, 0]), sg.tensor([1.5, 2.5], requires_grad=True)
            loss = (use(t, share(owner)) ** 2).sum()
            if change:
                owner[:] = owner[::-1].copy()
            loss.backward()
            gradients.append(t.grad)
        np.testing.assert_array_equal(*gradients)


def test_the_argument_of_a_vjp_may_change_afterwards():
    x = C.copy()
    _, pull = sg.vjp(lambda t: t * t, x)
    x[:] = 100.0
    np.testing.assert_array_equal(pull(np.ones(2))[0], 2 * C)


def test_a_read_only_array_that_owns_its_memory_is_not_copied():
    held = {}
    for writeable in (False, True):
        constant = np.ones(100_000)
        constant.flags.writeable = writeable
        x = sg.tensor([2.0], requires_grad=True)
        tracemalloc.start()
        try:
            y = x * constant
            held[writeable] = tracemalloc.get_traced_memory()[0] / y.data.nbytes
        finally:
            tracemalloc.stop()
    assert held == {False: pytest.approx(1.0, abs=0.1), True: pytest.approx(2.0, abs=0.1)}


def test_classes_with_a_mask_are_refused():
    classes = np.ma.array([1, 0], mask=[True, False])
    for use in (
        sg.nn.Embedding(3, 2),
        lambda c: sg.nn.functional.embedding(c, np.eye(3)),
        lambda c: sg.nn.CrossEntropyLoss()(np.ones((2, 3)), c),
    ):
        with pytest.raises(TypeError, match="mask"):
            use(classes)


def test_the_derivative_of_a_complex_result_is_refused():
    for number in (1j, np.complex64(1j), np.array(1j)):
        with pytest.raises(TypeError, match="holomorphic=True"):
            sg.grad(lambda x, number=number: number)(1.0)


@each("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int64", "float16", "float32"])
@pytest.mark.parametrize(
    "form", [np.asarray, lambda c: c[0], lambda c: c[0].reshape(())], ids=["array", "number", "0-d"]
)
@each("left", [True, False])
@pytest.mark.parametrize(
    "operation",
    [np.power, np.divide, np.arctan2, np.hypot, np.logaddexp, np.logaddexp2, np.multiply, np.maximum, np.copysign],
)
def test_a_constant_of_few_digits_counts_as_its_number(operation, left, form, dtype):
    for number in (1, 2, 3, 120, 250, 300, 40000):
        constant = np.array([number]).astype(dtype)
        if constant[0] != number or (dtype == "bool" and operation is np.copysign):
            continue  # NumPy has no sign of a boolean
        found = []
        for c in (form(constant), float(number)):
            x = sg.tensor([1.3], requires_grad=True)
            with np.errstate(over="ignore"):
                (operation(c, x) if left else operation(x, c)).backward([1.0], create_graph=True)
                slope, x.grad = x.grad, None
                if slope.requires_grad:
                    slope.sum().backward()
            found.append((slope.data, np.zeros(1) if x.grad is None else x.grad))
        np.testing.assert_allclose(*found, rtol=1e-13)
