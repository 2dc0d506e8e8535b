"""The error of everything that reads or checks data."""

from __future__ import annotations

__all__ = ["DataError"]


class DataError(ValueError):
    """Data that cannot be used: a file that is missing or broken, or values that are out of range.

    The message names the file (or the array and the index), what was found and what was expected.
    """
