"""The public names of a folder, gathered from its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def public_names(package: Mapping[str, Any]) -> list[str]:
    """Return what is defined in a package's files and was imported into its ``__init__``.

    A file lists its public names in ``__all__``; the package's ``__init__`` has one line for the file,
    ``from .file import *``. Type checkers and editors follow these lines; the ``__all__`` of the package is this list.

    Parameters
    ----------
    package : mapping of str to object
        The ``globals()`` of the ``__init__``.

    Returns
    -------
    list of str
        Classes and functions, sorted.

    Examples
    --------
    >>> from seegrad.common.public_names import public_names
    >>> "Adam" in public_names(vars(sg.optim)), "adam" in public_names(vars(sg.optim))
    (True, False)
    """
    inside = f"{package['__name__']}."
    return sorted(
        name
        for name, thing in package.items()
        if not name.startswith("_") and getattr(thing, "__module__", "").startswith(inside)
    )
