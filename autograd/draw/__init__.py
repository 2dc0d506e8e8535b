"""Looking at a computation: as a drawing at three zooms, and step by step.

Nothing here changes a graph. A node or a model is described first (``picture``, ``nodes_picture``, ``modules``,
``scalars``), then drawn from that description: by Graphviz (``dot``, ``render``) or as text (``tree``).
"""

from __future__ import annotations

from .drawing import Drawing, draw
from .render import NoGraphvizError

__all__ = ["Drawing", "NoGraphvizError", "draw"]
