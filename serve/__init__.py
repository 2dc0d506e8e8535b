"""The page where one draws a digit and sees what the network thinks of it, with a small server behind it or without.

Imports ``nn``, ``data`` and ``autograd``. Begin with ``app.py``. The server needs the extra ``serve``:
``pip install 'seegrad[serve]'``; ``export_page`` needs nothing.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..common.public_names import public_names
from .predictor import *
from .standalone_page import *

#: Names of the server, which is there if the packages of its extra are.
_SERVER = ("Limits", "create_app", "serve")

if TYPE_CHECKING or all(map(find_spec, ("starlette", "uvicorn", "anyio"))):
    from .app import *
    from .limits import *
    from .server import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())

    def __getattr__(name: str) -> Any:
        if name in _SERVER:
            raise ImportError(f"{__name__}.{name} needs packages that are not installed: pip install 'seegrad[serve]'")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return public_names(globals())
