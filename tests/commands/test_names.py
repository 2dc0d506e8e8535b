"""``seegrad train --recipe names`` and ``seegrad write``, on few words of few letters."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import seegrad as sg
from seegrad.__main__ import main

WORDS = ["anna", "hanna", "nina", "ina", "diana", "joana", "ana", "lina", "alina", "elina", "helena", "lena"]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Two hundred words, many of them alike."""
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("\n".join(WORDS[i % len(WORDS)] for i in range(200)))
    return path


@pytest.fixture(scope="module")
def folder(words, tmp_path_factory):
    """The results of a short training on them."""
    out = tmp_path_factory.mktemp("runs") / "words"
    options = ["--recipe", "names", "--data-dir", str(words), "--out", str(out), "--epochs", "6", "--batch-size", "8"]
    assert main(["train", *options, "--validation", "20", "--lr", "0.01"]) == 0
    return out


def test_a_gpt_learns_to_write(folder, capsys):
    assert sorted(name for name in os.listdir(folder) if "previous" not in name) == [
        "checkpoint.safetensors", "curves.png", "history.json", "model.safetensors"
    ]  # fmt: skip
    test = json.loads((folder / "history.json").read_text())["test"]
    assert test["loss"] < 1.2 < np.log(10)  # of nine letters and the end, each as likely
    model = sg.load(folder / "model.safetensors")
    assert (model.vocab_size, model.context_length) == (10, 7)
    assert model.info.class_names == tuple(".adehijlno")

    assert main(["write", str(folder), "--count", "30", "--seed", "1", "--temperature", "0.5"]) == 0
    written = capsys.readouterr().out.split()
    assert len(written) == 30
    assert len(set(written) & set(WORDS)) >= 3
    assert main(["write", str(folder), "--count", "30", "--seed", "1", "--temperature", "0.5"]) == 0
    assert capsys.readouterr().out.split() == written


def test_the_loss_is_that_of_every_letter(words, folder):
    """Computed name by name, without padding."""
    model = sg.load(folder / "model.safetensors")
    vocabulary = sg.data.Vocabulary(model.info.class_names)
    _, test = sg.data.random_split(words.read_text().split(), [0.9, 0.1], seed=0)
    losses = []
    for word in test:
        x, y = vocabulary.encode("." + word), vocabulary.encode(word + ".")
        log_p = sg.log_softmax(model.eval()(x[np.newaxis])).data[0]
        losses += (-log_p[np.arange(len(y)), y]).tolist()
    assert json.loads((folder / "history.json").read_text())["test"]["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_the_end_of_the_training_says_what_to_try(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["bin/seegrad", "train"])
    assert main(["train", "--recipe", "names", "--data-dir", str(words), "--epochs", "1", "--seeds", "2"]) == 0
    printed = capsys.readouterr().out
    assert "180 names to train, 0 to validate, 20 to test" in printed
    assert "new names: " in printed
    assert "  bin/seegrad write\n  bin/seegrad draw\n" in printed
    assert "together" not in printed
    assert sorted(os.listdir("runs")) == ["names-seed-0", "names-seed-1"]
    assert main(["write", "--count", "2"]) == 0
    assert main(["draw"]) == 0
    assert main(["export"]) == 0


def test_what_cannot_write(folder, trained, tmp_path, capsys):
    assert main(["write", str(trained)]) == 1
    assert "the model is a Sequential; a GPT writes: seegrad train --recipe names" in capsys.readouterr().err
    nameless = tmp_path / "nameless.safetensors"
    sg.load(folder / "model.safetensors").save(nameless, class_names=[])
    assert main(["write", str(nameless)]) == 1
    assert "does not tell the model's 10 tokens" in capsys.readouterr().err
    assert main(["evaluate", str(folder)]) == 1
    assert "the model takes examples of shape (7,)" in capsys.readouterr().err
