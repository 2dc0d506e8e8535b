"""Trainers that compile their model: same numbers, and a reason where they do not."""

import numpy as np
import pytest

import seegrad as sg
from seegrad import data, nn, optim


def examples(n=22):
    rng = np.random.default_rng(0)
    return data.ArrayDataset(rng.normal(size=(n, 6, 6, 2)).astype(np.float32), rng.integers(0, 3, size=n))


def model_of_layers():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(36, 8),
        nn.GELU(),
        nn.LayerNorm(8),
        nn.Linear(8, 3),
    )


class Doubled(nn.Module):
    """Counts its calls."""

    def __init__(self, inside):
        self.inside, self.calls = inside, 0

    def forward(self, x):
        self.calls += 1
        return self.inside(x) * 2.0


def train(compile, model_of=model_of_layers, **options):
    sg.manual_seed(0)
    model = model_of()
    trainer = nn.Trainer(model, optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss(), compile=compile)
    history = trainer.fit(examples(), epochs=3, batch_size=8, validation=examples(5), seed=1, progress=False, **options)
    state = {name: array.tolist() for name, array in model.state_dict().items()}
    return trainer, [history[k] for k in ("loss", "val_loss")], state, trainer.predict(examples().x)


@pytest.mark.parametrize("options", [{}, {"accumulate": 2}])
def test_compiled_training_gives_the_same_numbers(options):
    (plain, *expected), (compiled, *found) = train(False, **options), train("auto", **options)
    assert plain.why_not == "compile=False"
    assert compiled.why_not is None
    for a, b in zip(found, expected):
        if isinstance(a, dict):
            assert a.keys() == b.keys()
            for name in a:
                np.testing.assert_allclose(a[name], b[name], rtol=1e-3, atol=2e-5, err_msg=name)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for key, value in compiled.evaluate(examples()).items():
        assert value == pytest.approx(plain.evaluate(examples())[key], rel=1e-4)


def test_compiled_training_is_repeated_to_the_last_bit():
    assert train(True)[2] == train(True)[2]


def test_what_a_user_defines_is_compiled_only_if_that_is_wanted():
    trainer = train("auto", lambda: Doubled(model_of_layers()))[0]
    assert "Doubled is user-defined" in trainer.why_not
    assert trainer.model.calls > 9
    counts = train(True, lambda: Doubled(model_of_layers()))[0]
    assert "changes what it finds by name" in counts.why_not


def test_hooks_are_called():
    seen = []
    trainer, *_ = train("auto")
    trainer.model[6].register_forward_hook(lambda module, args, output: seen.append(output.shape))
    trainer.fit(examples(), epochs=1, batch_size=8, progress=False)
    assert seen == [(8, 8), (8, 8), (6, 8)]
    assert "hooks" in trainer.why_not


def test_another_model_or_loss_is_noticed():
    trainer, *_ = train("auto")
    before = trainer.predict(examples().x)
    trainer.model[-1].weight.data = trainer.model[-1].weight.data * 0.0
    trainer.model[-1].bias.data = np.float32([0.0, 0.0, 9.0])
    assert (trainer.predict(examples().x).argmax(1) == 2).all()
    trainer.model = model_of_layers()
    assert not np.allclose(trainer.predict(examples().x), before)
    trainer.loss = nn.MultiMarginLoss() if hasattr(nn, "MultiMarginLoss") else nn.CrossEntropyLoss(label_smoothing=0.5)
    assert trainer.evaluate(examples())["loss"] != pytest.approx(before.mean())


def test_compile_is_one_of_three():
    model = model_of_layers()
    with pytest.raises(ValueError, match="compile must be True, False or 'auto'"):
        nn.Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss(), compile="always")
