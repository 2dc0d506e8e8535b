"""What several commands do with a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import softmax
from ..nn import Module, load
from ..nn.compiled_model import CompiledModel
from ..nn.evaluation import evaluating
from ..nn.model_info import ModelInfo

Array = npt.NDArray[Any]

BATCH = 128


def load_saved(path: str | Path) -> Module:
    """Load a model as :func:`seegrad.load` does.

    Raises
    ------
    FileNotFoundError
        If there is no such file; says how to get one.
    """
    try:
        return load(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no model {path}; run seegrad train first, which writes one") from error


def probabilities(model: Module, x: Array) -> Array:
    """Compute the probabilities of the classes, ``(n, classes)``, having done the model's own preprocessing.

    Raises
    ------
    ValueError, TypeError
        If the model does not take such examples, or does not put out a score for each class.
    """
    info = model.info or ModelInfo()
    if info.input_shape is not None and x.shape[1:] != info.input_shape:
        raise ValueError(f"the model takes examples of shape {info.input_shape}, not {x.shape[1:]}")
    parts, compiled = [], CompiledModel("auto")
    with evaluating(model):
        for start in range(0, len(x), BATCH):
            batch = x[start : start + BATCH]
            prepared = batch if info.preprocessing is None else info.preprocessing.transform(batch)
            parts.append(compiled.output(model, np.array(prepared)))
    found: Array = np.concatenate(parts)
    if found.ndim != 2:
        raise ValueError(f"the model puts out arrays of shape {found.shape[1:]}, not a score for each class")
    already = (found >= 0).all() and np.allclose(found.sum(axis=1), 1, atol=1e-4)
    result: Array = found if already else softmax(found)
    return result


def class_names(model: Module, classes: int) -> list[str]:
    """Return what the model's outputs stand for, by default their numbers."""
    names = list(model.info.class_names) if model.info is not None else []
    return names if len(names) == classes else [str(i) for i in range(classes)]


def input_shape(model: Module, given: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the shape of one example, as it was given or as the file tells it.

    Raises
    ------
    ValueError
        If neither does.
    """
    shape = given or (model.info.input_shape if model.info is not None else None)
    if shape is None:
        raise ValueError("the file does not tell what the model takes; give --input-shape, such as 28,28,1")
    return shape
