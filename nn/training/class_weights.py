"""Weights of classes: how much an example counts, by its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...common.argument_checks import checked_count
from ...common.plain_data import as_array

Array = npt.NDArray[Any]


class ClassWeights:
    """Weights by class, as ``fit(class_weight=...)`` takes them.

    Parameters
    ----------
    given : mapping of int to float, or array_like of shape (classes,)
        The weight of each class. A class that a mapping does not name has weight 1.

    Raises
    ------
    TypeError, ValueError
        If a class is no whole number, or a weight is negative or not finite.
    """

    def __init__(self, given: Mapping[int, float] | npt.ArrayLike) -> None:
        named: Any = given
        if not isinstance(named, Mapping):
            row = as_array(given)
            if row.ndim != 1 or row.dtype.kind not in "iuf":
                raise TypeError(
                    "class_weight is a dict such as {0: 1.0, 1: 5.0}, or one weight for each class, as "
                    f"nn.balanced_class_weights(labels) gives them; got {given!r:.80}"
                )
            named = dict(enumerate(row.tolist()))
        self.classes: int | None = len(named) if named is not given else None
        self.by_class: dict[int, Any] = {
            checked_count("a class of class_weight", key, 0): weight for key, weight in named.items()
        }
        for key, weight in self.by_class.items():
            if not isinstance(weight, int | float | np.number) or not 0.0 <= weight < np.inf:
                raise ValueError(f"class_weight: the weight of class {key} must be at least 0, got {weight!r}")
        self._table = np.ones(max(self.by_class, default=0) + 1, np.float32)
        self._table[list(self.by_class)] = list(self.by_class.values())

    def of(self, target: Array) -> Array:
        """Return the weights of a batch.

        Parameters
        ----------
        target : ndarray, shape (n,), (n, 1) or (n, classes)
            Labels, or rows of probabilities such as one-hot ones, whose largest entry tells the class.

        Returns
        -------
        ndarray of float32, shape (n,)

        Raises
        ------
        ValueError
            If the targets do not say to which class an example belongs.
        """
        labels = _labels(target)
        known = labels < len(self._table)
        if self.classes is not None and not known.all():
            raise ValueError(
                f"class_weight has {self.classes} weights, but there is an example of class {labels.max()}"
            )
        return np.where(known, self._table[np.where(known, labels, 0)], np.float32(1.0))

    def state(self) -> dict[str, float]:
        """Return the weights by class, for checkpoints."""
        return {str(key): float(self.by_class[key]) for key in sorted(self.by_class)}


def _labels(target: Array) -> Array:
    if target.ndim == 2 and target.shape[1] > 1 and bool((np.abs(target.sum(axis=1) - 1.0) < 1e-3).all()):
        target = target.argmax(axis=1)
    labels = target[:, 0] if target.ndim == 2 and target.shape[1] == 1 else target
    whole = labels.dtype.kind in "biu" or bool((labels == np.rint(labels)).all())
    if labels.ndim != 1 or not whole or (labels < 0).any():
        raise ValueError(
            "class_weight needs targets that are classes, 0, 1, 2, ..., or one-hot rows; these have shape "
            f"{target.shape} and dtype {target.dtype}. Weights of examples can be given as sample_weight"
        )
    return labels.astype(np.intp)
