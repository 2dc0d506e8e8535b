"""Other libraries: what they see of a Tensor, and what a Tensor makes of theirs.

PyTorch, JAX and CuPy are not installed where tests run: stand-ins have the protocols by which their arrays are read.
"""

from __future__ import annotations

import operator

import numpy as np
import pytest
import xarray as xr

import seegrad as sg
import seegrad.numpy as snp

X = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])


class OfPyTorch:
    """An array as PyTorch has it: NumPy reads it, unless it requires gradients; its operators leave ours to us."""

    def __init__(self, data, requires_grad=False):
        self._data, self.requires_grad = data, requires_grad

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return np.asarray(self._data, dtype=dtype)

    def __dlpack__(self, **options):
        return self._data.__dlpack__()

    def __dlpack_device__(self):
        return self._data.__dlpack_device__()

    def __mul__(self, other):
        return NotImplemented


class OfDLPack:
    """An array that is exported by DLPack alone."""

    def __init__(self, data):
        self._data = data

    def __dlpack__(self, **options):
        return self._data.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._data.__dlpack_device__()


@pytest.mark.parametrize("kind", [OfPyTorch, OfDLPack, memoryview])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arrays_of_other_libraries_are_data(kind, dtype):
    numbers = X.astype(dtype)
    foreign = kind(numbers)
    t = sg.tensor(foreign, requires_grad=True)
    assert t.dtype == dtype
    np.testing.assert_array_equal(t.data, numbers)
    numbers[0, 0] = 100.0  # of the owner
    assert t.data[0, 0] == 1.5
    numbers[0, 0] = 1.5
    (t * foreign).sum().backward()
    np.testing.assert_array_equal(t.grad, numbers)
    t.grad = None
    (foreign * t).sum().backward()
    np.testing.assert_array_equal(t.grad, numbers)
    np.testing.assert_allclose(sg.grad(lambda x: np.sum(x**2))(foreign), 2 * numbers)
    np.testing.assert_array_equal(sg.vmap(lambda x: x * 2)(foreign), numbers * 2)
    w = sg.tensor(np.ones((3, 1)), requires_grad=True)
    np.testing.assert_allclose((sg.matmul(foreign, w)).data, numbers @ np.ones((3, 1)))
    loss = sg.nn.functional.mse_loss(t, foreign)
    assert loss.item() == 0.0


def test_what_the_other_library_refuses_is_its_error():
    with pytest.raises(RuntimeError, match="detach"):
        sg.tensor(OfPyTorch(X, requires_grad=True))


# ------------------------------------------------------------------------------------------------------ DLPack


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "complex64", "int8", "bool"])
def test_export_by_dlpack(dtype):
    t = sg.tensor(np.arange(6).reshape(2, 3).astype(dtype))
    array = np.from_dlpack(t)
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, t.data)
    assert t.__dlpack_device__() == (1, 0)
    assert np.shares_memory(array, t.data)
    assert sg.tensor(OfDLPack(t)).dtype == dtype


def test_what_cannot_be_exported():
    t = sg.tensor(X, requires_grad=True)
    for node in (t, t * 2):
        with pytest.raises(TypeError, match="gradient"):
            np.from_dlpack(node)
        with sg.no_grad():
            np.testing.assert_array_equal(np.from_dlpack(node), node.data)
        np.testing.assert_array_equal(np.from_dlpack(node.detach()), node.data)
    with sg.no_grad():  # older versions of the protocol cannot say that memory is read-only
        capsule = (t * 2).__dlpack__()
    assert "dltensor" in repr(capsule)
    with pytest.raises(TypeError):
        sg.vmap(lambda x: np.from_dlpack(x))(X)


# ----------------------------------------------------------------------------------------- the array API standard

#: The functions of the standard (2024.12) that work on arrays, but those below.
ELEMENTWISE = """abs acos acosh asin asinh atan atanh ceil conj cos cosh exp expm1 floor imag log log10 log1p log2
negative positive real reciprocal round sign sin sinh sqrt square tan tanh trunc"""
PAIRS = "add atan2 copysign divide floor_divide hypot logaddexp maximum minimum multiply pow remainder subtract"
ANSWERS = """isfinite isinf isnan signbit logical_not"""
COMPARISONS = "equal greater greater_equal less less_equal logical_and logical_or logical_xor not_equal"
REDUCTIONS = "max mean min prod std sum var cumulative_sum"
WHOLE = {
    "broadcast_to": lambda xp, x: xp.broadcast_to(x, (4, 2, 3)),
    "broadcast_arrays": lambda xp, x: xp.broadcast_arrays(x, x[:1])[1],
    "clip": lambda xp, x: xp.clip(x, 0.0, 2.0),
    "concat": lambda xp, x: xp.concat([x, x], axis=1),
    "diff": lambda xp, x: xp.diff(x, axis=0),
    "expand_dims": lambda xp, x: xp.expand_dims(x, axis=1),
    "flip": lambda xp, x: xp.flip(x, axis=0),
    "matmul": lambda xp, x: xp.matmul(x, xp.matrix_transpose(x)),
    "meshgrid": lambda xp, x: xp.meshgrid(x[0], x[1])[0],
    "moveaxis": lambda xp, x: xp.moveaxis(x, 0, 1),
    "permute_dims": lambda xp, x: xp.permute_dims(x, (1, 0)),
    "repeat": lambda xp, x: xp.repeat(x, 2, axis=0),
    "reshape": lambda xp, x: xp.reshape(x, (3, 2)),
    "roll": lambda xp, x: xp.roll(x, 1, axis=1),
    "sort": lambda xp, x: xp.sort(x, axis=0),
    "squeeze": lambda xp, x: xp.squeeze(x[:1], axis=0),
    "stack": lambda xp, x: xp.stack([x, x], axis=1),
    "take": lambda xp, x: xp.take(x, xp.asarray([1, 0]), axis=1),
    "tensordot": lambda xp, x: xp.tensordot(x, x, axes=((1,), (1,))),
    "tile": lambda xp, x: xp.tile(x, (2, 1)),
    "tril": lambda xp, x: xp.tril(x),
    "unique_values": lambda xp, x: xp.unique_values(x),
    "unstack": lambda xp, x: xp.unstack(x, axis=1)[0],
    "vecdot": lambda xp, x: xp.vecdot(x, x),
    "where": lambda xp, x: xp.where(x > 0, x, xp.zeros_like(x)),
    "astype": lambda xp, x: xp.astype(x, xp.float32),
    "linalg": lambda xp, x: xp.linalg.vector_norm(x, axis=1),
}
FORMS = {
    **{name: lambda xp, x, name=name: getattr(xp, name)(x / 9 + 0.5) for name in ELEMENTWISE.split()},
    "acosh": lambda xp, x: xp.acosh(x * x + 1.5),
    **{name: lambda xp, x, name=name: getattr(xp, name)(x * x, x) for name in PAIRS.split()},
    **{name: lambda xp, x, name=name: getattr(xp, name)(x, axis=1) for name in REDUCTIONS.split()},
    **WHOLE,
}
NEWER = {"cumulative_sum", "unstack"}  # than NumPy 2.0


@pytest.mark.parametrize("name", [name for name in FORMS if name not in NEWER or hasattr(np, name)])
def test_functions_of_the_standard(name):
    t = sg.tensor(X, requires_grad=True)
    xp = t.__array_namespace__(api_version="2022.12")
    assert xp is snp
    ours, numpys = FORMS[name](xp, t), FORMS[name](np, X)
    assert type(ours) is sg.Tensor
    assert ours.requires_grad
    assert ours.dtype == numpys.dtype
    np.testing.assert_allclose(ours.data, numpys, rtol=1e-12)
    with sg.no_grad():
        assert type(FORMS[name](xp, t)) is sg.Tensor


def test_what_else_the_standard_asks_for():
    t = sg.tensor(X)
    for name in [*ANSWERS.split(), *COMPARISONS.split()]:  # plain arrays, as all that has no derivative
        arguments = (t,) if name in ANSWERS.split() else (t, t)
        answer = getattr(snp, name)(*arguments)
        assert type(answer) is np.ndarray
        np.testing.assert_array_equal(answer, getattr(np, name)(*[x.data for x in arguments]))
    for name in ("asarray", "arange", "empty", "eye", "linspace", "ones", "zeros"):
        arguments = (0.0, 1.0, 3) if name == "linspace" else (3,)
        made = getattr(snp, name)(*arguments, dtype=snp.float32, device="cpu")
        assert type(made) is sg.Tensor
        assert made.dtype == np.float32
        if name != "arange":
            with pytest.raises(ValueError, match="there is no device 'gpu'"):
                getattr(snp, name)(*arguments, device="gpu")
    for name in ("empty_like", "ones_like", "zeros_like"):
        assert type(getattr(snp, name)(t, device="cpu")) is sg.Tensor
    assert snp.full((2,), 1.0, device="cpu").shape == snp.full_like(t[0, :2], 1.0, device="cpu").shape == (2,)
    assert (t.device, t.to_device("cpu") is t, t.mT.shape, t.size) == ("cpu", True, (3, 2), 6)
    if hasattr(np, "__array_namespace_info__"):  # from NumPy 2.1 on
        assert snp.__array_namespace_info__().default_dtypes()["real floating"] == np.float64
    assert snp.isdtype(t.dtype, "real floating")
    assert snp.result_type(t, snp.float32) == np.float64
    with pytest.raises(ValueError, match="not supported"):
        t.__array_namespace__(api_version="1999.12")
    with pytest.raises(ValueError, match="there is no device"):
        t.to_device("cuda")


# ------------------------------------------------------------------------------------------------------- xarray

LABELLED = {
    "mean": lambda a: a.mean("c"),
    "sum": lambda a: (a * a).sum(),
    "std": lambda a: a.std("c"),
    "max": lambda a: a.max("r"),
    "median": lambda a: a.median("c") ** 2,
    "prod": lambda a: a.prod(),
    "sel": lambda a: a.sel(c=20) ** 2,
    "isel": lambda a: a.isel(r=[1, 0]) ** 2,
    "where": lambda a: a.where(a > 0, 0.5) ** 2,
    "clip": lambda a: a.clip(0.0, 2.0),
    "cumsum": lambda a: a.cumsum("c") ** 2,
    "shift": lambda a: a.shift(c=1, fill_value=0.0) ** 2,
    "diff": lambda a: a.diff("c") ** 2,
    "concat": lambda a: xr.concat([a, 2 * a], "r") ** 2,
    "groupby": lambda a: a.groupby("c").mean() ** 2,
    "dot": lambda a: a.dot(xr.DataArray([1.0, 2.0], dims="r")) ** 2,
    "alignment": lambda a: a * xr.DataArray([3.0, 5.0], dims="c", coords={"c": [30, 10]}),
    "broadcasting": lambda a: a * xr.DataArray([1.0, 2.0], dims="new"),
    "ufunc": lambda a: np.tanh(a),
    "data set": lambda a: (xr.Dataset({"a": a}) ** 2).a,
}


@pytest.mark.parametrize("name", LABELLED)
def test_methods_of_data_arrays_are_differentiated(name):
    def f(x):
        labelled = xr.DataArray(x, dims=("r", "c"), coords={"c": [10, 20, 30]})
        return LABELLED[name](labelled).sum()

    numpys = f(X).item()
    t = sg.tensor(X, requires_grad=True)
    np.testing.assert_allclose(f(t).data.data, numpys)
    assert sg.gradcheck(lambda x: f(x).data, t, order=2)


def test_comparisons_of_data_arrays_hold_plain_arrays():
    labelled = xr.DataArray(sg.tensor(X, requires_grad=True), dims=("r", "c"))
    assert type((labelled > 0).data) is np.ndarray
    assert type(labelled.argmax("c").data) is np.ndarray
    with pytest.raises(TypeError, match=r"t\.data"):
        labelled.to_numpy()


# ------------------------------------------------------------------------------------------------- scikit-learn


def test_metrics_of_scikit_learn_take_tensors():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is too large to install for one test")
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 30), rng.uniform(size=30)
    for metric, true, found in [
        (metrics.mean_squared_error, labels * 1.0, scores),
        (metrics.r2_score, labels * 1.0, scores),
        (metrics.roc_auc_score, labels, scores),
        (metrics.log_loss, labels, scores),
        (metrics.accuracy_score, labels, (scores > 0.5) * 1),
        (metrics.confusion_matrix, labels, (scores > 0.5) * 1),
    ]:
        result = metric(sg.tensor(true), sg.tensor(found))
        np.testing.assert_array_equal(result, metric(true, found))
    predicted = sg.tensor(scores, requires_grad=True) * 1.0
    with pytest.raises(TypeError, match=r"t\.data"):
        metrics.mean_squared_error(labels, predicted)
    assert metrics.mean_squared_error(labels, predicted.data) == metrics.mean_squared_error(labels, scores)


def test_a_node_is_no_estimator():
    for node in (sg.tensor(X), sg.Value(2.0)):  # scikit-learn asks for these
        assert not any(hasattr(node, name) for name in ("fit", "predict", "transform", "get_params"))
    assert operator.index(sg.tensor(3)) == 3
