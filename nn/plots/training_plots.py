"""Plots of a training: its curves, the model's predictions and mistakes, the confusion matrix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ..classification_metrics import confusion_matrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_confusion", "plot_curves", "plot_mistakes", "plot_predictions"]

Array = npt.NDArray[Any]

WRONG = "#a40e26"


class Curves(Protocol):
    """A :class:`~seegrad.nn.History`, as it is plotted."""

    def names(self) -> list[str]:
        """Return the names of the measures."""

    def __len__(self) -> int:
        """Return the number of epochs."""

    def __getitem__(self, name: str, /) -> list[float]:
        """Return a measure's values of all epochs."""


def plot_curves(
    history: Curves, path: str | os.PathLike[str] | None = None, running: Sequence[tuple[float, float]] = ()
) -> Figure:
    """Plot every measure over the epochs, for training and validation.

    Parameters
    ----------
    history : History
        The history of a training.
    path : path, optional
        A PNG file to write.
    running : sequence of (float, float), optional
        Losses within epochs, as (epochs done, loss); drawn as a thin line.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    from ...common.figure import NotebookFigure, style

    names = [name for name in history.names() if not name.startswith("val_")] or ["loss"]
    if len(history) == 0 and not running:
        raise ValueError("there are no curves to draw: the history has no finished epoch")
    with style():
        figure = NotebookFigure(figsize=(4.8 * len(names), 3.6), layout="constrained")
        for axes, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
            _draw_curve(axes, history, name, running if name == "loss" else ())
    return figure.write(path)


def _draw_curve(axes: Axes, history: Curves, name: str, running: Sequence[tuple[float, float]]) -> None:
    from matplotlib.ticker import MaxNLocator

    from ...common.figure import BLUE, ORANGE, PALE

    epochs = np.arange(1, len(history) + 1)
    if running:
        axes.plot(*zip(*running), color=PALE, linewidth=0.9, label="batches")
    if len(history):
        axes.plot(epochs, history[name], "o-", color=BLUE, label="training")
    if f"val_{name}" in history.names():
        axes.plot(epochs, history[f"val_{name}"], "s--", color=ORANGE, label="validation")
    axes.set(xlabel="epoch", ylabel=name, title=name.capitalize())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(alpha=0.3)
    axes.legend()


def plot_predictions(
    images: Array, labels: Array, probabilities: Array, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Show images with their true and their predicted labels, wrong ones in red and with a cross.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, height, width, 1) or (n, height, width, 3)
        In [0, 1].
    labels : numpy.ndarray, shape (n,)
        The true classes.
    probabilities : numpy.ndarray, shape (n, classes)
        What the model predicts.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, five images in a row.

    Raises
    ------
    ValueError
        If there is no image, or the three do not have the same length.
    """
    from ...common.figure import INK, NotebookFigure, style

    _check_lengths(images, labels, probabilities)
    columns = min(5, len(images))
    rows = -(-len(images) // columns)
    with style():
        figure = NotebookFigure(figsize=(1.7 * columns, 2.3 * rows), layout="constrained")
        all_axes = np.ravel(figure.subplots(rows, columns))
        for axes in all_axes:
            axes.set_axis_off()
        for axes, image, label, scores in zip(all_axes, images, labels, probabilities):
            guess = int(scores.argmax())
            right = guess == label
            axes.imshow(image, vmin=0, vmax=1)
            axes.set_title(
                f"true {label}\npredicted {guess} ({scores[guess]:.0%}){'' if right else ' ×'}",
                fontsize=9,
                color=INK if right else WRONG,
            )
    return figure.write(path)


def plot_mistakes(
    images: Array, labels: Array, probabilities: Array, count: int = 20, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Show the mistakes of which the model is most certain, in decreasing order of certainty.

    Parameters
    ----------
    images, labels, probabilities : numpy.ndarray
        As for :func:`plot_predictions`.
    count : int, default 20
        The largest number of images to show.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; a sentence if there is no mistake.

    Raises
    ------
    ValueError
        If there is no image, or the three do not have the same length.
    """
    from ...common.figure import NotebookFigure, style

    _check_lengths(images, labels, probabilities)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    worst = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:count]
    if len(worst):
        figure = plot_predictions(images[worst], labels[worst], probabilities[worst])
        with style():
            figure.suptitle(f"{len(worst)} of {len(wrong):,} mistakes among {len(labels):,} images")
    else:
        with style():
            figure = NotebookFigure(figsize=(5, 1))
            figure.text(0.5, 0.5, f"no mistakes among {len(labels):,} images", ha="center", va="center")
    return figure.write(path)  # type: ignore[attr-defined, no-any-return]


def _check_lengths(images: Array, labels: Array, probabilities: Array) -> None:
    if not 0 < len(images) == len(labels) == len(probabilities):
        raise ValueError(
            f"each image needs a label and a prediction: got {len(images)} images, {len(labels)} labels "
            f"and {len(probabilities)} predictions"
        )


def plot_confusion(
    labels: Array, probabilities: Array, names: Sequence[str] | None = None, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Plot the confusion matrix: counts, coloured by their share of the true class.

    Parameters
    ----------
    labels : numpy.ndarray, shape (n,)
        The true classes.
    probabilities : numpy.ndarray, shape (n, classes) or (n,)
        What the model predicts: scores, or the answers themselves.
    names : sequence of str, optional
        Names of the classes; by default their numbers.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    TypeError, ValueError
        If the arguments do not fit each other.
    """
    from ...common.figure import NotebookFigure, style

    counts = confusion_matrix(probabilities, labels, None if names is None else len(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    classes = len(counts)
    side = max(3.6, 0.5 * classes + 1.2)
    with style():
        figure = NotebookFigure(figsize=(side, side), layout="constrained")
        axes = figure.subplots()
        # The square root makes a single mistake visible beside a thousand correct answers.
        axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
        texts = [str(i) for i in range(classes)] if names is None else list(names)
        axes.set_xticks(range(classes), texts, rotation=0 if max(map(len, texts)) < 4 else 60)
        axes.set_yticks(range(classes), texts)
        axes.set(xlabel="predicted", ylabel="true", title=f"{counts.trace() / counts.sum():.2%} right")
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.35 else "black"
            axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", color=colour, fontsize=8)
    return figure.write(path)
