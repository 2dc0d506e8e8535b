"""MNIST, which ships with the package, and every data set that comes in the same four files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common.elsewhere import takes_other_names
from .data_checks import checked_labels
from .data_error import DataError
from .dataset import ArrayDataset
from .idx import read_idx
from .scaling import scale_pixels

__all__ = ["load_emnist", "load_mnist"]

CLASSES = 10
#: How many classes the parts of EMNIST have, and the number of their first label.
EMNIST_SPLITS = {
    "balanced": (47, 0),
    "byclass": (62, 0),
    "bymerge": (47, 0),
    "digits": (10, 0),
    "letters": (26, 1),
    "mnist": (10, 0),
}
EMBEDDED = Path(__file__).parent / "mnist"
# SHA-256 of the uncompressed files as they were first published.
SHA256_OF = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@takes_other_names
def load_mnist(root: str | os.PathLike[str] | None = None) -> tuple[ArrayDataset, ArrayDataset]:
    """Load the 60,000 training and 10,000 test digits of MNIST, or another data set in the same format.

    Parameters
    ----------
    root : path, optional
        A folder with the four files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each gzipped or not, with or without
        ``.gz`` in its name: Fashion-MNIST, KMNIST, your own; for EMNIST see :func:`load_emnist`. Without it,
        the files that ship with the package, whose checksums are verified.

    Returns
    -------
    train, test : ArrayDataset
        With ``x`` float32 of shape ``(n, height, width, 1)`` in [0, 1] (28 by 28 for MNIST) and ``y`` int64
        of shape ``(n,)``, the classes 0 to 9.

    Raises
    ------
    DataError
        If a file is missing, damaged, or not what its name says; if images and labels differ in number, a
        label is not 0 to 9, or training and test images differ in size. The message names the file.

    Examples
    --------
    >>> train, test = sg.data.load_mnist()
    >>> train
    ArrayDataset(x: float32 (60000, 28, 28, 1), y: int64 (60000,))
    """
    folder = EMBEDDED if root is None else Path(root)
    return _load_folder(folder, ("train", "t10k"), CLASSES, verify=root is None)


def load_emnist(root: str | os.PathLike[str], split: str = "letters") -> tuple[ArrayDataset, ArrayDataset]:
    """Load a part of EMNIST, handwritten letters and digits, from the files as they are published.

    Parameters
    ----------
    root : path
        A folder with the four files ``emnist-letters-train-images-idx3-ubyte``,
        ``emnist-letters-train-labels-idx1-ubyte`` and the same with ``test``, each gzipped or not, with or without
        ``.gz`` in its name.
    split : {"letters", "balanced", "byclass", "bymerge", "digits", "mnist"}
        Which part; it is in the names of the files.

    Returns
    -------
    train, test : ArrayDataset
        With ``x`` float32 of shape ``(n, 28, 28, 1)`` in [0, 1] and ``y`` int64 of shape ``(n,)``. The files hold each
        image with rows and columns exchanged, and number letters from 1: here images stand upright, and the letters
        A to Z are 0 to 25.

    Raises
    ------
    ValueError
        If there is no such part.
    DataError
        As in :func:`load_mnist`.

    Notes
    -----
    G. Cohen, S. Afshar, J. Tapson and A. van Schaik, EMNIST: Extending MNIST to handwritten letters, 2017,
    https://arxiv.org/abs/1702.05373.
    """
    if split not in EMNIST_SPLITS:
        raise ValueError(f"split={split!r} is not one of {', '.join(map(repr, EMNIST_SPLITS))}")
    classes, first = EMNIST_SPLITS[split]
    parts = (f"emnist-{split}-train", f"emnist-{split}-test")
    halves = _load_folder(Path(root), parts, classes, verify=False, first=first)
    train, test = (ArrayDataset(np.ascontiguousarray(half.x.transpose(0, 2, 1, 3)), half.y) for half in halves)
    return train, test


def _load_folder(
    folder: Path, parts: tuple[str, str], classes: int, verify: bool, first: int = 0
) -> tuple[ArrayDataset, ArrayDataset]:
    if not folder.is_dir():
        names = [f"{part}-{what}-ubyte" for part in parts for what in ("images-idx3", "labels-idx1")]
        raise DataError(f"{folder}: no such folder; root= must be a folder with the files {', '.join(names)}")
    train, test = (_load_half(folder, part, classes, verify, first) for part in parts)
    if train.x.shape[1:] != test.x.shape[1:]:
        raise DataError(f"{folder}: training images are {train.x.shape[1:3]} pixels, test images {test.x.shape[1:3]}")
    return train, test


def _load_half(folder: Path, part: str, classes: int, verify: bool, first: int = 0) -> ArrayDataset:
    labels_file, labels = _read(folder, f"{part}-labels-idx1-ubyte", 1, verify)
    images_file, images = _read(folder, f"{part}-images-idx3-ubyte", 3, verify)
    if len(images) != len(labels):
        raise DataError(f"{images_file} holds {len(images):,} images, {labels_file} {len(labels):,} labels")
    if images.size == 0:
        raise DataError(f"{images_file}: the data set is empty, its shape is {images.shape}")
    try:
        y = checked_labels("label", labels, classes + first)
    except DataError as error:
        raise DataError(f"{labels_file}: {error}") from None
    if y.min() < first:
        raise DataError(f"{labels_file}: label[{y.argmin()}] is {y.min()}; labels must be {first} or more")
    return ArrayDataset(scale_pixels(images)[..., np.newaxis], y - first)


def _read(folder: Path, name: str, ndim: int, verify: bool) -> tuple[Path, NDArray[Any]]:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            array = read_idx(path, ndim=ndim, sha256=SHA256_OF[name] if verify else None)
            if array.dtype != np.uint8:
                raise DataError(f"{path}: holds values of type {array.dtype}, expected uint8")
            return path, array
    raise DataError(f"{folder / name}: no such file, with or without .gz")
