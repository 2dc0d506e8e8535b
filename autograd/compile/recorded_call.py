"""One recording of a function: its program, and for which calls that program gives what the function would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.backward import propagate
from ..core.node import Node
from ..core.recording import is_recording, record
from .call_arguments import CallArguments, map_structure
from .drawn_numbers import DrawnNumbers
from .program import Program, Stage
from .reach import Reach
from .replayed import ReplayedCall, ReplayedOp
from .run_program import ProgramRun
from .stand_ins import TracedArray, TracedNumber
from .trace import Condition, Trace, data_now


class Miss(NamedTuple):
    """What a replay answers if the recording does not hold for a call."""

    why: str


#: The largest number of results with gradients of their own, each of which is a backward stage.
MOST_STAGES = 4


class Result(NamedTuple):
    """How one number or array among the results of a call is made.

    Attributes
    ----------
    kind : {"plain", "number", "node", "given", "held", "constant"}
        Plain data of a variable, the same as a Python or NumPy number, a node with it, an argument, an object that the
        function found by name, or a copy of a constant.
    place : int
        The place among the outputs of the program; of an argument among the leaves.
    content : object
        What was found, the constant.
    stage : int
        The stage of the program that pulls its gradient back; 0 if none does.
    """

    kind: str
    place: int = 0
    content: Any = None
    stage: int = 0


class StagePlan:
    """The outputs of one stage, and the conditions under which they are right.

    Attributes
    ----------
    outputs : list of int
        Variables, without repetition.
    conditions : list of (int, Condition)
        Places among the outputs, and what must hold there.
    """

    def __init__(self) -> None:
        self.outputs: list[int] = []
        self.conditions: list[tuple[int, Condition]] = []

    def place(self, variable: int) -> int:
        """Return the place of a variable among the outputs."""
        if variable not in self.outputs:
            self.outputs.append(variable)
        return self.outputs.index(variable)

    def expect(self, conditions: Sequence[Condition]) -> None:
        """Add conditions."""
        self.conditions += [(self.place(c.variable), c) for c in conditions]

    def failed(self, outputs: Sequence[Any]) -> Condition | None:
        """Return the first condition that does not hold."""
        for place, condition in self.conditions:
            if not np.array_equal(outputs[place], condition.answer):
                return condition
        return None


class RecordedCall:
    """A program, and what must hold for a call to be computed by it.

    Made while the trace of the first call is still going on, since the backward pass is traced, too.

    Parameters
    ----------
    f : callable
        The function; higher derivatives call it again.
    arguments : CallArguments
    reach : Reach
        What the function could reach by name.
    trace : Trace
    stand_ins : list
        What the function got in the place of the leaves of its arguments.
    returned : object
        What it returned.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: CallArguments,
        reach: Reach,
        trace: Trace,
        stand_ins: list[Any],
        returned: Any,
    ) -> None:
        self.arguments, self.reach = arguments, reach
        self.inputs = [trace.places[x][0] for x in stand_ins]
        self.forward, self.roots = StagePlan(), list[Any]()
        self.results = map_structure(lambda x: self._result(x, trace, stand_ins), returned)
        trace.settle_gradients()
        trace.settle_buffers()
        places: dict[Any, int] = {x: i for i, x in enumerate(arguments.leaves) if isinstance(x, Node)}
        self.effects = [
            (e, None if e.variable is None else self.forward.place(e.variable), places.get(getattr(e, "node", None)))
            for e in trace.effects
        ]
        self.forward.expect(trace.conditions)
        self.before = [(node, places.get(node), place) for node, place in trace.gradients_before.items()]
        self.op = ReplayedOp(f)
        self.backward: list[StagePlan] = []
        self.pulled: list[list[Any]] = []
        stages = [Stage((), list(trace.instructions), tuple(self.forward.outputs))]
        known = [x for x in (*arguments.leaves, *trace.captured.values()) if isinstance(x, Node) and x._tracked]
        self.wanted = list(dict.fromkeys(known))
        if len(self.roots) <= MOST_STAGES:
            stages += [self._pull_back(root, trace) for root in self.roots]
        self.captured = list(trace.captured.values())
        given = [*self.inputs, *trace.captured, *[p for _, _, p in self.before if p is not None]]
        stages[0].inputs = tuple(given)
        self.program = Program(trace.variables, trace.constants, stages)
        self.draws = any(getattr(i.operation, "always", False) for i in self.program.instructions)

    # -------------------------------------------------------------------------------------- recording

    def _result(self, x: Any, trace: Trace, stand_ins: list[Any]) -> Result:
        """Tell how a result is made."""
        for place, (leaf, stand_in) in enumerate(zip(self.arguments.leaves, stand_ins)):
            if x is leaf or x is stand_in:
                return Result("given", place)
        if not isinstance(x, Node):
            if isinstance(x, (np.ndarray, np.generic, int, float, str, bytes, type(None))):
                return Result("constant", content=np.copy(x) if isinstance(x, np.ndarray) else x)
            trace.fail(f"returns a {type(x).__name__}")
            return Result("constant", content=x)
        variable = trace.place_of(x)
        if variable is not None and trace.captured.get(variable) is x:
            return Result("held", content=x)
        if variable is None:
            return Result("constant", content=x)
        if isinstance(x, (TracedArray, TracedNumber)):
            return Result("plain" if x.ndim else "number", self.forward.place(variable))
        if x._tracked:
            self.roots.append(x)
        return Result("node", self.forward.place(variable), x.__class__, len(self.roots) if x._tracked else 0)

    def _pull_back(self, root: Any, trace: Trace) -> Stage:
        """Trace the backward pass of one result."""
        begin, asked, plan = len(trace.instructions), len(trace.conditions), StagePlan()
        cotangent = trace.variable(root._plain)
        one = np.ones_like(root._plain) if isinstance(root._plain, np.ndarray) else 1.0
        try:
            table = dict(propagate(root, trace.stand_in(one, cotangent), stop=frozenset(self.wanted)))
        except Exception as error:  # nobody has asked for it yet
            trace.fail(f"has a derivative that cannot be traced: {error}")
            table = {}
        self.pulled.append(
            [None if x not in table else plan.place(trace.reference(table[x]).number) for x in self.wanted]
        )
        plan.expect(trace.conditions[asked:])
        self.backward.append(plan)
        return Stage((cotangent,), trace.instructions[begin:], tuple(plan.outputs))

    # --------------------------------------------------------------------------------------- replaying

    def replay(self, arguments: CallArguments, f: Callable[..., Any]) -> Any:
        """Compute a call by the program; a `Miss` if the function would not compute the same operations."""
        if arguments.key != self.arguments.key:
            return Miss("other shapes, dtypes or fixed arguments")
        if not self.reach.same_as(f):
            return Miss("something that it finds by name was replaced")
        leaves, grads = arguments.leaves, []
        for node, leaf, place in self.before:
            grad = (node if leaf is None else leaves[leaf])._grad
            if (grad is None) != (place is None):
                return Miss("a node that had a gradient has none, or the other way round")
            grads += [] if place is None else [grad]
        given = [x._plain if isinstance(x, Node) else x for x in leaves]
        given += [data_now(x) for x in self.captured]
        numbers = DrawnNumbers(self.reach.generators) if self.draws else None
        run = ProgramRun(self.program)
        try:
            outputs = run.stage(0, [*given, *grads])
        except Exception as error:  # the function itself fails as well, and says why, or takes another way
            return self._missed(f"the program failed: {error}", numbers)
        if (failed := self.forward.failed(outputs)) is not None:
            return self._missed(f"the answer to what it asks of its numbers is another one{failed.line}", numbers)
        for effect, place, leaf in self.effects:
            effect.perform(None if place is None else outputs[place], None if leaf is None else leaves[leaf])
        return self._results(arguments, outputs, run)

    def _missed(self, why: str, numbers: DrawnNumbers | None) -> Miss:
        """Take back the random numbers of a run that counts for nothing."""
        if numbers is not None:
            numbers.take_back()
        return Miss(why)

    def _results(self, arguments: CallArguments, outputs: list[Any], run: Any) -> Any:
        """Return the results of a call."""
        leaves = arguments.leaves
        places = {x: i for i, x in enumerate(self.arguments.leaves) if isinstance(x, Node)}
        inputs = tuple([leaves[places[x]] if x in places else x for x in self.wanted])
        call = ReplayedCall(run, self, arguments, inputs)

        def result(r: Result) -> Any:
            if r.kind == "given":
                return leaves[r.place]
            if r.kind == "held":
                return r.content
            if r.kind == "constant":
                return _copy(r.content)
            data = outputs[r.place]
            if r.kind == "plain":
                return data
            if r.kind == "number":
                return data[()] if isinstance(data, np.ndarray) else data
            if not r.stage or not is_recording():
                return record(self.op, data, ())
            return record(self.op, data, inputs, {"call": call, "result": r.stage - 1})

        return map_results(result, self.results)

    def pull_back(self, call: ReplayedCall, cotangent: Any, result: int) -> list[Any] | None:
        """Return the gradients of all wanted nodes; None if the program does not hold here."""
        if result >= len(self.backward):
            return None
        outputs = call.run.stage(result + 1, [cotangent])
        if self.backward[result].failed(outputs) is not None:
            return None
        return [None if place is None else outputs[place] for place in self.pulled[result]]


def map_results(function: Callable[[Result], Any], x: Any) -> Any:
    """Apply a function to every Result in a nested structure."""
    if isinstance(x, Result):
        return function(x)
    if isinstance(x, dict):
        return {key: map_results(function, value) for key, value in x.items()}
    items = [map_results(function, item) for item in x]
    return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)


def _copy(x: Any) -> Any:
    if isinstance(x, Node):
        copied = object.__new__(x.__class__)
        copied.__setstate__(object.__reduce_ex__(x, 2)[2])  # type: ignore[attr-defined]
        return copied
    return x.copy() if isinstance(x, np.ndarray) else x
