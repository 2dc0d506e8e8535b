"""The category of this package's warnings, and the function that gives them."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]


class SeegradWarning(UserWarning):
    """Something runs, but probably does not compute what was meant.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", sg.SeegradWarning)
    ...     sg.grad(lambda x: x.item() ** 2)(3.0)
    0.0
    """


def warn(text: str) -> None:
    """Give a warning at the line outside of this package that led here; Python shows it once for each such line.

    Parameters
    ----------
    text : str
        What is probably wrong, and what to write instead.
    """
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(text, SeegradWarning, stacklevel=level)
