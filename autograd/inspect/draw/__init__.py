"""Looking at a computation: as a drawing at three zooms, and step by step.

Nothing here changes a graph. A node or a model is described first (``picture``, ``nodes_picture``, ``modules``,
``scalars``), then drawn from that description: by Graphviz (``dot``, ``render``, ``svg``) or as text (``tree``).
``steps`` tells what the player (``player``) shows of it one after the other, with the formulas of ``formula``: rules
are read from their ``source`` and written as one expression (``unfold``), with the ``names`` that people know.
"""

from __future__ import annotations

from .drawing import Drawing, draw
from .player import Player, play
from .render import NoGraphvizError

__all__ = ["Drawing", "NoGraphvizError", "Player", "draw", "play"]
