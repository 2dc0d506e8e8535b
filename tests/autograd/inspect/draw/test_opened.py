"""What a box opens into: the same numbers and gradients as the engine's, as far as a page has room."""

from __future__ import annotations

import re

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.autograd.inspect.draw import levels, render
from seegrad.autograd.inspect.draw.picture import Box


def inside(drawing, op):
    (box,) = [box for box in drawing.picture.boxes if box.op == op]
    return box.inside()


def numbers(box: Box):
    """Return the value of a box and its gradient."""
    value, _, gradient = box.exact.partition(", grad ")
    return float(value), float(gradient)


def assert_same(boxes, expected):
    """Compare values and gradients of boxes with pairs of numbers, in any order."""
    np.testing.assert_allclose(sorted(map(numbers, boxes)), sorted(expected), rtol=1e-12)


@pytest.fixture
def arrays(rng):
    x = sg.tensor(rng.normal(size=(2, 3)), requires_grad=True, label="x")
    w = sg.tensor(rng.normal(size=(3, 2)), requires_grad=True, label="w")
    return x, w


def test_a_product_of_matrices_opens_into_products_and_sums(arrays):
    x, w = arrays
    g = np.array([[1.0, -2.0], [3.0, 0.5]])
    loss = ((x @ w) * g).sum()
    loss.backward()
    picture = inside(sg.draw(loss), "x @ w")
    found = {box.name: numbers(box) for box in picture.boxes if box.name}
    for leaf in (x, w):
        for i, j in np.ndindex(leaf.shape):
            assert found[f"{leaf.label}[{i},{j}]"] == pytest.approx((leaf.data[i, j], leaf.grad[i, j]), rel=1e-12)
    assert_same([box for box in picture.boxes if box.is_root], zip((x.data @ w.data).ravel(), g.ravel()))
    terms = [(x.data[i, k] * w.data[k, j], g[i, j]) for i, k, j in np.ndindex(2, 3, 2)]
    assert_same([box for box in picture.boxes if box.op == "*"], terms)


@pytest.mark.parametrize(
    ("op", "compute"),
    [
        ("relu", lambda x: x.relu()),
        ("softmax", sg.softmax),
        ("x ** 2", lambda x: x**2),
        ("max over columns", lambda x: x.max(axis=1)),
        ("conv 2 × 2", lambda x: sg.conv2d(x.reshape(1, 2, 3, 1), np.ones((2, 2, 1, 1)))),
    ],
)
def test_results_inside_have_the_values_and_gradients_of_the_array(op, compute, arrays):
    x, _ = arrays
    y = compute(x)
    g = np.arange(1.0, y.size + 1).reshape(y.shape)
    loss = (y * g).sum()
    loss.backward()
    picture = inside(sg.draw(loss), op)
    assert_same([box for box in picture.boxes if box.is_root], zip(y.data.ravel(), g.ravel()))


def test_a_sum_of_terms_opens_as_the_one_box_that_it_is(arrays):
    x, _ = arrays
    loss = (x + x * 2.0 - x.relu()).sum()
    (box,) = [box for box in sg.draw(loss, show="grads").picture.boxes if box.op.startswith("x + ")]
    picture = box.inside()
    value = x.data * 3 - np.maximum(x.data, 0)
    assert_same([part for part in picture.boxes if part.is_root], [(v, 1.0) for v in value.ravel()])


def test_what_is_drawn_later_shows_the_numbers_of_then(arrays):
    x, w = arrays
    loss = (x @ w).sum()
    drawing = sg.draw(loss)
    before = w.data.copy()
    w.data[...] = 100.0
    found = {box.name: box.value_in_full for box in inside(drawing, "x @ w").boxes}
    assert [float(found[f"w[{i},{j}]"]) for i, j in np.ndindex(w.shape)] == pytest.approx(before.ravel())


def test_an_operation_that_only_moves_numbers_has_no_parts(arrays):
    assert inside(sg.draw(arrays[0].T * 1.5), "transpose").boxes == []


def test_terms_of_a_long_sum_are_one_box_that_opens_into_them():
    xs = [sg.Value(0.1 * i, label=f"x{i}") for i in range(30)]
    loss = sum(x * x for x in xs)
    loss.backward()
    picture = sg.draw(loss).picture
    boxes = {box.name: box for box in picture.boxes}
    assert [box.name for box in picture.boxes] == ["x0 … x29, 30 nodes", "multiply, 30 nodes", ""]
    assert [arrow.label for arrow in picture.arrows] == ["60 edges", "30 edges"]
    members = boxes["x0 … x29, 30 nodes"].inside()
    assert {box.name: numbers(box) for box in members.boxes} == {x.label: (x.data, x.grad) for x in xs}
    assert all(arrow.hidden for arrow in members.arrows)
    assert len(sg.draw(loss, fold=False).picture.boxes) == 61


def test_scalars_and_large_arrays_do_not_open():
    a = sg.Value(2.0, label="a")
    x = sg.tensor(np.ones((10, 10)), requires_grad=True)
    z = sg.tensor(np.ones(2) * 1j, requires_grad=True)
    empty = sg.tensor(np.ones((0, 2)), requires_grad=True)
    for root in (a * a + 1.0, (x * x).relu(), z * z, empty * 2.0):
        assert all(box.inside is None for box in sg.draw(root).picture.boxes)
    assert all(box.inside is None for box in sg.draw(x[:2, :2] * 2.0, zoom="scalars").picture.boxes)


def test_a_layer_opens_into_its_operations_and_these_into_numbers():
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Tanh(), nn.Dropout(0.5))
    x = np.array([[0.5, -1.0]], np.float32)
    boxes = {box.name: box for box in sg.draw(model, x).picture.boxes}
    picture = boxes["0 Linear"].inside()
    names = {part.name for part in picture.boxes}
    assert {"input", "0.weight", "0.bias"} <= names
    (result,) = [part for part in picture.boxes if part.is_root]
    linear = model[0]
    assert result.value_in_full == repr((x @ linear.weight.data + linear.bias.data).tolist())
    assert result.inside is not None
    assert {box.kind for box in picture.boxes} == {"input", "parameter", "result"}


pages = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


@pages
def test_keys_are_unique_at_every_level():
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Tanh())
    found, closed = levels.levels_of(sg.draw(model, input_shape=(1, 2)).picture, "TB")
    ids = [name for level in found.values() for name in re.findall(r' id="([^"]*)"', level["svg"])]
    assert len(ids) == len(set(ids)) > 10
    assert closed == 0
    assert {key.count("_") for key in found} == {0, 1}


@pages
def test_a_page_says_how_many_boxes_do_not_open():
    x = sg.tensor(np.linspace(-1.0, 1.0, 20), requires_grad=True, label="x")
    y = x
    for _ in range(40):
        y = y.tanh()
    drawing = sg.draw(y)
    found, closed = levels.levels_of(drawing.picture, "LR")
    assert 0 < len(found) < 40
    assert len(found) + closed == 40
    assert sum(len(level["svg"]) for level in found.values()) <= levels.ROOM
    assert f"{closed} boxes do not open: too many numbers for this page" in drawing.render("html").decode()


@pages
def test_pages_of_a_trained_network_stay_below_150_kilobytes(rng):
    model = nn.models.mnist_cnn()
    images = rng.random((4, 28, 28, 1)).astype(np.float32)
    loss = nn.functional.cross_entropy(model(images), np.array([1, 2, 3, 4]))
    loss.backward()
    for drawing in (sg.draw(loss), sg.draw(model, images)):
        assert len(drawing.render("html")) < 150_000
        assert "text/html" in drawing._repr_mimebundle_()


@pages
def test_a_notebook_shows_a_page_only_of_what_opens():
    assert "text/html" not in sg.draw(sg.Value(2.0) * 3.0)._repr_mimebundle_()
