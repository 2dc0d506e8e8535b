"""Convolutions and pools window by window: what the page computes is what the engine computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pages import DESKTOP, PHONE

import seegrad as sg
from seegrad.autograd.inspect.draw import page_files, render
from seegrad.autograd.inspect.draw.window_view import windows_of
from seegrad.common.javascript_modules import joined_modules

needs_pictures = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def leaf(rng, *shape, label):
    return sg.tensor(rng.normal(size=shape), requires_grad=True, label=label)


def convolution(rng, size=(5, 6), channels=(2, 3), kernel=(3, 2), **window):
    x = leaf(rng, 1, *size, channels[0], label="x")
    w = leaf(rng, *kernel, *channels, label="w")
    return sg.conv2d(x, w, leaf(rng, channels[1], label="b"), **window)


def pool(rng, function, *window, **options):
    return function(leaf(rng, 1, 5, 4, 2, label="x"), *window, **options)


CASES = {
    "convolution": lambda rng: convolution(rng),
    "one kernel for all": lambda rng: convolution(rng, (4, 4), (1, 1), (3, 3), padding=1),
    "strides, padding, dilation": lambda rng: convolution(rng, stride=2, padding=((2, 1), (0, 1)), dilation=(1, 2)),
    "without bias": lambda rng: sg.conv2d(leaf(rng, 1, 4, 4, 1, label="x"), leaf(rng, 2, 2, 1, 1, label="w")),
    "max pool": lambda rng: pool(rng, sg.max_pool2d, 2),
    "max pool that overlaps": lambda rng: pool(rng, sg.max_pool2d, (3, 2), stride=1, padding=1),
    "mean pool": lambda rng: pool(rng, sg.avg_pool2d, 2, padding=1),
}


def played(y, rng):
    """Return the player of a loss of something, in which each element has a gradient of its own."""
    return sg.play((y * sg.tensor(rng.normal(size=y.shape))).sum())


WINDOW_MATH = Path(page_files.__file__).with_name("page") / "window_math.js"

COMPUTED = """
const { windowsOf, resultOf, gradientsAfter } = $window_math;
const view = arguments[0];
const done = windowsOf(view);
return [done.map((window) => resultOf(view, window)), gradientsAfter(view, done.length)];
"""


@pytest.mark.parametrize("name", CASES)
def test_windows_add_up_to_the_results_and_gradients_of_the_engine(name, driver, rng):
    y = CASES[name](rng)
    story = played(y, rng).story
    (view,) = windows_of(story).values()
    node = next(
        node
        for node in story.nodes
        if node.op is not None and node.op.name in ("conv2d", "conv2d_with_bias", "window_take", "window_sum")
    )
    x, w = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
    driver.get("about:blank")
    out, found = driver.execute_script(joined_modules(WINDOW_MATH) + COMPUTED, view)
    np.testing.assert_allclose(out, node.data[0].transpose(2, 0, 1).ravel(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["image"], story.back.gradients[x][0].transpose(2, 0, 1), rtol=1e-9, atol=1e-12)
    if w is not None:
        np.testing.assert_allclose(
            found["weight"], story.back.gradients[w].transpose(3, 2, 0, 1), rtol=1e-9, atol=1e-12
        )


def test_large_images_and_kernels_are_not_shown_window_by_window(rng):
    x = sg.tensor(rng.normal(size=(1, 9, 9, 1)), requires_grad=True)
    assert windows_of(sg.play(sg.max_pool2d(x, 3).sum()).story) == {}
    assert windows_of(sg.play(convolution(rng, channels=(8, 8)).sum()).story) == {}


def cells(driver, table):
    rows = driver.find_elements("css selector", f".windows table:nth-of-type({table}) tr")
    return np.array(
        [[float(cell.get_attribute("title")) for cell in row.find_elements("css selector", "td")] for row in rows]
    )


def slide(driver, to):
    driver.execute_script(
        "const slider = document.querySelector('.windows input'); slider.value = arguments[0];"
        "slider.dispatchEvent(new Event('input'))",
        to,
    )


@needs_pictures
def test_the_window_slides_and_its_gradient_scatters_back(show, rng):
    playing = played(convolution(rng, (4, 4), (1, 1), (3, 3)), rng)
    story = playing.story
    forward = next(i for i, step in enumerate(story.steps) if "conv2d" in step.text)
    driver = show(playing, step=forward)
    slide(driver, 1)
    within = driver.find_elements("css selector", ".windows table:nth-of-type(1) td.within")
    nodes = {story.names[node]: node.data for node in story.nodes}
    x, w, b = nodes["x"][0, :, :, 0], nodes["w"][:, :, 0, 0], nodes["b"]
    assert [float(cell.get_attribute("title")) for cell in within] == x[:3, 1:].ravel().tolist()
    np.testing.assert_allclose(cells(driver, 3), x[:3, 1:] * w, rtol=1e-12)
    text = driver.find_element("css selector", ".windows p").text
    assert text.endswith(f"= {float(f'{(x[:3, 1:] * w).sum() + b.item():.6g}')}")
    assert driver.find_element("css selector", ".windows .counter").text == "window 2 / 4"
    driver.find_element("css selector", ".windows button[aria-label='One window on']").click()
    assert driver.find_element("css selector", ".windows .counter").text == "window 3 / 4"

    backward = next(
        i for i, step in enumerate(story.steps) if step.phase == "backward" and step.node == story.steps[forward].node
    )
    driver = show(playing, step=backward)
    slide(driver, 3)
    gradients = {story.names[node]: gradient for node, gradient in story.back.gradients.items()}
    np.testing.assert_allclose(cells(driver, 2), gradients["x"][0, :, :, 0], rtol=1e-9)
    np.testing.assert_allclose(cells(driver, 3), gradients["w"][:, :, 0, 0], rtol=1e-9)
    assert show(playing, step=0).find_elements("css selector", ".windows table") == []


@needs_pictures
def test_windows_show_the_numbers_that_are_changed(show, rng):
    x, w = (leaf(rng, 1, 4, 4, 1, label="x"), leaf(rng, 2, 2, 1, 1, label="w"))
    playing = sg.play((sg.conv2d(x, w) ** 2).sum())
    story = playing.story
    key = next(story.keys[node] for node in story.nodes if node.op is not None and node.op.name == "conv2d")
    other = x.data.copy()
    other[0, 0, 0, 0] = 3.5
    x = sg.tensor(other, requires_grad=True)
    y = sg.conv2d(x, w)
    (y**2).sum().backward()
    for phase, expected in (("forward", {1: x.data, 4: y.data}), ("backward", {1: 2 * y.data, 2: x.grad, 3: w.grad})):
        step = next(i for i, step in enumerate(story.steps) if (step.node, step.phase) == (key, phase))
        driver = show(playing, step=step)
        driver.execute_script("""
          const field = document.querySelector(".live .number");
          field.value = "3.5";
          field.dispatchEvent(new Event("input"));""")
        slide(driver, 8)
        for table, numbers in expected.items():
            np.testing.assert_allclose(cells(driver, table), np.squeeze(numbers), rtol=1e-9)
    driver.find_element("xpath", "//button[text()='Reset']").click()
    assert not np.allclose(cells(driver, 2), x.grad[0, :, :, 0])


@needs_pictures
def test_windows_do_not_tell_what_a_quiz_asks_for(show, rng):
    playing = sg.play(convolution(rng, (4, 4), (1, 1), (3, 3)).sum(), quiz=True)
    story = playing.story
    key = next(story.keys[node] for node in story.nodes if node.op is not None and node.op.name.startswith("conv2d"))
    for phase in ("forward", "backward"):
        steps = [i for i, step in enumerate(story.steps) if (step.node, step.phase) == (key, phase)]
        driver = show(playing, step=steps[0])
        for step in steps:
            panel = driver.find_element("css selector", ".windows")
            assert not panel.is_displayed()
            for _ in range(3):  # the last hint is the answer
                driver.find_element("xpath", "//button[text()='Hint']").click()
            assert panel.is_displayed() == (step == steps[-1])
            driver.find_element("css selector", ".quiz button[title='Next']").click()


@needs_pictures
@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_the_winner_of_a_max_pool_lights_up_and_axe_finds_nothing(size, theme, show):
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    x = sg.tensor(np.array([[1.0, 5.0], [2.0, -3.0]]).reshape(1, 2, 2, 1), requires_grad=True, label="x")
    y = sg.max_pool2d(x, 2)
    y.label = "y"
    playing = sg.play((y * 3.0).sum())
    node = playing.story.keys[y]
    for phase, text in (
        ("forward", "largest of 1, 5, 2, -3 = 5"),
        ("backward", "goes to the winner of the window, x[0, 1]."),
    ):
        step = next(i for i, s in enumerate(playing.story.steps) if (s.node, s.phase) == (node, phase))
        driver = show(playing, step=step, size=size, theme=theme)
        (winner,) = driver.find_elements("css selector", ".windows td.wins")
        assert winner.text == ("5" if phase == "forward" else "3")
        assert text in driver.find_element("css selector", ".windows p").text
        assert [(v["id"], v["nodes"][0]["html"]) for v in axe.run(driver)["violations"]] == []
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
