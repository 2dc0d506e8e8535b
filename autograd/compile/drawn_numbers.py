"""Notice that random numbers were drawn, and take back those that count for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...common.rng import default_rng


class DrawnNumbers:
    """What the generators of the library have drawn since this was made.

    Parameters
    ----------
    generators : iterable of Generator
        Those of layers; the default one takes part always.
    """

    def __init__(self, generators: Iterable[np.random.Generator]) -> None:
        self.states: list[tuple[np.random.Generator, Any]] = [
            (g, g.bit_generator.state) for g in (default_rng(), *generators)
        ]

    def any(self) -> bool:
        """Return whether a generator has drawn any."""
        return any(generator.bit_generator.state != state for generator, state in self.states)

    def take_back(self) -> None:
        """Let the generators draw the same numbers again."""
        for generator, state in self.states:
            generator.bit_generator.state = state

    def present(self) -> DrawnNumbers:
        """Return the same for the present moment."""
        return DrawnNumbers([generator for generator, _ in self.states[1:]])
