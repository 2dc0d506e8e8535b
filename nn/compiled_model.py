"""A model and its loss as compiled functions, where it is known that nothing is lost by that."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ..autograd import Tensor
from ..autograd.compile.compiled_function import Compiled
from .losses.weighted_loss import weighted_loss
from .module import Module

_PACKAGE = __name__.partition(".")[0]


class CompiledModel:
    """Computes outputs and losses of a model, by programs if that may be.

    Parameters
    ----------
    wanted : bool or "auto"
        True: compile whatever the model is made of. ``"auto"``: only if the model and the loss consist of parts of this
        package, which do nothing but compute; the ``forward`` of a user-defined class may print or count, which a
        program does not repeat. False: never.

    Attributes
    ----------
    why_not : str or None
        Why the model is not compiled; None if it is, or was not called yet.
    """

    def __init__(self, wanted: bool | Literal["auto"]) -> None:
        if wanted not in (True, False, "auto"):
            raise ValueError(f"compile must be True, False or 'auto', got {wanted!r:.60}")
        self.wanted = wanted
        self.why_not: str | None = None if wanted else "compile=False"
        self._functions: dict[Callable[..., Any], tuple[tuple[Any, ...], Any]] = {}

    def loss(
        self, model: Module, loss: Callable[[Any, Any], Any], x: Any, y: Any, weights: Any = None
    ) -> tuple[Any, Any]:
        """Return the loss of a batch, whose examples may have weights, with its graph, and the plain output."""
        if weights is None:
            return self._call(_loss_and_output, (model, loss), (x, y))  # type: ignore[no-any-return]
        return self._call(_weighted_loss_and_output, (model, loss), (x, y, weights))  # type: ignore[no-any-return]

    def output(self, model: Module, x: Any) -> Any:
        """Return the plain output of the model."""
        return self._call(_output, (model,), (x,))

    def _call(self, function: Callable[..., Any], parts: tuple[Any, ...], data: tuple[Any, ...]) -> Any:
        self.why_not = self._reason(parts, data)
        if self.why_not is not None:
            return function(*parts, *data)
        known, compiled = self._functions.get(function, ((), None))
        if len(known) != len(parts) or any(a is not b for a, b in zip(known, parts)):
            compiled = Compiled(functools.partial(function, *parts), steady=True)  # a training can be repeated
            self._functions[function] = parts, compiled
        result = compiled(*data)
        self.why_not = compiled.why_not
        return result

    def _reason(self, parts: tuple[Any, ...], data: tuple[Any, ...]) -> str | None:
        """Return why such parts and data are not to be compiled."""
        if not self.wanted:
            return "compile=False"
        if not all(isinstance(x, np.ndarray) for x in data):
            return "the batches are not made of arrays"
        if self.wanted != "auto":
            return None
        model, *others = parts
        for part in (*model.modules(), *others):
            if not _only_computes(part):
                name = getattr(part, "__name__", type(part).__name__)
                return f"{name} is user-defined or has hooks, and may do more than compute; compile=True compiles it"
        return None

    def __reduce__(self) -> Any:
        return CompiledModel, (self.wanted,)


def _only_computes(part: Any) -> bool:
    """Return whether a module, a loss or a function belongs to this package, unchanged."""
    own = vars(part) if hasattr(part, "__dict__") else {}
    module = getattr(part, "__module__", "")
    return module.partition(".")[0] == _PACKAGE and not own.get("_hooks") and not {"forward", "__call__"} & own.keys()


def _loss_and_output(model: Module, loss: Callable[[Any, Any], Any], x: Any, y: Any) -> tuple[Any, Any]:
    output = model(Tensor(x))
    return loss(output, y), output.data


def _weighted_loss_and_output(
    model: Module, loss: Callable[[Any, Any], Any], x: Any, y: Any, weights: Any
) -> tuple[Any, Any]:
    output = model(Tensor(x))
    return weighted_loss(loss, output, y, weights), output.data


def _output(model: Module, x: Any) -> Any:
    return model(Tensor(x)).data
