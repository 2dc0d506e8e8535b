"""Scaling values into a range that networks learn well from, as measured on the training data alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..common.argument_checks import checked_count
from ..common.argument_repr import ArgumentRepr
from ..common.elsewhere import takes_other_names
from .data_checks import ROWS_AT_ONCE, check_finite, checked_labels, checked_number, numeric_array
from .data_error import DataError

__all__ = ["MinMaxScale", "Standardize", "one_hot", "scale_pixels"]

_S = TypeVar("_S", bound="Scaler")


def scale_pixels(images: Any) -> NDArray[np.float32]:
    """Turn pixels of 0 to 255 (uint8) into float32 numbers from 0 to 1.

    Parameters
    ----------
    images : array_like of uint8
        Any shape, which is that of the result.

    Raises
    ------
    TypeError
        If the pixels are not uint8, so that 255 would be the wrong divisor.

    Examples
    --------
    >>> sg.data.scale_pixels(np.array([0, 51, 255], np.uint8)).tolist() == [0.0, np.float32(0.2), 1.0]
    True
    """
    pixels = np.asarray(images)
    if pixels.dtype != np.uint8:
        raise TypeError(f"scale_pixels divides uint8 pixels by 255, got {pixels.dtype}; use MinMaxScale for others")
    scaled: NDArray[np.float32] = np.divide(pixels, np.float32(255))
    return scaled


@takes_other_names
def one_hot(labels: Any, classes: int) -> NDArray[np.float32]:
    """Turn labels of shape ``(n,)`` into float32 rows of shape ``(n, classes)`` with a single 1 each.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        From 0 to ``classes - 1``.
    classes : int
        The length of a row.

    Raises
    ------
    DataError
        If a label is not in ``[0, classes)``.

    Examples
    --------
    >>> sg.data.one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    classes = checked_count("classes", classes)
    y = checked_labels("labels", labels, classes)
    rows = np.zeros((len(y), classes), np.float32)
    rows[np.arange(len(y)), y] = 1
    return rows


class Scaler(ArgumentRepr, ABC):
    """A fitted, invertible map ``(x - offset) / scale``, one offset and scale per feature (last axis).

    For images of shape ``(n, height, width, channels)`` the features are the channels, for rows of shape
    ``(n, features)`` the columns. Fit on the training data, then transform validation and test data with the
    same numbers.
    """

    def __init__(self) -> None:
        self._offset: NDArray[np.float64] | None = None
        self._scale: NDArray[np.float64] | None = None

    @abstractmethod
    def _measure(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return offset and scale of the data, each of shape ``(features,)``."""

    def fit(self: _S, x: Any) -> _S:
        """Measure the training data `x` of shape ``(n, ..., features)`` and return the scaler itself.

        Raises
        ------
        DataError
            If `x` is empty, has fewer than two axes, or holds NaN or infinity.
        """
        array = numeric_array("x", x)
        if array.ndim < 2 or array.size == 0:
            raise DataError(f"{type(self).__name__}.fit needs data of shape (n, ..., features), got {array.shape}")
        check_finite("x", array)
        self._offset, self._scale = self._measure(array)
        return self

    def transform(self, x: Any) -> NDArray[Any]:
        """Return `x` scaled, of the same shape; float32 and float64 keep their dtype, others become float32.

        Raises
        ------
        ValueError
            If the scaler was not fitted, or on another number of features.
        """
        array, offset, scale = self._prepared(x, "transform")
        scaled: NDArray[Any] = (array - offset) / scale
        return scaled

    def inverse_transform(self, x: Any) -> NDArray[Any]:
        """Undo :meth:`transform`.

        Raises
        ------
        ValueError
            If the scaler was not fitted, or on another number of features.
        """
        array, offset, scale = self._prepared(x, "inverse_transform")
        restored: NDArray[Any] = array * scale + offset
        return restored

    def __call__(self, x: Any) -> NDArray[Any]:
        """Return ``transform(x)``."""
        return self.transform(x)

    def state_dict(self) -> dict[str, Any]:
        """Return what was fitted as plain names, numbers and lists, to be saved with a model.

        Raises
        ------
        ValueError
            If nothing was fitted yet.
        """
        offset, scale = self._fitted("state_dict")
        return {"kind": type(self).__name__, "offset": offset.tolist(), "scale": scale.tolist()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` of a scaler of the same kind returned.

        Raises
        ------
        ValueError
            If the state is of another kind or not complete; the scaler is unchanged then.
        """
        kind = type(self).__name__
        if state.get("kind") != kind or not {"offset", "scale"} <= set(state):
            raise ValueError(f"not the state of a {kind}: {dict(state)!r:.200}")
        offset, scale = (np.array(state[key], np.float64) for key in ("offset", "scale"))
        usable = np.isfinite(offset).all() and np.isfinite(scale).all() and (scale != 0).all()
        if offset.ndim != 1 or offset.shape != scale.shape or not usable:
            raise ValueError(f"{kind}: offset and scale must be finite rows of equal length: {dict(state)!r:.200}")
        self._offset, self._scale = offset, scale

    def __repr__(self) -> str:
        call = super().__repr__()
        return call if self._offset is None else f"{call} fitted on {len(self._offset)} features"

    def _fitted(self, method: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self._offset is None or self._scale is None:
            raise ValueError(f"{type(self).__name__}.{method} before fit; call fit(training_data) first")
        return self._offset, self._scale

    def _prepared(self, x: Any, method: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        offset, scale = self._fitted(method)
        array = numeric_array("x", x)
        if array.ndim == 0 or array.shape[-1] != len(offset):
            raise ValueError(
                f"{type(self).__name__}.{method}: fitted on {len(offset)} features (last axis), got shape {array.shape}"
            )
        dtype = array.dtype if array.dtype in (np.float32, np.float64) else np.dtype(np.float32)
        return array.astype(dtype, copy=False), offset.astype(dtype), scale.astype(dtype)


class Standardize(Scaler):
    """Scale every feature to mean 0 and standard deviation 1 (of the training data).

    A feature that never varies is only shifted to 0.

    Examples
    --------
    >>> scaler = sg.data.Standardize().fit([[1.0, 5.0], [3.0, 5.0]])
    >>> scaler.transform([[1.0, 5.0], [3.0, 5.0]]).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    def _measure(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        axes = tuple(range(x.ndim - 1))
        count = x.size // x.shape[-1]
        chunks = [slice(start, start + ROWS_AT_ONCE) for start in range(0, len(x), ROWS_AT_ONCE)]
        mean = sum(x[rows].sum(axis=axes, dtype=np.float64) for rows in chunks) / count
        variance = sum(np.square(x[rows] - mean).sum(axis=axes) for rows in chunks) / count
        # Rounding leaves a constant feature with a tiny deviation, which must not be scaled up to 1.
        varies = variance > np.square(1e-7 * mean)
        return mean, np.where(varies, np.sqrt(variance), 1.0)


class MinMaxScale(Scaler):
    """Scale every feature so that the training data just fill the range from `low` to `high`.

    Other data may fall outside. A feature that never varies becomes `low`.

    Parameters
    ----------
    low, high : float, default 0 and 1
        The range, with ``low < high``.

    Examples
    --------
    >>> sg.data.MinMaxScale().fit([[2.0], [6.0]]).transform([[3.0], [6.0]]).tolist()
    [[0.25], [1.0]]
    """

    def __init__(self, low: float = 0.0, high: float = 1.0) -> None:
        super().__init__()
        self.low: float = checked_number("low", low)
        self.high: float = checked_number("high", high)
        if self.low >= self.high:
            raise ValueError(f"MinMaxScale needs low < high, got {low} and {high}")

    def _measure(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        axes = tuple(range(x.ndim - 1))
        smallest = x.min(axis=axes).astype(np.float64)
        spread = x.max(axis=axes).astype(np.float64) - smallest
        scale = np.where(spread > 0, spread, 1.0) / (self.high - self.low)
        return smallest - self.low * scale, scale
