from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import seegrad as sg
from seegrad.__main__ import main

Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Test images as people send them: large, dark on light, off the middle, in colour."""
    folder = tmp_path_factory.mktemp("pictures")
    _, test = sg.data.load_mnist()
    paper, ink = np.array([235, 228, 205]), np.array([30, 40, 110])
    for i in range(30):
        digit = Image.fromarray((test.x[i, ..., 0] * 255).round().astype(np.uint8)).resize((190, 190))
        shade = np.pad(np.asarray(digit) / 255.0, ((40, 170), (150, 60)))[..., np.newaxis]
        Image.fromarray((paper * (1 - shade) + ink * shade).round().astype(np.uint8)).save(folder / f"{i:02}.png")
    return sorted(folder.iterdir()), test.y[:30]


def test_pictures_are_recognised(trained, pictures, capsys):
    paths, labels = pictures
    assert main(["predict", "--model", str(trained), "--json", *map(str, paths)]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [answer["file"] for answer in answers] == list(map(str, paths))
    assert np.mean([int(answer["label"]) == label for answer, label in zip(answers, labels)]) >= 0.9
    for answer in answers:
        ranked = sorted(answer["probabilities"].items(), key=lambda pair: -pair[1])
        assert ranked[0] == (answer["label"], answer["confidence"])
        assert ranked[1] == tuple(answer["runner_up"].values())
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_a_few_pictures_need_no_numba(trained, pictures):
    """To import it takes longer than to look at them."""
    arguments = ["predict", "--model", str(trained), *map(str, pictures[0][:3])]
    code = f"import sys; from seegrad.__main__ import main; main({arguments}); sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_line_for_each_picture(trained, pictures, capsys):
    paths, labels = pictures
    assert main(["predict", "--model", str(trained), *map(str, paths[:2])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{paths[0]}: {labels[0]}   confidence 0.")
    assert "runner-up" in lines[0]


def test_a_picture_that_cannot_be_read_does_not_stop_the_others(trained, pictures, tmp_path, capsys):
    (tmp_path / "text.png").write_text("no image")
    Image.new("L", (50, 50)).save(tmp_path / "black.png")
    wrong = [str(tmp_path / name) for name in ("text.png", "black.png", "missing.png")]
    assert main(["predict", "--model", str(trained), wrong[0], str(pictures[0][0]), *wrong[1:]]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    for name in wrong:
        assert name in captured.err
    assert "no digit found" in captured.err
    assert "3 of 4 pictures" in captured.err


def test_preprocessing_of_the_model_is_done(trained, pictures, tmp_path, capsys):
    model = sg.load(trained)
    scaler = sg.data.Standardize().fit(np.random.default_rng(0).normal(3, 2, (99, 28, 28, 1)))
    # The same model for inputs that were scaled: the first layer undoes the scaling.
    offset, scale = (np.float32(scaler.state_dict()[part][0]) for part in ("offset", "scale"))
    first = model[0]
    first.bias.data = first.bias.data + (first.weight.data * offset).sum((0, 1, 2))
    first.weight.data = first.weight.data * scale
    model.save(tmp_path / "scaled.safetensors", preprocessing=scaler)
    printed = []
    for path in (trained, tmp_path / "scaled.safetensors"):
        assert main(["predict", "--model", str(path), "--json", str(pictures[0][3])]) == 0
        printed.append(json.loads(capsys.readouterr().out)[0]["confidence"])
    assert printed[0] == pytest.approx(printed[1], abs=1e-4)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: sg.nn.Linear(3, 2), "(3,)"),
        (lambda: sg.nn.Sequential(sg.nn.Flatten(), sg.nn.Linear(784, 1)), "single output"),
        (lambda: sg.nn.Conv2d(1, 2, 3), "score for each class"),
    ],
)
def test_models_for_something_else(model, message, pictures, tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    made = model()
    made.save(path, input_shape=(3,) if isinstance(made, sg.nn.Linear) else None)
    assert main(["predict", "--model", str(path), str(pictures[0][0])]) == 1
    assert message in capsys.readouterr().err


def test_no_model(pictures, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["predict", str(pictures[0][0])]) == 1
    assert "there is no model in runs/; run seegrad train first" in capsys.readouterr().err
    (tmp_path / "bad").write_bytes(b"bad")
    assert main(["predict", "--model", "bad", str(pictures[0][0])]) == 1
    assert "bad cannot be loaded as a model" in capsys.readouterr().err
