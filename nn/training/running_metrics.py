"""Loss, accuracy and other measures of an epoch, accumulated batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...common.ranks import Ranks

Array = npt.NDArray[Any]


def count_correct(output: Array, target: Array, threshold: float | None = None) -> int | None:
    """Count the rows whose largest score is that of the target's class.

    Parameters
    ----------
    output : numpy.ndarray, shape (n, classes), or (n,) or (n, 1)
        Logits or probabilities. A row with NaN in it is never correct.
    target : numpy.ndarray, shape (n,) or (n, classes), or that of the output
        Integer labels or one-hot rows; with a single score for each row 0 or 1, or -1 or 1.
    threshold : float, optional
        The score above which the guess is class 1, where there is a single score for each row.

    Returns
    -------
    int or None
        None if the targets are of another kind, as in a regression.

    Examples
    --------
    >>> from seegrad.nn.training.running_metrics import count_correct
    >>> count_correct(np.array([[0.1, 0.9], [0.8, 0.2], [np.nan, 1.0]]), np.array([1, 1, 1]))
    1
    """
    if output.ndim == 1 or output.shape[1:] == (1,):
        return None if threshold is None else _count_above(output, target, threshold)
    if output.ndim != 2:
        return None
    if target.ndim == 2 and target.shape == output.shape and _is_one_hot(target):
        target = target.argmax(axis=1)
    if target.ndim != 1 or target.dtype.kind not in "iu":
        return None
    # argmax returns the place of the first NaN, if there is one, so it is enough to test the value found.
    guess = output.argmax(axis=1)
    found = output[np.arange(len(output)), guess]
    return int(np.count_nonzero((guess == target) & (found == found)))


def _count_above(output: Array, target: Array, threshold: float) -> int | None:
    """Count the rows on the right side of the threshold; None if the targets are not two classes."""
    if target.shape != output.shape or not ((target == 1) | (target == 0) | (target == -1)).all():
        return None
    return int(np.count_nonzero(((output > threshold) == (target > 0)) & (output == output)))


def _is_one_hot(target: Array) -> bool:
    return bool(((target == 0) | (target == 1)).all() and (target.sum(axis=1) == 1).all())


class RunningMetrics:
    """Means of the loss, the accuracy and other measures over the batches so far; every example counts the same.

    Attributes
    ----------
    examples : int
        The number of examples so far; of sequences with a label at each position, the number of labels.
    """

    def __init__(self) -> None:
        self.examples: int = 0
        self._loss = 0.0
        self._correct: int | None = 0
        self._others: dict[str, float] = {}

    def __repr__(self) -> str:
        results = ", ".join(f"{name} {value:.4f}" for name, value in self.results().items())
        return f"RunningMetrics({self.examples:,} examples: {results})"

    def add(self, loss: float, correct: int | None, examples: int, others: Mapping[str, float] | None = None) -> None:
        """Add a batch.

        Parameters
        ----------
        loss : float
            The batch's mean loss.
        correct : int or None
            The number of its examples that are classified right; None where nothing is classified.
        examples : int
            The number of its examples.
        others : mapping of str to float, optional
            Further means over the batch, by name; the same names each time.
        """
        self.examples += examples
        self._loss += loss * examples
        self._correct = None if correct is None or self._correct is None else self._correct + correct
        for name, value in (others or {}).items():
            self._others[name] = self._others.get(name, 0.0) + value * examples

    def results(self, prefix: str = "") -> dict[str, float]:
        """Return ``loss``, for a classifier ``accuracy``, and the others; all are NaN before the first batch."""
        examples = self.examples or float("nan")
        found = {f"{prefix}loss": self._loss / examples}
        if self._correct is not None:
            found[f"{prefix}accuracy"] = self._correct / examples
        found.update((f"{prefix}{name}", total / examples) for name, total in self._others.items())
        return found

    def over(self, ranks: Ranks) -> RunningMetrics:
        """Return the measures over the batches of all ranks."""
        if ranks.size == 1:
            return self
        correct = float("nan") if self._correct is None else self._correct
        sums = ranks.total(np.array([self.examples, self._loss, correct, *self._others.values()], np.float64))
        together = RunningMetrics()
        together.examples, together._loss = int(sums[0]), float(sums[1])
        together._correct = None if np.isnan(sums[2]) else int(sums[2])
        together._others = dict(zip(self._others, sums[3:].tolist(), strict=True))
        return together

    def state_dict(self) -> dict[str, Any]:
        """Return the sums so far."""
        sums = {"examples": self.examples, "loss": self._loss, "correct": self._correct}
        return {**sums, "others": dict(self._others)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` returned.

        Raises
        ------
        ValueError, TypeError
            If it is not such a state; nothing is changed.
        """
        if set(state) != set(self.state_dict()):
            raise ValueError(f"the sums of an epoch are {sorted(self.state_dict())}, got {sorted(state)}")
        examples, loss, correct = int(state["examples"]), float(state["loss"]), state["correct"]
        correct = None if correct is None else int(correct)
        others = {name: float(total) for name, total in state["others"].items()}
        self.examples, self._loss, self._correct, self._others = examples, loss, correct, others
