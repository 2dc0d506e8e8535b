"""The table of a model's layers that :func:`seegrad.nn.summary` returns."""

from __future__ import annotations

from dataclasses import dataclass

from ..common.html_table import html_table

TITLES = ("layer", "output shape", "parameters")


@dataclass(frozen=True)
class LayerSummary:
    """One row: the path and text of a layer, its output shape without the batch, its number of parameters."""

    name: str
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Summary:
    """The layers of a model and the number of its parameters; ``print`` shows a table."""

    layers: tuple[LayerSummary, ...]
    parameters: int
    trainable: int

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        for layer in self.layers:
            shape = ", ".join(["n", *map(str, layer.output_shape)])
            rows.append((layer.name, f"({shape}{',' if not layer.output_shape else ''})", f"{layer.parameters:,}"))
        rows.append(("all layers", "", f"{self.parameters:,}"))
        if self.trainable != self.parameters:
            rows.append(("of these trained", "", f"{self.trainable:,}"))
        return rows

    def _repr_html_(self) -> str:
        return html_table(self._rows(), TITLES, left=2)

    def __str__(self) -> str:
        rows = [TITLES, *self._rows()]
        left, middle, right = (max(len(row[column]) for row in rows) for column in range(3))
        lines = [f"{name:<{left}}   {shape:<{middle}}   {count:>{right}}" for name, shape, count in rows]
        rule = "-" * len(lines[0])
        body = len(self.layers) + 1
        return "\n".join([lines[0], rule, *lines[1:body], rule, *lines[body:]])

    __repr__ = __str__
