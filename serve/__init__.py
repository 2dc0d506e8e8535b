"""The page where one draws a digit and sees what the network thinks of it, and the small server behind it.

Imports ``nn``, ``data`` and ``autograd``. Begin with ``app.py``. It needs the extra ``serve``:
``pip install 'seegrad[serve]'``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app
    from .limits import Limits
    from .predictor import Explanation, LayerOutput, Predictor
    from .server import serve

__all__ = ["Explanation", "LayerOutput", "Limits", "Predictor", "create_app", "serve"]

WHERE = {
    "create_app": "app",
    "Limits": "limits",
    "Explanation": "predictor",
    "LayerOutput": "predictor",
    "Predictor": "predictor",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    """Import the web libraries when they are needed, so that the command line starts quickly without them."""
    if name in WHERE:
        return getattr(import_module(f".{WHERE[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
