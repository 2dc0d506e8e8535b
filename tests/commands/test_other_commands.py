from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

import seegrad as sg
from seegrad.__main__ import main
from seegrad.commands.evaluate_command import confusion_table

COMMANDS = ("train", "predict", "evaluate", "draw", "export", "serve", "completion")


def test_evaluate(trained, digits, capsys):
    assert main(["evaluate", str(trained), "--data-dir", str(digits), "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["accuracy"] > 0.9
    confusion = np.array(measured["confusion"])
    assert confusion.sum() == 300
    assert np.trace(confusion) == round(measured["accuracy"] * 300)
    assert measured["classes"]["3"]["support"] == confusion[3].sum()
    assert measured["classes"]["3"]["recall"] == confusion[3, 3] / confusion[3].sum()

    assert main(["evaluate", str(trained), "--data-dir", str(digits)]) == 0
    printed = capsys.readouterr().out
    assert f"test accuracy {measured['accuracy']:.4f}   {np.trace(confusion)} of 300 images" in printed
    assert "precision  recall" in printed
    assert "taken for" in printed


def test_several_models_answer_together(trained, digits, tmp_path, capsys):
    """By the mean of their probabilities: here of a trained model and of one that is sure of a single class."""
    sure = sg.nn.Sequential(sg.nn.Flatten(), sg.nn.Linear(784, 10, weight_init=sg.nn.init.zeros))
    sure[1].bias.data[7] = 100.0
    sure.save(tmp_path / "sure.safetensors", input_shape=(28, 28, 1))
    assert (
        main(["evaluate", str(trained), str(tmp_path / "sure.safetensors"), "--data-dir", str(digits), "--json"]) == 0
    )
    both = json.loads(capsys.readouterr().out)
    _, test = sg.data.load_mnist(digits)
    p = sg.softmax(sg.load(trained)(test.x)).data / 2
    p[:, 7] += 0.5
    assert both["accuracy"] == (p.argmax(axis=1) == test.y).mean() < 0.2


def test_models_of_other_classes_do_not_answer_together(trained, digits, tmp_path, capsys):
    sg.nn.Sequential(sg.nn.Flatten(), sg.nn.Linear(784, 3)).save(tmp_path / "three.safetensors")
    assert main(["evaluate", str(trained), str(tmp_path / "three.safetensors"), "--data-dir", str(digits)]) == 1
    assert "the models tell different numbers of classes: 10, 3" in capsys.readouterr().err


def test_confusion_table():
    table = confusion_table(np.array([[7, 0], [12, 1000]]), ["cat", "dog"])
    assert [line.split() for line in table.splitlines()] == [["taken", "for", "cat", "dog"], ["cat", "7", "."],
                                                             ["dog", "12", "1000"]]  # fmt: skip
    assert len({len(line) for line in table.splitlines()}) == 1


def test_the_model_of_the_last_training_is_found(trained, digits, tmp_path, capsys, monkeypatch):
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    for name, modified in (("mnist", 3000), ("mnist-2", 9000), ("another", 5000)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(trained.read_bytes())
        os.utime(folder / "model.safetensors", (modified, modified))
    (tmp_path / "runs" / "no-model").mkdir()
    last = os.path.join("runs", "mnist-2")
    for command in (["draw"], ["export"], ["evaluate", "--data-dir", str(digits)]):
        assert main(command) == 0
        assert capsys.readouterr().err == f"model: {os.path.join(last, 'model.safetensors')}\n"
    assert sorted(os.listdir(last)) == ["model.onnx", "model.safetensors", "model.svg"]
    # A folder stands for the model in it, as an argument and as an option.
    for command in (["draw", "runs/mnist"], ["draw", "--model", "runs/another"]):
        assert main(command) == 0
        assert os.path.join(command[-1], "model.svg") in capsys.readouterr().out


@pytest.mark.parametrize("command", [["evaluate"], ["export", "--onnx", "x.onnx"], ["draw", "--out", "x.svg"]])
def test_without_a_model(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([command[0], "none.safetensors", *command[1:]]) == 1
    assert "there is no model none.safetensors; run seegrad train first" in capsys.readouterr().err


def test_evaluate_with_missing_data(trained, tmp_path, capsys):
    assert main(["evaluate", str(trained), "--data-dir", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err


def test_draw(trained, tmp_path, capsys):
    target = tmp_path / "drawing.svg"
    assert main(["draw", str(trained), "--out", str(target)]) == 0
    assert str(target) in capsys.readouterr().out
    assert "Conv2d" in target.read_text()
    model = tmp_path / "linear.safetensors"
    sg.nn.Linear(3, 2).save(model)
    assert main(["draw", str(model)]) == 1
    assert "--input-shape" in capsys.readouterr().err
    assert main(["draw", str(model), "--input-shape", "3", "--zoom", "ops"]) == 0
    assert (tmp_path / "linear.svg").exists()


def test_export(trained, tmp_path, capsys):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    target = tmp_path / "model.onnx"
    assert main(["export", str(trained), "--onnx", str(target)]) == 0
    assert str(target) in capsys.readouterr().out
    images = sg.data.load_mnist()[1].x[:20]
    (found,) = onnxruntime.InferenceSession(str(target)).run(None, {"input": images})
    np.testing.assert_allclose(found, sg.load(trained)(images).data, rtol=1e-5, atol=1e-5)
    assert main(["export", str(trained), "--onnx", str(tmp_path / "none" / "model.onnx")]) == 1
    assert "error" in capsys.readouterr().err


def test_export_without_onnx(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", str(trained), "--onnx", str(tmp_path / "model.onnx")]) == 1
    assert "seegrad[export]" in capsys.readouterr().err


@pytest.mark.parametrize("sizes", ["", "0,3", "a", "3,-1", "1.5"])
def test_input_shapes_that_are_none(sizes, trained, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["draw", str(trained), "--input-shape", sizes])
    assert caught.value.code == 2
    assert "--input-shape" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), "--help"])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: seegrad {command}".rstrip())
    if not command:
        for name in COMMANDS:
            assert re.search(rf"^ +{name}\s+\w", printed, re.MULTILINE)
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c(trained, tmp_path):
    pipe = tmp_path / "pictures.png"
    os.mkfifo(pipe)  # reading it waits, until somebody presses Ctrl-C
    command = [sys.executable, "-m", "seegrad", "predict", "--model", str(trained), str(pipe)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, cwd=tmp_path) as process:
        with open(pipe, "wb"):  # opens as soon as the other side does
            process.send_signal(signal.SIGINT)
        # closed, the pipe ends a read that began just after the signal, and would have waited for ever
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert errors.strip() == "interrupted"
    assert output == ""


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"seegrad {sg.__version__}\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["evaluate", "MODEL"], 0),
        (["evaluate", "MODEL", "--json"], 0),
        (["draw", "MODEL"], 0),
        (["export", "MODEL", "--onnx", "model.onnx"], 0),
        (["predict", "--model", "MODEL", "PICTURE"], 0),
        ([], 0),
        (["train", "--epochs", "1"], 141),  # it has not ended, as its status says
    ],
    ids=lambda x: " ".join(x[:1]) if isinstance(x, list) else "",
)
def test_nobody_reads_the_output(arguments, status, trained, tmp_path):
    picture = tmp_path / "digit.png"
    image = pytest.importorskip("PIL.Image")
    image.fromarray((255 * sg.data.load_mnist()[1].x[0, :, :, 0]).astype(np.uint8)).save(picture)
    model = tmp_path / "model.safetensors"
    model.write_bytes(trained.read_bytes())
    names = {"MODEL": str(model), "PICTURE": str(picture)}
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "seegrad", *[names.get(a, a) for a in arguments]]
    done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=300)
    os.close(writes)
    assert not re.search("error|broken|traceback", done.stderr, re.IGNORECASE)
    assert done.returncode == status


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (["uvicorn"], "uvicorn is not installed: pip install 'seegrad[serve]'"),
        (["starlette", "uvicorn"], "starlette and uvicorn are not installed: pip install 'seegrad[serve]'"),
        (["starlette", "uvicorn", "PIL"], "starlette, uvicorn and pillow are not installed"),
    ],
)
def test_serve_without_what_it_needs(missing, text, trained, capsys, monkeypatch):
    from seegrad.commands import serve_command

    there = serve_command.find_spec
    monkeypatch.setattr(serve_command, "find_spec", lambda name: None if name in missing else there(name))
    assert main(["serve", str(trained)]) == 1
    assert text in capsys.readouterr().err
