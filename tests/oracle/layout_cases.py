"""What to ask PyTorch about weights: its layout of a network that flattens images, and what that computes."""

from __future__ import annotations

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


def record_layouts() -> tuple[list[dict[str, object]], list[Arrays]]:
    """Return the network, and its state, an input (channels last) and the output."""
    torch.manual_seed(0)
    model = nn.Sequential(*(getattr(nn, name)(*args, **kwargs) for name, args, kwargs in LAYERS)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(4, *SHAPE, dtype=torch.float64)
    first = x.permute(0, 3, 1, 2).contiguous()
    model(first)  # so that running statistics are not the first ones
    output = model.eval()(first)
    arrays = {f"state.{name}": value.numpy() for name, value in model.state_dict().items()}
    return [{"layers": LAYERS, "shape": SHAPE}], [{**arrays, "x": x.numpy(), "y": output.detach().numpy()}]
