"""Type checkers agree with what ``user_file.py`` says of its types, as those of a user do."""

from __future__ import annotations

import importlib.util
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import seegrad as sg

USER_FILE = Path(__file__).with_name("user_file.py")


@pytest.fixture
def search_path(tmp_path):
    """Return a folder in which the package has its own name, whatever the checkout is called."""
    folder = tmp_path / "installed"
    folder.mkdir()
    (folder / "seegrad").symlink_to(Path(sg.__file__).resolve().parent, target_is_directory=True)
    return folder


def test_it_runs(capsys):
    runpy.run_path(str(USER_FILE), run_name="__main__")


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="no mypy")
def test_mypy_agrees(tmp_path, search_path):
    settings = tmp_path / "mypy.ini"
    # An installed package is not checked itself; this one only is read through a link.
    quiet = "".join(f"[mypy-{name}.*]\n{what}\n" for name, what in QUIET.items())
    settings.write_text(f"[mypy]\nstrict = true\nmypy_path = {search_path}\n{quiet}", encoding="utf-8")
    copied = shutil.copy(USER_FILE, tmp_path)  # away from the checkout, whose files are modules of other names there
    command = [sys.executable, "-m", "mypy", "--config-file", settings, "--cache-dir", tmp_path / "cache", copied]
    checked = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


QUIET = {
    "seegrad": "follow_imports = silent",
    "graphviz": "ignore_missing_imports = true",
    "pygraphviz": "ignore_missing_imports = true",
}


@pytest.mark.skipif(shutil.which("pyright") is None, reason="no pyright")
def test_pyright_agrees(tmp_path, search_path):
    settings = {"include": [str(USER_FILE)], "extraPaths": [str(search_path)], "typeCheckingMode": "standard"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    checked = subprocess.run(
        ["pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
