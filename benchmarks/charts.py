"""The pictures of the report: ratios at a glance, and every measurement."""

from __future__ import annotations

from typing import Any

from library_names import LIBRARIES, colour_of
from side_by_side import HERE

SUMMARY, DETAILS = HERE / "summary.png", HERE / "results.png"


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def short(x: float) -> str:
    """At most two or three digits, for the end of a bar."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.2g}" if x < 0.1 else f"{x:.2f}" if x < 10 else f"{x:.1f}"


def draw_summary(rows: list[dict[str, Any]]) -> None:
    """Draw a panel for each group: bars from 1, the base's time, to the left if quicker, to the right if slower."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    if not groups:
        return
    plt = _pyplot()
    counts = [sum(len(row["times"]) for row in members) for members in groups.values()]
    figure, axes = plt.subplots(
        len(groups),
        1,
        figsize=(11, 1.2 + 0.17 * sum(counts)),
        squeeze=False,
        layout="constrained",
        height_ratios=counts,
    )
    shown: dict[str, Any] = {}
    for axis, (group, members) in zip(axes.flat, groups.items()):
        shown |= _ratio_bars(axis, sorted(members, key=_ours))
        bases = " or ".join(dict.fromkeys(row["base"] for row in members))
        axis.set_title(f"{group}: time, as a multiple of that of {bases}", fontsize=10, loc="left")
    names = [name for name in LIBRARIES if name in shown]
    figure.legend(
        [shown[name] for name in names], names, loc="outside upper center", ncols=4, fontsize=9, frameon=False
    )
    figure.savefig(SUMMARY, dpi=110)
    plt.close(figure)


def _ours(row: dict[str, Any]) -> float:
    """What tasks are sorted by: our best time, as a multiple of the base's."""
    ours = [t for name, t in row["times"].items() if name.startswith("seegrad")]
    return min(ours, default=float("inf")) / row["times"][row["base"]]


def _ratio_bars(axis: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw the bars of a panel, and return one for each library's name."""
    shown: dict[str, Any] = {}
    places, labels, y = [], [], 0.0
    for row in rows:
        one = row["times"][row["base"]]
        ratios = {name: t / one for name, t in row["times"].items() if name != row["base"]}
        begin = y
        for name, ratio in sorted(ratios.items(), key=lambda item: item[1]):
            shown[name] = axis.barh(y, ratio - 1, left=1, height=0.9, color=colour_of(name))
            axis.annotate(
                short(ratio),
                (ratio, y),
                xytext=(3 if ratio >= 1 else -3, 0),
                textcoords="offset points",
                ha="left" if ratio >= 1 else "right",
                va="center",
                fontsize=7,
            )
            y += 1
        places.append((begin + y - 1) / 2)
        labels.append(row["task"])
        y += 0.8
    axis.set_xscale("log")
    axis.set_yticks(places, labels, fontsize=9)
    axis.set_ylim(y - 0.8, -1)
    axis.axvline(1, color=colour_of(rows[0]["base"]), linewidth=1.5)
    axis.margins(x=0.08)
    axis.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    return shown


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
