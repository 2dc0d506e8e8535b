"""Scalers: fitted on training data alone, invertible, and saved as plain numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seegrad.data import DataError, MinMaxScale, Standardize, one_hot, scale_pixels

SCALERS = [Standardize, MinMaxScale, lambda: MinMaxScale(-1, 1)]
VALUES = st.floats(-1e3, 1e3, width=32).map(lambda value: round(value, 3))


def test_scale_pixels_is_exact_division():
    pixels = np.arange(256, dtype=np.uint8)
    scaled = scale_pixels(pixels)
    assert scaled.dtype == np.float32
    assert np.array_equal(scaled, (np.arange(256) / 255).astype(np.float32))
    with pytest.raises(TypeError, match="float64"):
        scale_pixels(np.ones(3))


def test_one_hot():
    rows = one_hot([2, 0, 1], 3)
    assert rows.dtype == np.float32
    assert np.array_equal(rows, np.eye(3)[[2, 0, 1]])
    for bad in (-1, 3):
        with pytest.raises(DataError, match=rf"labels\[1\] is {bad}; labels must be 0 to 2"):
            one_hot([0, bad], 3)
    with pytest.raises(TypeError, match="integers"):
        one_hot([0.0, 1.0], 3)
    with pytest.raises(TypeError, match=r"integers, got dtype <U3; .* names, numbers = np\.unique"):
        one_hot(["cat", "dog"], 2)
    with pytest.raises(DataError, match=r"shape \(n,\)"):
        one_hot([[0], [1]], 3)


def test_standardize_matches_the_definition_per_channel(rng):
    x = rng.normal(5, 3, (5000, 4, 4, 2)).astype(np.float32)
    z = Standardize().fit(x).transform(x)
    assert z.dtype == np.float32
    expected = (x - x.mean((0, 1, 2), dtype=float)) / x.std((0, 1, 2), dtype=float)
    assert np.abs(z - expected).max() < 1e-5


def test_min_max_fills_its_range(rng):
    x = rng.normal(5, 3, (50, 3))
    z = MinMaxScale(-2, 3).fit(x)(x)
    assert np.allclose(z.min(0), -2)
    assert np.allclose(z.max(0), 3)
    assert MinMaxScale().fit(x).transform(x[:1] + 100).max() > 1


@pytest.mark.parametrize("make", SCALERS)
@given(x=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=4, max_side=6), elements=VALUES))
def test_inverse_and_state(make, x):
    scaler = make().fit(x)
    z = scaler.transform(x)
    assert np.isfinite(z).all()
    assert z.shape == x.shape
    assert np.allclose(scaler.inverse_transform(z), x, atol=1e-9)
    other = make()
    other.load_state_dict(json.loads(json.dumps(scaler.state_dict())))
    assert np.array_equal(other.transform(x), z)


@pytest.mark.parametrize("make", SCALERS)
def test_constant_features_stay_finite(make):
    x = np.full((7, 2), 0.1, np.float32)
    z = make().fit(x).transform(x)
    assert np.ptp(z) < 1e-6
    assert np.isfinite(z).all()


@pytest.mark.parametrize("make", SCALERS)
def test_clear_errors(make):
    name = type(make()).__name__
    with pytest.raises(ValueError, match=f"{name}.transform before fit"):
        make().transform(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=f"{name}.state_dict before fit"):
        make().state_dict()
    with pytest.raises(DataError, match="NaN"):
        make().fit([[np.nan, 1.0]])
    for shape in [(0, 3), (3,), ()]:
        with pytest.raises(DataError, match="features"):
            make().fit(np.zeros(shape))
    with pytest.raises(ValueError, match=r"fitted on 2 features.*\(4, 3\)"):
        make().fit(np.ones((4, 2))).transform(np.ones((4, 3)))


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"kind": "Other", "offset": [0.0], "scale": [1.0]},
        {"kind": "Standardize", "offset": [0.0]},
        {"kind": "Standardize", "offset": [0.0], "scale": [0.0]},
        {"kind": "Standardize", "offset": [0.0], "scale": [1.0, 2.0]},
        {"kind": "Standardize", "offset": [float("nan")], "scale": [1.0]},
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(state):
    scaler = Standardize().fit([[1.0], [3.0]])
    before = scaler.state_dict()
    with pytest.raises(ValueError, match="Standardize"):
        scaler.load_state_dict(state)
    assert scaler.state_dict() == before


def test_integers_become_float32_and_the_range_must_be_one():
    assert Standardize().fit([[1], [3]]).transform(np.array([[1], [3]])).dtype == np.float32
    with pytest.raises(ValueError, match="low < high"):
        MinMaxScale(1, 1)
    with pytest.raises(TypeError, match="low"):
        MinMaxScale("a")
