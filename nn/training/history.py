"""The history of a training: what was measured in each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, SupportsIndex, overload

from ...common.html_table import html_table
from ..plots.training_plots import plot_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History"]

#: So many epochs are shown in a notebook.
_SHOWN = 20


class History:
    """The measures of each epoch: ``loss``, for a classifier ``accuracy``, and the same with ``val_`` for validation.

    Examples
    --------
    >>> history = sg.nn.History()
    >>> history.append({"loss": 0.5, "accuracy": 0.8})
    >>> history.append({"loss": 0.25, "accuracy": 0.9})
    >>> history[-1]["accuracy"]
    0.9
    >>> history["loss"]
    [0.5, 0.25]
    >>> dict(history)
    {'loss': [0.5, 0.25], 'accuracy': [0.8, 0.9]}
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def append(self, record: dict[str, float]) -> None:
        """Add the record of an epoch."""
        self.epochs.append(record)

    def load(self, records: Sequence[Mapping[str, float]]) -> None:
        """Replace all records.

        Raises
        ------
        ValueError
            If one is not a dict of numbers by name; the history is unchanged.
        """
        for record in records:
            numbers = isinstance(record, Mapping) and all(isinstance(value, int | float) for value in record.values())
            if not numbers:
                raise ValueError(f"a record of an epoch is a dict of numbers by name, got {record!r:.80}")
        self.epochs = [dict(record) for record in records]

    def plot(self) -> Figure:
        """Plot the measures over the epochs; see :func:`seegrad.nn.plot_curves`."""
        return plot_curves(self)

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.epochs)

    def __contains__(self, key: object) -> bool:
        """Tell whether a measure has this name or, for anything but a text, whether a record is equal to it."""
        return key in self.names() if isinstance(key, str) else key in self.epochs

    @overload
    def __getitem__(self, key: SupportsIndex) -> dict[str, float]: ...
    @overload
    def __getitem__(self, key: slice) -> list[dict[str, float]]: ...
    @overload
    def __getitem__(self, key: str) -> list[float]: ...
    def __getitem__(self, key: SupportsIndex | slice | str) -> dict[str, float] | list[dict[str, float]] | list[float]:
        """Return the record of an epoch by its index, the records of a slice, or a measure's values of all epochs."""
        if not isinstance(key, str):
            return self.epochs[key]
        if key not in self.names():
            raise KeyError(f"no {key!r} in this history; it has {', '.join(self.names()) or 'no epochs yet'}")
        return [record[key] for record in self.epochs]

    def names(self) -> list[str]:
        """Return the names of the measures."""
        return list(self.epochs[0]) if self.epochs else []

    def keys(self) -> list[str]:
        """Return the names of the measures, so that ``dict(history)`` has the values of all epochs by name."""
        return self.names()

    def items(self) -> list[tuple[str, list[float]]]:
        """Return pairs of a measure's name and its values of all epochs."""
        return [(name, self[name]) for name in self.names()]

    def _repr_html_(self) -> str | None:
        if not self.epochs:
            return None
        names = self.names()
        rows = [[i, *(f"{e[name]:.4g}" if name in e else "" for name in names)] for i, e in enumerate(self.epochs, 1)]
        hidden = f"the last {_SHOWN} of {len(rows)} epochs" if len(rows) > _SHOWN else ""
        return html_table(rows[-_SHOWN:], ["epoch", *names], hidden)

    def __repr__(self) -> str:
        epochs = f"{len(self)} epoch{'' if len(self) == 1 else 's'}"
        last = ", ".join(f"{name} {value:.4f}" for name, value in self.epochs[-1].items()) if self.epochs else ""
        return f"History({epochs}{': ' if last else ''}{last})"
