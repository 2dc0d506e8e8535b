"""The meaning of a model's input and output: shape, names of the classes, preprocessing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..data.scaling import MinMaxScale, Scaler, Standardize

__all__ = ["ModelInfo"]

SCALERS: dict[str, type[Scaler]] = {cls.__name__: cls for cls in (MinMaxScale, Standardize)}
LONGEST_NAME = 1000  # characters in the name of a class
SURROGATE = re.compile("[\ud800-\udfff]")  # half characters, which UTF-8 cannot encode


@dataclass(frozen=True)
class ModelInfo:
    """The meaning of a model's input and output; kept in ``Module.info`` and saved with the model.

    Attributes
    ----------
    input_shape : tuple of int or None
        The shape of one example, such as ``(28, 28, 1)``.
    class_names : tuple of str
        The names of the classes, in the order of the outputs; empty if they are not known.
    preprocessing : Standardize, MinMaxScale or None
        The scaling that inputs need before they are given to the model.
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
