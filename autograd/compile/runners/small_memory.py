"""The flat arrays of one run, and arrays that look at their parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .places import DOUBLES, SINGLES, TRUTH, WHOLE, Place

_STORED = {DOUBLES: np.float64, SINGLES: np.float32, TRUTH: np.uint8, WHOLE: np.int64}


class SmallMemory:
    """Flat arrays, with the constants in their places.

    Parameters
    ----------
    sizes : list of int
        The lengths of the flat arrays.
    fills : list of (Place, array)
        The constants.
    """

    def __init__(self, sizes: list[int], fills: list[tuple[Place, Any]]) -> None:
        self.banks: tuple[npt.NDArray[np.float64], ...] = tuple(
            [np.zeros(size, _STORED[bank]) for bank, size in enumerate(sizes)]
        )
        self.addresses: tuple[int, ...] = tuple([bank.ctypes.data for bank in self.banks])
        self.readable: tuple[npt.NDArray[Any], ...] = (
            *self.banks[:TRUTH],
            self.banks[TRUTH].view(np.bool_),
            self.banks[WHOLE],
        )
        self.views: dict[int, Any] = {}
        for place, data in fills:
            self.view(place)[...] = data

    def view(self, place: Place) -> Any:
        """Return an array that looks at a place."""
        bank = self.readable[place.bank]
        size = bank.itemsize
        strides = [s * size for s in place.strides]
        return np.ndarray(place.shape, bank.dtype, bank, place.start * size, strides)

    def view_of(self, number: int, place: Place) -> Any:
        """Return the array that looks at the place of a variable, the same each time."""
        if number not in self.views:
            self.views[number] = self.view(place)
        return self.views[number]

    def owns(self, x: Any) -> bool:
        """Return whether an array looks at this memory."""
        base = getattr(x, "base", None)
        return base is not None and any(base is bank for bank in self.banks)
