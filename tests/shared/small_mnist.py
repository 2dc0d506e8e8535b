"""The first digits of MNIST as a data set of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import seegrad as sg

SUFFIX = {3: "images-idx3-ubyte", 1: "labels-idx1-ubyte"}


def write_digits(folder: Path, size: int = 28, **counts: int) -> Path:
    """Write as many test images as ``train=`` and ``t10k=`` say, the upper left ``size`` pixels of each."""
    folder.mkdir(exist_ok=True)
    _, digits = sg.data.load_mnist()
    for part, count in counts.items():
        pixels = (digits.x[:count, :size, :size, 0] * 255).round().astype(np.uint8)
        for array in (pixels, digits.y[:count].astype(np.uint8)):
            sg.data.write_idx(folder / f"{part}-{SUFFIX[array.ndim]}", array)
    return folder
