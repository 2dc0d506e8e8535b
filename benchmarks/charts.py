"""The pictures of the report: ratios at a glance, and every measurement."""

from __future__ import annotations

import math
from typing import Any

from library_names import EAGER_WITH_NUMBA, KEEPING_MEMORY, LIBRARIES, colour_of
from side_by_side import HERE

SUMMARY, DETAILS = HERE / "summary.png", HERE / "results.png"


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def short(x: float) -> str:
    """Two or three digits, for the end of a bar."""
    if x < 0.01:
        return f"1/{1 / x:,.0f}"
    return f"{x:,.0f}" if x >= 100 else f"{x:.2g}" if x < 0.1 else f"{x:.2f}" if x < 10 else f"{x:.1f}"


def draw_summary(rows: list[dict[str, Any]]) -> None:
    """Draw a panel for each group: bars from 1, the base's time, to the left if quicker, to the right if slower."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    if not groups:
        return
    plt = _pyplot()
    columns = _two_columns({group: sum(len(_bars_of(row)) + 1 for row in groups[group]) for group in groups})
    height = max(sum(column.values()) for column in columns)
    figure = plt.figure(figsize=(14, 1.5 + 0.15 * height), layout="constrained")
    shown: dict[str, Any] = {}
    for part, column in zip(figure.subfigures(1, len(columns), squeeze=False).flat, columns):
        axes = part.subplots(len(column), 1, squeeze=False, height_ratios=list(column.values())).flat
        for axis, group in zip(axes, column):
            shown |= _ratio_bars(axis, sorted(groups[group], key=_ours))
            bases = " or ".join(dict.fromkeys(row["base"] for row in groups[group]))
            axis.set_title(f"{group}: time, as a multiple of that of {bases}", fontsize=10, loc="left")
    handles = {name: shown[name] for name in LIBRARIES if name in shown}
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=len(handles), fontsize=10, frameon=False)
    figure.savefig(SUMMARY, dpi=110)
    plt.close(figure)


def _two_columns(sizes: dict[str, int]) -> list[dict[str, int]]:
    """Part the groups into the largest one and all others."""
    first = max(sizes, key=lambda group: sizes[group])
    rest = {group: size for group, size in sizes.items() if group != first}
    return [{first: sizes[first]}, rest] if rest else [{first: sizes[first]}]


def _bars_of(row: dict[str, Any]) -> dict[str, float]:
    """What is drawn of a task, the quickest first: ratios of all but the base, whose ratio is 1."""
    one = row["times"][row["base"]]
    left_out = (row["base"], EAGER_WITH_NUMBA, KEEPING_MEMORY)
    ratios = {name: t / one for name, t in row["times"].items() if name not in left_out}
    return dict(sorted(ratios.items(), key=lambda item: item[1]))


def _ours(row: dict[str, Any]) -> float:
    """What tasks are sorted by: our best time, as a multiple of the base's."""
    ours = [t for name, t in row["times"].items() if name.startswith("seegrad")]
    return min(ours, default=float("inf")) / row["times"][row["base"]]


def _ratio_bars(axis: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the bars of a panel, and return one for each library's name."""
    shown: dict[str, Any] = {}
    places, y = [], 0.0
    for row in rows:
        begin = y
        for name, ratio in _bars_of(row).items():
            shown[name] = axis.barh(y, ratio - 1, left=1, height=0.9, color=colour_of(name))
            side, where = (3, "left") if ratio >= 1 else (-3, "right")
            axis.annotate(
                short(ratio), (ratio, y), (side, 0), textcoords="offset points", ha=where, va="center", fontsize=7
            )
            y += 1
        places.append((begin + y - 1) / 2)
        y += 1
    axis.set_xscale("log")
    axis.set_yticks(places, [row["task"] for row in rows], fontsize=9)
    axis.set_ylim(y - 1, -1)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.margins(x=0.15)
    axis.set_xlabel("quicker to the left of 1, slower to the right", fontsize=8)
    _label_ratios(axis)
    axis.spines[["top", "right"]].set_visible(False)
    return shown


def _label_ratios(axis: Any) -> None:
    """Put ticks at 1, 2, 4, ... and 1/2, 1/4, ..., or at powers of ten where these would be too many."""
    least, most = axis.get_xlim()
    step = 2 if most / least < 200 else 10
    exponents = range(math.ceil(math.log(least, step)), math.floor(math.log(most, step)) + 1)
    axis.set_xticks([step**k for k in exponents], [f"{step**k:g}" if k >= 0 else f"1/{step**-k:,}" for k in exponents])
    axis.minorticks_off()
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)


def draw_details(sections: dict[str, Any]) -> None:
    """Draw a panel for each table that has bars, and for each set of curves."""
    panels: list[tuple[str, Any, Any]] = []
    for s in sections.values():
        panels += [(f"{s['title']}\n{t['label']}", t["bars"], None) for t in s["tables"] if t.get("bars")]
        panels += [(f"{s['title']}\n{t['title']}", None, t) for t in s["lines"] or ()]
    if not panels:
        return
    plt = _pyplot()
    rows = -(-len(panels) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(13, 2.9 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (title, bars, lines) in zip(axes.flat, panels):
        axis.set_title(title, fontsize=9)
        if bars:
            _bars(axis, bars)
        else:
            _curves(axis, lines)
    figure.savefig(DETAILS, dpi=110)
    plt.close(figure)


def _bars(axis: Any, bars: dict[str, float]) -> None:
    ordered = dict(sorted(bars.items(), key=lambda item: item[1]))
    axis.barh(list(ordered), list(ordered.values()), color=[colour_of(name) for name in ordered])
    axis.invert_yaxis()
    axis.bar_label(axis.containers[0], [short(v) for v in ordered.values()], padding=3, fontsize=8)
    if max(bars.values()) > 30 * min(bars.values()):
        axis.set_xscale("log")
    axis.margins(x=0.15)
    axis.spines[["top", "right"]].set_visible(False)


def _curves(axis: Any, lines: dict[str, Any]) -> None:
    for name, points in lines["curves"].items():
        known = name.startswith(tuple(LIBRARIES))
        axis.plot(*zip(*points), "o-", label=name, markersize=3, color=colour_of(name) if known else None)
    axis.set(xscale="log", yscale="log", xlabel=lines["x"], ylabel=lines["y"])
    axis.legend(fontsize=7)
