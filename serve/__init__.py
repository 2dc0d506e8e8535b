"""The page where one draws a digit and sees what the network thinks of it, and the small server behind it.

It needs the extra ``serve``: ``pip install 'seegrad[serve]'``.
"""

from __future__ import annotations

from .app import create_app
from .limits import Limits
from .prediction import Explanation, LayerOutput, Predictor
from .server import serve

__all__ = ["Explanation", "LayerOutput", "Limits", "Predictor", "create_app", "serve"]
