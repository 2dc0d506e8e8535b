"""The page on the architecture and its figure say what is there."""

from __future__ import annotations

import re

import numpy as np
import pytest
from package_files import PATHS, ROOT

import seegrad as sg
from seegrad.autograd.graph_order import backward_order
from seegrad.common import seam

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FIGURE = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(\w+)`(?: and `\w+`)? in `([\w/]+\.py)`", PAGE)))
LINES = re.findall(r"^\| `([\w/]+\.py)` \| (\d+) \|", PAGE, re.MULTILINE)


def recorded_shapes():
    """Return the shapes of the graph of a loss of the MNIST network, in the order of recording."""
    images = sg.tensor(np.random.default_rng(0).random((64, 28, 28, 1), dtype=np.float32))
    loss = sg.nn.CrossEntropyLoss()(sg.nn.models.mnist_cnn(seed=0)(images), np.arange(64) % 10)
    return [node.shape for node in reversed(backward_order(loss))]


@pytest.mark.parametrize(("name", "file"), NAMED)
def test_the_page_names_what_is_in_a_file(name, file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^\s*(def |class )?{name}\b", text, re.MULTILINE)


def test_the_page_tells_the_shapes_of_a_forward_pass():
    table = PAGE.partition("| layers |")[2].partition("###")[0]
    with seam.layer_by_layer():
        assert re.findall(r"`(\([\d, ]*\))`", table) == [str(shape) for shape in recorded_shapes()]


def test_the_page_tells_the_number_of_nodes():
    fast, plain = map(int, re.findall(r"has (\d+) nodes instead of (\d+)", PAGE)[0])
    with seam.layer_by_layer():
        assert len(recorded_shapes()) == plain
    assert len(recorded_shapes()) == (fast if seam.layer_runs else plain)


@pytest.mark.parametrize(("file", "count"), LINES)
def test_the_page_tells_about_how_long_files_are(file, count):
    lines = len((ROOT / file).read_text(encoding="utf-8").splitlines())
    assert int(count) == pytest.approx(lines, rel=0.2, abs=10)


@pytest.mark.parametrize("name", re.findall(r"[\w/]+/(?=<)|\w+\.py", FIGURE))
def test_the_figure_names_files_and_folders_that_exist(name):
    places = (ROOT, ROOT / "autograd") if name.endswith("/") else {path.parent for path in PATHS}
    assert any((place / name).exists() for place in places)
