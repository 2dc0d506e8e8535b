"""Special functions of SciPy that are called with nodes: every operation over its domain, to second order."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

special = pytest.importorskip("scipy.special", reason="no SciPy")

from special_inputs import INPUTS  # noqa: E402 (a file of SciPy's tests is nothing without it)

import seegrad as sg  # noqa: E402
from seegrad.autograd.scipy_entrance import special_rules  # noqa: E402, F401
from seegrad.autograd.scipy_entrance.special_function import SpecialFunction  # noqa: E402

OPERATIONS = SpecialFunction.table
every_function = pytest.mark.parametrize("name", INPUTS)


def called(name: str):
    """What a user calls: SciPy's ufunc, or a part of its results; the operation itself if SciPy has no ufunc."""
    base, _, place = name.rpartition("_")
    if place.isdigit():
        return lambda *inputs: getattr(special, base)(*inputs)[int(place)]
    function = getattr(special, name, None)
    return function if isinstance(function, np.ufunc) else OPERATIONS[name]


def plain_function(name: str):
    """The same function as SciPy computes it, without the engine."""
    return OPERATIONS[name].array if called(name) is OPERATIONS[name] else called(name)


def differentiable(name: str) -> list[int]:
    return [k for k in range(len(INPUTS[name])) if k not in OPERATIONS[name].refused]


def whole(name: str, dtype=np.float64) -> list:
    """The inputs; what counts or chooses a branch stays an integer."""
    integer = np.int16 if dtype == np.float32 else np.int64  # NumPy takes int64 and float32 together to float64
    return [x.astype(integer if x.dtype.kind == "i" else dtype) for x in INPUTS[name]]


def real(x):
    return np.real(x) if np.iscomplexobj(getattr(x, "data", x)) else x


def applied(name: str, inputs: list):
    """The function of its differentiable inputs alone."""
    places = differentiable(name)

    def f(*xs):
        return real(called(name)(*[xs[places.index(k)] if k in places else x for k, x in enumerate(inputs)]))

    return f, [inputs[k] for k in places]


def test_every_function_has_inputs():
    assert set(INPUTS) == set(OPERATIONS)


@every_function
def test_value_is_scipys_and_gradient_its_slope(name):
    f, xs = applied(name, whole(name))
    tensors = [sg.Tensor(x, requires_grad=True) for x in xs]
    out = f(*tensors)
    np.testing.assert_array_equal(out.data, np.real(plain_function(name)(*whole(name))))
    out.backward(np.ones(5))
    for place, x in zip(differentiable(name), tensors):
        step = np.zeros(len(INPUTS[name]))
        step[place] = 1e-5
        ahead, behind = (
            plain_function(name)(*[v + s * d if d else v for v, d in zip(whole(name), step)]) for s in (1, -1)
        )
        np.testing.assert_allclose(x.grad, np.real(ahead - behind) / 2e-5, rtol=2e-6, atol=1e-8)


@every_function
def test_gradcheck_to_second_order(name):
    f, xs = applied(name, whole(name))
    assert sg.gradcheck(lambda *ts: f(*ts) ** 2, [sg.Tensor(x, requires_grad=True) for x in xs], order=2)


@every_function
def test_float32_is_kept(name):
    f, xs = applied(name, whole(name, np.float32))
    g, _ = applied(name, whole(name))
    single, double = ([sg.Tensor(x.astype(t), requires_grad=True) for x in xs] for t in (np.float32, np.float64))
    results = f(*single), g(*double)
    assert results[0].dtype == np.float32
    np.testing.assert_allclose(results[0].data, results[1].data, rtol=2e-4, atol=1e-5)
    for out in results:
        out.backward(np.ones(5))
    for x, y in zip(single, double):
        assert x.grad.dtype == np.float32
        np.testing.assert_allclose(x.grad, y.grad, rtol=2e-4, atol=1e-5)


@every_function
def test_values_are_numbers_of_arrays(name):
    f, xs = applied(name, whole(name))
    tensors = [sg.Tensor(x, requires_grad=True) for x in xs]
    out = f(*tensors)
    out.backward(np.ones(5))
    g, _ = applied(name, [x[3].item() for x in whole(name)])
    values = [sg.Value(float(x[3])) for x in xs]
    found = g(*values)
    assert isinstance(found, sg.Value)
    assert found.data == pytest.approx(out.data[3], rel=1e-14)
    found.backward()
    assert [v.grad for v in values] == pytest.approx([t.grad[3] for t in tensors], rel=1e-12, abs=1e-14)


@every_function
def test_under_vmap_and_compiled(name):
    f, xs = applied(name, whole(name))
    slopes = sg.grad(lambda *ts: f(*ts).sum(), argnums=tuple(range(len(xs))))(*xs)
    compiled = sg.compile(sg.grad(lambda *ts: f(*ts).sum(), argnums=tuple(range(len(xs)))))
    rows = sg.vmap(sg.grad(lambda *one: real(called(name)(*one)), argnums=tuple(differentiable(name))))
    for found in (compiled(*xs), compiled(*xs), rows(*whole(name))):
        np.testing.assert_allclose(found, slopes, rtol=1e-13, atol=1e-300)
    values = sg.vmap(called(name))(*whole(name))
    np.testing.assert_allclose(values, plain_function(name)(*whole(name)), rtol=1e-14)


@every_function
def test_inputs_without_a_formula_are_refused(name):
    operation = OPERATIONS[name]
    for place in operation.refused:
        inputs = whole(name)
        inputs[place] = sg.Tensor(inputs[place].astype(float), requires_grad=True)
        with pytest.raises(
            TypeError, match=f"{operation.called} has no derivative with respect to {operation.names[place]}: "
        ):
            called(name)(*inputs)
        if name != "lambertw":
            with sg.no_grad():
                np.testing.assert_array_equal(called(name)(*inputs).data, plain_function(name)(*whole(name)))


@every_function
def test_operations_are_pickled_by_name(name):
    assert pickle.loads(pickle.dumps(OPERATIONS[name])) is OPERATIONS[name]
