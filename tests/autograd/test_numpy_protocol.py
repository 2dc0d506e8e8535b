"""NumPy functions called on tensors: recorded, answered from the data, or refused by name."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.core.op import Op
from seegrad.autograd.ops.elementwise import Elementwise

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


#: Those of SciPy are in ``by_ufunc`` too once it is asked for them; they have tests of their own.
UFUNCS = [ufunc for ufunc, op in Elementwise.by_ufunc.items() if Op.table.get(op.name) is op]


@pytest.mark.parametrize("ufunc", sorted(UFUNCS, key=lambda u: u.__name__), ids=lambda u: u.__name__)
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
        lambda x: np.argmax(x, axis=1, keepdims=True),
        lambda x: np.argmin(x, 0, None),
        lambda x: np.where(x > 0),
        lambda x: np.array_equiv(x, X[0]),
        lambda x: np.argwhere(x > 0),
        lambda x: np.nanargmax(x, axis=1),
        lambda x: np.nanargmin(x),
        lambda x: np.lexsort((x[0], x[1])),
        np.isneginf,
        np.isposinf,
        np.isreal,
        np.iscomplex,
        lambda x: np.digitize(x, [0.0, 1.0]),
        lambda x: np.common_type(x, X),
        lambda x: np.linalg.matrix_rank(x),
        lambda x: np.tril_indices_from(x)[0],
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
        (lambda x: np.bitwise_and(x, 1), "numpy.bitwise_and"),
        (lambda x: np.nextafter(x, 1.0), "numpy.nextafter"),
        (lambda x: np.subtract.reduce(x), "numpy.subtract.reduce"),
        (lambda x: np.add.at(np.zeros(3), [0], x[0, 0]), "numpy.add.at"),
        (lambda x: np.histogram(x), "numpy.histogram"),
    ],
)
def test_what_is_not_supported_is_refused_by_name_with_the_way_out(call, name):
    with pytest.raises(TypeError, match=rf"{name}\b.*not supported.*sg\.primitive.*t\.data"):
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


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda x: np.exp(x, where=X > 0), r"exp\(\.\.\., where=\).*np\.where\(condition, np\.exp"),
        (lambda x: np.add(x, 1.0, casting="unsafe"), "add.*casting='unsafe'"),
        (lambda x: np.add(x, 1.0, order="F"), "add.*order='F'"),
        (lambda x: np.add(x, 1.0, signature="ff->f"), "add.*signature="),
        (lambda x: np.add(x, 1.0, dtype=int), "add.*dtype=int64.*gradient"),
        (lambda x: np.sum(x, 0, int), "sum.*dtype=int64.*gradient"),
        (lambda x: np.sum(x, 0, None, np.zeros(3)), r"sum\(\.\.\., out=array\)"),
        (lambda x: np.add.reduce(x, 0, int), r"add\.reduce.*dtype=int64.*gradient"),
        (lambda x: np.add.reduce(x, 0, None, np.zeros(3)), r"add\.reduce\(\.\.\., out=array"),
        (lambda x: np.add.accumulate(x, 0, None, np.zeros((2, 3))), r"add\.accumulate\(\.\.\., out=array"),
        (lambda x: np.multiply.outer(x, X, dtype=np.float32), r"multiply\.outer"),
        (lambda x: np.add.reduceat(x, [0, 1], 1), r"add\.reduceat"),
        (lambda x: np.mean(x * 1j, dtype="float32"), "mean.*complex"),
        (lambda x: np.max(x, where=X > 0), "max.*initial="),
        (lambda x: np.var(x, ddof=1, correction=1), "ddof or correction"),
        (lambda x: np.take_along_axis(x, X > 0, axis=1), "take_along_axis: indices must be integers"),
        (lambda x: np.take(x, [0], mode="bounce"), "take: mode"),
        (lambda x: np.concatenate([x, x], dtype=int), "concatenate.*dtype=int64.*gradient"),
        (lambda x: np.concatenate([x, x], casting="unsafe"), "concatenate.*casting="),
        (lambda x: np.reshape(x, (3, 2), order="A"), "order must be 'C' or 'F'"),
        (lambda x: np.ravel(x, "K"), "order must be 'C' or 'F'"),
        (lambda x: np.pad(x, 1, mode="mean"), "pad: mode 'mean'"),
        (lambda x: np.pad(x, 1, "linear_ramp", end_values=1.0), "pad.*end_values"),
        (lambda x: np.pad(x, 1, "reflect", reflect_type="odd"), "pad: reflect_type='odd'"),
        (lambda x: np.pad(x, 1, "edge", constant_values=1.0), "pad: constant_values"),
        (lambda x: np.pad(x, 1, constant_values=x[0, 0]), "pad: constant_values.*gradient"),
        (lambda x: np.clip(x, 0, 1, out=np.zeros((2, 3))), r"clip\(\.\.\., out=array"),
        (lambda x: np.clip(x, 0, 1, dtype=np.float32), "clip.*dtype="),
        (lambda x: np.clip(x, 0, 1, min=0.5), "clip"),
        (lambda x: np.nan_to_num(x, copy=False), "nan_to_num.*copy=False"),
        (lambda x: np.sort(x, order="f"), "sort.*order="),
        (lambda x: np.full_like(X, 0, dtype=int) + np.full_like(x, x[0, 0], dtype=int), "full_like.*gradient"),
        (lambda x: np.any(X, out=x), r"any\(\.\.\., out=tensor\)"),
        (lambda x: np.argmax(x, 0, x), r"argmax\(\.\.\., out=tensor\)"),
        (lambda x: np.einsum("ij", x, dtype=np.float32), "einsum.*dtype="),
        (lambda x: np.einsum("ij", x, order="F"), "einsum.*order="),
        (lambda x: np.einsum("ij", x, casting="no"), "einsum.*casting="),
        (lambda x: np.einsum("ij", x, out=np.zeros((2, 3))), r"einsum\(\.\.\., out=array"),
        (lambda x: np.copyto(np.zeros((2, 3)), x), "numpy.copyto.*seegrad.numpy"),
        (lambda x: np.matmul(x, X.T, axes=[(0, 1), (0,), (0, 1)]), "matmul: axes="),
        (lambda x: np.matmul(x, X.T, keepdims=True), "matmul: axis and keepdims"),
        (lambda x: np.var(x, where=X[0] > 9, ddof=1, mean=0.0, correction=2), "ddof or correction"),
        (lambda x: np.linalg.pinv(x, 0.1, rtol=0.1), "pinv: rcond and rtol"),
        (lambda x: np.linalg.eigh(x[:, :2], "X"), "UPLO"),
        (lambda x: np.linalg.qr(x, "raw"), "qr: only mode='reduced'"),
        (lambda x: np.quantile(X, x[0, 0] ** 2), "quantile: no gradient flows to q"),
        (lambda x: np.quantile(x, 0.5, weights=x * x, method="inverted_cdf"), "no gradient flows to weights"),
        (lambda x: np.interp(x, [0.0, 1.0], [0.0]), "interp: xp and fp"),
        (lambda x: np.interp(x, [0.0, 1.0], [0.0, 1.0], period=0), "interp: period"),
        (lambda x: np.convolve(x, [1.0]), "convolve: expected a sequence"),
        (lambda x: np.convolve(x[0], []), "convolve: expected a sequence"),
        (lambda x: np.convolve(x[0], [1.0], "most"), "mode must be"),
        (lambda x: np.meshgrid(x[0], indexing="yx"), "meshgrid: indexing"),
        (lambda x: np.block([[x, x], x]), "block: all lists"),
        (lambda x: np.block((x, x)), "Only lists"),
        (lambda x: np.choose([0, 2], [x[0, :2], x[1, :2]]), "choose: there is no choice"),
        (lambda x: np.piecewise(x, [X > 0], [1, 2, 3]), "piecewise: 1 conditions"),
        (lambda x: np.linspace(x[0], 1.0, -1), "linspace: the number of samples"),
        (lambda x: np.geomspace(x[0], 0.0), "geomspace: the ends"),
        (lambda x: np.cov(x, ddof=0.5), "cov: ddof"),
        (lambda x: np.cov(x, fweights=[0.5, 1.0, 1.0]), "cov: fweights must be integers"),
        (lambda x: np.cov(x, aweights=[1.0]), "cov: aweights of shape"),
        (lambda x: np.insert(x, 0, x[0, 0] * 1j), "insert takes real numbers"),
        (lambda x: np.piecewise(x, [X > 0], [lambda v: v * 1j]), "piecewise, of real numbers"),
        (lambda x: np.geomspace(x * 1j, 3.0), "geomspace takes real numbers"),
        (lambda x: np.median(x * 1j), "median takes real numbers"),
        (lambda x: np.interp(x * 1j, [0.0, 1.0], [0.0, 1.0]), "interp takes real numbers"),
        (lambda x: np.vander(x), "vander: expected a vector"),
        (lambda x: np.linalg.cond(x, 1), "cond: expected square"),
        (lambda x: np.linalg.outer(x, x), "outer: expected two vectors"),
        (lambda x: np.linalg.cross(x[:, :2], x[:, :2]), "cross: expected three"),
        (lambda x: np.linalg.lstsq(x, X[0]), "lstsq: shapes"),
        (lambda x: np.linalg.tensorsolve(x, X[0]), "tensorsolve: shape"),
        (lambda x: np.linalg.tensorinv(x, 0), "tensorinv: ind"),
        (lambda x: np.polyfit(x[0], X[0], -1), "polyfit: degree"),
        (lambda x: np.polyint(x[0], 2, [1.0, 2.0, 3.0][:0]), "polyint: 2 steps"),
        (lambda x: np.apply_along_axis(np.sum, 0, x[:, :0]), "apply_along_axis: there are no lines"),
        (lambda x: np.full_like(X, x), "numpy.full.*seegrad.numpy"),
        (lambda x: np.average(x, 0, [0.0, 0.0]), "weights add up to 0"),
        (lambda x: np.average(x, weights=[1.0, 2.0]), "average.*axis"),
        (lambda x: np.average(x, 1, weights=[1.0, 2.0]), "average.*do not fit"),
        (lambda x: np.gradient(x, 1.0, 2.0, 3.0), "gradient: expected one spacing or one for each of 2 axes"),
        (lambda x: np.gradient(x, [0.0, 1.0], axis=1), "gradient: axis 1 has 3 samples"),
        (lambda x: np.gradient(x, axis=0, edge_order=2), "edge_order=2 needs 3 samples"),
        (lambda x: np.gradient(x, edge_order=3), "edge_order must be 1 or 2"),
        (lambda x: np.diff(x, -1), "diff: the order"),
        (lambda x: np.tensordot(x, X.reshape(3, 2), axes=2), "tensordot: axes .* differ in length"),
        (lambda x: np.split(x, np.int64(2), axis=1), "no 2 equal parts"),
        (lambda x: np.pad(x, 1.5), "integer"),
        (lambda x: np.where(X > 0, x, None), "numpy.where"),
    ],
)
def test_options_that_are_not_supported_are_refused_by_name_not_ignored(call, named):
    with pytest.raises((TypeError, ValueError, IndexError, ZeroDivisionError), match=named):
        call(leaf())


#: What a ufunc is asked for besides its inputs, by position and by name.
UFUNC_CALLS = {
    "dtype": lambda x: np.multiply(x, 3.0, dtype=np.float32),
    "dtype of a function": lambda x: np.exp(x, dtype="float32"),
    "dtype of matmul": lambda x: np.matmul(x, X.T, dtype=np.float32),
    "what is the default anyway": lambda x: np.add(x, x, where=True, casting="same_kind", order="K", dtype=None),
    "out is None": lambda x: np.add(x, x, out=None),
    "reduce by position": lambda x: np.add.reduce(x, 1, None, None, True),
    "reduce over all": lambda x: np.multiply.reduce(x, axis=None),
    "reduce over several": lambda x: np.add.reduce(x, (0, 1), keepdims=True),
    "reduce with initial and where": lambda x: np.multiply.reduce(x, 0, None, None, False, 3.0, X > 0),
    "reduce in a dtype": lambda x: np.add.reduce(x, 0, np.float32),
    "maximum.reduce with initial": lambda x: np.maximum.reduce(x, 1, initial=1.0),
    "minimum.reduce with where": lambda x: np.minimum.reduce(x, 1, initial=1.0, where=X > 0),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x, 1, keepdims=True, where=X > 0, initial=0.5),
    "accumulate by position": lambda x: np.add.accumulate(x, 1),
    "accumulate in a dtype": lambda x: np.multiply.accumulate(x, 1, np.float32),
    "outer with a number": lambda x: np.multiply.outer(x, 3.0),
    "outer, array first": lambda x: np.subtract.outer(np.arange(2.0), x),
    "fmax.reduce": lambda x: np.fmax.reduce(x, 1),
    "fmin.reduce with initial": lambda x: np.fmin.reduce(x, axis=None, initial=-0.5, keepdims=True),
    "matmul, axes": lambda x: np.matmul(x, X, axes=[(1, 0), (0, 1), (1, 0)]),
    "vecdot": lambda x: np.vecdot(x, X),
    "vecdot, axis": lambda x: np.vecdot(x, X, axis=0),
    "vecdot, keepdims": lambda x: np.vecdot(x, X, axis=0, keepdims=True),
    "vecdot, axes": lambda x: np.vecdot(x, X.T, axes=[1, 0, ()]),
    **(
        {
            "matvec": lambda x: np.matvec(x, X[0]),
            "matvec, axes": lambda x: np.matvec(x, X.T, axes=[(0, 1), 0, 1]),
            "vecmat": lambda x: np.vecmat(X[:, 0], x),
        }
        if hasattr(np, "matvec")
        else {}
    ),
    "heaviside": lambda x: np.heaviside(x - 0.4, x),
    "ldexp": lambda x: np.ldexp(x, [1, -2, 3]),
    "first of divmod": lambda x: np.divmod(x, 0.37)[0],
    "second of divmod": lambda x: np.divmod(0.7, x)[1],
    "first of modf": lambda x: np.modf(x + 0.1)[0],
    "second of modf": lambda x: np.modf(x + 0.1)[1],
    "mantissa": lambda x: np.frexp(x + 0.1)[0],
    "float_power": lambda x: np.float_power(x, 2),
    "fabs": np.fabs,
    "conjugate": np.conjugate,
    "positive": np.positive,
}


@pytest.mark.parametrize("name", UFUNC_CALLS)
def test_ufuncs_in_their_calling_forms(name):
    f, x = UFUNC_CALLS[name], leaf()
    out, expected = f(x), f(X)
    single = expected.dtype == np.float32
    assert out.dtype == expected.dtype
    assert out.shape == np.shape(expected)
    np.testing.assert_allclose(out.data, expected, rtol=1e-6 if single else 1e-13)
    out.sum().backward()
    slope = numeric(f, X, 1e-2 if single else 6e-6)
    np.testing.assert_allclose(x.grad, slope, rtol=1e-2 if single else 1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
@pytest.mark.parametrize("ufunc", [np.float_power, np.fabs, np.degrees, np.conjugate, np.absolute])
def test_ufuncs_choose_the_dtype_that_numpy_chooses(ufunc, dtype):
    data = np.array([1, 2, 3], dtype=dtype)
    args = (-1,) if ufunc.nin == 2 else ()
    expected = ufunc(data, *args)
    x = sg.tensor(data, requires_grad=dtype is np.float32)
    out = ufunc(x, *args)
    assert out.dtype == expected.dtype
    np.testing.assert_allclose(out.data, expected)
    if dtype is np.float32:
        out.sum().backward()
        assert x.grad.dtype == np.float32


def test_integers_are_computed_as_numpy_computes_them():
    n = sg.tensor([3, 1, 2])
    assert np.mean(n, dtype=np.float32).dtype == np.float32
    assert np.round(sg.tensor([1250, 1349]), -2).tolist() == [1200, 1300]
    assert np.select([np.array([True, False, True])], [n]).tolist() == [3, 0, 2]
    assert np.nan_to_num(n).tolist() == [3, 1, 2]
    np.testing.assert_array_equal(np.gradient(sg.tensor(np.array([3, 1, 2], np.uint8))).data, [-2.0, -0.5, 1.0])


def test_no_function_that_answers_from_data_loses_a_gradient():
    x, weights = leaf(), leaf([1.0, 2.0, 3.0])
    np.full_like(np.zeros(3), 0.0)
    np.full_like(x, weights).sum().backward()
    np.testing.assert_array_equal(weights.grad, [2.0, 2.0, 2.0])
    assert x.grad is None
    weights.grad = None
    value = sg.Value(3.0)
    np.full_like(x, value).sum().backward()
    assert value.grad == 6.0
    (np.bincount([0, 2, 2], weights, 4) * np.arange(1.0, 5.0)).sum().backward()
    np.testing.assert_array_equal(weights.grad, [1.0, 3.0, 3.0])
    np.full_like(x, [x[0, 0], x[0, 1], x[0, 2]]).sum().backward()
    np.testing.assert_array_equal(x.grad, [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])


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
