"""How all benchmarks measure: environments of the peers, rounds that take turns, and medians.

Every contestant is a process of its own that waits until it is its turn; a round asks each once. So whatever else the
machine does strikes all of them alike. What is done with the figures stands in ``report.py``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ENVIRONMENTS = ROOT / ".venv" / "peers"

#: Tiny settings, to try a benchmark out: QUICK=1 make bench. The report is then left alone.
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ROUNDS = 2 if QUICK else 7

#: What is installed where; ourselves once with NumPy alone and once with the ``fast`` extra.
PACKAGES = {
    "seegrad": ["--editable", str(ROOT)],
    "fast": ["--editable", f"{ROOT}[fast]"],
    "numpy": ["numpy"],
    "micrograd": ["micrograd", "numpy"],
    "pytorch": ["torch==2.13.0", "numpy"],
    "keras": ["tensorflow-cpu", "numpy"],
    "jax": ["jax", "optax", "numpy"],
    "mygrad": ["mygrad", "numpy"],
    "autograd": ["autograd", "numpy"],
}


def environment(name: str) -> tuple[Path | None, str]:
    """Return the Python of a peer's own environment, made if there is none; or None and the reason."""
    folder = ENVIRONMENTS / name
    python, done = folder / "bin" / "python", folder / ".done"
    wanted = " ".join(PACKAGES[name])
    if not done.exists() or done.read_text() != wanted:
        print(f"installing {name}", flush=True)
        commands = [
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", *PACKAGES[name]],
        ]
        for command in commands:
            finished = subprocess.run(command, capture_output=True, text=True, check=False)
            if finished.returncode:
                lines = (finished.stderr or finished.stdout).strip().splitlines()
                return None, f"could not be installed: {lines[-1] if lines else 'no reason given'}"
        done.write_text(wanted)
    return python, ""


@dataclass
class Contestant:
    """One way to do the same work: a script under ``peers/`` in some environment.

    Attributes
    ----------
    name : str
        What the report calls it.
    home : str
        Its environment, a key of ``PACKAGES``.
    command : list of str
        The script and its arguments.
    answers : list of dict
        What it measured, a dictionary for each round.
    missing : str
        Why it takes no part, if it does not.
    """

    name: str
    home: str
    command: list[str]
    answers: list[dict[str, Any]] = field(default_factory=list)
    missing: str = ""
    process: Any = None

    def start(self) -> None:
        """Start the process; it makes itself ready while others do."""
        python, self.missing = environment(self.home)
        if python is None:
            return
        command = [str(python), str(HERE / "peers" / self.command[0]), *self.command[1:]]
        variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled: so may we be
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables
        )

    def ask(self) -> None:
        """Let it do one round."""
        if self.process is None:
            return
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            while line and not line.startswith("@"):
                line = self.process.stdout.readline()
            answer = json.loads(line[1:])
        except (BrokenPipeError, ValueError):
            self.process.kill()
            lines = self.process.communicate()[1].strip().splitlines()
            reason = lines[-1].replace(str(ROOT), ".")[:150] if lines else "no message"
            self.missing, self.process = f"failed: {reason}", None
        else:
            self.answers.append(answer)
            self.missing = answer.get("missing", "")
            if self.missing:
                self.stop()

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.communicate()
            self.process = None

    def median(self, key: str) -> Any:
        """The middle of what it measured."""
        found = [a[key] for a in self.answers if a.get(key) is not None]
        return statistics.median(found) if found else None


def take_turns(contestants: list[Contestant], rounds: int = ROUNDS) -> None:
    """Let each measure once in every round."""
    for c in contestants:
        c.start()
    for c in contestants:
        c.ask()  # the first answer is not counted: caches fill, compilers compile
        c.answers.clear()
    for k in range(rounds):
        for c in contestants if k % 2 == 0 else reversed(contestants):
            c.ask()
    for c in contestants:
        c.stop()
        state = c.missing or {key: c.median(key) for answer in c.answers for key in answer}
        print(f"{c.name}: {state}", flush=True)
