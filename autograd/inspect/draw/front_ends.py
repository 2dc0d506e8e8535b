"""What the front ends of notebooks can show of the player: a widget, or a page in a frame."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from typing import Any


def shows_widgets() -> bool:
    """Return whether a widget of anywidget is what to show here.

    Not in Colab: there it would need a widget manager from another server, which the user has to allow in each
    notebook, and nothing of it would be left in a saved one. A page in a frame needs neither.
    """
    return "google.colab" not in sys.modules and find_spec("anywidget") is not None


def with_widget(widget: Any, bundle: Mapping[str, Any]) -> Any:
    """Return what a notebook shows: a widget, and a bundle for other viewers."""
    shown = widget._repr_mimebundle_()
    data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
    return {**data, **bundle}, metadata


def in_frame(page: str, png: str) -> str:
    """Return a page inside of another one.

    Parameters
    ----------
    page : str
        The HTML. Its script makes the frame as high as the page, and removes the picture.
    png : str
        A picture in base64 for what takes frames away, such as a notebook that is not trusted yet; it may be empty.
    """
    picture = f'<img alt="the graph" src="data:image/png;base64,{png}"/>' if png else ""
    return f'<div><iframe srcdoc="{escape(page)}" style="width:100%;height:620px;border:0"></iframe>{picture}</div>'
