"""NumPy without warnings about floating-point arithmetic, for a while."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import Any

import numpy as np


class quiet:  # noqa: N801 (reads as the statement it is)
    """Let infinities and NaN arise without a warning inside this block: they are answers, not accidents.

    As ``numpy.errstate(all="ignore")``, but Ctrl-C leaves nothing changed, wherever it strikes: NumPy's own block
    forgets what it has to restore if it strikes as the block begins or ends.

    Parameters
    ----------
    *kinds : {"divide", "over", "under", "invalid"}
        What to ignore; by default all.

    Examples
    --------
    >>> from seegrad.common.quiet import quiet
    >>> with quiet("divide"):
    ...     infinite = np.ones(1) / 0.0
    """

    outside: Context | None = None

    def __init__(self, *kinds: str) -> None:
        settings: Any = dict.fromkeys(kinds, "ignore") if kinds else {"all": "ignore"}
        self.block: np.errstate = np.errstate(**settings)

    def __enter__(self) -> None:
        self.outside = copy_context()
        try:
            self.block.__enter__()
        except BaseException:
            self.restore()
            raise

    def restore(self, *_: object) -> None:
        """Let NumPy be as it was before the block."""
        if self.outside is None:
            return
        try:
            self.block.__exit__(None, None, None)
        except (AttributeError, RuntimeError, TypeError):  # interrupted while it was entered or left: it has forgotten
            kept: Any = self.outside.run(np.geterr)
            np.seterr(**kept)
        self.outside = None

    __exit__ = restore

    def __del__(self) -> None:
        self.restore()  # Ctrl-C came before the first line of __exit__
