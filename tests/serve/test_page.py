"""The page in a browser: someone draws a digit by mouse, finger or keys, and reads the answer."""

from __future__ import annotations

import io
import shutil
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMEDRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason="no chromium or no chromedriver")

OPTIONS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-sync".split()
DESKTOP, PHONE = (1280, 900, False), (390, 844, True)
# Ways of the pen, as shares of the paper.
THREE = [(0.3, 0.25), (0.45, 0.15), (0.65, 0.2), (0.68, 0.35), (0.55, 0.47), (0.45, 0.48), (0.6, 0.5), (0.7, 0.65)]
THREE += [(0.62, 0.82), (0.42, 0.86), (0.28, 0.76)]
SEVEN = [(0.28, 0.2), (0.5, 0.2), (0.72, 0.2), (0.6, 0.5), (0.45, 0.85)]
ONE = [(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]


class Page:
    """The open page."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, client, size=DESKTOP, theme="light"):
        width, height, mobile = size
        ask = self.driver.execute_cdp_cmd
        ask(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
        )
        ask("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
        self.driver.get(client.url)

    def draw(self, way, kind="mouse"):
        box = self.element("paper").rect
        builder = ActionBuilder(self.driver, mouse=PointerInput(kind, kind), duration=20)
        pen = builder.pointer_action
        for number, (x, y) in enumerate(way):
            pen.move_to_location(int(box["x"] + x * box["width"]), int(box["y"] + y * box["height"]))
            if number == 0:
                pen.pointer_down()
        pen.pointer_up()
        builder.perform()

    def element(self, name):
        return self.driver.find_element("id", name)

    def wait_for(self, condition):
        return WebDriverWait(self.driver, 20, 0.05).until(lambda _: condition())

    def answer(self):
        return self.driver.execute_script("return document.querySelector('#answer b').textContent")

    def wait_for_answer(self, wanted):
        """Wait until nothing more is asked, and this is what was answered."""
        quiet = "return document.querySelector('#answer').getAttribute('aria-busy') === 'false'"
        self.wait_for(lambda: self.driver.execute_script(quiet) and self.answer() == wanted)

    def pixels(self, canvas):
        """Return a canvas's pixels, (height, width, 4)."""
        url = self.driver.execute_script("return document.querySelector(arguments[0]).toDataURL()", canvas)
        return np.asarray(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("RGBA"))

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def driver():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService(CHROMEDRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(driver):
    driver.get_log("browser")
    return Page(driver)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("size", "kind"), [(DESKTOP, "mouse"), (PHONE, "touch")], ids=["desktop", "phone"])
def test_a_drawn_digit_is_answered_and_explained(page, client, size, kind, theme):
    page.open(client, size, theme)
    assert page.answer() == "–"
    assert not page.element("inside").is_displayed()
    page.draw(THREE, kind)
    page.wait_for_answer("3")
    shares = [bar.text for bar in page.driver.find_elements("css selector", "#bars .share")]
    assert len(shares) == 10
    assert float(shares[3].rstrip(" %")) == max(float(share.rstrip(" %")) for share in shares)
    assert page.driver.find_element("css selector", "#bars .first .name").text == "3"
    assert f"{shares[3]} sure" in page.element("answer").text
    assert len(np.unique(page.pixels("#why")[..., :3].reshape(-1, 3), axis=0)) > 50
    layers = page.driver.find_elements("css selector", ".layer")
    assert [layer.find_element("tag name", "h3").text for layer in layers] == ["Conv2d", "ReLU", "Linear"]
    assert page.pixels(".layer canvas").std() > 5
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    dark = page.driver.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 21)"
    assert dark == (theme == "dark")
    assert page.complaints() == []


def test_keys_alone_can_draw_undo_and_clear(page, client):
    page.open(client)
    paper = page.element("paper")
    down, up = [Keys.ARROW_DOWN] * 9, [Keys.ARROW_UP] * 9
    paper.send_keys(*up, " ", *down, *down, " ")
    page.wait_for_answer("1")
    drawn = page.pixels("#paper")[..., 3] > 200
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert np.ptp(rows) > 5 * np.ptp(columns)
    paper.send_keys(Keys.BACKSPACE)
    page.wait_for_answer("–")
    assert not page.element("clear").is_enabled()
    paper.send_keys(" ", Keys.ARROW_LEFT, Keys.ARROW_LEFT, " ", Keys.DELETE)
    page.wait_for_answer("–")
    assert page.complaints() == []


def test_buttons_undo_a_stroke_and_clear(page, client):
    page.open(client)
    page.draw(ONE)
    page.wait_for_answer("1")
    one = page.pixels("#paper")
    page.draw([(0.1, 0.1), (0.9, 0.9)])
    assert (page.pixels("#paper") != one).any()
    ActionChains(page.driver).click(page.element("undo")).perform()
    page.wait_for_answer("1")
    np.testing.assert_array_equal(page.pixels("#paper"), one)
    page.element("clear").click()
    page.wait_for_answer("–")
    assert page.pixels("#paper").max() == 0


def test_it_says_that_the_server_does_not_answer_and_goes_on_when_it_does(page, serve_model):
    with serve_model(rate=0.5, burst=1) as client:
        page.open(client)
        page.draw(SEVEN)
        page.wait_for(lambda: "busy" in page.element("status").text)
        page.wait_for(lambda: page.answer() == "7" and page.element("status").text == "")
    page.draw(THREE)
    page.wait_for(lambda: "does not answer" in page.element("status").text)


def test_nothing_is_asked_of_other_hosts(page, client):
    page.open(client)
    page.draw(SEVEN)
    page.wait_for_answer("7")
    asked = page.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert any("predict" in url for url in asked)
    assert [url for url in asked if not url.startswith((client.url, "data:"))] == []
