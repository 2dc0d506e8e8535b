"""What the player shows of a convolution or a pool, window by window: image, kernel, result, and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.node import Node
from .graph_reading import inputs_to_show
from .steps import Story

#: Larger images, and more windows than this, are not shown one by one.
_WIDEST, _MOST_WINDOWS, _MOST_WEIGHTS = 8, 256, 128

_KINDS = {"conv2d": "conv", "conv2d_with_bias": "conv", "window_take": "max", "window_sum": "sum"}


def windows_of(story: Story) -> dict[str, dict[str, Any]]:
    """Return the windows of each small convolution and pool of a story, by the key of its node.

    Returns
    -------
    dict
        ``kind``: ``"conv"``, ``"max"`` or ``"sum"``; of the first image, ``image`` by channel, row and column, and in
        the same form ``out`` and ``gradient``, that of the result, or None; ``kernel``, ``stride``, ``dilation`` and
        ``padding`` (above, left). For a convolution ``weight`` by channel of the result, channel, row and column, and
        ``bias``. ``names`` and ``keys`` are those of the inputs and of the result.
    """
    return {story.keys[node]: _view(node, story) for node in story.nodes if _is_shown(node)}


def _is_shown(node: Node) -> bool:
    if node.op is None or node.op.name not in _KINDS or not np.size(node._plain):
        return False
    inputs = inputs_to_show(node)
    image, out = inputs[0]._plain[0], node._plain[0]
    weights = inputs[1]._plain.size if len(inputs) > 1 else 0
    return (
        max(image.shape[:2]) <= _WIDEST
        and image.size <= _MOST_WINDOWS
        and out.size <= _MOST_WINDOWS
        and weights <= _MOST_WEIGHTS
    )


def _view(node: Node, story: Story) -> dict[str, Any]:
    inputs, params = inputs_to_show(node), node.params
    gradient = story.back.gradients.get(node)
    kind = _KINDS[node.op.name]
    weight = inputs[1]._plain if kind == "conv" else None
    view = {
        "kind": kind,
        "names": [story.names[x] for x in (*inputs, node)],
        "keys": [story.keys[x] for x in (*inputs, node)],
        "image": _channels(inputs[0]._plain),
        "out": _channels(node._plain),
        "gradient": None if gradient is None else _channels(np.asarray(gradient)),
        "kernel": params["kernel"] if weight is None else weight.shape[:2],
        "stride": params["stride"],
        "dilation": params.get("dilation", (1, 1)),
        "padding": [before for before, _ in params["padding"]],
    }
    if weight is not None:
        view["weight"] = weight.transpose(3, 2, 0, 1).tolist()
        bias = inputs[2]._plain if len(inputs) > 2 else np.zeros(weight.shape[3])
        view["bias"] = np.broadcast_to(bias, weight.shape[3:]).tolist()
    return view


def _channels(images: Any) -> Any:
    """Return the first image by channel, row and column."""
    return images[0].transpose(2, 0, 1).tolist()
