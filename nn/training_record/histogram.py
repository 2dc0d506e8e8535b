"""Histograms that take little room, for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...common.quiet import quiet

#: How many bins a histogram has.
BINS = 32

#: A count is written as one of these characters, as a share of the largest count; any count above 0 is at least "1".
LEVELS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

#: Of so few numbers, the numbers themselves are kept.
FEW = 6


@dataclass
class Histogram:
    """How numbers are distributed.

    Attributes
    ----------
    counts : str
        A character for each of the bins, which divide the range from ``low`` to ``high`` evenly.
    low, high, mean, std, norm : float
        Of the finite numbers; the norm is the square root of the sum of their squares.
    bad : int
        How many numbers are not finite.
    numbers : list of float
        The numbers themselves, if they are few.
    """

    counts: str
    low: float
    high: float
    mean: float
    std: float
    norm: float
    bad: int
    numbers: list[float]

    def page_data(self) -> list[Any]:
        """Return it as plain data, rounded to four digits."""
        measures = [rounded(x) for x in (self.low, self.high, self.mean, self.std, self.norm)]
        return [self.counts, *measures, self.bad, [rounded(x) for x in self.numbers]]


def histogram(data: npt.ArrayLike) -> Histogram:
    """Return the histogram of all numbers of an array.

    Parameters
    ----------
    data : array_like
        Real numbers, any shape.

    Examples
    --------
    >>> from seegrad.nn.training_record.histogram import histogram
    >>> found = histogram([0.0, 1.0, 1.0, np.nan])
    >>> found.counts[0], found.counts[-1], found.mean == 2 / 3, found.bad
    ('v', 'Z', True, 1)
    """
    array = np.asarray(data, np.float64).ravel()
    finite = array[np.isfinite(array)]
    bad = array.size - finite.size
    few = [float(x) if np.isfinite(x) else float("nan") for x in array] if array.size <= FEW else []
    if finite.size == 0:
        return Histogram(LEVELS[0] * BINS, 0.0, 0.0, 0.0, 0.0, 0.0, bad, few)
    low, high = float(finite.min()), float(finite.max())
    scaled = (finite / 2 - low / 2) / ((high / 2 - low / 2) or 1.0)  # halves: a range may be larger than any number
    counts = np.bincount(np.minimum((scaled * BINS).astype(np.intp), BINS - 1), minlength=BINS)
    levels = -(-counts * (len(LEVELS) - 1) // counts.max())
    largest = float(np.abs(finite).max()) or 1.0  # so that no square overflows
    parts = finite / largest
    with quiet():  # the norm itself may be larger than any number
        mean, std, norm = (float(x * largest) for x in (parts.mean(), parts.std(), np.sqrt((parts**2).sum())))
    return Histogram("".join(LEVELS[level] for level in levels), low, high, mean, std, norm, bad, few)


def rounded(x: float, digits: int = 4) -> float | None:
    """Return a number with so many significant digits; None, which JSON knows, where it is not finite."""
    return float(f"{x:.{digits}g}") if np.isfinite(x) else None
