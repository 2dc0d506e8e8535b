"""The player where there is no widget: in Colab, in a frame, in a terminal."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import types
from html import unescape

import pytest

import seegrad as sg
from seegrad.autograd.inspect.draw import front_ends, render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
needs_graphviz = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def playing():
    a = sg.Value(2.0, label='a "quoted" & <b>')
    return (a * -3.0 + a).play()


@pytest.fixture
def colab(monkeypatch):
    """Stand in for the module that a kernel of Colab has loaded."""
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))


def test_in_colab_the_player_is_a_page_which_needs_no_widget_manager(colab):
    shown = playing()
    bundle = shown._repr_mimebundle_()
    assert not [kind for kind in bundle if "widget" in kind]
    page = re.fullmatch(r'<div><iframe srcdoc="([^"]*)" [^>]*></iframe>.*</div>', bundle["text/html"]).group(1)
    assert unescape(page) == shown.html()


def test_elsewhere_it_is_a_widget_if_there_is_anywidget(monkeypatch):
    monkeypatch.setattr(front_ends, "find_spec", lambda name: object())
    assert front_ends.shows_widgets()
    monkeypatch.setattr(front_ends, "find_spec", lambda name: None)
    assert not front_ends.shows_widgets()
    assert "<iframe srcdoc=" in playing()._repr_mimebundle_()["text/html"]


@needs_graphviz
def test_what_takes_frames_away_leaves_a_picture(colab):
    bundle = playing()._repr_mimebundle_()
    without_frame = re.sub(r"</?iframe[^>]*>", "", bundle["text/html"])
    assert without_frame == f'<div><img alt="the graph" src="data:image/png;base64,{bundle["image/png"]}"/></div>'
    assert "img" not in front_ends.in_frame("page", "")


def test_a_terminal_says_what_to_write():
    pytest.importorskip("IPython")
    code = "import seegrad as sg; (sg.Value(2.0, label='a') * 3.0).play()"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert "dout/da = 3.0" in done.stdout
    assert ".open() shows these steps in a browser; .save('backprop.html') writes the page" in done.stdout


def test_open_shows_the_page_in_a_browser(monkeypatch):
    visited = []
    monkeypatch.setattr("seegrad.common.browser.open_page", visited.append)
    shown = playing()
    file = shown.open()
    try:
        assert visited == [file.as_uri()]
        assert file.read_text(encoding="utf-8") == shown.html()
    finally:
        file.unlink()


#: Attributes of the page around the frame, and whether the player is dark then.
THEMES = [
    ('<html><body data-jp-theme-light="false">', True),
    ('<html><body data-jp-theme-light="true">', False),
    ('<html><body data-vscode-theme-kind="vscode-dark">', True),
    ('<html><body data-vscode-theme-kind="vscode-high-contrast-light">', False),
    ('<html theme="dark"><body>', True),
    ("<html><body>", False),
]


@needs_chromium
@pytest.mark.parametrize(("around", "dark"), THEMES)
def test_in_a_frame_it_plays_to_the_end_with_the_height_and_the_theme_of_its_surroundings(around, dark, tmp_path):
    look = """<script>onload = () => {
      const frame = document.querySelector("iframe"), page = frame.contentDocument;
      [...page.querySelectorAll("button")].find((button) => button.textContent === "Play").click();
      let fits = false; // once: the browser may not lay out anew in the time that it is made to believe in
      setInterval(() => {
        const root = page.querySelector(".seegrad-player");
        fits ||= root.offsetHeight > 200 && Math.abs(frame.offsetHeight - root.offsetHeight) <= 1;
        const [dark, picture] = [root.classList.contains("dark"), document.querySelector("img")];
        document.title = [root.dataset.phase, dark, fits, picture].join();
      }, 500);
    };</script>"""
    file = tmp_path / "page.html"
    file.write_text(f"<!DOCTYPE html>{around}{front_ends.in_frame(playing().html(), 'AA')}{look}", encoding="utf-8")
    options = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking".split()
    command = [CHROMIUM, *options, "--virtual-time-budget=30000", "--dump-dom", f"--user-data-dir={tmp_path / 'p'}"]
    dom = subprocess.run([*command, file.as_uri()], capture_output=True, check=True, timeout=300).stdout.decode()
    assert re.search("<title>(.*)</title>", dom).group(1) == f"end,{str(dark).lower()},true,"
