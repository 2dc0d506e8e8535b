"""Sequences of different lengths as arrays: contexts of a fixed size, and rows that are padded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common.argument_checks import checked_count
from .data_error import DataError
from .dataset import ArrayDataset

__all__ = ["next_token_rows", "next_token_windows", "pad_sequence"]

#: The target where there is nothing to predict, as in PyTorch's losses.
IGNORED = -100


def next_token_windows(sequences: Iterable[ArrayLike], context: int, padding: int = 0) -> ArrayDataset:
    """Return every token of sequences with the `context` tokens before it.

    Parameters
    ----------
    sequences : iterable of array_like of int, each of shape (n,)
        Numbers of tokens, such as those of :meth:`Vocabulary.encode`. Each begins and ends by itself.
    context : int
        How many tokens a prediction sees.
    padding : int, default 0
        The token that stands before the first one, and is to be predicted after the last one.

    Returns
    -------
    ArrayDataset
        `x` of shape ``(total, context)`` and `y` of shape ``(total,)``, both int64; a sequence of n tokens gives n + 1
        examples.

    Raises
    ------
    DataError
        If there is no sequence, or one is not a row of integers.
    ValueError
        If `context` is below 1.

    Examples
    --------
    >>> data = sg.data.next_token_windows([[5, 6], [7]], context=3)
    >>> data.x.tolist()
    [[0, 0, 0], [0, 0, 5], [0, 5, 6], [0, 0, 0], [0, 0, 7]]
    >>> data.y.tolist()
    [5, 6, 0, 7, 0]
    """
    size = checked_count("context", context)
    rows = _checked(sequences)
    padded = [np.concatenate([np.full(size, padding), row, [padding]]) for row in rows]
    windows = np.concatenate([np.lib.stride_tricks.sliding_window_view(row, size + 1) for row in padded])
    return ArrayDataset(np.ascontiguousarray(windows[:, :-1]), windows[:, -1].copy())


def next_token_rows(
    sequences: Iterable[ArrayLike], length: int | None = None, padding: int = 0, ignored: int = IGNORED
) -> ArrayDataset:
    """Return sequences as rows of one length, each token with the one that follows it as its target.

    This is what a model is trained on that predicts all tokens of a row at once, as a GPT does.

    Parameters
    ----------
    sequences : iterable of array_like of int, each of shape (n,)
        Numbers of tokens. Each begins and ends by itself.
    length : int, optional
        The length of the rows; by default that of the longest sequence plus 1.
    padding : int, default 0
        The token that each row begins with, that is to be predicted after the last one, and that fills `x`.
    ignored : int, default -100
        The target where a row is filled; a loss with ``ignore_index=ignored`` leaves it out.

    Returns
    -------
    ArrayDataset
        `x` and `y` of shape ``(n, length)``, both int64.

    Raises
    ------
    DataError
        If there is no sequence, or one is not a row of integers, or does not fit.
    ValueError
        If `length` is below 1.

    Examples
    --------
    >>> data = sg.data.next_token_rows([[5, 6], [7]])
    >>> data.x.tolist()
    [[0, 5, 6], [0, 7, 0]]
    >>> data.y.tolist()
    [[5, 6, 0], [7, 0, -100]]
    """
    rows = _checked(sequences)
    x = pad_sequence([np.concatenate([[padding], row]) for row in rows], length, padding)
    y = pad_sequence([np.concatenate([row, [padding]]) for row in rows], length, ignored)
    return ArrayDataset(x, y)


def pad_sequence(sequences: Sequence[ArrayLike], length: int | None = None, padding_value: float = 0) -> NDArray[Any]:
    """Stack sequences of different lengths as the rows of one array, filled up at their ends.

    Parameters
    ----------
    sequences : sequence of array_like, each of shape (n, ...)
        All but the first axis must agree.
    length : int, optional
        The length of the rows; by default that of the longest sequence.
    padding_value : float, default 0
        What fills the ends.

    Returns
    -------
    ndarray of shape (len(sequences), length, ...)
        The rows, of the dtype that holds all of them.

    Raises
    ------
    DataError
        If there is no sequence, one is longer than `length`, or they do not fit together.
    ValueError
        If `length` is below 1.

    Examples
    --------
    >>> sg.data.pad_sequence([[1, 2, 3], [4]])
    array([[1, 2, 3],
           [4, 0, 0]])
    """
    rows = [np.asarray(row) for row in sequences]
    if not rows:
        raise DataError("there is no sequence to pad")
    shapes = {row.shape[1:] if row.ndim else None for row in rows}
    if len(shapes) > 1 or None in shapes:
        raise DataError(
            f"sequences must have shape (n, ...) with equal other axes, got {[row.shape for row in rows][:4]}"
        )
    longest = max(map(len, rows))
    size = longest if length is None else checked_count("length", length)
    if longest > size:
        raise DataError(
            f"sequence {[len(row) > size for row in rows].index(True)} has {longest} elements, more than {size}"
        )
    padded = np.full((len(rows), size, *rows[0].shape[1:]), padding_value, np.result_type(*rows))
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded


def _checked(sequences: Iterable[ArrayLike]) -> list[NDArray[np.int64]]:
    rows = [np.asarray(row) for row in sequences]
    if not rows:
        raise DataError("there is no sequence")
    for i, row in enumerate(rows):
        if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
            raise DataError(f"sequence {i} must be a row of integers, got {row.dtype} of shape {row.shape}")
    return [row.astype(np.int64) for row in rows]
