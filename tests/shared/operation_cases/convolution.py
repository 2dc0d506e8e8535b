"""Cases of convolution and pooling, with plain loops as reference."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

import seegrad as sg
from seegrad.autograd.core.op import Op
from seegrad.autograd.ops.pooling import window_max

from .case import case, real

NONE = ((0, 0), (0, 0))


def windows(x: Any, kernel: Any, stride: Any, pads: Any, dilation: Any = (1, 1), fill: float = 0.0) -> Any:
    """All windows, (N, H, W, C) -> (N, OH, OW, KH, KW, C), one pixel at a time."""
    x = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)
    counts = [(x.shape[k + 1] - (kernel[k] - 1) * dilation[k] - 1) // stride[k] + 1 for k in (0, 1)]
    result = np.empty((len(x), *counts, *kernel, x.shape[3]))
    for r, s, i, j in product(*map(range, counts), *map(range, kernel)):
        result[:, r, s, i, j] = x[:, r * stride[0] + i * dilation[0], s * stride[1] + j * dilation[1]]
    return result


def conv(x: Any, w: Any, stride: Any = (1, 1), pads: Any = NONE, dilation: Any = (1, 1)) -> Any:
    return np.einsum("nrsijc,ijco->nrso", windows(x, w.shape[:2], stride, pads, dilation), w)


def conv_transpose(
    x: Any, w: Any, stride: Any = (1, 1), pads: Any = NONE, dilation: Any = (1, 1), extra: Any = (0, 0)
) -> Any:
    """Every pixel paints its window; the border is cut off afterwards."""
    n, rows, columns, _ = x.shape
    sizes = [(x.shape[k + 1] - 1) * stride[k] + (w.shape[k] - 1) * dilation[k] + 1 + extra[k] for k in (0, 1)]
    full = np.zeros((n, *sizes, w.shape[2]))
    for r, s, i, j in product(range(rows), range(columns), *map(range, w.shape[:2])):
        full[:, r * stride[0] + i * dilation[0], s * stride[1] + j * dilation[1]] += x[:, r, s] @ w[i, j].T
    (top, bottom), (left, right) = pads
    return full[:, top : sizes[0] - bottom, left : sizes[1] - right]


def in_groups(x: Any, w: Any, **window: Any) -> Any:
    """Convolve both halves of the channels by themselves."""
    halves = zip(np.split(x, 2, -1), np.split(w, 2, -1))
    return np.concatenate([conv(images, kernel, **window) for images, kernel in halves], -1)


#: Arguments of conv2d -> what they mean, spelt out.
WINDOWS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"stride": 2}, {"stride": (2, 2)}),
    ({"stride": (1, 2), "padding": 1}, {"stride": (1, 2), "pads": ((1, 1), (1, 1))}),
    ({"dilation": 2}, {"dilation": (2, 2)}),
    ({"padding": (1, 2)}, {"pads": ((1, 1), (2, 2))}),
    ({"padding": ((0, 1), (2, 0)), "stride": 2}, {"pads": ((0, 1), (2, 0)), "stride": (2, 2)}),
    ({"padding": "valid"}, {}),
    (
        {"stride": (2, 1), "padding": 1, "dilation": (1, 2)},
        {"stride": (2, 1), "pads": ((1, 1), (1, 1)), "dilation": (1, 2)},
    ),
]

_CONVOLUTIONS = [
    case(
        f"conv2d[{given}]",
        lambda x, w, given=given: sg.conv2d(x, w, **given),
        lambda x, w, meant=meant: conv(x, w, **meant),
        real(2, 5, 5, 2),
        real(2, 3, 2, 2),
    )
    for given, meant in WINDOWS
] + [
    case(
        "conv2d[bias]",
        lambda x, w, b: sg.conv2d(x, w, b),
        lambda x, w, b: conv(x, w) + b,
        real(1, 4, 3, 2),
        real(2, 2, 2, 3),
        real(3),
    ),
    case(
        "conv2d[same, odd kernel]",
        lambda x, w: sg.conv2d(x, w, padding="same"),
        lambda x, w: conv(x, w, pads=((1, 1), (1, 1))),
        real(1, 3, 4, 1),
        real(3, 3, 1, 2),
    ),
    case(
        "conv2d[same, even kernel]",
        lambda x, w: sg.conv2d(x, w, padding="same"),
        lambda x, w: conv(x, w, pads=((0, 1), (0, 1))),
        real(1, 3, 4, 1),
        real(2, 2, 1, 2),
    ),
    case(
        "conv2d[same, dilated]",
        lambda x, w: sg.conv2d(x, w, padding="same", dilation=2),
        lambda x, w: conv(x, w, pads=((2, 2), (2, 2)), dilation=(2, 2)),
        real(1, 3, 4, 1),
        real(3, 3, 1, 1),
    ),
    case("conv2d[1x1]", sg.conv2d, conv, real(2, 3, 2, 3), real(1, 1, 3, 2)),
    case("conv2d[whole image]", sg.conv2d, conv, real(2, 3, 2, 2), real(3, 2, 2, 2)),
    case("conv2d[no images]", sg.conv2d, conv, real(0, 3, 3, 1), real(2, 2, 1, 2)),
    case(
        "conv2d[groups]",
        lambda x, w, b: sg.conv2d(x, w, b, (2, 1), 1, groups=2),
        lambda x, w, b: in_groups(x, w, stride=(2, 1), pads=((1, 1), (1, 1))) + b,
        real(2, 4, 3, 4),
        real(2, 2, 2, 2),
        real(2),
    ),
    case(
        "conv2d[depthwise]",
        lambda x, w: sg.conv2d(x, w, groups=2, dilation=2),
        lambda x, w: in_groups(x, w, dilation=(2, 2)),
        real(1, 4, 3, 2),
        real(2, 2, 1, 2),
    ),
    case(
        "conv2d_input_gradient[stride]",
        lambda g, w: Op.table["conv2d_input_gradient"](g, w, (1, 5, 4, 1), (2, 1), ((1, 0), (0, 0)), (1, 1)),
        lambda g, w: conv_transpose(g, w, (2, 1), ((1, 0), (0, 0)), extra=(1, 0)),
        real(1, 3, 3, 2),
        real(1, 2, 1, 2),
        tolerance=1e-6,
    ),
    case(
        "conv2d_weight_gradient[plain]",
        lambda x, g: Op.table["conv2d_weight_gradient"](x, g, (2, 2, 2, 1), (1, 1), NONE, (1, 1)),
        lambda x, g: np.einsum("nrsijc,nrso->ijco", windows(x, (2, 2), (1, 1), NONE), g),
        real(2, 3, 4, 2),
        real(2, 2, 3, 1),
    ),
]


_TRANSPOSED = [
    case(
        f"conv_transpose2d[{given}]",
        lambda x, w, given=given: sg.conv_transpose2d(x, w, **given),
        lambda x, w, meant=meant: conv_transpose(x, w, **meant),
        real(2, 3, 2, 2),
        real(2, 3, 1, 2),
    )
    for given, meant in [
        ({}, {}),
        ({"stride": 2}, {"stride": (2, 2)}),
        ({"stride": (2, 3), "output_padding": (1, 2)}, {"stride": (2, 3), "extra": (1, 2)}),
        ({"padding": 1}, {"pads": ((1, 1), (1, 1))}),
        ({"dilation": (1, 2)}, {"dilation": (1, 2)}),
        ({"stride": 2, "padding": ((0, 1), (1, 0))}, {"stride": (2, 2), "pads": ((0, 1), (1, 0))}),
    ]
] + [
    case(
        "conv_transpose2d[bias]",
        sg.conv_transpose2d,
        lambda x, w, b: conv_transpose(x, w) + b,
        real(1, 2, 2, 2),
        real(2, 2, 3, 2),
        real(3),
    )
]

_POOLS = [
    case(
        f"{name}[{size} {kwargs}]",
        lambda x, name=name, size=size, kwargs=kwargs: getattr(sg, name)(x, size, **kwargs),
        lambda x, reduce=reduce, fill=fill, meant=meant: reduce(windows(x, *meant, fill=fill), axis=(3, 4)),
        real(2, 5, 4, 2),
    )
    for name, reduce, fill in (("max_pool2d", np.max, -np.inf), ("avg_pool2d", np.mean, 0.0))
    for size, kwargs, meant in [
        (2, {}, ((2, 2), (2, 2), NONE)),
        ((3, 2), {}, ((3, 2), (3, 2), NONE)),
        (2, {"stride": 1}, ((2, 2), (1, 1), NONE)),
        (3, {"stride": (2, 1), "padding": 1}, ((3, 3), (2, 1), ((1, 1), (1, 1)))),
        (2, {"stride": 3}, ((2, 2), (3, 3), NONE)),
        (2, {"padding": ((1, 0), (0, 1))}, ((2, 2), (2, 2), ((1, 0), (0, 1)))),
    ]
]


def _spread(g: Any) -> Any:
    """Four windows of 2 x 2 with stride 1 over 3 x 3 pixels."""
    result = np.zeros((1, 3, 3, 1))
    for r, s in product(range(2), range(2)):
        result[:, r : r + 2, s : s + 2] += g[:, r : r + 1, s : s + 1]
    return result


_window = {"kernel": (2, 2), "stride": (1, 1), "padding": NONE}
_tiles = {"kernel": (2, 2), "stride": (2, 2), "padding": NONE}
_chosen = np.random.default_rng(0).permutation(32).reshape(2, 4, 4, 1).astype(float)
_winners = window_max(_chosen, **_tiles)[1]


def _enlarged(x: Any) -> Any:
    return x.repeat(2, axis=1).repeat(2, axis=2)


_mask = _chosen == _enlarged(windows(_chosen, (2, 2), (2, 2), NONE).max((3, 4)))

_WINDOWS = [
    case(
        "window_take[tiles]",
        lambda x: Op.table["window_take"](x, _winners, **_tiles),
        lambda x: windows(np.where(_mask, x, 0.0), (2, 2), (2, 2), NONE).sum((3, 4)),
        real(2, 4, 4, 1),
    ),
    case(
        "window_put[tiles]",
        lambda g: Op.table["window_put"](g, _winners, (2, 4, 4, 1), **_tiles),
        lambda g: np.where(_mask, _enlarged(g), 0.0),
        real(2, 2, 2, 1),
    ),
    case(
        "window_sum[overlapping]",
        lambda x: Op.table["window_sum"](x, **_window),
        lambda x: windows(x, (2, 2), (1, 1), NONE).sum((3, 4)),
        real(1, 3, 3, 1),
    ),
    case(
        "window_spread[overlapping]",
        lambda g: Op.table["window_spread"](g, (1, 3, 3, 1), **_window),
        _spread,
        real(1, 2, 2, 1),
    ),
]

CASES = [*_CONVOLUTIONS, *_TRANSPOSED, *_POOLS, *_WINDOWS]
