"""The player's page in a browser: what is seen on a desktop and on a phone, in light and in dark."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pages import DESKTOP, PHONE

import seegrad as sg
from seegrad.autograd.inspect.draw import render

pytestmark = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def expression():
    a, b, c = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b"), sg.Value(10.0, label="c")
    loss = ((a * b + c) * a).tanh()
    loss.label = "loss"
    return loss


def layer():
    x = sg.tensor(np.arange(12.0).reshape(4, 3) / 7, label="x")
    W = sg.tensor(np.arange(24.0).reshape(3, 8) / 9 - 1, requires_grad=True, label="W")
    loss = (x @ W).relu().mean()
    loss.label = "loss"
    return loss


#: How large the texts of the drawing are, in pixels.
SIZES = """
return [...document.querySelectorAll("svg")].filter((svg) => svg.getClientRects().length).flatMap((svg) => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return [...svg.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize) * scale);
});"""


@pytest.mark.parametrize("make", [expression, layer])
@pytest.mark.parametrize("shown", [sg.play, lambda root: sg.draw(root, show="chain")], ids=["play", "draw"])
def test_texts_are_large_enough_on_a_phone(make, shown, show):
    driver = show(shown(make()), size=PHONE)
    sizes = driver.execute_script(SIZES)
    assert len(sizes) > 10
    assert min(sizes) >= 11
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


MIDDLES = """
return Object.fromEntries([...document.querySelectorAll(".node")].map((node) => {
  const box = node.getBoundingClientRect();
  return [node.id, [box.x + box.width / 2, box.y + box.height / 2]];
}));"""


def test_a_narrow_page_goes_down_and_a_wide_one_across(show):
    root = expression()
    for size, along in ((DESKTOP, 0), (PHONE, 1)):
        playing = sg.play(root)
        middles = show(playing, size=size).execute_script(MIDDLES)
        for node in playing.story.nodes:
            for x in playing.story.graph.inputs(node):
                assert middles[playing.story.keys[x.node]][along] < middles[playing.story.keys[node]][along]


def test_arrows_follow_a_drawing_that_is_turned(show):
    driver = show(sg.play(expression()))
    for _ in range(2):
        driver.find_element("css selector", ".view button").click()
        ends = driver.execute_script("""
          return [...document.querySelectorAll(".edge")].map((edge) => {
            const tip = edge.querySelector("polygon").getBoundingClientRect();
            const boxes = [...document.querySelectorAll(".node")].map((node) => node.getBoundingClientRect());
            const gap = (b) =>
              Math.max(b.left - tip.right, tip.left - b.right, b.top - tip.bottom, tip.top - b.bottom, 0);
            return Math.min(...boxes.map(gap));
          });""")
        assert len(ends) == 7
        assert max(ends) < 3


def test_arrowheads_point_with_the_gradient_in_the_backward_pass(show):
    playing = sg.play(expression())
    step = next(i for i, step in enumerate(playing.story.steps) if step.phase == "backward" and step.edges)
    driver = show(playing, step=step)
    assert driver.execute_script("return document.querySelectorAll('.edge.backwards').length") == 1
    own, turned = driver.execute_script("""
      const edge = document.querySelector(".edge.backwards");
      const seen = (element) => getComputedStyle(element).display;
      return [seen(edge.querySelector(":scope > polygon")), seen(edge.querySelector(".reversed"))];""")
    assert (own, turned) == ("none", "inline")
    tip, base, tail = driver.execute_script("""
      const edge = document.querySelector(".edge.backwards");
      const corners = edge.querySelector(".reversed polygon").getAttribute("points").trim().split(/[ ,]+/).map(Number);
      const start = edge.querySelector("path").getPointAtLength(0);
      return [corners.slice(0, 2), corners.slice(2, 4), [start.x, start.y]];""")
    assert tip == pytest.approx(tail, abs=0.1)
    assert np.hypot(*np.subtract(base, tail)) > 5


def test_the_drawing_is_zoomed_by_buttons_and_by_the_wheel(show):
    driver = show(sg.play(expression()))
    width = "return document.querySelector('.picture svg').getBoundingClientRect().width"
    before = driver.execute_script(width)
    larger = driver.find_element("css selector", "button[aria-label='Larger']")
    larger.click()
    assert driver.execute_script(width) == pytest.approx(1.25 * before, rel=1e-3)
    driver.execute_script(
        "document.querySelector('.picture').dispatchEvent("
        "new WheelEvent('wheel', {deltaY: -300, ctrlKey: true, bubbles: true, cancelable: true}))"
    )
    assert driver.execute_script(width) == pytest.approx(np.e * 1.25 * before, rel=1e-3)
    driver.find_element("css selector", "button[title='See all of it']").click()
    assert driver.execute_script(width) <= 1280


def test_pictures_of_gradients_come_with_their_step(show):
    playing = sg.play(layer())
    state = """
      const image = document.querySelector("#n1 image.gradient");
      return [getComputedStyle(image).visibility, image.getAttribute("href")];"""
    assert show(playing, step=1).execute_script(state) == ["hidden", None]
    seen, address = show(playing, step=len(playing.story.steps) - 1).execute_script(state)
    assert seen == "visible"
    assert address.startswith("data:image/png;base64,")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [expression, layer])
def test_axe_finds_nothing(make, theme, show):
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    playing = sg.play(make())
    last = len(playing.story.steps) - 1
    for shown, step in ((playing, 0), (playing, last // 2), (playing, last), (sg.draw(make(), show="chain"), 0)):
        found = axe.run(show(shown, step=step, theme=theme))
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
        assert "image-alt" not in {v["id"] for v in found["incomplete"]}


def test_pages_of_ordinary_graphs_are_small(tmp_path):
    for name, shown in (("play", sg.play(expression())), ("draw", sg.draw(layer(), show="chain"))):
        page = shown.save(tmp_path / f"{name}.html")
        assert page.stat().st_size < 150_000
        assert not re.search(r"https?://(?!www\.w3\.org)", page.read_text(encoding="utf-8"))
