"""What an argument of another library means here, where its name alone does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Ignored(NamedTuple):
    """An argument that has no part in the result if it has one of these values; without any, it never has."""

    values: tuple[Any, ...] = ()
    otherwise: str = ""  #: What the message says of another value.

    def takes(self, value: Any) -> bool:
        """Return whether a value may be ignored."""
        return not self.values or any(
            value is known
            or (isinstance(value, type(known)) and isinstance(value, (bool, int, str)) and value == known)
            for known in self.values
        )


class Renamed(NamedTuple):
    """An argument that has another name and other values here."""

    name: str
    values: Mapping[Any, Any]


#: A name of ours (``axis``); a place (``"0"`` is the first argument); a sentence, which has spaces, for the message.
Meaning = str | Ignored | Renamed
