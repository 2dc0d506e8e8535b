"""JupyterLite: JupyterLab that runs in the browser, with the course and a wheel of this checkout in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .written_pages import ROOT

MADE = (".*", "__pycache__", "build", "dist", "runs", "*.egg-info", "tests", "benchmarks")
BUILD_WHEEL = "import sys, setuptools.build_meta as build; build.build_wheel(sys.argv[1])"


def add_lite(site: Path) -> None:
    """Put JupyterLite into the folder ``lite`` of the site; its kernel is loaded from elsewhere when it is opened."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(*MADE))
        (folder / "pypi").mkdir()
        _run(source, "-c", BUILD_WHEEL, str(folder / "pypi"))
        contents = ["--contents", str(ROOT / "notebooks"), "--ignore-contents", r"\.py$"]
        output = ["--output-dir", str(site / "lite"), "--no-sourcemaps"]
        _run(folder, "-m", "jupyterlite_core", "build", *contents, *output)


def _run(folder: Path, *arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments[:2])} failed:\n{done.stdout}{done.stderr}")
