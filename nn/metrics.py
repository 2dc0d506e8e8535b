"""How well a model does: the running loss and accuracy of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def count_correct(output: Array, target: Array) -> int | None:
    """Count the rows whose largest score stands at the target's class.

    Parameters
    ----------
    output : numpy.ndarray, shape (n, classes)
        Logits or probabilities. A row with NaN in it is never correct.
    target : numpy.ndarray, shape (n,) or (n, classes)
        Integer labels or one-hot rows.

    Returns
    -------
    int or None
        None where nothing is classified: for targets of any other kind, as in a regression.

    Examples
    --------
    >>> from seegrad.nn.metrics import count_correct
    >>> count_correct(np.array([[0.1, 0.9], [0.8, 0.2], [np.nan, 1.0]]), np.array([1, 1, 1]))
    1
    """
    if output.ndim != 2 or output.shape[1] < 2:
        return None
    if target.ndim == 2 and target.shape == output.shape and _is_one_hot(target):
        target = target.argmax(axis=1)
    if target.ndim != 1 or target.dtype.kind not in "iu":
        return None
    # argmax stops at the first NaN, so looking at the value that it found is enough.
    guess = output.argmax(axis=1)
    found = output[np.arange(len(output)), guess]
    return int(np.count_nonzero((guess == target) & (found == found)))


def _is_one_hot(target: Array) -> bool:
    return bool(((target == 0) | (target == 1)).all() and (target.sum(axis=1) == 1).all())


class RunningMetrics:
    """Mean loss and accuracy over the batches seen so far, every example counting the same."""

    def __init__(self) -> None:
        self._examples = 0
        self._loss = 0.0
        self._correct: int | None = 0

    def add(self, loss: float, correct: int | None, examples: int) -> None:
        """Take in one batch.

        Parameters
        ----------
        loss : float
            The batch's mean loss.
        correct : int or None
            How many of its examples were classified right; None where nothing is classified.
        examples : int
            How many it has.
        """
        self._examples += examples
        self._loss += loss * examples
        self._correct = None if correct is None or self._correct is None else self._correct + correct

    def results(self, prefix: str = "") -> dict[str, float]:
        """Return ``loss`` and, for a classifier, ``accuracy``; NaN before the first batch."""
        examples = self._examples or float("nan")
        found = {f"{prefix}loss": self._loss / examples}
        if self._correct is not None:
            found[f"{prefix}accuracy"] = self._correct / examples
        return found
