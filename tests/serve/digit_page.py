"""The digit page in a browser, for tests: what someone does with it, and what is seen."""

from __future__ import annotations

import io
from base64 import b64decode

import numpy as np
from PIL import Image
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.support.wait import WebDriverWait

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
