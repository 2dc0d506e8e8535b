"""Pictures of a training: its curves, and what the model says of some images."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .atomic_file import write_atomically
from .history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]

# Two colours that stay apart for every kind of colour vision, and in grey.
TRAINING, VALIDATION = "#0072b2", "#d55e00"
RIGHT, WRONG = "#1b1b1b", "#c1121f"


def plot_curves(history: History, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw loss and accuracy over the epochs, for training and validation.

    Parameters
    ----------
    history : History
        Of a training.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ValueError
        If the history is empty.
    """
    from matplotlib.figure import Figure

    if len(history) == 0:
        raise ValueError("there are no curves to draw: the history has no finished epoch")
    names = [name for name in ("loss", "accuracy") if name in history.names()]
    figure = Figure(figsize=(4.8 * len(names), 3.6), layout="constrained")
    for axes, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        _draw_curve(axes, history, name)
    return _written(figure, path)


def _draw_curve(axes: Axes, history: History, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = np.arange(1, len(history) + 1)
    axes.plot(epochs, history[name], "o-", color=TRAINING, label="training")
    if f"val_{name}" in history.names():
        axes.plot(epochs, history[f"val_{name}"], "s--", color=VALIDATION, label="validation")
    axes.set(xlabel="epoch", ylabel=name, title=name.capitalize())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(alpha=0.3)
    axes.legend()


def plot_predictions(
    images: Array, labels: Array, probabilities: Array, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Show images with their true and their predicted labels, wrong ones in red.

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
    from matplotlib.figure import Figure

    if not 0 < len(images) == len(labels) == len(probabilities):
        raise ValueError(
            f"each image needs a label and a prediction: got {len(images)} images, {len(labels)} labels "
            f"and {len(probabilities)} predictions"
        )
    columns = min(5, len(images))
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(1.7 * columns, 2.3 * rows), layout="constrained")
    all_axes = np.ravel(figure.subplots(rows, columns))
    for axes in all_axes:
        axes.set_axis_off()
    for axes, image, label, scores in zip(all_axes, images, labels, probabilities, strict=False):
        guess = int(scores.argmax())
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(
            f"true {label}\npredicted {guess} ({scores[guess]:.0%})",
            fontsize=9,
            color=RIGHT if guess == label else WRONG,
        )
    return _written(figure, path)


def _written(figure: Figure, path: str | os.PathLike[str] | None) -> Figure:
    if path is not None:
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=120)
        write_atomically(path, picture.getvalue())
    return figure
