"""``seegrad.numpy``: arrays that hold nodes, lists of nodes, and everything else that NumPy has."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest
from package_files import ROOT

import seegrad as sg
import seegrad.numpy as np

COLUMN, PLACES = numpy.array([[1], [0], [1]]), numpy.array([3, 0, 1])
POINT = numpy.array([0.7, 1.9, -0.4])


def filled(x):
    y = np.zeros((2, 3))
    y[0] = x**2
    y[1, 1:] = np.array([x[0] * x[1], 3.0])
    return np.sum(y * np.arange(6.0).reshape(2, 3))


#: Programs that build arrays of nodes: each of one vector, giving one number.
PROGRAMS = {
    "array": lambda x: np.sum(np.array([x[0], x[1] ** 2, 2.0]) ** 2),
    "nested array": lambda x: np.linalg.det(np.array([[x[0], 1.0], [x[1] * x[2], x[0]]])),
    "array of rows": lambda x: np.sum(np.array([x, x**2, [1.0, x[0], 2.0]])[:, 1:] ** 2),
    "zeros": filled,
    "empty": lambda x: _written(np.empty(3), x).sum(),
    "ones": lambda x: np.prod(_written(np.ones(4), x)),
    "full of a node": lambda x: np.sum(np.full((2, 3), x) * np.full(3, x[1])),
    "full, written": lambda x: np.sum(_written(np.full(4, x[2]), x) ** 2),
    "eye": lambda x: np.sum(_written(np.eye(3), x) @ x),
    "identity": lambda x: np.sum(_written(np.identity(3), x[0]) @ x),
    "zeros_like": lambda x: np.sum(_written(np.zeros_like(x), x) * x),
    "ones_like of an array": lambda x: np.sum(_written(np.ones_like(POINT), x) * x),
    "empty_like": lambda x: np.sum(_written(np.empty_like(x), x) ** 3),
    "full_like": lambda x: np.sum(np.full_like(POINT, x[0]) * x),
    "linspace": lambda x: np.sum(np.linspace(x[0], x[1], 5) ** 2),
    "arange": lambda x: np.sum(np.arange(3) * x**2),
    "r_": lambda x: np.sum(np.r_[x[0] * x[1], 1:4, x, [x[2], 2.0]] ** 2),
    "r_, as rows": lambda x: np.sum(np.r_["0,2", x, x**2] @ x),
    "c_": lambda x: np.sum((np.c_[x, x**2, [1.0, 2.0, 3.0]] @ x) ** 2),
    "block": lambda x: np.sum(np.block([[np.outer(x, x), x[:, None]], [x, 1.0]]) ** 2),
    "meshgrid": lambda x: np.sum(np.multiply(*np.meshgrid(x, x**2))),
    "sum of a list": lambda x: np.sum([x[0], x[1] ** 2, 1.0]) ** 2,
    "mean of a comprehension": lambda x: np.mean([v**2 for v in x]),
    "max of a list": lambda x: np.max([x[0], x[1] * 2, x[2]]),
    "norm of a tuple": lambda x: np.linalg.norm((x[0], x[1])),
    "dot of lists": lambda x: np.dot([x[0], x[1]], [x[1], 2.0]),
    "dot of an array and a list": lambda x: np.dot(numpy.eye(2), [x[0], x[1]]) @ [3.0, 2.0],
    "solve of lists": lambda x: np.linalg.solve([[x[0], 1.0], [-1.0, x[1]]], [x[2], 1.0])[0],
    "stack of lists": lambda x: np.sum(np.stack([[x[0], x[1]], [x[1], 1.0]]) @ [1.0, 2.0]),
    "concatenate of lists": lambda x: np.sum(np.concatenate([[x[0], x[1]], x, [1.0]]) ** 2),
    "where with a list": lambda x: np.sum(np.where([True, False, True], x, [x[1], x[0], 1.0]) ** 2),
    "einsum of a list": lambda x: np.einsum("i,i", [x[0], x[1]], numpy.array([1.0, 2.0])),
    "where with lists alone": lambda x: np.sum(np.where([True, False], [x[0], 1.0], (x[1], x[2])) ** 2),
    "default of select": lambda x: np.sum(np.select([POINT > 1, POINT < 0], [POINT, 2.0], default=x[0] * x[1]) ** 2),
    "ends of interp": lambda x: np.sum(np.interp([-1.0, 0.5, 2.0], [0.0, 1.0], [3.0, 4.0], left=x[0], right=x[1]) ** 2),
    "initial of a sum": lambda x: np.sum(POINT, initial=x[2] ** 2) ** 2,
    "argument of a function along an axis": lambda x: np.sum(
        np.apply_along_axis(lambda row, v: row[:2] * v, 0, POINT, x[0]) ** 2
    ),
    "fft of a list": lambda x: np.sum(np.abs(np.fft.fft([x[0], x[1] * x[2], 1.0])) ** 2),
    "interp with lists": lambda x: np.interp(0.3, [0.0, x[1]], [x[0], x[2]]),
    "operator with a list": lambda x: np.sum(x * [x[1], 2.0, x[0]]),
    "ufunc with a list": lambda x: np.sum(np.maximum(x, [x[1] - 3.0, 5.0, x[0]])),
    "NumPy's own function with a list": lambda x: numpy.dot(x, [x[1], x[0], 1.0]),
    "NumPy's array like a Tensor": lambda x: numpy.sum(numpy.array([x[0], x[1] ** 2], like=x) ** 2),
    "NumPy's zeros like a Tensor": lambda x: numpy.sum(_written(numpy.zeros(3, like=x), x) ** 2),
    "NumPy's zeros_like": lambda x: numpy.sum(_written(numpy.zeros_like(x), x) ** 2),
    "fill_diagonal": lambda x: np.sum(_changed(np.fill_diagonal, np.ones((3, 3)), x) @ x),
    "fill_diagonal, wrapped": lambda x: np.sum(_changed(np.fill_diagonal, np.ones((5, 2)), x[0], True) ** 2),
    "copyto": lambda x: np.sum(_changed(np.copyto, np.ones((2, 3)), x, where=[True, False, True]) ** 2),
    "put": lambda x: np.sum(_changed(np.put, np.ones((2, 2)), [0, -1, 2], x) ** 2),
    "put, wrapped": lambda x: np.sum(_changed(np.put, np.ones((2, 2)), [5, -1], x[:1], mode="wrap") ** 2),
    "put, clipped": lambda x: np.sum(_changed(np.put, np.ones((2, 2)), [9], x[0], mode="clip") ** 2),
    "place": lambda x: np.sum(_changed(np.place, np.ones(4), [True, False, True, True], x) ** 2),
    "place, few": lambda x: np.sum(_changed(np.place, np.ones(4), [True, True, True, True], x) ** 2),
    "putmask": lambda x: np.sum(_changed(np.putmask, np.ones(4), [True, False, True, True], x) ** 2),
    "put_along_axis": lambda x: np.sum(_changed(np.put_along_axis, np.ones((3, 2)), COLUMN, x[:, None], 1) @ x[:2]),
    "put_along_axis, flat": lambda x: np.sum(_changed(np.put_along_axis, np.ones(4), PLACES, x, None) ** 2),
}  # fmt: skip


def _written(y, x):
    """The array with nodes written into its beginning."""
    y[:1] = x[:1] if np.ndim(x) else x
    y[1:2] = np.sin(x[1:2]) if np.ndim(x) else x**2
    y[2:] = x[-1] if np.ndim(x) else x
    return y


def _changed(write, y, *args, **options):
    assert write(y, *args, **options) is None
    return y


def plain(program):
    """The same program with NumPy, on plain numbers."""
    names = {name: value for name, value in globals().items() if name not in ("np", "_written", "_changed", "filled")}
    names["np"] = numpy
    copies = {f.__name__: type(f)(f.__code__, names, f.__name__, f.__defaults__) for f in (_written, _changed, filled)}
    names.update(copies)
    return copies["filled"] if program is filled else type(program)(program.__code__, names)


every_program = pytest.mark.parametrize("name", list(PROGRAMS))


@every_program
def test_values_are_those_of_numpy(name):
    if "like a Tensor" in name:
        expected = numpy.sum(numpy.array([0.7, 1.9**2]) ** 2) if "array" in name else None
    else:
        expected = plain(PROGRAMS[name])(POINT)
    result = PROGRAMS[name](sg.tensor(POINT, requires_grad=True))
    assert isinstance(result, sg.Tensor)
    if expected is not None:
        numpy.testing.assert_allclose(result.data, expected, rtol=1e-13)


@every_program
def test_derivatives(name):
    assert sg.gradcheck(PROGRAMS[name], sg.tensor(POINT, requires_grad=True), order=2)


def slopes_at(name):
    """The gradient of a program as a function, two points, and its gradients there."""
    slope, points = sg.grad(PROGRAMS[name]), numpy.stack([POINT, POINT * 0.9])
    return slope, points, numpy.stack([slope(p) for p in points])


@every_program
def test_of_a_batch(name):
    slope, points, expected = slopes_at(name)
    numpy.testing.assert_allclose(sg.vmap(slope)(points), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["array", "nested array", "zeros", "full of a node", "zeros_like", "r_", "put"])
def test_recorded(name):
    slope, points, expected = slopes_at(name)
    compiled = sg.compile(slope)
    numpy.testing.assert_allclose(numpy.stack([compiled(p) for p in points]), expected, rtol=1e-12)
    assert compiled.why_not is None


def test_arrays_are_tensors_that_can_be_written_to():
    made = (np.zeros(2), np.ones((2, 2)), np.empty(3), np.full(2, 1.5), np.eye(2), np.identity(2), np.array([1.0, 2.0]))
    for x in (*made, np.arange(3.0), np.linspace(0.0, 1.0, 3), np.zeros_like(POINT), np.full_like(POINT, 2.0)):
        assert type(x) is sg.Tensor
        assert not x.requires_grad
        x[0] = 7.0
        assert float(x.data.flat[0]) == 7.0


def test_dtypes_are_numpys_and_numbers_take_on_that_of_the_nodes():
    single = sg.tensor(numpy.float32([1.0, 2.0]), requires_grad=True)
    assert np.array([single[0], 2.0, 3]).dtype == numpy.float32
    assert np.array([[single[0], 1.0], [2, 3]]).dtype == numpy.float32
    assert np.array([single[0], numpy.float64(2.0)]).dtype == numpy.float64
    assert np.array([sg.Value(2.0), 1]).dtype == numpy.float64
    assert np.array([1, 2]).dtype == numpy.array([1, 2]).dtype
    assert np.array([single[0], 1.0], dtype=numpy.float64).dtype == numpy.float64
    assert np.r_[single, 1.0].dtype == numpy.float32
    assert np.zeros(2, dtype=bool).dtype == bool
    assert np.full(2, single[0]).dtype == numpy.float32
    assert np.full_like(numpy.zeros(2), single[0]).dtype == numpy.float64
    assert np.array(["a", "b"]).dtype == numpy.array(["a", "b"]).dtype  # no numbers: NumPy's own array


def test_array_in_its_calling_forms():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    assert np.asarray(x) is x
    assert np.array(x, copy=False) is x
    copied = np.array(x)
    assert copied is not x
    assert copied.requires_grad
    assert np.array([x[0], x[1]], ndmin=3).shape == (1, 1, 2)
    assert np.array(sg.Value(2.0)).shape == ()
    np.array([x, x * 2]).sum().backward()
    numpy.testing.assert_array_equal(x.grad, [3.0, 3.0])
    with pytest.raises(ValueError, match="same shape"):
        np.array([x, x[0]])
    with pytest.raises(TypeError, match="full_like.*gradient would be lost"):
        np.full_like(numpy.arange(3), x[0])
    with pytest.raises(TypeError, match="full: .*gradient would be lost"):
        np.full(3, x[0], dtype=int)


def test_values_are_nodes_too():
    a, b = sg.Value(3.0), sg.Value(4.0)
    np.linalg.norm([a, b]).backward()
    assert (a.grad, b.grad) == (pytest.approx(0.6), pytest.approx(0.8))
    y = np.zeros(2)
    y[1] = a
    assert y.requires_grad
    for f in (
        lambda v: np.linspace(v, 4.0, 3)[1] * 2,
        lambda v: np.round(v, 2) * 0.0 + v,
        lambda v: np.piecewise(v, [v > 0], [lambda v: v]),
        lambda v: np.nan_to_num(v),
        lambda v: np.append(v, [1.0])[0],
    ):
        v = sg.Value(3.0)
        f(v).backward()
        assert v.grad == 1


def test_answers_about_lists_are_plain():
    a, b = sg.tensor([1.0, 2.0], requires_grad=True)
    assert np.argmax([a, b]) == 1
    assert np.allclose([[a, b]], [1.0, 2.0])
    assert np.shape([[a, 1.0]]) == (1, 2)
    assert np.argsort([b, a, 0.5]).tolist() == [2, 1, 0]
    assert np.isclose(sg.Value(1.0), a)
    rows = numpy.array([[1.0, 2.0], [4.0, 3.0]])
    assert sg.vmap(np.argmax)(rows).tolist() == [1, 0]
    assert sg.vmap(lambda row: np.isclose(row, 3.0))(rows).tolist() == [[False, False], [False, True]]


def test_everything_else_is_numpys_own():
    assert (np.pi, np.float32, np.ndarray, np.exp, np.random) == (
        *(numpy.pi, numpy.float32, numpy.ndarray, numpy.exp, numpy.random),
    )
    assert np.linalg.LinAlgError is numpy.linalg.LinAlgError
    assert set(numpy.__all__) <= set(dir(np)) | {"bool", "long"}
    assert np.sum.__doc__ == numpy.sum.__doc__
    assert np.sum([1, 2]) == 3
    assert isinstance(np.sum([1, 2]), numpy.integer)
    numpy.testing.assert_array_equal(np.r_[1:4, 0.5], numpy.r_[1:4, 0.5])
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        np.nothing  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "import seegrad.numpy as np; assert np.zeros(2).shape == (2,)",
        "from seegrad.numpy import array; assert array([1.0]).shape == (1,)",
        "from seegrad import numpy as np; assert np.pi > 3",
        "from seegrad.numpy import *; assert sum([1, 2]) == 3 and zeros(1).backward",
        "import seegrad.numpy.linalg as linalg; assert linalg.norm([3.0, 4.0]) == 5.0",
        "from seegrad.numpy.fft import fft; assert fft([3.0, 4.0])[0] == 7.0",
        "import seegrad, numpy; assert seegrad.numpy is not numpy and numpy.__file__ != seegrad.numpy.__file__",
    ],
)
def test_import(statement, tmp_path):
    """In the root of the package too, where a file called numpy would hide NumPy."""
    (tmp_path / "seegrad").symlink_to(ROOT)
    for folder in (tmp_path, ROOT):
        code = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(tmp_path)!r}]\n{statement}"
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)


def test_an_error_says_last_what_to_write():
    def write(x):
        y = numpy.zeros(3)
        y[0] = x[0]
        return y.sum()

    for f in (write, lambda x: numpy.array([x[0], x[1]]).sum(), lambda x: numpy.full(3, x[0]).sum()):
        with pytest.raises(TypeError, match="import seegrad.numpy as np"):
            sg.grad(f)(POINT)
    with pytest.raises(ValueError, match="no node") as error:
        sg.grad(lambda x: float("no node"))(POINT)  # an error of the user's own stays as it is
    assert error.value.__cause__ is None
