from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from small_trainings import At

import seegrad as sg
from seegrad import nn
from seegrad.common import rng
from seegrad.nn.files.safetensors_file import save_arrays
from seegrad.nn.files.state_file import checksum, load_state, save_state

# Everything that remembers something is in this training.
SETUP = """
import numpy as np
import seegrad as sg
from seegrad import nn


def make(path, every=None, seed=1):
    sg.manual_seed(seed)
    rng = np.random.default_rng(5)
    images = rng.uniform(size=(90, 6, 6, 1)).astype(np.float32)
    data = sg.data.ArrayDataset(images, (images.mean(axis=(1, 2, 3)) > 0.5).astype(np.int64))
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(),
        nn.Linear(48, 8), nn.Dropout(0.3, seed=4), nn.Linear(8, 2),
    )
    optimizer = sg.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    ema = sg.optim.EMA(model.parameters(), decay=0.9)
    top = {"top_1": lambda output, target: nn.top_k_accuracy(output, target, 1)}
    trainer = nn.Trainer(model, optimizer, nn.CrossEntropyLoss(label_smoothing=0.1), metrics=top, ema=ema)
    callbacks = [
        nn.Checkpoint(path, every=every, best=path.with_name("best.safetensors")),
        nn.LearningRateSchedule(sg.optim.OneCycleLR(optimizer, 0.1, total_steps=300), every="step"),
        nn.EarlyStopping("val_accuracy", patience=50, restore_best=True),
        nn.CSVLogger(path.with_name("history.csv")),
    ]

    def fit(epochs, resume=None, accumulate=1, extra=()):
        loader = sg.data.DataLoader(data, 4, shuffle=True, transform=sg.data.RandomShift(1))
        options = {"validation": data, "accumulate": accumulate, "resume": resume}
        return trainer.fit(loader, epochs=epochs, callbacks=[*callbacks, *extra], **options)

    return trainer, fit
"""
space: dict = {}
exec(SETUP, space)
make = space["make"]


def everything(trainer):
    """All that the training has made, as bytes and plain objects."""
    arrays = {**trainer.model.state_dict(), **trainer.optimizer.state_dict()["state"]}
    arrays.update((f"ema {name}", array) for name, array in trainer.ema.state_dict()["state"].items())
    settings = trainer.optimizer.state_dict()["param_groups"]
    return {name: array.tobytes() for name, array in arrays.items()}, settings, trainer.history.epochs


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """What five epochs give if nothing happens: the results, and the bytes of all files."""
    folder = tmp_path_factory.mktemp("plain")
    trainer, fit = make(folder / "run.safetensors")
    fit(5)
    return everything(trainer), {file.name: file.read_bytes() for file in folder.iterdir()}


def fail(run):
    raise RuntimeError("a power cut")


def interrupt(run):
    os.kill(os.getpid(), signal.SIGINT)


def test_two_epochs_then_three_are_five(uninterrupted, tmp_path):
    path = tmp_path / "run.safetensors"
    make(path)[1](2)
    trainer, fit = make(path, seed=77)  # whatever it begins with is replaced
    history = fit(5, resume=path)
    assert history is trainer.history
    assert everything(trainer) == uninterrupted[0]
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == uninterrupted[1]


@pytest.mark.parametrize("place", [(1, 5), (3, 11), (2, 23), (5, 22)])
@pytest.mark.parametrize("every", [1, 4])
def test_goes_on_within_an_epoch(uninterrupted, tmp_path, place, every):
    path = tmp_path / "run.safetensors"
    with pytest.raises(RuntimeError):
        make(path, every)[1](5, extra=[At(*place, fail)])
    trainer, fit = make(path, seed=77)
    fit(5, resume=path)
    assert everything(trainer) == uninterrupted[0]


@pytest.mark.parametrize("place", [(1, 1), (2, 9), (3, 23)])
def test_ctrl_c_saves_the_step_that_was_done(uninterrupted, tmp_path, place):
    path = tmp_path / "run.safetensors"
    with pytest.raises(KeyboardInterrupt):
        make(path)[1](5, extra=[At(*place, interrupt)])
    assert load_state(path)["place"] == {"epoch": place[0], "step": place[1], "stop": False}
    trainer, fit = make(path)
    fit(5, resume=path)
    assert everything(trainer) == uninterrupted[0]


def test_goes_on_with_gathered_gradients(tmp_path):
    plain, fit = make(tmp_path / "a.safetensors")
    fit(3, accumulate=4)
    path = tmp_path / "b.safetensors"
    with pytest.raises(RuntimeError):
        make(path, every=3)[1](3, accumulate=4, extra=[At(2, 7, fail)])
    assert load_state(path)["place"] == {"epoch": 2, "step": 4, "stop": False}
    trainer, fit = make(path)
    fit(3, accumulate=4, resume=path)
    assert everything(trainer) == everything(plain)


def test_resuming_what_was_finished_does_nothing_more(uninterrupted, tmp_path):
    path = tmp_path / "run.safetensors"
    make(path)[1](5)
    trainer, fit = make(path)
    assert len(fit(3, resume=path)) == 5
    assert everything(trainer) == uninterrupted[0]


def test_early_stop_is_remembered(tmp_path):
    path = tmp_path / "run.safetensors"

    class Stop(nn.Callback):
        def on_epoch_end(self, run):
            run.stop = run.epoch == 2

    make(path)[1](5, extra=[Stop()])
    assert len(make(path)[1](5, resume=path)) == 2


def test_reduce_on_plateau_goes_on(tmp_path):
    path = tmp_path / "run.safetensors"
    data = sg.data.ArrayDataset(np.eye(4, dtype=np.float32), np.arange(4))
    rates = []
    for epochs, resume in ((8, None), (3, None), (8, path)):
        sg.manual_seed(0)
        model = nn.Linear(4, 4)
        optimizer = sg.optim.Adam(model.parameters(), lr=0.5)
        schedule = sg.optim.ReduceLROnPlateau(optimizer, patience=0, threshold=10.0, threshold_mode="abs")
        trainer = nn.Trainer(model, optimizer, nn.CrossEntropyLoss())
        callbacks = [nn.Checkpoint(path), nn.LearningRateSchedule(schedule)]
        trainer.fit(data, epochs=epochs, callbacks=callbacks, seed=0, resume=resume)
        rates.append((schedule.get_last_lr(), model.weight.data.tobytes()))
    assert rates[0] == rates[2] != rates[1]


# Killed ------------------------------------------------------------------------------------------------

CHILD = """
import os, pathlib, signal, sys, time
from seegrad.common import atomic_file

path, phase = pathlib.Path(sys.argv[1]), sys.argv[2]
writes = 0


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Half:
    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        die()


class DyingOS:
    def __getattr__(self, name):
        return getattr(os, name)

    def fsync(self, number):
        if phase == "fsync":
            die()
        os.fsync(number)

    def replace(self, source, target):
        if phase == "before replace":
            die()
        os.replace(source, target)
        if phase == "after replace":
            die()


plain = atomic_file.write_atomically


def dying(target, content):
    global writes
    writes += pathlib.Path(target) == path
    if writes == 2 and phase != "any time":
        atomic_file.os = DyingOS()
        if phase == "half":
            atomic_file.open = lambda *args: Half(open(*args))
    plain(target, content)


import seegrad.nn.files.safetensors_file
seegrad.nn.files.safetensors_file.write_atomically = dying


class Slow(nn.Callback):
    def on_train_begin(self, run):
        print("begun", flush=True)

    def on_step_end(self, run):
        time.sleep(0.006)


trainer, fit = make(path, every=1)
fit(5, resume=path if path.exists() else None, extra=[Slow()])
"""


def run_child(path, phase, delay=None):
    """Train in a process of its own, and kill it after a while; return its exit status."""
    program = [sys.executable, "-c", SETUP + CHILD, str(path), phase]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        if delay is not None:
            time.sleep(delay)
            process.kill()
        process.communicate(timeout=300)
    return process.returncode


def test_killed_at_twenty_moments(uninterrupted, tmp_path):
    path = tmp_path / "run.safetensors"
    chance = random.Random(12)
    phases = ["half", "fsync", "before replace", "after replace"] * 2 + ["any time"] * 12
    chance.shuffle(phases)
    for phase in phases:
        delay = chance.uniform(0, 0.08) if phase == "any time" else None
        assert run_child(path, phase, delay) == -signal.SIGKILL
        assert all(load_state(file)["format"] for file in tmp_path.glob("run*.safetensors"))
    assert run_child(path, "any time") == 0
    names = {"best.safetensors", "history.csv", "run.previous.safetensors", "run.safetensors"}
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(files) == names  # what was left half written is gone
    # The one before was written within the last epoch here, and after an epoch there.
    different = {name for name in names if files[name] != uninterrupted[1][name]}
    assert different == {"run.previous.safetensors"}


def test_the_checkpoint_before_the_last_is_kept(uninterrupted, tmp_path):
    path = tmp_path / "run.safetensors"
    make(path)[1](1)
    assert not (tmp_path / "run.previous.safetensors").exists()
    make(path)[1](3, resume=path)
    assert load_state(path)["place"]["epoch"] == 3
    assert load_state(tmp_path / "run.previous.safetensors")["place"]["epoch"] == 2
    trainer, fit = make(path, seed=77)
    fit(5, resume=tmp_path / "run.previous.safetensors")
    assert everything(trainer) == uninterrupted[0]


def test_the_checkpoint_before_the_last_where_files_have_one_name(tmp_path, monkeypatch):
    def no_links(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    make(tmp_path / "run.safetensors")[1](2)
    assert load_state(tmp_path / "run.previous.safetensors")["place"]["epoch"] == 1
    assert not list(tmp_path.glob(".*"))


# Other data --------------------------------------------------------------------------------------------


def rows(**changes):
    """Forty examples; ``changes`` of them are kept secret from everything but their contents."""
    x = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    y = (x[:, 0] > 0.5).astype(np.int64)
    if "pixel" in changes:
        x[7, 1] += 0.5
    if "label" in changes:
        y[7] = 1 - y[7]
    if "order" in changes:
        x[[3, 4]], y[[3, 4]] = x[[4, 3]], y[[4, 3]]
    return x, y


def whole(x, y, folder):
    return sg.data.ArrayDataset(x, y)


def on_disk(x, y, folder):
    np.save(folder / "x.npy", x)
    return sg.data.ArrayDataset(np.load(folder / "x.npy", mmap_mode="r"), y)


def part(x, y, folder):
    return sg.data.Subset(sg.data.ArrayDataset(x, y), np.arange(30))


def strided(x, y, folder):
    return sg.data.ArrayDataset(np.asfortranarray(x), y[::-1][::-1])


def share(x, y, folder):
    return sg.data.shard(sg.data.ArrayDataset(x, y), 0, 2)


class Own:
    """A source of which nothing is known but its length."""

    def __init__(self, x, y, folder):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


class Telling(Own):
    def fingerprint(self):
        return zlib.crc32(self.x.tobytes() + self.y.tobytes())


def fit_rows(source, path, epochs, resume=None):
    sg.manual_seed(0)
    model = nn.Linear(3, 2)
    trainer = nn.Trainer(model, sg.optim.Adam(model.parameters()), nn.CrossEntropyLoss())
    trainer.fit(source, epochs=epochs, seed=0, callbacks=[nn.Checkpoint(path)], resume=resume)


@pytest.mark.parametrize("kind", [whole, on_disk, part, strided, share, Telling])
@pytest.mark.parametrize("change", ["pixel", "label", "order"])
def test_resuming_with_other_data_of_the_same_size_is_refused(tmp_path, kind, change):
    path = tmp_path / "run.safetensors"
    fit_rows(kind(*rows(), tmp_path), path, 1)
    fit_rows(kind(*rows(), tmp_path), path, 2, resume=path)
    with pytest.raises(ValueError, match="the examples, their targets or their order are not those"):
        fit_rows(kind(*rows(**{change: True}), tmp_path), path, 3, resume=path)
    assert load_state(path)["place"]["epoch"] == 2


def test_other_positions_of_the_same_data_are_other_data(tmp_path):
    data, path = sg.data.ArrayDataset(*rows()), tmp_path / "run.safetensors"
    fit_rows(sg.data.Subset(data, np.arange(20)), path, 1)
    with pytest.raises(ValueError, match="the examples, their targets or their order are not those"):
        fit_rows(sg.data.Subset(data, np.arange(20)[::-1]), path, 2, resume=path)


def test_a_source_that_cannot_tell_is_taken_at_its_length(tmp_path):
    path = tmp_path / "run.safetensors"
    fit_rows(Own(*rows(), tmp_path), path, 1)
    fit_rows(Own(*rows(pixel=True), tmp_path), path, 2, resume=path)


# Files that are not right ------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "run.safetensors"
    make(path)[1](1)
    return path


def refused(path, match, epochs=2, **changes):
    """Resuming is one clear error, and nothing is changed."""
    trainer, fit = make(path.with_name("other.safetensors"), **changes)
    before = everything(trainer), trainer.model[6].generator.bit_generator.state
    with pytest.raises(ValueError, match=match) as caught:
        fit(epochs, resume=path)
    assert (everything(trainer), trainer.model[6].generator.bit_generator.state) == before
    assert str(path) in str(caught.value)
    return trainer


def test_any_damage_is_noticed(saved):
    whole = saved.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 60).astype(int):
        spoilt = bytearray(whole)
        spoilt[place] ^= 4
        saved.write_bytes(bytes(spoilt))
        with pytest.raises(ValueError, match=r"run\.safetensors"):
            load_state(saved)
    for size in (0, 5, 8, 100, len(whole) // 2, len(whole) - 1):
        saved.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="not a sound safetensors file"):
            load_state(saved)
    refused(saved, "not a sound safetensors file")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        make(tmp_path / "a")[1](1, resume=tmp_path / "none.safetensors")


def test_weights_alone_are_no_checkpoint(saved):
    nn.save_weights(nn.Linear(2, 2), saved)
    refused(saved, "load_weights")


def spoil(state, where, value):
    *path, last = where
    for key in path:
        state = state[key]
    if value is None:
        del state[last]
    else:
        state[last] = value


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (["format"], 1),
        (["format"], 3),
        (["model"], None),
        (["model", "0.weight"], None),
        (["model", "0.weight"], np.zeros(3)),
        (["model"], "weights"),
        (["optimizer", "param_groups", 0, "lr"], -1.0),
        (["optimizer", "param_groups", 0, "lr"], "fast"),
        (["optimizer", "param_groups"], []),
        (["optimizer", "state", "0.momentum_buffer"], None),
        (["ema"], {"steps": 1}),
        (["ema", "steps"], "many"),
        (["loader", "batch"], 10**9),
        (["loader", "seed"], -1),
        (["loader"], []),
        (["place", "epoch"], 7),
        (["place", "step"], -1),
        (["place", "step"], 10**6),
        (["place", "stop"], "no"),
        (["metrics", 0, "loss"], "low"),
        (["history"], [{"loss": "low"}]),
        (["history"], "none"),
        (["generators", 0, "default"], None),
        (["generators", 0, "default", "bit_generator"], "MT19937"),
        (["generators", 0, "model.6.generator", "state"], 3),
        (["callbacks", "EarlyStopping"], None),
        (["callbacks", "EarlyStopping", "waited"], "long"),
        (["callbacks", "EarlyStopping", "kept"], 1),
        (["callbacks", "LearningRateSchedule", "steps"], None),
        (["callbacks", "Stranger"], {"a": 1}),
        (["data", "batch_size"], 64),
        (["contents"], [1]),
        (["contents"], None),
        (["contents"], 3),
        # Of another kind than what the training works with: each of these was loaded, and failed later or never.
        (["optimizer", "param_groups", 0, "dampening"], "x"),
        (["optimizer", "param_groups", 0, "dampening"], [1]),
        (["optimizer", "param_groups", 0, "nesterov"], "x"),
        (["optimizer", "param_groups", 0, "lr"], True),
        (["optimizer", "state", "0.step"], np.array(-1)),
        (["model", "1.num_batches_tracked"], np.array(-1)),
        (["ema", "steps"], 0.5),
        (["ema", "steps"], -1),
        (["metrics", 0, "examples"], 0.5),
        (["metrics", 0, "correct"], True),
        (["metrics", 0, "loss"], "1"),
        (["history"], ""),
        (["place", "epoch"], True),
        (["generators", 0, "default", "has_uint32"], True),
        (["generators", 0, "default", "uinteger"], 0.5),
        (["callbacks", "LearningRateSchedule", "base_lrs"], 0.1),
        (["callbacks", "LearningRateSchedule", "base_lrs"], "x"),
        (["callbacks", "LearningRateSchedule", "base_lrs"], []),
        (["callbacks", "LearningRateSchedule", "base_lrs"], ["x"]),
        (["callbacks", "LearningRateSchedule", "steps"], 0.5),
        (["callbacks", "LearningRateSchedule", "steps"], -1),
        (["callbacks", "Checkpoint", "best"], "x"),
        (["callbacks", "Checkpoint", "best"], True),
        (["callbacks", "EarlyStopping", "waited"], 0.5),
        (["callbacks", "EarlyStopping", "waited"], -1),
        (["callbacks", "EarlyStopping", "best_epoch"], True),
        (["callbacks", "EarlyStopping", "kept", "model"], "x"),
        (["callbacks", "EarlyStopping", "kept", "model", "0.weight"], np.zeros(3)),
        (["callbacks", "EarlyStopping", "kept", "model", "0.weight"], None),
        (["callbacks", "EarlyStopping", "kept", "model", "0.weight"], 7),
        (["callbacks", "EarlyStopping", "kept", "ema"], None),
        (["callbacks", "EarlyStopping", "kept", "ema"], 3),
        (["callbacks", "EarlyStopping", "kept", "ema", "steps"], "x"),
        (["callbacks", "EarlyStopping", "kept", "ema", "state"], []),
        (["callbacks", "EarlyStopping", "kept", "ema", "state", "0"], np.zeros(3)),
    ],
)
def test_states_of_another_training_are_refused(saved, where, value):
    state = load_state(saved)
    spoil(state, where, value)
    save_state(state, saved)
    default = np.random.default_rng(3).bit_generator.state
    trainer = refused(saved, "cannot resume from")
    rng.default_rng().bit_generator.state = default
    assert len(trainer.history) == 0


def test_what_was_taken_over_before_an_error_is_turned_back_whatever_it_was(saved):
    state = load_state(saved)
    spoil(state, ["callbacks", "LearningRateSchedule", "rates", 0], 1)
    spoil(state, ["callbacks", "LearningRateSchedule", "lrs", 0], 1)
    spoil(state, ["contents"], [1])
    save_state(state, saved)
    refused(saved, "the examples, their targets or their order")


def test_a_schedule_of_whole_numbers_goes_on(tmp_path):
    path, data = tmp_path / "run.safetensors", sg.data.ArrayDataset(np.eye(4, dtype=np.float32), np.arange(4))
    weights = []
    for epochs, resume in ((4, None), (2, None), (4, path)):
        sg.manual_seed(0)
        model = nn.Linear(4, 4)
        optimizer = sg.optim.SGD(model.parameters(), lr=1)
        schedule = sg.optim.LambdaLR(optimizer, lambda step: 1 if step < 2 else 0.5)
        callbacks = [nn.Checkpoint(path), nn.LearningRateSchedule(schedule)]
        trainer = nn.Trainer(model, optimizer, nn.CrossEntropyLoss())
        trainer.fit(data, epochs=epochs, callbacks=callbacks, seed=0, resume=resume)
        weights.append(model.weight.data.tobytes())
    assert weights[0] == weights[2] != weights[1]


def write_text(path, text, **arrays):
    save_arrays(arrays, path, {"seegrad.state": f"{checksum(arrays, text)} {text}"})


def test_the_format_stays_as_it_is(tmp_path):
    write_text(tmp_path / "s", '{"a": {"array": "b"}, "c": [1]}', b=np.arange(3))
    state = load_state(tmp_path / "s")
    np.testing.assert_array_equal(state.pop("a"), np.arange(3))
    assert state == {"c": [1]}


def test_hostile_texts(saved):
    for text in ("[" * 100_000, '{"array": "none"}', "[1]", "null", '{"a": {"array": [1]}}', "{"):
        write_text(saved, text)
        refused(saved, r"run\.safetensors( is not a sound checkpoint|: it has the parts)")


# Writing -----------------------------------------------------------------------------------------------


def test_states_come_back_as_they_were(tmp_path):
    state = {"a": [1, 2.5, None, "ä", True, float("inf")], "b": {"c": np.arange(3), "d": {}}, "e": np.float32(0.1)}
    save_state(state, tmp_path / "s")
    back = load_state(tmp_path / "s")
    np.testing.assert_array_equal(back["b"].pop("c"), np.arange(3))
    assert back == {"a": state["a"], "b": {"d": {}}, "e": float(np.float32(0.1))}


@pytest.mark.parametrize("state", [{"a": object()}, {1: 2}, {"a": {"array": 1}}, {"a": {1, 2}}])
def test_states_that_cannot_be_saved(state, tmp_path):
    with pytest.raises(TypeError, match="a state"):
        save_state(state, tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_a_generator_that_cannot_be_saved_is_found_before_the_first_step(tmp_path):
    trainer, fit = make(tmp_path / "run.safetensors")
    trainer.model[6].generator = np.random.Generator(np.random.MT19937(0))
    with pytest.raises(TypeError, match=r"model\.6\.generator.*MT19937"):
        fit(1)
    assert len(trainer.history) == 0


def test_a_folder_that_cannot_be_written_is_found_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="cannot write into the folder"):
        make(tmp_path / "file" / "run.safetensors")[1](1)


def test_a_good_checkpoint_is_not_replaced_by_one_that_is_not_finite(tmp_path):
    path = tmp_path / "run.safetensors"
    trainer, fit = make(path, every=1)

    def spoil_weights(run):
        trainer.model[5].weight.data = trainer.model[5].weight.data * np.float32(np.nan)

    with pytest.raises(nn.NonFiniteError):
        fit(2, extra=[At(1, 5, spoil_weights)])
    state = load_state(path)
    assert state["place"]["step"] == 4
    assert all(np.isfinite(array).all() for array in state["model"].values())
    assert all(np.isfinite(array).all() for array in trainer.ema.averages)


def test_best_weights_are_those_of_the_best_epoch(tmp_path):
    path = tmp_path / "run.safetensors"
    kept = []

    class Keep(nn.Callback):
        def on_epoch_end(self, run):
            with run.trainer.averaged():
                kept.append(run.trainer.model.state_dict())

    trainer, fit = make(path)
    history = fit(5, extra=[Keep()])
    best = kept[int(np.argmin(history["val_loss"]))]
    model = make(path)[0].model
    nn.load_weights(model, tmp_path / "best.safetensors")
    assert {name: a.tobytes() for name, a in model.state_dict().items()} == {k: a.tobytes() for k, a in best.items()}


def test_two_checkpoints_and_an_unknown_measure(tmp_path):
    trainer, _ = make(tmp_path / "a")
    data = sg.data.ArrayDataset(np.ones((4, 6, 6, 1), np.float32), np.arange(4) % 2)
    both = [nn.Checkpoint(tmp_path / "1", best=tmp_path / "b1"), nn.Checkpoint(tmp_path / "2", best=tmp_path / "b2")]
    trainer.fit(data, epochs=2, callbacks=both)
    assert set(load_state(tmp_path / "2")["callbacks"]) == {"Checkpoint", "Checkpoint 2"}
    trainer.fit(data, epochs=3, callbacks=both, resume=tmp_path / "1")
    with pytest.raises(ValueError, match=r"no measure 'f1'.*loss, accuracy"):
        trainer.fit(data, epochs=1, callbacks=[nn.Checkpoint(tmp_path / "1", best=tmp_path / "b", monitor="f1")])
    with pytest.raises(ValueError, match="needs a validation"):
        trainer.fit(data, epochs=1, callbacks=[nn.Checkpoint(tmp_path / "1", best=tmp_path / "b", monitor="val_loss")])
