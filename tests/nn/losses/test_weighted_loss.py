"""Losses of weighted examples: weighted sums of the losses of single examples, each computed alone."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.losses.weighted_loss import weighted_loss

RNG = np.random.default_rng(0)
NUMBERS, OTHERS = RNG.normal(size=(2, 6, 4))
PROBABILITIES = RNG.uniform(0.1, 0.9, size=(6, 4))
BITS = RNG.integers(0, 2, size=(6, 4)).astype(float)
LABELS = RNG.integers(0, 4, size=6)
ROWS = np.exp(OTHERS) / np.exp(OTHERS).sum(axis=1, keepdims=True)
WEIGHTS = np.array([0.0, 1.0, 2.5, 0.5, 1.0, 3.0])


def own_loss(output, target, reduction="mean"):
    errors = (output - target) ** 4
    return errors if reduction == "none" else errors.mean()


CASES = {
    "cross entropy": (nn.CrossEntropyLoss(), NUMBERS, LABELS),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.2), NUMBERS, LABELS),
    "rows": (nn.CrossEntropyLoss(), NUMBERS, ROWS),
    "nll": (nn.NLLLoss(), np.log(ROWS), LABELS),
    "bce": (nn.BCELoss(), PROBABILITIES, BITS),
    "bce with logits": (nn.BCEWithLogitsLoss(pos_weight=[1.0, 2.0, 3.0, 4.0]), NUMBERS, BITS),
    "hinge": (nn.HingeLoss(), NUMBERS, 2 * BITS - 1),
    "mse": (nn.MSELoss(), NUMBERS, OTHERS),
    "half mse": (nn.MSELoss("half_mean"), NUMBERS, OTHERS),
    "l1": (nn.L1Loss(), NUMBERS, OTHERS),
    "huber": (nn.HuberLoss(delta=0.5), NUMBERS, OTHERS),
    "smooth l1": (nn.SmoothL1Loss(), NUMBERS, OTHERS),
    "kl": (nn.KLDivLoss(), np.log(ROWS), PROBABILITIES),
    "kl of the batch": (nn.KLDivLoss("batchmean"), np.log(ROWS), PROBABILITIES),
    "function": (nn.functional.mse_loss, NUMBERS, OTHERS),
    "partial": (functools.partial(nn.functional.cross_entropy, label_smoothing=0.1), NUMBERS, LABELS),
    "own": (own_loss, NUMBERS, OTHERS),
}


@pytest.mark.parametrize("case", CASES)
def test_is_the_mean_of_the_weighted_losses_of_single_examples(case):
    loss, output, target = CASES[case]
    singles = [loss(sg.tensor(output[i : i + 1]), target[i : i + 1]).item() for i in range(6)]
    assert weighted_loss(loss, sg.tensor(output), target, WEIGHTS).item() == pytest.approx(
        (WEIGHTS * singles).mean(), rel=1e-12
    )
    plain = loss(sg.tensor(output), target).item()
    assert weighted_loss(loss, sg.tensor(output), target, np.ones(6)).item() == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_gradients(case):
    loss, output, target = CASES[case]
    assert sg.gradcheck(lambda x: weighted_loss(loss, x, target, WEIGHTS), sg.tensor(output, requires_grad=True))


def test_sums_are_weighted_too():
    loss = nn.MSELoss("sum")
    expected = (WEIGHTS[:, None] * (NUMBERS - OTHERS) ** 2).sum()
    assert weighted_loss(loss, sg.tensor(NUMBERS), OTHERS, WEIGHTS).item() == pytest.approx(expected, rel=1e-12)
    assert loss.reduction == "sum"


def test_places_of_an_example_may_have_weights():
    expected = (PROBABILITIES * (NUMBERS - OTHERS) ** 2).mean()
    assert weighted_loss(nn.MSELoss(), sg.tensor(NUMBERS), OTHERS, PROBABILITIES).item() == pytest.approx(expected)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"have shape \(5,\), but the losses of the batch \(6, 4\)"):
        weighted_loss(nn.MSELoss(), sg.tensor(NUMBERS), OTHERS, WEIGHTS[:5])
    with pytest.raises(TypeError, match="need a loss of each example"):
        weighted_loss(nn.MSELoss("none"), sg.tensor(NUMBERS), OTHERS, WEIGHTS)
    for loss in (nn.NLLLoss(ignore_index=1), functools.partial(nn.functional.cross_entropy, weight=np.ones(4))):
        with pytest.raises(ValueError, match="do not go together"):
            weighted_loss(loss, sg.tensor(NUMBERS), LABELS, WEIGHTS)
