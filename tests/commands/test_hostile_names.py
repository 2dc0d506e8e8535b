"""Names in files and of files reach the terminal as text, and whatever goes wrong is one line."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import seegrad as sg
from seegrad.__main__ import main
from seegrad.commands.printing import printable

Image = pytest.importorskip("PIL.Image")

# Clears the screen; colours; sets the title; rings; writes from right to left; half a character.
NASTY = ["\x1b[2J", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "\u202eabc", "\rover", "\udcff"]
DANGEROUS = {char for name in NASTY for char in name if not char.isprintable()}


def shown(capsys):
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize("name", NASTY)
def test_nothing_that_a_terminal_obeys_is_left(name):
    assert printable(name).isprintable()
    assert printable(f"a\n{name}", keep="\n").splitlines()[0] == "a"


@pytest.mark.parametrize("name", ["cat", "größer 5", "猫", "👩\u200d🚀", "می\u200cخواهم", "a b"])
def test_names_of_all_languages_are_left_alone(name):
    assert printable(name) == name


@pytest.mark.parametrize("name", NASTY[:-1])
def test_class_and_file_names_are_shown_as_text(trained, digits, tmp_path, capsys, name):
    model = sg.load(trained)
    model.save(tmp_path / "model.safetensors", class_names=[f"{name}{i}" for i in range(10)])
    picture = tmp_path / f"{name}.png"
    _, test = sg.data.load_mnist()
    Image.fromarray(np.uint8(255 * test.x[0, ..., 0])).save(picture)
    (tmp_path / f"{name}.safetensors").write_bytes(b"nonsense")
    assert main(["predict", "--model", str(tmp_path / "model.safetensors"), str(picture), str(tmp_path / name)]) == 1
    assert main(["evaluate", str(tmp_path / "model.safetensors"), "--data-dir", str(digits)]) == 0
    assert main(["evaluate", str(tmp_path / f"{name}.safetensors"), "--data-dir", str(digits)]) == 1
    assert not DANGEROUS & set(shown(capsys))


def test_no_memory_is_one_line(digits, tmp_path, capsys, monkeypatch):
    def fail(*arguments, **more):
        raise MemoryError

    monkeypatch.setattr("seegrad.data.idx._read_payload", fail)
    assert main(["train", "--data-dir", str(digits), "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "ubyte: too large for the memory of this machine" in error
    monkeypatch.setattr("seegrad.commands.train_command._train_into", fail)
    assert main(["train", "--data-dir", str(digits), "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "seegrad train: error: not enough memory\n"


def test_a_model_that_does_not_fit_into_memory_names_its_file(trained, tmp_path, capsys, monkeypatch):
    def fail(*arguments, **more):
        raise MemoryError

    monkeypatch.setattr("safetensors.numpy.load_file", fail)
    assert main(["evaluate", str(trained)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{trained} is too large for the memory of this machine" in error


def test_a_part_of_a_model_is_no_classifier(tmp_path, digits, capsys):
    sg.nn.ModuleList([sg.nn.Linear(3, 2)]).save(tmp_path / "list.safetensors")
    assert main(["evaluate", str(tmp_path / "list.safetensors"), "--data-dir", str(digits)]) == 1
    assert "ModuleList has no forward()" in capsys.readouterr().err


class PanicException(BaseException):  # noqa: N818  # the name that Rust's have
    """What safetensors raises where memory is missing."""


@pytest.mark.parametrize("failure", [MemoryError, PanicException])
def test_weights_that_do_not_fit_into_memory_name_their_file(trained, tmp_path, monkeypatch, failure):
    def fail(*arguments, **more):
        raise failure

    model = sg.nn.Linear(2, 2)
    sg.nn.save_weights(model, tmp_path / "old.safetensors")
    monkeypatch.setattr("safetensors.numpy.load_file", fail)
    monkeypatch.setattr("safetensors.numpy.save", fail)
    with pytest.raises(MemoryError, match=r"old\.safetensors cannot be read"):
        sg.nn.load_weights(model, tmp_path / "old.safetensors")
    with pytest.raises(MemoryError, match=r"new\.safetensors cannot be written"):
        sg.nn.save_weights(model, tmp_path / "new.safetensors")


def test_a_drawing_on_a_full_disk_names_its_file(trained, tmp_path, capsys, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.chdir(tmp_path)
    assert main(["draw", str(trained), "--out", "drawing.dot"]) == 1
    assert capsys.readouterr().err == "seegrad draw: error: [Errno 28] No space left on device: 'drawing.dot'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_without_stderr(trained, digits, tmp_path, capsys, monkeypatch, command):
    monkeypatch.setattr(sys, "stderr", None)
    missing = str(tmp_path / "missing")
    more = ["--data-dir", str(digits)] if command == "evaluate" else ["--model", str(trained), missing]
    assert main([command, *([str(trained)] if command == "evaluate" else []), *more]) == int(command == "predict")
