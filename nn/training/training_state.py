"""The state of a training: what callbacks see of it, and what a checkpoint keeps so that it resumes exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...common.argument_checks import checked_count
from ...common.ranks import Ranks
from ...data import DataLoader
from ...data.dataset import fingerprint
from .class_weights import ClassWeights
from .generators import generator_states, load_generator_states
from .history import History
from .running_metrics import RunningMetrics
from .saved_kinds import check_same_kinds
from .trainer_protocols import CallbackLike, TrainerLike

__all__ = ["Run"]

STATE_FORMAT = 2
ALONE = Ranks()


@dataclass
class Run:
    """The state of a call of :meth:`Trainer.fit`; it is the argument of every callback.

    Attributes
    ----------
    trainer : Trainer
        Has the ``model``, the ``optimizer`` and the ``loss``.
    epochs : int
        The number of epochs to train.
    loader : DataLoader
        Yields the batches.
    callbacks : sequence of Callback
        In the order in which they are called.
    accumulate : int
        Batches for each update of the weights.
    validates : bool
        Whether epochs end with a validation.
    class_weights : ClassWeights, optional
        How much examples count in the loss, by their class.
    epoch, step : int
        The present epoch, and the last batch in it; both count from 1.
    examples : int
        The number of examples in the last batch.
    loss : float
        The loss of the last batch.
    updated : bool
        Whether the weights were updated after the last batch; otherwise it only added to the gradients.
    gathered : int
        The number of examples whose gradients are accumulated for the next update.
    metrics : RunningMetrics
        The measures of the epoch so far.
    history : History
        The epochs that are complete.
    resumed : bool
        Whether this run was resumed from a checkpoint.
    settled : bool
        Whether no step or epoch is in progress, so that the state can be saved.
    finished : bool
        Whether the training has ended as planned, neither by an error nor by Ctrl-C.
    stop : bool
        Set it to True to end the training after the present epoch.
    """

    trainer: TrainerLike
    epochs: int
    loader: DataLoader
    callbacks: Sequence[CallbackLike] = ()
    accumulate: int = 1
    validates: bool = False
    class_weights: ClassWeights | None = None
    epoch: int = 0
    step: int = 0
    examples: int = 0
    loss: float = float("nan")
    updated: bool = False
    gathered: int = 0
    metrics: RunningMetrics = field(default_factory=RunningMetrics)
    history: History = field(default_factory=History)
    resumed: bool = False
    settled: bool = False
    finished: bool = False
    stop: bool = False
    _known_contents: list[int | None] | None = field(default=None, init=False, repr=False)

    def __repr__(self) -> str:
        place = f"epoch {self.epoch} of {self.epochs}, step {self.step} of {self.steps_per_epoch}"
        return f"Run({place}, loss {self.loss:.4f}; {self.history!r})"

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches in an epoch."""
        return len(self.loader)

    @property
    def examples_per_epoch(self) -> int:
        """The number of examples in an epoch."""
        loader = self.loader
        return len(loader) * loader.batch_size if loader.drop_last else len(loader.dataset)

    @property
    def within_epoch(self) -> bool:
        """Whether the present epoch has begun and is not complete."""
        return len(self.history) < self.epoch

    @property
    def ranks(self) -> Ranks:
        """The processes that train together: those of the ``DistributedOptimizer``, or this one alone."""
        return getattr(self.trainer.optimizer, "ranks", ALONE)

    def begin_as_first(self) -> None:
        """Copy the weights, averages and the order of the data from rank 0 to all ranks.

        Raises
        ------
        ValueError
            On every rank, if they do not have the same number of batches.
        """
        if self.ranks.size == 1:
            return
        batches = self.ranks.collect(self.steps_per_epoch)
        if len(set(batches)) > 1:
            raise ValueError(
                f"the ranks have {batches} batches per epoch, and would wait for each other without end; give each "
                "seegrad.data.shard(dataset, rank, size)"
            )
        self.loader.load_state_dict(self.ranks.collect(self.loader.state_dict())[0])
        self.trainer.model.load_state_dict(self._of_first(self.trainer.model.state_dict()))
        if self.trainer.ema is not None:
            averages = self.trainer.ema.state_dict()
            self.trainer.ema.load_state_dict({**averages, "state": self._of_first(averages["state"])})

    def _of_first(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.ranks.from_first(array) for name, array in arrays.items()}

    def average_buffers(self) -> None:
        """Replace buffers, such as those of BatchNorm, by their means over the ranks, which see different examples."""
        if self.ranks.size > 1:
            self.ranks.average([b for b in self.trainer.model.buffers() if b.dtype in (np.float32, np.float64)])

    def call(self, moment: str) -> None:
        """Call the method of this name of all callbacks, in their order; of some of them on rank 0 alone."""
        for callback in self.callbacks:
            if callback.every_rank or self.ranks.first:
                getattr(callback, moment)(self)

    def state_dict(self) -> dict[str, Any]:
        """Return everything on which the rest of the training depends.

        Returns
        -------
        dict
            Copies of the states of the model, the optimizer, the averages, the loader, the random generators, the
            callbacks and the history.

        Raises
        ------
        TypeError
            If the state of the optimizer or of a random generator cannot be saved.
        """
        trainer = self.trainer
        return {
            "format": STATE_FORMAT,
            "data": self._data(),
            "contents": self._contents(),
            "place": {"epoch": self.epoch, "step": self.step, "stop": self.stop},
            "model": trainer.model.state_dict(),
            "optimizer": trainer.optimizer.state_dict(),
            "ema": None if trainer.ema is None else trainer.ema.state_dict(),
            "loader": self._loader_state(),
            # These two differ between the ranks.
            "generators": self.ranks.collect(generator_states(trainer.model)),
            "metrics": self.ranks.collect(self.metrics.state_dict()),
            "history": [dict(record) for record in self.history],
            "callbacks": {name: state for name, c in self._named_callbacks().items() if (state := c.state_dict())},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` returned: all of it or, on an error, nothing.

        Raises
        ------
        ValueError
            If it does not belong to this training; the message names the part that does not, and why.
        """
        before = self.state_dict()
        found, wanted = sorted(state), sorted(before)
        if found != wanted or state["format"] != STATE_FORMAT:
            raise ValueError(
                f"it has the parts {found} and format {state.get('format')}, not {wanted} and {STATE_FORMAT}"
            )
        # Each part checks its state before it changes anything; the parts loaded before it are restored here.
        part = ""
        try:
            for part in LOADERS:
                if part in CHECKED and state[part] is not None:
                    check_same_kinds(before[part], state[part], exact=part != "optimizer")
                LOADERS[part](self, state[part])
        except Exception as error:
            for earlier in LOADERS:
                LOADERS[earlier](self, before[earlier])
            raise ValueError(f"its {part} cannot be loaded: {error}") from error
        self.resumed = True

    def _data(self) -> dict[str, Any]:
        loader = self.loader
        sizes = {"examples": len(loader.dataset), "batch_size": loader.batch_size, "accumulate": self.accumulate}
        weights = {} if self.class_weights is None else {"class_weight": self.class_weights.state()}
        return {**sizes, "shuffle": loader.shuffle, "drop_last": loader.drop_last, **weights}

    def _contents(self) -> list[int | None]:
        """Return a checksum of the data of every rank; computed once, since they do not change in a training."""
        if self._known_contents is None:
            self._known_contents = self.ranks.collect(fingerprint(self.loader.dataset))
        return self._known_contents

    def _check_data(self, given: Mapping[str, Any]) -> None:
        own = self._data()
        if dict(given) != own:
            raise ValueError(f"the training was begun with {dict(given)}, now there are {own}")

    def _check_contents(self, given: Sequence[int | None]) -> None:
        if self._own(given) != self._own(self._contents()):
            raise ValueError(
                "the examples, their targets or their order are not those that the training was begun with"
            )

    def _loader_state(self) -> dict[str, int]:
        """Return the loader's position; after the last batch it is the beginning of the next epoch."""
        state = self.loader.state_dict()
        if state["batch"] == len(self.loader):
            return {**state, "epoch": state["epoch"] + 1, "batch": 0}
        return state

    def _load_place(self, given: Mapping[str, Any]) -> None:
        epoch, step = (checked_count(name, given[name], minimum=0) for name in ("epoch", "step"))
        if step > self.steps_per_epoch or not isinstance(given["stop"], bool):
            raise ValueError(f"this training has no such epoch and step: {dict(given)}")
        self.epoch, self.step, self.stop = epoch, step, given["stop"]

    def _own(self, parts: Sequence[Any]) -> Any:
        """Return the part of this rank."""
        if len(parts) != self.ranks.size:
            raise ValueError(f"it was written by {len(parts)} ranks, now there are {self.ranks.size}")
        return parts[self.ranks.rank]

    def _load_history(self, given: Sequence[Mapping[str, float]]) -> None:
        if not isinstance(given, list | tuple) or self.epoch - len(given) not in (0, 1):
            raise ValueError(f"it is not a list of the epochs up to epoch {self.epoch}, the present one")
        self.history.load(given)

    def _load_ema(self, given: Mapping[str, Any] | None) -> None:
        ema = self.trainer.ema
        if (given is None) is not (ema is None):
            raise ValueError(
                f"averages are {'not ' if given is None else ''}in it, but {'no' if ema is None else 'an'} "
                "EMA is in the trainer"
            )
        if ema is not None and given is not None:
            ema.load_state_dict(given)

    def _named_callbacks(self) -> dict[str, CallbackLike]:
        """Return the callbacks by class name; the second and later ones of a class are numbered."""
        named: dict[str, CallbackLike] = {}
        for callback in self.callbacks:
            name, number = type(callback).__name__, 1
            while (key := name if number == 1 else f"{name} {number}") in named:
                number += 1
            named[key] = callback
        return named

    def _load_callbacks(self, given: Mapping[str, Any]) -> None:
        own = {name: callback for name, callback in self._named_callbacks().items() if callback.state_dict()}
        if set(own) != set(given):
            raise ValueError(f"it has states of {sorted(given)}, the callbacks with a state are {sorted(own)}")
        for name, callback in own.items():
            callback.load_state_dict(given[name])
            callback.on_resume(self)


# The functions that load the parts of a state, in this order: first what is most likely not to fit; the callbacks, some
# of which are schedules, after the optimizer whose learning rates they set.
LOADERS: dict[str, Callable[[Run, Any], None]] = {
    "data": Run._check_data,
    "place": Run._load_place,
    "model": lambda run, state: run.trainer.model.load_state_dict(state),
    "optimizer": lambda run, state: run.trainer.optimizer.load_state_dict(state),
    "ema": Run._load_ema,
    "loader": lambda run, state: run.loader.load_state_dict(state),
    "metrics": lambda run, state: run.metrics.load_state_dict(run._own(state)),
    "history": Run._load_history,
    "callbacks": Run._load_callbacks,
    "contents": Run._check_contents,
    "generators": lambda run, state: load_generator_states(run.trainer.model, run._own(state)),
}
# The parts whose types are checked here. The others are lists of any length, or are checked by the callbacks.
CHECKED = ("data", "place", "model", "optimizer", "ema", "loader", "metrics", "generators")
