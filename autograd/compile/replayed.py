"""A compiled function as one operation of the graph: its derivative is the backward stage of the program."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np

from ..core.backward import backprop
from ..core.node import Node, is_recorded
from ..core.op import Op, Rule
from ..core.recording import recording
from .call_arguments import CallArguments, leaves_of
from .drawn_numbers import DrawnNumbers


class ReplayedCall:
    """What the backward pass through one replayed call needs.

    Attributes
    ----------
    run : object
        The run of the program, with all that its backward stages read.
    recorded : RecordedCall
    arguments : CallArguments
        The arguments of the call.
    numbers : DrawnNumbers or None
        The states of the random generators before the call, if it has drawn from them.
    """

    def __init__(self, run: Any, recorded: Any, arguments: CallArguments, numbers: DrawnNumbers | None) -> None:
        self.run = run
        self.recorded = recorded
        self.arguments = arguments
        self.numbers = numbers
        self._locks: dict[int, Lock] = {}  # by process: a child of a fork must not wait for a thread of its parent

    def again(self, f: Callable[..., Any]) -> list[Any]:
        """Return the results of ``f`` for the same arguments and random numbers, and leave all else as it is."""
        args, kwargs = self.arguments.content
        undo = self.recorded.undo(self.arguments.leaves)
        now = None if self.numbers is None else self.numbers.present()
        try:
            if self.numbers is not None:
                self.numbers.take_back()
            with recording():
                return leaves_of(f(*args, **kwargs))
        finally:
            undo()
            if now is not None:
                now.take_back()

    def stage(self, number: int, given: list[Any]) -> list[Any]:
        """Run a backward stage, in one thread at a time: all of them compute in the memory of the run."""
        with self._locks.setdefault(os.getpid(), Lock()):
            return self.run.stage(number, given)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"{len(self.recorded.program.instructions)} instructions"


class ReplayedOp(Op):
    """A compiled function as one operation, whose vector-Jacobian product is a stage of the program."""

    poles = False
    portable = False

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name: str = getattr(function, "__name__", "compiled").strip("<>")
        self.symbol: str = self.name
        self.rule: tuple[()] = ()
        self.variadic_rule: None = None
        self.fast_vjp: Callable[..., Any] = self._all_at_once

    def _all_at_once(self, g: Any, out: Any, *xs: Any, call: ReplayedCall, result: int, **_: Any) -> Any:
        """Return the gradients of all inputs as the program gives them."""
        found = None if isinstance(g, Node) else call.recorded.pull_back(call, g, result)
        return NotImplemented if found is None else found

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per input, where the program does not tell; they share one call of the function."""
        shared: list[Any] = []

        def rule(g: Any, out: Any, *xs: Any, call: ReplayedCall, result: int, index: int) -> Any:
            if not shared:
                shared.extend(self._run_again(g, call, result, inputs))
            found = shared[index]
            return np.zeros_like(inputs[index]._plain) if found is None else found

        return tuple(functools.partial(rule, index=i) for i in range(len(inputs)))

    def _run_again(self, g: Any, call: ReplayedCall, result: int, inputs: tuple[Node, ...]) -> list[Any]:
        """Return the gradients by running the function itself once more: they can be differentiated again."""
        again = call.again(self.function)
        root = [x for x in again if isinstance(x, Node) and x._tracked][result]
        table = backprop(root, g, create_graph=is_recorded(g), stop=frozenset(inputs))
        return [table.get(x) for x in inputs]
