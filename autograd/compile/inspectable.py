"""What can be seen of a compiled function: its programs, and whether it runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...common.function_name import function_name
from ..uncalled import Uncalled
from .program import Program


class Inspectable(Uncalled):
    """The part of a compiled function that shows what was compiled; nothing here changes it."""

    f: Callable[..., Any]
    why_not: str | None
    recordings: int
    replays: int
    why_recorded: str
    kept: list[Any]

    @property
    def programs(self) -> list[Program]:
        """The programs of all recordings, that of the last used first; as they run, after all passes."""
        return [recorded.begin().program for recorded in self.kept]

    @property
    def program(self) -> Program:
        """The program of the recording that was used last; ``print`` it.

        Raises
        ------
        RuntimeError
            If there is none; the message says why.
        """
        if self.kept:
            return self.kept[0].begin().program  # type: ignore[no-any-return]
        name = function_name(self.f)
        why = f"{name} is not compiled: {self.why_not}" if self.why_not else f"call {name} once, which records it"
        raise RuntimeError(f"there is no program: {why}")

    @property
    def traced(self) -> Program:
        """The same program as it was recorded, before anything was left out or put together."""
        return self.program.origin.program  # type: ignore[no-any-return]

    def draw(self, **options: Any) -> Any:
        """Draw the program of the recording that was used last.

        Parameters
        ----------
        **options
            ``direction="TB"`` (or ``"LR"``, ``"RL"``, ``"BT"``), ``max_nodes=120``, ``fold=None``, ``format="svg"``,
            as for :func:`seegrad.draw`.

        Returns
        -------
        Drawing
            Shows itself in a notebook; ``drawing.save("program.svg")`` writes it.
        """
        return self.program.draw(**options)

    def profile(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program for some arguments a number of times, and say where the time goes.

        Effects are not performed: no gradient, buffer or weight is changed. Only a call that was not recorded yet is
        made once, as always.

        Returns
        -------
        Profile
            Prints as a table: the time of each step, its share, what computes it, the bytes that it reads and writes;
            and what a call does around the program.
        """
        from ..inspect.programs.program_profile import profile

        return profile(self, args, kwargs)

    def __repr__(self) -> str:
        counts = f"{self.recordings} recorded, {self.replays} replayed"
        counts = counts if self.recordings else "not called yet, the first call records it"
        state = f"not compiled: {self.why_not}" if self.why_not else counts
        return f"<compiled {function_name(self.f)}: {state}>"

    def __str__(self) -> str:
        from ..inspect.programs.recordings_list import recordings_text

        return recordings_text(self)
