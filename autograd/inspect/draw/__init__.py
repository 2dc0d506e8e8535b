"""Drawings of a computation at three zooms, and a player that steps through it.

Imports the engine; nothing here changes a graph. Begin with ``drawing.py``.

A node or a model is first described: ``graph_reading`` and ``gathered`` tell what is drawn, ``parameter_paths``,
``operation_words`` and ``array_picture`` how it is called and shown, and ``nodes_picture``, ``modules_picture`` and
``scalar_zoom`` return a ``picture``. That is drawn by Graphviz (``dot``, ``layout``, ``render``, ``svg``) or as text
(``tree``). In a page (``drawing_page``, ``page``), boxes open into their parts (``opened``), which are drawn before
(``levels``).
The player (``player``, ``steps``) shows formulas (``formula``): derivative rules are read from their ``source`` and
rewritten as one expression (``general_rule``, ``particular_rule``, ``literals``) with the names that a user writes
(``formula_names``), and each is explained in a sentence: ``rule_words`` chooses it, and ``sentences`` says it in a
language, with the templates of ``rule_sentences`` and ``player_words``. The scripts of the page are in ``page/``.
``window_view`` shows convolutions and pools window by window.
"""

from __future__ import annotations

from .drawing import Drawing, draw
from .player import Player, play
from .render import NoGraphvizError

__all__ = ["Drawing", "NoGraphvizError", "Player", "draw", "play"]
