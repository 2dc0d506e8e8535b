"""Where boxes and arrows stand."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.inspect.draw import render
from seegrad.autograd.inspect.draw.layout import crossings, laid_out
from seegrad.autograd.inspect.draw.picture import Arrow
from seegrad.autograd.inspect.draw.svg import placement

pytestmark = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def svg_of(root, **options):
    return sg.draw(root, **options).render("svg").decode()


def test_a_chain_is_a_straight_line():
    x = sg.Value(0.5, label="x")
    for i in range(15):
        x = x.tanh() * (1.5 + i)
    middles = [y for _, y in placement(svg_of(x))["nodes"].values()]
    assert np.ptp(middles) < 1


def test_the_longest_path_is_straight_and_others_join_it():
    w, x, b = (sg.Value(0.5, label=name) for name in "wxb")
    y = ((w * x).tanh() + b).exp()
    nodes = placement(svg_of(y))["nodes"]
    picture = sg.draw(y).picture
    middles = [nodes[box.key][1] for box in picture.boxes if box.kind == "result"]
    assert np.ptp(middles) < 1


def test_arrows_that_a_swap_disentangles_do_not_cross():
    r = np.random.default_rng(0)
    x = sg.tensor(r.normal(size=(3, 4)), label="x")
    q, k, v = (x @ sg.tensor(r.normal(size=(4, 2)), requires_grad=True, label=f"W{name}") for name in "qkv")
    drawing = sg.draw(sg.softmax(q @ k.T) @ v, show="chain")
    in_order = render.render(drawing.source, "svg").decode()
    # x is read by three products of which each has one more input: beside one of these lines it has to pass.
    arrows = drawing.picture.arrows
    assert crossings(drawing.render("svg").decode(), arrows) == 1 < crossings(in_order, arrows)


def test_a_path_beside_the_longest_one_does_not_cross_it():
    a, b, c = (sg.Value(2.0, label=name) for name in "abc")
    picture = sg.play((a * b + c) * a).story.picture(widest=True)
    assert crossings(laid_out(picture, "LR", "svg").decode(), picture.arrows) == 0


def test_arrows_that_meet_in_a_box_do_not_cross_before_it():
    a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    drawing = sg.draw((a * b + 10.0) * a, show="chain")
    in_order = render.render(drawing.source, "svg").decode()
    arrows = drawing.picture.arrows
    assert crossings(drawing.render("svg").decode(), arrows) == 0 < crossings(in_order, arrows)


def edge(key, path):
    return f'<g id="{key}" class="edge">\n<path fill="none" d="{path}"/>\n</g>'


@pytest.mark.parametrize(
    ("other", "count"),
    [("M0,100C30,70 70,30 100,0", 1), ("M0,20C30,50 70,90 100,120", 0), ("M0,0C30,20 70,20 100,0", 0)],
)
def test_crossings_are_counted(other, count):
    svg = edge("e0", "M0,0C30,30 70,70 100,100") + edge("e1", other)
    assert crossings(svg, [Arrow("a", "b"), Arrow("a" if other.startswith("M0,0C") else "c", "d")]) == count


def test_long_names_are_broken_into_lines_and_the_tooltip_has_all_of_them():
    name = "a very long name of a quantity that nobody wants to see in a single line " * 4
    drawn = svg_of(sg.Value(1.0, label=name))
    texts = [
        "".join(node.itertext()) for node in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert max(map(len, texts[:-1])) < 60
    assert f"<title>{name}: 1.0</title>" in drawn


def test_boxes_are_as_narrow_as_their_text():
    drawn = svg_of(sg.Value(1 / 3, label="a") * sg.Value(2 / 3, label="b"), show="grads")
    for outline in re.findall(r'<polygon fill="#fff[^>]*points="([^"]*)"', drawn):
        places = [float(pair.split(",")[0]) for pair in outline.split()]
        assert max(places) - min(places) < 12 * 0.62 * len("grad 0.666667")


def test_a_page_also_knows_how_the_drawing_goes_down():
    a = sg.Value(2.0, label="a")
    page = sg.draw((a * 3.0).tanh().exp(), show="chain").render("html").decode()
    across, down = json.loads(re.search(r'"placements":(\[.*?\]),"down"', page)[1])
    assert across["size"][0] > across["size"][1]
    assert down["size"][0] < down["size"][1]
    assert page.count('id="n0"') == page.count("<svg") == 1
    assert [len(edge[2]) for edge in down["edges"].values()] == [1, 1, 1]  # the labels of the arrows


def test_a_heat_map_is_an_image_in_an_svg_and_squares_in_dot():
    x = sg.tensor(np.arange(200.0).reshape(10, 20), requires_grad=True, label="x")
    drawing = sg.draw(x)
    assert drawing.render("svg").count(b"<image ") == 1
    assert b"#000001" not in drawing.render("svg")
    assert drawing.source.count("BGCOLOR") == 8 * 16
    assert drawing.render("png").startswith(b"\x89PNG")
