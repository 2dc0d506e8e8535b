"""Examples and their targets, side by side in two arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, overload, runtime_checkable
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common.heat_map import SMALL, heat_map
from ..common.html_table import below, side_by_side
from .data_checks import ROWS_AT_ONCE, check_finite, numeric_array
from .data_error import DataError

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Example = TypeVar("Example", covariant=True, default=Any)
else:
    from typing import TypeVar

    Example = TypeVar("Example", covariant=True)
#: What a data set has at each position, such as a pair of an example and its target. (Of a protocol, it has no default:
#: with one, pyright forgets what a class is once it did not fit in another place.)
Item = TypeVar("Item", covariant=True)

__all__ = ["ArrayDataset"]

Batch = tuple[NDArray[Any], NDArray[Any]]
#: An example and its target, which may be rows of arrays or single numbers.
Pair = tuple[Any, Any]
ROWS_ON_DISK = 1000
#: So many images are shown in a notebook.
SHOWN = 10


@runtime_checkable
class Source(Protocol[Item]):
    """Anything that has a length and gives the pair ``(example, target)`` for a position."""

    def __len__(self) -> int:
        """Return the number of examples."""

    def __getitem__(self, index: int, /) -> Item:
        """Return ``(example, target)``."""


@runtime_checkable
class Gathers(Source[Item], Protocol[Item]):
    """A source that gives a whole batch at once, faster than example by example."""

    def gather(self, indices: NDArray[np.intp], /) -> Batch:
        """Return ``(examples, targets)`` at these positions, stacked along the first axis."""


def gathers(dataset: Source[Any]) -> TypeGuard[Gathers[Any]]:
    """Tell whether a source has a ``gather`` that agrees with its ``[i]``.

    A subclass that overrides ``[i]`` and inherits ``gather`` has none. Nor has a tensor, whose ``gather`` is PyTorch's.
    """
    if getattr_static(dataset, "gather", None) is None:
        return False
    kinds = type(dataset).__mro__
    places = [
        next((place for place, kind in enumerate(kinds) if name in vars(kind)), 0) for name in ("gather", "__getitem__")
    ]
    return isinstance(dataset, Gathers) and places[0] <= places[1]


@runtime_checkable
class Fingerprinted(Source[Item], Protocol[Item]):
    """A source with a checksum, which tells it from others of the same size and from itself in another order."""

    def fingerprint(self) -> int:
        """Return a checksum of all examples and targets, in their order."""


def fingerprint(source: Source[Any]) -> int | None:
    """Return the checksum of a data set's contents and order; None if it has no method ``fingerprint()``."""
    return source.fingerprint() if isinstance(source, Fingerprinted) else None


class ArrayDataset:
    """Examples `x` and targets `y`, held in two arrays of equal length.

    Parameters
    ----------
    x : array_like of shape (n, ...)
        The examples, one per row; images are ``(n, height, width, channels)``. Nothing is copied, so a
        memory-mapped array stays on disk.
    y : array_like of shape (n, ...)
        The targets: integer labels, one-hot rows, or numbers for a regression.

    Attributes
    ----------
    x, y : numpy.ndarray
        The two arrays.

    Raises
    ------
    DataError
        If there is no example, the lengths differ, or a value is NaN or infinite. Memory-mapped arrays are
        not read for that here; each batch is checked when it is gathered.
    TypeError
        If the values are not real numbers.

    Examples
    --------
    >>> points = sg.data.ArrayDataset(np.zeros((5, 2)), [0, 1, 0, 1, 1])
    >>> len(points), points[1:3].x.shape
    (5, (2, 2))
    >>> example, target = points[4]
    """

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        self.x: NDArray[Any] = numeric_array("x", x)
        self.y: NDArray[Any] = numeric_array("y", y)
        for name, array in (("x", self.x), ("y", self.y)):
            if array.ndim == 0:
                raise DataError(f"{name} must have one row per example, got the single number {array}")
        if len(self.x) != len(self.y):
            raise DataError(f"{len(self.x)} examples in x but {len(self.y)} targets in y; each example needs one")
        if self.x.size == 0:
            raise DataError(f"the data set is empty: x has shape {self.x.shape}")
        self._on_disk = isinstance(x, np.memmap) or isinstance(y, np.memmap)
        if not self._on_disk:
            check_finite("x", self.x)
            check_finite("y", self.y)

    def __len__(self) -> int:
        return len(self.x)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Pair: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> ArrayDataset: ...
    def __getitem__(self, index: Any) -> Pair | ArrayDataset:
        """Return ``(x, y)`` of one example, or for a slice, index array or mask the data set of those."""
        if isinstance(index, slice):
            x, y = self.x[index], self.y[index]
        elif np.ndim(index) == 0:
            return self.x[index], self.y[index]
        else:
            rows = np.asarray(index)
            if rows.dtype == bool and rows.shape != (len(self),):
                raise IndexError(f"a mask for {len(self)} examples must have shape ({len(self)},), got {rows.shape}")
            x, y = self.gather(np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp, casting="safe"))
        return type(self)(x, y)

    def __iter__(self) -> Iterator[Pair]:
        return zip(self.x, self.y, strict=True)

    def __repr__(self) -> str:
        return f"ArrayDataset(x: {self.x.dtype} {self.x.shape}, y: {self.y.dtype} {self.y.shape})"

    def _repr_html_(self) -> str | None:
        """Return the first images with their targets; None, which means the text, if the examples are no images."""
        if self.x.ndim != 4 or self.x.shape[-1] not in (1, 3) or not self.x.size:
            return None
        pairs = zip(self.x[:SHOWN], self.y[:SHOWN])
        images = [heat_map(x.mean(axis=-1), is_image=True, side=SMALL) + below(str(y)) for x, y in pairs]
        return side_by_side(images, "88px") + below(repr(self))

    @property
    def on_disk(self) -> bool:
        """Whether an array is memory-mapped, so that copying all of it may not fit in memory."""
        return self._on_disk

    def fingerprint(self) -> int:
        """Return a checksum of all examples and targets; of memory-mapped ones, of a thousand rows."""
        total = crc32(f"{self.x.dtype} {self.x.shape} {self.y.dtype} {self.y.shape}".encode())
        step = max(1, len(self) // ROWS_ON_DISK) if self._on_disk else 1
        for array in (self.x[::step], self.y[::step]):
            for start in range(0, len(array), ROWS_AT_ONCE):
                total = crc32(np.ascontiguousarray(array[start : start + ROWS_AT_ONCE]).data, total)
        return total

    def gather(self, indices: NDArray[np.intp]) -> Batch:
        """Return the examples and targets at `indices`, as new arrays of shape ``(len(indices), ...)``.

        Raises
        ------
        DataError
            If the arrays are memory-mapped and a gathered value is NaN or infinite.
        """
        x, y = take_rows(self.x, indices), take_rows(self.y, indices)
        if self._on_disk:
            check_gathered(x, y, indices)
        return x, y


def check_gathered(x: NDArray[Any], y: NDArray[Any], indices: NDArray[np.intp]) -> None:
    """Refuse a batch with NaN or infinity, naming the example by its position in the whole data set.

    Raises
    ------
    DataError
        If a value is not finite.
    """
    check_gathered_array("x", x, indices)
    check_gathered_array("y", y, indices)


def check_gathered_array(name: str, array: NDArray[Any], indices: NDArray[np.intp]) -> None:
    """Refuse NaN or infinity in one of the arrays of a batch; see :func:`check_gathered`."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).reshape(len(array), -1).all(axis=1)))
        raise DataError(f"{name} of example {int(indices[row])} holds NaN or infinity, which cannot be learned from")


def take_rows(array: NDArray[Any], indices: NDArray[np.intp]) -> NDArray[Any]:
    """Return rows of an array as a new one."""
    # np.take is the fastest gather, but would first copy the whole of an array that is not contiguous.
    if array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        return np.take(array, indices, axis=0)
    return np.ascontiguousarray(array[indices])
