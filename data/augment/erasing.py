"""Random erasing: a rectangle of each image is painted over."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.rng import Seed
from ..data_checks import checked_number, checked_range
from .augmentation import Augmentation, Changed, Targets
from .resampling import pixel_grid

__all__ = ["RandomErasing"]


class RandomErasing(Augmentation):
    """Paint over a random rectangle of some images, so that no single part is relied on.

    Parameters
    ----------
    p : float, default 0.5
        The share of images that lose a rectangle.
    area : (float, float), default (0.02, 0.2)
        Its smallest and largest area, as fractions of the image's.
    aspect : (float, float), default (0.3, 3.3)
        Its smallest and largest height divided by width, drawn evenly on a logarithmic scale.
    value : float, default 0
        The paint.
    seed : int, numpy.random.Generator or None
        Determines the rectangles of direct calls; within a `DataLoader`, the loader's seed does.

    Notes
    -----
    After Z. Zhong et al., *Random erasing data augmentation* (2017). A side that comes out longer than the
    image is cut to it.

    Examples
    --------
    >>> images = np.ones((1, 8, 8, 1), np.float32)
    >>> bool(sg.data.RandomErasing(p=1.0, seed=0)(images).mean() < 1.0)
    True
    """

    def __init__(
        self,
        p: float = 0.5,
        area: tuple[float, float] = (0.02, 0.2),
        aspect: tuple[float, float] = (0.3, 3.3),
        value: float = 0.0,
        seed: Seed = None,
    ) -> None:
        super().__init__(seed)
        self.p: float = checked_number("p", p, 0, 1)
        self.area: tuple[float, float] = checked_range("area", area, low=0)
        if self.area[1] > 1:
            raise ValueError(f"area is a fraction of the image, at most 1, got {area!r}")
        self.aspect: tuple[float, float] = checked_range("aspect", aspect, low=1e-3)
        self.value: float = checked_number("value", value)

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        n, height, width, _ = x.shape
        area = rng.uniform(*self.area, (n, 1, 1)) * height * width
        aspect = np.exp(rng.uniform(np.log(self.aspect[0]), np.log(self.aspect[1]), (n, 1, 1)))
        tall = np.minimum(np.rint(np.sqrt(area * aspect)), height)
        wide = np.minimum(np.rint(np.sqrt(area / aspect)), width)
        top = np.floor(rng.random((n, 1, 1)) * (height - tall + 1))
        left = np.floor(rng.random((n, 1, 1)) * (width - wide + 1))
        rows, columns = pixel_grid(height, width, np.float64)
        erased = (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
        erased &= rng.random((n, 1, 1)) < self.p
        return np.where(erased[..., np.newaxis], x.dtype.type(self.value), x), y
