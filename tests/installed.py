"""What a new user does first, with the installed package: import, draw, train, save, load, predict.

`make pythons` runs this with each Python of the machine, in an environment with the wheel and what it depends on.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

import seegrad as sg


def draw(folder: Path) -> None:
    """Draw a graph into files, and play it."""
    a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    loss = (a * b + a**2).tanh()
    loss.backward()
    assert "tanh" in repr(loss.draw())
    assert loss.draw(show="chain").save(folder / "graph.svg").read_bytes().rstrip().endswith(b"</svg>")
    assert loss.draw().save(folder / "graph.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in loss.play().save(folder / "backprop.svg").read_text(encoding="utf-8")
    assert "Backprop of" in loss.play().save(folder / "backprop.html").read_text(encoding="utf-8")


def train(folder: Path) -> None:
    """Train the MNIST network for one epoch on a tenth of the images, and read it back."""
    digits, more = sg.data.load_mnist()
    model = sg.nn.models.mnist_cnn(seed=0)
    trainer = sg.nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=2e-3), sg.nn.CrossEntropyLoss())
    trainer.fit(digits[:6000], epochs=1, batch_size=64, seed=0)
    assert trainer.evaluate(more[:1000])["accuracy"] > 0.85
    model.save(folder / "model.safetensors", input_shape=(28, 28, 1))
    loaded = sg.load(folder / "model.safetensors")
    model.eval()
    loaded.eval()
    images = more[:100].x
    with sg.no_grad():
        assert np.array_equal(loaded(images).data, model(images).data)


def command(*arguments: str) -> str:
    """Run the command line as a user does, and return what it prints; it must have nothing to complain of."""
    beside = Path(sys.executable).parent
    program = next(file for file in (beside / "seegrad", beside / "seegrad.exe") if file.exists())
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", done.stderr
    return done.stdout


def main(folder: Path) -> None:
    """Do it all, and write into the folder."""
    assert Path(sys.prefix) in Path(sg.__file__).parents, "this is not the installed one"
    assert sg.__version__ == version("seegrad")
    draw(folder)
    train(folder)
    model = str(folder / "model.safetensors")
    command("draw", model, "--out", str(folder / "model.svg"))
    assert "accuracy" in command("evaluate", model)
    names = ("numpy", "pygraphviz", "graphviz", "safetensors", "tqdm")
    print(sys.version.split()[0], *(f"{name} {version(name)}" for name in names), sep=", ")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
