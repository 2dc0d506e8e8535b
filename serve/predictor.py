"""A model's answer for one image and its explanation: probabilities, each layer's output, and the saliency."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor, no_grad, softmax, tensor
from ..nn import Dropout, Flatten, Module
from ..nn.compiled_model import CompiledModel
from ..nn.model_info import ModelInfo

__all__ = ["Explanation", "LayerOutput", "Predictor"]

Array = npt.NDArray[Any]

# One image as data.prepare_digit gives it: height, width, channels.
IMAGE_SHAPE = (28, 28, 1)


@dataclass(frozen=True)
class LayerOutput:
    """One layer's output for the image: its path and class, and maps ``(height, width, channels)`` or ``(n,)``."""

    name: str
    values: Array


@dataclass(frozen=True)
class Explanation:
    """All that is shown of one image.

    Attributes
    ----------
    probabilities : numpy.ndarray, shape (classes,)
        They add up to 1.
    saliency : numpy.ndarray, shape (28, 28, 1)
        The derivatives of the winning class's score with respect to the pixels, or of its difference from the score
        of another class: where it is positive, more ink speaks for the winner.
    layers : tuple of LayerOutput
        In the order of computation.
    against : int or None
        The class that the winner is compared with.
    """

    probabilities: Array
    saliency: Array
    layers: tuple[LayerOutput, ...]
    against: int | None = None


class Predictor:
    """A model that predicts one image at a time; several threads may use it at once.

    Parameters
    ----------
    model : Module
        Takes images ``(n, 28, 28, 1)``, returns scores ``(n, classes)``. A copy is used, so that it can be
        trained on meanwhile. What its ``info`` says of preprocessing is done.
    class_names : sequence of str, optional
        By default those of its ``info``, or else the numbers of the classes.

    Raises
    ------
    TypeError, ValueError
        If the model does not take such images or does not give scores, or if the names do not fit.

    Examples
    --------
    >>> from seegrad.serve import Predictor
    >>> predictor = Predictor(sg.nn.models.mnist_cnn(seed=0))
    >>> predictor.probabilities(np.zeros((28, 28, 1), np.float32)).round(2)
    array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], dtype=float32)
    """

    def __init__(self, model: Module, class_names: Sequence[str] | None = None) -> None:
        self._model = deepcopy(model).freeze().eval()
        self._compiled, self._watched = CompiledModel("auto"), deepcopy(self._model)
        info = model.info or ModelInfo()
        if info.input_shape not in (None, IMAGE_SHAPE):
            raise ValueError(f"the model takes examples of shape {info.input_shape}, not images of shape {IMAGE_SHAPE}")
        self._scaler = info.preprocessing
        # Each thread collects the outputs of its own forward pass; None where no explanation is asked for.
        self._collected: ContextVar[list[LayerOutput] | None] = ContextVar("collected", default=None)
        self._watch_layers()
        classes = self._number_of_classes()
        names = class_names or info.class_names or [str(i) for i in range(classes)]
        self.class_names: tuple[str, ...] = tuple(names)
        if len(self.class_names) != classes:
            raise ValueError(f"the model has {classes} classes, but {len(self.class_names)} names were given")

    def _watch_layers(self) -> None:
        for path, module in self._watched.named_modules():
            # Flatten and Dropout do not change values in evaluation mode, so there is nothing new to show.
            if next(module.children(), None) is None and not isinstance(module, Flatten | Dropout):
                name = f"{path} {type(module).__name__}".strip()

                def note(_module: Module, _inputs: tuple[Any, ...], output: Any, name: str = name) -> None:
                    collected = self._collected.get()
                    if collected is not None and isinstance(output, Tensor) and output.ndim in (2, 4):
                        collected.append(LayerOutput(name, output.data[0]))

                module.register_forward_hook(note)

    def _number_of_classes(self) -> int:
        try:
            shape = self._scores(np.zeros(IMAGE_SHAPE, np.float32)).shape
        except (TypeError, ValueError, MemoryError) as error:
            raise ValueError(f"the model does not take images of shape {IMAGE_SHAPE}: {error}") from error
        if len(shape) != 1:
            raise ValueError(f"a classifier gives a row of scores for each image, this model gave shape {shape}")
        return int(shape[0])

    def _scores(self, image: Array) -> Array:
        with no_grad():
            return self._compiled.output(self._model, self._input(image))[0]

    def _input(self, image: Array) -> Array:
        """Return a batch of the one image, as the model was trained to see it."""
        batch = image[np.newaxis]
        return batch if self._scaler is None else self._scaler.transform(batch)

    def probabilities(self, image: Array) -> Array:
        """Compute the probability of each class.

        Parameters
        ----------
        image : numpy.ndarray, shape (28, 28, 1)
            In [0, 1], ink is 1.
        """
        return np.asarray(softmax(self._scores(image)))

    def explain(self, image: Array, against: int | None = None) -> Explanation:
        """Compute the probabilities and their explanation, in one forward and one backward pass.

        Parameters
        ----------
        image : numpy.ndarray, shape (28, 28, 1)
            In [0, 1], ink is 1.
        against : int, optional
            A class to compare the winner with, unless that is the same.
        """
        pixels = tensor(self._input(image), requires_grad=True)
        layers: list[LayerOutput] = []
        token = self._collected.set(layers)
        try:
            scores = self._watched(pixels)
        finally:
            self._collected.reset(token)
        winner = int(scores.data[0].argmax())
        against = None if against == winner else against
        (scores[0, winner] if against is None else scores[0, winner] - scores[0, against]).backward()
        slope = np.zeros(IMAGE_SHAPE, np.float32) if pixels.grad is None else np.asarray(pixels.grad)[0]
        if self._scaler is not None:  # (x - offset) / scale, so this is 1 / scale, the rest of the chain rule
            slope = slope * (self._input(np.ones_like(image)) - self._input(np.zeros_like(image)))[0]
        return Explanation(np.asarray(softmax(scores.data[0])), slope, tuple(layers), against)
