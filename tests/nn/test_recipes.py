from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.recipes import RECIPES


@pytest.fixture(scope="module")
def digits():
    _, test = sg.data.load_mnist()
    return test[:256]


def test_the_article_is_the_article():
    recipe = RECIPES["article"]
    assert (recipe.epochs, recipe.batch_size, recipe.lr) == (5, 64, 1e-3)
    trainer, callbacks = recipe.prepare(recipe.model(), 100)
    assert isinstance(trainer.optimizer, sg.optim.Adam)
    assert (trainer.loss.label_smoothing, trainer.ema, callbacks) == (0.0, None, [])
    assert recipe.transform() is None


@pytest.mark.parametrize("name", ["article", "best"])
def test_recipes_learn(digits, name):
    recipe = RECIPES[name]
    sg.manual_seed(0)
    model = recipe.model()
    loader = recipe.loader(digits, 16, seed=0)
    trainer, callbacks = recipe.prepare(model, 8 * len(loader))
    trainer.fit(loader, epochs=8, callbacks=callbacks)
    assert trainer.evaluate(digits)["accuracy"] > 0.9


def test_the_best_goes_through_the_whole_schedule(digits):
    recipe = RECIPES["best"]
    loader = recipe.loader(digits, 64, seed=0)
    trainer, callbacks = recipe.prepare(recipe.model(), 2 * len(loader))
    rates = []

    class Watch(nn.Callback):
        def on_step_end(self, run):
            rates.append(run.trainer.optimizer.param_groups[0]["lr"])

    trainer.fit(loader, epochs=2, callbacks=[Watch(), *callbacks])
    assert max(rates) == pytest.approx(recipe.lr, rel=0.2)
    assert rates[0] < recipe.lr / 5
    assert rates[-1] < recipe.lr / 1000


def test_the_seed_decides_about_the_deep_network():
    x = np.random.default_rng(0).uniform(size=(4, 28, 28, 1)).astype(np.float32)
    outputs = [nn.models.mnist_deep_cnn(seed)(x).data for seed in (1, 1, 2)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2])


@pytest.mark.parametrize(("name", "dropout"), [("names", 0.0), ("names-long", 0.1)])
def test_the_gpts_are_small(name, dropout):
    model = RECIPES[name].model(vocab_size=27, context_length=16)
    assert sum(p.size for p in model.parameters()) <= 200_000
    assert {part.p for part in model.modules() if isinstance(part, nn.Dropout)} == {dropout}


def test_the_gpt_sees_names_of_like_lengths_without_padding():
    recipe = RECIPES["names"]
    words = sg.data.load_names()[:2000]
    vocabulary = sg.data.Vocabulary.of_characters(words, special=["."])
    rows = sg.data.next_token_rows(map(vocabulary.encode, words), length=16)
    seen = []
    for x, y in recipe.loader(rows, seed=0):
        counts = (y >= 0).sum(axis=1)
        assert x.shape == y.shape == (len(x), counts.max())
        assert counts.min() >= counts.max() - 3
        seen += [vocabulary.decode(row[1:count]) for row, count in zip(x, counts, strict=True)]
    assert sorted(seen) == sorted(words)


def test_biases_and_scales_of_the_gpt_do_not_decay():
    trainer, _ = RECIPES["names"].prepare(RECIPES["names"].model(), 100)
    decays = {p.ndim > 1: group["weight_decay"] for group in trainer.optimizer.param_groups for p in group["params"]}
    assert decays == {True: 0.1, False: 0.0}
