"""Kernels go on where Numba does not compile, and where what it has kept cannot be used."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import seegrad as sg

pytestmark = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs Numba")

PROGRAM = """
import sys, warnings
import numpy as np
import seegrad as sg
from seegrad.autograd.fast.kernels import numba_use
rng = np.random.default_rng(0)
p, g = np.ones(1000, np.float32), np.full(1000, 2.0, np.float32)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    work = numba_use.compiled("compiled_adam")
    if work is not None:
        work.update(p, g, np.zeros_like(p), np.zeros_like(p), 0.9, 0.1, 0.999, 0.001, 1.0, 1e-8, 0.1)
        assert np.allclose(p, 1.0 - 0.1 * 0.2 / (0.001 * 4.0) ** 0.5), p[0]
print("compiled" if work else "NumPy", len(caught), *[w.category.__name__ for w in caught])
"""


def run(folder, program=PROGRAM, **variables):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **variables}
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def test_a_numba_that_is_told_not_to_compile_is_left_alone(tmp_path):
    """Its functions would call BLAS through stand-ins that do nothing, and memory would stay as it was."""
    assert run(tmp_path, NUMBA_DISABLE_JIT="1") == ["NumPy", "0"]


TRAINING = """
import numpy as np
import seegrad as sg
from seegrad.autograd.fast.conv_relu_pool import conv2d_relu_max_pool2d
rng = np.random.default_rng(0)
x = sg.tensor(rng.normal(size=(32, 12, 12, 4)).astype(np.float32))
w = sg.tensor(rng.normal(size=(3, 3, 4, 8)).astype(np.float32), requires_grad=True)
b = sg.tensor(np.zeros(8, np.float32), requires_grad=True)
out = conv2d_relu_max_pool2d(x, w, b, 2)
out.sum().backward()
apart = sg.max_pool2d(sg.relu(sg.conv2d(x, w) + b), 2)
assert np.allclose(out.data, apart.data, rtol=1e-3, atol=1e-3)
assert np.isfinite(w.grad).all() and abs(w.grad).max() < 1e5
print("right")
"""


def test_a_pass_is_right_without_compiling(tmp_path):
    assert run(tmp_path, TRAINING, NUMBA_DISABLE_JIT="1") == ["right"]


DAMAGES = {
    "emptied": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "other bytes": lambda content: b"\x80\x05garbage" + content[9:],
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numba")
    assert run(folder) == ["compiled", "0"]
    return folder


@pytest.mark.parametrize(
    ("suffix", "damage"), [("nbi", "emptied"), ("nbi", "other bytes"), ("nbc", "zeros"), ("nbc", "cut off")]
)
def test_a_damaged_cache_is_removed_with_a_warning(filled, tmp_path, suffix, damage):
    folder = shutil.copytree(filled, tmp_path / "copy")
    files = list(folder.rglob(f"*.{suffix}"))
    assert files
    for file in files:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    found = run(folder)
    assert found[0] == "compiled"
    assert set(found[2:]) == {sg.SeegradWarning.__name__}
    assert run(folder)[0] == "compiled"


def test_code_is_kept_by_the_text_of_all_kernels(filled, tmp_path, monkeypatch):
    from seegrad.autograd.fast.kernels import compiled_cache

    assert len(list(filled.iterdir())) == 1
    sources = Path(compiled_cache.__file__).parent
    copy = tmp_path / "kernels"
    copy.mkdir()
    for file in sources.glob("*.py"):
        shutil.copy(file, copy)
    monkeypatch.setattr(compiled_cache, "_HERE", copy)
    folder = compiled_cache._folder.__wrapped__
    before = folder()
    assert before == folder()
    helper = copy / "compiled.py"
    helper.write_text(helper.read_text().replace("out[i] = a[i]", "out[i] = 2 * a[i]"))
    assert folder() != before
    (copy / "__pycache__" / before.name).mkdir(parents=True)
    after = folder()
    assert not (copy / "__pycache__" / before.name).exists()
    assert after.parent.name == "__pycache__"
