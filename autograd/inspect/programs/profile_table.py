"""The table of a profile: what each step takes, the whole, and what lies around it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from ..draw.readable import shortened

#: A table shows so many rows; the rest is one row.
_ROWS = 40

#: The most characters that tell what is computed; half of them tell dtype and shape.
_WIDEST = 52

_HEAD = ("µs", "share", "calls", "what", "result", "by", "bytes")
#: The columns that are aligned at their left.
_LEFT = (3, 4, 5)


class ProfileRow(NamedTuple):
    """One step, or several that compute the same.

    Attributes
    ----------
    text, operation : str
        What is computed: with names, and with dots in their place.
    type : str
        Dtype and shape of the result.
    runner : str
        What computes it: the operation itself, a group block after block, the interpreter of small arrays.
    calls : int
        How many steps the row stands for.
    seconds : float
        The shortest time that it took in a run; what others do on the machine only makes it longer.
    bytes : int
        Read and written.
    stage : int
        0 for forward, a later one for a backward stage.
    """

    text: str
    operation: str
    type: str
    runner: str
    calls: int
    seconds: float
    bytes: int
    stage: int = 0


class Profile:
    """Where the time of a compiled function goes; prints as a table.

    Attributes
    ----------
    rows : list of ProfileRow
        The steps, in the order in which they run.
    seconds : float
        One run of the program, without measuring each step.
    around : list of (str, float)
        What a call does besides, in seconds.
    left_out : list of str
        The effects, which were not performed.
    rounds : int
        How often the program ran.
    """

    def __init__(
        self,
        name: str,
        rows: list[ProfileRow],
        seconds: float,
        around: list[tuple[str, float]],
        left_out: list[str],
        rounds: int,
    ) -> None:
        self.name = name
        self.rows = rows
        self.seconds = seconds
        self.around = around
        self.left_out = left_out
        self.rounds = rounds

    def by_operation(self) -> list[ProfileRow]:
        """Return the rows added up by operation and kind of result, the longest first."""

        def key(row: ProfileRow) -> tuple[str, str, str]:
            return row.operation, row.type, row.runner

        merged = []
        for (text, kind, runner), found in groupby(sorted(self.rows, key=key), key):
            same = list(found)
            seconds, size = sum(row.seconds for row in same), sum(row.bytes for row in same)
            calls = sum(row.calls for row in same)
            merged.append(ProfileRow(text, text, kind, runner, calls, seconds, size))
        return sorted(merged, key=lambda row: -row.seconds)

    def shown(self) -> list[ProfileRow]:
        """Return the rows of the table: all in order, or by operation if there are too many."""
        rows = self.rows if len(self.rows) <= _ROWS else self.by_operation()
        if len(rows) <= _ROWS:
            return rows
        rest = rows[_ROWS - 1 :]
        calls, seconds, size = (sum(column) for column in zip(*[(row.calls, row.seconds, row.bytes) for row in rest]))
        return [*rows[: _ROWS - 1], ProfileRow("all others", "", "", "", calls, seconds, size)]

    @property
    def between(self) -> float:
        """The seconds of a run that pass between the steps."""
        return max(self.seconds - sum(row.seconds for row in self.rows), 0.0)

    def _table(self) -> list[tuple[str, ...]]:
        whole = max(sum(row.seconds for row in self.rows) + self.between, 1e-12)
        lines = [_cells(row, row.seconds / whole) for row in self.shown()]
        lines.append((_micro(self.between), _percent(self.between / whole), "", "between the steps", "", "", ""))
        return lines

    def __repr__(self) -> str:
        table = [_HEAD, *self._table()]
        widths = [max(len(line[k]) for line in table) for k in range(len(_HEAD))]
        lines = [
            "  ".join([c.ljust(w) if k in _LEFT else c.rjust(w) for k, (c, w) in enumerate(zip(line, widths))]).rstrip()
            for line in table
        ]
        around = [f"{_micro(seconds):>{widths[0]}}  {text}" for text, seconds in self.around]
        return "\n".join([self._title(), *lines, "around the program, in each call", *around, *self._left_out()])

    def _title(self) -> str:
        return f"{self.name}: {_micro(self.seconds)} µs a run of the program (shortest of {self.rounds})"

    def _left_out(self) -> list[str]:
        if not self.left_out:
            return []
        more = f" and {len(self.left_out) - 3:,} more" if len(self.left_out) > 3 else ""
        return [f"not performed: {', '.join(self.left_out[:3])}{more}"]

    def _repr_html_(self) -> str:
        """Return the table as a notebook shows it, with a bar for each share."""
        rows = "".join(_html_row(line) for line in self._table())
        around = "".join(_html_row((_micro(seconds), "", "", text, "", "", "")) for text, seconds in self.around)
        head = "".join(_cell("th", text, k) for k, text in enumerate(_HEAD))
        below = "<br>".join(escape(line) for line in self._left_out())
        return (
            f"<p>{escape(self._title())}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}"
            f'<tr><td colspan="7" style="text-align:left"><i>around the program, in each call</i></td></tr>{around}'
            f"</tbody></table><p>{below}</p>"
        )


def _cells(row: ProfileRow, share: float) -> tuple[str, ...]:
    text, kind = shortened(row.text, _WIDEST), shortened(row.type, _WIDEST // 2)
    return _micro(row.seconds), _percent(share), f"{row.calls:,}", text, kind, row.runner, _size_text(row.bytes)


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f}"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _size_text(size: int) -> str:
    """Return a number of bytes in the largest unit that leaves a digit before the point."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def _cell(tag: str, text: str, column: int, style: str = "") -> str:
    align = "left" if column in _LEFT else "right;white-space:nowrap"
    return f'<{tag} style="text-align:{align}{style}">{escape(text)}</{tag}>'


def _html_row(line: Sequence[str]) -> str:
    """Return a row, with a bar in the column of shares."""
    share = line[1].rstrip(" %") or "0"
    bar = f";background:linear-gradient(to left,#f0b84a66 {share}%,transparent 0)"
    return f"<tr>{''.join([_cell('td', text, k, bar if k == 1 else '') for k, text in enumerate(line)])}</tr>"
