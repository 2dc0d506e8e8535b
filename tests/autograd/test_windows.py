"""Where the windows of convolutions and pools lie, and what graphs call these operations."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.ops.convolution import at_positions, output_size, window_count

NONE = ((0, 0), (0, 0))


@pytest.mark.parametrize("size", [0, 1, 4, 7])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [(0, 0), (2, 1)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_windows_are_counted_one_by_one(size, kernel, stride, padding, dilation):
    starts = range(-padding[0], size + padding[1], stride)
    fitting = [start for start in starts if start + (kernel - 1) * dilation < size + padding[1]]
    assert window_count(size, kernel, stride, padding, dilation) == len(fitting)


def test_a_kernel_that_does_not_fit_is_named_with_its_extent():
    assert output_size("conv2d", (5, 9), (3, 3), (1, 2), NONE, (2, 1)) == (1, 4)
    with pytest.raises(ValueError, match=r"^pool: a kernel that spans 5 x 3 \(size \(3, 3\), .* of 4 x 9; use"):
        output_size("pool", (4, 9), (3, 3), (1, 1), NONE, (2, 1))


def test_positions_are_views_of_the_images():
    images = np.arange(2 * 7 * 6 * 3).reshape(2, 7, 6, 3)
    stride, dilation = (2, 1), (1, 2)
    seen = list(at_positions(images, (3, 4), (2, 2), stride, dilation))
    assert [(i, j) for i, j, _ in seen] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for i, j, pixels in seen:
        assert np.may_share_memory(pixels, images)
        for r, s in np.ndindex(3, 4):
            row, column = r * stride[0] + i * dilation[0], s * stride[1] + j * dilation[1]
            np.testing.assert_array_equal(pixels[:, r, s], images[:, row, column])


def test_graphs_name_what_was_called():
    x = sg.tensor(np.ones((1, 4, 4, 1)), requires_grad=True)
    out = sg.conv2d(x, np.ones((1, 1, 1, 1)), np.zeros(1))
    assert out.op.symbol == sg.conv2d(x, np.ones((1, 1, 1, 1))).op.symbol == "conv2d"
    assert sg.max_pool2d(out, 2).op.symbol == "max_pool2d"
