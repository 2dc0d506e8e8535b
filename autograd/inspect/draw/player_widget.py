"""The player as a widget of a notebook, whose kernel may follow the numbers that are changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.node import Node
from .page_files import page_style, widget_script


def player_widget(data: Mapping[str, Any], leaves: Mapping[str, Node], follow: bool) -> Any:
    """Return a player as an anywidget.

    Its ``leaves`` are the numbers of the graph's leaves by name, flat, as soon as some have been changed in the page;
    setting ``leaves`` changes them there. As long as ``follow`` is true, they are written to the leaves themselves.

    Parameters
    ----------
    data : mapping
        The data of the page.
    leaves : mapping
        The leaves that can be changed, by name.
    follow : bool
        Whether it is true at first; a box in the page changes it.

    Raises
    ------
    ImportError
        If anywidget is not installed: ``pip install 'seegrad[notebook]'``.
    """
    import anywidget
    import traitlets

    class PlayerWidget(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = widget_script()
        _css = page_style()
        story = traitlets.Dict().tag(sync=True)
        follow = traitlets.Bool(False).tag(sync=True)
        leaves = traitlets.Dict().tag(sync=True)

        @traitlets.observe("leaves", "follow")  # type: ignore[untyped-decorator]
        def _write(self, change: Any) -> None:
            if self.follow:
                for name, numbers in self.leaves.items():
                    write_data(leaves[name], numbers)

    return PlayerWidget(story=data, follow=follow)


def write_data(leaf: Node, numbers: list[float]) -> None:
    """Set the ``.data`` of a leaf, unless it has these numbers already; ``numbers`` are those of the array, flat."""
    now: Any = leaf._plain
    if isinstance(now, float):
        new: Any = float(numbers[0])
    else:
        new = np.array(numbers, dtype=now.dtype).reshape(now.shape)
    if not np.array_equal(now, new):
        leaf.data = new  # type: ignore[attr-defined]  # of a Value or a Tensor
