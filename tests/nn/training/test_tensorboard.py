"""What TensorBoard would read: the events of all files, in the order in which they were begun."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest
from small_trainings import At, make_trainer

import seegrad as sg
from seegrad import nn

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2", reason="needs tensorboardX")


def records(file):
    """Yield the events of a file: each has its length, a checksum of that, the event, and its checksum."""
    content, place = file.read_bytes(), 0
    while place < len(content):
        (size,) = struct.unpack_from("<Q", content, place)
        yield event_pb2.Event.FromString(content[place + 12 : place + 12 + size])
        place += 16 + size


def shown(folder):
    """Return what is shown of a folder, by tag and step: a restart removes what was written of later steps."""
    found = {}
    for file in sorted(folder.glob("events.out.tfevents.*"), key=lambda file: file.stat().st_mtime_ns):
        for event in records(file):
            if event.session_log.status == event.session_log.START:
                found = {place: value for place, value in found.items() if place[1] < event.step}
            for value in event.summary.value:
                found[value.tag, event.step] = value.histo if value.HasField("histo") else value.simple_value
    return found


def series(folder, tag):
    return {step: value for (name, step), value in shown(folder).items() if name == tag}


def test_measures_and_learning_rates_of_all_epochs(points, tmp_path):
    trainer = make_trainer(lr=0.5)
    trainer.optimizer.add_param_group({"params": [sg.tensor([1.0], requires_grad=True)], "lr": 0.25})
    schedule = nn.LearningRateSchedule(sg.optim.ExponentialLR(trainer.optimizer, 0.5))
    history = trainer.fit(points, epochs=3, validation=points, callbacks=[schedule, nn.TensorBoard(tmp_path)], seed=0)
    for tag in ("loss", "accuracy"):
        for folder, name in (("train", tag), ("validation", f"val_{tag}")):
            expected = {epoch: np.float32(value) for epoch, value in enumerate(history[name], 1)}
            assert series(tmp_path / folder, tag) == expected
    assert series(tmp_path / "train", "learning_rate") == {1: 0.5, 2: 0.25, 3: 0.125}
    assert series(tmp_path / "train", "learning_rate/1") == {1: 0.25, 2: 0.125, 3: 0.0625}
    tags = {tag for tag, _ in shown(tmp_path / "train")}
    assert tags == {"loss", "accuracy", "learning_rate", "learning_rate/1"}
    assert {tag for tag, _ in shown(tmp_path / "validation")} == {"loss", "accuracy"}


def test_histograms_of_weights_and_gradients(points, tmp_path):
    trainer = make_trainer()
    trainer.fit(points, epochs=2, callbacks=[nn.TensorBoard(tmp_path, histograms=True)], seed=0)
    for name, parameter in trainer.model.named_parameters():
        for kind, array in (("weights", parameter.data), ("gradients", parameter.grad)):
            first, last = (series(tmp_path / "train", f"{kind}/{name}")[epoch] for epoch in (1, 2))
            assert first != last
            assert (last.num, last.min, last.max) == (array.size, array.min(), array.max())
            assert last.sum == pytest.approx(float(array.sum()), abs=1e-5)
            assert sum(last.bucket) == array.size


def test_what_has_no_numbers_has_no_histogram(points, tmp_path):
    class Hurt(nn.Callback):
        def on_epoch_end(self, run):
            first, second, *_ = run.trainer.model.parameters()
            first.grad = None
            second.grad = np.full(second.shape, np.inf, np.float32)
            second.grad[0] = 3.0

    trainer = make_trainer()
    trainer.fit(points, epochs=1, callbacks=[Hurt(), nn.TensorBoard(tmp_path, histograms=True)], seed=0)
    assert series(tmp_path / "train", "gradients/0.weight") == {}
    assert series(tmp_path / "train", "gradients/0.bias")[1].num == 1


@pytest.mark.parametrize("place", [(2, 2), (3, 1)])
def test_a_resumed_training_shows_what_one_without_a_break_does(points, tmp_path, place):
    def fit(folder, epochs, resume=None, extra=()):
        checkpoint = nn.Checkpoint(tmp_path / folder / "run.npz", every=1)
        callbacks = [checkpoint, nn.TensorBoard(tmp_path / folder, histograms=True), *extra]
        options = {"callbacks": callbacks, "batch_size": 16, "seed": 0, "resume": resume}
        return make_trainer().fit(points, epochs=epochs, validation=points, **options)

    def interrupt(run):
        raise KeyboardInterrupt

    fit("whole", 4)
    with pytest.raises(KeyboardInterrupt):
        fit("broken", 4, extra=[At(*place, interrupt)])
    fit("broken", 4, resume=tmp_path / "broken" / "run.npz")
    for part in ("train", "validation"):
        assert shown(tmp_path / "broken" / part) == shown(tmp_path / "whole" / part)


def test_a_training_that_begins_again_replaces_the_curves(points, tmp_path):
    log = nn.TensorBoard(tmp_path)
    make_trainer().fit(points, epochs=3, callbacks=[log], seed=0)
    history = make_trainer().fit(points, epochs=2, callbacks=[log], seed=1)
    assert series(tmp_path / "train", "loss") == {1: np.float32(history["loss"][0]), 2: np.float32(history["loss"][1])}


def test_files_are_closed_after_an_error(points, tmp_path):
    def fail(run):
        raise RuntimeError("no more")

    log = nn.TensorBoard(tmp_path)
    with pytest.raises(RuntimeError, match="no more"):
        make_trainer().fit(points, epochs=2, callbacks=[log, At(2, 1, fail)], seed=0)
    assert log._writers == {}
    assert list(series(tmp_path / "train", "loss")) == [1]


def test_a_missing_package_is_named_before_the_training(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"TensorBoard needs tensorboardX: pip install 'seegrad\[tensorboard\]'"):
        nn.TensorBoard(tmp_path)
