"""Cleaning: finding examples that would harm training, and saying which and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common.argument_checks import checked_count
from .data_checks import ROWS_AT_ONCE, checked_number, numeric_array
from .data_error import DataError
from .dataset import ArrayDataset

__all__ = ["CleaningReport", "clean", "outlier_scores"]

Mask = NDArray[np.bool_]
# Fewer examples than this say little about what is usual in their class.
ENOUGH_TO_JUDGE = 10
MEDIAN_SAMPLE = 1000


@dataclass(frozen=True)
class CleaningReport:
    """What :func:`clean` did.

    Attributes
    ----------
    total : int
        The number of examples before.
    kept : numpy.ndarray of int
        The positions of those that were kept, in ascending order.
    removed : dict from str to numpy.ndarray of int
        For each reason the positions of those removed for it; each example has one reason, the first that applies.
    """

    total: int
    kept: NDArray[np.intp]
    removed: dict[str, NDArray[np.intp]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"kept {len(self.kept):,} of {self.total:,} examples"]
        for reason, rows in self.removed.items():
            listed = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
            lines.append(f"  removed {len(rows):,}: {reason} ({listed})")
        return "\n".join(lines)

    __repr__ = __str__


def clean(
    x: Any,
    y: Any,
    classes: int | None = None,
    *,
    constant: bool = True,
    duplicates: bool = True,
    outliers: float | None = None,
) -> tuple[ArrayDataset, CleaningReport]:
    """Remove examples that would harm training, and report which and why.

    Always removed are examples with NaN or infinity, and negative integer labels. Nothing that comes in is changed.

    Parameters
    ----------
    x : array_like of shape (n, ...)
        The examples.
    y : array_like of shape (n, ...)
        Their targets.
    classes : int, optional
        Remove labels that are not whole numbers from 0 to ``classes - 1``; those that stay become int64.
    constant : bool, default True
        Remove examples all of whose values are equal, such as blank images.
    duplicates : bool, default True
        Of examples with equal values keep the first; where their targets disagree, remove all of them.
    outliers : float, optional
        Remove examples with a larger :func:`outlier_scores`. 3.5 is a usual threshold, larger ones are more careful:
        look at what is removed, it may be just rare.

    Returns
    -------
    dataset : ArrayDataset
        What was kept, copied.
    report : CleaningReport
        What was removed and why; ``print(report)`` shows it.

    Raises
    ------
    DataError
        If the lengths differ or nothing would be kept.

    Examples
    --------
    >>> x = [[1.0, 2.0], [np.nan, 0.0], [1.0, 2.0], [3.0, 4.0]]
    >>> dataset, report = sg.data.clean(x, [0, 1, 0, 7], classes=2)
    >>> print(report)
    kept 1 of 4 examples
      removed 1: NaN or infinity (1)
      removed 1: label not in 0 to 1 (3)
      removed 1: duplicate (2)
    """
    x, y = numeric_array("x", x), numeric_array("y", y)
    if x.size == 0 or x.ndim < 1 or y.ndim < 1 or len(x) != len(y):
        raise DataError(f"clean needs one target per example, got x of shape {x.shape} and y of shape {y.shape}")
    sieve = _Sieve(len(x))
    sieve.remove("NaN or infinity", ~(_finite_rows(x) & _finite_rows(y)))
    if classes is not None:
        classes = checked_count("classes", classes)
        sieve.remove(f"label not in 0 to {classes - 1}", ~np.isin(_labels_of(y), np.arange(classes)))
    elif y.dtype.kind == "i" and y.ndim == 1:
        sieve.remove("negative label", y < 0)
    if constant and x.ndim > 1 and x[:1].size > 1:
        sieve.remove("constant", _constant_rows(x))
    if duplicates:
        repeated, conflicting = _duplicates(x, y, sieve.kept)
        sieve.remove("equal examples with different targets", conflicting)
        sieve.remove("duplicate", repeated)
    if outliers is not None:
        threshold = checked_number("outliers", outliers, 0)
        rows = np.flatnonzero(sieve.kept)
        unusual = np.zeros(len(x), bool)
        unusual[rows] = outlier_scores(x[rows], y[rows]) > threshold
        sieve.remove(f"outlier, score above {threshold:g}", unusual)
    report = sieve.report()
    if len(report.kept) == 0:
        raise DataError(f"cleaning would leave nothing: {report}")
    targets = y[report.kept]
    return ArrayDataset(x[report.kept], targets if classes is None else targets.astype(np.int64)), report


def outlier_scores(x: Any, y: Any) -> NDArray[np.float64]:
    """Return how unusual each example is, in robust standard deviations; below 0 is more typical than the median.

    An example's distance is the root mean square of its differences from the median example of its class (integer
    labels) or of all (any other targets). The score compares it with the distances of that group by their median and
    median absolute deviation, which outliers hardly move: ``(d - median) / (1.4826 MAD)`` (B. Iglewicz and D. Hoaglin,
    *How to detect and handle outliers*, 1993). Groups of fewer than 10 score 0.

    Parameters
    ----------
    x : array_like of shape (n, ...)
        Finite examples.
    y : array_like of shape (n, ...)
        Their targets.

    Returns
    -------
    numpy.ndarray of shape (n,)
    """
    x, y = numeric_array("x", x), numeric_array("y", y)
    rows = x.reshape(len(x), -1)
    groups = y if y.dtype.kind in "iu" and y.ndim == 1 else np.zeros(len(x), np.int64)
    scores = np.zeros(len(x))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        if len(members) >= ENOUGH_TO_JUDGE:
            scores[members] = _robust_scores(_distances(rows, members))
    return scores


class _Sieve:
    """Collects which examples are removed, reason by reason."""

    def __init__(self, total: int) -> None:
        self.kept = np.ones(total, bool)
        self.removed: dict[str, NDArray[np.intp]] = {}

    def remove(self, reason: str, bad: Mask) -> None:
        rows = np.flatnonzero(bad & self.kept)
        if len(rows):
            self.removed[reason] = rows
            self.kept[rows] = False

    def report(self) -> CleaningReport:
        return CleaningReport(len(self.kept), np.flatnonzero(self.kept), self.removed)


def _in_chunks(x: NDArray[Any]) -> list[NDArray[Any]]:
    """Split into views of shape ``(rows, values)``, so that temporary arrays stay small."""
    return [x[start : start + ROWS_AT_ONCE].reshape(-1, x[0].size) for start in range(0, len(x), ROWS_AT_ONCE)]


def _finite_rows(x: NDArray[Any]) -> Mask:
    return np.concatenate([np.zeros(0, bool), *(np.isfinite(chunk).all(axis=1) for chunk in _in_chunks(x))])


def _constant_rows(x: NDArray[Any]) -> Mask:
    return np.concatenate([np.zeros(0, bool), *((chunk == chunk[:, :1]).all(axis=1) for chunk in _in_chunks(x))])


def _labels_of(y: NDArray[Any]) -> NDArray[Any]:
    if y.ndim != 1:
        raise DataError(f"classes= needs labels of shape (n,), got {y.shape}")
    return y


def _duplicates(x: NDArray[Any], y: NDArray[Any], kept: Mask) -> tuple[Mask, Mask]:
    """Return two masks of kept examples: repetitions of an earlier one, and equal ones with different targets."""
    groups: dict[bytes, list[int]] = {}
    for row in np.flatnonzero(kept):
        # Adding 0 turns -0.0 into 0.0, which is equal but has other bytes.
        key = blake2b(np.ascontiguousarray(x[row] + x.dtype.type(0)).tobytes(), digest_size=16).digest()
        groups.setdefault(key, []).append(int(row))
    repeated, conflicting = np.zeros(len(x), bool), np.zeros(len(x), bool)
    for rows in groups.values():
        if len(rows) > 1:
            repeated[rows[1:]] = True
            conflicting[rows] = bool((y[rows] != y[rows[0]]).any())
    return repeated, conflicting


def _distances(rows: NDArray[Any], members: NDArray[np.intp]) -> NDArray[np.float64]:
    # The median of evenly chosen members is close to that of all, and takes a bounded time.
    centre = np.median(rows[members[:: -(-len(members) // MEDIAN_SAMPLE)]], axis=0)
    parts = np.array_split(members, -(-len(members) // ROWS_AT_ONCE))
    return np.concatenate([np.sqrt(np.square(rows[part] - centre).mean(axis=1, dtype=np.float64)) for part in parts])


def _robust_scores(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = distances - np.median(distances)
    spread = 1.4826 * np.median(np.abs(deviation))
    if spread == 0:
        # More than half are alike: the mean absolute deviation is the next best (Iglewicz and Hoaglin).
        spread = 1.2533 * np.abs(deviation).mean()
    return deviation / spread if spread > 0 else np.zeros_like(deviation)
