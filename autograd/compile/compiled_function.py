"""A function that is recorded at its first call and run as a program at later ones."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, overload

import numpy as np

from ..batched import open_levels
from ..copies import global_name
from ..core.node import current_trace, on_gradient, on_record, traces
from ..transform_types import P, R
from .call_arguments import CallArguments, leaves_of, map_structure, paired, put_back, same_objects
from .drawn_numbers import DrawnNumbers
from .inspectable import Inspectable
from .reach import Reach
from .recorded_call import Miss, RecordedCall
from .stand_ins import TracedArray, TracedNumber
from .trace import CapturedBuffer, Trace

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..transform_types import Owner, Rest


class Compiled(Inspectable, Generic[P, R]):
    """A function that is recorded once and then run as a program; made by :func:`compile`.

    Parameters
    ----------
    f : callable
    steady : bool
        Whether results must be the same to the last bit in every process. Otherwise small arrays are computed by
        compiled code as soon as it is there: the first process on a machine has to make it.

    Attributes
    ----------
    why_not : str or None
        Why calls run the function itself; None if they run a program.
    recordings, replays : int
        How often the function was recorded, and how often a program was run.
    why_recorded : str
        Why the last recording was needed.
    kept : list of RecordedCall
        The recordings, the last used first.
    """

    #: The largest number of recordings that are kept: for different shapes of the arguments, or different branches.
    #: Batches of sequences by their lengths come in a dozen shapes and more.
    KEPT = 32

    def __init__(self, f: Callable[P, R], steady: bool = False) -> None:
        functools.update_wrapper(self, f, updated=())
        self.steady = steady
        self.f = f
        self.why_not: str | None = None
        self.why_recorded: str = "it was not called before"
        self.recordings: int = 0
        self.replays: int = 0
        self.kept: list[RecordedCall] = []
        self._anew = 0  # how often a recording was needed although there was one

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute ``f(*args, **kwargs)``."""
        if (
            self.why_not is not None
            or on_gradient
            or (traces and current_trace() is not None)
            or _watched()
            or open_levels()
        ):
            return self.f(*args, **kwargs)
        arguments = CallArguments(args, kwargs)
        if arguments.refusal:
            self.why_not = arguments.refusal
            return self.f(*args, **kwargs)
        kept = self.kept
        for recorded in kept:
            result = recorded.replay(arguments, self.f)
            if result.__class__ is not Miss:
                self._used(recorded)
                return result
            self.why_recorded = result.why
        self._anew += bool(kept)
        if self._anew > 8 + self.replays:
            self.why_not = f"it would be recorded anew too often: {self.why_recorded}"
            return self.f(*args, **kwargs)
        return self._record(arguments, Reach(self.f))

    def _used(self, recorded: RecordedCall) -> None:
        """Count a replay, and bring its recording to the front."""
        self.replays += 1
        if recorded is not self.kept[0]:
            self._keep(recorded)

    def _keep(self, recorded: RecordedCall) -> None:
        """Let a recording be the first; the list is a new one, since other threads may look through the old one."""
        self.kept = [recorded, *[other for other in self.kept if other is not recorded]][: self.KEPT]

    # -------------------------------------------------------------------------------------- recording

    def _record(self, arguments: CallArguments, reach: Reach) -> Any:
        """Run the function once, keep what it computes, and return the result."""
        self.recordings += 1
        found, training, generators = _found_by([reach, *arguments.reach])
        trace = Trace(found, generators)
        drawn, numbers = _random_state(), DrawnNumbers(generators)
        with closing(trace), trace:  # closed once more, should a KeyboardInterrupt come as it begins or ends
            stand_ins = [trace.argument(x) for x in arguments.leaves]
            trace.swap_buffers(training)
            args, kwargs = arguments.replaced(stand_ins)
            containers = list(paired(arguments.content, (args, kwargs)))
            given = leaves_of((args, kwargs))
            try:
                returned = self.f(*args, **kwargs)
            except Exception as error:
                if trace.called:
                    raise
                trace.give_up()
                numbers.take_back()
                return self._failed(arguments, error)
            if drawn != _random_state():
                trace.fail("draws random numbers; draw them outside and pass them in")
            trace.check_drawn()
            if trace.why_not is None:
                recorded = RecordedCall(self.f, arguments, reach, trace, stand_ins, returned, self.steady)
        if not reach.same_as(self.f):
            trace.why_not = trace.why_not or "it changes what it finds by name"
            _settle_leaks(self.f)
        if not (same_objects(given, leaves_of((args, kwargs))) and arguments.same_again()):
            trace.why_not = trace.why_not or "it changes a list, a dict or an object among its arguments"
            put_back(containers, lambda x: _plain(x, stand_ins, arguments.leaves))
        _write_back(arguments.leaves, stand_ins, trace)
        if trace.why_not is None:
            self._keep(recorded)
            if not trace.called:
                return self._again(arguments, recorded, trace, numbers)
        elif trace.only_now:  # other numbers will be compiled
            self.why_recorded = trace.why_not
            if not trace.called:
                trace.give_up()
                numbers.take_back()
                return self._plainly(arguments)
        else:
            self.why_not = trace.why_not
        return map_structure(lambda x: _plain(x, stand_ins, arguments.leaves), returned)

    def _again(self, arguments: CallArguments, recorded: RecordedCall, trace: Trace, numbers: DrawnNumbers) -> Any:
        """Compute the first call by the program, too, so that equal calls give equal results to the last bit."""
        trace.give_up()
        numbers.take_back()
        result = recorded.replay(arguments, self.f)
        if result.__class__ is not Miss:
            return result
        self.why_not = f"its program does not give what it gives: {result.why}"
        return self._plainly(arguments)

    def _plainly(self, arguments: CallArguments) -> Any:
        """Call the function itself."""
        args, kwargs = arguments.content
        return self.f(*args, **kwargs)

    def _failed(self, arguments: CallArguments, error: Exception) -> Any:
        """Call the function with its own arguments: it may have failed only because of what it got in their place."""
        result = self._plainly(arguments)
        self.why_not = f"it fails with Tensors in the place of arrays: {error}"
        return result

    @overload
    def __get__(self, owner: None, kind: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: Compiled[Concatenate[Owner, Rest], R], owner: Owner, kind: type | None = None
    ) -> Callable[Rest, R]: ...
    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Bind to an object, as a method of a class does."""
        return self if owner is None else MethodType(self, owner)

    def __reduce__(self) -> Any:
        return global_name(self) or (Compiled, (self.f, self.steady))  # recordings belong to the nodes of this process


def _found_by(reaches: Sequence[Reach]) -> tuple[list[Any], list[tuple[Any, str]], list[Any]]:
    """Return what a trace has to know of what is found by name.

    Returns
    -------
    arrays : list of (ndarray, object)
        Those that are read anew at every call, and where from.
    training : list of (object, str)
        The buffers of modules in training, which change.
    generators : list of Generator
    """
    buffers = [buffer for reach in reaches for buffer in reach.buffers]
    training = [(m, name) for m, name in buffers if getattr(m, "training", False)]
    others = [CapturedBuffer(m, name) for m, name in buffers if (m, name) not in training]
    arrays = [*((x, x) for reach in reaches for x in reach.arrays), *((b.data, b) for b in others)]
    return arrays, training, [generator for reach in reaches for generator in reach.generators]


def _watched() -> bool:
    """Return whether somebody other than a trace observes what is recorded."""
    return any(not isinstance(getattr(watch, "__self__", None), Trace) for watch in on_record)


def _plain(x: Any, stand_ins: list[Any], leaves: list[Any]) -> Any:
    """Return a result as the function gives it when it is not traced."""
    if not isinstance(x, (TracedArray, TracedNumber)):
        return x
    for stand_in, leaf in zip(stand_ins, leaves):
        if x is stand_in:
            return leaf
    return x._plain if isinstance(x, TracedNumber) or x.ndim else x._plain[()]


def _write_back(leaves: list[Any], stand_ins: list[Any], trace: Trace) -> None:
    """Write into arrays that were given what the function wrote into their stand-ins."""
    for leaf, stand_in in zip(leaves, stand_ins):
        if isinstance(leaf, np.ndarray) and stand_in._plain is not leaf:
            leaf[...] = stand_in._plain
            trace.why_not = trace.why_not or "it writes into an argument"


def _settle_leaks(f: Callable[..., Any]) -> None:
    """Put plain data in the place of stand-ins that the function has put where it finds them by name."""
    links = Reach(f).links
    places = [
        (x, i, item) for x, items in links.sequences if isinstance(x, (list, deque)) for i, item in enumerate(items)
    ]
    for container, key, item in (*places, *links.items):
        if isinstance(item, (TracedArray, TracedNumber)):
            container[key] = _plain(item, [], [])


def _random_state() -> Any:
    """Return the states of the global random generators, in a form that can be compared."""
    import random  # here, since it takes a while

    legacy: Any = np.random.get_state()
    return random.getstate(), (legacy[0], tuple(legacy[1].tolist()), *legacy[2:])
