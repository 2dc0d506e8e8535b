"""``program.draw()``: what was compiled, as a picture."""

from __future__ import annotations

from ...compile.program import LINES, Program
from ..draw.drawing import DIRECTIONS, MAX_NODES, Drawing
from .program_picture import picture_of_program


class ProgramDrawing(Drawing):
    """The picture of a program; where pictures cannot be shown, its page of mathematics."""

    def __init__(self, program: Program, max_nodes: int, fold: bool | None, direction: str, format: str) -> None:
        super().__init__(picture_of_program(program, max_nodes, fold), direction, format)
        self.program = program

    def text(self) -> str:
        """Return the program as a page, abbreviated if it is long."""
        return self.program.text(LINES)


def draw_program(
    program: Program,
    *,
    direction: str = "TB",
    max_nodes: int = MAX_NODES,
    fold: bool | None = None,
    format: str = "svg",
) -> ProgramDrawing:
    """Draw a program: a box for each instruction, its groups around them.

    What is given is drawn as in :func:`seegrad.draw`: arguments as rounded boxes, parameters as octagons, constants
    dashed. The forward part goes in the direction of the drawing, a backward part (orange) comes back beside it, so
    that each operation stands near its derivative. What is returned has a double border.

    Parameters
    ----------
    program : Program
    direction : {"TB", "LR", "RL", "BT"}
        Where the forward part goes.
    max_nodes : int
        The largest number of instructions; of what is longer the middle is left out.
    fold : bool, optional
        Draw one turn of a loop for all; by default only in programs of more than ``max_nodes`` instructions.
    format : {"svg", "png"}
        What a notebook shows.

    Raises
    ------
    ValueError
        If an option is none of those above.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"draw: direction={direction!r} is not one of {', '.join(map(repr, DIRECTIONS))}")
    if format not in ("svg", "png"):
        raise ValueError(f"draw: format={format!r} is not one of 'svg', 'png'")
    if max_nodes < 2:
        raise ValueError(f"draw: max_nodes={max_nodes} leaves nothing to draw; expected at least 2")
    return ProgramDrawing(program, max_nodes, fold, direction, format)
