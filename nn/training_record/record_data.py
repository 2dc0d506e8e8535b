"""What was recorded of a training as plain data for its page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .decision_boundary import DecisionBoundary
from .histogram import Histogram, rounded
from .measured_parts import MeasuredPart
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .graph_states import GraphStates

#: The largest number of points of the curve of the loss.
_MOST_LOSSES = 1000


def page_data(
    snapshots: Sequence[Snapshot],
    parts: Sequence[MeasuredPart],
    losses: Sequence[float],
    boundary: DecisionBoundary | None,
    graph: GraphStates | None,
    description: dict[str, Any],
) -> dict[str, Any]:
    """Return all that the page shows.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The recorded steps.
    parts : sequence of MeasuredPart
        What their first histograms are of.
    losses : sequence of float
        Of all steps.
    boundary : DecisionBoundary, optional
        The plane.
    graph : GraphStates, optional
        The graph of the loss.
    description : dict
        Title and notes.
    """
    data = {
        **description,
        "steps": [snapshot.step for snapshot in snapshots],
        "losses": [rounded(snapshot.loss, 6) for snapshot in snapshots],
        "curve": _curve(losses),
        "layers": _layers(snapshots, parts),
    }
    if boundary is not None and all(snapshot.boundary for snapshot in snapshots):
        data["boundary"] = {**boundary.page_data(), "levels": [snapshot.boundary for snapshot in snapshots]}
    picture = graph.page_data() if graph is not None and all(snapshot.graph for snapshot in snapshots) else None
    if picture is not None:
        data["graph"] = {**picture, "states": [snapshot.graph for snapshot in snapshots]}
    return data


def _curve(losses: Sequence[float]) -> list[list[Any]]:
    """Return steps and losses, thinned evenly; the lowest and the highest of each stretch stay."""
    if len(losses) <= _MOST_LOSSES:
        places = np.arange(len(losses))
    else:
        numbers = np.nan_to_num(np.asarray(losses, np.float64))
        stretches = np.array_split(np.arange(len(losses)), _MOST_LOSSES // 2)
        ends = [(part[numbers[part].argmin()], part[numbers[part].argmax()]) for part in stretches]
        places = np.unique([0, *np.ravel(ends), len(losses) - 1])
    return [[i + 1 for i in places.tolist()], [rounded(losses[i], 4) for i in places.tolist()]]


def _layers(snapshots: Sequence[Snapshot], parts: Sequence[MeasuredPart]) -> list[dict[str, Any]]:
    """Return the histograms of each layer, in the order of the model."""
    first = snapshots[0]
    own = {part.layer: [i for i, other in enumerate(parts) if other.layer == part.layer] for part in parts}
    names = [*dict.fromkeys([*first.outputs, *own])]
    if first.outputs:  # layers without outputs of their own, such as those of a whole model, come first
        names = [*[name for name in own if name not in first.outputs], *first.outputs]
    layers = []
    for name in names:
        tiles = []
        for i in own.get(name, []):
            shape = f" {parts[i].shape}" if parts[i].shape else ""
            tiles.append(_tile(f"{parts[i].name}{shape}", "weights", [s.values[i] for s in snapshots]))
            tiles.append(_tile(f"gradient of {parts[i].name}", "gradients", [s.gradients[i] for s in snapshots]))
        if name in first.outputs:
            tiles.append(_tile("outputs", "outputs", [s.outputs.get(name) for s in snapshots]))
        dead = [s.dead.get(name) for s in snapshots]
        layers.append({"name": name, "tiles": tiles, **({"dead": dead} if any(dead) else {})})
    return layers


def _tile(title: str, kind: str, histograms: Sequence[Histogram | None]) -> dict[str, Any]:
    return {"title": title, "kind": kind, "of": [None if h is None else h.page_data() for h in histograms]}
