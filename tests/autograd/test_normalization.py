"""Batch normalisation at once: what its steps one after the other give, on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from leaves import value_and_gradients

import seegrad as sg


def step_by_step(x, weight, bias, eps=1e-5):
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) / sg.sqrt(x.var(axes) + eps) * weight + bias


def at_once(x, weight, bias, eps=1e-5):
    out, _, _ = sg.batch_norm(x, weight, bias, eps)
    assert out.op.name == "batch_norm"
    return out


@pytest.fixture
def arrays(rng):
    return rng.normal(2.0, 3.0, (5, 7, 4, 3)), rng.normal(size=3), rng.normal(size=3)


def test_moments_are_those_of_the_channels(arrays):
    x, weight, bias = arrays
    _, mean, var = sg.batch_norm(x, weight, bias)
    np.testing.assert_allclose(mean, x.mean((0, 1, 2)))
    np.testing.assert_allclose(var, x.var((0, 1, 2)))


def test_given_moments_are_constants(arrays):
    x, weight, bias = arrays
    mean, var = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0])

    def with_moments(*leaves):
        return sg.batch_norm(*leaves, 0.1, (mean, var))[0]

    found = value_and_gradients(with_moments, arrays)
    wanted = value_and_gradients(lambda x, weight, bias: (x - mean) / np.sqrt(var + 0.1) * weight + bias, arrays)
    for result, other in zip([with_moments(*arrays), *found], [wanted[0], *wanted], strict=True):
        np.testing.assert_allclose(result, other, rtol=1e-12, atol=1e-12)


def test_a_mean_far_from_zero_costs_no_digits(arrays):
    x, weight, bias = [array.astype(np.float32) for array in arrays]
    x += np.float32(10_000.0)
    found = value_and_gradients(at_once, (x, weight, bias))
    for result, wanted in zip(
        found, value_and_gradients(step_by_step, [array.astype(float) for array in (x, weight, bias)])
    ):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, wanted, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("special", [np.nan, np.inf, 3e38])
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid).*:RuntimeWarning")
def test_special_numbers_stay_in_their_channel(arrays, special):
    arrays = [array.astype(np.float32) for array in arrays]
    arrays[0][1, 2, 3, 1] = special
    for result, wanted in zip(value_and_gradients(at_once, arrays), value_and_gradients(step_by_step, arrays)):
        np.testing.assert_array_equal(np.isfinite(result), np.isfinite(wanted))
        assert np.isfinite(result[..., [0, 2]]).all()


def test_equal_pixels_have_no_slope(arrays):
    _, weight, bias = arrays
    out, to_x, to_weight, _ = value_and_gradients(at_once, (np.full((2, 3, 4, 3), 7.0), weight, bias))
    np.testing.assert_array_equal(out, np.broadcast_to(bias, out.shape))
    np.testing.assert_array_equal(to_weight, 0.0)
    np.testing.assert_allclose(to_x.sum((0, 1, 2)), 0.0, atol=1e-9)


def test_what_is_written_after_it_was_read_does_not_count(arrays):
    x, weight, bias = [sg.tensor(array, requires_grad=True) for array in arrays]
    scale = weight * 1.0
    out = at_once(x, scale, bias)
    scale[0] = 100.0
    (out * out).sum().backward()
    again = [sg.tensor(array, requires_grad=True) for array in arrays]
    (step_by_step(*again) ** 2).sum().backward()
    for leaf, other in zip((x, weight, bias), again):
        np.testing.assert_allclose(leaf.grad, other.grad, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3,), (3,), (3,)), r"expected \(batch, ..., channels\), not empty, got shape \(3,\)"),
        (((0, 2, 2, 3), (3,), (3,)), r"got shape \(0, 2, 2, 3\)"),
        (((1, 2, 2, 3), (2,), (3,)), r"a weight of shape \(2,\)"),
        (((1, 2, 2, 3), (3,), (3, 1)), r"a bias of shape \(3, 1\)"),
    ],
)
def test_what_does_not_fit_is_named(shapes, message):
    with pytest.raises(ValueError, match=message):
        sg.batch_norm(*[np.ones(shape) for shape in shapes])


def test_dtypes_are_not_mixed():
    with pytest.raises(ValueError, match="dtype float32 does not fit"):
        sg.batch_norm(np.ones((1, 2, 2, 3)), np.ones(3, np.float32), np.ones(3))
