"""Arrays as numbers, heat maps and images."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.inspect.draw.array_picture import grid, sparkline
from seegrad.autograd.inspect.draw.readable import short, small_array


def test_a_small_matrix_shows_its_numbers_and_gradients():
    A = sg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, label="A")
    box = sg.draw((A * A).sum(), show="grads").picture.boxes[0]
    assert box.grid.numbers == [["1.0", "2.0"], ["3.0", "4.0"]]
    assert box.gradient_grid.numbers == [["2.0", "4.0"], ["6.0", "8.0"]]
    assert box.value_in_full == "[[1.0, 2.0], [3.0, 4.0]]"


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [((2,), 1, 2), ((6,), 1, 6), ((6, 6), 6, 6), ((3, 1), 3, 1), ((1, 2, 2, 1), 2, 2), ((1, 1, 4), 1, 4)],
)
def test_up_to_6_by_6_numbers(shape, rows, columns):
    numbers = grid(np.arange(np.prod(shape)).reshape(shape)).numbers
    assert (len(numbers), len(numbers[0])) == (rows, columns)


@pytest.mark.parametrize("shape", [(7,), (2, 7), (3, 3, 3), (100, 2)])
def test_larger_arrays_are_heat_maps(shape):
    picture = grid(np.ones(shape))
    assert picture.numbers == []
    assert picture.levels.size > 1


def test_zero_has_the_same_colour_in_values_and_gradients_of_either_sign():
    zero = {grid(np.array([[0.0] * 7, other])).levels[0, 0] for other in ([5.0] * 7, [-0.1] * 7, [0.0] * 7)}
    assert len(zero) == 1
    rising = grid(np.linspace(-2, 2, 9)).levels[0]
    assert (np.diff(rising.astype(int)) > 0).all()


def test_heat_maps_grow_lighter_so_that_grey_is_enough():
    colors = grid(np.linspace(-1, 1, 16)).squares()[0]
    grey = [np.dot([int(c[i : i + 2], 16) for i in (1, 3, 5)], [0.299, 0.587, 0.114]) for c in colors]
    assert (np.diff(grey) > 0).all()


def test_an_image_is_ink_on_paper_and_its_gradient_is_signed():
    image = np.zeros((1, 28, 28, 1))
    image[0, 3, 4] = 1.0
    x = sg.tensor(image, requires_grad=True, label="x")
    box = sg.draw((x * -1.0).sum(), show="grads").picture.boxes[0]
    assert box.grid.is_image
    assert not box.gradient_grid.is_image
    pixels = np.asarray(opened(box.grid).convert("L"))
    assert pixels.shape == (28, 28)
    assert pixels[3, 4] < 40
    assert pixels[0, 0] == 255


def opened(picture):
    image = pytest.importorskip("PIL.Image")
    return image.open(io.BytesIO(base64.b64decode(picture.image().partition(",")[2])))


def test_what_is_not_finite_stands_out():
    data = np.zeros((8, 8))
    data[2, 3] = np.nan
    pixels = np.asarray(opened(grid(data)).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) == 2


@pytest.mark.parametrize("data", [1.0, np.zeros(0), np.zeros((1, 1)), np.array(["a", "b"])])
def test_single_numbers_and_other_things_have_no_picture(data):
    assert grid(data) is None


def test_only_the_first_of_many_images_and_channels_is_shown_and_the_tooltip_says_so():
    assert grid(np.zeros((2, 9, 9, 3))).shows == "first image, first channel"
    assert grid(np.zeros((3, 3, 8, 16)), "parameter").shows == "first kernel"
    assert grid(np.zeros((1, 9, 9, 1))).shows == ""


def test_zero_has_no_sign():
    assert short(-0.0) == "0.0"
    assert small_array(np.array([-0.0, 1.0])) == "[0.0, 1.0]"
    a = sg.Value(0.0, label="a")
    assert "-0.0" not in sg.draw(a * -1.0, show="grads").text()


def test_sparklines_are_for_long_vectors():
    assert sparkline(np.arange(9.0)) == " ▁▂▃▄▅▆▇█"
    assert sparkline(np.arange(3.0)) == sparkline(np.ones((3, 3))) == ""
