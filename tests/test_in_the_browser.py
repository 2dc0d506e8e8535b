"""The package works where Python runs in a browser: Pyodide has no fcntl, no processes, no threads and no Graphviz.

Pyodide itself is not here. A fresh interpreter takes itself for it, and refuses to import what it does not have.
"""

from __future__ import annotations

import os
import subprocess
import sys

MISSING = "fcntl termios resource pwd grp _posixsubprocess _multiprocessing pygraphviz anywidget".split()

CODE = f"""
import sys
import threading

import numpy as np  # before it learns where it is

for name in {MISSING}:
    sys.modules[name] = None
sys.modules.pop("subprocess", None)
sys.platform = "emscripten"


def refuse(self):
    raise RuntimeError("can't start new thread")


threading.Thread.start = refuse

import seegrad as sg
from seegrad import nn

a = sg.Value(2.0, label="a")
loss = (a * a).tanh()
loss.backward()
print(loss.draw())
player = loss.play()._repr_mimebundle_()
assert "text/html" in player and "image/svg+xml" not in player
assert "Graphviz, which does not run in a browser" in loss.play()._data()["hint"]  # packed in the page
loss.play().save(sys.argv[1] + "/player.html")

x, y = sg.data.make_moons(200, seed=0)
model = nn.Sequential(nn.Linear(2, 8, seed=0), nn.ReLU(), nn.Linear(8, 2, seed=1))
trainer = nn.Trainer(model, "adam", "cross_entropy")
trainer.fit(x, y, epochs=2, batch_size=32, progress=False)
model.save(sys.argv[1] + "/model.safetensors")
assert trainer.evaluate(sg.data.ArrayDataset(x, y))["loss"] > 0
assert sg.load(sys.argv[1] + "/model.safetensors")(x).shape == (200, 2)

step = sg.compile(sg.grad(lambda x: np.sum(np.tanh(x) ** 2)))
assert np.allclose(step(x), step(x))
assert np.allclose(sg.grad(lambda k: sg.conv2d(np.ones((64, 28, 28, 1)), k).sum())(np.ones((3, 3, 1, 8))), 64 * 26 * 26)
"""


def test_what_pyodide_lacks_is_not_needed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE, str(tmp_path)],
        env={**os.environ, "PATH": "", "SEEGRAD_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "a = 2.0" in done.stdout
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.safetensors", "player.html"]
