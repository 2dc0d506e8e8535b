"""Random functions of complex arrays have the gradients of pairs of real arrays: plainly, compiled, in batches."""

from __future__ import annotations

import numpy as np
import pytest
from complex_pairs import BINARY, UNARY, Direct, N, Pair, Pairs, random_function

import seegrad as sg

seeds = pytest.mark.parametrize("seed", range(60))


def arrays(seed, count=2):
    rng = np.random.default_rng(1000 + seed)
    return [rng.normal(size=(N, N)) + 1j * rng.normal(size=(N, N)) + 1.5 + 1.5j for _ in range(count)]


def gradients_of_pairs(f, *zs):
    """dL/dx - i dL/dy of each argument, by real derivatives."""
    pairs = [Pair(*[sg.tensor(x, requires_grad=True) for x in (z.real, z.imag)]) for z in zs]
    value = f(Pairs, *pairs)
    value.backward()
    parts = [[np.zeros((N, N)) if x.grad is None else x.grad for x in pair] for pair in pairs]
    return value.item(), [re - 1j * im for re, im in parts]


def assert_close(found, expected, tolerance=1e-9):
    scale = max(1.0, *[float(np.max(np.abs(x))) for x in expected])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_each_function_alone(name):
    zs = arrays(3, 1 if name in UNARY else 2)

    def f(way, *values):
        return way.loss(getattr(way, name)(*values))

    value, expected = gradients_of_pairs(f, *zs)
    found = sg.value_and_grad(lambda *values: f(Direct, *values), tuple(range(len(zs))))(*zs)
    assert found[0] == pytest.approx(value, rel=1e-12)
    assert_close(found[1], expected)


@seeds
def test_gradients_are_those_of_pairs_of_real_numbers(seed):
    f, zs = random_function(seed), arrays(seed)
    value, expected = gradients_of_pairs(f, *zs)
    found = sg.value_and_grad(lambda z, y: f(Direct, z, y), (0, 1))(*zs)
    assert found[0] == pytest.approx(value, rel=1e-10)
    assert_close(found[1], expected)


@seeds
def test_gradients_of_real_arguments_are_real(seed):
    f, (x, y) = random_function(seed), [z.real for z in arrays(seed)]
    expected = gradients_of_pairs(lambda way, *zs: f(way, *zs), x + 0j, y + 0j)[1]
    found = sg.grad(lambda x, y: f(Direct, x + 0j, y * (1 + 0j)), (0, 1))(x, y)
    assert all(g.dtype == np.float64 for g in found)
    assert_close(found, [g.real for g in expected])


@pytest.mark.parametrize("seed", range(20))
def test_second_derivatives_are_those_of_finite_differences(seed):
    f = random_function(seed)
    nodes = [sg.tensor(z, requires_grad=True) for z in arrays(seed)]
    assert sg.gradcheck(lambda z, y: f(Direct, z, y), nodes, order=2, rtol=1e-4, atol=1e-4)


@seeds
def test_compiled_functions_give_the_same(seed):
    f = random_function(seed)
    plain = sg.value_and_grad(lambda z, y: f(Direct, z, y), (0, 1))
    compiled = sg.compile(plain)
    for k in range(3):
        zs = arrays(seed + 100 * k)
        (value, gradients), expected = compiled(*zs), plain(*zs)
        assert value == pytest.approx(expected[0], rel=1e-12)
        assert_close(gradients, expected[1], 1e-12)
    assert compiled.why_not is None
    assert (compiled.recordings, compiled.replays) == (1, 2)


@seeds
def test_batches_give_what_each_example_gives(seed):
    f = random_function(seed)
    zs, ys = np.stack(arrays(seed, 4)), np.stack(arrays(seed + 7, 4))
    plain = sg.value_and_grad(lambda z, y: f(Direct, z, y), (0, 1))
    values, gradients = sg.vmap(plain)(zs, ys)
    expected = [plain(z, y) for z, y in zip(zs, ys, strict=True)]
    np.testing.assert_allclose(values, [value for value, _ in expected], rtol=1e-10)
    for k in (0, 1):
        assert_close([gradients[k]], [np.stack([g[k] for _, g in expected])])


@seeds
def test_single_precision_stays_single(seed):
    f, zs = random_function(seed), arrays(seed)
    found = sg.value_and_grad(lambda z, y: f(Direct, z, y), (0, 1))(*[z.astype(np.complex64) for z in zs])
    expected = sg.value_and_grad(lambda z, y: f(Direct, z, y), (0, 1))(*zs)
    assert all(g.dtype == np.complex64 for g in found[1])
    scale = max(1.0, *[float(np.max(np.abs(g))) for g in expected[1]])
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3 * scale)
