from __future__ import annotations

import csv
import sys
import types

import numpy as np
import pytest
from small_trainings import assert_same_arrays, make_trainer, weights

import seegrad as sg
from seegrad import nn


class Script(nn.Callback):
    """Replaces a measure by values of one's own."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    def on_epoch_end(self, run):
        run.history[-1][self.name] = self.values[run.epoch - 1]


# Early stopping ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "options", "epochs", "best"),
    [
        ("loss", [5, 4, 4, 4, 1], {"patience": 2}, 4, (4, 2)),
        ("loss", [5, 4, 3, 2, 1], {"patience": 1}, 5, (1, 5)),
        ("loss", [5, 4.9, 4.8, 4.7, 1], {"patience": 3, "min_delta": 0.5}, 4, (5, 1)),
        ("accuracy", [1, 2, 1, 1, 9], {"patience": 2}, 4, (2, 2)),
        ("accuracy", [3, 2, 4, 4, 9], {"patience": 2, "mode": "min"}, 4, (2, 2)),
        ("loss", [float("nan"), float("nan"), 1, 1, 1], {"patience": 2}, 2, (None, 0)),
        ("loss", [float("nan"), 2, float("nan"), 1, 1], {"patience": 2}, 5, (1, 4)),
        ("loss", [float("inf"), float("inf"), 1, 1, 1], {"patience": 2}, 5, (1, 3)),
    ],
)
def test_early_stopping(points, name, values, options, epochs, best):
    stop = nn.EarlyStopping(name, **options)
    history = make_trainer().fit(points, epochs=5, callbacks=[Script(name, values), stop], seed=0)
    assert len(history) == epochs
    assert (stop.best, stop.best_epoch) == best


@pytest.mark.parametrize("with_ema", [False, True])
def test_early_stopping_restores_the_best_weights(points, with_ema):
    kept = []

    class Keep(nn.Callback):
        def on_epoch_end(self, run):
            with run.trainer.averaged():
                kept.append(weights(run.trainer))

    trainer = make_trainer()
    trainer.ema = sg.optim.EMA(trainer.model.parameters(), 0.9) if with_ema else None
    stop = nn.EarlyStopping("loss", 2, restore_best=True)
    trainer.fit(points, epochs=9, callbacks=[Script("loss", [3, 1, 2, 2]), Keep(), stop], seed=0)
    with trainer.averaged():
        assert_same_arrays(weights(trainer), kept[1])


def test_early_stopping_begins_anew_with_each_fit(points):
    stop = nn.EarlyStopping("loss", 1)
    trainer = make_trainer()
    assert len(trainer.fit(points, epochs=5, callbacks=[Script("loss", [1, 2]), stop], seed=0)) == 2
    assert len(trainer.fit(points, epochs=5, callbacks=[Script("loss", [9, 8, 9]), stop], seed=0)) == 3


def test_what_is_watched_by_default(points):
    stop = nn.EarlyStopping()
    history = make_trainer().fit(points, epochs=2, validation=points, callbacks=[stop], seed=0)
    assert stop.best == min(history["val_loss"])


def test_wrong_arguments(points):
    with pytest.raises(ValueError, match="patience must be at least 1"):
        nn.EarlyStopping(patience=0)
    with pytest.raises(ValueError, match='mode must be "min" or "max"'):
        nn.EarlyStopping(mode="low")
    with pytest.raises(ValueError, match="min_delta"):
        nn.EarlyStopping(min_delta=float("nan"))
    with pytest.raises(ValueError, match="'val_loss' needs a validation"):
        make_trainer().fit(points, callbacks=[nn.EarlyStopping("val_loss")])
    with pytest.raises(ValueError, match=r"no measure 'f1' in the history; it has loss, accuracy"):
        make_trainer().fit(points, callbacks=[nn.EarlyStopping("f1")])


# Schedules ---------------------------------------------------------------------------------------------


class Rates(nn.Callback):
    def __init__(self):
        self.seen = []

    def on_step_end(self, run):
        self.seen.append(run.trainer.optimizer.param_groups[0]["lr"])


def test_schedule_by_epochs_and_by_updates(points):
    for every, accumulate, expected in [
        ("epoch", 1, [1, 1, 1, 0.1, 0.1, 0.1]),
        ("step", 1, [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5]),
        ("step", 2, [1, 1, 0.1, 0.01, 0.01, 1e-3]),
    ]:
        trainer, rates = make_trainer(lr=1.0), Rates()
        schedule = nn.LearningRateSchedule(sg.optim.ExponentialLR(trainer.optimizer, 0.1), every)
        trainer.fit(points, epochs=2, batch_size=30, callbacks=[rates, schedule], seed=0, accumulate=accumulate)
        np.testing.assert_allclose(rates.seen, expected)


def test_reduce_on_plateau_gets_its_measure(points):
    trainer = make_trainer(lr=1.0)
    plateau = sg.optim.ReduceLROnPlateau(trainer.optimizer, mode="max", patience=0)
    callbacks = [Script("accuracy", [1, 1, 2, 2]), nn.LearningRateSchedule(plateau, monitor="accuracy"), Rates()]
    trainer.fit(points, epochs=4, callbacks=callbacks, seed=0)
    assert trainer.optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_wrong_schedules(points):
    trainer, other = make_trainer(), make_trainer()
    with pytest.raises(TypeError, match="expected a schedule"):
        nn.LearningRateSchedule(trainer.optimizer)
    with pytest.raises(ValueError, match='every must be "epoch" or "step"'):
        nn.LearningRateSchedule(sg.optim.StepLR(trainer.optimizer, 1), "batch")
    with pytest.raises(ValueError, match="ReduceLROnPlateau"):
        nn.LearningRateSchedule(sg.optim.ReduceLROnPlateau(trainer.optimizer), "step")
    with pytest.raises(ValueError, match="another optimizer"):
        trainer.fit(points, callbacks=[nn.LearningRateSchedule(sg.optim.StepLR(other.optimizer, 1))])
    plateau = nn.LearningRateSchedule(sg.optim.ReduceLROnPlateau(trainer.optimizer), monitor="f1")
    with pytest.raises(ValueError, match="no measure 'f1'"):
        trainer.fit(points, callbacks=[plateau])


# Files and pictures ------------------------------------------------------------------------------------


def test_csv(points, tmp_path):
    path = tmp_path / "new" / "history.csv"
    history = make_trainer().fit(points, epochs=3, validation=points, callbacks=[nn.CSVLogger(path)], seed=0)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row.pop("epoch")) for row in rows] == [1, 2, 3]
    assert [{name: float(value) for name, value in row.items()} for row in rows] == history.epochs


def test_what_a_killed_training_left_half_written_is_removed(points, tmp_path):
    path = tmp_path / "history.csv"
    for name in (".history.csv.0123abcd.tmp", ".other.csv.0123abcd.tmp"):
        (tmp_path / name).write_text("epoch,lo")
    make_trainer().fit(points, epochs=1, callbacks=[nn.CSVLogger(path)], seed=0)
    assert {file.name for file in tmp_path.iterdir()} == {"history.csv", ".other.csv.0123abcd.tmp"}


def test_live_curves_in_a_file(points, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "live.png"
    (tmp_path / ".live.png.0123abcd.tmp").write_bytes(b"left by a killed training")
    make_trainer().fit(points, epochs=1, callbacks=[nn.LiveCurves(path, seconds=0)], seed=0)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [path]


def test_live_curves_in_a_notebook(points, monkeypatch):
    pytest.importorskip("matplotlib")
    shown = []

    class Handle:
        def update(self, image):
            shown.append(("update", image))

    def display(image, display_id):
        shown.append(("display", image))
        return Handle()

    ipython = types.SimpleNamespace(display=display, Image=lambda data, format: data)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(version_info=(9, 0)))  # matplotlib asks for it
    monkeypatch.setitem(sys.modules, "IPython.display", ipython)
    make_trainer().fit(points, epochs=2, callbacks=[nn.LiveCurves()], seed=0, progress=False)
    assert [how for how, _ in shown] == ["display", "update"]
    assert all(image.startswith(b"\x89PNG") for _, image in shown)


def test_in_a_notebook_the_bar_leaves_nothing_but_the_lines_of_the_epochs(points, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    make_trainer().fit(points, epochs=2, seed=0)
    written = capsys.readouterr()
    assert written.err == ""
    assert "epoch 1/2 " in written.out
    assert "%|" in written.out
    # A carriage return begins a line anew, as front ends show it.
    kept = [line.rpartition("\r")[2].rstrip() for line in written.out.split("\n")]
    assert [line[:16] for line in kept] == ["epoch 1/2   loss", "epoch 2/2   loss", ""]


# What else the trainer does ----------------------------------------------------------------------------


def test_gathered_gradients_are_those_of_one_large_batch(points):
    large, small = make_trainer(), make_trainer()
    large.fit(points, epochs=2, batch_size=64, seed=0)
    small.fit(points, epochs=2, batch_size=16, seed=0, accumulate=4)
    for name, array in large.model.state_dict().items():
        np.testing.assert_allclose(small.model.state_dict()[name], array, rtol=2e-4, atol=1e-6)
    assert small.history[-1]["loss"] == pytest.approx(large.history[-1]["loss"], rel=1e-4)


def test_updates_are_told(points):
    seen = []

    class Watch(nn.Callback):
        def on_step_end(self, run):
            seen.append((run.step, run.updated))

        def on_settled(self, run):
            seen.append("settled")

    make_trainer().fit(points, epochs=1, batch_size=16, callbacks=[Watch()], seed=0, accumulate=3)
    expected = [(1, False), (2, False), (3, True), "settled", (4, False), (5, True), "settled", "settled"]
    assert seen == expected


@pytest.mark.parametrize("accumulate", [0, 1.5, True])
def test_bad_accumulate(points, accumulate):
    with pytest.raises((TypeError, ValueError), match="accumulate"):
        make_trainer().fit(points, accumulate=accumulate)


def test_further_metrics(points):
    trainer = make_trainer(metrics={"top_1": lambda output, target: nn.top_k_accuracy(output, target, 1)})
    history = trainer.fit(points, epochs=2, validation=points, seed=0)
    assert history.names() == ["loss", "accuracy", "top_1", "val_loss", "val_accuracy", "val_top_1"]
    assert history["top_1"] == pytest.approx(history["accuracy"])
    assert trainer.evaluate(points)["top_1"] == trainer.evaluate(points)["accuracy"]


def test_averages_are_used_to_measure_and_predict(points):
    trainer = make_trainer()
    trainer.ema = sg.optim.EMA(trainer.model.parameters(), 0.99)
    history = trainer.fit(points, epochs=2, validation=points, seed=0)
    raw = weights(trainer)
    measured, predicted = trainer.evaluate(points), trainer.predict(points.x)
    assert_same_arrays(weights(trainer), raw)
    assert history[-1]["val_loss"] == measured["loss"]
    trainer.ema.copy_to()
    trainer.ema = None
    assert trainer.evaluate(points) == measured
    np.testing.assert_array_equal(trainer.predict(points.x), predicted)
    assert not np.array_equal(weights(trainer)["0.weight"], raw["0.weight"])


def test_class_weights():
    labels = np.repeat([0, 1], [90, 10])
    x = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    data = sg.data.ArrayDataset(x, labels)
    recall = []
    for weight in (None, nn.balanced_class_weights(labels)):
        sg.manual_seed(0)
        model = nn.Linear(3, 2)
        trainer = nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=0.05), nn.CrossEntropyLoss(weight=weight))
        trainer.fit(data, epochs=30, batch_size=100, seed=0)
        recall.append(nn.classification_report(trainer.predict(x), labels).recall[1])
    assert recall[0] < 0.2 < recall[1]


def test_reprs(points):
    trainer = make_trainer(metrics={"top_1": len})
    trainer.ema = sg.optim.EMA(trainer.model.parameters())
    text = repr(trainer)
    for part in (
        "Sequential with 42 parameters",
        "Adam(4 parameters, lr=0.05",
        "CrossEntropyLoss()",
        "top_1",
        "0 epochs",
    ):
        assert part in text
    trainer.metrics = {}
    trainer.fit(points, epochs=1, seed=0)
    assert "History(1 epoch: loss 0." in repr(trainer)
    loader = sg.data.DataLoader(points, 16, shuffle=True, transform=sg.data.RandomShift(1), prefetch=2)
    for part in ("5 batches of 16", "shuffled", "RandomShift", "x: float32 (70, 2)"):
        assert part in repr(loader)


def test_a_callback_without_state_refuses_one():
    with pytest.raises(ValueError, match="Callback has no state"):
        nn.Callback().load_state_dict({"a": 1})
