"""A copy of the package, for tests that change it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from package_files import ROOT

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "mnist", "runs", "notebooks", "benchmarks", "build", "dist")


def copy_package(folder: Path) -> Path:
    """Copy the checkout, without its data and what tools have made, and return its new root."""
    return Path(shutil.copytree(ROOT, folder / "seegrad", ignore=LEFT_OUT))


def run_in_copy(copy: Path, *arguments: str | Path) -> str:
    """Run Python in the copy, which is what it imports, and return what it prints."""
    command = [sys.executable, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(copy.parent)}
    result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
