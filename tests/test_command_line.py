from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest
from small_mnist import write_digits

import seegrad as sg
from seegrad.__main__ import _parser, main
from seegrad.commands.results_folder import chosen_model
from seegrad.common.file_lock import locked_folder

PNG = b"\x89PNG\r\n\x1a\n"
FILES = ["checkpoint.safetensors", "curves.png", "history.json", "model.safetensors", "predictions.png"]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("data") / "digits", train=320, t10k=100)


def options(digits, out, *more):
    return ["train", "--data-dir", str(digits), "--out", str(out), "--validation", "64", "--epochs", "1", *more]


def test_train(digits, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert main(options(digits, out, "--epochs", "2", "--batch-size", "32", "--lr", "0.003")) == 0
    printed = capsys.readouterr().out
    assert sorted(os.listdir(out)) == sorted([*FILES, "checkpoint.previous.safetensors"])
    for text in ("output shape", "93,322", "256 images to train, 64 to validate, 100 to test"):
        assert text in printed
    lines = printed.splitlines()
    epochs = [line for line in lines if line.startswith("epoch")]
    assert len(epochs) == 2
    assert all("val_accuracy" in line for line in epochs)

    record = json.loads((out / "history.json").read_text())
    assert [sorted(epoch) for epoch in record["epochs"]] == [["accuracy", "loss", "val_accuracy", "val_loss"]] * 2
    test = record["test"]
    assert lines[-1] == f"test loss {test['loss']:.4f}   test accuracy {test['accuracy']:.4f}"
    for picture in ("curves.png", "predictions.png"):
        assert (out / picture).read_bytes().startswith(PNG)

    model = sg.nn.models.mnist_cnn()
    sg.nn.load_weights(model, out / "model.safetensors")
    loaded = sg.load(out / "model.safetensors")
    assert repr(loaded) == repr(model)
    assert loaded.info.input_shape == (28, 28, 1)
    assert loaded.info.class_names == tuple("0123456789")
    trainer = sg.nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.1), sg.nn.CrossEntropyLoss())
    assert trainer.evaluate(sg.data.load_mnist(digits)[1]) == pytest.approx(test, rel=1e-6)


def test_train_ends_with_the_next_commands_to_try(digits, tmp_path, capsys, monkeypatch):
    """They stand before the last line, and the command line understands them."""
    monkeypatch.setattr("sys.argv", ["somewhere/bin/seegrad", "train"])
    out = tmp_path / "a folder"
    assert main(options(digits, out)) == 0
    *_, first, second, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"test loss \d\.\d{4}   test accuracy \d\.\d{4}", last)
    for line, command in ((first, "evaluate"), (second, "serve")):
        program, *arguments = shlex.split(line)
        assert program == "somewhere/bin/seegrad"
        chosen = _parser().parse_args(arguments)
        model = chosen.model[0] if command == "evaluate" else chosen.model  # it takes several
        assert (chosen.command, chosen_model(model)) == (command, out / "model.safetensors")
    assert main([*shlex.split(first)[1:], "--data-dir", str(digits)]) == 0
    assert last.partition("   ")[2] in capsys.readouterr().out


def test_the_next_commands_need_no_names_in_the_usual_folder(digits, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["-m"])
    monkeypatch.setattr("sys.orig_argv", ["some where/python", "-m", "seegrad", "train"])
    monkeypatch.setattr("seegrad.commands.tasks.missing_packages", lambda: ["starlette"])
    command = [option for option in options(digits, "unused") if option not in ("--out", "unused")]
    for _ in range(2):
        assert main(command) == 0
        *_, first, second, last = capsys.readouterr().out.splitlines()
        assert first.strip() == "'some where/python' -m seegrad evaluate"
        assert second.strip() == "'some where/python' -m seegrad draw"  # since nothing can be served
    assert main([*shlex.split(first)[3:], "--data-dir", str(digits)]) == 0
    captured = capsys.readouterr()
    assert last.partition("   ")[2] in captured.out
    assert captured.err == f"model: {os.path.join('runs', 'mnist-2', 'model.safetensors')}\n"


def test_train_says_what_lies_where(digits, tmp_path, capsys):
    assert main(options(digits, tmp_path)) == 0
    printed = capsys.readouterr().out
    assert f"results are in {tmp_path}:" in printed
    assert sorted(re.findall(r"^  (\w+\.\w+)  ", printed, re.MULTILINE)) == FILES


def test_the_default_is_the_recipe_of_the_article():
    chosen = _parser().parse_args(["train"])
    assert (chosen.recipe, chosen.validation, chosen.seed) == ("article", 0, 0)
    assert (chosen.epochs, chosen.batch_size, chosen.lr) == (None, None, None)  # the recipe's


@pytest.mark.parametrize("interrupted", [False, True])
def test_validation_keeps_the_best_epoch(digits, tmp_path, capsys, monkeypatch, interrupted):
    """Here the first one, since the learning rate rises; a training that goes on goes on from the last one."""
    begin = sg.nn.Callback.on_epoch_begin

    def too_fast(callback, run):
        begin(callback, run)
        run.trainer.optimizer.param_groups[0]["lr"] = [0.003, 0.3, 0.3][run.epoch - 1]
        if interrupted and run.epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("seegrad.commands.training_results.Results.on_epoch_begin", too_fast)
    assert main(options(digits, tmp_path, "--epochs", "3")) == (130 if interrupted else 0)
    captured = capsys.readouterr()
    record = json.loads((tmp_path / "history.json").read_text())
    losses = [epoch["val_loss"] for epoch in record["epochs"]]
    assert losses[0] == min(losses) < losses[1]
    assert record["best_epoch"] == 1
    assert ("weights of epoch 1, the best," in captured.err) is interrupted
    assert ("kept the weights of epoch 1," in captured.out) is not interrupted
    _, validation = sg.data.train_val_split(sg.data.load_mnist(digits)[0], 64, seed=0)
    model = sg.load(tmp_path / "model.safetensors")
    trainer = sg.nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.1), sg.nn.CrossEntropyLoss())
    assert trainer.evaluate(validation)["loss"] == pytest.approx(losses[0], rel=1e-5)


def test_same_seed_same_files(digits, tmp_path, capsys):
    printed = []
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        assert main(options(digits, tmp_path / name, "--seed", seed)) == 0
        printed.append(capsys.readouterr().out.replace(str(tmp_path / name), ""))
    assert printed[0] == printed[1] != printed[2]
    for file in ("checkpoint.safetensors", "history.json", "model.safetensors"):
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b != c


def test_several_seeds_are_compared_and_combined(digits, tmp_path, capsys):
    out, data = str(tmp_path / "runs"), ["--data-dir", str(digits)]
    assert main(["train", *data, "--out", out, "--epochs", "1", "--lr", "0.003", "--seed", "3", "--seeds", "2"]) == 0
    *_, header, third, fourth, mean, error, _, together = capsys.readouterr().out.splitlines()
    assert header.split() == ["seed", "test", "loss", "test", "accuracy", "minutes", "folder"]
    tests = [json.loads((tmp_path / f"runs-seed-{seed}" / "history.json").read_text())["test"] for seed in (3, 4)]
    for line, seed, test in zip((third, fourth), (3, 4), tests, strict=True):
        shown = [str(seed), f"{test['loss']:.4f}", f"{test['accuracy']:.4f}"]
        assert (line.split()[:3], line.split()[-1]) == (shown, f"{out}-seed-{seed}")
    losses, accuracies = ([test[name] for test in tests] for name in ("loss", "accuracy"))
    assert mean.split()[:3] == ["mean", f"{np.mean(losses):.5f}", f"{np.mean(accuracies):.5f}"]
    assert error.split()[2] == f"{abs(accuracies[0] - accuracies[1]) / 2:.5f}"
    accuracy = together.rpartition(" ")[2]
    assert together.startswith("all 2 together, ")
    assert main(["evaluate", f"{out}-seed-3", f"{out}-seed-4", *data]) == 0
    assert f"test accuracy {accuracy} " in capsys.readouterr().out

    alone = tmp_path / "alone"  # a seed alone trains the same network
    assert main(["train", *data, "--out", str(alone), "--epochs", "1", "--lr", "0.003", "--seed", "4"]) == 0
    same = [(folder / "history.json").read_bytes() for folder in (alone, tmp_path / "runs-seed-4")]
    assert same[0] == same[1]


def test_without_validation(digits, tmp_path, capsys):
    assert main(options(digits, tmp_path, "--validation", "0")) == 0
    assert "320 images to train, 0 to validate" in capsys.readouterr().out
    assert list(json.loads((tmp_path / "history.json").read_text())["epochs"][0]) == ["loss", "accuracy"]


def test_validation_as_a_fraction(digits, tmp_path, capsys):
    assert main(options(digits, tmp_path, "--validation", "0.25")) == 0
    assert "240 images to train, 80 to validate" in capsys.readouterr().out


def test_without_matplotlib(digits, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("seegrad.commands.training_results.find_spec", lambda name: None)
    assert main(options(digits, tmp_path)) == 0
    captured = capsys.readouterr()
    assert "seegrad[plot]" in captured.err
    assert "test accuracy" in captured.out.splitlines()[-1]
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.safetensors", "history.json", "model.safetensors"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--epochs", "0"],
        ["--epochs", "1.5"],
        ["--batch-size", "-1"],
        ["--lr", "0"],
        ["--lr", "nan"],
        ["--lr", "fast"],
        ["--seed", "-1"],
        ["--validation", "-5"],
        ["--validation", "2.5"],
        ["--validation", "nan"],
        ["--nonsense"],
    ],
)
def test_wrong_options(digits, tmp_path, capsys, wrong):
    with pytest.raises(SystemExit) as caught:
        main(options(digits, tmp_path / "out", *wrong))
    assert caught.value.code == 2
    assert wrong[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_results_are_not_replaced_unasked(digits, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(options(digits, out, "--seed", "1")) == 0
    capsys.readouterr()
    before = {name: (out / name).read_bytes() for name in FILES}
    message = fails_before_training(options(digits, out), capsys)
    assert f"{out} holds the results of a training; --resume goes on with it, --overwrite replaces" in message
    assert {name: (out / name).read_bytes() for name in FILES} == before
    (out / "checkpoint.safetensors").unlink()
    for more in ([], ["--resume"]):
        message = fails_before_training(options(digits, out, *more), capsys)
        assert "holds the results of a training; --overwrite replaces" in message
    (out / "history.json").unlink()
    assert "holds the results" in fails_before_training(options(digits, out), capsys)
    assert (out / "model.safetensors").read_bytes() == before["model.safetensors"]
    assert main(options(digits, out, "--overwrite")) == 0
    assert sorted(os.listdir(out)) == FILES
    assert (out / "model.safetensors").read_bytes() != before["model.safetensors"]


def test_what_was_not_finished_and_cannot_go_on_is_replaced(digits, tmp_path, capsys):
    for more in ([], ["--resume"]):
        assert main(options(digits, tmp_path, "--lr", "1e30")) == 1
        assert sorted(os.listdir(tmp_path)) == ["history.json", "model.safetensors"]
        assert main(options(digits, tmp_path, *more)) == 0
        for name in FILES:
            (tmp_path / name).unlink()


def test_the_default_folder_gets_a_number_where_there_are_results(digits, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = [option for option in options(digits, "unused") if option not in ("--out", "unused")]
    for name in ("mnist", "mnist-2", "mnist-3"):
        assert main(command) == 0
        folder = re.search(r"results are in ([-/\\\w]+)", capsys.readouterr().out)[1]
        assert folder == os.path.join("runs", name)
    assert sorted(os.listdir(tmp_path / "runs")) == ["mnist", "mnist-2", "mnist-3"]
    assert main([*command, "--resume"]) == 0
    assert main([*command, "--overwrite"]) == 0
    assert sorted(os.listdir(tmp_path / "runs")) == ["mnist", "mnist-2", "mnist-3"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
@pytest.mark.parametrize("more", [[], ["--resume"], ["--overwrite"]])
def test_two_trainings_do_not_write_into_one_folder(digits, tmp_path, capsys, monkeypatch, more):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "runs" / "mnist"
    out.mkdir(parents=True)
    with locked_folder(out) as free:
        assert free
        message = fails_before_training(options(digits, out, *more), capsys)
        assert f"another training is writing into {out}" in message
        assert os.listdir(out) == []
        command = [option for option in options(digits, "unused") if option not in ("--out", "unused")]
        assert main([*command, *more]) == bool(more)
        assert os.listdir(out) == []
        assert (tmp_path / "runs" / "mnist-2").exists() is not bool(more)
    assert main(options(digits, out, *more)) == 0


def test_ctrl_c_before_the_first_checkpoint_promises_nothing(digits, tmp_path, capsys, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("seegrad.optim.Adam.step", interrupted)
    assert main(options(digits, tmp_path)) == 130
    message = capsys.readouterr().err
    assert "nothing was saved" in message
    assert "--resume" not in message
    assert os.listdir(tmp_path) == []


def test_ctrl_c_says_how_to_go_on(digits, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = [option for option in options(digits, "unused") if option not in ("--out", "unused")]
    assert main(command) == 0
    capsys.readouterr()

    step, steps = sg.optim.Adam.step, itertools.count(1)

    def interrupted(*arguments):
        step(*arguments)
        if next(steps) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("seegrad.optim.Adam.step", interrupted)
    assert main(command) == 130
    folder = os.path.join("runs", "mnist-2")
    assert f"the last good weights are in {folder}; go on with --resume --out {folder}" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--resume", "--out", folder]) == 0
    files = [(tmp_path / "runs" / name / "model.safetensors").read_bytes() for name in ("mnist", "mnist-2")]
    assert files[0] == files[1]


def test_no_command_is_help(capsys):
    assert main([]) == 0
    bare = capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert bare == capsys.readouterr().out


def fails_before_training(arguments, capsys):
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert "epoch" not in captured.out
    assert "Traceback" not in captured.err
    return captured.err


def test_out_that_cannot_be_written(digits, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    message = fails_before_training(options(digits, tmp_path / "file"), capsys)
    assert "seegrad train: error: cannot write into the folder" in message
    assert (tmp_path / "file").read_text() == "mine"


def test_missing_data(tmp_path, capsys):
    assert "no such folder" in fails_before_training(options(tmp_path / "none", tmp_path), capsys)


def test_damaged_data(tmp_path, capsys):
    folder = write_digits(tmp_path / "data", train=100, t10k=100)
    images = folder / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    assert "train-images-idx3-ubyte" in fails_before_training(options(folder, tmp_path / "out"), capsys)


def test_images_of_another_size(tmp_path, capsys):
    folder = write_digits(tmp_path / "data", size=20, train=100, t10k=100)
    message = fails_before_training(options(folder, tmp_path / "out"), capsys)
    assert "Linear(576, 64" in message


def test_more_validation_than_data(digits, tmp_path, capsys):
    assert "320" in fails_before_training(options(digits, tmp_path, "--validation", "320"), capsys)


def test_loss_that_becomes_nan(digits, tmp_path, capsys):
    assert main(options(digits, tmp_path, "--lr", "1e30", "--epochs", "5")) == 1
    message = capsys.readouterr().err
    assert "epoch 1, step" in message
    assert "last good weights" in message
    model = sg.nn.models.mnist_cnn()
    sg.nn.load_weights(model, tmp_path / "model.safetensors")
    assert all(np.isfinite(parameter.data).all() for parameter in model.parameters())


def test_ctrl_c(digits, tmp_path):
    program = [sys.executable, "-m", "seegrad", *options(digits, tmp_path, "--epochs", "10000")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        for line in process.stdout:
            if line.startswith("epoch 1/"):
                process.send_signal(signal.SIGINT)
                break
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    sg.nn.load_weights(sg.nn.models.mnist_cnn(), tmp_path / "model.safetensors")
    assert json.loads((tmp_path / "history.json").read_text())["epochs"]


def test_ctrl_c_while_the_commands_are_imported(tmp_path):
    code = """
import builtins, signal, sys
plain = builtins.__import__

def interrupted(name, *arguments):
    if "commands" in name:
        signal.raise_signal(signal.SIGINT)
    return plain(name, *arguments)

from seegrad.__main__ import main
assert not any("seegrad.nn" in name for name in sys.modules)
builtins.__import__ = interrupted
sys.exit(main(["evaluate", "model"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


# Recipes and resuming ----------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", ["article", "best"])
def test_killed_and_resumed(digits, tmp_path, capsys, recipe):
    more = ["--recipe", recipe, "--epochs", "2", "--batch-size", "16"]
    assert main(options(digits, tmp_path / "whole", *more)) == 0
    printed = capsys.readouterr().out.replace("whole", "killed").splitlines()
    command = options(digits, tmp_path / "killed", *more, "--resume")
    program = [sys.executable, "-m", "seegrad", *command]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        for line in process.stdout:
            if line.startswith("epoch 1/2") or "beginning" in line:
                continue
            if (tmp_path / "killed" / "checkpoint.safetensors").exists():
                break
        process.kill()
    (tmp_path / "killed" / ".model.safetensors.0123abcd.tmp").write_bytes(b"half")
    (tmp_path / "killed" / ".history.json.0123abcd.tmp").write_bytes(b"half")
    assert main(command) == 0
    assert not list((tmp_path / "killed").glob(".*"))
    assert capsys.readouterr().out.splitlines()[-1] == printed[-1]
    for name in ("history.json", "model.safetensors", "checkpoint.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()


def test_more_epochs_of_the_article(digits, tmp_path, capsys):
    assert main(options(digits, tmp_path / "a", "--epochs", "2")) == 0
    for epochs in ("1", "2"):
        assert main(options(digits, tmp_path / "b", "--epochs", epochs, "--resume")) == 0
    assert "resuming from" in capsys.readouterr().out
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in "ab"]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (["--seed", "1"], "begun with --recipe article --lr 0.001 --seed 0"),
        (["--lr", "0.01"], "--lr 0.01"),
        (["--recipe", "best"], "cannot resume"),
        (["--batch-size", "32"], "'batch_size': 64"),
    ],
)
def test_resuming_with_other_options(digits, tmp_path, capsys, wrong, match):
    assert main(options(digits, tmp_path)) == 0
    capsys.readouterr()
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    assert main(options(digits, tmp_path, "--resume", *wrong)) == 1
    assert match in capsys.readouterr().err
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before


def test_resuming_a_damaged_checkpoint(digits, tmp_path, capsys):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"half a file")
    assert "not a sound safetensors file" in fails_before_training(options(digits, tmp_path, "--resume"), capsys)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == b"half a file"


def test_resuming_with_the_checkpoint_before_a_damaged_one(digits, tmp_path, capsys):
    assert main(options(digits, tmp_path / "whole", "--epochs", "3")) == 0
    assert main(options(digits, tmp_path / "hurt", "--epochs", "2")) == 0
    (tmp_path / "hurt" / "checkpoint.safetensors").write_bytes(b"half a file")
    capsys.readouterr()
    assert main(options(digits, tmp_path / "hurt", "--epochs", "3", "--resume")) == 0
    assert "the one before it takes its place" in capsys.readouterr().err
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "hurt")]
    assert files[0] == files[1]


def test_resuming_with_other_data(digits, tmp_path, capsys):
    data = write_digits(tmp_path / "data", train=320, t10k=100)
    assert main(options(data, tmp_path / "out")) == 0
    capsys.readouterr()
    labels = data / "train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\0")
    message = fails_before_training(options(data, tmp_path / "out", "--resume", "--epochs", "2"), capsys)
    assert "the examples, their targets or their order are not those" in message


@pytest.mark.parametrize("damage", ["full", "memory"])
def test_what_cannot_be_saved_is_one_line_that_names_the_file(digits, tmp_path, capsys, monkeypatch, damage):
    def fail(*arguments, **more):
        raise OSError(28, "No space left on device") if damage == "full" else MemoryError

    monkeypatch.setattr("os.fsync" if damage == "full" else "safetensors.numpy.save", fail)
    assert main(options(digits, tmp_path)) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert str(tmp_path / "model.safetensors") in message
    assert os.listdir(tmp_path) == []


def test_without_stderr(digits, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert main(options(digits, tmp_path / "out")) == 0
    assert "test accuracy" in capsys.readouterr().out.splitlines()[-1]
    assert main(options(digits, tmp_path / "out")) == 1


def test_best_recipe_saves_the_weights_that_it_measures(digits, tmp_path, capsys):
    assert main(options(digits, tmp_path, "--recipe", "best", "--epochs", "2", "--batch-size", "16")) == 0
    record = json.loads((tmp_path / "history.json").read_text())
    assert record["recipe"] == "best"
    model = sg.nn.models.mnist_deep_cnn()
    sg.nn.load_weights(model, tmp_path / "model.safetensors")
    trainer = sg.nn.Trainer(
        model, sg.optim.SGD(model.parameters(), lr=0.1), sg.nn.CrossEntropyLoss(label_smoothing=0.05)
    )
    assert trainer.evaluate(sg.data.load_mnist(digits)[1]) == pytest.approx(record["test"], rel=1e-5)
