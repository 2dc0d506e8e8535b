"""How many frames a second a browser shows while the page of a large drawing is panned.

Needs Chromium with its driver, and selenium; a headless Chromium draws without a graphics card, so that this is the
least that is to be expected.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from report import publish
from side_by_side import HERE, QUICK

import seegrad as sg

FRAMES = 60 if QUICK else 300
#: The layers of the networks that are drawn: about 500 and 2,000 boxes.
LAYERS = (4,) if QUICK else (4, 14)


def network(layers: int) -> sg.Value:
    """Return the result of a network of scalars, eight neurons wide, after its backward pass."""
    rng = np.random.default_rng(0)
    signals = [sg.Value(x, label=f"x{i}") for i, x in enumerate(rng.normal(size=4))]
    for _ in range(layers):
        signals = [
            sum((x * sg.Value(w, label="w") for x, w in zip(signals, rng.normal(size=8))), sg.Value(0.1)).tanh()
            for _ in range(8)
        ]
    result = sum(signals, sg.Value(0.0))
    result.backward()
    return result


def browser():
    """Start a headless Chromium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser")
    for option in "headless=new no-sandbox disable-gpu disable-dev-shm-usage window-size=1280,900".split():
        options.add_argument(f"--{option}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(120)
    return driver


def measure(page: Path) -> list[tuple[str, float, float, float]]:
    """Return the size of the drawing, frames a second, the longest frame in ms, and the seconds to open the page."""
    driver, found = browser(), []
    try:
        start = time.perf_counter()
        driver.get(page.as_uri())
        seconds = time.perf_counter() - start
        for size, press in (("as opened", 0), ("at 40 %", 4)):
            driver.execute_script(
                "for (let i = 0; i < arguments[0]; i++) document.querySelector('[aria-label=Smaller]').click()", press
            )
            intervals = driver.execute_async_script((HERE / "panning.js").read_text(encoding="utf-8"), FRAMES)
            found.append((size, 1000 / np.mean(intervals), max(intervals), seconds))
    finally:
        driver.quit()
    return found


rows = []
for layers in LAYERS:
    drawing = sg.draw(network(layers), max_nodes=10_000, fold=False)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        page = drawing.save(Path(folder) / "page.html")
        layout = time.perf_counter() - start
        for size, rate, longest, seconds in measure(page):
            count = f"{len(drawing.picture.boxes):,} boxes, {len(drawing.picture.arrows):,} arrows"
            rows.append([count, size, f"{rate:.0f}", f"{longest:.0f}", f"{seconds:.1f}", f"{layout:.1f}"])
            print(*rows[-1])
publish(
    "panning",
    "Panning a large drawing",
    "Headless Chromium without a graphics card, 1280 × 900; the drawing is dragged up to 20 pixels a frame.",
    [
        {
            "header": ["", "size", "frames / s", "longest frame, ms", "opening, s", "layout, s"],
            "rows": rows,
        }
    ],
)
