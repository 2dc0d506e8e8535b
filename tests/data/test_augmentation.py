"""Augmentations: right values, the same numbers for the same seed, inputs untouched."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad.data import (
    ArrayDataset,
    Augmentation,
    Compose,
    DataLoader,
    ElasticDeformation,
    GaussianNoise,
    Mixup,
    RandomAffine,
    RandomErasing,
    RandomShift,
)
from seegrad.data.augment.affine import inverse_matrices, source_positions
from seegrad.data.augment.resampling import bilinear_sample

STILL = {"rotation": 0, "shift": 0, "scale": (1, 1), "shear": 0}
MAKERS = {
    "affine": RandomAffine,
    "shift": RandomShift,
    "erasing": RandomErasing,
    "elastic": ElasticDeformation,
    "noise": GaussianNoise,
    "mixup": lambda seed=None: Mixup(10, seed=seed),
    "compose": lambda seed=None: Compose(RandomShift(), GaussianNoise(), seed=seed),
}


@pytest.fixture
def images(rng):
    return rng.random((8, 12, 10, 3), np.float32)


@pytest.fixture
def labels(rng):
    return rng.integers(0, 10, 8)


def naive_bilinear(image, row, column, fill):
    """Look up one position the slow way: a sum over all pixels with their tent-shaped weights."""
    height, width, channels = image.shape
    value, covered = np.zeros(channels), 0.0
    for i in range(height):
        for j in range(width):
            weight = max(0, 1 - abs(row - i)) * max(0, 1 - abs(column - j))
            value += weight * image[i, j]
            covered += weight
    return value + (1 - covered) * fill


@pytest.mark.parametrize("fill", [0.0, 0.7])
def test_bilinear_sampling_equals_the_definition(rng, fill):
    images = rng.random((3, 5, 4, 2))
    rows, columns = rng.uniform(-3, 8, (2, 3, 6, 7))
    rows[0, 0, :3], columns[0, 0, :3] = (0, 4, -1), (3, 3, -1)
    sampled = bilinear_sample(images, rows, columns, fill)
    for n, i, j in np.ndindex(3, 6, 7):
        expected = naive_bilinear(images[n], rows[n, i, j], columns[n, i, j], fill)
        assert np.allclose(sampled[n, i, j], expected, atol=1e-12)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_common_contract(name, dtype, images, labels):
    images = images.astype(dtype)
    before, labels_before = images.copy(), labels.copy()
    make = MAKERS[name]
    x, y = make(seed=1)(images, labels)
    assert x.shape == images.shape
    assert x.dtype == dtype
    assert x.flags.c_contiguous
    assert np.isfinite(x).all()
    assert not np.array_equal(x, images)
    assert not np.shares_memory(x, images)
    assert len(y) == len(labels)
    assert np.array_equal(images, before)
    assert np.array_equal(labels, labels_before)
    again, other = make(seed=1), make(seed=2)
    assert np.array_equal(again(images, labels)[0], x)
    assert not np.array_equal(again(images, labels)[0], x)
    assert not np.array_equal(other(images, labels)[0], x)


@pytest.mark.parametrize("name", MAKERS)
def test_any_memory_order_and_read_only_images(name, images, labels):
    contiguous, _ = MAKERS[name](seed=1)(images, labels)
    view = np.asfortranarray(images)
    view.flags.writeable = False
    assert np.array_equal(MAKERS[name](seed=1)(view, labels)[0], contiguous)


@pytest.mark.parametrize("name", MAKERS)
def test_wrong_images(name, images, labels):
    augmentation = MAKERS[name]()
    with pytest.raises(TypeError, match="uint8.*scale_pixels"):
        augmentation(images.astype(np.uint8), labels)
    with pytest.raises(TypeError, match="list"):
        augmentation(images.tolist(), labels)
    with pytest.raises(ValueError, match=r"\(12, 10, 3\)"):
        augmentation(images[0], labels)
    with pytest.raises(ValueError, match="8 images but 7 targets"):
        augmentation(images, labels[:7])


def test_default_seed_follows_manual_seed(images):
    sg.manual_seed(5)
    first = RandomAffine()(images)
    sg.manual_seed(5)
    assert np.array_equal(RandomAffine()(images), first)


def test_affine_that_does_nothing(images):
    assert np.allclose(RandomAffine(**STILL, seed=0)(images), images, atol=1e-5)


def apply(image, angle=0.0, shear=0.0, scale=1.0, shift=(0.0, 0.0)):
    image = np.asarray(image, float)[np.newaxis, ..., np.newaxis]
    matrices = inverse_matrices(*(np.array([value]) for value in (np.radians(angle), np.radians(shear), scale)))
    rows, columns = source_positions(matrices, np.array([shift]), *image.shape[1:3], float)
    return bilinear_sample(image, rows, columns)[0, ..., 0]


def test_directions_of_the_affine_map(rng):
    image = rng.random((7, 7))
    assert np.allclose(apply(image, angle=90), np.rot90(image))
    assert np.allclose(apply(image, angle=180), np.rot90(image, 2))
    moved = apply(image, shift=(1, -2))
    assert np.allclose(moved[1:, :-2], image[:-1, 2:])
    assert not moved[0].any()
    assert not moved[:, -2:].any()
    dot = np.zeros((7, 7))
    dot[3, 5] = 1
    assert apply(dot, scale=1.5)[3, 6] == pytest.approx(1)
    line = np.zeros((7, 7))
    line[:, 3] = 1
    leaning = apply(line, shear=45)
    assert np.allclose(leaning, np.eye(7)[::-1])


def test_affine_stays_within_its_amounts(rng):
    dots = np.zeros((200, 41, 41, 1))
    dots[:, 20, 30] = 1
    centre = np.arange(41) - 20.0
    turned = RandomAffine(**{**STILL, "rotation": 30}, seed=0)(dots)[..., 0]
    total = turned.sum((1, 2))
    angle = np.degrees(np.arctan2(-(turned.sum(2) @ centre) / total, (turned.sum(1) @ centre) / total))
    assert np.abs(angle).max() < 30.5
    assert angle.min() < -25
    assert angle.max() > 25
    moved = RandomAffine(**{**STILL, "shift": 0.1}, seed=0)(dots)[..., 0]
    down, right = moved.sum(2) @ centre, moved.sum(1) @ centre - 10
    assert np.abs([down, right]).max() <= 4.1 + 1e-9
    assert np.corrcoef(down, right)[0, 1] < 0.3


def test_shift_moves_whole_pixels(images):
    seen = set()
    many = np.repeat(images, 20, axis=0)
    for before, after in zip(many, RandomShift(1, fill=9, seed=0)(many), strict=True):
        framed = np.pad(before, ((1, 1), (1, 1), (0, 0)), constant_values=9)
        where = [(i, j) for i in range(3) for j in range(3) if np.array_equal(framed[i : i + 12, j : j + 10], after)]
        assert len(where) == 1
        seen.add(where[0])
    assert len(seen) == 9
    assert np.array_equal(RandomShift(0)(images), images)


def test_erasing_paints_one_rectangle(images):
    many = np.repeat(images, 20, axis=0)
    erased = RandomErasing(p=1, area=(0.1, 0.3), value=5, seed=0)(many)
    for before, after in zip(many, erased, strict=True):
        painted = (after == 5).all(-1)
        rows, columns = np.flatnonzero(painted.any(1)), np.flatnonzero(painted.any(0))
        assert painted.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert 0.05 <= painted.mean() <= 0.4
        assert np.array_equal(before[~painted], after[~painted])
    share = (RandomErasing(p=0.25, area=(0.1, 0.1), value=5, seed=0)(np.zeros((2000, 9, 9, 1))) == 5).any((1, 2, 3))
    assert abs(share.mean() - 0.25) < 0.03
    assert np.array_equal(RandomErasing(p=0)(images), images)


def test_elastic_displacement_is_smooth_and_of_the_stated_size():
    rows = np.broadcast_to(np.arange(40.0)[:, None, None], (300, 40, 40, 1)).copy()
    field = (ElasticDeformation(strength=1.5, smoothness=5, seed=0)(rows) - rows)[:, 8:-8, 8:-8, 0]
    assert abs(field.std() - 1.5) < 0.1
    assert abs(field.mean()) < 0.1
    # Neighbours of smoothed white noise differ by strength / (sqrt(2) * smoothness) in the root mean square.
    assert np.diff(field, axis=1).std() == pytest.approx(1.5 / (np.sqrt(2) * 5), rel=0.1)
    assert np.allclose(ElasticDeformation(strength=0)(rows), rows)


def test_noise(images):
    zeros = np.zeros((100, 20, 20, 1), np.float32)
    noise = GaussianNoise(0.3, seed=0)(zeros)
    assert abs(noise.std() - 0.3) < 0.01
    assert abs(noise.mean()) < 0.01
    clipped = GaussianNoise(0.3, clip=(0, 1), seed=0)(images)
    assert clipped.min() == 0
    assert clipped.max() == 1


def test_mixup_blends_images_and_targets_alike(rng):
    marks = np.zeros((64, 1, 1, 64), np.float32)
    marks[np.arange(64), 0, 0, np.arange(64)] = 1
    labels = rng.integers(0, 4, 64)
    x, y = Mixup(4, alpha=1.0, seed=0)(marks, labels)
    assert y.dtype == np.float32
    assert y.shape == (64, 4)
    assert np.allclose(y.sum(1), 1)
    assert np.allclose(x[:, 0, 0] @ np.eye(4, dtype=np.float32)[labels], y, atol=1e-6)
    assert (x[np.arange(64), 0, 0, np.arange(64)] >= 0.5).all()
    assert ((x > 0).sum((1, 2, 3)) <= 2).all()
    soft, _ = Mixup(4, seed=0)(marks, y)
    assert soft.shape == marks.shape
    with pytest.raises(TypeError, match=r"mixup\(x, y\)"):
        Mixup(4)(marks)
    with pytest.raises(ValueError, match="labels must be 0 to 2"):
        Mixup(3)(marks, labels)
    with pytest.raises(ValueError, match=r"\(n, 5\)"):
        Mixup(5)(marks, y)


def test_compose_runs_in_order_with_one_seed(images):
    class Double(Augmentation):
        def _change(self, x, y, rng):
            return 2 * x, y

    class AddOne(Augmentation):
        def _change(self, x, y, rng):
            return x + 1, y

    assert np.allclose(Compose(Double(), AddOne())(images), 2 * images + 1)
    assert np.allclose(Compose(AddOne(), Double())(images), 2 * images + 2)
    with pytest.raises(TypeError, match="augmentations"):
        Compose(lambda x: x)


def test_in_a_loader_the_loader_decides(images, labels):
    source = ArrayDataset(images, labels)

    def epoch(seed: int, augmentation: Augmentation) -> bytes:
        return b"".join(x.tobytes() for x, _ in DataLoader(source, 3, seed=seed, transform=augmentation))

    assert epoch(0, RandomAffine(seed=1)) == epoch(0, RandomAffine(seed=2))
    assert epoch(0, RandomAffine()) != epoch(1, RandomAffine())


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: RandomAffine(rotation=-1), "rotation"),
        (lambda: RandomAffine(rotation="10"), "rotation"),
        (lambda: RandomAffine(scale=1.1), "scale"),
        (lambda: RandomAffine(scale=(1.1, 0.9)), "scale"),
        (lambda: RandomAffine(scale=(0, 1)), "scale"),
        (lambda: RandomAffine(shear=90), "shear"),
        (lambda: RandomAffine(fill=float("nan")), "fill"),
        (lambda: RandomShift(1.5), "pixels"),
        (lambda: RandomShift(-1), "pixels"),
        (lambda: RandomErasing(p=1.5), "p must"),
        (lambda: RandomErasing(area=(0.1, 1.5)), "area"),
        (lambda: ElasticDeformation(strength=-1), "strength"),
        (lambda: ElasticDeformation(smoothness=0), "smoothness"),
        (lambda: GaussianNoise(-0.1), "std"),
        (lambda: GaussianNoise(clip=(1, 0)), "clip"),
        (lambda: Mixup(1), "classes"),
        (lambda: Mixup(10, alpha=0), "alpha"),
    ],
)
def test_wrong_settings_are_named(make, name):
    with pytest.raises((TypeError, ValueError), match=name):
        make()
