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
    pixels = gzip.decompress((FOLDER / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((FOLDER / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    # In place, so that the peak of memory is that of training.
    x = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28, 1).astype(np.float32)
    x /= 255
    return x, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)
