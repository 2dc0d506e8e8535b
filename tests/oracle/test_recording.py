"""The recorded answers that other tests compare with are what PyTorch says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.oracle
def test_recorded_answers_are_pytorch_s():
    script = Path(__file__).with_name("record.py")
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
