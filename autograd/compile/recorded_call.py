"""One recording of a function: its program, and for which calls that program gives what the function would."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...common.collector import collector_paused
from ..core.backward import propagate
from ..core.node import Node, clock, fill, kinds
from ..core.recording import record
from ..graph_order import backward_order
from .call_arguments import CallArguments, map_structure
from .drawn_numbers import DrawnNumbers
from .effects import Effect, Leaf, node_of
from .passes.pipeline import PASSES, simplified
from .program import Program, Stage
from .reach import Reach
from .recording_notes import RecordingNotes
from .replayed import ReplayedCall, ReplayedOp
from .runners.executable import Executable
from .stand_ins import TracedArray, TracedNumber
from .trace import Condition, Trace, data_now


class Miss(NamedTuple):
    """What a replay answers if the recording does not hold for a call."""

    why: str


#: An array that the function finds by name, but that no operation has read, is compared if it has up to so many bytes:
#: the function may have computed with it in another way.
UNSEEN_ARRAY = 1 << 16
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
    stage : int or None
        The number of the stage, if there is one.
    too_late : bool
        Whether there is none because the function changes what it has read.
    sources : list of Node or Leaf
        Of a backward stage: on which nodes the result depends, or the arguments in their places.
    gradients : list of int
        The places of their gradients among the outputs.
    """

    def __init__(self) -> None:
        self.outputs: list[int] = []
        self.order: dict[int, int] = {}  # from a variable to its place
        self.stage: int | None = None
        self.too_late = False
        self.sources: list[Any] = []
        self.gradients: list[int] = []
        self.conditions: list[tuple[int, Condition]] = []

    def place(self, variable: int) -> int:
        """Return the place of a variable among the outputs."""
        if variable not in self.order:
            self.order[variable] = len(self.outputs)
            self.outputs.append(variable)
        return self.order[variable]

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
    steady : bool
        See :class:`Compiled`.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: CallArguments,
        reach: Reach,
        trace: Trace,
        stand_ins: list[Any],
        returned: Any,
        steady: bool,
    ) -> None:
        self.key: list[Any] = arguments.key
        self.reach = reach
        self.held: list[Reach] = arguments.reach
        self.names: dict[int, int] = {id(x): i for i, x in enumerate(reach.nodes)}
        self.also_named: list[Any] = self._also_named(arguments.leaves)
        self.forward: StagePlan = StagePlan()
        roots = list[Any]()
        self.places: list[int] = []  # of the roots among the outputs
        given = list(zip(arguments.leaves, stand_ins))
        self.results: Any = map_structure(lambda x: self._result(x, trace, given, roots), returned)
        trace.settle_gradients()
        trace.settle_buffers()
        leaves = _leaves_by_node(arguments)
        self.effects: list[tuple[Effect, int | None]] = [
            (e.of_any_call(leaves), self._output(e.variable)) for e in trace.effects
        ]
        self.forward.expect(trace.conditions)
        self.before: list[tuple[Leaf | Node, int | None]] = [
            (leaves.get(node, node), place) for node, place in trace.gradients_before.items()
        ]
        self.op: ReplayedOp = ReplayedOp(f)
        self.backward: list[StagePlan] = [StagePlan() for _ in roots]
        stages = [Stage((), list(trace.instructions), tuple(self.forward.outputs))]
        stages += self._backward_stages(roots, leaves, trace, arguments)
        self._note_what_was_found(trace, arguments)
        stages[0].inputs = (*trace.inputs, *trace.captured, *[p for _, p in self.before if p is not None])
        self.program: Program = Program(trace.variables, trace.constants, stages, self)
        self.draws: bool = any(getattr(i.operation, "always", False) for i in self.program.instructions)
        self.notes: RecordingNotes = RecordingNotes(f, arguments, trace)
        self.steady = steady
        self.executable: Executable | None = None

    def _backward_stages(
        self, roots: list[Any], leaves: Mapping[Any, Leaf], trace: Trace, arguments: CallArguments
    ) -> list[Stage]:
        """Trace the backward pass of each result that requires gradients, unless there are many."""
        known = [x for x in (*arguments.leaves, *trace.captured.values()) if isinstance(x, Node) and x._tracked]
        stages: list[Stage] = []
        for plan, root in zip(self.backward, roots):
            sources = _sources(root, known)
            plan.sources = [leaves.get(x, x) for x in sources]
            if len(roots) <= MOST_STAGES and (stage := self._pull_back(plan, root, sources, trace)) is not None:
                stages.append(stage)
                plan.stage = len(stages)
        return stages

    def _note_what_was_found(self, trace: Trace, arguments: CallArguments) -> None:
        """Note the nodes, arrays and generators that the function found by name."""
        self.captured: list[Any] = list(trace.captured.values())
        self.nodes_alone: bool = all(isinstance(x, Node) for x in self.captured)
        self.unseen: list[tuple[Any, Any]] = [
            (x, data_now(x).tobytes()) for x in trace.unseen() if data_now(x).nbytes <= UNSEEN_ARRAY
        ]
        self.generators: list[np.random.Generator] = [
            generator for r in (self.reach, *arguments.reach) for generator in r.generators
        ]
        self._check_found(trace, arguments)

    # -------------------------------------------------------------------------------------- recording

    def _output(self, variable: int | None) -> int | None:
        return None if variable is None else self.forward.place(variable)

    def _also_named(self, leaves: list[Any]) -> list[Any]:
        """Tell which of the arguments the function finds by name, too."""
        return [self.names.get(id(x)) for x in leaves if isinstance(x, Node)]

    def _check_found(self, trace: Trace, arguments: CallArguments) -> None:
        """Refuse nodes of which nobody would notice that they are replaced."""
        nodes = [x for reach in (self.reach, *arguments.reach) for x in reach.nodes]
        found = {id(x) for x in (*nodes, *arguments.leaves)}
        for x in self.captured:
            if isinstance(x, Node) and id(x) not in found:
                trace.fail(f"uses a {type(x).__name__} that is neither an argument nor found by a name in its code")

    def _result(self, x: Any, trace: Trace, given: list[tuple[Any, Any]], roots: list[Any]) -> Result:
        """Tell how a result is made; those that require gradients are added to the roots."""
        for place, (leaf, stand_in) in enumerate(given):
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
        place = self.forward.place(variable)
        if x._tracked:
            roots.append(x)
            self.places.append(place)
        return Result("node", place, x.__class__, len(roots) if x._tracked else 0)

    def _pull_back(self, plan: StagePlan, root: Any, sources: list[Node], trace: Trace) -> Stage | None:
        """Trace the backward pass of one result; None if that raises, as it will do if somebody asks for it."""
        begin, asked = len(trace.instructions), len(trace.conditions)
        cotangent = trace.variable(root._plain)
        one = np.ones_like(root._plain) if isinstance(root._plain, np.ndarray) else 1.0
        try:
            table = dict(propagate(root, trace.stand_in(one, cotangent), stop=frozenset(sources)))
        except Exception:
            plan.too_late = True
            return None
        plan.gradients = [plan.place(trace.reference(table[x]).number) for x in sources]
        plan.expect(trace.conditions[asked:])
        return Stage((cotangent,), trace.instructions[begin:], tuple(plan.outputs))

    # --------------------------------------------------------------------------------------- replaying

    def replay(self, arguments: CallArguments, f: Callable[..., Any]) -> Any:
        """Compute a call by the program; a `Miss` if the function would not compute the same operations."""
        given = self.given(arguments, f)
        if given.__class__ is Miss:
            return given
        leaves = arguments.leaves
        numbers = DrawnNumbers(self.generators) if self.draws else None
        run = self.begin()
        try:
            outputs = run.stage(0, given)
        except Exception as error:  # the function itself fails as well, and says why, or takes another way
            return self._missed(f"the program failed: {error}", numbers)
        if (failed := self.forward.failed(outputs)) is not None:
            return self._missed(f"the answer to what it asks of its numbers is another one{failed.line}", numbers)
        call = ReplayedCall(run, self, arguments, numbers)
        # A backward pass through what is read before it is changed has to raise, so that comes first.
        early = {k: self._node(k, outputs, call) for k, plan in enumerate(self.backward, 1) if plan.too_late}
        for effect, place in self.effects:
            effect.perform(None if place is None else outputs[place], leaves)
        return map_results(lambda r: early.get(r.stage) or self._result_of(r, outputs, call), self.results)

    def given(self, arguments: CallArguments, f: Callable[..., Any]) -> Any:
        """Return what the program is given in a call: a list of data, or a `Miss` if it is not for such a call."""
        leaves, gradients = arguments.leaves, []
        if arguments.key != self.key or self._also_named(leaves) != self.also_named:
            return Miss("other shapes, dtypes or fixed arguments")
        if not self.reach.same_as(f):
            return Miss("something that it finds by name was replaced")
        if any(data_now(x).tobytes() != content for x, content in self.unseen):
            return Miss("an array that it finds by name was changed")
        for node, place in self.before:
            gradient = node_of(node, leaves)._grad
            if (gradient is None) != (place is None):
                return Miss("a node that had a gradient has none, or the other way round")
            gradients += [] if place is None else [gradient]
        given = [x._plain if isinstance(x, Node) else x for x in leaves]
        return [*given, *map(_plain_of if self.nodes_alone else data_now, self.captured), *gradients]

    def begin(self) -> Any:
        """Return a new run of the program."""
        if self.executable is None:
            with collector_paused():
                self.executable = Executable(simplified(self.program, PASSES), self.steady)
        return self.executable.run()

    def _missed(self, why: str, numbers: DrawnNumbers | None) -> Miss:
        """Take back the random numbers of a run that counts for nothing."""
        if numbers is not None:
            numbers.take_back()
        return Miss(why)

    def _result_of(self, r: Result, outputs: list[Any], call: ReplayedCall) -> Any:
        """Return one number or array among the results of a call."""
        if r.kind == "given":
            return call.arguments.leaves[r.place]
        if r.kind == "held":
            return r.content
        if r.kind == "constant":
            return _copy(r.content)
        data = outputs[r.place]
        if r.kind == "plain":
            return data
        if r.kind == "number":
            return data[()] if isinstance(data, np.ndarray) else data
        return self._node(r.stage, outputs, call) if r.stage else record(self.op, data, ())

    def _node(self, stage: int, outputs: list[Any], call: ReplayedCall) -> Any:
        """Return a result with its graph: one operation, whose inputs are the nodes on which it depends."""
        sources, data = self.backward[stage - 1].sources, outputs[self.places[stage - 1]]
        if Leaf in map(type, sources):
            sources = [node_of(x, call.arguments.leaves) for x in sources]
        if data.__class__ is not float:
            data = np.asarray(data)
            data.setflags(write=False)
        node = object.__new__(kinds[data.__class__])
        fill(node, data, self.op, tuple(sources), {"call": call, "result": stage - 1}, True, clock())
        return node

    def undo(self, leaves: list[Any]) -> Callable[[], None]:
        """Return a function that undoes the effects of a call of ``f`` that follows.

        Raises
        ------
        RuntimeError
            If they cannot be undone.
        """
        states = [effect.state(leaves) for effect, _ in self.effects]

        def restore_all() -> None:
            for restore in reversed(states):
                restore()

        return restore_all

    def pull_back(self, call: ReplayedCall, cotangent: Any, result: int) -> list[Any] | None:
        """Return the gradients of all inputs of a result; None if the program does not hold here."""
        plan = self.backward[result]
        if plan.stage is None:
            return None
        outputs = call.stage(plan.stage, [cotangent])
        return [outputs[place] for place in plan.gradients] if plan.failed(outputs) is None else None


def _leaves_by_node(arguments: CallArguments) -> dict[Any, Leaf]:
    """Return the place of each node among the arguments: another call has another node there."""
    numbered = reversed(list(enumerate(arguments.leaves)))  # the first place of one that is given twice
    return {x: Leaf(i) for i, x in numbered if isinstance(x, Node)}


_plain_of = operator.attrgetter("_plain")


def _sources(root: Any, known: Iterable[Node]) -> list[Node]:
    """Return the nodes, of those that are known, on which a result depends."""
    found = {root, *(x for node in backward_order(root, frozenset(known)) for x in node.inputs)}
    return [x for x in dict.fromkeys(known) if x in found]


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
