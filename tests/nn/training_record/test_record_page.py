"""The page of a recorded training in a browser."""

from __future__ import annotations

import re

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

import seegrad as sg
from seegrad import nn
from seegrad.autograd.inspect.draw import front_ends, render
from seegrad.nn.training_record import record_page

DESKTOP, PHONE = (1280, 900), (390, 844)


def moons(epochs=6):
    x, y = sg.data.make_moons(200, noise=0.1, seed=0)
    model = nn.Sequential(nn.Linear(2, 12, seed=0), nn.ReLU(), nn.Linear(12, 2, seed=1))
    model[0].bias.data = np.where(np.arange(12) < 2, -50.0, 0.0).astype(np.float32)  # two dead units
    record = nn.TrainingRecord(model, every=4, x=x, y=y)
    nn.Trainer(model, "adam", "cross_entropy").fit(x, y, epochs=epochs, seed=0, callbacks=record, progress=False)
    return record


def line():
    w, b = sg.Value(2.0, label="w"), sg.Value(0.5, label="b")
    record = nn.TrainingRecord([w, b], every=2)
    for _ in range(20):
        loss = (w * 0.5 + b - 3.0) ** 2
        loss.label = "loss"
        w.grad = b.grad = 0.0
        loss.backward()
        record.step(loss)
        for p in (w, b):
            p.data -= 0.05 * p.grad
    return record


@pytest.fixture
def show(driver, tmp_path):
    """Open a record as a page; return the driver."""

    def opened(record, size=DESKTOP, theme="light", step=None):
        file = record.save(tmp_path / "training.html")
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        driver.get("about:blank")
        driver.get_log("browser")
        driver.get(file.as_uri() + ("" if step is None else f"#step={step}"))
        assert driver.get_log("browser") == []
        return driver

    return opened


def text(driver, selector):
    return driver.execute_script("return document.querySelector(arguments[0]).textContent", selector)


def test_the_page_goes_through_the_steps(show):
    record = moons()
    driver = show(record)
    root = driver.find_element("css selector", ".seegrad-training")
    assert root.get_attribute("data-step") == str(record.steps[-1])
    root.send_keys(Keys.HOME)
    assert root.get_attribute("data-step") == "1"
    first = record._snapshots[0]
    assert text(driver, ".formula").startswith("step 1 of 24: loss ")
    assert float(text(driver, ".formula").split()[-1]) == pytest.approx(first.loss, rel=1e-2)
    assert text(driver, ".dead") == "2 of 12 units dead"
    tile = driver.find_element("css selector", ".tile.weights svg")
    std = re.search(r"std ([\d.]+)", tile.get_attribute("aria-label"))[1]
    assert float(std) == pytest.approx(first.values[0].std, rel=1e-2)
    pixels = "return document.querySelector('canvas').toDataURL()"
    before, shape = (
        driver.execute_script(pixels),
        driver.execute_script("return document.querySelector('.bars').outerHTML"),
    )
    root.send_keys(Keys.ARROW_RIGHT)
    assert root.get_attribute("data-step") == "4"
    assert driver.execute_script(pixels) != before
    assert driver.execute_script("return document.querySelector('.bars').outerHTML") != shape
    assert driver.execute_script("return location.hash") == "#step=4"
    driver.find_element("css selector", ".options input").click()
    ends = [span.text for span in driver.find_elements("css selector", ".tile .ends span")]
    assert float(ends[0].replace("−", "-")) == pytest.approx(record._snapshots[1].values[0].low, rel=1e-2)
    driver.execute_script("""
      const slider = document.querySelector("input[type=range]");
      slider.value = 3; slider.dispatchEvent(new Event("input"));""")
    assert root.get_attribute("data-step") == str(record.steps[3])
    assert (
        driver.find_element("css selector", "input[type=range]").get_attribute("aria-valuetext").startswith("step 12")
    )
    driver.find_element("css selector", ".curve svg").click()  # its middle
    assert root.get_attribute("data-step") == "12"
    show(record, step=9)
    assert driver.find_element("css selector", ".seegrad-training").get_attribute("data-step") == "8"


def test_it_plays_to_the_end(show):
    driver = show(line(), step=15)
    root = driver.find_element("css selector", ".seegrad-training")
    root.send_keys(" ")
    wait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait(driver, 20, 0.05)
    wait.until(lambda _: root.get_attribute("data-step") == "20")
    wait.until(
        lambda _: driver.execute_script("return document.querySelectorAll('.bar button')[2].textContent") == "Play"
    )


@pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")
def test_the_graph_shows_the_numbers_of_the_step(show):
    record = line()
    driver = show(record, step=1)
    state = "return [...document.querySelectorAll('#n0 text')].map((text) => text.textContent)"
    assert driver.execute_script(state) == record._snapshots[0].graph[0][0]
    driver.find_element("css selector", ".seegrad-training").send_keys(Keys.END)
    assert driver.execute_script(state) == record._snapshots[-1].graph[0][0]
    assert driver.execute_script("return document.querySelectorAll('.tile polyline').length") == 4  # w, b and gradients


@pytest.mark.parametrize("make", [moons, line])
@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_and_a_phone_has_room(make, theme, size, show):
    driver = show(make(), size, theme)
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    assert [(v["id"], v["nodes"][0]["html"]) for v in axe.run(driver)["violations"]] == []


def test_the_page_of_a_long_training_is_small_and_needs_nothing_else(tmp_path):
    model = nn.models.mnist_cnn(seed=0)
    images = np.random.default_rng(0).random((8, 28, 28, 1), np.float32)
    record = nn.TrainingRecord(model, every=1, x=images)
    for _ in range(2):
        record.step(1.0)
    record._snapshots = record._snapshots[:1] * 100
    for parameter, gradient in zip(record._parts, record._snapshots[0].gradients):
        assert parameter.gradient() is None
        assert gradient is None
    record._snapshots[0].gradients = record._snapshots[0].values
    page = record.save(tmp_path / "training.html")
    assert page.stat().st_size < 1_000_000
    assert not re.search(r"https?://(?!www\.w3\.org)", page.read_text(encoding="utf-8"))


def test_the_widget_of_a_notebook_is_a_module_that_draws_it(driver, monkeypatch):
    anywidget = pytest.importorskip("anywidget")
    made = []

    class Recorded(anywidget.AnyWidget):
        def __init__(self, **traits):
            made.append(self)
            super().__init__(**traits)

    monkeypatch.setattr(anywidget, "AnyWidget", Recorded)
    record = line()
    record._repr_mimebundle_()
    driver.get("about:blank")
    shown = driver.execute_async_script(
        """
        const [script, story, done] = arguments;
        const load = import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
        load.then((module) => {
          const close = module.default.render({ model: { get: () => story }, el: document.body });
          const text = document.querySelector(".formula").textContent;
          close();
          done(text);
        }).catch((error) => done(String(error)));""",
        str(made[0]._esm),
        made[0].story,
    )
    assert shown.startswith("step 20 of 20: loss ")


def test_a_notebook_shows_it(monkeypatch):
    record = line()
    data, _ = record._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(record)
    monkeypatch.setattr(record_page, "shows_widgets", lambda: False)
    framed = record._repr_mimebundle_()
    assert "<iframe srcdoc=" in framed["text/html"]
    assert nn.TrainingRecord([sg.Value(1.0)])._repr_mimebundle_() == {"text/plain": "TrainingRecord of no steps yet"}
    assert front_ends.shows_widgets()
