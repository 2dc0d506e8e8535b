"""What was recorded of one step of a training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .histogram import Histogram

if TYPE_CHECKING:
    from .graph_states import State


@dataclass
class Snapshot:
    """What was recorded of one step.

    Attributes
    ----------
    step : int
        Its number, counted from 1.
    loss : float
        Its loss.
    values, gradients : list of Histogram
        Of the parts of the model; a part may have no gradient.
    outputs : dict of str to Histogram
        Of the layers, by name.
    dead : dict of str to (int, int)
        How many units of a ReLU layer are dead, and how many there are.
    boundary : str, optional
        The predictions in the plane.
    graph : list, optional
        What the boxes of the graph show.
    """

    step: int
    loss: float
    values: list[Histogram]
    gradients: list[Histogram | None]
    outputs: dict[str, Histogram] = field(default_factory=dict)
    dead: dict[str, tuple[int, int]] = field(default_factory=dict)
    boundary: str | None = None
    graph: list[State] | None = None
