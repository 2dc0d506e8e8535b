"""Several names with one meaning."""

from __future__ import annotations


def each(names: str, meaning: str) -> dict[str, str]:
    """Return the same meaning for each of some names, which spaces divide.

    >>> from seegrad.common.other_names.groups import each
    >>> each("lt gt", "x < y, x > y")
    {'lt': 'x < y, x > y', 'gt': 'x < y, x > y'}
    """
    return dict.fromkeys(names.split(), meaning)
