"""The training loop: forward pass, loss, backward pass, update."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy.typing as npt

from ...common.argument_checks import checked_count
from ...common.elsewhere import answers_names, takes_other_names
from ...common.other_names.trainer_names import NAMES
from ...common.quiet import quiet
from ...common.rng import Seed
from ...data import DataLoader
from ...data.dataset import Source
from ..compiled_model import CompiledModel
from ..files.state_file import load_state
from ..losses.weighted_loss import losses_of_examples
from ..module import Module
from .batch_metrics import Metrics, measured, metrics_by_name
from .callbacks.callback import Callback
from .callbacks.lambda_callback import RunFunction, as_callbacks
from .callbacks.progress import watchers
from .class_weights import ClassWeights
from .evaluator import EVALUATION_BATCH, Evaluator, single_number
from .given_data import Data, as_batch, given_data, training_loader, with_validation
from .history import History
from .interrupts import PatientInterrupt
from .nonfinite import GoodWeights, NonFiniteError, first_nonfinite, nonfinite_parameter
from .parts_by_name import loss_of, optimizer_of
from .running_metrics import RunningMetrics
from .trainer_checks import check_belongings, check_kinds
from .trainer_protocols import AveragesLike, OptimizerLike
from .training_state import Run

__all__ = ["Trainer"]

Array = npt.NDArray[Any]
Callbacks = Callback | RunFunction | Sequence[Callback | RunFunction]


@answers_names("Trainer", NAMES)
class Trainer(Evaluator):
    """Trains a model, measures it, and predicts with it.

    Parameters
    ----------
    model : Module
        Maps a batch ``(n, ...)`` to scores ``(n, classes)``, or to what the loss expects.
    optimizer : optimizer of ``seegrad.optim``, or str
        Holds the model's parameters, or some of them. A name, such as "adam" or "sgd", means one with its own
        settings.
    loss : callable or str
        ``loss(output, target)`` gives the batch's mean loss, a single number. A name, such as "cross_entropy" or "mse",
        means one of ``seegrad.nn``.
    metrics : sequence of str or callable, or mapping of str to callable, optional
        Further measures: names such as "mae" or "top_3", or functions: ``metric(output, target)`` gives a batch's
        mean for two arrays. The accuracy of a classifier is measured anyway.
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
        If a part is of the wrong kind, such as a class instead of an object.
    ValueError
        If there is nothing of a name, or the optimizer or the averages hold no parameter of this model, for example
        after the model was made again.

    Examples
    --------
    >>> x, y = np.eye(3, dtype=np.float32), np.array([0, 1, 2])
    >>> model = sg.nn.Sequential(sg.nn.Linear(3, 3))
    >>> trainer = sg.nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=0.1), sg.nn.CrossEntropyLoss())
    >>> history = trainer.fit(x, y, epochs=50, batch_size=3, seed=0)
    >>> trainer.evaluate(x, y)["accuracy"]
    1.0
    >>> trainer.predict(x).shape
    (3, 3)

    With names, and a data set:

    >>> trainer = sg.nn.Trainer(model, "adam", "cross_entropy", metrics=["top_2"])
    >>> list(trainer.evaluate(sg.data.ArrayDataset(x, y)))
    ['loss', 'accuracy', 'top_2']
    """

    def __init__(
        self,
        model: Module,
        optimizer: OptimizerLike | str,
        loss: Callable[[Any, Any], Any] | str,
        metrics: Metrics | None = None,
        ema: AveragesLike | None = None,
        *,
        compile: bool | Literal["auto"] = "auto",
    ) -> None:
        check_kinds(model, optimizer, loss, ema)
        super().__init__(model, loss_of(loss), metrics_by_name(metrics), ema, CompiledModel(compile))
        self.optimizer: OptimizerLike = optimizer_of(optimizer, model, self.loss)
        check_belongings(model, self.optimizer, self.loss, ema)
        self.history: History = History()

    @takes_other_names
    def fit(
        self,
        x: Data | npt.ArrayLike,
        y: npt.ArrayLike | None = None,
        *,
        epochs: int = 5,
        batch_size: int = 64,
        validation: Data | None = None,
        callbacks: Callbacks = (),
        seed: Seed = None,
        progress: bool | None = None,
        accumulate: int = 1,
        resume: str | os.PathLike[str] | None = None,
        drop_last: bool = False,
        class_weight: Mapping[int, float] | npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        validation_data: Data | None = None,
        validation_split: float = 0.0,
        verbose: int | str | None = None,
    ) -> History:
        """Train the model for a number of epochs.

        Parameters
        ----------
        x : array_like, ArrayDataset or other source, or DataLoader
            The examples ``(n, ...)``, or a data set of them with their targets; ``(x, y)`` in a tuple is one, too. A
            DataLoader brings its own batch size and order. Its batches are ``(x, y)`` or ``(x, y, weights)``.
        y : array_like, shape (n, ...), optional
            The targets of an array of examples.
        epochs : int, default 5
            The number of passes over all examples, including those before a resumed state.
        batch_size : int, default 64
            Examples per step.
        validation : same as x, or tuple ``(x, y)`` or ``(x, y, sample_weight)``, optional
            Examples on which the model is measured after every epoch.
        callbacks : Callback or function, or sequence of them
            Called in this order. A function is called with the :class:`Run` after every epoch.
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
        drop_last : bool, default False
            Leave out a last batch that is shorter than the others.
        class_weight : mapping of int to float, or array_like of shape (classes,), optional
            How much the examples of a class count in the loss of the training, such as
            :func:`balanced_class_weights`; classes that a mapping does not name count 1.
        sample_weight : array_like, shape (n,), optional
            How much each example counts. Both weights are multiplied.
        validation_data : same as validation, optional
            Keras's name of it.
        validation_split : float, default 0
            The share of the examples, the last ones before they are shuffled, that is used for validation only.
            :func:`seegrad.data.train_val_split` chooses them at random.
        verbose : {0, 1, 2, "auto"}, optional
            Keras's ``progress``: silent, a bar, a line per epoch.

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

        Notes
        -----
        With weights w and losses l of its n examples, the loss of a batch is ``sum(w * l) / n``, as in Keras: the sum
        of the weights does not matter. In PyTorch, and in ``CrossEntropyLoss(weight=...)``, it is
        ``sum(w * l) / sum(w)``. Accuracy and metrics are not weighted.
        """
        check_belongings(self.model, self.optimizer, self.loss, self.ema)
        saved = None if resume is None else load_state(resume)
        given = given_data("fit", x, y, sample_weight)
        train, validation = with_validation(given, validation, validation_data, validation_split)
        loader = training_loader(train, batch_size, seed, drop_last)
        weights = None if class_weight is None else ClassWeights(class_weight)
        if weights is not None or sample_weight is not None:
            losses_of_examples(self.loss)  # refuses a loss that has none
        run = Run(
            self,
            checked_count("epochs", epochs),
            loader,
            [*watchers(progress, verbose), *as_callbacks(callbacks)],
            checked_count("accumulate", accumulate),
            validates=validation is not None,
            class_weights=weights,
        )
        run.begin_as_first()
        if saved is not None:
            try:
                run.load_state_dict(saved)
            except ValueError as error:
                raise ValueError(f"cannot resume from {resume}: {error}; nothing was changed") from error
        self.history = run.history
        self._run(run, validation)
        return self.history

    def _run(self, run: Run, validation: Source[Any] | DataLoader | None) -> None:
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
            x, y, weights = as_batch(batch)
            if run.class_weights is not None:
                weights = run.class_weights.of(y) if weights is None else run.class_weights.of(y) * weights
            run.settled = False
            run.step += 1
            run.examples = len(x)
            run.updated = run.step % run.accumulate == 0 or run.step == run.steps_per_epoch
            self._train_step(run, x, y, weights, good)
            run.call("on_step_end")
            if run.updated:
                run.call("on_settled")
                run.settled = True
                interrupt.check()

    def _train_step(self, run: Run, x: Array, y: Array, weights: Array | None, good: GoodWeights) -> None:
        loss, output = self._compiled.loss(self.model, self.loss, x, y, weights)
        run.loss = single_number(loss)
        if not math.isfinite(run.loss):
            culprit = first_nonfinite(self.model, x)
            good.restore()
            raise NonFiniteError(f"the loss became {run.loss}", run.epoch, run.step, culprit)
        # These weights gave a finite loss; those after the update may not.
        good.keep()
        if run.gathered == 0:
            self.optimizer.zero_grad()
        correct, examples, others = measured(self.metrics, self.loss, output, y)
        run.gathered += examples
        (loss if run.accumulate == 1 else loss * examples).backward()
        if run.updated:
            self._update(1 if run.accumulate == 1 else run.gathered)
            run.average_buffers()
            run.gathered = 0
        run.metrics.add(run.loss, correct, examples, others)

    def _update(self, examples: int) -> None:
        if examples > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad = parameter.grad / examples
        self.optimizer.step()
        # An infinity would stay in the average for ever; the next loss reports it.
        if self.ema is not None and nonfinite_parameter(self.model) is None:
            self.ema.update()

    def _end_epoch(
        self, run: Run, validation: Source[Any] | DataLoader | None, good: GoodWeights, interrupt: PatientInterrupt
    ) -> None:
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
