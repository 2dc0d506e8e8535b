"""The category of this package's warnings."""

from __future__ import annotations


class SeegradWarning(UserWarning):
    """Something runs, but probably does not compute what was meant.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("error", sg.SeegradWarning)  # doctest: +SKIP
    """
