"""Opening the page in the browser of the user."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser


def open_soon(address: str) -> None:
    """Open a page without waiting for the browser; say so if there is none."""
    threading.Thread(target=_open, args=(address,), daemon=True, name="seegrad-browser").start()


def _open(address: str) -> None:
    try:
        found = _can_show_a_page() and webbrowser.open(address)
    except (webbrowser.Error, OSError):
        found = False
    if not found:
        print(f"no browser could be opened on this machine; visit {address}", file=sys.stderr)


def _can_show_a_page() -> bool:
    """Tell whether the browser is none that shows text in the terminal, where one cannot draw."""
    return "BROWSER" in os.environ or type(webbrowser.get()) is not webbrowser.GenericBrowser
