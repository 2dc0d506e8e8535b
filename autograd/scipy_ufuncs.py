"""Calls of SciPy with nodes: NumPy passes on SciPy's ufuncs, as it does its own; other functions ask for arrays."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_PACKAGE = __name__.partition(".")[0]

#: Those with several results, and what computes them all of nodes.
SEVERAL: dict[Any, Callable[..., tuple[Any, ...]]] = {}


def is_scipys(ufunc: Any) -> bool:
    """Return whether a ufunc is one of ``scipy.special``; the rules of those that have some are loaded then.

    Functions written in Python, such as ``zeta`` and ``lambertw``, call one whose name begins with an underscore.
    """
    modules = sys.modules.get("scipy.special"), sys.modules.get("scipy.special._ufuncs")
    if not any(getattr(module, ufunc.__name__, None) is ufunc for module in modules):
        return False
    from .scipy_entrance import special_rules  # noqa: F401 (the rules are entered in the tables of ufuncs)

    return True


def name_of_ufunc(ufunc: Any) -> str:
    """Return a ufunc's name and the module that it is called from."""
    return f"scipy.special.{ufunc.__name__.lstrip('_')}" if is_scipys(ufunc) else f"numpy.{ufunc.__name__}"


def asked_by_scipy() -> bool:
    """Return whether a function of SciPy asks a node for a plain array."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "scipy"


def refusal_to_scipy(what: str, way_out: str) -> str:
    """Return why SciPy does not get a plain array, and what to write."""
    return (
        f"SciPy's functions compute with plain arrays, which would lose the gradient of {what}. Take the function from "
        f"seegrad.scipy, as in `from seegrad.scipy import stats`, if it is there. If you want plain numbers, write "
        f"{way_out}"
    )
