"""Making names of files and folders safe to show in a terminal."""

from __future__ import annotations

# These two join letters and emoji; the words of many languages need them.
JOINERS = "\u200c\u200d"


def printable(text: object, keep: str = "") -> str:
    r"""Return a text in which nothing can move the cursor, change colours or turn the direction of writing.

    Parameters
    ----------
    text : object
        Its ``str`` is taken.
    keep : str
        Characters to leave as they are all the same, such as line ends.

    Examples
    --------
    >>> from seegrad.commands.printing import printable
    >>> print(printable("cat\x1b[2J.png"))
    cat\x1b[2J.png
    """
    return "".join(
        char if char.isprintable() or char in JOINERS or char in keep else char.encode("unicode_escape").decode("ascii")
        for char in str(text)
    )
