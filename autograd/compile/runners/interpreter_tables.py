"""The tables of the interpreter for one program."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .interpreter_use import Interpret
from .lowering import Lowering
from .small_memory import SmallMemory


class InterpreterTables:
    """Rows of instructions on arrays and on single numbers, and the parts of a run.

    Parameters
    ----------
    interpret : callable or None
        The compiled interpreter.
    """

    def __init__(self, interpret: Interpret | None) -> None:
        self.interpret: Any = interpret

    def finish(self, low: Lowering) -> None:
        """Take over the rows, as arrays that nobody can change."""
        self.tables: list[npt.NDArray[np.int32]] = [
            np.array(rows, np.int32).reshape(-1) for rows in (low.parts, low.arrays, low.numbers)
        ]
        self.addresses: tuple[int, ...] = tuple([table.ctypes.data for table in self.tables])

    def run(self, first: int, last: int, memory: SmallMemory) -> None:
        """Run some parts on the flat arrays of a run."""
        self.interpret(*self.addresses, *memory.addresses, first, last)
