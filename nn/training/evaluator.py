"""Evaluation and prediction with a model that is, or was, trained."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, softmax
from ...common.argument_checks import checked_count
from ...common.elsewhere import takes_other_names
from ...common.plain_data import as_array
from ...data import ArrayDataset, DataLoader
from ...data.dataset import Source
from ..compiled_model import CompiledModel
from ..evaluation import evaluating
from ..losses.categorical_losses import CrossEntropyLoss
from ..module import Module
from .batch_metrics import Metric, measured
from .given_data import Data, as_batch, given_data
from .running_metrics import RunningMetrics
from .trainer_protocols import AveragesLike

Array = npt.NDArray[Any]

# Evaluation is fastest with batches whose activations fit into the cache of a core.
EVALUATION_BATCH = 128


class Evaluator:
    """The part of a :class:`~seegrad.nn.Trainer` that changes nothing.

    Parameters
    ----------
    model, loss, metrics, ema
        As the trainer has them; metrics by name.
    compiled : CompiledModel
        How the model and the loss are run.
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Any],
        metrics: dict[str, Metric],
        ema: AveragesLike | None,
        compiled: CompiledModel,
    ) -> None:
        self.model: Module = model
        self.loss = loss
        self.metrics = metrics
        self.ema: AveragesLike | None = ema
        self._compiled = compiled

    @property
    def why_not(self) -> str | None:
        """Why the model is not compiled; None if it is, or was not called yet."""
        return self._compiled.why_not

    def averaged(self) -> AbstractContextManager[None]:
        """Use the averages of ``ema`` as the model's parameters inside a ``with`` block, if there are any.

        This is how to save what :meth:`evaluate` measures: ``with trainer.averaged(): save_weights(...)``.
        """
        return nullcontext() if self.ema is None else self.ema.averaged()

    @takes_other_names
    def evaluate(
        self,
        x: Data | npt.ArrayLike,
        y: npt.ArrayLike | None = None,
        *,
        batch_size: int = EVALUATION_BATCH,
        sample_weight: npt.ArrayLike | None = None,
    ) -> dict[str, float]:
        """Measure the model, in evaluation mode, without training it.

        Parameters
        ----------
        x : array_like, ArrayDataset or other source, or DataLoader
            The examples ``(n, ...)``, or a data set of them with their targets.
        y : array_like, shape (n, ...), optional
            The targets of an array of examples.
        batch_size : int, default 128
            The number of examples per step; affects speed and memory only.
        sample_weight : array_like, shape (n,), optional
            How much each example counts in the loss; see :meth:`fit`.

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
        return self._measure(given_data("evaluate", x, y, sample_weight), batch_size).results()

    def _measure(
        self, dataset: Source[Any] | DataLoader, batch_size: int, between_batches: Callable[[], None] = lambda: None
    ) -> RunningMetrics:
        # The examples are not shuffled; with a seed the loader does not draw from the default generator.
        loader = dataset if isinstance(dataset, DataLoader) else DataLoader(dataset, batch_size, seed=0)
        metrics = RunningMetrics()
        with self.averaged(), evaluating(self.model):
            for batch in loader:
                x, y, weights = as_batch(batch)
                loss, output = self._compiled.loss(self.model, self.loss, x, y, weights)
                metrics.add(single_number(loss), *measured(self.metrics, self.loss, output, y))
                between_batches()
        return metrics

    @takes_other_names
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


def single_number(loss: Any) -> float:
    """Return the loss of a batch as a number; ValueError if it is several."""
    if loss.size != 1:
        raise ValueError(f"the loss of a batch must be a single number, got shape {loss.shape}; use reduction='mean'")
    return float(loss.item())
