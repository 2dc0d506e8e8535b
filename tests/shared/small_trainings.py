"""A training that takes a moment, and what tests ask of trainings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import seegrad as sg
from seegrad import nn


def make_points() -> sg.data.ArrayDataset:
    """Make examples of two classes that a line separates."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(70, 2)).astype(np.float32)
    return sg.data.ArrayDataset(x, (x[:, 0] + x[:, 1] > 0).astype(np.int64))


def make_trainer(lr: float = 0.05, dropout: float = 0.0, **options: Any) -> nn.Trainer:
    sg.manual_seed(3)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 2))
    return nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=lr), nn.CrossEntropyLoss(), **options)


def weights(trainer: nn.Trainer) -> dict[str, np.ndarray]:
    return trainer.model.state_dict()


def assert_same_arrays(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> None:
    """Check that two states have the same names in the same order, dtypes, shapes and values."""
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], strict=True)


class At(nn.Callback):
    """Does something after a step."""

    def __init__(self, epoch: int, step: int, action: Callable[[nn.Run], object]) -> None:
        self.place, self.action = (epoch, step), action

    def on_step_end(self, run: nn.Run) -> None:
        if (run.epoch, run.step) == self.place:
            self.action(run)
