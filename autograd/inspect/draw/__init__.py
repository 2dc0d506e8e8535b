"""Drawings of a computation at three zooms, and a player that steps through it.

Imports the engine; nothing here changes a graph. Begin with ``drawing.py``.

A node or a model is first described (``graph_reading``, ``nodes_picture``, ``modules_picture``, ``scalar_zoom``: all
return a ``picture``), then drawn from that description by Graphviz (``dot``, ``render``, ``svg``) or as text
(``tree``).
The player (``player``, ``steps``) shows formulas (``formula``): derivative rules are read from their ``source`` and
rewritten as one expression (``general_rule``, ``particular_rule``, ``literals``) with the names that a user writes
(``formula_names``).
"""

from __future__ import annotations

from .drawing import Drawing, draw
from .player import Player, play
from .render import NoGraphvizError

__all__ = ["Drawing", "NoGraphvizError", "Player", "draw", "play"]
