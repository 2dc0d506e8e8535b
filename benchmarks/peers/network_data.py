"""Batches for the networks: digits of MNIST, drawn pictures of noise, and random letters."""

import numpy as np
from mnist import read

#: Batches that are trained on in turn.
COUNT = 50


def digits(batch):
    """Images (batch, 28, 28, 1) and labels."""
    x, y = read("t10k")
    return [(x[k : k + batch], y[k : k + batch]) for k in range(0, COUNT * batch, batch)]


def noise(batch, count=8):
    """Images (batch, 32, 32, 3) and labels."""
    dice = np.random.default_rng(1)
    return [
        (dice.random((batch, 32, 32, 3), np.float32), dice.integers(0, 10, batch, dtype=np.int64)) for _ in range(count)
    ]


def letters(batch, length, vocabulary, count=8):
    """Texts (batch, length) and what follows each letter."""
    dice = np.random.default_rng(2)
    texts = [dice.integers(0, vocabulary, (batch, length + 1), dtype=np.int64) for _ in range(count)]
    return [(np.ascontiguousarray(t[:, :-1]), np.ascontiguousarray(t[:, 1:])) for t in texts]
