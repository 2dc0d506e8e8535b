"""What the server answers: predictions as plain data for JSON."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .predictor import Explanation

Array = npt.NDArray[Any]


def prediction_data(probabilities: Array, class_names: Sequence[str]) -> dict[str, Any]:
    """Name the most probable class, the next one, and the probabilities of all.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (classes,)
        Of the classes.
    class_names : sequence of str
        Their names.
    """
    order = np.argsort(-probabilities, kind="stable")
    return {
        "class": class_names[order[0]],
        "confidence": float(probabilities[order[0]]),
        "runner_up": class_names[order[1]] if len(order) > 1 else None,
        "classes": list(class_names),
        "probabilities": [float(p) for p in probabilities],
    }


def explanation_data(image: Array, explanation: Explanation, class_names: Sequence[str]) -> dict[str, Any]:
    """Describe the image that the network saw, the saliency, and each layer's output.

    Parameters
    ----------
    image : numpy.ndarray, shape (28, 28, 1)
        What the model got.
    explanation : Explanation
        What it made of it.
    class_names : sequence of str
        The names of the classes.
    """
    return {
        "image": array_data(image),
        "saliency": array_data(explanation.saliency),
        "against": None if explanation.against is None else class_names[explanation.against],
        "layers": [{"name": layer.name, **array_data(layer.values)} for layer in explanation.layers],
    }


def array_data(values: Array) -> dict[str, Any]:
    """Pack an array into a byte for each number, which is all that a picture of it can show.

    Parameters
    ----------
    values : numpy.ndarray, shape (height, width, channels) or (n,)
        Finite numbers.

    Returns
    -------
    dict
        ``shape``; ``low`` and ``high``; ``bytes``, base64, one channel after the other: byte b stands for
        ``low + b / 255 * (high - low)``.

    Examples
    --------
    >>> from seegrad.serve.answer import array_data
    >>> array_data(np.array([-1.0, 0.0, 1.0]))
    {'shape': [3], 'low': -1.0, 'high': 1.0, 'bytes': 'AID/'}
    """
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    scaled = np.rint((np.moveaxis(values, -1, 0) - low) * (255 / (high - low) if high > low else 0.0))
    return {
        "shape": list(values.shape),
        "low": low,
        "high": high,
        "bytes": b64encode(scaled.astype(np.uint8).tobytes()).decode("ascii"),
    }
