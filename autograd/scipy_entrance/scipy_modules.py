"""How ``seegrad.scipy`` and its modules are found: files of this folder, loaded when they are used, and SciPy.

There is no file or folder named ``scipy``: in the folder of the package it would hide SciPy from whoever runs Python
there.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

#: The modules of SciPy that have a file here, ``scipy_stats.py`` for ``stats``. It names its functions in ``__all__``.
NAMES = ("integrate", "linalg", "optimize", "signal", "sparse", "sparse.linalg", "special", "stats")


class ScipyModule(ModuleType):
    """A module of SciPy, with functions of our own under SciPy's names; everything else is SciPy's own."""

    def __init__(self, name: str) -> None:
        super().__init__(f"seegrad.scipy.{name}")
        self._name = name
        self._own: Any = None

    def own(self) -> ModuleType:
        """Return the file with the functions that are differentiated."""
        if self._own is None:
            scipys(self._name)  # whose absence is told before anything else
            self._own = import_module(f"{__package__}.scipy_{self._name.replace('.', '_')}")
            self.__doc__: str | None = self._own.__doc__
        return self._own  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":  # what tools ask every module that is loaded
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        own = self.own()
        if name == "__all__":
            return sorted({*own.__all__, *getattr(scipys(self._name), "__all__", ())})
        return getattr(own, name) if name in own.__all__ else found(self._name, name)

    def __dir__(self) -> list[str]:
        return sorted({*self.own().__all__, *dir(scipys(self._name))})


_modules = {name: ScipyModule(name) for name in NAMES}


def found(module: str, name: str) -> Any:
    """Return what has a name in SciPy or in a module of it: a module of this folder, or what SciPy has."""
    if name.startswith("__"):
        raise AttributeError(f"module 'seegrad.scipy' has no attribute {name!r}")
    source = scipys(module)
    path = f"{module}.{name}".lstrip(".")
    return _modules[path] if path in _modules else getattr(source, name)


def scipys(name: str = "") -> ModuleType:
    """Return SciPy, or a module of it."""
    try:
        return import_module(f"scipy.{name}".rstrip("."))
    except ModuleNotFoundError as error:
        if error.name != "scipy":
            raise
        raise ImportError("seegrad.scipy needs SciPy: pip install 'seegrad[scipy]'", name="scipy") from None


def install(package: str) -> None:
    """Make the folder and its modules known as ``scipy`` in a package."""
    sys.modules[f"{package}.scipy"] = sys.modules[str(__package__)]
    for name, module in _modules.items():
        sys.modules[f"{package}.scipy.{name}"] = module
