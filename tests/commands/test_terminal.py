"""How the command line gets on with terminals, pipes, shells and the environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

import seegrad as sg
from seegrad import __main__ as program
from seegrad.__main__ import main

SEEGRAD = [sys.executable, "-m", "seegrad"]


def run(*arguments, cwd, **more):
    return subprocess.run([*SEEGRAD, *map(str, arguments)], text=True, cwd=cwd, timeout=300, **more)


@pytest.mark.skipif(os.name == "nt", reason="pipes")
@pytest.mark.parametrize(("arguments", "status"), [(["evaluate", "missing"], 1), (["--nonsense"], 2), (["--help"], 0)])
def test_nobody_reads_the_errors(arguments, status, tmp_path):
    reads, writes = os.pipe()
    os.close(reads)
    done = run(*arguments, cwd=tmp_path, stdout=writes, stderr=writes)
    os.close(writes)
    assert done.returncode == status


def test_every_error_is_one_line(trained, capsys, monkeypatch):
    def fail(path):
        raise KeyError("layer")

    monkeypatch.setattr("seegrad.commands.evaluate_command.load_saved", fail)
    assert main(["evaluate", str(trained)]) == 1
    line = "seegrad evaluate: internal error: KeyError: 'layer'; with SEEGRAD_TRACEBACK=1 it says where\n"
    assert capsys.readouterr().err == line
    monkeypatch.setenv("SEEGRAD_TRACEBACK", "1")
    assert main(["evaluate", str(trained)]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("Traceback")
    assert captured.err.endswith(line)


def test_warnings_are_one_line(capsys, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", program._show_warning)
        warnings.warn("the disk is slow", stacklevel=1)
    assert capsys.readouterr().err == "seegrad: warning: the disk is slow\n"


def test_what_a_terminal_cannot_write_is_no_error(trained, digits, tmp_path):
    sg.load(trained).save(tmp_path / "model.safetensors", class_names=[f"größe {i}" for i in range(10)])
    settings = {**os.environ, "PYTHONIOENCODING": "ascii"}
    arguments = ("evaluate", tmp_path, "--data-dir", digits)
    done = run(*arguments, cwd=tmp_path, env=settings, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gr\\xf6\\xdfe 3" in done.stdout


def test_threads(trained, digits, monkeypatch, capsys):
    told = []
    monkeypatch.setattr(program, "set_num_threads", told.append)
    assert main(["evaluate", str(trained), "--data-dir", str(digits)]) == 0
    assert told == []
    for command in (["evaluate", str(trained), "--data-dir", str(digits)], ["predict", "missing", "--model", "none"]):
        main([*command, "--threads", "2"])
        assert told.pop() == 2
    for command in (["train", "--out", str(digits / "images"), "--data-dir", "missing"], ["serve", "missing"]):
        assert main([*command, "--threads", "3"]) == 1
        assert told.pop() == 3
    with pytest.raises(SystemExit):
        main(["evaluate", "--threads", "0"])
    assert "must be at least 1" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="has no such terminals")
def test_the_progress_bar_fits_80_columns(digits, tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    settings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    options = ["--data-dir", str(digits), "--out", str(tmp_path), "--epochs", "1", "--batch-size", "50"]
    with subprocess.Popen([*SEEGRAD, "train", *options], stdout=inner, stderr=inner, env=settings) as process:
        os.close(inner)
        shown = b""
        try:
            while part := os.read(outer, 65536):
                shown += part
        except OSError:  # the other side has gone
            pass
    os.close(outer)
    assert process.returncode == 0
    lines = [re.sub(r"\x1b\[[\d;]*\w", "", line) for line in re.split(r"[\r\n]+", shown.decode())]
    bars = [line for line in lines if "%|" in line]
    assert max(map(len, bars)) <= 80
    assert re.fullmatch(
        r"epoch 1/1 100%\|.{5,}\| 00:00 left, [\d.]+ img/s, loss \d\.\d{4}, accuracy \d\.\d{4}", bars[-1]
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_completion(shell, capsys):
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("evaluate", "validation", "recipe", "article", "best"):
        assert word in script


def test_bash_completes(tmp_path, capsys):
    pytest.importorskip("shtab")
    if subprocess.run(["bash", "-c", "complete"], capture_output=True, check=False).returncode:
        pytest.skip("there is no bash")
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    (tmp_path / "model.safetensors").touch()

    def completed(*words):
        quoted = " ".join(f"'{word}'" for word in words)
        code = f"source ./script; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _shtab_seegrad; "
        found = subprocess.run(
            ["bash", "-c", f'{code} echo "${{COMPREPLY[@]}}"'], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return found.stdout.split()

    assert completed("seegrad", "ev") == ["evaluate"]
    assert completed("seegrad", "train", "--val") == ["--validation"]
    assert completed("seegrad", "train", "--recipe", "b") == ["best"]
    assert completed("seegrad", "evaluate", "mod") == ["model.safetensors"]


def test_completion_without_what_it_needs(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    assert "pip install 'seegrad[completion]'" in capsys.readouterr().err


def test_training_is_that_of_the_library(digits, tmp_path, capsys):
    """Without options, it is the article's recipe on all images, as one would write it."""
    assert main(["train", "--data-dir", str(digits), "--out", str(tmp_path), "--epochs", "1"]) == 0
    train, test = sg.data.load_mnist(digits)
    sg.manual_seed(0)
    model = sg.nn.models.mnist_cnn()
    trainer = sg.nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=1e-3), sg.nn.CrossEntropyLoss())
    trainer.fit(train, epochs=1, batch_size=64, seed=0, progress=False)
    found = trainer.evaluate(test)
    line = f"test loss {found['loss']:.4f}   test accuracy {found['accuracy']:.4f}"
    assert capsys.readouterr().out.splitlines()[-1] == line
    for name, parameter in sg.load(tmp_path / "model.safetensors").named_parameters():
        np.testing.assert_array_equal(parameter.data, dict(model.named_parameters())[name].data)
