"""What networks reach that were trained alike, with different seeds: each, their mean, and their common answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data import ArrayDataset
from .printing import printable
from .results_folder import MODEL
from .saved_model import load_saved, mean_probabilities


class TrainedSeed(NamedTuple):
    """A training with one seed.

    Attributes
    ----------
    seed : int
        The seed.
    folder : Path
        Where its results are.
    test : dict of str to float
        The loss and the accuracy in the test.
    minutes : float
        How long it took.
    """

    seed: int
    folder: Path
    test: dict[str, float]
    minutes: float


def print_comparison(seeds: Sequence[TrainedSeed], test: ArrayDataset | None) -> None:
    """Print what each training reached, and their mean with its standard error.

    Parameters
    ----------
    seeds : sequence of TrainedSeed
        At least two.
    test : ArrayDataset or None
        Examples ``(n, ...)`` with labels ``(n,)``, which the networks are to classify together.
    """
    print("seed  test loss  test accuracy  minutes  folder")
    for one in seeds:
        measures = f"{one.test['loss']:>9.4f}  {one.test['accuracy']:>13.4f}"
        print(f"{one.seed:>4}  {measures}  {one.minutes:>7.1f}  {printable(one.folder)}")
    values = np.array([[one.test["loss"], one.test["accuracy"], one.minutes] for one in seeds])
    for name, (loss, accuracy, minutes) in (
        ("mean", values.mean(axis=0)),
        ("+-", values.std(axis=0, ddof=1) / np.sqrt(len(seeds))),
    ):
        print(f"{name:>4}  {loss:>9.5f}  {accuracy:>13.5f}  {minutes:>7.1f}")
    print("+- is the standard error of the mean")
    if test is not None:
        p = mean_probabilities([load_saved(one.folder / MODEL) for one in seeds], test.x)
        right = (p.argmax(axis=1) == test.y).mean()
        print(f"all {len(seeds)} together, by the mean of their probabilities: test accuracy {right:.4f}")
