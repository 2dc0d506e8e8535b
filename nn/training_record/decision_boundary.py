"""What a model predicts on a grid of points in the plane, in a byte for each."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import no_grad, softmax
from ..evaluation import evaluating
from ..layers.activations import Sigmoid
from ..module import Module

Array = npt.NDArray[Any]

#: Points on each side of the grid; fewer where each point is computed by itself.
SIDE, COARSE_SIDE = 40, 20

#: The largest number of classes, and how sure of its class a model may be, in steps.
CLASSES, SURE_LEVELS = 15, 16

#: How far the grid reaches beyond the data, as a share of their range; how many points are shown.
_MARGIN, _MOST_POINTS = 0.12, 300


class DecisionBoundary:
    """The predictions of a model on a grid around points in the plane.

    Parameters
    ----------
    model : callable
        A module, which takes ``(n, 2)``, or a function of a list of two numbers.
    x : ndarray, shape (n, 2)
        The points.
    y : ndarray, shape (n,)
        Their targets: classes or numbers.
    """

    def __init__(self, model: Callable[[Any], Any], x: Array, y: Array) -> None:
        self._model = model
        self._batched = isinstance(model, Module)
        self.side: int = SIDE if self._batched else COARSE_SIDE
        low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
        margin = np.where(high > low, _MARGIN * (high - low), 1.0)
        self.low: Array = low - margin
        self.high: Array = high + margin
        axes = [np.linspace(self.low[i], self.high[i], self.side) for i in (0, 1)]
        # Rows from the top, as they are drawn.
        self._grid = np.stack(np.meshgrid(axes[0], axes[1][::-1]), axis=-1).reshape(-1, 2).astype(x.dtype)
        shown = np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).round().astype(int)
        self._points = x[shown]
        self._targets = y[shown]
        self.kind: str = ""

    def levels(self) -> str | None:
        """Return the predictions now, in base64; None if they are not of a kind that is drawn.

        Of several classes, a byte is ``16 * class + certainty``, where certainty 0 stands for a tie and 15 for a
        probability of 1. Of two classes, or of a single number, a byte is 128 where they tie or the number is at its
        threshold, more where the second class or a larger number is predicted, and less otherwise.
        """
        output = self._outputs()
        if output.ndim == 2 and 2 < output.shape[1] <= CLASSES:
            self.kind = "classes"
            return _packed(_of_classes(np.asarray(softmax(output))))
        if output.ndim == 2 and output.shape[1] == 2:
            output = output[:, 1] - output[:, 0]
        elif output.size == self.side**2:
            output = output.reshape(-1) - self._threshold()
        else:
            return None
        self.kind = "score"
        largest = np.abs(output[np.isfinite(output)]).max(initial=0.0) or 1.0
        return _packed(np.nan_to_num(np.rint(127 * output / largest)) + 128)

    def _outputs(self) -> Array:
        if isinstance(self._model, Module):
            with evaluating(self._model):
                return np.asarray(self._model(self._grid).data, np.float64)
        with no_grad():
            results = [self._model(point) for point in self._grid.tolist()]
        return np.array([[x.data for x in r] if isinstance(r, list) else r.data for r in results], np.float64)

    def _threshold(self) -> float:
        """Return the number between two classes: half, where the model ends with a sigmoid, else 0."""
        last = list(self._model.modules())[-1] if isinstance(self._model, Module) else None
        return 0.5 if isinstance(last, Sigmoid) else 0.0

    def page_data(self) -> dict[str, Any]:
        """Return all but the predictions, as plain data."""
        places = (self._points - self.low) / (self.high - self.low)
        whole = self._targets.dtype.kind in "iub" or bool((self._targets == np.rint(self._targets)).all())
        classes = np.unique(self._targets) if whole else np.zeros(0)
        known = 0 < len(classes) <= CLASSES
        if not known:
            marks = np.zeros(len(places), np.intp)
        elif self.kind == "score":  # targets -1 and 1 are the classes 0 and 1, too
            marks = np.searchsorted(classes, self._targets)
        else:
            marks = self._targets.astype(np.intp)
        points = [[round(a, 3), round(1 - b, 3), mark] for (a, b), mark in zip(places.tolist(), marks.tolist())]
        ends = [[float(f"{z:.3g}") for z in pair] for pair in zip(self.low.tolist(), self.high.tolist())]
        return {"side": self.side, "kind": self.kind, "ends": ends, "points": points, "threshold": self._threshold()}


def _of_classes(probabilities: Array) -> Array:
    """Return class and certainty of each row, from the two largest probabilities."""
    first, second = -np.partition(-probabilities, 1, axis=1)[:, :2].T
    sure = np.nan_to_num(np.rint((SURE_LEVELS - 1) * (first - second)))
    return SURE_LEVELS * probabilities.argmax(axis=1) + sure


def _packed(levels: Array) -> str:
    return b64encode(levels.astype(np.uint8).tobytes()).decode()
