"""Optimizers, losses and metrics by name, and plain functions as callbacks."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from small_trainings import assert_same_arrays, make_trainer, weights

import seegrad as sg
from seegrad import nn, optim
from seegrad.nn.training.parts_by_name import LOSSES, OPTIMIZERS

# Optimizers and losses ---------------------------------------------------------------------------------


def network(outputs=2):
    sg.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, outputs))


def test_every_optimizer_has_a_name():
    kinds = {kind for kind in vars(optim).values() if isinstance(kind, type) and issubclass(kind, optim.Optimizer)}
    needs_more = {optim.LBFGS, optim.Muon}  # a function; parameters that are matrices
    assert set(OPTIMIZERS.values()) == kinds - {optim.Optimizer, optim.DistributedOptimizer} - needs_more


def test_every_loss_of_outputs_and_targets_has_a_name():
    kinds = {kind for kind in vars(nn.losses).values() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    assert set(LOSSES.values()) == kinds - {nn.CosineEmbeddingLoss}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_by_name_is_the_optimizer_with_its_own_settings(points, name):
    named = nn.Trainer(network(), name.upper(), "cross_entropy")
    model = network()
    given = nn.Trainer(model, OPTIMIZERS[name](model.parameters()), nn.CrossEntropyLoss())
    for trainer in (named, given):
        trainer.fit(points, epochs=2, seed=0)
    assert repr(named.optimizer) == repr(given.optimizer)
    assert_same_arrays(weights(named), weights(given))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_by_name(name):
    loss = nn.Trainer(network(), "sgd", name).loss
    assert type(loss) is LOSSES[name]
    assert repr(loss) == repr(LOSSES[name]())


def test_an_optimizer_by_name_trains_the_parameters_of_the_loss_too():
    class Tempered(nn.Module):
        def __init__(self):
            self.temperature = nn.Parameter(1.0)

        def forward(self, output, target):
            return nn.functional.cross_entropy(output / self.temperature, target)

    loss = Tempered()
    trainer = nn.Trainer(network(), "adam", loss)
    assert any(p is loss.temperature for p in trainer.optimizer.param_groups[0]["params"])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("adm", "mse"), r"no optimizer is named 'adm'; did you mean 'adam'\? There are adam, .* such as optim.Adam"),
        (("ftrl", "mse"), "no optimizer is named 'ftrl'. There are"),
        (("adam", "cross_entropi"), "no loss is named 'cross_entropi'; did you mean 'cross_entropy'"),
        (("adam", "sparse_categorical_crossentropy"), "of probabilities in Keras.*write 'cross_entropy'"),
        (("adam", "kl_divergence"), "'kl_div' takes the logarithms"),
    ],
)
def test_unknown_names(parts, message):
    with pytest.raises(ValueError, match=message):
        nn.Trainer(network(), *parts)


# Metrics -----------------------------------------------------------------------------------------------


def scores_of(trainer, x):
    return trainer.model.eval()(sg.tensor(x)).numpy()


def test_metrics_by_name(points):
    metrics = ["accuracy", "top_1", "sparse_categorical_accuracy", nn.accuracy]
    trainer = nn.Trainer(network(), "adam", "cross_entropy", metrics=metrics)
    history = trainer.fit(points, epochs=1, validation=points)
    names = ["loss", "accuracy", "top_1", "sparse_categorical_accuracy", "accuracy"]
    assert history.names() == [*names[:-1], *(f"val_{name}" for name in names[:-1])]
    share = np.mean(scores_of(trainer, points.x).argmax(1) == points.y)
    for name, value in trainer.evaluate(points).items():
        assert name == "loss" or value == pytest.approx(share, rel=1e-12)


def test_metrics_of_a_regression():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30, 2)).astype(np.float32)
    trainer = nn.Trainer(network(), "sgd", "mae", metrics=["mse", "mae", "mean_squared_error"])
    found, wrong = trainer.evaluate(x, y, batch_size=7), scores_of(trainer, x) - y
    assert list(found) == ["loss", "mse", "mae", "mean_squared_error"]
    assert found["mse"] == found["mean_squared_error"] == pytest.approx(np.mean(wrong**2), rel=1e-5)
    assert found["mae"] == found["loss"] == pytest.approx(np.mean(np.abs(wrong)), rel=1e-5)


class Row(nn.Module):
    """Makes a row of numbers of a column."""

    def forward(self, x):
        return x.reshape(-1)


@pytest.mark.parametrize("column", [True, False])
@pytest.mark.parametrize("loss", ["bce_with_logits", "bce", "hinge"])
def test_the_accuracy_of_two_classes_with_one_score(points, loss, column):
    last = {"bce": [nn.Sigmoid()]}.get(loss, [])
    model = nn.Sequential(network(1), *last, *([] if column else [Row()]))
    trainer = nn.Trainer(model, "adam", loss, metrics=["accuracy"])
    y = (points.y[:, None] if column else points.y).astype(np.float32)
    history = trainer.fit(points.x, 2 * y - 1 if loss == "hinge" else y, epochs=2, seed=0)
    share = np.mean((scores_of(trainer, points.x) > (0.5 if loss == "bce" else 0.0)) == (y == 1))
    assert history.names() == ["loss", "accuracy"]
    assert trainer.evaluate(points.x, 2 * y - 1 if loss == "hinge" else y)["accuracy"] == share
    if loss != "hinge":
        found = nn.Trainer(model, "adam", "mse", metrics=["binary_accuracy"]).evaluate(points.x, y)
        assert found["binary_accuracy"] == np.mean((scores_of(trainer, points.x) > 0.5) == (y == 1))


def test_an_accuracy_that_cannot_be_measured_is_told(points):
    trainer = nn.Trainer(network(), "adam", "mse", metrics=["accuracy"])
    with pytest.raises(ValueError, match=r"the accuracy needs classes.*got outputs \(64, 2\) and targets of float"):
        trainer.fit(points.x, points.x, epochs=1)
    with pytest.raises(ValueError, match=r"the metric mae needs outputs and targets of the same shape"):
        nn.Trainer(network(), "adam", "cross_entropy", metrics=["mae"]).evaluate(points)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (["acuracy"], "no metric is named 'acuracy'; did you mean 'accuracy'"),
        ("precision", r"precision is no mean over batches; print\(nn.classification_report"),
        (["top_"], "no metric is named 'top_'. There are"),
    ],
)
def test_unknown_metrics(metrics, message):
    with pytest.raises(ValueError, match=message):
        nn.Trainer(network(), "adam", "mse", metrics)


def test_trainers_of_names_are_copied_and_pickled(points):
    trainer = nn.Trainer(network(), "adam", "cross_entropy", metrics=["accuracy", "top_1"])
    others = [copy.deepcopy(trainer), pickle.loads(pickle.dumps(trainer))]
    trainer.fit(points, epochs=1, seed=0)
    for other in others:
        other.fit(points, epochs=1, seed=0)
        assert_same_arrays(weights(trainer), weights(other))
    assert "metrics: accuracy, top_1" in repr(trainer)


# Functions as callbacks --------------------------------------------------------------------------------


def test_a_function_is_called_after_every_epoch(points):
    seen = []

    def look(run):
        seen.append((run.epoch, run.history[-1]["loss"]))
        run.stop = run.epoch == 2

    for given in (look, [look], (look,)):
        seen.clear()
        history = make_trainer().fit(points, epochs=5, seed=0, callbacks=given)
        assert seen == [(1, history[0]["loss"]), (2, history[1]["loss"])]


def test_functions_of_other_moments(points):
    seen = []
    moments = ("on_train_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_train_end")
    callback = nn.LambdaCallback(**{name: lambda run, name=name: seen.append(name) for name in moments})
    make_trainer().fit(points, epochs=1, batch_size=70, callbacks=[callback])
    assert seen == list(moments)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (nn.EarlyStopping, r"callbacks has the class EarlyStopping itself; write EarlyStopping\(...\)"),
        ([lambda epoch, logs: None], "a function of one argument, the run.*run.history"),
        ("checkpoint", "an nn.Callback or a function of the run, got 'c'"),
        ([3], "an nn.Callback or a function of the run, got 3"),
    ],
)
def test_other_callbacks_are_refused(points, given, message):
    with pytest.raises(TypeError, match=message):
        make_trainer().fit(points, callbacks=given)


def test_a_moment_needs_a_function():
    with pytest.raises(TypeError, match="on_step_end must be a function of the run, got 3"):
        nn.LambdaCallback(on_step_end=3)
