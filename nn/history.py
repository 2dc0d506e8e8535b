"""What a training has reached, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload


class History:
    """One record per epoch: ``loss``, ``accuracy`` of a classifier, and both with ``val_`` for validation.

    Examples
    --------
    >>> history = sg.nn.History()
    >>> history.append({"loss": 0.5, "accuracy": 0.8})
    >>> history.append({"loss": 0.25, "accuracy": 0.9})
    >>> history[-1]["accuracy"]
    0.9
    >>> history["loss"]
    [0.5, 0.25]
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def append(self, record: dict[str, float]) -> None:
        """Add an epoch's record."""
        self.epochs.append(record)

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.epochs)

    @overload
    def __getitem__(self, key: int) -> dict[str, float]: ...
    @overload
    def __getitem__(self, key: str) -> list[float]: ...
    def __getitem__(self, key: int | str) -> dict[str, float] | list[float]:
        """Return an epoch's record by its place, or the values of all epochs by name."""
        if isinstance(key, int):
            return self.epochs[key]
        if key not in self.names():
            raise KeyError(f"no {key!r} in this history; it has {', '.join(self.names()) or 'no epochs yet'}")
        return [record[key] for record in self.epochs]

    def names(self) -> list[str]:
        """Return the names of what was measured."""
        return list(self.epochs[0]) if self.epochs else []

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {value:.4f}" for name, value in self.epochs[-1].items()) if self.epochs else ""
        return f"History({len(self)} epochs{': ' if last else ''}{last})"
