"""What a model's input and output mean: shape, names of the classes, preprocessing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..data.scaling import MinMaxScale, Scaler, Standardize

__all__ = ["ModelInfo"]

SCALERS: dict[str, type[Scaler]] = {cls.__name__: cls for cls in (MinMaxScale, Standardize)}
LONGEST_NAME = 1000  # characters of a class
SURROGATE = re.compile("[\ud800-\udfff]")  # halves of characters, which cannot be written


@dataclass(frozen=True)
class ModelInfo:
    """What a model's input and output mean; kept in :attr:`Module.info` and saved with the model.

    Attributes
    ----------
    input_shape : tuple of int or None
        Of one example, such as ``(28, 28, 1)``.
    class_names : tuple of str
        What the outputs stand for; empty if that was not said.
    preprocessing : Standardize, MinMaxScale or None
        What the inputs have to go through before the model sees them.
    """

    input_shape: tuple[int, ...] | None = None
    class_names: tuple[str, ...] = ()
    preprocessing: Scaler | None = None

    def __post_init__(self) -> None:
        shape, names, scaler = self.input_shape, self.class_names, self.preprocessing
        if shape is not None and not all(type(size) is int and size > 0 for size in shape):
            raise ValueError(f"input_shape must be positive integers, got {shape!r:.200}")
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"class_names must be texts, got {names!r:.200}")
        if any(len(name) > LONGEST_NAME or SURROGATE.search(name) for name in names):
            raise ValueError(f"class_names must be texts of at most {LONGEST_NAME} characters, got {names!r:.200}")
        if scaler is not None and SCALERS.get(type(scaler).__name__) is not type(scaler):
            raise TypeError(f"preprocessing must be a fitted {' or '.join(SCALERS)}, got {scaler!r:.200}")
