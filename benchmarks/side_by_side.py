"""What all benchmarks share: environments of the peers, rounds that take turns, medians, and the report.

Every contestant is a process of its own that waits until it is its turn; a round asks each once. So whatever else the
machine does strikes all of them alike. Results are kept in ``results.json``; ``RESULTS.md`` and ``results.png`` are
written from it, so that a single benchmark can be repeated by itself.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ENVIRONMENTS = ROOT / ".venv" / "peers"
STORE, REPORT, PLOT = HERE / "results.json", HERE / "RESULTS.md", HERE / "results.png"

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
    "tinygrad": ["tinygrad", "numpy"],
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
        """Start the process and wait until it is ready."""
        python, self.missing = environment(self.home)
        if python is None:
            return
        command = [str(python), str(HERE / "peers" / self.command[0]), *self.command[1:]]
        variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled: so may we be
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables
        )
        self.ask()  # the first answer is not counted: caches fill, compilers compile
        self.answers.clear()

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
            self.answers.append(json.loads(line[1:]))
        except (BrokenPipeError, ValueError):
            self.process.kill()
            lines = self.process.communicate()[1].strip().splitlines()
            reason = lines[-1].replace(str(ROOT), ".")[:150] if lines else "no message"
            self.missing, self.process = f"failed: {reason}", None

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.communicate()
            self.process = None

    def median(self, key: str) -> float | None:
        """The middle of what it measured."""
        found = [a[key] for a in self.answers if a.get(key) is not None]
        return statistics.median(found) if found else None


def take_turns(contestants: list[Contestant], rounds: int = ROUNDS) -> None:
    """Let each measure once in every round."""
    for c in contestants:
        c.start()
    for k in range(rounds):
        for c in contestants if k % 2 == 0 else reversed(contestants):
            c.ask()
    for c in contestants:
        c.stop()
        state = c.missing or {key: c.median(key) for key in c.answers[0]}
        print(f"{c.name}: {state}", flush=True)


# ------------------------------------------------------------------------------------------------- report


def number(x: float | None, unit: str = "") -> str:
    """Three significant digits."""
    if x is None:
        return "-"
    text = f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"
    return f"{text}{unit}"


def compare(contestants: list[Contestant], columns: dict[str, str], key: str, base: str) -> dict[str, Any]:
    """Make the table of a section: a row for each contestant, and its ratio to ``base``.

    Parameters
    ----------
    contestants : list of Contestant
    columns : dict
        What was measured, to the heading of its column.
    key : str
        What the ratio is of; the smaller, the better.
    base : str
        The name of the contestant to compare with.
    """
    of_base = next((c.median(key) for c in contestants if c.name == base), None)
    rows = []
    for c in contestants:
        if c.missing:
            rows.append([c.name, c.missing, *[""] * len(columns)])
            continue
        mine = c.median(key)
        ratio = number(mine / of_base) if mine and of_base else "-"
        rows.append([c.name, *[number(c.median(k)) for k in columns], ratio])
    bars = {c.name: c.median(key) for c in contestants if c.median(key)}
    return {"header": ["", *columns.values(), f"ratio to {base}"], "rows": rows, "bars": bars, "label": columns[key]}


def publish(subject: str, title: str, text: str, tables: list[dict[str, Any]], lines: Any = None) -> None:
    """Add a section to the report, in place of an older one of the same subject."""
    section = {"title": title, "text": text, "tables": tables, "lines": lines, "date": date.today().isoformat()}
    print(_markdown(section), flush=True)
    if QUICK:
        return
    sections = json.loads(STORE.read_text()) if STORE.exists() else {}
    sections[subject] = section
    STORE.write_text(json.dumps(sections, indent=1) + "\n")
    _write_report(sections)
    _plot(sections)


def _markdown(section: dict[str, Any]) -> str:
    parts = [f"## {section['title']}", section["text"]]
    for table in section["tables"]:
        header = table["header"]
        rows = ["| " + " | ".join(row) + " |" for row in table["rows"]]
        parts.append("\n".join(["| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *rows]))
    return "\n\n".join(parts)


def _write_report(sections: dict[str, Any]) -> None:
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    head = (
        '# Benchmarks\n\nWritten by `make bench`; `make bench ARGS="scalars tiny_operations"` repeats some of them. '
        "Medians of rounds in which all contestants take turns, each in an environment of its own. Compare figures "
        f"within a table only. Last on: {machine}.\n\n![all results](results.png)"
    )
    body = [f"{_markdown(s)}\n\nMeasured {s['date']}." for _, s in sorted(sections.items())]
    REPORT.write_text("\n\n".join([head, *body]) + "\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def _plot(sections: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels: list[tuple[str, Any, Any]] = []
    for _, s in sorted(sections.items()):
        panels += [(f"{s['title']}\n{t['label']}", t["bars"], None) for t in s["tables"] if t.get("bars")]
        panels += [(f"{s['title']}\n{t['title']}", None, t) for t in s["lines"] or ()]
    if not panels:
        return
    rows = -(-len(panels) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(13, 3.2 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (title, bars, lines) in zip(axes.flat, panels):
        axis.set_title(title, fontsize=9)
        if bars:
            colours = ["tab:green" if name.startswith("seegrad") else "tab:gray" for name in bars]
            axis.barh(list(bars), list(bars.values()), color=colours)
            axis.invert_yaxis()
            axis.bar_label(axis.containers[0], [number(v) for v in bars.values()], padding=3, fontsize=8)
            if max(bars.values()) > 30 * min(bars.values()):
                axis.set_xscale("log")
            axis.margins(x=0.15)
        else:
            for name, points in lines["curves"].items():
                axis.plot(*zip(*points), "o-", label=name, markersize=3)
            axis.set(xscale="log", yscale="log", xlabel=lines["x"], ylabel=lines["y"])
            axis.legend(fontsize=7)
    figure.savefig(PLOT, dpi=110)
    plt.close(figure)
