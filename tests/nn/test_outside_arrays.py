"""Masked and complex arrays at the doors of modules, losses and measures: refused, since something would be lost."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

SCORES = sg.tensor([[1.0, 2.0], [3.0, 0.5]], requires_grad=True)
LABELS = np.ma.array([0, 1], mask=[False, True])
NUMBERS = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[True, False], [False, False]])
COMPLEX = np.array([[1.0j, 2.0], [3.0, 4.0]])


def load(values):
    model = nn.Linear(2, 2, bias=False)
    model.load_state_dict({"weight": values.astype(np.float32)})


def predict(values):
    model = nn.Linear(2, 2)
    nn.Trainer(model, sg.optim.SGD(model.parameters(), 0.1), nn.MSELoss()).predict(values.astype(np.float32))


MASKED = {
    "labels": lambda: nn.CrossEntropyLoss()(SCORES, LABELS),
    "labels of nll": lambda: nn.NLLLoss()(sg.log_softmax(SCORES, axis=1), LABELS),
    "rows": lambda: nn.CrossEntropyLoss()(SCORES, np.ma.array(np.eye(2), mask=np.eye(2))),
    "numbers": lambda: nn.MSELoss()(SCORES, NUMBERS),
    "huber": lambda: nn.HuberLoss()(SCORES, NUMBERS),
    "binary": lambda: nn.BCEWithLogitsLoss()(SCORES, np.ma.array(np.eye(2), mask=np.eye(2))),
    "class weights": lambda: nn.CrossEntropyLoss(weight=NUMBERS[0])(SCORES, [0, 1]),
    "parameter": lambda: nn.Parameter(NUMBERS),
    "state": lambda: load(NUMBERS),
    "predict": lambda: predict(NUMBERS),
    "accuracy": lambda: nn.accuracy(SCORES.data, LABELS),
    "confusion": lambda: nn.confusion_matrix(SCORES.data, LABELS),
    "pull": lambda: sg.vjp(lambda x: x * x, SCORES.data)[1](NUMBERS),
}


@pytest.mark.parametrize("door", MASKED)
def test_masks_are_not_lost(door):
    with pytest.raises(TypeError, match=r"masked array would lose its mask .*filled\(value\)"):
        MASKED[door]()


@pytest.mark.parametrize(
    "door",
    [
        lambda: nn.MSELoss()(SCORES, COMPLEX),
        lambda: nn.HuberLoss()(SCORES, COMPLEX),
        lambda: nn.CrossEntropyLoss(weight=COMPLEX[0])(SCORES, [0, 1]),
        lambda: sg.vjp(lambda x: x * x, SCORES.data)[1](COMPLEX),
        lambda: sg.vjp(lambda x: x * x, 2.0)[1](1.0j),
    ],
    ids=["mse", "huber", "class weights", "pull", "pull of a number"],
)
def test_imaginary_parts_are_not_lost(door):
    with pytest.raises(TypeError, match="complex numbers"):
        door()
