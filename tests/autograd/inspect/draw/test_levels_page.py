"""Boxes that open into their parts in a page: by mouse and keyboard, in one picture."""

from __future__ import annotations

import numpy as np
import pytest
from pages import DESKTOP, PHONE

import seegrad as sg
from seegrad import nn
from seegrad.autograd.inspect.draw import render

WebDriverWait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait

pytestmark = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def network():
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Tanh(), nn.Linear(3, 1, seed=1))
    return sg.draw(model, np.array([[0.5, -1.0]], np.float32))


def layer():
    x = sg.tensor(np.arange(6.0).reshape(2, 3) / 7, label="x")
    W = sg.tensor(np.arange(6.0).reshape(3, 2) - 2.5, requires_grad=True, label="W")
    loss = ((x @ W).tanh() ** 2).sum()
    loss.backward()
    return loss


def press(driver, key, element=None):
    driver.execute_script(
        "(arguments[1] ?? document.activeElement).dispatchEvent("
        "new KeyboardEvent('keydown', {key: arguments[0], bubbles: true, cancelable: true}))",
        key,
        element,
    )


def opener(driver, label):
    return driver.find_element("css selector", f'.opener[aria-label="{label}"]')


CRUMBS = "return document.querySelector('.crumbs').textContent"

#: The boxes that are seen, in pixels, and for each end of an arrow the distance to the closest of them.
PLACES = """
const isSeen = (element) => getComputedStyle(element).visibility === "visible";
const places = (kind) => [...document.querySelectorAll(kind)].filter(isSeen);
const rect = ({ left, right, top, bottom }) => ({ left, right, top, bottom });
const boxes = places(".node").map((node) => {
  const outlines = [...node.querySelectorAll(":scope > polygon, :scope > path")].map((e) => e.getBoundingClientRect());
  const side = (f, name) => f(...outlines.map((r) => r[name]));
  return { id: node.id, left: side(Math.min, "left"), right: side(Math.max, "right"),
    top: side(Math.min, "top"), bottom: side(Math.max, "bottom") };
});
const frames = places(".inside > rect, .layer > rect")
  .map((e) => ({ id: e.parentNode.dataset.of ?? e.nextSibling.textContent, ...rect(e.getBoundingClientRect()) }));
const gaps = places(".edge").flatMap((edge) => {
  const tip = edge.querySelector("polygon").getBoundingClientRect();
  const start = edge.querySelector("path").getPointAtLength(0).matrixTransform(edge.getScreenCTM());
  const tail = { left: start.x, right: start.x, top: start.y, bottom: start.y };
  return [tip, tail].map((end) => Math.min(...[...boxes, ...frames].map((b) =>
    Math.max(b.left - end.right, end.left - b.right, b.top - end.bottom, end.top - b.bottom, 0))));
});
return [boxes, frames, Math.max(...gaps), rect(document.querySelector(".picture svg").getBoundingClientRect())];"""


def width(box):
    return box["right"] - box["left"]


def apart(one, other):
    return (
        one["right"] <= other["left"] + 0.5
        or other["right"] <= one["left"] + 0.5
        or one["bottom"] <= other["top"] + 0.5
        or other["bottom"] <= one["top"] + 0.5
    )


def within(inner, outer):
    return all(inner[s] >= outer[s] - 0.5 for s in ("left", "top")) and all(
        inner[s] <= outer[s] + 0.5 for s in ("right", "bottom")
    )


def assert_nothing_overlaps(driver):
    boxes, frames, gap, whole = driver.execute_script(PLACES)
    everything = boxes + frames
    for i, one in enumerate(everything):
        assert within(one, whole), one
        for other in everything[:i]:
            nested = one["id"].startswith(other["id"] + "_") or other["id"].startswith(one["id"] + "_")
            if nested:
                inner, outer = sorted((one, other), key=lambda box: -len(box["id"]))
                assert within(inner, outer), (one, other)
            else:
                assert apart(one, other), (one, other)
    assert gap < 3


def test_a_model_opens_down_to_its_numbers_by_keyboard_and_closes_again(show):
    driver = show(network())
    assert driver.execute_script(CRUMBS).startswith("Graph")
    button = opener(driver, "Open 0 Linear")
    assert (button.get_attribute("role"), button.get_attribute("aria-expanded")) == ("button", "false")
    press(driver, "Enter", button)
    assert driver.execute_script(CRUMBS) == "Graph › 0 Linear"
    assert_nothing_overlaps(driver)
    focused = driver.switch_to.active_element
    assert focused.get_attribute("aria-label") == "Close 0 Linear"
    assert focused.get_attribute("aria-expanded") == "true"
    press(driver, " ", opener(driver, "Open input @ 0.weight"))
    assert driver.execute_script(CRUMBS) == "Graph › 0 Linear › input @ 0.weight"
    assert_nothing_overlaps(driver)
    texts = driver.execute_script(
        "return [...document.querySelectorAll('.level .level text.title')].map((t) => t.textContent)"
    )
    assert {"input[0,0]", "input[0,1]", "0.weight[1,2]"} <= set(texts)
    press(driver, "Enter", opener(driver, "Open 2 Linear"))  # beside it, what is open stays open
    assert driver.execute_script(CRUMBS) == "Graph › 2 Linear"
    assert len(driver.find_elements("css selector", ".inside")) == 3
    assert_nothing_overlaps(driver)
    press(driver, "Escape")
    assert driver.switch_to.active_element.get_attribute("aria-label") == "Open 2 Linear"
    assert len(driver.find_elements("css selector", ".inside")) == 2


def test_double_clicks_open_and_close_and_the_path_leads_back(show):
    driver = show(sg.draw(layer(), show="chain"))
    before = driver.execute_script(PLACES)
    double = "arguments[0].dispatchEvent(new MouseEvent('dblclick', {bubbles: true}))"
    driver.execute_script(
        double, opener(driver, "Open x @ W").find_element("xpath", "preceding-sibling::*[1]/*[name()='text']")
    )
    driver.execute_script(
        double, opener(driver, "Open tanh").find_element("xpath", "preceding-sibling::*[1]/*[name()='text']")
    )
    assert driver.execute_script(CRUMBS) == "Graph › tanh"
    assert_nothing_overlaps(driver)
    for _ in range(2):  # turned, and back
        driver.find_element("css selector", ".view button").click()
        assert_nothing_overlaps(driver)
    driver.find_element("css selector", ".crumbs button").click()
    driver.execute_script(double, driver.find_element("css selector", ".inside > text"))
    assert driver.find_elements("css selector", ".inside") == []
    for one, other in zip(driver.execute_script(PLACES)[0], before[0]):
        assert one == pytest.approx(other, abs=0.5)


def test_in_a_player_gradients_inside_appear_when_they_are_final(show):
    playing = sg.play(layer())
    story = playing.story
    key = next(story.keys[node] for node in story.nodes if node.op is not None and node.op.name == "matmul")
    into = {edge["tail"] for edge in playing._data()["edges"] if edge["head"] == key} | {key}
    final = max(i for i, step in enumerate(story.steps) if into & step.grads.keys())
    hidden = """
      const seen = (kind) => getComputedStyle(document.querySelector(`.inside ${kind}`)).visibility;
      return [seen("text.value"), seen("text.gradient")];"""
    for step, expected in (
        (0, ["hidden", "hidden"]),
        (final - 1, ["visible", "hidden"]),
        (final, ["visible", "visible"]),
    ):
        driver = show(playing, step=step)
        press(driver, "Enter", opener(driver, f"Open {story.title(story.nodes[int(key[1:])])}"))
        assert driver.execute_script(hidden) == expected
        assert driver.find_element("css selector", ".seegrad-player").get_attribute("data-step") == str(step)


#: Whether values and gradients of the parts are seen, and whether a tooltip has a number.
INSIDE = """
const seen = (kind) => getComputedStyle(document.querySelector(`.inside ${kind}`)).visibility === "visible";
const tooltips = [...document.querySelectorAll(".inside .node > title")].map((title) => title.textContent);
return [seen("text.value"), seen("text.gradient"), tooltips.some((text) => text.includes(": "))];"""


def test_numbers_inside_are_hidden_while_those_outside_are_changed(show):
    playing = sg.play(layer())
    driver = show(playing, step=len(playing.story.steps) - 1)
    press(driver, "Enter", opener(driver, "Open v1 = x @ W"))
    assert driver.execute_script(INSIDE) == [True, True, True]
    driver.execute_script("""
      const field = document.querySelector(".live .number");
      field.value = "7";
      field.dispatchEvent(new Event("input"));""")
    assert driver.execute_script(INSIDE) == [False, False, False]
    assert "hidden until the recorded numbers are put back" in driver.execute_script(CRUMBS)
    driver.find_element("xpath", "//button[text()='Reset']").click()
    assert driver.execute_script(INSIDE) == [True, True, True]
    assert driver.execute_script(CRUMBS) == "out › v1 = x @ W"


def test_what_a_quiz_asks_for_is_not_seen_inside(show):
    playing = sg.play(layer(), quiz=True)
    story = playing.story
    node = next(node for node in story.nodes if node.op is not None and node.op.name == "matmul")
    computed = next(i for i, step in enumerate(story.steps) if step.node == story.keys[node])
    final = max(i for i, step in enumerate(story.steps[:-1]) if story.keys[node.inputs[1]] in step.grads)
    for step, before, after in (
        (computed, [False, False, False], [True, False, False]),
        (final, [True, False, False], [True, True, True]),
    ):
        driver = show(playing, step=step)
        press(driver, "Enter", opener(driver, "Open v1 = x @ W"))
        assert driver.execute_script(INSIDE) == before
        for _ in range(3):  # the last hint is the answer
            driver.find_element("xpath", "//button[text()='Hint']").click()
        assert driver.execute_script(INSIDE) == after


def test_a_double_click_opens_and_does_not_explain(show):
    from selenium.webdriver import ActionChains

    driver = show(sg.play(layer()))
    explained = "return document.querySelector('.explain').childElementCount"
    node = driver.find_element("css selector", '.node[aria-label^="v1 = x @ W"]')
    ActionChains(driver).double_click(node).perform()
    assert driver.execute_script(CRUMBS) == "out › v1 = x @ W"
    assert driver.execute_script(explained) == 0
    press(driver, "Escape")
    ActionChains(driver).click(node).perform()
    WebDriverWait(driver, 30).until(lambda _: driver.execute_script(explained) > 0)


class Residual(nn.Module):
    def __init__(self):
        self.inner = nn.Linear(4, 4, seed=1)

    def forward(self, x):
        return x + self.inner(x).relu()


def model():
    return nn.Sequential(nn.Linear(2, 4, seed=0), nn.Tanh(), Residual(), nn.Linear(4, 1, seed=2))


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_layers_of_a_played_model_close_into_boxes_and_open_again(size, show):
    playing = sg.play(model(), np.array([[0.5, -1.0]], np.float32))
    story = playing.story
    step = next(i for i, step in enumerate(story.steps) if "max(" in step.text)
    driver = show(playing, step=step, size=size)
    before = driver.execute_script(PLACES)
    button = driver.find_element("xpath", "//button[text()='Layers']")
    button.click()
    boxes, frames, *_ = driver.execute_script(PLACES)
    assert {story.names[story.nodes[int(box["id"][1:])]] for box in boxes} == {"x", "v3"}
    assert {frame["id"] for frame in frames} == {"0 Linear", "2 Residual", "3 Linear"}
    assert_nothing_overlaps(driver)
    current = "return [...document.querySelectorAll('.layer.current text')].map((text) => text.textContent)"
    assert driver.execute_script(current) == ["2 Residual"]  # where the step is
    press(driver, "Enter", opener(driver, "Open 2 Residual"))
    assert driver.switch_to.active_element.get_attribute("aria-label") == "Close 2 Residual"
    assert_nothing_overlaps(driver)
    press(driver, " ", opener(driver, "Close 2.inner Linear"))
    assert_nothing_overlaps(driver)
    press(driver, "Enter", opener(driver, "Open v3 = tanh(v2)"))
    assert_nothing_overlaps(driver)
    press(driver, "Escape")
    button.click()
    after = driver.execute_script(PLACES)
    # The page may be longer now, and a scroll bar takes its share of the picture's width.
    scale = width(after[3]) / width(before[3])
    for one, other in zip(after[0], before[0], strict=True):
        assert one["id"] == other["id"]
        assert width(one) == pytest.approx(scale * width(other), abs=0.5)
    assert_nothing_overlaps(driver)


def test_in_a_notebook_the_frame_is_as_high_as_what_is_open(driver, tmp_path):
    page = tmp_path / "notebook.html"
    page.write_text(f"<!DOCTYPE html>{network()._repr_mimebundle_()['text/html']}", encoding="utf-8")
    driver.get(page.as_uri())
    wait = WebDriverWait(driver, 30)
    height = "return document.querySelector('iframe').offsetHeight"
    root = "document.querySelector('iframe').contentDocument.querySelector('.seegrad-player')"
    wait.until(lambda _: driver.execute_script(f"return {root}?.offsetHeight > 200"))
    wait.until(lambda _: driver.execute_script(f"{height} - {root}.offsetHeight") in (-1, 0, 1))
    assert driver.find_elements("css selector", "img") == []  # what stands for the frame elsewhere
    driver.switch_to.frame(0)
    press(driver, "Enter", opener(driver, "Open 1 Tanh"))
    assert driver.execute_script(CRUMBS) == "Graph › 1 Tanh"
    driver.switch_to.default_content()
    wait.until(lambda _: driver.execute_script(f"{height} - {root}.offsetHeight") in (-1, 0, 1))


def test_a_wide_drawing_begins_at_its_inputs(show):
    x = sg.Value(0.5, label="x")
    y = x
    for _ in range(30):
        y = y.tanh()
    driver = show(sg.draw(y))
    left, wide, seen = driver.execute_script("""
      const pane = document.querySelector(".picture");
      return [pane.scrollLeft, pane.scrollWidth, pane.clientWidth];""")
    assert wide > 2 * seen
    assert left == 0
    driver = show(sg.draw(y, direction="RL"))
    assert driver.execute_script("return document.querySelector('.picture').scrollLeft") > wide / 2


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_in_what_is_open(size, theme, show):
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    for shown in (network(), sg.play(layer())):
        driver = show(shown, size=size, theme=theme)
        press(driver, "Enter", driver.find_elements("css selector", ".opener")[0])
        found = axe.run(driver)
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    driver = show(sg.draw(model(), input_shape=(1, 2), zoom="ops"), size=size, theme=theme)
    press(driver, "Enter", opener(driver, "Close 0 Linear"))
    assert [(v["id"], v["nodes"][0]["html"]) for v in axe.run(driver)["violations"]] == []
