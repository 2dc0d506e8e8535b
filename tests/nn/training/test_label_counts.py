"""Sequences with a label at each position: every label counts the same, and those that are ignored do not count."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

IGNORED = 2  # a class that occurs, too, as where padding is a token


class Scores(nn.Module):
    """Scores of three classes at each position, from the tokens alone."""

    def __init__(self):
        self.table = nn.Embedding(5, 3, seed=0)

    def forward(self, tokens):
        return self.table(tokens)


@pytest.fixture
def rows():
    """Seven rows of four tokens, of which one to four have labels that count, in batches of unlike sizes."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (7, 4)), rng.integers(0, 2, (7, 4))
    for row, counted in enumerate((1, 1, 2, 4, 4, 3, 4)):
        y[row, counted:] = IGNORED
    return x, y


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.NLLLoss])
@pytest.mark.parametrize("ignored", [IGNORED, None])
def test_means_are_over_labels(rows, loss, ignored):
    x, y = rows
    model = Scores()
    scores = model(x).data
    log_p = scores if loss is nn.NLLLoss else sg.log_softmax(scores)
    counted = y != ignored if ignored is not None else np.full(y.shape, True)
    expected = -np.take_along_axis(log_p, y[..., np.newaxis], -1)[..., 0][counted].mean()
    trainer = nn.Trainer(model, "sgd", loss(ignore_index=ignored))
    for size in (1, 3, 7):
        found = trainer.evaluate(x, y, batch_size=size)
        assert found["loss"] == pytest.approx(expected, rel=1e-6)
        assert found["accuracy"] == (scores.argmax(-1) == y)[counted].mean()


def test_accumulated_gradients_are_those_of_one_batch(rows):
    x, y = rows
    tables = []
    for settings in ({"batch_size": 7}, {"batch_size": 2, "accumulate": 4}):
        model = Scores()
        trainer = nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=1.0), nn.CrossEntropyLoss(ignore_index=IGNORED))
        trainer.fit(x, y, epochs=1, seed=0, progress=False, **settings)
        tables.append(model.table.weight.data)
    np.testing.assert_allclose(*tables, atol=1e-6)
    assert trainer.history["loss"][0] == pytest.approx(
        nn.CrossEntropyLoss(ignore_index=IGNORED)(Scores()(x), y).item(), rel=1e-6
    )
