"""Tables of HTML, as notebooks show them: in the page's own colours, light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_CELL = "padding:2px 8px;font-variant-numeric:tabular-nums"


def html_table(
    rows: Iterable[Sequence[object]], titles: Sequence[str] = (), caption: str = "", left: int = 0, edge: str = ""
) -> str:
    """Return a table.

    Parameters
    ----------
    rows : iterable of sequence
        The cells, whose texts are escaped; a space at the beginning indents.
    titles : sequence of str
        The heads of the columns, if they have some.
    caption : str
        A line below the table.
    left : int
        How many columns, from the first, are aligned at their left.
    edge : str
        The style of the table's left and right edge, such as ``"2px solid"``.

    Returns
    -------
    str

    Examples
    --------
    >>> from seegrad.common.html_table import html_table
    >>> html_table([["a<b"]]).count("a&lt;b")
    1
    """
    head = _row(titles, "th", left) if titles else ""
    body = "".join([_row(row, "td", left) for row in rows])
    edges = f";border-left:{edge};border-right:{edge}" if edge else ""
    return f'<table style="margin:0 0 2px{edges}">{head}{body}</table>{below(caption)}'


def _row(cells: Sequence[object], tag: str, left: int) -> str:
    return f"<tr>{''.join([_cell(str(cell), tag, i < left) for i, cell in enumerate(cells)])}</tr>"


def _cell(text: str, tag: str, at_left: bool) -> str:
    indent = len(text) - len(text.lstrip(" "))
    shown = "\N{NO-BREAK SPACE}" * indent + escape(text[indent:])
    return f'<{tag} style="{_CELL};text-align:{"left" if at_left else "right"}">{shown}</{tag}>'


def below(caption: str) -> str:
    """Return a line of small text; nothing for an empty one."""
    return f'<div style="font-size:smaller;opacity:.75">{escape(caption)}</div>' if caption else ""


def side_by_side(parts: Iterable[str], narrowest: str = "0") -> str:
    """Return pieces of HTML in a row, which wraps where the page is narrow.

    Each is as wide as the table or picture in it, but not narrower than ``narrowest``; a longer caption wraps.
    """
    boxes = "".join([f'<div style="width:min-content;min-width:{narrowest}">{part}</div>' for part in parts])
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px 24px;align-items:flex-start">{boxes}</div>'
