"""The digits, read without any library's help, so that all contestants get the same."""

import gzip
import os
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "data" / "mnist"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
BATCH = 64
STEPS = 5 if QUICK else 100  # of a round of training
IMAGES = 500 if QUICK else 10_000  # of a round of evaluation


def read(part):
    """Images float32 (n, 28, 28, 1) in [0, 1] and labels int64 (n,) of ``train`` or ``t10k``."""
    labels = gzip.decompress((FOLDER / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    y = np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)
    x = np.empty((len(y), 28, 28, 1), np.float32)
    with gzip.open(FOLDER / f"{part}-images-idx3-ubyte.gz") as file:
        file.read(16)
        for images in np.split(x, range(1000, len(y), 1000)):  # so that the peak of memory is that of training
            pixels = np.frombuffer(file.read(images.size), np.uint8).reshape(images.shape)
            np.divide(pixels, np.float32(255), out=images)
    return x, y
