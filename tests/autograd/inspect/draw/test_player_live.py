"""Numbers that are changed in the player's page: all that it shows is what the engine computes from them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.autograd.inspect.draw import render

pytestmark = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


@pytest.fixture
def show(show):
    """Open a page in which the panel that changes numbers is open, if it has one."""

    def opened(*args, **kwargs):
        driver = show(*args, **kwargs)
        for button in driver.find_elements("xpath", "//button[text()='Change numbers']"):
            button.click()
        return driver

    return opened


def gated(a=2.0, b=-3.0, c=10.0):
    a, b, c = sg.Value(a, label="a"), sg.Value(b, label="b"), sg.Value(c, label="c")
    loss = ((a * b + c) * a).relu() - sg.maximum(a, b) / c + 1e-3 * sg.exp(-b)
    loss.label = "loss"
    return loss


def layer(change=0.0):
    x = sg.tensor(np.arange(12.0).reshape(4, 3) / 7 + change, label="x")
    W = sg.tensor(np.arange(24.0).reshape(3, 8) / 9 - 1 + change, requires_grad=True, label="W")
    bias = sg.tensor(np.array([0.5, -0.5, 0.25, 0.0, 0.1, 0.2, 0.3, 0.4]), requires_grad=True, label="bias")
    loss = (sg.softmax(x @ W + bias) * 3).relu()[:, 1].mean()
    loss.label = "loss"
    return loss


#: All that a page shows and knows at a step.
SHOWN = """
const texts = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent);
return {
  formula: texts(".formula")[0], note: texts(".note")[0], list: texts(".steps button"),
  nodes: [...document.querySelectorAll("[data-value]")].map((node) => [
    node.id, node.dataset.value, node.dataset.grad,
    [...node.querySelectorAll("text")].map((text) => text.textContent), node.getAttribute("aria-label")]),
};"""


def set_in_page(driver, name, text):
    """Choose a number in the panel, and type."""
    driver.execute_script(
        "const leaf = document.querySelector('.live select'); leaf.value = [...leaf.options].find((one) => "
        "one.text === arguments[0]).value; leaf.dispatchEvent(new Event('change'));",
        name,
    )
    field = driver.find_element("css selector", ".live .number")
    field.click()
    driver.execute_script("arguments[0].select()", field)
    field.send_keys(text)
    driver.execute_script("arguments[0].blur()", field)


def rounded(shown):
    """Return what is shown with numbers of 9 digits: the last ones depend on the order of sums."""
    return {**shown, "nodes": [[key, near(value), near(grad), texts] for key, value, grad, texts, _ in shown["nodes"]]}


def near(text):
    return [f"{x or 0.0:.9e}" for x in np.ravel(json.loads(text)).tolist()] if text else []


@pytest.mark.parametrize("values", [{"a": -1.5}, {"a": 0.25, "c": -2.0}, {"b": 4.0}, {"c": 1e-5}, {"a": -3.0}])
def test_a_page_with_other_numbers_shows_what_one_that_was_made_of_them_does(values, show):
    playing = sg.play(gated())
    for step in (0, 5, 9, len(playing.story.steps) - 1):
        driver = show(playing, step=step)
        for name, value in values.items():
            set_in_page(driver, name, str(value))
        found = driver.execute_script(SHOWN)
        driver = show(sg.play(gated(**values)), step=step)
        expected = driver.execute_script(SHOWN)
        assert found["list"] == expected["list"]
        assert found["note"] == expected["note"]
        assert rounded(found) == rounded(expected)


def test_arrays_and_their_pictures_follow(show):
    playing = sg.play(layer())
    last = len(playing.story.steps) - 1
    picture = "return [...document.querySelectorAll('image')].map((image) => image.getAttribute('href'))"
    driver = show(playing, step=last)
    before = driver.execute_script(picture)
    driver.find_element("css selector", ".live .number").send_keys("7")
    assert driver.execute_script("return document.querySelector('#n1').dataset.value")
    after = driver.execute_script(picture)
    assert len(after) == len(before)
    assert sum(x != y for x, y in zip(before, after)) >= 3
    driver.find_element("css selector", "button[title='Put the recorded numbers back']").click()
    assert rounded(driver.execute_script(SHOWN)) == rounded(show(playing, step=last).execute_script(SHOWN))


def press(driver, kind, element, x, y, **options):
    driver.execute_script(
        "arguments[0].dispatchEvent(new PointerEvent(arguments[1], {bubbles: true, clientX: arguments[2], clientY: "
        "arguments[3], button: 0, buttons: 1, pointerId: 1, pointerType: 'mouse', ...arguments[4]}))",
        *(element, kind, x, y, options),
    )


def test_a_number_is_dragged_in_the_drawing(show):
    from selenium.webdriver import ActionChains

    driver = show(sg.play(gated()), step=0)
    number = driver.find_element("css selector", "#n0 text.value")
    assert number.text == "2.0"
    ActionChains(driver).click_and_hold(number).move_by_offset(20, 0).move_by_offset(20, 3).release().perform()
    assert number.text == "4.0"
    assert driver.find_element("css selector", ".live .number").get_attribute("value") == "4"
    assert driver.find_element("css selector", ".formula").text == "given: a = 4.0, b = -3.0, c = 10.0"
    assert driver.execute_script("return document.querySelectorAll('.explain h2').length") == 0  # that was no click


def test_a_number_is_changed_by_keys_and_by_the_slider(show):
    from selenium.webdriver.common.keys import Keys

    driver = show(sg.play(gated()), step=0)
    node = driver.find_element("css selector", "#n0")
    driver.execute_script("arguments[0].focus()", node)
    node.send_keys(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_DOWN)
    assert node.get_attribute("data-value") == "2.1"
    assert driver.execute_script("return document.querySelector('.seegrad-player').dataset.step") == "0"
    slider = driver.find_element("css selector", ".live input[type=range]")
    slider.send_keys(Keys.HOME)
    assert node.get_attribute("data-value") == "-4.0"


def test_one_element_of_an_array_is_dragged(show):
    from selenium.webdriver import ActionChains

    driver = show(sg.play(layer()), step=0)
    number = driver.find_elements("css selector", "#n0 g.value text")[4]
    assert number.text == "0.5714"
    ActionChains(driver).click_and_hold(number).move_by_offset(-20, 0).release().perform()
    assert number.text == "0.4714"
    assert driver.find_element("css selector", ".live .index").text == "[1, 1]"
    values = json.loads(driver.find_element("css selector", "#n0").get_attribute("data-value"))
    assert values[1][1] == pytest.approx(4 / 7 - 0.1)


def test_the_finite_difference_agrees_with_the_gradient(show):
    driver = show(sg.play(gated()), step=0)
    for value in ("0.7", "-1.2", "1.9"):
        set_in_page(driver, "a", value)
        slope = float(driver.find_element("css selector", ".live .slope").text.split(": ")[1])
        difference = float(driver.find_element("css selector", ".live .difference").text.split(" = ")[1])
        assert difference == pytest.approx(slope, rel=1e-5, abs=1e-7)
    set_in_page(driver, "b", "-3")
    slope = float(driver.find_element("css selector", ".live .slope").text.split(": ")[1])
    h = driver.find_element("css selector", ".live .nudge select")
    driver.execute_script("arguments[0].value = '0.1'; arguments[0].dispatchEvent(new Event('change'))", h)
    assert float(driver.find_element("css selector", ".live .difference").text.split(" = ")[1]) == pytest.approx(
        slope - 1e-3 * np.exp(3) * 0.1**2 / 6, rel=1e-3
    )
    assert float(driver.find_element("css selector", ".live .difference").text.split(" = ")[1]) != slope


def test_steps_go_down_the_gradient_and_reset_goes_back(show):
    driver = show(sg.play(gated()), step=0)
    step = driver.find_element("css selector", "button[title^='Subtract lr']")
    rate = driver.find_element("css selector", ".live .rate")
    driver.execute_script("arguments[0].value = '0.01'", rate)
    a, b, c = 2.0, -3.0, 10.0
    for _ in range(4):
        loss = gated(a, b, c)
        loss.backward()
        step.click()
        leaves = {x.label: x for x in sg.autograd.inspect.draw.graph_reading.nodes_of(loss) if x.label}
        a, b, c = (float(leaves[name].data - 0.01 * leaves[name].grad) for name in "abc")
    found = [float(x.get_attribute("data-value")) for x in driver.find_elements("css selector", "#n0, #n1, #n3")]
    assert sorted(found) == pytest.approx(sorted([a, b, c]), rel=1e-12)
    curve = driver.find_element("css selector", ".live .curve")
    assert curve.get_attribute("aria-label").startswith("loss over 4 steps, from 7.8")
    assert len(curve.find_element("css selector", "polyline").get_attribute("points").split()) == 5
    driver.find_element("css selector", "button[title='Put the recorded numbers back']").click()
    assert driver.find_element("css selector", "#n0").get_attribute("data-value") == "2.0"
    assert curve.find_element("css selector", "polyline").get_attribute("points") == ""


def test_only_chosen_numbers_are_stepped(show):
    driver = show(sg.play(gated()), step=0)
    boxes = driver.find_elements("css selector", ".live .leaves input")
    for box in boxes[1:]:
        driver.execute_script("arguments[0].click()", box)
    driver.find_element("css selector", "button[title^='Subtract lr']").click()
    changed = driver.execute_script("return [...document.querySelectorAll('.draggable')].map((n) => n.dataset.value)")
    assert changed[1:] == ["-3.0", "10.0"]
    assert changed[0] != "2.0"


def trained():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    x = np.random.default_rng(0).standard_normal((2, 6, 6, 1)).astype(np.float32)
    return nn.CrossEntropyLoss()(model(sg.tensor(x)), np.array([0, 2]))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: (sg.tensor(np.ones((100, 100)), requires_grad=True) ** 2).sum(), "numbers, and a page computes"),
        (lambda: sg.tensor([1.0 + 2j], requires_grad=True).real.sum(), "complex128"),
        (lambda: sg.linalg.inv(sg.tensor(np.eye(2) + 1, requires_grad=True)).sum(), "inv"),
    ],
)
def test_a_page_that_cannot_compute_says_why_and_stays_a_film(make, why, show):
    driver = show(sg.play(make()), step=0)
    assert not driver.find_elements("css selector", ".live")
    text = driver.find_element("css selector", ".hint").text
    assert text.startswith("The numbers stay as they were recorded.")
    assert why in text


def test_a_small_convolution_is_live(show):
    playing = sg.play(trained())
    driver = show(playing, step=len(playing.story.steps) - 1)
    before = driver.find_element("css selector", ".live .result").text
    driver.find_element("css selector", "button[title^='Subtract lr']").click()
    assert float(driver.find_element("css selector", ".live .result").text.split()[-1]) < float(before.split()[-1])


def test_pages_of_ordinary_graphs_are_small():
    for made in (gated(), layer(), trained()):
        assert len(sg.play(made).html().encode()) < 150_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_a_page_with_changed_numbers(theme, show):
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    driver = show(sg.play(layer()), step=3, theme=theme)
    driver.execute_script("document.querySelector('.live details').open = true")
    driver.find_element("css selector", "button[title^='Subtract lr']").click()
    found = axe.run(driver)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


def test_the_panel_fits_a_phone(show):
    driver = show(sg.play(layer()), step=3, size=(390, 844))
    driver.find_element("css selector", "button[title^='Subtract lr']").click()
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


#: A widget's model, as anywidget gives it, without a kernel behind it.
MODEL = """
const [story, widget] = arguments;
const script = `${widget}\\nwindow.widget = widget_;`.replace("export default", "const widget_ =");
const state = { story: JSON.parse(story), follow: false, leaves: {} };
const watchers = {};
window.state = state;
window.saved = [];
window.model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; (watchers[`change:${name}`] ?? []).forEach((watch) => watch()); },
  save_changes: () => window.saved.push(JSON.parse(JSON.stringify({ follow: state.follow, leaves: state.leaves }))),
  on: (name, watch) => { (watchers[name] ??= []).push(watch); },
  off: (name, watch) => { watchers[name] = watchers[name].filter((one) => one !== watch); },
};
const element = document.createElement("script");
element.type = "module";
element.textContent = `${script}\\nconst el = document.createElement("div"); document.body.append(el);
window.closeWidget = window.widget.render({ model: window.model, el });`;
document.body.append(element);"""


def test_a_widget_tells_its_kernel_of_changes_once_it_may(driver, show):
    pytest.importorskip("anywidget")
    from seegrad.autograd.inspect.draw.page_files import widget_script

    playing = sg.play(gated())
    show(playing)
    driver.execute_script("document.body.replaceChildren()")
    driver.execute_script(MODEL, json.dumps(playing._data()), widget_script())
    driver.find_element("xpath", "//button[text()='Change numbers']").click()
    set_in_page(driver, "a", "4")
    assert driver.execute_script("return window.saved") == []
    follow = driver.find_element("css selector", ".live > label input")
    follow.click()
    assert driver.execute_script("return window.saved.at(-1)") == {
        "follow": True,
        "leaves": {"a": [4], "b": [-3], "c": [10]},
    }
    set_in_page(driver, "b", "1.5")
    assert driver.execute_script("return window.saved.at(-1).leaves.b") == [1.5]
    driver.execute_script("window.model.set('leaves', {a: [7]})")  # from Python
    assert driver.find_element("css selector", "#n0").get_attribute("data-value") == "7.0"
    driver.execute_script("window.closeWidget()")


def test_leaves_follow_a_widget_that_may_write_them():
    pytest.importorskip("anywidget")
    a, W = sg.Value(3.0, label="a"), sg.tensor(np.ones((2, 2), np.float32), requires_grad=True, label="W")
    for leaf, loss, numbers in ((a, a * a, [5.0]), (W, (W * 2).sum(), [1.0, 2.0, 3.0, 4.5])):
        playing = sg.play(loss)
        page = playing.html()
        before = np.array(leaf.data)
        widget = playing.widget()
        widget.leaves = {leaf.label: numbers}
        np.testing.assert_array_equal(leaf.data, before)
        widget.follow = True
        np.testing.assert_array_equal(np.ravel(leaf.data), numbers)
        assert np.asarray(leaf.data).dtype == before.dtype
        assert playing.html() == page
        widget.leaves = {leaf.label: before.ravel().tolist()}
        np.testing.assert_array_equal(leaf.data, before)
    assert a.requires_grad
    assert sg.grad(lambda x: x * x)(a.data) == 6.0
