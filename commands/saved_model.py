"""What several commands do with a saved model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import softmax
from ..nn import Module, load
from ..nn.compiled_model import CompiledModel
from ..nn.evaluation import evaluating
from ..nn.model_info import ModelInfo
from ..nn.summary import vocabulary_size

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


def mean_probabilities(models: Iterable[Module], x: Array) -> Array:
    """Compute the mean of what several models say together, ``(n, classes)``; see :func:`probabilities`.

    Raises
    ------
    ValueError, TypeError
        If one does not take such examples, or they tell different numbers of classes.
    """
    each = [probabilities(model, x) for model in models]
    if len({p.shape[1] for p in each}) > 1:
        raise ValueError(f"the models tell different numbers of classes: {', '.join(str(p.shape[1]) for p in each)}")
    return np.asarray(np.mean(each, axis=0))


def class_names(model: Module, classes: int) -> list[str]:
    """Return what the model's outputs stand for, by default their numbers."""
    names = list(model.info.class_names) if model.info is not None else []
    return names if len(names) == classes else [str(i) for i in range(classes)]


def example_input(model: Module, given: tuple[int, ...] | None) -> Array:
    """Return a batch of one random example, of the shape that was given or that the file tells.

    A model that looks vectors up gets integers.

    Raises
    ------
    ValueError
        If neither tells the shape.
    """
    shape = given or (model.info.input_shape if model.info is not None else None)
    if shape is None:
        raise ValueError("the file does not tell what the model takes; give --input-shape, such as 28,28,1")
    rng, size = np.random.default_rng(0), vocabulary_size(model)
    if size is not None:
        return rng.integers(0, size, (1, *shape))
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
    return rng.standard_normal((1, *shape)).astype(dtype)
