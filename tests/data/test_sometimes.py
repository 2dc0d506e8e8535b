from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad.data import GaussianNoise, Mixup, RandomAffine, Sometimes


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(size=(400, 8, 8, 1)).astype(np.float32)


def changed(before, after):
    return (before != after).any(axis=(1, 2, 3))


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_changes_that_share_of_the_images(images, p):
    kept, labels = images.copy(), np.arange(400)
    x, y = Sometimes(RandomAffine(), p, seed=0)(images, labels)
    assert changed(images, x).mean() == pytest.approx(p, abs=0.08)
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_array_equal(images, kept)
    assert x is not images
    assert x.dtype == np.float32


def test_the_seed_decides_and_the_loader_seed_comes_first(images):
    noise = GaussianNoise()
    np.testing.assert_array_equal(Sometimes(noise, seed=3)(images), Sometimes(noise, seed=3)(images))
    assert not np.array_equal(Sometimes(noise, seed=3)(images), Sometimes(noise, seed=4)(images))
    data = sg.data.ArrayDataset(images, np.arange(400))
    epochs = [
        np.concatenate([x for x, _ in sg.data.DataLoader(data, 64, seed=1, transform=Sometimes(noise, seed=seed))])
        for seed in (3, 4)
    ]
    np.testing.assert_array_equal(*epochs)
    assert changed(images, epochs[0]).mean() == pytest.approx(0.5, abs=0.08)


def test_in_a_chain(images):
    chain = sg.data.Compose(Sometimes(GaussianNoise(), 0.2), Sometimes(RandomAffine(), 0.2), seed=0)
    assert changed(images, chain(images)).mean() == pytest.approx(0.36, abs=0.08)


def test_what_is_refused(images):
    with pytest.raises(TypeError, match="takes an augmentation"):
        Sometimes(lambda x, y: (x, y))
    with pytest.raises(ValueError, match=r"p must be a finite number in \[0, 1\]"):
        Sometimes(GaussianNoise(), 1.5)
    with pytest.raises(ValueError, match="cannot apply Mixup, which changes targets"):
        Sometimes(Mixup(10), seed=0)(images, np.arange(400) % 10)
