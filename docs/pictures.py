"""Make the pictures of the README, each in light and in dark: ``make pictures``.

The graph that is drawn and played is the one that the README's first example computes. The animation of the player
needs Chromium and chromedriver; its frames are put together by Pillow.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import architecture_figure

import seegrad as sg

HERE = Path(__file__).resolve().parent
THEMES = ("light", "dark")
#: What an SVG adds for readers who prefer dark.
DARK_RULES = re.compile(r"@media \(prefers-color-scheme: dark\)\{(.*)\}(?=</style>)", re.DOTALL)

#: The player's width, in pixels of the page; a picture has twice as many, for sharp screens.
WIDTH, SCALE = 830, 2
#: How long a step is shown, in milliseconds.
PAUSES = {"start": 1500, "forward": 1100, "backward": 2200, "end": 4000}
CHROMIUM = "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars"
#: What cannot be used in a picture is left out, and nothing moves where a note has two lines.
LOOK = ".seegrad-player :is(.steps,.view,.explain-hint){display:none}.seegrad-player .note{min-height:2.8em}"


def example() -> sg.Value:
    """Compute the graph of the README's first example, by its own lines up to the backward pass."""
    block = re.search(r"```python\n(.*?)```", (HERE.parent / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block, "README.md has no example"
    lines, found, _ = block[1].partition("loss.backward()")
    assert found, "the README's first example does not call loss.backward()"
    names: dict[str, Any] = {}
    exec(lines + found, names)
    loss: sg.Value = names["loss"]
    return loss


def write_svgs(name: str, svg: str) -> None:
    """Write an SVG that follows its reader's preference, and two that do not, between which a page chooses."""
    (HERE / f"{name}.svg").write_text(svg, encoding="utf-8")
    rules = DARK_RULES.search(svg)
    assert rules, f"{name} has no dark colours"
    for theme, instead in zip(THEMES, ("", rules[1])):
        text = svg[: rules.start()] + instead + svg[rules.end() :]
        (HERE / f"{name}-{theme}.svg").write_text(text, encoding="utf-8")


@contextmanager
def browser(theme: str) -> Iterator[Any]:
    """Open a browser that prefers a theme, and no motion of its own."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for option in CHROMIUM.split():
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        wanted = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        metrics = {"width": WIDTH + 24, "height": 1200, "deviceScaleFactor": SCALE, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield driver
    finally:
        driver.quit()


def film(player: Any, theme: str) -> None:
    """Photograph the player at every step, and join the photographs to an animation."""
    from PIL import Image

    page = HERE / f"player-{theme}.html"
    page.write_text(player.html().replace("</style>", f"{LOOK}</style>", 1), encoding="utf-8")
    try:
        with browser(theme) as driver:
            driver.get(page.as_uri())
            root = driver.find_element("class name", "seegrad-player")

            def photograph(step: int) -> bytes:
                driver.execute_script("location.hash = arguments[0]", f"step={step}")
                driver.execute_async_script(
                    "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
                )
                return root.screenshot_as_png

            steps = range(len(player.story.steps))
            highest = max((photograph(step), root.size["height"])[1] for step in steps)
            driver.execute_script("arguments[0].style.minHeight = `${arguments[1]}px`", root, highest)
            frames = [Image.open(io.BytesIO(photograph(step))).convert("RGB") for step in steps]
    finally:
        page.unlink()
    pauses = [PAUSES[step.phase] for step in player.story.steps]
    options = {"lossless": True, "method": 6, "minimize_size": True, "loop": 0}
    frames[0].save(HERE / f"player-{theme}.webp", save_all=True, append_images=frames[1:], duration=pauses, **options)


def main() -> None:
    """Make all pictures."""
    write_svgs("architecture", architecture_figure.figure())
    loss = example()
    write_svgs("drawing", loss.draw(show="chain").render("svg").decode())
    if shutil.which("chromedriver") is None:
        raise SystemExit("the animation of the player needs Chromium and chromedriver; it stays as it is")
    for theme in THEMES:
        film(loss.play(), theme)


if __name__ == "__main__":
    main()
