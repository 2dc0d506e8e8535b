"""Weights of examples and of classes against the formula in NumPy; trainings with them resume, and run compiled."""

from __future__ import annotations

import numpy as np
import pytest
from small_trainings import assert_same_arrays, make_trainer, weights

import seegrad as sg
from seegrad import nn

RNG = np.random.default_rng(1)
X = RNG.normal(size=(23, 3)).astype(np.float32)
LABELS = RNG.integers(0, 3, size=23)
WEIGHTS = RNG.uniform(0.0, 2.0, size=23)
#: Options of fit -> the weight of each example.
WEIGHINGS = {
    "sample_weight": ({"sample_weight": WEIGHTS}, WEIGHTS),
    "class_weight": ({"class_weight": {0: 3.0, 2: 0.25}}, np.array([3.0, 1.0, 0.25])[LABELS]),
    "array": ({"class_weight": [3.0, 0.5, 0.0]}, np.array([3.0, 0.5, 0.0])[LABELS]),
    "both": (
        {"class_weight": {1: 2.0}, "sample_weight": WEIGHTS},
        np.array([1.0, 2.0, 1.0])[LABELS] * WEIGHTS,
    ),
}


#: Weights of classes, or None for weights of examples, and the history that Keras 3.15 gives.
KERAS = [
    (
        {0: 2.0, 2: 0.5},
        {
            "accuracy": [0.3125, 0.3125],
            "loss": [1.4259899854660034, 1.3990671634674072],
            "val_accuracy": [0.1666666716337204, 0.1666666716337204],
            "val_loss": [1.721824049949646, 1.7168852090835571],
        },
    ),
    (
        None,
        {
            "accuracy": [0.3125, 0.375],
            "loss": [1.5270894765853882, 1.5073621273040771],
            "val_accuracy": [0.1666666716337204, 0.1666666716337204],
            "val_loss": [2.389442205429077, 2.399552583694458],
        },
    ),
]


def linear_trainer(**options):
    sg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3))
    return nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.5), nn.CrossEntropyLoss(), **options)


def losses_and_gradient(model, x, labels, w):
    """Return the loss of each example, and the gradient of ``sum(w * losses) / n`` with respect to the weight."""
    scores = x.astype(np.float64) @ model[0].weight.numpy().astype(np.float64) + model[0].bias.numpy()
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    losses = -np.log(p[np.arange(len(x)), labels])
    return losses, x.T @ (w[:, None] * (p - np.eye(3)[labels])) / len(x)


@pytest.mark.parametrize("weighing", WEIGHINGS)
@pytest.mark.parametrize("compile", [False, "auto"])
def test_a_step_follows_the_weighted_mean_over_the_number_of_examples(weighing, compile):
    options, w = WEIGHINGS[weighing]
    trainer = linear_trainer(compile=compile)
    before = weights(trainer)["0.weight"]
    losses, gradient = losses_and_gradient(trainer.model, X, LABELS, w)
    history = trainer.fit(X, LABELS, epochs=1, batch_size=23, **options)
    assert trainer.why_not == (None if compile else "compile=False")
    assert history[0]["loss"] == pytest.approx((w * losses).sum() / 23, rel=1e-5)
    np.testing.assert_allclose(weights(trainer)["0.weight"], before - 0.5 * gradient, rtol=1e-4, atol=1e-6)


def test_numbers_of_keras():
    """22 examples, a quarter of them for validation; one batch an epoch."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(22, 3)).astype(np.float32), rng.integers(0, 3, 22)
    w, first = rng.uniform(0, 2, 22).astype(np.float32), rng.normal(size=(3, 3)).astype(np.float32)
    for by_class, expected in KERAS:
        sg.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3))
        model[0].weight.data = first.copy()
        trainer = nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.1), "cross_entropy", metrics=["accuracy"])
        given = {"sample_weight": w} if by_class is None else {"class_weight": by_class}
        history = trainer.fit(x, y, epochs=2, batch_size=22, validation_split=0.25, **given)
        assert set(dict(history)) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(history[name], values, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("compile", [False, "auto"])
def test_weights_of_one_change_nothing(points, compile):
    plain, weighted = make_trainer(compile=compile), make_trainer(compile=compile)
    plain.fit(points, epochs=2, batch_size=16, seed=0)
    weighted.fit(points, epochs=2, batch_size=16, seed=0, sample_weight=np.ones(70), class_weight=[1, 1])
    for name, array in weights(plain).items():
        np.testing.assert_allclose(weights(weighted)[name], array, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(plain.history["loss"], weighted.history["loss"], rtol=1e-5)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("weighing", WEIGHINGS)
def test_compiled_and_plain_trainings_are_equal(weighing, accumulate):
    found = []
    for compile in (False, "auto"):
        trainer = linear_trainer(compile=compile)
        options = {**WEIGHINGS[weighing][0], "accumulate": accumulate, "validation": (X, LABELS, WEIGHTS)}
        trainer.fit(X, LABELS, epochs=3, batch_size=5, seed=0, **options)
        found.append((weights(trainer), trainer.history))
    assert trainer.why_not is None
    for name, array in found[0][0].items():
        np.testing.assert_allclose(found[1][0][name], array, rtol=1e-4, atol=1e-6)
    for name, values in found[0][1].items():
        np.testing.assert_allclose(found[1][1][name], values, rtol=1e-5)


def test_the_order_of_the_examples_carries_their_weights():
    """An example of weight 0 is not learned from, in whatever batch it comes."""
    wrong = np.where(np.arange(23) % 3 == 0, (LABELS + 1) % 3, LABELS)
    kept = (np.arange(23) % 3 != 0).astype(np.float32)
    right, spoilt = linear_trainer(), linear_trainer()
    right.fit(X, LABELS, epochs=3, batch_size=4, seed=0, sample_weight=kept)
    spoilt.fit(X, wrong, epochs=3, batch_size=4, seed=0, sample_weight=kept)
    assert_same_arrays(weights(right), weights(spoilt))


@pytest.mark.parametrize("kind", ["columns", "one by one", "subset", "tuple"])
def test_every_source_can_have_weights(kind):
    whole = sg.data.ArrayDataset(X, LABELS)
    pairs = [(X[i], LABELS[i]) for i in range(23)]
    sources = {
        "columns": sg.data.Subset(whole, np.arange(23)),
        "one by one": pairs,
        "subset": sg.data.Subset(pairs, np.arange(23)),
        "tuple": (X, LABELS),
    }
    expected, found = linear_trainer(), linear_trainer()
    expected.fit(X, LABELS, seed=0, sample_weight=WEIGHTS, batch_size=7)
    found.fit(sources[kind], seed=0, sample_weight=WEIGHTS, batch_size=7)
    assert_same_arrays(weights(expected), weights(found))


def test_a_loader_may_give_weights_with_its_batches():
    loader = sg.data.DataLoader(
        {"x": X, "y": LABELS, "w": WEIGHTS}, 7, shuffle=True, seed=0, transform=lambda b: (b["x"], b["y"], b["w"])
    )
    expected, found = linear_trainer(), linear_trainer()
    expected.fit(X, LABELS, seed=0, sample_weight=WEIGHTS, batch_size=7, epochs=2)
    found.fit(loader, epochs=2)
    for name, array in weights(expected).items():
        np.testing.assert_allclose(weights(found)[name], array, rtol=1e-5, atol=1e-7)
    losses, _ = losses_and_gradient(found.model, X, LABELS, WEIGHTS)
    for measured in (found.evaluate(loader), found.evaluate(X, LABELS, sample_weight=WEIGHTS, batch_size=4)):
        assert measured["loss"] == pytest.approx((WEIGHTS * losses).mean(), rel=1e-5)


def test_validation_has_the_weights_of_its_examples_and_none_of_classes():
    trainer = linear_trainer()
    options = {"class_weight": {0: 9.0}, "epochs": 1, "seed": 0}
    history = trainer.fit(X, LABELS, validation=(X[:9], LABELS[:9], WEIGHTS[:9]), **options)
    losses, _ = losses_and_gradient(trainer.model, X[:9], LABELS[:9], WEIGHTS[:9])
    assert history[0]["val_loss"] == pytest.approx((WEIGHTS[:9] * losses).mean(), rel=1e-5)
    history = trainer.fit(X, LABELS, sample_weight=WEIGHTS, validation_split=0.4, **options)
    losses, _ = losses_and_gradient(trainer.model, X[13:], LABELS[13:], WEIGHTS[13:])
    assert history[0]["val_loss"] == pytest.approx((WEIGHTS[13:] * losses).mean(), rel=1e-5)


@pytest.mark.parametrize("target", ["labels", "column", "one-hot", "floats"])
def test_classes_are_found_in_targets_of_every_form(target):
    forms = {"labels": LABELS, "column": LABELS[:, None], "one-hot": np.eye(3)[LABELS], "floats": LABELS * 1.0}
    weighing = nn.training.class_weights.ClassWeights({0: 2.0, 1: 5.0})
    np.testing.assert_array_equal(weighing.of(forms[target]), np.array([2, 5, 1])[LABELS])


@pytest.mark.parametrize("weighing", WEIGHINGS)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_weighted_training_resumes_exactly(tmp_path, weighing, accumulate):
    path = tmp_path / "run.safetensors"
    options = {**WEIGHINGS[weighing][0], "accumulate": accumulate, "validation_split": 0.2, "drop_last": True}
    whole, parts = linear_trainer(), linear_trainer()
    whole.fit(X, LABELS, epochs=4, batch_size=4, seed=0, **options)
    parts.fit(X, LABELS, epochs=2, batch_size=4, seed=0, callbacks=nn.Checkpoint(path), **options)
    resumed = linear_trainer()
    resumed.fit(X, LABELS, epochs=4, batch_size=4, seed=9, callbacks=nn.Checkpoint(path), resume=path, **options)
    assert_same_arrays(weights(whole), weights(resumed))
    assert whole.history.epochs == resumed.history.epochs


@pytest.mark.parametrize("other", [{}, {"class_weight": {0: 4.0}}, {"sample_weight": WEIGHTS[::-1]}])
def test_other_weights_do_not_resume(tmp_path, other):
    path = tmp_path / "run.safetensors"
    for before in ({"class_weight": {0: 3.0}}, {"sample_weight": WEIGHTS}):
        linear_trainer().fit(X, LABELS, epochs=1, seed=0, callbacks=[nn.Checkpoint(path)], **before)
        with pytest.raises(ValueError, match="cannot resume.*nothing was changed"):
            linear_trainer().fit(X, LABELS, epochs=2, callbacks=[nn.Checkpoint(path)], resume=path, **other)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sample_weight": WEIGHTS[:5]}, ValueError, r"one number for each of the 23 examples.*\(5,\)"),
        ({"sample_weight": WEIGHTS[:, None]}, ValueError, r"one number for each of the 23 examples"),
        ({"sample_weight": -WEIGHTS}, ValueError, "finite and at least 0"),
        ({"sample_weight": WEIGHTS * np.inf}, ValueError, "finite and at least 0"),
        ({"sample_weight": ["a"] * 23}, ValueError, "one number for each"),
        ({"class_weight": {0: -1.0}}, ValueError, "the weight of class 0 must be at least 0, got -1.0"),
        ({"class_weight": {"0": 1.0}}, TypeError, "a class of class_weight must be an integer, got '0'"),
        ({"class_weight": {0: "a"}}, ValueError, "the weight of class 0 must be at least 0, got 'a'"),
        ({"class_weight": "balanced"}, TypeError, r"class_weight is a dict such as .*balanced_class_weights"),
        ({"class_weight": [1.0, 2.0]}, ValueError, "2 weights, but there is an example of class 2"),
    ],
)
def test_weights_that_do_not_fit_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        linear_trainer().fit(X, LABELS, **options)


def test_what_goes_together_with_no_weights():
    trainer = linear_trainer()
    loader = sg.data.DataLoader(sg.data.ArrayDataset(X, LABELS))
    with pytest.raises(TypeError, match=r"let the DataLoader give batches \(x, y, weights\)"):
        trainer.fit(loader, sample_weight=WEIGHTS)
    with pytest.raises(TypeError, match="let the Shard give batches"):
        trainer.fit(sg.data.shard(sg.data.ArrayDataset(X, LABELS), 0, 1), sample_weight=WEIGHTS)
    with pytest.raises(ValueError, match="class_weight needs targets that are classes"):
        trainer.fit(X, X / 2, class_weight={0: 2.0})
    with pytest.raises(TypeError, match="got 3 parts and sample_weight besides"):
        trainer.fit((X, LABELS, WEIGHTS), sample_weight=WEIGHTS)
    for loss in (nn.CrossEntropyLoss(weight=[1.0, 1.0, 2.0]), nn.CrossEntropyLoss(ignore_index=0)):
        trainer.loss = loss
        with pytest.raises(ValueError, match="do not go together with weight= and ignore_index= of the loss"):
            trainer.fit(X, LABELS, class_weight={0: 2.0})
    trainer.loss = lambda output, target: output.mean()
    with pytest.raises(TypeError, match=r"need a loss of each example.*reduction=\"mean\""):
        trainer.fit(X, LABELS, sample_weight=WEIGHTS)
