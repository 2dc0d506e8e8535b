"""Conv1d, groups, pooling to a size, resizing, normalisation in groups: gradients and what is refused.

test_oracle.py compares their numbers with PyTorch's.
"""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn import functional

CHECKED = {
    "Conv1d": (lambda: nn.Conv1d(4, 2, 2, stride=2, padding=1, groups=2, seed=0), (2, 5, 4)),
    "Conv2d in groups": (lambda: nn.Conv2d(4, 4, 2, padding=1, groups=2, seed=0), (1, 3, 2, 4)),
    "depthwise Conv2d": (lambda: nn.Conv2d(2, 4, 2, stride=2, groups=2, seed=0), (1, 4, 4, 2)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), (1, 5, 4, 2)),
    "nearest Upsample": (lambda: nn.Upsample(scale_factor=1.5), (1, 3, 2, 2)),
    "bilinear Upsample": (lambda: nn.Upsample((5, 3), mode="bilinear"), (1, 3, 2, 2)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (2, 3, 4)),
    "RMSNorm": (lambda: nn.RMSNorm(4), (2, 3, 4)),
}


@pytest.mark.parametrize("name", CHECKED)
def test_gradients(rng, name):
    make, shape = CHECKED[name]
    layer = make().to(np.float64)
    x = sg.tensor(rng.normal(size=shape), requires_grad=True)
    assert sg.gradcheck(lambda x, *_: layer(x), (x, *layer.parameters()))
    assert sg.gradcheck(layer, (x,), order=2)


@pytest.mark.parametrize("name", CHECKED)
def test_float32_and_other_layouts(rng, name):
    make, shape = CHECKED[name]
    layer, x = make(), rng.normal(size=shape).astype(np.float32)
    y = layer(x)
    assert y.dtype == np.float32
    apart = np.zeros((*shape[:-1], 2 * shape[-1]), np.float32)
    apart[..., ::2] = x
    np.testing.assert_array_equal(layer(apart[..., ::2]).data, y.data)
    assert layer(x[:0]).shape == (0, *y.shape[1:])


def test_a_group_sees_its_own_channels(rng):
    layer = nn.Conv2d(4, 6, 3, groups=2, seed=0)
    x = rng.normal(size=(1, 4, 4, 4)).astype(np.float32)
    before = layer(x).data
    x[..., 2:] = np.nan
    np.testing.assert_array_equal(layer(x).data[..., :3], before[..., :3])
    assert np.isnan(layer(x).data[..., 3:]).all()


def test_parts_of_a_pool_have_no_part_in_others():
    x = np.zeros((1, 5, 5, 1), np.float32)
    x[0, 4, 4] = np.inf
    pooled = nn.AdaptiveAvgPool2d(2)(x).data[0, :, :, 0]
    assert pooled.tolist() == [[0, 0], [0, np.inf]]


def test_dropout2d_drops_channels():
    layer = nn.Dropout2d(0.25, seed=0)
    y = layer(np.ones((100, 3, 2, 50), np.float32)).data
    assert y.dtype == np.float32
    assert (y == y[:, :1, :1]).all()
    assert y.mean() == pytest.approx(1, abs=0.03)
    assert (layer.eval()(np.ones((1, 2, 2, 3))).data == 1).all()
    with pytest.raises(ValueError, match=r"shape \(2, 3\), expected \(batch, height, width, channels\)"):
        layer(np.ones((2, 3)))
    with pytest.raises(ValueError, match="at least three axes"):
        functional.dropout2d(np.ones((2, 3)))


def test_upsampling_by_hand():
    x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    twice = nn.Upsample(scale_factor=2)(x).data[0, :, :, 0]
    assert twice.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    lines = nn.Upsample((3, 3), mode="bilinear", align_corners=True)(x).data[0, :, :, 0]
    assert lines.tolist() == [[1, 1.5, 2], [2, 2.5, 3], [3, 3.5, 4]]


def test_what_is_refused():
    x = np.ones((2, 6, 3), np.float32)
    with pytest.raises(ValueError, match=r"expected \(batch, length, 6\); it looks channels-first"):
        nn.Conv1d(6, 2, 2)(x)
    with pytest.raises(ValueError, match="window of 9 does not fit"):
        nn.Conv1d(3, 2, 5, dilation=2)(x)
    with pytest.raises(ValueError, match="groups 2 must divide both in_channels 3 and out_channels 2"):
        nn.Conv1d(3, 2, 2, groups=2)
    with pytest.raises(ValueError, match='padding="same" needs stride 1'):
        nn.Conv1d(3, 2, 2, 2, "same")
    with pytest.raises(TypeError, match="groups must be an integer, got False"):
        nn.Conv2d(3, 2, 2, 1, 0, 1, False)
    with pytest.raises(ValueError, match=r"got shapes \(2, 6, 3\) and \(2, 3\)"):
        functional.conv1d(x, x[:, 0])
    with pytest.raises(ValueError, match=r"weight of shape \(1, 1, 3, 4\) does not fit .* in 2 groups"):
        sg.conv2d(np.ones((1, 2, 2, 4)), np.ones((1, 1, 3, 4)), groups=2)
    with pytest.raises(ValueError, match="give either size or scale_factor"):
        nn.Upsample()
    with pytest.raises(ValueError, match="mode must be 'nearest' or 'bilinear'"):
        nn.Upsample(2, mode="cubic")
    with pytest.raises(ValueError, match="have no pixels"):
        functional.interpolate(np.ones((1, 2, 2, 1)), scale_factor=0.1)
    with pytest.raises(ValueError, match=r"expected \(batch, height, width, channels\), not without pixels"):
        nn.AdaptiveAvgPool2d(2)(x)
    with pytest.raises(ValueError, match="num_groups 3 must divide num_channels 4"):
        nn.GroupNorm(3, 4)
    with pytest.raises(ValueError, match=r"shape \(2, 6, 3\), expected \(batch, ..., 4\)"):
        nn.GroupNorm(2, 4)(x)
    with pytest.raises(ValueError, match=r"shape \(2, 6, 3\), expected \(..., 4\)"):
        nn.RMSNorm(4)(x)


def test_texts():
    assert repr(nn.Conv1d(4, 6, 3, 2, 1, 1, 2, False)) == (
        "Conv1d(4, 6, kernel_size=3, stride=2, padding=1, groups=2, bias=False)"
    )
    assert repr(nn.Conv2d(4, 6, 3, groups=2)) == "Conv2d(4, 6, kernel_size=3, groups=2)"
    assert repr(nn.AdaptiveAvgPool2d((2, None))) == "AdaptiveAvgPool2d((2, None))"
    assert repr(nn.Upsample(None, 2, "bilinear", True)) == (
        "Upsample(scale_factor=2, mode='bilinear', align_corners=True)"
    )
    assert repr(nn.GroupNorm(2, 4, affine=False)) == "GroupNorm(2, 4, affine=False)"
    assert repr(nn.RMSNorm(4, 1e-3)) == "RMSNorm(4, eps=0.001)"
