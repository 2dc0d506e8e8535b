"""What to ask PyTorch about weights: its layout of networks that flatten images or sequences, and what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

Arrays = dict[str, np.ndarray]

#: Modules, arguments and keyword arguments; images of 7 by 6 pixels with 2 channels go in.
LAYERS = [
    ["Conv2d", [2, 3, [3, 2]], {"stride": [1, 2]}],
    ["BatchNorm2d", [3], {}],
    ["ReLU", [], {}],
    ["ConvTranspose2d", [3, 4, 2], {}],
    ["Flatten", [], {}],
    ["BatchNorm1d", [96], {}],
    ["Linear", [96, 5], {}],
    ["Tanh", [], {}],
    ["Linear", [5, 3], {"bias": False}],
]
SHAPE = (7, 6, 2)

#: The same for sequences of 9 elements with 2 channels.
SEQUENCE_LAYERS = [
    ["Conv1d", [2, 4, 3], {"stride": 2, "groups": 2}],
    ["BatchNorm1d", [4], {}],
    ["ReLU", [], {}],
    ["GroupNorm", [2, 4], {}],
    ["Flatten", [], {}],
    ["Linear", [16, 3], {}],
]
SEQUENCE_SHAPE = (9, 2)


def answer(layers: list[list[Any]], shape: tuple[int, ...]) -> Arrays:
    """Return the state of a network, an input (channels last) and the output."""
    model = nn.Sequential(*(getattr(nn, name)(*args, **kwargs) for name, args, kwargs in layers)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(4, *shape, dtype=torch.float64)
    first = x.movedim(-1, 1).contiguous()
    model(first)  # so that running statistics are not the first ones
    output = model.eval()(first)
    arrays = {f"state.{name}": value.numpy() for name, value in model.state_dict().items()}
    return {**arrays, "x": x.numpy(), "y": output.detach().numpy()}


def record_layouts() -> tuple[list[dict[str, object]], list[Arrays]]:
    """Return the networks, and their answers."""
    torch.manual_seed(0)
    networks = [(LAYERS, SHAPE), (SEQUENCE_LAYERS, SEQUENCE_SHAPE)]
    return [{"layers": layers, "shape": shape} for layers, shape in networks], [answer(*one) for one in networks]
