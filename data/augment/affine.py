"""Random rotation, shift, scale and shear of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.rng import Seed
from ..data_checks import checked_number, checked_range
from .augmentation import Augmentation, Changed, Targets
from .resampling import bilinear_sample

__all__ = ["RandomAffine"]


class RandomAffine(Augmentation):
    """Rotate, shift, scale and shear each image about its centre, by amounts drawn for each image.

    Parameters
    ----------
    rotation : float, default 10
        Degrees; angles are drawn from ``[-rotation, rotation]``, positive is anticlockwise.
    shift : float, default 0.08
        Fraction of the height and of the width, drawn from ``[-shift, shift]`` for each.
    scale : (float, float), default (0.9, 1.1)
        The smallest and the largest magnification.
    shear : float, default 5
        Degrees by which vertical lines lean, drawn from ``[-shear, shear]``; positive leans to the right.
    fill : float, default 0
        What appears from outside the image.
    seed : int, numpy.random.Generator or None
        Determines the amounts of direct calls; within a `DataLoader`, the loader's seed does.

    Examples
    --------
    >>> digits = np.zeros((64, 28, 28, 1), np.float32)
    >>> sg.data.RandomAffine(rotation=15, seed=0)(digits).shape
    (64, 28, 28, 1)
    """

    def __init__(
        self,
        rotation: float = 10.0,
        shift: float = 0.08,
        scale: tuple[float, float] = (0.9, 1.1),
        shear: float = 5.0,
        fill: float = 0.0,
        seed: Seed = None,
    ) -> None:
        super().__init__(seed)
        self.rotation: float = checked_number("rotation", rotation, 0, 180)
        self.shift: float = checked_number("shift", shift, 0)
        self.scale: tuple[float, float] = checked_range("scale", scale, low=1e-3)
        self.shear: float = checked_number("shear", shear, 0, 80)
        self.fill: float = checked_number("fill", fill)

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        n, height, width, _ = x.shape
        unit = rng.uniform(-1, 1, (4, n))
        matrices = inverse_matrices(
            np.radians(self.rotation * unit[0]),
            np.radians(self.shear * unit[1]),
            rng.uniform(self.scale[0], self.scale[1], (n,)),
        )
        shifts = self.shift * unit[2:].T * (height, width)
        rows, columns = source_positions(matrices, shifts, height, width, x.dtype)
        return bilinear_sample(x, rows, columns, self.fill), y


def inverse_matrices(
    angle: NDArray[np.float64], shear: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return, of shape ``(n, 2, 2)``, the maps that undo a shear, then a rotation, then a magnification.

    They act on ``(row, column)`` with rows counted downward, which is why an anticlockwise rotation is
    ``row' = row cos - column sin, column' = row sin + column cos``, and a lean to the right
    ``column' = column - row tan``.
    """
    cos, sin, tan = np.cos(angle), np.sin(angle), np.tan(shear)
    rows = np.array([[cos, sin], [tan * cos - sin, tan * sin + cos]]) / scale
    return rows.transpose(2, 0, 1)


def source_positions(
    matrices: NDArray[np.float64], shifts: NDArray[np.float64], height: int, width: int, dtype: Any
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return rows and columns, each ``(n, height, width)``, from where every pixel takes its value.

    Parameters
    ----------
    matrices : numpy.ndarray of shape (n, 2, 2)
        Inverse maps about the centre of the image.
    shifts : numpy.ndarray of shape (n, 2)
        How far the image moves down and to the right after that, in pixels.
    height, width : int
        Of the images.
    dtype : dtype
        To compute in.
    """
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    offsets = centre - np.einsum("nij,nj->ni", matrices, centre + shifts)
    maps = np.concatenate([matrices, offsets[..., np.newaxis]], axis=2).astype(dtype)
    grid = np.ones((3, height, width), dtype)
    grid[:2] = np.indices((height, width))
    # (n, 2, 3) @ (3, height * width) -> (n, 2, height * width)
    positions = (maps @ grid.reshape(3, -1)).reshape(-1, 2, height, width)
    return positions[:, 0], positions[:, 1]
