"""Every function of NumPy that works on tensors, in NumPy's calling forms, against NumPy itself.

No argument may mean something else than in NumPy: it is supported with NumPy's meaning, or refused by name.
"""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from in_one_test import each
from numpy_calls import CALLS, V, X, Y

import seegrad as sg
from seegrad.autograd.numpy_functions import FUNCTIONS

#: The gradients of these are symmetric, their results have free signs, or they jump: their values are compared here,
#: and their derivatives elsewhere.
VALUES_ONLY = {np.linalg.cholesky, np.linalg.qr, np.trim_zeros}

#: Functions whose results may depend on shape and dtype alone.
CONSTANT = {np.zeros_like, np.ones_like, np.full_like}


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
    return type(x)(map_reals(f, item) for item in x) if type(x) in (tuple, list) else f(x) if is_real(x) else x


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
    return (total * (1 + 2j)).real if np.iscomplexobj(total) else total


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
        assert isinstance(total, sg.Tensor)
        assert total.requires_grad or function in CONSTANT
        if function in VALUES_ONLY or "hermitian" in call[2] or not total.requires_grad:
            continue
        total.backward()
        tolerance = 1e-2 if call[2].get("dtype") is np.float32 else 2e-5
        for index, (tensor, array) in enumerate(leaves):
            if not np.all(np.isfinite(array)):
                continue
            found = np.zeros(array.shape) if tensor.grad is None else tensor.grad
            np.testing.assert_allclose(found, numeric(function, args, options, index), rtol=tolerance, atol=tolerance)


@each("dtype", [np.float32, np.float16, np.int64, np.uint8])
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
        if type(x) in (tuple, list):
            return type(x)(tensors(item) for item in x)
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


# --------------------------------------------------------------------- higher derivatives, batches, recorded programs

#: Functions whose results have shapes, or a dtype, that depend on the data.
SHAPED_BY_DATA = {
    *(np.trim_zeros, np.unique, np.union1d, np.bincount, np.linalg.eig, np.linalg.eigvals),
    *(np.unique_values, np.unique_counts, np.unique_inverse, np.unique_all),
}


def is_smooth(call):
    """Whether every real array in a call is differentiated, and checked by finite differences."""
    reals = []
    map_reals(lambda x: reals.append(x), call[1:])
    values_only = call[0] in VALUES_ONLY or "hermitian" in call[2] or call[0] in CONSTANT
    single = any(x is np.float32 for x in (*call[1], call[2].get("dtype")))
    return bool(reals) and not values_only and not single


def as_function(call):
    """The call as a function of its real arrays that returns a tuple of arrays, and these arrays."""
    function, args, options = call
    reals = []
    map_reals(lambda x: reals.append(np.array(x)), (args, options))

    def of_arrays(*xs):
        given = iter(xs)
        put_in = lambda x: next(given)  # noqa: E731
        results = arrays_of(function(*map_reals(put_in, args), **map_reals(put_in, options)))
        return tuple(r for r in results if r.dtype.kind in "fc")

    return of_arrays, reals


SMOOTH = [call for call in CALLS if is_smooth(call)]
smooth_calls = pytest.mark.parametrize("call", SMOOTH, ids=[f"{i}-{name_of(c)}" for i, c in enumerate(SMOOTH)])


@smooth_calls
def test_second_derivatives(call):
    f, reals = as_function(call)
    if all(np.all(np.isfinite(x)) for x in reals):
        assert sg.gradcheck(lambda *xs: loss([r * r for r in f(*xs)]), [sg.tensor(x, True) for x in reals], order=2)


@smooth_calls
def test_of_a_batch(call):
    f, reals = as_function(call)
    if call[0] in SHAPED_BY_DATA:
        return
    batches = [np.stack([x, x * 0.97]) for x in reals]
    expected = [np.stack(parts) for parts in zip(*[f(*[b[i] for b in batches]) for i in (0, 1)])]
    for ours, loops in zip(sg.vmap(f)(*batches), expected):
        np.testing.assert_allclose(ours, loops, rtol=1e-11, atol=1e-11)
    slopes = sg.grad(lambda *xs: loss(f(*xs)), tuple(range(len(reals))))
    loops = [np.stack(parts) for parts in zip(*[slopes(*[b[i] for b in batches]) for i in (0, 1)])]
    for ours, theirs in zip(sg.vmap(slopes)(*batches), loops):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@smooth_calls
def test_recorded_once_and_run_on_other_numbers(call):
    f, reals = as_function(call)
    slopes = sg.grad(lambda *xs: loss(f(*xs)), tuple(range(len(reals))))
    compiled = sg.compile(slopes)
    compiled(*reals)
    assert compiled.why_not is None or call[0] in SHAPED_BY_DATA
    for other in (reals, [x * 0.97 for x in reals]):
        for ours, expected in zip(compiled(*other), slopes(*other)):
            np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


Z, A = X[:2, :3] + 1j * Y[:2, :3], V + 1j * V[::-1]
#: Functions of complex numbers, which are differentiated in their real and imaginary parts.
COMPLEX = {
    "convolve": lambda z, a: np.convolve(a, z[0]),
    "correlate": lambda z, a: np.correlate(a, z[0], "full"),
    "vecdot": lambda z, a: np.vecdot(z, z[::-1] * a[0]),
    "vdot": lambda z, a: np.vdot(z, z * a[1]),
    "linalg.vecdot": lambda z, a: np.linalg.vecdot(z, z * a[0], axis=0),
    "cov": lambda z, a: np.cov(z),
    "corrcoef": lambda z, a: np.corrcoef(z, z[:, ::-1] ** 2),
    "interp": lambda z, a: np.interp([-1.0, 0.3, 2.2, 9.0], np.arange(4.0), a, z[0, 0], z[0, 1]),
    "pinv of Hermitian": lambda z, a: np.linalg.pinv(hermitian(a[:2], z[:, :2]), hermitian=True),
    "svd of Hermitian": lambda z, a: rebuilt(np.linalg.svd(hermitian(a[:2], z[:, :2]), hermitian=True)),
    "polyval": lambda z, a: np.polyval(a, z),
    "trapezoid": lambda z, a: np.trapezoid(z, axis=0),
    "nansum": lambda z, a: np.nansum(z, axis=1),
    "mean of some": lambda z, a: np.mean(z, 0, where=[[True, False, True], [True, True, True]]),
    "linspace": lambda z, a: np.linspace(z[0], a[:3], 4),
    "block": lambda z, a: np.block([z, z * a[0]]),
    "insert": lambda z, a: np.insert(z, 1, a[0], axis=1),
    "lstsq": lambda z, a: np.linalg.lstsq(z.T, a[:3])[0],
    "residuals of lstsq": lambda z, a: np.linalg.lstsq(z.T, a[:3])[1],
    "poly": lambda z, a: np.poly(a),
    "polyfit": lambda z, a: np.polyfit(np.arange(4.0), a, 1),
    "piecewise": lambda z, a: np.piecewise(a, [[True, False, False, True]], [lambda v: v * v, 2.0]),
    "tensorsolve": lambda z, a: np.linalg.tensorsolve(z[:, :2] + 3 * np.eye(2), a[:2]),
    "cond": lambda z, a: np.linalg.cond(z[:, :2], 1),
    "cumulative_sum": lambda z, a: np.cumsum(z, 1),
    "array": lambda z, a: sg.numpy.array([z[0, 0], a[1] * z[1, 1], 2.0]),
    "array with a complex number": lambda z, a: sg.numpy.array([z[0, 0].real, 2j, a[1].imag]),
    "zeros": lambda z, a: filled(sg.numpy.zeros(3, complex), z, a),
}


def hermitian(a, z):
    return z + z.conj().T + np.outer(a, a.conj())


def rebuilt(factors):
    u, s, vh = factors
    return (u * s**2) @ vh


def filled(y, z, a):
    y[0], y[1:] = z[0, 0] * a[1], a[:2]
    return y


@pytest.mark.parametrize("name", COMPLEX)
def test_of_complex_numbers(name):
    f = COMPLEX[name]
    result = f(sg.tensor(Z, requires_grad=True), sg.tensor(A, requires_grad=True))
    expected = f(Z, A)
    np.testing.assert_allclose(result.data, getattr(expected, "data", expected), rtol=1e-12, atol=1e-12)
    assert sg.gradcheck(f, [sg.tensor(Z, requires_grad=True), sg.tensor(A, requires_grad=True)])
