"""The picture of a model: its layers, with the shapes of their outputs and their numbers of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....common.evaluation_mode import evaluation_mode
from ...core.node import Node
from ...core.recording import recording
from .graph_reading import inputs_to_show, kind_of
from .module_calls import Call, calls_of, modules_around
from .opened import operations_of
from .parameter_paths import is_module, paths_in
from .picture import Arrow, Box, Picture
from .readable import describe
from .recorded_graph import example_inputs


def picture_of_modules(model: Any, args: Sequence[Any], input_shape: Sequence[int] | None, most: int) -> Picture:
    """Describe a model by running it once, in evaluation mode.

    Modules without submodules become boxes, the others become groups. What a model computes outside of its innermost
    modules, such as the sum in a residual block, is drawn as operations.

    Parameters
    ----------
    model : module
        Has ``named_children``, ``named_modules``, ``modules`` and ``forward``.
    args : sequence
        The arguments of the call.
    input_shape : sequence of int or None
        The shape of a random input, instead of ``args``.
    most : int
        The largest number of boxes.

    Raises
    ------
    TypeError
        If ``model`` is not a module.
    """
    if not is_module(model):
        raise TypeError(f"zoom='modules' draws modules, not {type(model).__name__}; use zoom='ops'")
    inputs = example_inputs(args, input_shape)
    with evaluation_mode(model), recording(), calls_of(model) as calls:
        output = model(*inputs)
    layout = _Layout(model, calls, inputs)
    for result in output if isinstance(output, (tuple, list)) else [output]:
        layout.result(result)
    return layout.picture(most)


def _new_parameters(calls: list[Call]) -> dict[Call, int]:
    """Return the number of parameters of each call that no earlier call has."""
    seen: set[int] = set()
    counts = {}
    for call in calls:
        new = [p for p in call.module.parameters() if id(p) not in seen]
        seen.update(id(p) for p in new)
        counts[call] = sum(int(np.size(p.data)) for p in new)
    return counts


class _Layout:
    """The boxes and arrows of a model, found from the result through calls and operations to the inputs."""

    def __init__(self, model: Any, calls: list[Call], inputs: list[Any]) -> None:
        self.model = model
        self.inputs = inputs
        self.parameters = {id(p): path for path, p in model.named_parameters()}
        self.calls = [call for call in calls if next(iter(call.module.named_children()), None) is None]
        self.outer = [call for call in calls if call not in self.calls and call.module is not model]
        # A module may return its argument itself; then the earliest call counts, so it is entered last.
        self.makers = {id(call.output): call for call in reversed(self.calls) if isinstance(call.output, Node)}
        self.boxes: dict[int, Box] = {}
        self.numbers: dict[str, int] = {}
        self.arrows: list[Arrow] = []
        self.roots: list[str] = []
        self.counts = _new_parameters(self.calls)
        self.names = paths_in(model)

    def result(self, node: Any) -> None:
        """Add one result of the model and all that it was computed from."""
        if not isinstance(node, Node):
            return
        todo = [node]
        self.roots.append(self._box(node).key)
        done = {id(node)}
        while todo:
            reader = todo.pop()
            for source in self._sources(reader):
                self.arrows.append(Arrow(self._box(source).key, self._box(reader).key))
                if id(source) not in done:
                    done.add(id(source))
                    todo.append(source)

    def _sources(self, node: Node) -> list[Node]:
        call = self.makers.get(id(node))
        if call is not None:
            return [x for x in call.args if isinstance(x, Node) and x is not node]
        return [] if node.op is None else list(inputs_to_show(node))

    def _box(self, node: Node) -> Box:
        if id(node) not in self.boxes:
            call = self.makers.get(id(node))
            box = self._of_call(call) if call is not None else self._of_node(node)
            self.numbers[box.key] = call.end if call is not None else node.number
            self.boxes[id(node)] = box
        return self.boxes[id(node)]

    def _of_call(self, call: Call) -> Box:
        count = self.counts[call]
        extra = call.module.extra_repr() if hasattr(call.module, "extra_repr") else ""
        lines = [extra] if extra else []
        lines.append(f"→ {np.shape(call.output.data)}")
        if count:
            lines.append(f"{count:,} parameters")
        elif next(iter(call.module.parameters()), None) is not None:
            lines.append("parameters shared with above")
        title = type(call.module).__name__
        name = call.path.rsplit(".", 1)[-1]
        box = Box(f"m{len(self.boxes)}", "module", f"{name} {title}".strip(), "", lines, group=self._groups(call.start))
        box.inside = operations_of(call.output, call.args, self.names)
        return box

    def _of_node(self, node: Node) -> Box:
        key = f"m{len(self.boxes)}"
        kind = "input" if any(node is x for x in self.inputs) else kind_of(node)
        if node.op is not None:
            shape = f"→ {np.shape(node._plain)}"
            return Box(key, kind, node.label, node.op.symbol, [shape], group=self._groups(node.number))
        name = self.parameters.get(id(node), node.label) or ("input" if kind == "input" else "")
        return Box(key, kind, name, "", describe(node._plain)[:1])

    def _groups(self, number: int) -> tuple[str, ...]:
        return modules_around(number, self.outer)

    def picture(self, most: int) -> Picture:
        """Return the finished picture, in the order of computing."""
        boxes = sorted(self.boxes.values(), key=lambda box: self.numbers[box.key])
        for box in boxes:
            box.is_root = box.key in self.roots
        total = sum(int(np.size(p.data)) for p in self.model.parameters())
        notes = [f"{type(self.model).__name__}: {total:,} parameters"]
        if len(boxes) > most:
            notes.append(f"{len(boxes) - most:,} boxes closest to the input are left out; raise max_nodes={most}")
            boxes = boxes[-most:]
        shown = {box.key for box in boxes}
        arrows = [arrow for arrow in self.arrows if arrow.tail in shown and arrow.head in shown]
        return Picture(boxes, arrows, notes)
