"""Images in folders, one folder per class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..common.argument_checks import checked_count
from .data_error import DataError
from .dataset import ArrayDataset
from .digit_images import read_picture
from .scaling import scale_pixels

__all__ = ["ImageFolder"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"})
BILINEAR = 2  # Pillow's constant; Pillow is imported only when a file is read
EIGHT_BITS = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})


class ImageFolder:
    """The images below a folder whose sub-folders are the classes, read from disk as they are asked for.

    A source for a `DataLoader`; :meth:`load` reads all of them at once. Photographs are turned upright, as their
    cameras say. Needs Pillow.

    Parameters
    ----------
    root : path
        The folder. The names of its sub-folders, sorted, are the classes 0, 1, ...; images may lie deeper in them.
        Names that start with a dot and files of other kinds are passed over.
    size : (int, int), optional
        Height and width to bring the images to (bilinearly). Without it they must all be of one size.
    channels : int, default 1
        1 for shades of grey, 3 for red, green and blue.

    Attributes
    ----------
    classes : list of str
        The names of the classes.
    paths : list of pathlib.Path
        The files, sorted within each class.
    y : numpy.ndarray of shape (n,), int64
        Their classes.

    Raises
    ------
    DataError
        If the folder is missing or holds no images; when a file is read, if it is not an image or too large.
    ImportError
        If Pillow is not installed, when a file is read.
    """

    def __init__(self, root: str | os.PathLike[str], size: tuple[int, int] | None = None, channels: int = 1) -> None:
        self.root: Path = Path(root)
        if channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3, got {channels!r}")
        self.size: tuple[int, int] | None = None if size is None else _checked_size(size)
        self.channels = channels
        if not self.root.is_dir():
            raise DataError(f"{self.root}: no such folder")
        try:
            folders = sorted(path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith("."))
            files = [_images_below(folder) for folder in folders]
        except OSError as error:
            raise DataError(f"{error.filename or self.root}: cannot be read ({error.strerror or error})") from error
        self.classes: list[str] = [folder.name for folder in folders]
        self.paths: list[Path] = [path for paths in files for path in paths]
        self.y: NDArray[np.int64] = np.repeat(np.arange(len(files)), [len(paths) for paths in files])
        if not self.paths:
            raise DataError(f"{self.root}: no images in its sub-folders, one of which is expected for each class")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], np.int64]:
        """Return an image, float32 of shape ``(height, width, channels)`` in [0, 1], and its class."""
        return scale_pixels(self._read(self.paths[index])), self.y[index]

    def __repr__(self) -> str:
        return f"ImageFolder({str(self.root)!r}, {len(self)} images, {len(self.classes)} classes)"

    def fingerprint(self) -> int:
        """Return a checksum of the files' names, sizes and classes; they are not read."""
        total = crc32(f"{self.size} {self.channels}".encode())
        for path, label in zip(self.paths, self.y, strict=True):
            total = crc32(
                f"{path.relative_to(self.root)} {path.stat().st_size} {label}".encode("utf-8", "surrogateescape"), total
            )
        return total

    def load(self) -> ArrayDataset:
        """Read all images into memory, as float32 of shape ``(n, height, width, channels)`` in [0, 1].

        Raises
        ------
        DataError
            If a file cannot be read, or its size is not that of the first.
        """
        first = self[0][0]
        images = np.empty((len(self), *first.shape), np.float32)
        for row, path in enumerate(self.paths):
            image, _ = self[row]
            if image.shape != first.shape:
                raise DataError(
                    f"{path}: {image.shape[0]} by {image.shape[1]} pixels, others have {first.shape[0]} by "
                    f"{first.shape[1]}; pass size=(height, width) to bring them to one size"
                )
            images[row] = image
        return ArrayDataset(images, self.y)

    def _read(self, path: Path) -> NDArray[np.uint8]:
        try:
            picture = read_picture(path)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
        if picture.mode not in EIGHT_BITS:
            raise DataError(f"{path}: pixels of mode {picture.mode}; only images of 8 bits per channel are read")
        image = picture.convert("L" if self.channels == 1 else "RGB")
        if self.size is not None and image.size != self.size[::-1]:
            image = image.resize(self.size[::-1], BILINEAR)
        return np.asarray(image, np.uint8).reshape(image.height, image.width, self.channels)


def _images_below(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _checked_size(size: Any) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"size must be (height, width), got {size!r}")
    return checked_count("height", size[0]), checked_count("width", size[1])
