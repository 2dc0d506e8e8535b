"""Small artificial data sets in the plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..common.argument_checks import checked_count
from ..common.rng import Seed, default_rng
from .data_checks import checked_number

__all__ = ["make_circles", "make_moons", "make_spirals"]

Points = tuple[NDArray[np.float32], NDArray[np.int64]]


def make_moons(n: int = 100, noise: float = 0.1, seed: Seed = None) -> Points:
    """Draw two half circles that reach into each other.

    Parameters
    ----------
    n : int, default 100
        The number of points; class 0 has half of them, rounded up.
    noise : float, default 0.1
        Standard deviation of the normal noise on each coordinate.
    seed : int, numpy.random.Generator or None
        Determines the noise and the order of the points.

    Returns
    -------
    x : numpy.ndarray of shape (n, 2), float32
        The points: the upper half circle around (0, 0) is class 0, the lower around (1, 0.5) class 1, both of radius 1.
    y : numpy.ndarray of shape (n,), int64
        Their classes.

    Examples
    --------
    >>> x, y = sg.data.make_moons(100, noise=0.1, seed=0)
    >>> x.shape, int(y.sum())
    ((100, 2), 50)
    """
    first, second = _halves(n)
    angles = [np.linspace(0, np.pi, count) for count in (first, second)]
    upper = np.stack([np.cos(angles[0]), np.sin(angles[0])], axis=1)
    lower = np.stack([1 - np.cos(angles[1]), 0.5 - np.sin(angles[1])], axis=1)
    return _mixed([upper, lower], noise, seed)


def make_circles(n: int = 100, noise: float = 0.1, factor: float = 0.5, seed: Seed = None) -> Points:
    """Draw a circle within a circle.

    Parameters
    ----------
    n : int, default 100
        The number of points; the outer circle, class 0, has half of them, rounded up.
    noise : float, default 0.1
        Standard deviation of the normal noise on each coordinate.
    factor : float, default 0.5
        Radius of the inner circle, class 1; the outer one's is 1.
    seed : int, numpy.random.Generator or None
        Determines the noise and the order of the points.

    Returns
    -------
    x : numpy.ndarray of shape (n, 2), float32
    y : numpy.ndarray of shape (n,), int64
    """
    factor = checked_number("factor", factor, 0, 1)
    rings = []
    for count, radius in zip(_halves(n), (1.0, factor), strict=True):
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        rings.append(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return _mixed(rings, noise, seed)


def make_spirals(n: int = 100, noise: float = 0.02, classes: int = 2, turns: float = 1.0, seed: Seed = None) -> Points:
    """Draw spirals that wind around each other, one per class.

    Parameters
    ----------
    n : int, default 100
        The number of points, shared among the classes as evenly as possible.
    noise : float, default 0.02
        Standard deviation of the normal noise on each coordinate.
    classes : int, default 2
        How many spirals.
    turns : float, default 1
        How often each goes around on its way from the centre to radius 1.
    seed : int, numpy.random.Generator or None
        Determines the noise and the order of the points.

    Returns
    -------
    x : numpy.ndarray of shape (n, 2), float32
    y : numpy.ndarray of shape (n,), int64

    Examples
    --------
    >>> x, y = sg.data.make_spirals(6, classes=3, seed=0)
    >>> x.shape, np.bincount(y)
    ((6, 2), array([2, 2, 2]))
    """
    classes = checked_count("classes", classes)
    n = checked_count("n", n, minimum=classes)
    turns = checked_number("turns", turns, 0)
    arms = []
    for arm in range(classes):
        # The centre itself belongs to all of them, so every spiral starts a little outside.
        radius = np.linspace(0.05, 1, len(range(arm, n, classes)))
        angle = 2 * np.pi * (turns * radius + arm / classes)
        arms.append(radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return _mixed(arms, noise, seed)


def _halves(n: int) -> tuple[int, int]:
    n = checked_count("n", n, minimum=2)
    return n - n // 2, n // 2


def _mixed(groups: list[NDArray[np.float64]], noise: float, seed: Seed) -> Points:
    """Join the groups, one class each, in random order and add noise."""
    noise, rng = checked_number("noise", noise, 0), default_rng(seed)
    points = np.concatenate(groups)
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    points = points + noise * rng.standard_normal(points.shape)
    order = rng.permutation(len(points))
    return points[order].astype(np.float32), labels[order].astype(np.int64)
