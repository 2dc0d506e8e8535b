"""The page of a recorded training, and the same in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...autograd.inspect.draw.front_ends import in_frame, shows_widgets, with_widget
from ...autograd.inspect.draw.page_files import embedded, page_style, standalone_page
from ...common.javascript_modules import joined_modules

_FOLDER = Path(__file__).with_name("page")


def record_page(data: dict[str, Any], text: str) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    data : dict
        What it shows.
    text : str
        What is shown where no scripts run.
    """
    mounted = f'$training.mount(document.getElementById("training"), {embedded(data)}, true);'
    return standalone_page(data["title"], "training", _style(), f"{_script()}\n{mounted}", text)


def shown_in_notebook(data: dict[str, Any], text: str) -> Any:
    """Return what a notebook shows: a widget, or the page in a frame; and text for other viewers."""
    bundle: dict[str, Any] = {"text/plain": text}
    if not shows_widgets():
        return {**bundle, "text/html": in_frame(record_page(data, text), "")}
    import anywidget
    import traitlets

    class TrainingWidget(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = f"{_script()}\nexport default $training.widget;\n"
        _css = _style()
        story = traitlets.Dict().tag(sync=True)

    return with_widget(TrainingWidget(story=data), bundle)


def _script() -> str:
    return joined_modules(_FOLDER / "training.js")


def _style() -> str:
    return f"{page_style()}\n{(_FOLDER / 'training.css').read_text(encoding='utf-8')}"
