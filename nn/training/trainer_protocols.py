"""What a training asks of its parts, as Protocols: so the parts need not know each other."""

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
    """Something whose state checkpoints keep."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state: numbers, texts, arrays, in lists and dicts."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""


class Updates(HasState, Protocol):
    """What the trainer asks of an optimizer."""

    def step(self) -> None:
        """Update the parameters by their gradients."""

    def zero_grad(self) -> None:
        """Forget the gradients."""


class Averages(HasState, Protocol):
    """What the trainer asks of averages of the parameters, such as ``seegrad.optim.EMA``."""

    def update(self) -> None:
        """Take in the present parameters."""

    def averaged(self) -> AbstractContextManager[None]:
        """Use the averages in place of the parameters."""


class TrainerLike(Protocol):
    """What a run and its callbacks may use of the :class:`~seegrad.nn.Trainer`."""

    model: Module
    optimizer: Updates
    loss: Callable[[Any, Any], Any]
    ema: Averages | None
    history: History

    def averaged(self) -> AbstractContextManager[None]:
        """Use the averages in place of the parameters, if there are any."""

    def evaluate(self, dataset: Source | DataLoader, batch_size: int = ...) -> dict[str, float]:
        """Measure the model."""

    def predict(self, x: npt.ArrayLike | Tensor, batch_size: int = ...) -> npt.NDArray[Any]:
        """Compute what the model says of examples."""


class CallbackLike(HasState, Protocol):
    """What a run asks of a callback, besides the methods that it calls by the name of the moment."""

    @property
    def every_rank(self) -> bool:
        """Whether it is called on every rank, or on rank 0 alone."""

    def on_resume(self, run: Any) -> None:
        """Refuse a loaded state that does not fit the run."""
