"""Opening a page in the browser of the user."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path


def open_soon(address: str) -> None:
    """Open a page without waiting for the browser."""
    threading.Thread(target=open_page, args=(address,), daemon=True, name="seegrad-browser").start()


def open_page(address: str) -> bool:
    """Open a page, and return whether there is a browser for it; say where the page is if there is none."""
    try:
        found = _can_show_a_page() and webbrowser.open(address)
    except (webbrowser.Error, OSError):
        found = False
    if not found:
        print(f"no browser could be opened on this machine; visit {address}", file=sys.stderr)
    return found


def open_html(html: str) -> Path:
    """Open HTML that has no address, as from a terminal: it is written to a temporary file, which is returned."""
    with tempfile.NamedTemporaryFile(prefix="seegrad-", suffix=".html", delete=False) as file:
        file.write(html.encode())
    page = Path(file.name)
    open_page(page.as_uri())
    return page


def _can_show_a_page() -> bool:
    """Tell whether the browser is none that shows text in the terminal, where one can neither draw nor click."""
    return "BROWSER" in os.environ or type(webbrowser.get()) is not webbrowser.GenericBrowser
