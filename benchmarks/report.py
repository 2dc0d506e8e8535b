"""The report: what was measured, kept in ``results.json``, and ``RESULTS.md`` and its pictures written from that.

So a single benchmark can be repeated by itself.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

from charts import draw_details, draw_summary
from library_names import EAGER_WITH_NUMBA, LIBRARIES
from side_by_side import HERE, QUICK, Contestant

STORE, REPORT = HERE / "results.json", HERE / "RESULTS.md"
#: What the page begins with; the other sections follow by their names.
FIRST = ("general", "scalars")


def number(x: float | None, unit: str = "") -> str:
    """Three significant digits."""
    if x is None:
        return "-"
    text = f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"
    return f"{text}{unit}"


def compare(contestants: list[Contestant], columns: dict[str, str], key: str, base: str) -> dict[str, Any]:
    """Make the table of a section: a row for each contestant, and its ratio to ``base``; the quickest first.

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
    contestants = sorted(contestants, key=lambda c: c.median(key) or float("inf"))
    for c in contestants:
        if c.missing:
            rows.append([c.name, c.missing, *[""] * len(columns)])
            continue
        mine = c.median(key)
        ratio = number(mine / of_base) if mine and of_base else "-"
        rows.append([c.name, *[number(c.median(k)) for k in columns], ratio])
    bars = {c.name: c.median(key) for c in contestants if c.median(key)}
    return {"header": ["", *columns.values(), f"ratio to {base}"], "rows": rows, "bars": bars, "label": columns[key]}


def summary_rows(group: str, results: dict[str, list[Contestant]], base: str) -> list[dict[str, Any]]:
    """Make the lines of the summary: for each task the milliseconds of those who did it.

    Parameters
    ----------
    group : str
        The heading that they stand under.
    results : dict
        Name of a task to its contestants, each with a measured ``milliseconds``.
    base : str
        Whose time is 1.
    """
    rows = []
    for task, contestants in results.items():
        times = {c.name: c.median("milliseconds") for c in contestants if not c.missing}
        if base in times:
            rows.append({"group": group, "task": task, "base": base, "times": times})
    return rows


def publish(
    subject: str,
    title: str,
    text: str,
    tables: list[dict[str, Any]],
    lines: Any = None,
    summary: list[dict[str, Any]] | None = None,
    some: bool = False,
) -> None:
    """Add a section to the report, in place of an older one of the same subject; of ``some`` tasks, in its rows."""
    section = {
        "title": title,
        "text": text,
        "tables": tables,
        "lines": lines,
        "summary": summary or [],
        "date": date.today().isoformat(),
    }
    print(_markdown(section), flush=True)
    if QUICK:
        return
    sections = json.loads(STORE.read_text()) if STORE.exists() else {}
    if some:
        before = sections[subject]
        for old, new in zip(before["tables"], section["tables"], strict=True):
            new["rows"] = _with_new(old["rows"], new["rows"], 0)
        section["summary"] = _with_new(before["summary"], section["summary"], "task")
    sections[subject] = section
    STORE.write_text(json.dumps(sections, indent=1) + "\n")
    write()


def _with_new(old: list[Any], new: list[Any], key: Any) -> list[Any]:
    """Return rows, with those that were measured again in their places, and new ones after them."""
    again = {row[key]: row for row in new}
    return [*(again.pop(row[key], row) for row in old), *again.values()]


def write() -> None:
    """Write the page and its pictures from what is kept."""
    kept = json.loads(STORE.read_text())
    sections = {name: kept[name] for name in sorted(kept, key=lambda name: (name not in FIRST, name))}
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    head = (
        '# Benchmarks\n\nWritten by `make bench`; `make bench ARGS="general scalars"` repeats some of them. '
        "Medians of rounds in which all contestants take turns, each in an environment of its own. Compare figures "
        f"within a row or a table only. Last on: {machine}."
    )
    rows = [row for section in sections.values() for row in section.get("summary", [])]
    groups = list(dict.fromkeys(row["group"] for row in rows))
    rows.sort(key=lambda row: groups.index(row["group"]))  # a task that was measured later stands among its like
    body = [f"{_markdown(s)}\n\nMeasured {s['date']}." for s in sections.values()]
    details = "## All of it\n\n![Every measurement, section by section](results.png)"
    REPORT.write_text("\n\n".join([head, *_summary(rows), *body, details]) + "\n")
    draw_summary(rows)
    draw_details(sections)


def _summary(rows: list[dict[str, Any]]) -> list[str]:
    """The page's beginning: one table and one picture of ratios."""
    if not rows:
        return []
    names = [n for n in LIBRARIES if n != EAGER_WITH_NUMBA and any(n in row["times"] for row in rows)]
    lines = ["| | 1 is | " + " | ".join(names) + " |", "| --- | --- |" + " --- |" * len(names)]
    group = ""
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines.append(f"| **{group}** | |" + " |" * len(names))
        times, one = row["times"], row["times"][row["base"]]
        best = min(times[name] for name in names if name in times)
        cells = [
            "" if (t := times.get(name)) is None else f"**{number(t / one)}**" if t == best else number(t / one)
            for name in names
        ]
        lines.append(f"| {row['task']} | {row['base']}, {number(one)} ms | " + " | ".join(cells) + " |")
    text = (
        "## At a glance\n\nTimes as multiples of one library's; the smaller, the better, and the best in bold. "
        "Networks are compared with PyTorch as it is used most (eager, at its best settings), functions in plain NumPy "
        "with `jax.jit`, graphs of single numbers with micrograd, or where it lacks operations with seegrad itself."
    )
    return [text, "\n".join(lines), "![The same ratios as bars](summary.png)"]


def _markdown(section: dict[str, Any]) -> str:
    parts = [f"## {section['title']}", section["text"]]
    for table in section["tables"]:
        header = table["header"]
        rows = ["| " + " | ".join(row) + " |" for row in table["rows"]]
        parts.append("\n".join(["| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *rows]))
    return "\n\n".join(parts)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


if __name__ == "__main__":
    write()
