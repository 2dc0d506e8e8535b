"""``checkpoint``: save memory by computing a part of the graph again in the backward pass instead of keeping it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..common.elsewhere import takes_other_names
from ..common.warning import warn
from .batched import differs
from .core.backward import backprop
from .core.node import Node, current_trace, data_of
from .core.op import Op, Rule
from .core.recording import is_recording, record, recording
from .graph_order import backward_order
from .lost_gradients import COPIED, Watch
from .ops.shaping import identity
from .tensor import Tensor


class _Recomputed(Op):
    """A whole function as one operation, whose rules run the function again, once for all inputs."""

    portable = False
    repeatable = True  # its gradients are large: a second pass, if there is one, had better compute them again

    def __init__(self, function: Callable[..., Any], arguments: int) -> None:
        self._describe(lambda *xs: None, "checkpoint", "checkpoint")
        self.user_defined = True
        self.function = function
        self.arguments = arguments

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per input; they share one recomputation."""
        shared: list[dict[Node, Any]] = []

        def rule(g: Any, out: Any, *xs: Any, index: int) -> Any:
            if not shared:
                variables, again = self._again(xs, inputs)
                before = data_of(out)
                if not np.array_equal(again._plain, before, equal_nan=True):
                    raise RuntimeError(
                        "checkpoint: the function gave another result when it was computed again; it must be "
                        "repeatable, so draw random numbers outside and pass them in"
                    )
                table = backprop(again, g, create_graph=isinstance(out, Node), stop=frozenset(variables))
                shared.append({x: table[v] for x, v in zip(inputs, variables) if v in table})
            return shared[0].get(inputs[index], np.zeros_like(inputs[index]._plain))

        return tuple(functools.partial(rule, index=i) for i in range(len(inputs)))

    def _again(self, xs: tuple[Any, ...], inputs: tuple[Node, ...]) -> tuple[list[Node], Any]:
        """Run the function once more; return the leaves of its graph, and its result."""
        with recording():
            arguments = [
                identity(x) if isinstance(x, Node) else Tensor(x, requires_grad=node.requires_grad)
                for x, node in zip(xs[: self.arguments], inputs)
            ]
            return [*arguments, *inputs[self.arguments :]], self.function(*arguments)


@takes_other_names
def checkpoint(f: Callable[..., Any], *args: Any) -> Tensor:
    """Compute ``f(*args)`` without keeping its graph; the backward pass computes it again.

    Only the arguments and the result stay in memory; the backward pass takes one more forward pass of ``f``.

    Parameters
    ----------
    f : callable
        Returns one Tensor. It must compute the same each time it is called; parameters of a module that it uses
        get their gradients as usual.
    *args : array_like or Tensor
        The arguments of ``f``.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> x = sg.tensor([1.0, 2.0], requires_grad=True)
    >>> sg.checkpoint(lambda x: (x.exp() * x).tanh(), x).sum().backward()
    """
    if not is_recording() or differs(args):
        return f(*args)
    if current_trace() is not None:  # a program keeps what it needs
        return f(*[x if isinstance(x, Node) and not x.stands_for_data else Tensor(x) for x in args])
    arguments = [Tensor(data_of(x)) for x in args]
    for variable, x in zip(arguments, args):
        variable._tracked = isinstance(x, Node) and x.requires_grad
    with Watch(x for x in arguments if x.requires_grad) as watch:
        result = f(*arguments)
    if not isinstance(result, Tensor):
        raise TypeError(f"checkpoint: the function must return one Tensor, it returned {type(result).__name__}")
    leaves = frozenset(x for x in arguments if x.requires_grad)
    for lost, what in watch.lost([result]):
        place = next(i for i, x in enumerate(arguments) if x is lost)
        warn(
            f"checkpoint: the result has no recorded path to argument {place}, which therefore gets no gradient: the "
            f"function {what}"
        )
    for copied in watch.copied([result]):
        place = next(i for i, x in enumerate(arguments) if x is copied)
        warn(f"checkpoint, argument {place}: {COPIED}")
    inside = backward_order(result, leaves)
    known = {*inside, *leaves}
    others = list(dict.fromkeys(x for node in inside for x in node.inputs if x.requires_grad and x not in known))
    op = _Recomputed(f, len(args))
    return record(op, result._plain.view(), (*args, *others))
