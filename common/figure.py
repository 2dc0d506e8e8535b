"""What all plots share: one style, and a figure that notebooks show by themselves.

This module imports matplotlib, so the others import it inside their functions.
"""

from __future__ import annotations

import io
import os
from contextlib import AbstractContextManager
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from .atomic_file import write_atomically

# The palette of Okabe and Ito: the colours differ for every kind of colour vision, and in grey.
BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
INK, PALE = "#1b1b1b", "#8a8a8a"

# A white background with dark text is readable on light and on dark pages, whatever styles are in use.
STYLE: Any = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": PALE,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": PALE,
    "legend.facecolor": "white",
    "legend.labelcolor": INK,
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "image.cmap": "gray_r",
    "text.usetex": False,
}


class NotebookFigure(Figure):
    """A figure without a window, which need not be closed, and which notebooks show as a value."""

    def _repr_png_(self) -> bytes:
        return self.png()

    def png(self) -> bytes:
        """Return the bytes of a PNG file."""
        target = io.BytesIO()
        with style():
            self.savefig(target, format="png", dpi=120)
        return target.getvalue()

    def write(self, path: str | os.PathLike[str] | None) -> NotebookFigure:
        """Write a PNG file in one step, if there is a path; return the figure."""
        if path is not None:
            write_atomically(path, self.png())
        return self


def style() -> AbstractContextManager[None]:
    """Draw in this style inside a ``with`` block."""
    return matplotlib.rc_context(STYLE)
