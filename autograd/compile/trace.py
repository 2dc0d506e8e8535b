"""A trace: a function runs once, as it always does, and every operation that it computes becomes an instruction.

Nothing is computed in another way than without a trace. Plain arguments are replaced by stand-ins
(``stand_ins.py``), so that what is computed from them is noticed. Where the function asks what only numbers can answer
(``if x.sum() > 0``), the answer becomes a condition: the program holds for later calls that give the same answer.
Where it does what no program could repeat, the trace says why; the function goes on undisturbed.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from math import isfinite
from threading import get_ident
from typing import Any, NamedTuple

import numpy as np

from ...common.collector import collector_paused
from ...common.fork import renewed
from ...common.plain_data import frozen
from ..batched import whole_of
from ..core.node import NO_PARAMS, Constant, Node, clock, fill, on_look, on_record, traces
from ..core.op import PlainFunction, plain_params
from ..core.recording import record
from ..ops.views import refresh
from ..tensor import EmptiedTensor
from . import traced_backward
from .drawn_numbers import DrawnNumbers
from .effects import CallEffect, Effect, SetBuffer, SetData, SetGradient
from .program import Instruction, Ref, Variable, spread
from .stand_ins import TracedArray, TracedNumber, plain_kind

_PACKAGE = __name__.partition(".")[0]

traced_backward.install()


class Condition(NamedTuple):
    """What must hold for a program to give what the function would.

    Attributes
    ----------
    variable : int
        What is looked at.
    answer : bool or array
        What it was.
    line : str
        Where the function asked.
    """

    variable: int
    answer: Any
    line: str


class CapturedBuffer(NamedTuple):
    """A buffer of a module, whose data is read anew at every call."""

    module: Any
    name: str

    @property
    def data(self) -> Any:
        """The array."""
        return vars(self.module)[self.name]


def data_now(source: Any) -> Any:
    """Return the present data of what was captured: a node, an array or a buffer."""
    if isinstance(source, Node):
        return source._plain
    return source.data if source.__class__ is CapturedBuffer else source


class Trace:
    """What a function computes while a ``with`` block runs.

    Parameters
    ----------
    found : iterable of (ndarray, object)
        Plain arrays that the function finds by name, and that are read anew at every call: from themselves, or from
        the buffer of a module.
    generators : iterable of Generator
        Those of layers, from which, as from the default one, only functions of a program may draw: they draw at every
        run.

    Attributes
    ----------
    variables : list of Variable
    inputs : list of int
        The variables of the arguments.
    instructions : list of Instruction
    constants : dict of int to array or number
    captured : dict of int to Node, ndarray or CapturedBuffer
        The variables whose data is read anew at every call, from a node or an array that the function found.
    conditions : list of Condition
    why_not : str or None
        Why the function cannot be a program.
    only_now : bool
        Whether that is so for the present numbers alone.
    """

    def __init__(self, found: Iterable[tuple[Any, Any]] = (), generators: Iterable[Any] = ()) -> None:
        self.variables: list[Variable] = []
        self.refs: list[Ref] = []  # one for each variable
        self.inputs: list[int] = []
        self.instructions: list[Instruction] = []
        self.constants: dict[int, Any] = {}
        self.captured: dict[int, Any] = {}
        self.conditions: list[Condition] = []
        self.why_not: str | None = None
        self.only_now: bool = False
        self.places: dict[Node, tuple[int, int | None]] = {}  # variable, and the node's number when it was noted
        self.stand_ins: dict[int, Any] = {}
        self.drawn: DrawnNumbers = DrawnNumbers(generators)  # since the last function that a program calls, too
        self.pulls: int = 0
        self.arrays: dict[int, tuple[Any, Any]] = {id(array): (array, source) for array, source in found}
        self.computed: set[int] = set()
        self.lent: dict[Node, Node] = {}  # stand-ins for the data of nodes, which may be written to
        self.seen_arrays: dict[int, tuple[Any, int]] = {}
        self.began: int = clock()
        self.thread: int = get_ident()
        self.settled: set[Node] = set()  # those whose gradients others have got, and may have changed
        self.unknown: set[int] = set()  # variables that are known only after the run
        self.written: set[Node] = set()
        self.changed: set[Node] = set()
        self.buffers: list[tuple[Any, str, int]] = []
        self.gradients: dict[Node, Any] = {}  # those that are set, and are stand-ins until the trace is over
        self.gradients_before: dict[Node, int | None] = {}
        self.effects: list[Effect] = []
        self.with_params: list[Node] = []
        self.called: bool = False
        self.pauses: ExitStack[bool | None] = ExitStack()  # of the garbage collector, while all that is noted stays
        self.pulled_back: list[tuple[int, int]] = []  # the variables of backward passes: the first, and the end
        self.undo: list[Callable[[], None]] = []  # in reverse order, they give others back what the function changed

    def __enter__(self) -> Trace:
        self.pauses.enter_context(collector_paused())
        traces[self.thread] = self
        on_record.append(self.see)
        on_look.append(self.note)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the trace; again, if a KeyboardInterrupt has come in between."""
        self.pauses.close()
        self._make_plain()
        for node in self.with_params:
            if node.__class__ is not EmptiedTensor:
                node.params = plain_params(node.params)
        self.forget()

    def forget(self) -> None:
        """Let nobody call this trace any more, however far it has come when a KeyboardInterrupt or a fork ends it."""
        if traces.get(self.thread) is self:
            del traces[self.thread]
        watches: Any
        for watches, own in ((on_record, self.see), (on_look, self.note)):
            if own in watches:
                watches.remove(own)

    def fail(self, why: str, only_now: bool = False) -> None:
        """Note that no program can repeat what the function does (``only_now``: with these numbers); it goes on."""
        if self.why_not is None:
            self.why_not, self.only_now = f"it {why}{_line()}", only_now
            self.pauses.close()

    # ------------------------------------------------------------------------------------------ variables

    def variable(self, data: Any) -> int:
        """Return a new variable."""
        number = len(self.variables)
        self.variables.append(Variable.of(data))
        self.refs.append(Ref(number))
        return number

    def name(self, node: Any, variable: int) -> Any:
        """Let a node carry a variable."""
        self.places[node] = variable, node.number
        return node

    def place_of(self, x: Any) -> int | None:
        """Return the variable that a node or array carries, None if it is not traced; what was found is captured."""
        if not isinstance(x, Node):
            return self._array(x) if self.arrays and id(x) in self.arrays else None
        found = self.places.get(x)
        if found is None or found[1] != x.number or self.unknown or self.changed or x.__class__ is EmptiedTensor:
            return self._place_of_node(x)
        return found[0]

    def _place_of_node(self, x: Any) -> int | None:
        """Return the variable that a node carries, after asking whether it is still what it was."""
        if x.__class__ is EmptiedTensor:
            refresh(x)
        if x in self.places:
            place, number = self.places[x]
            if number is None:  # it was set, and has got a new number since
                self.name(x, place)
                return place
            if number != x.number:
                self.fail("changes a Tensor in place")
            if place in self.unknown or x in self.changed:
                self.fail("computes with what an optimizer or the like has changed or returned")
            return place
        if x.number > self.began or isinstance(x, Constant):
            if self.called and x.op is None and x._tracked:
                self.fail("computes with a Tensor that an optimizer may have changed")
            return None
        place = self.variable(x._plain)
        self.captured[place] = x
        self.name(x, place)
        return place

    def _array(self, x: Any) -> int:
        if id(x) not in self.seen_arrays:
            self.seen_arrays[id(x)] = x, self.variable(x)
            self.captured[self.seen_arrays[id(x)][1]] = self.arrays[id(x)][1]
        return self.seen_arrays[id(x)][1]

    def unseen(self) -> list[Any]:
        """Return where the arrays are read from that the function finds by name, and that no operation has read."""
        return [source for key, (_, source) in self.arrays.items() if key not in self.seen_arrays]

    def labels(self) -> dict[int, str]:
        """Return the labels of the nodes that the function has computed, for those who read the program."""
        return {place: node.label for node, (place, _) in list(self.places.items()) if node.notes and node.label}

    def is_traced(self, x: Any) -> bool:
        """Return whether something, or a part of it, is a variable."""
        if isinstance(x, (tuple, list)):
            return any(map(self.is_traced, x))
        if isinstance(x, Mapping):
            return any(map(self.is_traced, x.values()))
        if not (isinstance(x, Node) or id(x) in self.arrays):
            return False
        place = self.place_of(x)
        return place is not None and place not in self.constants

    def reference(self, x: Any) -> Ref:
        """Return the variable of an input; what is not traced is a constant."""
        place = self.place_of(x)
        if place is None:
            data = x._plain if isinstance(x, Node) else x
            place = self.variable(data)
            self.constants[place] = frozen(data)
            if isinstance(x, Node):
                self.name(x, place)
        return self.refs[place]

    def references(self, x: Any) -> Any:
        """Return parameters with references in the place of what is traced."""
        if x is NO_PARAMS:
            return x
        if isinstance(x, (tuple, list)):
            items = [self.references(item) for item in x]
            return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
        if isinstance(x, Mapping):
            return {key: self.references(value) for key, value in x.items()} if x else NO_PARAMS
        return self.refs[place] if (place := self.place_of(x)) is not None else x

    def stand_in(self, data: Any, variable: int) -> Any:
        """Return what a function gets to see of a variable: a node that stands for plain data."""
        if data.__class__ is float:
            return self.name(_leaf(TracedNumber, data), variable)
        if isinstance(data, (bool, np.bool_)):  # kept as it is: a choice between floats by it is a float
            return self.name(_leaf(TracedArray, np.bool_(data)), variable)
        if isinstance(data, (np.ndarray, np.generic)):
            return self.name(_leaf(TracedArray, np.asarray(data)), variable)
        if data is None:
            return None
        if data.__class__ is complex:
            self.fail("makes a complex number of Python")
            return data
        return self.name(Constant(data), variable)  # no number: what one kernel hands to another

    def entered(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return inputs with stand-ins for the arrays that are captured."""
        if not self.arrays:
            return inputs
        return tuple([self._stand_in_at(self._array(x), x) if id(x) in self.arrays else x for x in inputs])

    def _stand_in_at(self, place: int, data: Any) -> Any:
        if place not in self.stand_ins:
            self.stand_ins[place] = self.stand_in(data, place)
        return self.stand_ins[place]

    def is_own(self, node: Any) -> bool:
        """Return whether a node was made by the function, which may write to it."""
        if node in self.lent:
            owner = self.lent[node]
            return owner.op is None and getattr(owner, "_memory", None) is None
        if node.stands_for_data:
            place = self.places.get(node, (None, 0))[0]
            return place in self.computed and self.stand_ins.get(place) is not node
        return node.number > self.began and node not in self.captured.values()

    def replaced(self, node: Any, new: Any) -> None:
        """Note that a node was written to, and has the content of another one now."""
        place = self.place_of(new)
        if place is not None or node in self.places:
            self.name(node, self.reference(new).number)
        if (owner := self.lent.get(node)) is not None:
            self.write_data(owner, node)
            owner._plain, owner.number = node._plain, clock()

    def carry(self, node: Node, x: Any) -> None:
        """Let a new node carry the variable of what its data was taken from: of a number, as an array if it has one."""
        if isinstance(x, Node) and (x._plain.__class__ is float) != (node._plain.__class__ is float):
            x = self.call(_as_float if node._plain.__class__ is float else _as_array, (x,), {})
        if (place := self.place_of(x)) is not None:
            self.name(node, place)

    def data_of(self, node: Any) -> Any:
        """Return what stands for the plain data of a node."""
        place = self.place_of(node)
        if place is None or place in self.constants:
            return node._plain
        return node if node.stands_for_data else self._stand_in_at(place, node._plain)

    def argument(self, x: Any) -> Any:
        """Return what a function gets for an argument: a stand-in for plain data; a node is given as it is."""
        if isinstance(x, Node) and x in self.places:  # it is given twice
            self.inputs.append(self.places[x][0])
            return x
        self.inputs.append(self.variable(x._plain if isinstance(x, Node) else x))
        return self.name(x, self.inputs[-1]) if isinstance(x, Node) else self.stand_in(x, self.inputs[-1])

    def plain(self, x: Any) -> Any:
        """Return the data of a stand-in; anything else as it is."""
        return x._plain if isinstance(x, (TracedArray, TracedNumber)) else x

    # --------------------------------------------------------------------------------------- instructions

    def see(self, node: Node, op: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> None:
        """Note an operation that was computed."""
        if traces.get(get_ident()) is not self or node in self.places:
            return
        for x in inputs:
            place = self.place_of(x)
            if place is not None and place not in self.constants:
                break
        else:
            if not (params and self.is_traced(params)):
                return
        self.name(node, self.emit(op, inputs, params, node._plain))
        self._keep_plain(node, inputs)
        if params:
            self._note_params(node)

    def _keep_plain(self, node: Any, inputs: tuple[Any, ...]) -> None:
        """Let a result stand for plain data, if all inputs do."""
        for x in inputs:
            if isinstance(x, Node) and not x.stands_for_data and not isinstance(x, Constant):
                return
        node.__class__ = plain_kind(node)

    def _note_params(self, node: Any) -> None:
        """Note a node with stand-ins among its parameters, which later backward passes read."""
        if node.params and plain_params(node.params) is not node.params:
            self.with_params.append(node)

    def emit(self, operation: Any, inputs: tuple[Any, ...], params: Mapping[str, Any], result: Any) -> int:
        """Add an instruction, and return the variable that it defines."""
        arguments = tuple([self.reference(x) for x in self.as_data_for(operation, inputs)])
        return self.add(operation, arguments, self.references(params), result)

    def add(self, operation: Any, arguments: tuple[Any, ...], params: Mapping[str, Any], result: Any) -> int:
        """Add an instruction that has its references, and return the variable that it defines."""
        number = self.variable(result)
        self.computed.add(number)
        self.instructions.append(Instruction(operation, arguments, params, (number,)))
        return number

    def as_data_for(self, op: Any, inputs: Iterable[Any]) -> list[Any]:
        """Return inputs with arrays in the place of floats, unless the operation acts on single numbers, too."""
        if op.elementwise:
            return list(inputs)
        return [self.call(_as_array, (x,), {}) if _is_float(x) else x for x in inputs]

    def record(self, op: Any, data: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Record a result that was computed as a stand-in: the node carries the same variable."""
        place = self.place_of(data)
        on_record.remove(self.see)
        try:
            node = record(op, data._plain, inputs, params)
        finally:
            on_record.append(self.see)
        if place is not None:
            self.name(node, place)
        self._keep_plain(node, inputs)
        self._note_params(node)
        return node

    def call(self, function: PlainFunction, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call a function of plain data, and return stand-ins for what it returns."""
        if function.always:
            self.check_drawn()
        computed = function.compute(*plain_params(args), **plain_params(kwargs))
        if function.always:
            self.drawn = self.drawn.present()
        traced = function.always or self.is_traced(args) or self.is_traced(kwargs)
        if not traced or computed is NotImplemented:
            return computed
        results = spread(computed)
        numbers = tuple([self.variable(data) for data in results])
        self.computed.update(numbers)
        self.instructions.append(Instruction(function, self.references(args), self.references(kwargs), numbers))
        nodes = tuple([self._result(data, number) for data, number in zip(results, numbers)])
        if not isinstance(computed, tuple):
            return nodes[0]
        return type(computed)(*nodes) if hasattr(computed, "_fields") else nodes

    @contextmanager
    def pulling_back(self) -> Iterator[None]:
        """Compute by derivative rules inside this block: there a division of numbers by 0 has IEEE's answer."""
        self.pulls += 1
        try:
            yield
        finally:
            self.pulls -= 1

    def check_drawn(self) -> None:
        """End the trace if random numbers were drawn that no program draws again."""
        if self.drawn.any():
            self.fail("draws random numbers; draw them outside and pass them in")

    def _result(self, data: Any, variable: int) -> Any:
        """Return what a function of plain data is seen to return: an integer of Python itself, under a condition."""
        if data.__class__ is int:
            self.conditions.append(Condition(variable, data, _line()))
            return data
        return self.stand_in(data, variable)

    # ------------------------------------------------------------------------------------------- effects

    def gradient_of(self, node: Any) -> Any:
        """Return what stands for the ``.grad`` of a node."""
        if not self.is_outer(node) or node in self.gradients or isinstance(node._grad, Node):
            return node._grad
        if node in self.settled:
            self.fail("reads a gradient after an optimizer had it")
            return node._grad
        if node not in self.gradients_before:
            before, self.gradients_before[node] = node._grad, None
            if before is not None:
                new = self.gradients_before[node] = self.variable(before)
                self.stand_ins[new] = self.stand_in(before, new)
        place = self.gradients_before[node]
        return None if place is None else self.stand_ins[place]

    def read_data(self, node: Any) -> Any:
        """Return what stands for the ``.data`` of a node, and may be written to."""
        place = self.place_of(node)
        if place is None or place in self.constants:
            return node._plain
        lent = self.stand_in(node._plain, place)
        self.lent[lent] = node
        return lent

    def write_data(self, node: Any, given: Any) -> None:
        """Note that the ``.data`` of a node is set."""
        place = self.reference(given).number
        if self.is_outer(node):
            before = node._plain
            self.undo.append(lambda: setattr(node, "_plain", before))
            self.written.add(node)
            self.effects.append(SetData(place, node))
        self.places[node] = place, None

    def is_outer(self, node: Any) -> bool:
        """Return whether a node was there before the function began."""
        return node.number <= self.began or node in self.written

    def set_gradient(self, node: Any) -> None:
        """Note that the ``.grad`` of a node is set."""
        if self.is_outer(node):
            before = node._grad
            self.undo.append(lambda: setattr(node, "_grad", before))
            self.gradients[node] = True

    def accumulate(self, gradients: Iterable[tuple[Any, Any]]) -> None:
        """Add gradients to the ``.grad`` of their nodes."""
        for node, g in gradients:
            if node.notes and "hooks" in node.notes:
                self.fail("calls a hook of a gradient")
            before = self.gradient_of(node)
            self.set_gradient(node)
            node._grad = node.own(g) if before is None else before + g

    def effect(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function that changes something; it is called again after each run of the program."""
        args = tuple([list(x) if isinstance(x, Iterator) else x for x in args])
        if any(self._is_computed(x) for x in (*args, *kwargs.values())):
            self.fail(f"passes what it computed to {function.__name__}()")
            return function(*args, **kwargs)
        self.settle_gradients()
        self.effects.append(CallEffect(None, function, args, kwargs))
        self.called = True
        del traces[self.thread]
        try:
            result = function(*args, **kwargs)
        finally:
            traces[self.thread] = self
            self._follow_changes()
        if isinstance(result, (float, np.floating)):  # known only after each run
            self.unknown.add(self.variable(result))
            return self.stand_in(float(result), len(self.variables) - 1)
        return result

    def _is_computed(self, x: Any) -> bool:
        """Return whether something, or a part of it, was computed by the function."""
        if isinstance(x, (tuple, list)):
            return any(map(self._is_computed, x))
        return isinstance(x, Node) and x in self.places and not self.is_outer(x)

    def _follow_changes(self) -> None:
        """Let nodes whose data an effect has changed stay what they were; nothing is computed from them any more."""
        for node, (place, number) in self.places.items():
            if number is not None and node.number != number and number <= self.began:
                self.places[node] = place, node.number
                self.written.add(node)
                self.changed.add(node)

    def settle_gradients(self) -> None:
        """Give nodes plain gradients in the place of stand-ins."""
        for node in self.gradients:
            gradient = node._grad
            place = None if gradient is None else self.reference(gradient).number
            self.effects.append(SetGradient(place, node))
        self._make_gradients_plain()
        self.settled.update(self.gradients)
        self.gradients.clear()

    def swap_buffers(self, buffers: Iterable[tuple[Any, str]]) -> None:
        """Let the buffers of modules be stand-ins until the trace is over."""
        for module, name in buffers:
            data = vars(module)[name]
            place = self.variable(data)
            self.captured[place] = CapturedBuffer(module, name)
            self.undo.append(functools.partial(vars(module).__setitem__, name, data))
            self.buffers.append((module, name, place))  # first: a KeyboardInterrupt may come
            vars(module)[name] = self.stand_in(data, place)

    def settle_buffers(self) -> None:
        """Note which buffers were replaced."""
        for module, name, place in self.buffers:
            data = vars(module)[name]
            if not isinstance(data, TracedArray):
                self.fail(f"replaces the buffer {name!r} by what was not computed from it")
            elif (now := self.place_of(data)) != place:
                self.effects.append(SetBuffer(now, module, name))
        self._make_plain()

    def give_up(self) -> None:
        """End the trace, if it is not over, and undo what the function has changed."""
        self.close()
        for restore in reversed(self.undo):
            restore()

    def _make_plain(self) -> None:
        """Put plain data in the place of all stand-ins that others could see."""
        self._make_gradients_plain()
        for module, name, _ in self.buffers:
            if isinstance(vars(module)[name], Node):
                vars(module)[name] = np.array(vars(module)[name]._plain)

    def _make_gradients_plain(self) -> None:
        for node in self.gradients:
            if isinstance(node._grad, (TracedArray, TracedNumber)):
                node._grad = np.array(node._grad._plain) if isinstance(node._grad, TracedArray) else node._grad._plain

    # ------------------------------------------------------------------------------------ what is asked

    def read(self, node: Any, what: str) -> Any:
        """Return the numbers of a node, under the condition that they stay the same."""
        place = self.place_of(node)
        if place is None or place in self.constants:
            return node._plain
        data = node._plain
        if not hasattr(data, "dtype") or data.dtype.kind in "fc":
            self.fail(what)
        else:
            self.conditions.append(Condition(place, data.copy(), _line()))
        return data

    def decide(self, node: Any) -> bool:
        """Return the truth value of a node, under the condition that it stays the same."""
        answer = bool(node._plain)
        if (place := self.place_of(node)) is not None and place not in self.constants:
            self.conditions.append(Condition(place, answer, _line()))
        return answer

    def are_finite(self, gradients: Iterable[Any]) -> bool:
        """Return whether gradients are finite, under the condition that they stay so."""
        wholes = {id(g): g for g in map(whole_of, gradients)}.values()
        return bool(all_finite(*[self.data_of(g) if isinstance(g, Node) else g for g in wholes]))

    def note(self, what: str, x: Node, other: Any, answer: Any) -> None:
        """Note that the function looks at numbers."""
        if traces.get(get_ident()) is not self or what in _HARMLESS or not self.is_traced(x):
            return
        self.read(x, what)


_as_float, _as_array = PlainFunction(float), PlainFunction(np.asarray)


def _is_float(x: Any) -> bool:
    return isinstance(x, Node) and x._plain.__class__ is float


@PlainFunction
def all_finite(*arrays: Any) -> bool:
    """Whether no element is infinite or NaN."""
    return all(isfinite(x) if x.__class__ is float else bool(np.isfinite(x).all()) for x in arrays)


#: Looks that are traced, or that see no number.
_HARMLESS = {
    *("<", "<=", ">", ">=", "==", "!=", "compares a Tensor", "calls backward()", "calls item()", "calls numpy()"),
    *("reads .data of a Tensor", "reads .data of a Value", "calls detach()", "casts a Tensor to integers"),
    *("copies numbers into a new tensor", "makes plain numbers of a Tensor", "makes a plain number of a Value"),
    *("calls tolist()", "computes under no_grad, so that a result lost its graph"),
    *(f"{does} of a Value" for does in ("reads .grad", "sets .grad", "sets .data")),
}


@renewed
def _forget_traces_of_other_threads() -> None:
    """Forget, after a fork, the traces of the threads that the child does not have: they would slow all computing."""
    for thread, trace in list(traces.items()):
        if thread != get_ident():
            trace.forget()


def _leaf(kind: type[Any], data: Any) -> Any:
    node = object.__new__(kind)
    fill(node, data, None, (), NO_PARAMS, False, clock())
    return node


def _line() -> str:
    """Return the line of the user's code that is being run."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return "" if frame is None else f" (line {frame.f_lineno} of {frame.f_code.co_filename})"
