"""The training loop: forward pass, loss, backward pass, update. Evaluation and prediction."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, softmax
from ...common.argument_checks import checked_count
from ...common.plain_data import as_array
from ...common.quiet import quiet
from ...common.rng import Seed
from ...data import ArrayDataset, DataLoader
from ...data.dataset import Source
from ..compiled_model import CompiledModel
from ..evaluation import evaluating
from ..files.state_file import load_state
from ..losses.categorical_losses import CrossEntropyLoss
from ..module import Module
from .callbacks.callback import Callback
from .callbacks.progress import EpochLines, ProgressBar, is_watched
from .history import History
from .interrupts import PatientInterrupt
from .nonfinite import GoodWeights, NonFiniteError, first_nonfinite, nonfinite_parameter
from .running_metrics import RunningMetrics, count_correct
from .trainer_checks import as_pair, check_belongings, check_kinds
from .trainer_protocols import AveragesLike, OptimizerLike
from .training_state import Run

__all__ = ["Trainer"]

Array = npt.NDArray[Any]
Metric = Callable[[Array, Array], float]

# Evaluation is fastest with batches whose activations fit into the cache of a core.
EVALUATION_BATCH = 128


class Trainer:
    """Trains a model, measures it, and predicts with it.

    Parameters
    ----------
    model : Module
        Maps a batch ``(n, ...)`` to scores ``(n, classes)``, or to what the loss expects.
    optimizer : optimizer of ``seegrad.optim``
        Holds the model's parameters, or some of them.
    loss : callable
        ``loss(output, target)`` gives the batch's mean loss, a single number. Classes that are rare get
        their weight there: ``CrossEntropyLoss(weight=...)``, see :func:`balanced_class_weights`.
    metrics : mapping of str to callable, optional
        Further measures by name: ``metric(output, target)`` gives a batch's mean for two arrays, for example
        ``{"top_3": lambda output, target: nn.top_k_accuracy(output, target, 3)}``.
    ema : seegrad.optim.EMA, optional
        Averages of the model's parameters. They are updated after every step, and used for validation,
        :meth:`evaluate` and :meth:`predict`; see :meth:`averaged`.
    compile : bool or "auto"
        Whether the model and the loss run as a recorded program (:func:`seegrad.compile`), which gives the same
        numbers. By default they do if they consist of layers and losses of this library; user-defined ones may do
        more than compute. ``why_not`` says why they do not.

    Attributes
    ----------
    history : History
        The epochs of the last :meth:`fit`, also those before an error or Ctrl-C ended it.

    Raises
    ------
    TypeError
        If a part is of the wrong kind, such as the name of a loss.
    ValueError
        If the optimizer or the averages hold no parameter of this model, for example after the model was made again.

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

    def __init__(
        self,
        model: Module,
        optimizer: OptimizerLike,
        loss: Callable[[Any, Any], Any],
        metrics: Mapping[str, Metric] | None = None,
        ema: AveragesLike | None = None,
        *,
        compile: bool | Literal["auto"] = "auto",
    ) -> None:
        check_kinds(model, optimizer, loss, metrics)
        check_belongings(model, optimizer, loss, ema)
        self.model: Module = model
        self.optimizer: OptimizerLike = optimizer
        self.loss = loss
        self.metrics = dict(metrics or {})
        self.ema: AveragesLike | None = ema
        self.history = History()
        self._compiled = CompiledModel(compile)

    @property
    def why_not(self) -> str | None:
        """Why the model is not compiled; None if it is, or was not called yet."""
        return self._compiled.why_not

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
        accumulate: int = 1,
        resume: str | os.PathLike[str] | None = None,
    ) -> History:
        """Train the model for a number of epochs.

        Parameters
        ----------
        train : ArrayDataset or other source, or DataLoader
            The examples. A DataLoader brings its own batch size and order.
        epochs : int, default 5
            The number of passes over all examples, including those before a resumed state.
        batch_size : int, default 64
            Examples per step.
        validation : ArrayDataset or other source, optional
            Examples on which the model is measured after every epoch.
        callbacks : sequence of Callback
            Called in this order.
        seed : int, numpy.random.Generator or None
            Determines the order of the examples. With :func:`seegrad.manual_seed` before the model is made, the whole
            run is reproducible.
        progress : bool, optional
            Whether to show a live bar (never in a log file) and a line per epoch. By default they are shown in a
            terminal or a notebook.
        accumulate : int, default 1
            The number of batches whose gradients are accumulated for one update; every example counts the same. The
            update is that of one batch so many times as large, in the memory of a small one. Layers that use the
            whole batch, such as BatchNorm, still see the small batches. The last update of an epoch may have fewer.
        resume : path, optional
            A file of :class:`Checkpoint`: continue from it, with the same arguments, to the weights that an
            uninterrupted training reaches, equal to the last bit.

        Returns
        -------
        History
            The measures of each epoch. Those of the training set are means over the epoch, while the weights changed.

        Raises
        ------
        NonFiniteError
            If the loss or a parameter becomes NaN or infinite. The model has the weights of the last step whose loss
            was finite; the state of the optimizer is not restored.
        KeyboardInterrupt
            After Ctrl-C, once the present update is complete; a second Ctrl-C does not wait.
        FileNotFoundError
            If the file to resume from does not exist.
        TypeError, ValueError
            If an argument, the data or the shapes do not fit, or the file to resume from is damaged or belongs to
            another training; then nothing is changed.
        """
        check_belongings(self.model, self.optimizer, self.loss, self.ema)
        saved = None if resume is None else load_state(resume)
        loader = train if isinstance(train, DataLoader) else DataLoader(train, batch_size, shuffle=True, seed=seed)
        if is_watched() if progress is None else progress:
            callbacks = [ProgressBar(), EpochLines(), *callbacks]
        counts = checked_count("epochs", epochs), checked_count("accumulate", accumulate)
        run = Run(self, counts[0], loader, callbacks, counts[1], validation is not None)
        run.begin_as_first()
        if saved is not None:
            try:
                run.load_state_dict(saved)
            except ValueError as error:
                raise ValueError(f"cannot resume from {resume}: {error}; nothing was changed") from error
        self.history = run.history
        self._run(run, validation)
        return self.history

    def _run(self, run: Run, validation: Source | None) -> None:
        good = GoodWeights(self.model)
        # NumPy does not warn of overflow here: it makes the loss non-finite, which is an error.
        with PatientInterrupt() as interrupt, quiet():
            try:
                run.call("on_train_begin")
                run.settled = True
                while run.within_epoch or (run.epoch < run.epochs and not run.stop):
                    self._train_epoch(run, good, interrupt)
                    self._end_epoch(run, validation, good, interrupt)
                run.finished = True
            except KeyboardInterrupt:
                if nonfinite_parameter(self.model):
                    run.settled = False
                    good.restore()
                raise
            finally:
                run.call("on_train_end")

    def _train_epoch(self, run: Run, good: GoodWeights, interrupt: PatientInterrupt) -> None:
        self.model.train()
        if not run.within_epoch:
            run.epoch += 1
            run.step = 0
            run.metrics = RunningMetrics()
        run.call("on_epoch_begin")
        if run.step == run.steps_per_epoch:  # resumed after the last step, before the validation
            return
        for batch in run.loader:
            x, y = as_pair(batch)
            run.settled = False
            run.step += 1
            run.examples = len(x)
            run.updated = run.step % run.accumulate == 0 or run.step == run.steps_per_epoch
            self._train_step(run, x, y, good)
            run.call("on_step_end")
            if run.updated:
                run.call("on_settled")
                run.settled = True
                interrupt.check()

    def _train_step(self, run: Run, x: Array, y: Array, good: GoodWeights) -> None:
        loss, output = self._compiled.loss(self.model, self.loss, x, y)
        run.loss = _single_number(loss)
        if not math.isfinite(run.loss):
            culprit = first_nonfinite(self.model, x)
            good.restore()
            raise NonFiniteError(f"the loss became {run.loss}", run.epoch, run.step, culprit)
        # These weights gave a finite loss; those after the update may not.
        good.keep()
        if run.gathered == 0:
            self.optimizer.zero_grad()
        run.gathered += len(x)
        (loss if run.accumulate == 1 else loss * len(x)).backward()
        if run.updated:
            self._update(1 if run.accumulate == 1 else run.gathered)
            run.average_buffers()
            run.gathered = 0
        run.metrics.add(run.loss, count_correct(output, y), len(x), self._others(output, y))

    def _update(self, examples: int) -> None:
        if examples > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad = parameter.grad / examples
        self.optimizer.step()
        # An infinity would stay in the average for ever; the next loss reports it.
        if self.ema is not None and nonfinite_parameter(self.model) is None:
            self.ema.update()

    def _others(self, output: Array, target: Array) -> dict[str, float]:
        return {name: float(metric(output, target)) for name, metric in self.metrics.items()}

    def _end_epoch(self, run: Run, validation: Source | None, good: GoodWeights, interrupt: PatientInterrupt) -> None:
        culprit = nonfinite_parameter(self.model)
        if culprit:
            run.settled = False
            good.restore()
            raise NonFiniteError("the weights did not stay finite", run.epoch, run.step, culprit)
        record = run.metrics.over(run.ranks).results()
        if validation is not None:
            measured = self._measure(validation, EVALUATION_BATCH, interrupt.check)
            record.update(measured.over(run.ranks).results("val_"))
        run.settled = False
        run.history.append(record)
        run.call("on_epoch_end")
        run.stop = run.ranks.any(run.stop)
        run.call("on_settled")
        run.settled = True
        interrupt.check()

    def averaged(self) -> AbstractContextManager[None]:
        """Use the averages of ``ema`` as the model's parameters inside a ``with`` block, if there are any.

        This is how to save what :meth:`evaluate` measures: ``with trainer.averaged(): save_weights(...)``.
        """
        return nullcontext() if self.ema is None else self.ema.averaged()

    def evaluate(self, dataset: Source | DataLoader, batch_size: int = EVALUATION_BATCH) -> dict[str, float]:
        """Measure the model, in evaluation mode, without training it.

        Parameters
        ----------
        dataset : ArrayDataset or other source, or DataLoader
            The examples.
        batch_size : int, default 128
            The number of examples per step; affects speed and memory only.

        Returns
        -------
        dict
            ``loss``, for a classifier (integer or one-hot targets) ``accuracy``, and the trainer's
            ``metrics``: means over all examples.

        Raises
        ------
        TypeError, ValueError
            If the data do not fit the model or the loss.
        """
        return self._measure(dataset, batch_size).results()

    def _measure(
        self, dataset: Source | DataLoader, batch_size: int, between_batches: Callable[[], None] = lambda: None
    ) -> RunningMetrics:
        # The examples are not shuffled; with a seed the loader does not draw from the default generator.
        loader = dataset if isinstance(dataset, DataLoader) else DataLoader(dataset, batch_size, seed=0)
        metrics = RunningMetrics()
        with self.averaged(), evaluating(self.model):
            for batch in loader:
                x, y = as_pair(batch)
                loss, output = self._compiled.loss(self.model, self.loss, x, y)
                metrics.add(_single_number(loss), count_correct(output, y), len(x), self._others(output, y))
                between_batches()
        return metrics

    def predict(self, x: npt.ArrayLike | Tensor, batch_size: int = EVALUATION_BATCH) -> Array:
        """Return the model's predictions of examples, in evaluation mode.

        Parameters
        ----------
        x : array_like, shape (n, ...)
            The examples; for images, ``(n, height, width, channels)``.
        batch_size : int, default 128
            The number of examples per step; affects speed and memory only.

        Returns
        -------
        numpy.ndarray, shape (n, classes)
            With :class:`CrossEntropyLoss`, whose models return logits, the probabilities of the classes (their
            softmax). With any other loss, the output of the model.

        Raises
        ------
        TypeError, ValueError
            If the examples do not fit the model, or there is no example.
        """
        if isinstance(x, ArrayDataset | DataLoader):
            raise TypeError(f"predict() takes examples without their targets, such as dataset.x, got {x!r:.80}")
        examples = x.data if isinstance(x, Tensor) else as_array(x)
        if examples.ndim == 0 or len(examples) == 0:
            raise ValueError(f"predict() needs at least one example, got an array of shape {examples.shape}")
        outputs = []
        with self.averaged(), evaluating(self.model):
            for start in range(0, len(examples), checked_count("batch_size", batch_size)):
                output = self._compiled.output(self.model, examples[start : start + batch_size])
                outputs.append(softmax(output) if isinstance(self.loss, CrossEntropyLoss) else output)
        return np.concatenate(outputs)

    def __repr__(self) -> str:
        size = sum(parameter.size for parameter in self.model.parameters())
        lines = [
            f"model: {type(self.model).__name__} with {size:,} parameters",
            f"optimizer: {self.optimizer!r}",
            f"loss: {self.loss!r}",
            *([f"metrics: {', '.join(self.metrics)}"] if self.metrics else []),
            *(["averages: " + repr(self.ema)] if self.ema is not None else []),
            repr(self.history),
        ]
        return "Trainer(\n  " + "\n  ".join(lines) + "\n)"


def _single_number(loss: Any) -> float:
    if loss.size != 1:
        raise ValueError(f"the loss of a batch must be a single number, got shape {loss.shape}; use reduction='mean'")
    return float(loss.item())
