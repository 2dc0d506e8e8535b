"""Images in folders, one folder per class."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from seegrad.data import DataError, DataLoader, ImageFolder, train_val_split

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def root(tmp_path, rng):
    for label, name in enumerate(["cat", "dog"]):
        (tmp_path / name).mkdir()
        for number in range(3):
            pixels = np.full((6, 5), 100 * label + number, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    (tmp_path / "dog" / "notes.txt").write_text("not an image")
    (tmp_path / "dog" / ".hidden.png").write_text("not an image")
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_classes_order_and_values(root):
    folder = ImageFolder(root)
    assert folder.classes == ["cat", "dog"]
    assert folder.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert len(folder) == 6
    image, label = folder[4]
    assert (image.shape, image.dtype, label) == ((6, 5, 1), np.float32, 1)
    assert np.allclose(image, 101 / 255)
    dataset = folder.load()
    assert dataset.x.shape == (6, 6, 5, 1)
    assert np.allclose(dataset.x[:, 0, 0, 0] * 255, [0, 1, 2, 100, 101, 102])
    assert "6 images, 2 classes" in repr(folder)


def test_as_a_source_of_batches(root):
    train, validation = train_val_split(ImageFolder(root, size=(4, 4), channels=3), 2, seed=0)
    assert len(validation) == 2
    x, y = next(iter(DataLoader(train, 4, shuffle=True, seed=0, prefetch=1)))
    assert x.shape == (4, 4, 4, 3)
    assert sorted(y.tolist()) == [0, 0, 1, 1]


def test_deeper_folders_and_colours(root):
    (root / "cat" / "more").mkdir()
    Image.new("RGBA", (5, 6), (255, 0, 0, 255)).save(root / "cat" / "more" / "red.PNG")
    folder = ImageFolder(root, channels=3)
    assert len(folder) == 7
    red = folder[folder.paths.index(root / "cat" / "more" / "red.PNG")][0]
    assert red[0, 0].tolist() == [1, 0, 0]


def test_sizes_that_differ(root):
    Image.new("L", (7, 6)).save(root / "dog" / "wide.png")
    with pytest.raises(DataError, match=r"wide.png: 6 by 7 pixels, others have 6 by 5; pass size="):
        ImageFolder(root).load()
    assert ImageFolder(root, size=(6, 5)).load().x.shape == (7, 6, 5, 1)


def test_broken_files(root):
    path = root / "dog" / "0.png"
    content = path.read_bytes()
    for broken in (b"", b"<html>not found</html>", content[: len(content) // 2], content[:50]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=r"0\.png: cannot be read as an image"):
            ImageFolder(root).load()


def test_images_of_more_than_eight_bits_are_refused(root):
    Image.fromarray(np.full((6, 5), 40_000, np.uint16)).save(root / "dog" / "deep.png")
    with pytest.raises(DataError, match="deep.png: pixels of mode I;16"):
        ImageFolder(root).load()


def test_photographs_are_turned_upright(root):
    pixels = np.arange(30, dtype=np.uint8).reshape(6, 5) * 8
    # What each value of the EXIF tag says of the first row and column (EXIF 2.3, table 5).
    stored = {1: pixels, 2: pixels[:, ::-1], 3: pixels[::-1, ::-1], 4: pixels[::-1], 5: pixels.T}
    stored |= {6: np.rot90(pixels), 7: pixels[::-1, ::-1].T, 8: np.rot90(pixels, -1)}
    for orientation, array in stored.items():
        image = Image.fromarray(np.ascontiguousarray(array))
        exif = image.getexif()
        exif[0x0112] = orientation
        image.save(root / "cat" / f"turned {orientation}.png", exif=exif)
    folder = ImageFolder(root)
    turned = [folder[i][0] for i, path in enumerate(folder.paths) if path.name.startswith("turned")]
    assert len(turned) == 8
    for image in turned:
        np.testing.assert_allclose(image[..., 0], pixels / 255, atol=1e-6)
    assert folder.load().x.shape == (14, 6, 5, 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's
@pytest.mark.parametrize("notes", [b"Exif\0\0nonsense", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"\0" * 5])
def test_notes_that_cannot_be_read_do_not_spoil_a_photograph(root, notes):
    Image.new("L", (5, 6), 200).save(root / "cat" / "noted.jpg", exif=notes)
    assert ImageFolder(root).load().x.shape == (7, 6, 5, 1)


@pytest.mark.parametrize("kind", ["ICO", "PCX", "TGA", "EPS"])
def test_seldom_used_decoders_are_left_alone(root, kind):
    Image.new("L", (6, 5)).save(root / "cat" / "disguised.png", format=kind)
    with pytest.raises(DataError, match=r"disguised\.png: cannot be read as an image"):
        ImageFolder(root).load()


@pytest.mark.parametrize("side", [8_300, 12_000])
def test_images_that_are_too_large_are_not_decoded(root, side, monkeypatch):
    Image.new("1", (side, side)).save(root / "dog" / "huge.png")
    monkeypatch.setattr(Image.Image, "convert", None)
    folder = ImageFolder(root)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match=r"huge.png"):
            folder[[path.name for path in folder.paths].index("huge.png")]


def test_no_folder_no_images_wrong_arguments(root, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        ImageFolder(tmp_path / "absent")
    with pytest.raises(DataError, match="no images"):
        ImageFolder(root / "cat")
    with pytest.raises(ValueError, match="channels"):
        ImageFolder(root, channels=2)
    with pytest.raises(TypeError, match="size"):
        ImageFolder(root, size=28)
    with pytest.raises(ValueError, match="width must be at least 1"):
        ImageFolder(root, size=(28, 0))


def test_a_folder_that_may_not_be_looked_into(root, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", forbidden)
    with pytest.raises(DataError, match=r"png: cannot be read \(Permission denied\)"):
        ImageFolder(root)


def test_links_that_lead_in_circles(root):
    (root / "cat" / "again").symlink_to(root)
    (root / "cat" / "itself.png").symlink_to("itself.png")
    (root / "cat" / "nowhere.png").symlink_to("nowhere")
    assert len(ImageFolder(root)) == 6
