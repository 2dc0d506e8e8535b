from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest

import seegrad as sg
from seegrad.data import DataError, prepare_digit, read_picture

Image = pytest.importorskip("PIL.Image")


def page(side=200, stroke=24, ink=0, paper=255):
    """A seven in the upper left of a page."""
    picture = np.full((side, side), paper, np.uint8)
    picture[20 : 20 + stroke, 20:100] = ink
    picture[20:150, 100 - stroke : 100] = ink
    return picture


@pytest.fixture(scope="module")
def digits():
    return sg.data.load_mnist()[1].x[:60]


def test_images_of_mnist_stay_as_they_are(digits):
    prepared = np.stack([prepare_digit(digit) for digit in digits])
    assert prepared.shape == digits.shape
    assert prepared.dtype == np.float32
    assert np.abs(prepared - digits).mean() < 0.03


def test_box_and_centre_of_mass_are_those_of_mnist():
    digit = prepare_digit(page())[..., 0]
    rows, columns = np.flatnonzero(digit.max(axis=1)), np.flatnonzero(digit.max(axis=0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 == round(20 * 80 / 130)
    places = np.arange(28)
    assert (digit.sum(axis=1) * places).sum() / digit.sum() == pytest.approx(14, abs=0.51)
    assert (digit.sum(axis=0) * places).sum() / digit.sum() == pytest.approx(14, abs=0.51)
    assert digit.min() == 0
    assert digit.max() == 1


def shadowed(picture):
    return (picture * np.linspace(0.55, 1, 200)[:, np.newaxis]).astype(np.uint8)


def grainy(picture):
    return np.clip(picture + np.random.default_rng(0).normal(0, 8, picture.shape), 0, 255).astype(np.uint8)


def lit_from_a_corner(picture):
    light = np.linspace(0.5, 1, 200)[:, np.newaxis] * np.linspace(0.8, 1, 200)
    return grainy((102 + 0.6 * picture) * light)


def specked(picture):
    picture = picture.copy()
    picture[185:190, 170:175] = 0
    return picture


def coloured(picture):
    ink = (picture == 0)[..., np.newaxis]
    return np.where(ink, np.uint8([150, 20, 40]), np.uint8([240, 230, 180]))


def transparent(picture):
    return np.stack([np.zeros_like(picture)] * 3 + [255 - picture], axis=-1)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: 255 - p,
        lambda p: p.astype(np.float32) / 255,
        lambda p: p > 0,
        lambda p: p.astype(np.uint16) * 257,
        lambda p: (100 + p / 8).astype(np.uint8),
        lambda p: p[..., np.newaxis],
        lambda p: np.pad(p, ((0, 300), (500, 0)), constant_values=255),
        lambda p: p[20:170, 10:100],
        lambda p: np.kron(p, np.ones((8, 8), np.uint8)),
        shadowed,
        grainy,
        lit_from_a_corner,
        specked,
        coloured,
        transparent,
        lambda p: 255 - transparent(p) * np.uint8([1, 1, 1, 0]) - np.stack([0 * p] * 3 + [p], axis=-1),
    ],
    ids="inverted float bool uint16 faint channel margins cropped huge shadow grain photograph speck colour "
    "transparent white-on-transparent".split(),
)
def test_the_same_digit_is_found_in_any_picture(change):
    expected = prepare_digit(page())
    assert np.abs(prepare_digit(change(page())) - expected).mean() < 0.03


def test_thin_strokes_are_widened():
    thin = prepare_digit(page(stroke=1))
    assert 40 < thin.sum() < 90  # as many as a digit of MNIST has
    assert (thin > 0.9).sum() > 15


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((50, 50), np.uint8),
        np.full((50, 50), 255, np.uint8),
        np.full((1, 1), 7, np.uint8),
        np.tile(np.uint8([120, 122]), (50, 25)),
        np.zeros((30, 30, 4), np.uint8),
    ],
    ids="black white pixel faint empty-canvas".split(),
)
def test_a_picture_without_digit_is_refused(picture):
    with pytest.raises(DataError, match="no digit found"):
        prepare_digit(picture)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((0, 5)), "shape"),
        (np.zeros((5, 5, 2)), "shape"),
        (np.zeros(5), "shape"),
        (np.full((5, 5), 255.0), "0 to 1"),
        (np.full((5, 5), np.nan), "0 to 1"),
        (np.full((5, 5), "x"), "dtype"),
        (np.broadcast_to(np.uint8(0), (10_000, 10_000)), "too large"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(picture, message):
    with pytest.raises(DataError, match=message):
        prepare_digit(picture)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "I;16", "F"])
def test_pillow_images_of_all_modes(mode):
    grey = Image.fromarray(page())
    if mode in ("I", "I;16"):
        image = Image.fromarray(page().astype(np.uint16) * 257)
        image = image if mode == "I;16" else image.convert("I")
    elif mode == "F":
        image = Image.fromarray(page().astype(np.float32) / 255)
    else:
        image = grey.convert(mode)
    assert np.abs(prepare_digit(image) - prepare_digit(page())).mean() < 0.01


def test_files_are_read_and_broken_ones_refused(tmp_path):
    Image.fromarray(page()).save(tmp_path / "seven.png")
    data = (tmp_path / "seven.png").read_bytes()
    np.testing.assert_array_equal(prepare_digit(read_picture(tmp_path / "seven.png")), prepare_digit(page()))
    np.testing.assert_array_equal(prepare_digit(read_picture(io.BytesIO(data))), prepare_digit(page()))
    for broken in (b"", b"<html>", data[:60], data[: len(data) // 2]):
        (tmp_path / "broken.png").write_bytes(broken)
        with pytest.raises(DataError, match=r"broken\.png"):
            read_picture(tmp_path / "broken.png")
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "missing.png")


def test_a_huge_picture_is_refused_before_it_is_decoded():
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "png")
    buffer.seek(0)
    with pytest.raises(DataError, match="too large"):
        read_picture(buffer)


@pytest.mark.parametrize("shape", [(300_000, 1), (1, 300_000), (150_001, 2)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_long_strip_costs_no_more_than_a_square(shape, dtype):
    picture = np.zeros(shape, dtype)
    middle = tuple(slice(side // 3, side // 3 + max(1, side // 4)) for side in shape)
    picture[middle] = 1 if dtype == np.float32 else np.iinfo(dtype).max
    tracemalloc.start()
    digit = prepare_digit(picture)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert digit.max() == 1
    assert peak < 40_000_000


def test_large_arrays_are_averaged_as_they_are():
    large = np.kron(page(), np.ones((13, 13), np.uint8))
    assert max(large.shape) > 2 * 4 * 256
    assert np.abs(prepare_digit(large) - prepare_digit(page())).mean() < 0.01


def test_a_photograph_is_turned_as_its_camera_says(tmp_path):
    turned = Image.fromarray(np.rot90(page()).copy())
    exif = turned.getexif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    turned.save(tmp_path / "photo.png", exif=exif)
    np.testing.assert_array_equal(prepare_digit(read_picture(tmp_path / "photo.png")), prepare_digit(page()))
