"""The training loop: forward, loss, backward, update, until done; then measuring and predicting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor, softmax
from ..data import DataLoader
from ..data.checks import checked_count
from ..data.dataset import Source
from ..rng import Seed
from .callbacks import Callback, Run
from .evaluation import evaluating
from .history import History
from .interrupts import PatientInterrupt
from .losses import CrossEntropyLoss
from .metrics import RunningMetrics, count_correct
from .module import Module
from .nonfinite import GoodWeights, NonFiniteError, first_nonfinite, nonfinite_parameter
from .progress import EpochLines, ProgressBar, is_watched

Array = npt.NDArray[Any]

# Evaluating is quickest with batches whose activations stay in a core's cache.
EVALUATION_BATCH = 128


class Updates(Protocol):
    """What the trainer asks of an optimizer."""

    def step(self) -> None:
        """Update the parameters by their gradients."""

    def zero_grad(self) -> None:
        """Forget the gradients."""


class Trainer:
    """Trains a model, measures it, and predicts with it.

    Parameters
    ----------
    model : Module
        Takes a batch ``(n, ...)``, returns scores ``(n, classes)`` or whatever the loss expects.
    optimizer : optimizer of ``seegrad.optim``
        Holds the model's parameters.
    loss : callable
        ``loss(output, target)`` gives the batch's mean loss, a single number.

    Attributes
    ----------
    history : History
        The epochs of the last :meth:`fit`, also those before an error or Ctrl-C ended it.

    Examples
    --------
    >>> points = sg.data.ArrayDataset(np.eye(3, dtype=np.float32), np.array([0, 1, 2]))
    >>> model = sg.nn.Sequential(sg.nn.Linear(3, 3))
    >>> trainer = sg.nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=0.1), sg.nn.CrossEntropyLoss())
    >>> history = trainer.fit(points, epochs=50, batch_size=3, seed=0)
    >>> trainer.evaluate(points)["accuracy"]
    1.0
    >>> trainer.predict(points.x).shape
    (3, 3)
    """

    def __init__(self, model: Module, optimizer: Updates, loss: Callable[[Any, Any], Any]) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.history = History()

    def fit(
        self,
        train: Source | DataLoader,
        epochs: int = 5,
        batch_size: int = 64,
        validation: Source | None = None,
        callbacks: Sequence[Callback] = (),
        *,
        seed: Seed = None,
        progress: bool | None = None,
    ) -> History:
        """Train the model for a number of epochs.

        Parameters
        ----------
        train : ArrayDataset or other source, or DataLoader
            The examples. A DataLoader brings its own batch size and order.
        epochs : int, default 5
            How often to go through all examples.
        batch_size : int, default 64
            Examples per step.
        validation : ArrayDataset or other source, optional
            Examples that are only measured, after every epoch.
        callbacks : sequence of Callback
            Called in this order at each of their moments.
        seed : int, numpy.random.Generator or None
            Determines the order of the examples. With :func:`seegrad.manual_seed` before the model is
            made, the whole run is determined.
        progress : bool, optional
            Whether to show a live bar (never in a log file) and a line per epoch. By default, where it
            can be watched: in a terminal or a notebook.

        Returns
        -------
        History
            The losses and accuracies. Those of the training set are means over the epoch, while the
            model was still learning.

        Raises
        ------
        NonFiniteError
            If the loss or a parameter becomes NaN or infinite. The model has the weights of the last
            step whose loss was finite; the optimizer's own state is not turned back.
        KeyboardInterrupt
            After Ctrl-C, once the present step is complete; a second Ctrl-C does not wait.
        TypeError, ValueError
            If an argument, the data or the shapes do not fit.
        """
        loader = train if isinstance(train, DataLoader) else DataLoader(train, batch_size, shuffle=True, seed=seed)
        if is_watched() if progress is None else progress:
            callbacks = [ProgressBar(), EpochLines(), *callbacks]
        self.history = History()
        run = Run(self, checked_count("epochs", epochs), len(loader), _examples_in(loader), self.history)
        good = GoodWeights(self.model)
        # Numbers that overflow are not warned of one by one: they make the loss non-finite, an error.
        with PatientInterrupt() as interrupt, np.errstate(all="ignore"):
            try:
                for callback in callbacks:
                    callback.on_train_begin(run)
                while run.epoch < run.epochs and not run.stop:
                    self._train_epoch(run, loader, callbacks, good, interrupt)
                    self._end_epoch(run, validation, callbacks, good, interrupt)
            except KeyboardInterrupt:
                if nonfinite_parameter(self.model):
                    good.restore()
                raise
            finally:
                for callback in callbacks:
                    callback.on_train_end(run)
        return self.history

    def _train_epoch(
        self,
        run: Run,
        loader: DataLoader,
        callbacks: Sequence[Callback],
        good: GoodWeights,
        interrupt: PatientInterrupt,
    ) -> None:
        self.model.train()
        run.epoch += 1
        run.step = 0
        run.metrics = RunningMetrics()
        for callback in callbacks:
            callback.on_epoch_begin(run)
        for x, y in loader:
            run.step += 1
            run.examples = len(x)
            self._train_step(run, x, y, good)
            for callback in callbacks:
                callback.on_step_end(run)
            interrupt.check()

    def _train_step(self, run: Run, x: Array, y: Array, good: GoodWeights) -> None:
        output = self.model(Tensor(x))
        loss = self.loss(output, y)
        value = _single_number(loss)
        if not math.isfinite(value):
            culprit = first_nonfinite(self.model, x)
            good.restore()
            raise NonFiniteError(f"the loss became {value}", run.epoch, run.step, culprit)
        # These weights gave a finite loss; the update that follows may not keep it so.
        good.keep()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        run.metrics.add(value, count_correct(output.data, y), len(x))

    def _end_epoch(
        self,
        run: Run,
        validation: Source | None,
        callbacks: Sequence[Callback],
        good: GoodWeights,
        interrupt: PatientInterrupt,
    ) -> None:
        culprit = nonfinite_parameter(self.model)
        if culprit:
            good.restore()
            raise NonFiniteError("the weights did not stay finite", run.epoch, run.step, culprit)
        record = run.metrics.results()
        if validation is not None:
            record.update(self._measure(validation, EVALUATION_BATCH, interrupt.check).results("val_"))
        run.history.append(record)
        for callback in callbacks:
            callback.on_epoch_end(run)
        interrupt.check()

    def evaluate(self, dataset: Source | DataLoader, batch_size: int = EVALUATION_BATCH) -> dict[str, float]:
        """Measure the model, in evaluation mode, without training it.

        Parameters
        ----------
        dataset : ArrayDataset or other source, or DataLoader
            The examples.
        batch_size : int, default 128
            How many to compute at a time; affects speed and memory only.

        Returns
        -------
        dict
            ``loss`` and, for a classifier (integer or one-hot targets), ``accuracy``: means over all examples.

        Raises
        ------
        TypeError, ValueError
            If the data do not fit the model or the loss.
        """
        return self._measure(dataset, batch_size).results()

    def _measure(
        self, dataset: Source | DataLoader, batch_size: int, between_batches: Callable[[], None] = lambda: None
    ) -> RunningMetrics:
        # The order is fixed; a seed only keeps the loader from drawing one from the default generator.
        loader = dataset if isinstance(dataset, DataLoader) else DataLoader(dataset, batch_size, seed=0)
        metrics = RunningMetrics()
        with evaluating(self.model):
            for x, y in loader:
                output = self.model(Tensor(x))
                metrics.add(_single_number(self.loss(output, y)), count_correct(output.data, y), len(x))
                between_batches()
        return metrics

    def predict(self, x: npt.ArrayLike | Tensor, batch_size: int = EVALUATION_BATCH) -> Array:
        """Compute what the model says of examples, in evaluation mode.

        Parameters
        ----------
        x : array_like, shape (n, ...)
            The examples; of images, ``(n, height, width, channels)``.
        batch_size : int, default 128
            How many to compute at a time; affects speed and memory only.

        Returns
        -------
        numpy.ndarray, shape (n, classes)
            With :class:`CrossEntropyLoss`, whose models put out logits, the probabilities of the
            classes (their softmax). With any other loss, the model's output as it is.

        Raises
        ------
        TypeError, ValueError
            If the examples do not fit the model, or there are none.
        """
        examples = x.data if isinstance(x, Tensor) else np.asarray(x)
        if examples.ndim == 0 or len(examples) == 0:
            raise ValueError(f"predict() needs at least one example, got an array of shape {examples.shape}")
        outputs = []
        with evaluating(self.model):
            for start in range(0, len(examples), checked_count("batch_size", batch_size)):
                output = self.model(Tensor(examples[start : start + batch_size]))
                outputs.append(softmax(output).data if isinstance(self.loss, CrossEntropyLoss) else output.data)
        return np.concatenate(outputs)


def _single_number(loss: Any) -> float:
    if loss.size != 1:
        raise ValueError(f"the loss of a batch must be a single number, got shape {loss.shape}; use reduction='mean'")
    return float(loss.item())


def _examples_in(loader: DataLoader) -> int:
    return len(loader) * loader.batch_size if loader.drop_last else len(loader.dataset)
