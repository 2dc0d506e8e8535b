"""Tables of HTML, as notebooks show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_CELL = "padding:2px 8px;text-align:right;font-variant-numeric:tabular-nums"


def html_table(rows: Iterable[Sequence[object]], titles: Sequence[str] = (), caption: str = "") -> str:
    """Return a table.

    Parameters
    ----------
    rows : iterable of sequence
        The cells, whose texts are escaped.
    titles : sequence of str
        The heads of the columns, if they have some.
    caption : str
        A line below the table.

    Returns
    -------
    str

    Examples
    --------
    >>> from seegrad.common.html_table import html_table
    >>> html_table([["a<b"]]).count("a&lt;b")
    1
    """
    head = _row(titles, "th") if titles else ""
    body = "".join([_row(row, "td") for row in rows])
    return f"<table>{head}{body}</table>{below(caption)}"


def _row(cells: Sequence[object], tag: str) -> str:
    return "<tr>" + "".join([f'<{tag} style="{_CELL}">{escape(str(cell))}</{tag}>' for cell in cells]) + "</tr>"


def below(caption: str) -> str:
    """Return a line of small text; nothing for an empty one."""
    return f'<div style="font-size:smaller;opacity:.75">{escape(caption)}</div>' if caption else ""
