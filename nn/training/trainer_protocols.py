"""Protocols of the parts of a training, so that the parts need not import each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy.typing as npt

from ...autograd import Tensor
from ...data import DataLoader
from ...data.dataset import Source
from ..module import Module
from .history import History


class HasState(Protocol):
    """An object whose state is saved in checkpoints."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state: numbers, texts and arrays, in lists and dicts."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load a state."""


class OptimizerLike(HasState, Protocol):
    """An optimizer, as the trainer uses it."""

    def step(self) -> None:
        """Update the parameters by their gradients."""

    def zero_grad(self) -> None:
        """Reset the gradients."""


class AveragesLike(HasState, Protocol):
    """Averages of the parameters, such as ``seegrad.optim.EMA``, as the trainer uses them."""

    def update(self) -> None:
        """Include the present parameters."""

    def averaged(self) -> AbstractContextManager[None]:
        """Use the averages in place of the parameters inside a ``with`` block."""


class TrainerLike(Protocol):
    """The :class:`~seegrad.nn.Trainer`, as a run and its callbacks use it."""

    model: Module
    optimizer: OptimizerLike
    loss: Callable[[Any, Any], Any]
    ema: AveragesLike | None
    history: History

    def averaged(self) -> AbstractContextManager[None]:
        """Use the averages, if there are any, in place of the parameters inside a ``with`` block."""

    def evaluate(self, x: Source[Any] | DataLoader, *, batch_size: int = 128) -> dict[str, float]:
        """Measure the model in evaluation mode."""

    def predict(self, x: npt.ArrayLike | Tensor, batch_size: int = 128) -> npt.NDArray[Any]:
        """Return the model's predictions of examples."""


class CallbackLike(HasState, Protocol):
    """A callback, as a run uses it, apart from the methods named for the moments of a training."""

    @property
    def every_rank(self) -> bool:
        """Whether it is called on every rank or on rank 0 alone."""

    def on_resume(self, run: Any) -> None:
        """Refuse a loaded state that does not fit the run."""
