"""Plots of a model: its filters, its feature maps, and the pixels that its scores depend on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, tensor
from ...common.evaluation_mode import evaluation_mode
from ..evaluation import evaluating, observed
from ..layers.conv import Conv2d
from ..module import Module

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["pixel_gradient", "plot_activations", "plot_filters", "saliency"]

Array = npt.NDArray[Any]

# Blue is negative, red is positive, white is zero; they differ for every kind of colour vision.
SIGNED = "RdBu_r"


def plot_filters(
    model: Module, channels: int = 8, filters: int | None = None, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Draw the filters of a convolution; red is positive, blue negative, white zero.

    Parameters
    ----------
    model : Module
        A ``Conv2d``, or a model, of which the first ``Conv2d`` is drawn.
    channels, filters : int
        The largest numbers of input channels and filters to show; by default 8 and 16, or 32 filters if there is one
        input channel.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        The figure. With one input channel, an image for each filter; otherwise a row for each input channel and a
        column for each filter.

    Raises
    ------
    ValueError
        If the model has no convolution.
    """
    from ...common.figure import NotebookFigure, style

    convolution = next((module for module in model.modules() if isinstance(module, Conv2d)), None)
    if convolution is None:
        raise ValueError(f"{type(model).__name__} has no Conv2d, so there are no filters to draw")
    weight = convolution.weight.data  # (kh, kw, C, filters)
    most = filters or (32 if weight.shape[2] == 1 else 16)
    shown = weight[:, :, :channels, :most]
    wide, high = (min(8, shown.shape[3]), -(-shown.shape[3] // 8)) if shown.shape[2] == 1 else shown.shape[:1:-1]
    tiles = shown.transpose(2, 3, 0, 1).reshape(-1, *shown.shape[:2])
    limit = float(np.abs(weight).max()) or 1.0
    with style():
        figure = NotebookFigure(figsize=(max(4.0, 0.62 * wide + 1.0), 0.62 * high + 0.8), layout="constrained")
        grid = np.ravel(figure.subplots(high, wide, squeeze=False))
        drawn: Any = None
        for axes, tile in zip(grid, tiles):
            drawn = axes.imshow(tile, cmap=SIGNED, vmin=-limit, vmax=limit)
        for axes in grid:
            axes.set_xticks([])
            axes.set_yticks([])
        for axes in grid[len(tiles) :]:
            axes.set_visible(False)
        figure.colorbar(drawn, ax=list(grid), shrink=0.8)
        some = "" if shown.size == weight.size else f" ({shown.shape[3]} filters of {shown.shape[2]} channels shown)"
        figure.suptitle(f"{convolution!r}{some}", fontsize=10)
    return figure.write(path)


def plot_activations(
    model: Module, image: npt.ArrayLike, channels: int = 10, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Draw the outputs of all layers for an image; dark values are large.

    Parameters
    ----------
    model : Module
        The model; unchanged.
    image : array_like, shape (height, width, channels)
        One image.
    channels : int, default 10
        The largest number of feature maps to show of each layer.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each layer: its feature maps, or the values of a vector as bars.

    Raises
    ------
    TypeError, ValueError
        If the image does not fit the model.
    """
    from ...common.figure import NotebookFigure, style

    x = _one_image(image)
    rows = [("image", x[0]), *_outputs(model, x)]
    with style():
        figure = NotebookFigure(figsize=(1.6 + 0.85 * channels, 0.95 * len(rows)), layout="constrained")
        for part, (name, output) in zip(figure.subfigures(len(rows), 1, squeeze=False)[:, 0], rows):
            left, right = part.subfigures(1, 2, width_ratios=(1.6, 0.85 * channels))
            left.text(0.02, 0.5, f"{name}\n{' × '.join(map(str, output.shape))}", va="center", fontsize=8)
            if output.ndim == 3:
                _draw_maps(right.subplots(1, channels), output)
            else:
                _draw_bars(right.subplots(), output)
    return figure.write(path)


def _outputs(model: Module, x: Array) -> list[tuple[str, Array]]:
    """Return the outputs of the innermost modules for a batch of one image, with the names of the modules."""
    found: list[tuple[str, Array]] = []
    paths = {id(module): path for path, module in model.named_modules()}

    def note(module: Module, _inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim in (2, 4):
            found.append((f"{paths[id(module)]} {type(module).__name__}".strip(), output.data[0]))

    innermost = [module for module in model.modules() if next(module.children(), None) is None]
    with observed([(module, note) for module in innermost]), evaluating(model):
        model(x)
    return found


def _draw_maps(all_axes: npt.NDArray[np.object_], maps: Array) -> None:
    low, high = min(0.0, float(maps.min())), float(maps.max())
    for number, axes in enumerate(np.ravel(all_axes)):
        axes.set_axis_off()
        if number < maps.shape[2]:
            axes.imshow(maps[:, :, number], vmin=low, vmax=high if high > low else low + 1)


def _draw_bars(axes: Axes, values: Array) -> None:
    from ...common.figure import BLUE, PALE

    axes.bar(np.arange(len(values)), values, color=BLUE, width=0.8)
    axes.axhline(0, color=PALE, linewidth=0.8)
    axes.set_yticks([])
    axes.set_xlim(-0.6, len(values) - 0.4)
    if len(values) <= 10:
        axes.set_xticks(range(len(values)))
        axes.tick_params(labelsize=7, length=0)
    else:
        axes.set_xticks([])
    axes.spines[:].set_visible(False)


def pixel_gradient(model: Module, image: npt.ArrayLike, label: int | None = None) -> Array:
    """Return the gradient of a class's score with respect to the pixels of an image.

    Parameters
    ----------
    model : Module
        A classifier; unchanged, also its gradients.
    image : array_like, shape (height, width, channels)
        One image.
    label : int, optional
        The class; by default that with the largest score.

    Returns
    -------
    numpy.ndarray, of the image's shape
        The derivatives of the score with respect to the pixels.

    Raises
    ------
    TypeError, ValueError
        If the image does not fit the model, or there is no such class.
    """
    return _pixel_gradient(model, _one_image(image), label)[0]


def _pixel_gradient(model: Module, image: Array, label: int | None) -> tuple[Array, int]:
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    x = tensor(image, requires_grad=True)
    try:
        with evaluation_mode(model):
            scores = model(x)
        if scores.ndim != 2:
            raise ValueError(f"a classifier gives a row of scores for each image, this one gave shape {scores.shape}")
        chosen = int(scores.data.argmax()) if label is None else int(label)
        if not 0 <= chosen < scores.shape[1]:
            raise ValueError(f"there is no class {label}; the model has {scores.shape[1]}, from 0")
        scores[0, chosen].backward()
    finally:
        for parameter, gradient in gradients:
            parameter.grad = gradient
    return (np.zeros_like(image) if x.grad is None else np.asarray(x.grad))[0], chosen


def saliency(
    model: Module, image: npt.ArrayLike, label: int | None = None, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Draw the gradient of a class's score with respect to the pixels, over the image.

    K. Simonyan, A. Vedaldi, A. Zisserman, "Deep inside convolutional networks" (2014).

    Parameters
    ----------
    model : Module
        A classifier.
    image : array_like, shape (height, width, channels)
        One image, in [0, 1].
    label : int, optional
        The class; by default that with the largest score.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        The image, and beside it the gradient over the image: a larger value of a red pixel raises the score of the
        class, of a blue pixel lowers it. :func:`pixel_gradient` returns the numbers.

    Raises
    ------
    TypeError, ValueError
        If the image does not fit the model, or there is no such class.
    """
    from ...common.figure import NotebookFigure, style

    x = _one_image(image)
    slope, chosen = _pixel_gradient(model, x, label)
    amounts = slope.sum(axis=2)
    limit = float(np.abs(amounts).max()) or 1.0
    with style():
        figure = NotebookFigure(figsize=(7.2, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.imshow(x[0], vmin=0, vmax=1)
        left.set_title("image")
        right.imshow(x[0].mean(axis=2), vmin=0, vmax=2)
        strength = np.abs(amounts) / limit
        over = right.imshow(amounts, cmap=SIGNED, vmin=-limit, vmax=limit, alpha=np.sqrt(strength))
        right.set_title(f"what speaks for class {chosen}")
        figure.colorbar(over, ax=right, label="derivative of the score")
        for axes in (left, right):
            axes.set_axis_off()
    return figure.write(path)


def _one_image(image: npt.ArrayLike) -> Array:
    """Return a batch of one image."""
    x = np.asarray(image.data if isinstance(image, Tensor) else image)
    if x.ndim == 4 and len(x) == 1:
        return x
    if x.ndim != 3:
        raise ValueError(f"expected one image of shape (height, width, channels), got shape {x.shape}")
    return x[np.newaxis]
