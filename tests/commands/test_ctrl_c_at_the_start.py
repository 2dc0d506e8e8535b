"""Ctrl-C while the command line is still being imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

# Python runs this before the program: it interrupts the import of one module.
CTRL_C = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPTED_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupting())
"""
SCRIPT = """
import sys
from seegrad.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def start(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(CTRL_C)
    (tmp_path / "seegrad").write_text(SCRIPT)
    (tmp_path / "another_program.py").write_text(SCRIPT)

    def run(*arguments, module):
        paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
        settings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "INTERRUPTED_AT": module}
        command = [sys.executable, *arguments, "--version"]
        return subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=300)

    return run


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize("program", [["-m", "seegrad"], ["-W", "error", "-m", "seegrad"], ["seegrad"]], ids=" ".join)
@pytest.mark.parametrize("module", ["numpy", "seegrad.autograd", "seegrad.nn", "seegrad.commands"])
def test_is_one_line(program, module, start):
    done = start(*program, module=module)
    assert (done.stdout, done.stderr) == ("", "interrupted\n")
    assert done.returncode in (-signal.SIGINT, 128 + signal.SIGINT)  # which a shell shows as 130, both


def test_is_what_it_always_is_in_programs_of_others(start):
    assert "Traceback" in start("another_program.py", module="numpy").stderr
    assert "Traceback" in start("-c", "import seegrad", module="numpy").stderr


def test_nothing_else_is_hidden(start):
    assert start("-m", "seegrad", module="nothing").stdout.startswith("seegrad ")
