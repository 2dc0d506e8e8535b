"""Attention as a picture: who looks at whom."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor
from ...common.plain_data import as_array
from ..evaluation import evaluating
from ..layers.attention import MultiheadAttention
from ..module import Module

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["attention_maps", "plot_attention"]

Array = npt.NDArray[Any]

#: From how many positions on their tokens are not written beside the picture.
MOST_TOKENS = 48


def attention_maps(model: Module, *inputs: Any) -> dict[str, Array]:
    """Run a model and return how much each position looks at each other one, in every attention layer.

    Parameters
    ----------
    model : Module
        A model with :class:`~seegrad.nn.MultiheadAttention` inside; run in evaluation mode, and unchanged.
    *inputs : array_like
        What it is called with.

    Returns
    -------
    dict of str to ndarray
        Weights (batch, heads, queries, keys) by the path of the layer. A layer that is called again replaces its first
        ones.

    Raises
    ------
    ValueError
        If the model has no attention layer.

    Examples
    --------
    >>> model = sg.nn.GPT(27, 8, 16, 2, 2, seed=0)
    >>> {name: weights.shape for name, weights in sg.nn.attention_maps(model, np.array([[1, 2, 3]])).items()}
    {'blocks.0.self_attn': (1, 2, 3, 3), 'blocks.1.self_attn': (1, 2, 3, 3)}
    """
    layers = {name: part for name, part in model.named_modules() if isinstance(part, MultiheadAttention)}
    if not layers:
        raise ValueError(f"{type(model).__name__} has no MultiheadAttention, so nothing looks at anything")
    found: dict[str, Array] = {}
    with evaluating(model), _noted(layers, found):
        model(*inputs)
    return found


@contextmanager
def _noted(layers: dict[str, MultiheadAttention], found: dict[str, Array]) -> Iterator[None]:
    """Let layers tell their weights, whatever they are asked for, inside a block."""

    def telling(name: str, layer: MultiheadAttention) -> Any:
        compute: Any = type(layer).forward
        signature = inspect.signature(compute)

        def forward(*args: Any, **kwargs: Any) -> Any:
            call = signature.bind(layer, *args, **kwargs)
            call.apply_defaults()
            wanted, mean = call.arguments["need_weights"], call.arguments["average_attn_weights"]
            call.arguments.update(need_weights=True, average_attn_weights=False)
            output, weights = compute(*call.args, **call.kwargs)
            found[name] = as_array(weights)
            return output, None if not wanted else weights.mean(axis=1) if mean else weights

        return forward

    own = {name: vars(layer).get("forward") for name, layer in layers.items()}
    try:
        for name, layer in layers.items():
            object.__setattr__(layer, "forward", telling(name, layer))
        yield
    finally:
        for name, layer in layers.items():
            if own[name] is None:
                del vars(layer)["forward"]
            else:
                object.__setattr__(layer, "forward", own[name])


def plot_attention(
    weights: npt.ArrayLike | Tensor | dict[str, Array],
    tokens: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draw who looks at whom: a row for each position that looks, and dark squares where it looks at.

    Parameters
    ----------
    weights : array_like, Tensor or dict
        Weights from 0 to 1 of shape (queries, keys), (heads, queries, keys) or (1, heads, queries, keys); or those of
        several layers by name, as :func:`attention_maps` returns them.
    tokens : sequence of str, optional
        What stands at the positions that look.
    keys : sequence of str, optional
        What stands at the positions that are looked at; by default ``tokens``, if there are as many.
    path : path, optional
        A PNG file to write.

    Returns
    -------
    matplotlib.figure.Figure
        A row of pictures for each layer, with one picture for each head.

    Raises
    ------
    ValueError
        If the weights are of several sequences, or there are not as many tokens as positions.
    """
    from ...common.figure import NotebookFigure, style

    layers = {name: _heads(part) for name, part in (weights if isinstance(weights, dict) else {"": weights}).items()}
    wide, high = max(len(heads) for heads in layers.values()), len(layers)
    with style():
        figure = NotebookFigure(figsize=(2.6 * wide + 1.2, 2.5 * high + 0.6), layout="constrained")
        grid = figure.subplots(high, wide, squeeze=False)
        drawn: Any = None
        for row, (name, heads) in zip(grid, layers.items()):
            for number, axes in enumerate(row):
                axes.set_visible(number < len(heads))
                if number < len(heads):
                    drawn = axes.imshow(heads[number], cmap="Blues", vmin=0.0, vmax=1.0)
                    axes.set_title(f"head {number}" if len(heads) > 1 else "", fontsize=9)
                    _write_tokens(axes, heads[number].shape, tokens, keys)
            row[0].set_ylabel(f"{name}\nlooks".strip() if name else "who looks")
        for axes in grid[-1]:
            axes.set_xlabel("at whom")
        figure.colorbar(drawn, ax=list(grid.ravel()), shrink=0.8, label="weight")
    return figure.write(path)


def _heads(weights: Any) -> Array:
    """Return weights as (heads, queries, keys)."""
    array = as_array(weights.data if isinstance(weights, Tensor) else weights)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[np.newaxis]
    if array.ndim != 3 or not array.size:
        raise ValueError(
            "plot_attention: expected weights (queries, keys), (heads, queries, keys), or (1, heads, queries, keys) of "
            f"one sequence, got shape {array.shape}"
        )
    return array


def _write_tokens(axes: Axes, shape: tuple[int, ...], tokens: Sequence[str] | None, keys: Sequence[str] | None) -> None:
    """Write what stands at the positions beside the rows and above the columns."""
    if keys is None and tokens is not None and len(tokens) == shape[1]:
        keys = tokens
    axes.tick_params(length=0, labelsize=8)
    axes.xaxis.tick_top()
    for axis, texts, count in ((axes.yaxis, tokens, shape[0]), (axes.xaxis, keys, shape[1])):
        if texts is not None and len(texts) != count:
            raise ValueError(f"plot_attention: {len(texts)} tokens do not fit {count} positions")
        if texts is None or count > MOST_TOKENS:
            continue
        axis.set_ticks(range(count), [str(text) for text in texts])
