"""What a player is saved as beside a page: films, an SVG that plays by itself, a frame for other pages, slides."""

from __future__ import annotations

import os
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

import seegrad as sg
from seegrad.autograd.inspect.draw import film, render

pytestmark = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def expression():
    a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    loss = (a * b + a).tanh()
    loss.label = "loss"
    return loss


def layer():
    x = sg.tensor(np.arange(6.0).reshape(2, 3), label="x")
    W = sg.tensor(np.arange(24.0).reshape(3, 8) / 9 - 1, requires_grad=True, label="W")
    loss = (x @ W).relu().mean()
    loss.label = "loss"
    return loss


@pytest.mark.parametrize("make", [expression, layer])
def test_a_gif_has_a_frame_for_each_step_in_which_no_box_moves(make, tmp_path):
    playing = make().play()
    frames, times = [], []
    with Image.open(playing.save(tmp_path / "backprop.gif", seconds=0.5)) as file:
        assert file.info["loop"] == 0
        for i in range(file.n_frames):
            file.seek(i)
            frames.append(np.asarray(file.convert("RGB"), float))
            times.append(file.info["duration"])
    assert len(frames) == len(playing.story.steps)
    assert times == [500] * (len(frames) - 1) + [1500]
    assert all((frame != frames[0]).any() for frame in frames[1:])
    # The fill colour of the result's box, which is the only green, stays where it is.
    green = [np.argwhere((np.abs(frame - (0xD5, 0xF0, 0xE5)) < 8).all(axis=-1)).mean(axis=0) for frame in frames]
    assert np.ptp(green, axis=0).max() < 3


def test_an_svg_plays_the_steps_by_styles_alone(driver, tmp_path):
    playing = layer().play()
    file = playing.save(tmp_path / "backprop.svg")
    root = ElementTree.fromstring(file.read_bytes())
    assert not re.search(r"https?://(?!www\.w3\.org)", file.read_text(encoding="utf-8"))
    assert root.find("{http://www.w3.org/2000/svg}title").text == "Backprop of loss, step by step"
    features = [{"name": "prefers-reduced-motion", "value": "no-preference"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get(file.as_uri())
    seen = """
      for (const animation of document.getAnimations()) { animation.pause(); animation.currentTime = arguments[0]; }
      const shown = (element) => getComputedStyle(element).visibility === "visible";
      return [...document.querySelectorAll("text")].filter(shown).map((text) => text.textContent);"""
    grad, last = "", len(playing.story.steps) - 1
    for i, step in enumerate(playing.story.steps):
        texts = driver.execute_script(seen, 1600 * (i + 0.5))
        assert f"{step.phase} {i} / {last}" in texts
        assert sum(text.endswith(f"/ {last}") for text in texts) == 1
        assert "".join(step.text.split()) in "".join("".join(texts).split())
        grad = step.grads["n1"][0] if "n1" in step.grads else grad
        assert (f"grad {grad}" in texts) == bool(grad)
    # Who wants no motion sees the end.
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{**features[0], "value": "reduce"}]})
    driver.get(file.as_uri())
    assert f"end {last} / {last}" in driver.execute_script(seen, 0)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def test_an_svg_plays_as_an_image_of_a_page(driver, tmp_path):
    expression().play().save(tmp_path / "backprop.svg")
    (tmp_path / "page.html").write_text('<img src="backprop.svg" alt="">', encoding="utf-8")
    driver.get((tmp_path / "page.html").as_uri())
    assert driver.execute_script("return document.querySelector('img').naturalWidth") > 300


def test_an_mp4_is_made_of_all_frames_by_ffmpeg(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'wb').write(' '.join(sys.argv[1:-1]).encode() + b'|' + "
        "str(len(sys.stdin.buffer.read())).encode())\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setattr(film.shutil, "which", lambda name: os.fspath(program) if name == "ffmpeg" else None)
    playing = expression().play()
    options, _, size = playing.save(tmp_path / "x.mp4", seconds=0.5).read_text(encoding="utf-8").partition("|")
    width, height = map(int, re.search(r"-s (\d+)x(\d+)", options).groups())
    assert width % 2 == height % 2 == 0
    assert int(size) == 3 * width * height * (len(playing.story.steps) + film.LAST_STEPS - 1)
    assert "-r 2.000000 -i -" in options
    program.write_text("#!/bin/sh\ncat > /dev/null\necho no such codec >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(OSError, match="ffmpeg failed: no such codec"):
        playing.save(tmp_path / "y.mp4")
    assert not (tmp_path / "y.mp4").exists()


def test_errors_say_what_is_missing(tmp_path, monkeypatch):
    playing = expression().play()
    monkeypatch.setattr(film.shutil, "which", lambda name: None)
    monkeypatch.setattr(film, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs ffmpeg.*seegrad\[film\].*a \.gif needs none"):
        playing.save(tmp_path / "x.mp4")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"seegrad\[film\]"):
        playing.save(tmp_path / "x.gif")
    with pytest.raises(ValueError, match=r"saved as \.html, \.svg, \.gif, \.mp4, not as '\.mov'"):
        playing.save(tmp_path / "x.mov")
    for seconds in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not a time"):
            playing.save(tmp_path / "x.svg", seconds=seconds)
    assert list(tmp_path.iterdir()) == []


def test_an_iframe_begins_at_a_step(driver, tmp_path):
    playing = expression().play()
    playing.save(tmp_path / "a.html")
    frame = playing.iframe("a.html", step=3, height=500)
    (tmp_path / "page.html").write_text(frame, encoding="utf-8")
    driver.get((tmp_path / "page.html").as_uri())
    driver.switch_to.frame(driver.find_element("tag name", "iframe"))
    assert driver.find_element("css selector", ".formula").text == playing.story.steps[3].text
    driver.switch_to.default_content()
    with pytest.raises(ValueError, match="there is no step 99"):
        playing.iframe("a.html", step=99)
    assert '"A & <B>"' not in playing.iframe('"A & <B>".html')


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_slides_fill_the_screen_and_keys_step(driver, tmp_path, size):
    file = expression().play().save(tmp_path / "page.html")
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get("about:blank")
    driver.get(file.as_uri())
    root = driver.find_element("css selector", ".seegrad-player")
    width = "return document.querySelector('.picture svg').getBoundingClientRect().width"
    before = driver.execute_script(width)
    root.send_keys("s")
    assert "slides" in root.get_attribute("class")
    assert not driver.find_element("css selector", ".steps").is_displayed()
    left, top, right, bottom = driver.execute_script("""
      const box = document.querySelector(".picture svg").getBoundingClientRect();
      return [box.left, box.top, box.right, box.bottom];""")
    assert min(left, top) >= 0
    assert right <= size[0]
    assert bottom <= size[1]
    assert driver.execute_script(width) > 0.9 * before
    root.send_keys(Keys.PAGE_DOWN, Keys.ARROW_RIGHT, Keys.PAGE_UP)
    assert root.get_attribute("data-step") == "1"
    driver.find_element("css selector", ".note").click()
    assert root.get_attribute("data-step") == "2"
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    assert [v["id"] for v in axe.run(driver)["violations"]] == []
    root.send_keys("s")
    assert "slides" not in root.get_attribute("class")
    assert driver.execute_script(width) == pytest.approx(before)
