"""The category of this package's warnings, and how they are given."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]


class SeegradWarning(UserWarning):
    """Something runs, but probably does not compute what was meant.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("error", sg.SeegradWarning)  # doctest: +SKIP
    """


def warn(message: str) -> None:
    """Warn at the line outside this package that led here, so that Python shows it once for each such line.

    Parameters
    ----------
    message : str
        What is probably wrong, and what to write instead.
    """
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, SeegradWarning, stacklevel=depth + 1)
