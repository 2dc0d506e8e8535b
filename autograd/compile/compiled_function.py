"""``compile``: record a function of Values once, and replay the recorded graph as NumPy operations at later calls."""

from __future__ import annotations

import functools
import math
import operator
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..copies import global_name
from ..core.backward import backprop
from ..core.node import NO_PARAMS, Node, on_gradient, on_look, on_record
from ..core.op import Op, Rule
from ..core.recording import is_recording, record, recording
from ..value import Value
from .reach import Reach
from .replay import Gather, NotReplayable, ReplayPlan, ReplayRun, resolve

_COMPARISONS: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
}


def compile(f: Callable[..., Any]) -> Compiled:  # noqa: A001 (as in PyTorch)
    """Return a faster form of a function of Values: its first call records the graph, later calls replay it in NumPy.

    Parameters
    ----------
    f : callable
        Returns one Value. Its arguments may be floats, Values, and lists, tuples and dictionaries of these; any other
        argument (an integer, a text, an array) is a constant of the recording, and a call with another one makes a new
        recording. Values that the function uses without being given them, such as the parameters of a network, are
        read anew at every call.

    Returns
    -------
    Compiled
        Called like ``f``, with the same result. ``backward()`` of the result works as usual.

    Notes
    -----
    A call replays a recording if nothing that decides which operations are computed has changed. These changes are
    noticed, and lead to a new recording:

    - a comparison of Values (``<``, ``if v``, ``max``, ...) has another result;
    - a plain number, list, array, attribute or Value that ``f`` can reach by name has been replaced.

    In these cases every call runs ``f`` itself, and ``why_not`` says why: ``f`` reads or sets ``.data`` or ``.grad``,
    calls ``backward()``, draws random numbers, computes under ``no_grad``, uses arrays, or takes another branch too
    often. Replayed calls do not run ``f``: it should have no side effects. Pass what changes in files, clocks or
    generators of its own as arguments.

    Examples
    --------
    >>> w = sg.Value(2.0)
    >>> step = sg.compile(lambda x: (w * x - 1.0) ** 2)
    >>> for x in (1.0, 2.0, 3.0):
    ...     out = step(x)
    >>> out.backward()
    >>> out.data, w.grad
    (25.0, 30.0)
    """
    if not callable(f):
        raise TypeError(f"compile expects a function, got {type(f).__name__}")
    return Compiled(f)


class Compiled:
    """A function of Values that is recorded once and then replayed; made by :func:`compile`.

    Attributes
    ----------
    why_not : str or None
        Why calls are not replayed; None if they are.
    recordings, replays : int
        How often the function was recorded, and replayed.
    """

    #: The largest number of recordings that are kept: for different branches, or different shapes of the arguments.
    KEPT = 4

    def __init__(self, f: Callable[..., Any]) -> None:
        functools.update_wrapper(self, f, updated=())
        self.f = f
        self.why_not: str | None = None
        self.recordings = self.replays = 0
        self.kept: list[Recording] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute ``f(*args, **kwargs)``."""
        if self.why_not is not None or on_record or on_gradient:
            return self.f(*args, **kwargs)
        arguments = Arguments((args, kwargs))
        reach = Reach(self.f)
        for recorded in self.kept:
            out = recorded.replay(arguments, reach)
            if out is not None:
                self.replays += 1
                if recorded is not self.kept[0]:
                    self.kept.remove(recorded)
                    self.kept.insert(0, recorded)
                return out
        if self.recordings > 8 + self.replays:
            self.why_not = "the branch it takes, or a number that it uses, changes too often"
            return self.f(*args, **kwargs)
        return self.record(arguments, reach)

    def record(self, arguments: Arguments, reach: Reach) -> Any:
        """Run the function once, keep the recording, and return the result."""
        self.recordings += 1
        try:
            recorded = Recording(self.f, arguments, reach)
        except NotReplayable as reason:
            self.why_not = str(reason)
        except Exception as error:  # for example math.exp of a Value; the plain call will raise if it fails too
            self.why_not = f"it fails with Values for arguments: {error}"
        else:
            out = recorded.replay(arguments, reach)
            if out is not None:
                self.kept.insert(0, recorded)
                del self.kept[self.KEPT :]
                return out
            self.why_not = "a comparison depends on the last digit, which depends on the order of summation"
        args, kwargs = arguments.content
        try:
            return self.f(*args, **kwargs)
        except BaseException:
            self.why_not = None  # the call itself was wrong
            raise

    def __reduce__(self) -> Any:
        return global_name(self) or (compile, (self.f,))  # recordings belong to the Values of this process

    def __repr__(self) -> str:
        state = (
            f"not replayed: {self.why_not}" if self.why_not else f"{self.recordings} recorded, {self.replays} replayed"
        )
        return f"<compiled {getattr(self.f, '__name__', 'function')}: {state}>"


class Arguments:
    """Arguments taken apart: ``leaves``, the numbers and Values that may differ, and ``shape``, all the rest."""

    def __init__(self, content: Any) -> None:
        self.content = content
        self.shape: list[Any] = []
        self.leaves: list[Any] = []
        self._take_apart(content)

    def _take_apart(self, x: Any) -> None:
        kind = x.__class__
        if kind is float or kind is Value or isinstance(x, np.floating):
            self.leaves.append(x)
            self.shape.append(float if kind is not Value else Value if x._tracked else None)
        elif kind is list or kind is tuple:
            self.shape += [kind, len(x)]
            for item in x:
                self._take_apart(item)
        elif kind is dict:
            self.shape += [kind, *x]
            for item in x.values():
                self._take_apart(item)
        else:
            self.shape += Reach(x).tokens

    def replaced(self, leaves: list[Any]) -> Any:
        """Return the arguments with other leaves."""
        rest = iter(leaves)

        def put(x: Any) -> Any:
            kind = x.__class__
            if kind is float or kind is Value or isinstance(x, np.floating):
                return next(rest)
            if kind is list or kind is tuple:
                return kind([put(item) for item in x])
            return {key: put(item) for key, item in x.items()} if kind is dict else x

        return put(self.content)


class Recording:
    """One recording of a function: its plan, and what must hold for it to be replayed.

    Raises
    ------
    NotReplayable
        If the result of another call cannot be computed without running the function.
    """

    def __init__(self, f: Callable[..., Any], arguments: Arguments, reach: Reach) -> None:
        self.shape, self.reach = arguments.shape, reach
        self.op = _Replayed(f)
        begin = Value(0.0).number
        with recording():
            stand_ins = [Value(float(x._plain if isinstance(x, Value) else x)) for x in arguments.leaves]
            args, kwargs = arguments.replaced(stand_ins)
            with _Observer() as observer:
                root = f(*args, **kwargs)
        if root.__class__ is not Value:
            raise NotReplayable(f"it returns {type(root).__name__}, not one Value")
        compared = [x for _, *sides, _ in observer.comparisons for x in sides if isinstance(x, Value)]
        captured = _captured_values(compared, root, begin, {*stand_ins})
        wanted = [x.__class__ is Value and x._tracked for x in arguments.leaves]
        self.captured = captured
        self.wanted = wanted
        self.plan = ReplayPlan(root, [*stand_ins, *captured], [*wanted, *[True] * len(captured)], compared)
        self.checks = self._checks(observer.comparisons)

    def _checks(self, comparisons: list[Any]) -> list[Any]:
        """Return, for each kind of comparison, the places of both sides and the answers."""
        index, checks = self.plan.index, []
        constants = [float(y) for _, _, y, _ in comparisons if not isinstance(y, Value)]
        self.numbers = np.array(constants)
        place = len(self.plan.template)  # plain numbers come after the results
        by_kind: dict[str, list[Any]] = {}
        for what, x, y, answer in comparisons:
            left = index[resolve(x)]
            if isinstance(y, Value):
                right = index[resolve(y)]
            else:
                right, place = place, place + 1
            by_kind.setdefault(what, []).append((left, right, answer))
        for what, rows in by_kind.items():
            lefts, rights, answers = zip(*rows)
            checks.append((_COMPARISONS[what], Gather([[i] for i in lefts]), np.array(rights), np.array(answers)))
        del self.plan.index
        return checks

    def holds(self, values: Any) -> bool:
        """Return whether every comparison has the same result as in the recording."""
        if not self.checks:
            return True
        sides = np.concatenate([values, self.numbers])
        return all(np.array_equal(compare(x(values), sides[y]), answers) for compare, x, y, answers in self.checks)

    def replay(self, arguments: Arguments, reach: Reach) -> Any:
        """Compute the recorded operations with other numbers; None if a call would not compute the same operations."""
        if arguments.shape != self.shape or reach.tokens != self.reach.tokens:
            return None
        given = [x._plain if x.__class__ is Value else float(x) for x in arguments.leaves]
        run = self.plan.forward([*given, *[x._plain for x in self.captured]])
        if not self.holds(run.values):
            return None
        inputs = [x for x, wanted in zip(arguments.leaves, self.wanted) if wanted] + self.captured
        if not inputs or not is_recording():
            return record(self.op, run.result, (), NO_PARAMS)
        return record(self.op, run.result, tuple(inputs), {"replay": Replay(run, self, arguments)})


class Replay:
    """What the backward pass through a replayed call needs."""

    def __init__(self, run: ReplayRun, recorded: Recording, arguments: Arguments) -> None:
        self.run, self.wanted, self.arguments = run, recorded.wanted, arguments

    def __repr__(self) -> str:
        return f"{len(self.run.plan.groups)} groups of {len(self.run.plan.template)} nodes"


class _Replayed(Op):
    """A compiled function as one operation, whose vector-Jacobian product is the backward pass of the replay."""

    poles = False
    portable = False

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = self.symbol = getattr(function, "__name__", "compiled").strip("<>")
        self.rule = ()
        self.variadic_rule = None

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per input; they share one run."""
        shared: list[Any] = []

        def rule(g: Any, out: Any, *xs: Any, replay: Replay, index: int) -> Any:
            if not shared:
                shared.extend(self._gradients(g, inputs, replay))
            return 0.0 if shared[index] is None else shared[index]

        return tuple(functools.partial(rule, index=i) for i in range(len(inputs)))

    def _gradients(self, g: Any, inputs: tuple[Node, ...], replay: Replay) -> list[Any]:
        """Return the gradients of all inputs."""
        if isinstance(g, Node):
            return self._run_again(g, inputs, replay)
        found = replay.run.backward(float(g))
        if not all(d is None or math.isfinite(d) for d in found):  # an element that was not chosen may be at a pole
            return self._run_again(g, inputs, replay)
        wanted = replay.wanted
        return [d for d, w in zip(found, wanted) if w] + found[len(wanted) :]

    def _run_again(self, g: Any, inputs: tuple[Node, ...], replay: Replay) -> list[Any]:
        """Return the gradients by running the function itself once more: they can be differentiated again."""
        args, kwargs = replay.arguments.content
        with recording():
            again = self.function(*args, **kwargs)
        table = backprop(again, g, create_graph=isinstance(g, Node), stop=frozenset(inputs))
        return [table.get(x) for x in inputs]


class _Observer:
    """Notes, while a function is recorded, the comparisons that decide which operations it computes."""

    def __init__(self) -> None:
        self.comparisons: list[tuple[str, Node, Any, bool]] = []
        self.thread = threading.get_ident()

    def __enter__(self) -> _Observer:
        self.random_state = _random_state()
        on_look.append(self.note)
        return self

    def __exit__(self, *exc: object) -> None:
        on_look.remove(self.note)
        if _random_state() != self.random_state:
            _set_random_state(self.random_state)
            raise NotReplayable("it draws random numbers; draw them captured and pass them in")

    def note(self, what: str, x: Node, other: Any, answer: Any) -> None:
        """Note a comparison; raise at any other use of plain data, before running again could do something twice."""
        if threading.get_ident() != self.thread:
            return
        if what not in _COMPARISONS:
            raise NotReplayable(f"it {what}")
        if isinstance(other, (Value, float, int)):
            self.comparisons.append((what, x, other, answer))
        elif isinstance(other, (Node, np.ndarray, np.generic)):
            raise NotReplayable("it compares a Value with an array")


def _random_state() -> Any:
    """Return the states of the global random generators, in a form that can be compared and set."""
    import random  # here, since it takes a while

    legacy: Any = np.random.get_state()
    return random.getstate(), (legacy[0], tuple(legacy[1].tolist()), *legacy[2:])


def _set_random_state(state: Any) -> None:
    import random

    random.setstate(state[0])
    np.random.set_state(state[1])


def _captured_values(compared: list[Any], root: Any, begin: int, stand_ins: set[Any]) -> list[Any]:
    """Return the Values that a recording uses and that were made before it began."""
    seen: dict[Node, None] = {}
    captured: list[Node] = []
    todo = [root, *compared]
    while todo:
        x = todo.pop()
        if x in seen or x in stand_ins:
            continue
        seen[x] = None
        if x.notes is not None and "lost" in x.notes:
            raise NotReplayable(f"a Value that it uses has no graph: {x.notes['lost']}")
        if x.number < begin and x.__class__ is Value:
            if not x._tracked:
                raise NotReplayable("it uses a Value that does not require gradients")
            captured.append(x)
        elif x.op is not None:
            todo.extend(x.inputs)
    return sorted(captured, key=operator.attrgetter("number"))
