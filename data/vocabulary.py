"""Texts as integers: which token, such as a character, has which number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data_error import DataError

__all__ = ["Vocabulary"]


class Vocabulary:
    """The tokens of a language, numbered from 0.

    Parameters
    ----------
    tokens : sequence of str
        All tokens in the order of their numbers, each once: characters, words, or pieces of words.

    Attributes
    ----------
    tokens : tuple of str
        The token with each number.

    Raises
    ------
    ValueError
        If there is no token, or one is there twice.
    TypeError
        If one is no text.

    Examples
    --------
    >>> vocabulary = sg.data.Vocabulary.of_characters(["emma", "ava"], special=["."])
    >>> vocabulary
    Vocabulary(5 tokens: . a e m v)
    >>> vocabulary.encode(".ava")
    array([0, 1, 4, 1])
    >>> vocabulary.decode([2, 3, 3, 1])
    'emma'
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens: tuple[str, ...] = tuple(tokens)
        for token in self.tokens:
            if not isinstance(token, str):
                raise TypeError(f"tokens of a Vocabulary are texts, got {token!r}")
        self._numbers = {token: i for i, token in enumerate(self.tokens)}
        if not self.tokens:
            raise ValueError("a Vocabulary needs at least one token")
        if len(self._numbers) < len(self.tokens):
            twice = next(token for i, token in enumerate(self.tokens) if self._numbers[token] != i)
            raise ValueError(f"each token of a Vocabulary must be there once, {twice!r} is there twice")

    @classmethod
    def of_characters(cls, texts: Iterable[str], special: Sequence[str] = ()) -> Vocabulary:
        """Return the vocabulary of all characters that occur in texts, in their order in Unicode.

        Parameters
        ----------
        texts : iterable of str
            The texts.
        special : sequence of str
            Tokens that come first, such as one for the beginning and the end of a text.
        """
        found = set().union(*texts) - set(special)
        return cls([*special, *sorted(found)])

    def encode(self, text: Iterable[str]) -> NDArray[np.int64]:
        """Return the numbers of the tokens of a text, shape ``(n,)``.

        Parameters
        ----------
        text : str or iterable of str
            A text whose characters are tokens, or a list of tokens.

        Raises
        ------
        DataError
            If one of them is not in the vocabulary.
        """
        try:
            return np.array([self._numbers[token] for token in text], np.int64)
        except KeyError as error:
            raise DataError(f"the token {error.args[0]!r} is not in {self!r}") from None

    def decode(self, numbers: Any) -> str:
        """Return the text of the tokens with these numbers, one after the other.

        Parameters
        ----------
        numbers : array_like of int, shape (n,)
            Numbers from 0 to ``len(vocabulary) - 1``.

        Raises
        ------
        TypeError
            If they are not integers.
        DataError
            If one is out of range, or they are not in one row.
        """
        array = np.asarray(numbers)
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"numbers of tokens are integers, got dtype {array.dtype}")
        if array.ndim != 1:
            raise DataError(f"numbers of tokens must have shape (n,), got {array.shape}")
        if array.size and not 0 <= array.min() <= array.max() < len(self):
            wrong = array[(array < 0) | (array >= len(self))][0]
            raise DataError(f"there is no token {wrong}: the numbers are 0 to {len(self) - 1}")
        return "".join([self.tokens[i] for i in array])

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        shown = " ".join(
            [token if token.strip() and token.isprintable() else repr(token) for token in self.tokens[:30]]
        )
        return f"Vocabulary({len(self)} tokens: {shown}{' ...' if len(self) > 30 else ''})"
