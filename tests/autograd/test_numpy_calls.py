"""Every function of NumPy that works on tensors, in NumPy's calling forms, against NumPy itself.

No argument may mean something else than in NumPy: it is supported with NumPy's meaning, or refused by name.
"""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.numpy_protocol import FUNCTIONS

rng = np.random.default_rng(5)
X = rng.normal(size=(3, 4))
Y = rng.normal(size=(3, 4))
W = rng.uniform(0.5, 2.0, size=(3, 4))
V = np.array([0.5, -1.0, 2.0, 1.5])
CUBE = rng.normal(size=(2, 3, 4))
TRIPLES = rng.normal(size=(4, 3))
SQUARE = rng.normal(size=(3, 3)) + 3 * np.eye(3)
SYMMETRIC = SQUARE + SQUARE.T
POSITIVE = SQUARE @ SQUARE.T
MASK = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
TIMES = np.array([0.0, 0.5, 0.7, 1.6])
NAN = np.array([[np.nan, 1.0], [np.inf, -np.inf]])

#: Function, arguments that are differentiated (or not) by position, and NumPy's other arguments by name.
#: A tuple of arrays among the arguments is a sequence of tensors.
CALLS = [
    (np.sum, (X,), {}),
    (np.sum, (X,), {"axis": 0}),
    (np.sum, (X,), {"axis": 1, "keepdims": True}),
    (np.sum, (X,), {"axis": 1, "dtype": np.float32}),
    (np.sum, (X,), {"axis": (0, 1), "initial": 2.0, "where": MASK}),
    (np.sum, (X,), {"axis": 0, "where": MASK[:1]}),
    (np.sum, (X,), {"where": True}),
    (np.prod, (X,), {"axis": 1, "keepdims": True, "initial": -2.0, "where": MASK}),
    (np.prod, (X,), {"axis": 1, "dtype": np.float64}),
    (np.mean, (X,), {"axis": 0, "dtype": np.float64, "keepdims": True}),
    (np.mean, (X,), {"axis": 1, "where": MASK}),
    (np.mean, (X,), {"where": MASK, "keepdims": True}),
    (np.var, (X,), {"axis": 0, "ddof": 1}),
    (np.var, (X,), {"axis": 0, "dtype": np.float64, "ddof": 1, "keepdims": True}),
    (np.var, (X,), {"axis": 1, "correction": 1}),
    (np.std, (X,), {"axis": 1, "ddof": 1, "keepdims": True}),
    (np.std, (X,), {"correction": 2}),
    (np.max, (X,), {"axis": 0, "keepdims": True}),
    (np.max, (X,), {"axis": 0, "initial": 0.3}),
    (np.max, (X,), {"axis": 0, "initial": -9.0, "where": MASK}),
    (np.amax, (X,), {"axis": 1, "initial": 0.3}),
    (np.min, (X,), {"axis": 1, "keepdims": True, "initial": 0.2}),
    (np.amin, (X,), {"axis": 1, "initial": 9.0, "where": MASK}),
    (np.max, (X[:, :0],), {"axis": 1, "initial": 0.5}),
    (np.min, (X[:0],), {"axis": 1, "initial": 0.5}),
    (np.cumsum, (X,), {"axis": 1, "dtype": np.float64}),
    (np.cumprod, (X,), {"axis": 0}),
    (np.ptp, (X,), {"axis": 1, "keepdims": True}),
    (np.average, (X,), {"axis": 1}),
    (np.average, (X, None, W), {}),
    (np.average, (X, 0, W), {}),
    (np.average, (X, 1, V), {}),
    (np.average, (X,), {"axis": 1, "weights": W, "returned": True}),
    (np.average, (X,), {"axis": 0, "weights": W[:, 0], "returned": True, "keepdims": True}),
    (np.average, (CUBE,), {"axis": (2, 0), "weights": CUBE[:, 0].T ** 2 + 1}),
    (np.average, (X,), {"returned": True, "keepdims": True}),
    (np.gradient, (X,), {}),
    (np.gradient, (X, 0.5), {}),
    (np.gradient, (X, 0.5, 2.0), {}),
    (np.gradient, (X, np.array([0.0, 1.5, 2.0]), TIMES), {"edge_order": 2}),
    (np.gradient, (X, 0.5, TIMES), {"edge_order": 1}),
    (np.gradient, (X, TIMES), {"axis": 1}),
    (np.gradient, (X, TIMES), {"axis": -1, "edge_order": 2}),
    (np.gradient, (X, 2.0), {"axis": (1, 0)}),
    (np.gradient, (X,), {"axis": 0, "edge_order": 2}),
    (np.gradient, (CUBE,), {"axis": (0, 2)}),
    (np.gradient, (V,), {}),
    (np.gradient, (V[:2],), {}),
    (np.gradient, (V[:3], 0.1), {"edge_order": 2}),
    (np.diff, (X,), {"n": 2, "axis": 1}),
    (np.diff, (X,), {"axis": 0, "prepend": 0.0}),
    (np.diff, (X,), {"n": 2, "prepend": Y[:, :2], "append": 1.0}),
    (np.diff, (X,), {"n": 0, "prepend": 3.0}),
    (np.cross, (TRIPLES, TRIPLES[::-1] * 2), {}),
    (np.cross, (TRIPLES, TRIPLES.T), {"axisa": 1, "axisb": 0}),
    (np.cross, (TRIPLES, TRIPLES.T), {"axisb": 0, "axisc": 0}),
    (np.cross, (TRIPLES.T, TRIPLES.T[::-1]), {"axis": 0}),
    (np.cross, (TRIPLES[0], TRIPLES), {}),
    (np.round, (X,), {"decimals": 2}),
    (np.around, (X * 100,), {"decimals": -1}),
    (np.clip, (X, -0.5, 0.5), {}),
    (np.clip, (X,), {"a_min": None, "a_max": 0.5}),
    (np.where, (MASK, X, Y), {}),
    (np.select, ((MASK, ~MASK), (X, Y)), {}),
    (np.select, ((MASK, MASK), (X, Y)), {"default": 5.0}),
    (np.nan_to_num, (X,), {"copy": True}),
    (np.nan_to_num, (NAN,), {"nan": 1.5, "posinf": 3.0, "neginf": -2.0}),
    (np.full_like, (X, V[0]), {}),
    (np.full_like, (X, V), {}),
    (np.full_like, (X, V), {"dtype": np.float64, "shape": (2, 4)}),
    (np.full_like, (X, 2.0), {}),
    (np.bincount, (np.array([0, 2, 2, 1]), V), {"minlength": 5}),
    (np.sinc, (X,), {}),
    (np.reshape, (X, (2, 6)), {}),
    (np.reshape, (X, (2, -1)), {"order": "F"}),
    (np.reshape, (CUBE, -1), {"order": "F"}),
    (np.ravel, (X,), {"order": "F"}),
    (np.ravel, (X,), {"order": "C"}),
    (np.transpose, (CUBE,), {"axes": (2, 0, 1)}),
    (np.swapaxes, (CUBE, 0, -1), {}),
    (np.moveaxis, (CUBE, (0, 1), (2, 0)), {}),
    (np.squeeze, (X[:, :1],), {"axis": 1}),
    (np.expand_dims, (X, (0, 2)), {}),
    (np.broadcast_to, (V[0], 3), {}),
    (np.broadcast_to, (V, (3, 4)), {"subok": False}),
    (np.concatenate, ((X, Y),), {}),
    (np.concatenate, ((X, Y),), {"axis": 1, "dtype": np.float64}),
    (np.concatenate, ((X, V),), {"axis": None, "casting": "same_kind"}),
    (np.stack, ((X, Y),), {"axis": 2, "dtype": np.float64}),
    (np.hstack, ((X, Y),), {"dtype": np.float64}),
    (np.vstack, ((X, V),), {}),
    (np.dstack, ((X, Y),), {}),
    (np.column_stack, ((V, X.T),), {}),
    (np.split, (X, 2), {"axis": 1}),
    (np.split, (X, [1, 3]), {"axis": -1}),
    (np.array_split, (X, 3), {"axis": 1}),
    (np.hsplit, (X, np.int64(2)), {}),
    (np.vsplit, (X, 3), {}),
    (np.dsplit, (CUBE, 2), {}),
    (np.tile, (X, 2), {}),
    (np.tile, (V, (2, 1, 3)), {}),
    (np.tile, (X, np.int64(2)), {}),
    (np.repeat, (X, 2), {}),
    (np.repeat, (X, [1, 0, 2]), {"axis": 0}),
    (np.flip, (X,), {"axis": (0, 1)}),
    (np.flipud, (X,), {}),
    (np.fliplr, (X,), {}),
    (np.roll, (X, 1), {}),
    (np.roll, (X, (1, 2)), {"axis": (0, 1)}),
    (np.rot90, (CUBE,), {"k": 3, "axes": (1, 2)}),
    (np.pad, (X, 1), {}),
    (np.pad, (X, ((1, 0), (0, 2))), {"constant_values": ((1.0, 2.0), (3.0, 4.0))}),
    (np.pad, (X, 1), {"constant_values": (5.0, 6.0)}),
    (np.pad, (X, 2), {"mode": "reflect", "reflect_type": "even"}),
    (np.pad, (X, (1, 2)), {"mode": "wrap"}),
    (np.pad, (X, 1), {"mode": "symmetric"}),
    (np.pad, (X, 1), {"mode": "edge"}),
    (np.tril, (X,), {"k": 1}),
    (np.triu, (X,), {"k": -1}),
    (np.atleast_1d, (V[0],), {}),
    (np.atleast_1d, (V[0], X), {}),
    (np.atleast_2d, (V, V[0]), {}),
    (np.atleast_3d, (V, X), {}),
    (np.copy, (X,), {"order": "K"}),
    (np.append, (X, Y), {"axis": 0}),
    (np.append, (X, V), {}),
    (np.take, (X, [2, 0, 0]), {"axis": 1}),
    (np.take, (X, 5), {"mode": "raise"}),
    (np.take, (X, [[-1, 7], [4, 0]]), {"axis": 1, "mode": "wrap"}),
    (np.take, (X, [-1, 7, 2]), {"axis": -1, "mode": "clip"}),
    (np.take, (X, [True, False, True, True]), {"axis": 1}),
    (np.take, (X, 30), {"mode": "clip"}),
    (np.take_along_axis, (X, np.array([[0], [2], [3]])), {"axis": 1}),
    (np.take_along_axis, (X, np.array([0, 7, 7])), {"axis": None}),
    (np.sort, (X,), {"axis": 0, "kind": "mergesort"}),
    (np.sort, (X,), {"axis": None, "stable": True}),
    (np.diag, (V,), {"k": -1}),
    (np.diag, (X,), {"k": 1}),
    (np.diagonal, (CUBE,), {"offset": 1, "axis1": 2, "axis2": 0}),
    (np.trace, (CUBE,), {"offset": 1, "axis1": 1, "axis2": 2, "dtype": np.float64}),
    (np.dot, (X, V), {}),
    (np.inner, (X, Y), {}),
    (np.vdot, (X, Y), {}),
    (np.outer, (X, V), {}),
    (np.kron, (X, V), {}),
    (np.tensordot, (X, Y.T), {"axes": 1}),
    (np.tensordot, (CUBE, X), {"axes": ((1, 2), (0, 1))}),
    (np.tensordot, (X, V), {"axes": 0}),
    (np.einsum, ("ij,kj->ik", X, Y), {}),
    (np.linalg.inv, (SQUARE,), {}),
    (np.linalg.solve, (SQUARE, V[:3]), {}),
    (np.linalg.det, (SQUARE,), {}),
    (np.linalg.slogdet, (SQUARE,), {}),
    (np.linalg.pinv, (X,), {}),
    (np.linalg.pinv, (X,), {"rcond": 1e-10, "hermitian": False}),
    (np.linalg.cholesky, (POSITIVE,), {"upper": False}),
    (np.linalg.eigh, (SYMMETRIC,), {"UPLO": "L"}),
    (np.linalg.svd, (X,), {"full_matrices": False, "compute_uv": False}),
    (np.linalg.qr, (X.T,), {"mode": "reduced"}),
    (np.linalg.norm, (X,), {"ord": 1, "axis": 1, "keepdims": True}),
    (np.linalg.norm, (X,), {"ord": "nuc", "axis": (0, 1), "keepdims": True}),
    (np.linalg.norm, (X,), {"ord": np.inf}),
    (np.linalg.matrix_power, (SQUARE, 3), {}),
    (np.linalg.matrix_power, (SQUARE, np.int64(-2)), {}),
    (np.linalg.multi_dot, ((X, Y.T, X),), {}),
    *[(getattr(np.linalg, name), (X,), {}) for name in ("svdvals",) if hasattr(np.linalg, name)],
    *[(getattr(np, name), (CUBE,), {}) for name in ("matrix_transpose",) if hasattr(np, name)],
]  # fmt: skip

#: The gradients of these are symmetric, or their results have free signs: their values are compared here, and their
#: derivatives where linear algebra is tested.
VALUES_ONLY = {np.linalg.cholesky, np.linalg.eigh, np.linalg.qr}


def name_of(call):
    function, args, options = call
    return f"{function.__name__}-{len(args)}-{'-'.join(options)}"


every_call = pytest.mark.parametrize("call", CALLS, ids=[f"{i}-{name_of(c)}" for i, c in enumerate(CALLS)])


def arrays_of(result):
    """The arrays in what a function returns: one, or a tuple or list of them."""
    return [a for part in result for a in arrays_of(part)] if isinstance(result, (tuple, list)) else [result]


def is_real(x):
    return isinstance(x, (np.ndarray, np.float64)) and x.dtype == np.float64


def map_reals(f, x):
    """Replace the real arrays in arguments, in tuples of them too."""
    if isinstance(x, dict):
        return {name: map_reals(f, item) for name, item in x.items()}
    return tuple(map_reals(f, item) for item in x) if type(x) is tuple else f(x) if is_real(x) else x


def by_position(function, args, options):
    """The same call with every option by position that may stand there; None if NumPy does not tell how."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        return None
    allowed = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD][:]
    allowed = allowed[max(0, len(args) - sum(p.kind is p.POSITIONAL_ONLY for p in parameters)) :]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters) or not any(p.name in options for p in allowed):
        return None
    last = max(i for i, p in enumerate(allowed) if p.name in options)
    extra = [options.get(p.name, p.default) for p in allowed[: last + 1]]
    named = {k: v for k, v in options.items() if k not in [p.name for p in allowed]}
    return (*args, *extra), named


def forms(call):
    function, args, options = call
    yield args, options
    positional = by_position(function, args, options)
    if positional is not None:
        yield positional


def loss(results):
    """One number that depends on every element of the results."""
    total = 0.0
    for i, result in enumerate(results):
        weights = np.cos(np.arange(np.size(result)) + i).reshape(np.shape(result))
        total = total + (result * weights).sum()
    return total


@every_call
def test_values_and_gradients_are_numpys_in_every_calling_form(call):
    function = call[0]
    for args, options in forms(call):
        leaves = []

        def leaf(x, leaves=leaves):
            leaves.append((sg.tensor(x, requires_grad=True), np.array(x)))
            return leaves[-1][0]

        result = function(*map_reals(leaf, args), **map_reals(leaf, options))
        expected = function(*args, **options)
        assert isinstance(result, (tuple, list)) == isinstance(expected, (tuple, list))
        results, arrays = arrays_of(result), arrays_of(expected)
        assert len(results) == len(arrays)
        for ours, numpys in zip(results, arrays):
            assert np.shape(ours) == np.shape(numpys)
            assert ours.dtype == np.asarray(numpys).dtype
            tiny = 1e-6 if ours.dtype == np.float32 else 1e-12
            np.testing.assert_allclose(getattr(ours, "data", ours), numpys, rtol=tiny, atol=tiny)
        total = loss(results)
        assert isinstance(total, sg.Tensor) or function is np.full_like
        if function in VALUES_ONLY or not isinstance(total, sg.Tensor):
            continue
        total.backward()
        tolerance = 1e-2 if call[2].get("dtype") is np.float32 else 2e-5
        for index, (tensor, array) in enumerate(leaves):
            if not np.all(np.isfinite(array)):
                continue
            found = np.zeros(array.shape) if tensor.grad is None else tensor.grad
            np.testing.assert_allclose(found, numeric(function, args, options, index), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.uint8])
@every_call
def test_other_dtypes_become_what_numpy_makes_of_them(call, dtype):
    def of_dtype(x):
        return (
            (np.abs(x) * 3).astype(dtype)
            if np.all(np.isfinite(x)) or np.dtype(dtype).kind == "f"
            else np.array(7, dtype)
        )

    function, args, options = call
    args, options = map_reals(of_dtype, args), map_reals(of_dtype, options)

    def tensors(x):
        if isinstance(x, dict):
            return {name: tensors(item) for name, item in x.items()}
        if type(x) is tuple:
            return tuple(tensors(item) for item in x)
        return sg.tensor(x) if isinstance(x, (np.ndarray, np.generic)) and x.dtype == dtype else x

    try:
        expected = arrays_of(function(*args, **options))
    except (TypeError, ValueError, OverflowError, np.linalg.LinAlgError) as error:
        with pytest.raises((TypeError, ValueError, OverflowError, type(error))):
            function(*tensors(args), **tensors(options))
        return
    for ours, numpys in zip(arrays_of(function(*tensors(args), **tensors(options))), expected):
        assert np.shape(ours) == np.shape(numpys)
        assert ours.dtype == np.asarray(numpys).dtype
        rough = 2e-2 if dtype is np.float16 else 1e-4
        np.testing.assert_allclose(getattr(ours, "data", ours), numpys, rtol=rough, atol=rough)


def numeric(function, args, options, index):
    """Gradient of the loss with respect to one of the real arrays, by central differences of NumPy itself."""
    step = 1e-2 if np.float32 in (*[a for a in args if isinstance(a, type)], options.get("dtype")) else 1e-6

    def value(position, change):
        count = [-1]

        def moved(x):
            count[0] += 1
            if count[0] != index:
                return x
            x = np.array(x)
            x[position] += change
            return x

        moved_args, moved_options = map_reals(moved, args), map_reals(moved, options)
        return loss(arrays_of(function(*moved_args, **moved_options)))

    reals = []
    map_reals(lambda x: reals.append(np.array(x)), (args, options))
    result = np.zeros(reals[index].shape)
    for position in np.ndindex(result.shape):
        result[position] = (value(position, step) - value(position, -step)) / (2 * step)
    return result


def test_every_mapped_function_is_called_in_this_table():
    assert {call[0] for call in CALLS} >= set(FUNCTIONS)


def parameters_of(function):
    try:
        return inspect.signature(function).parameters.values()
    except ValueError:
        return []


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_option_of_numpy_is_known_with_the_same_default_or_refused_by_name(function):
    operation = FUNCTIONS[function]
    known = inspect.signature(getattr(operation, "forward", operation)).parameters
    args = map_reals(lambda x: sg.tensor(x, requires_grad=True), next(c[1] for c in CALLS if c[0] is function))
    for parameter in parameters_of(function):
        name, default = parameter.name, parameter.default
        if default is parameter.empty or parameter.kind is parameter.POSITIONAL_ONLY:
            continue
        if name in known:
            ours = known[name].default
            unset = default is np._NoValue and not ours
            required = ours is parameter.empty and default is None  # reshape's shape, in some versions
            assert unset or required or ours == default, (name, ours, default)
        elif name == "dtype":
            with pytest.raises(TypeError, match=rf"{function.__name__}.*dtype=int64.*gradient"):
                function(*args, dtype=np.int64)
        else:
            with pytest.raises(TypeError, match=rf"{function.__name__}\(\.\.\., {name}="):
                function(*args, **{name: np.zeros(3)})


def test_an_option_that_numpy_has_not_is_a_type_error():
    x = sg.tensor(X, requires_grad=True)
    for call in (
        lambda: np.sum(x, dim=0),
        lambda: np.sum(x, 0, None, None, False, 0.0, True, 1),
        lambda: np.sum(x, 0, axis=0),
        lambda: np.transpose(x, (1, 0), 3),
        lambda: np.swapaxes(x, 0),
        lambda: np.pad(x, 1, fill=3),
    ):
        with pytest.raises(TypeError, match=r"argument|not supported|fill"):
            call()


def test_data_by_name():
    x = sg.tensor(X, requires_grad=True)
    np.testing.assert_array_equal(np.sum(a=x, axis=0).data, X.sum(0))
    np.testing.assert_array_equal(np.repeat(x, repeats=2, axis=1).data, np.repeat(X, 2, axis=1))
    np.testing.assert_array_equal(np.swapaxes(x, axis2=0, axis1=1).data, X.T)
    np.testing.assert_array_equal(np.tensordot(a=x, b=x, axes=2).data, np.tensordot(X, X, axes=2))
