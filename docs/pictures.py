"""Make the pictures of the README: ``make pictures`` (the player's picture needs Chromium)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import architecture_figure

import seegrad as sg

HERE = Path(__file__).resolve().parent
STEP = 9
CHROMIUM = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars "
    "--force-device-scale-factor=2 --window-size=900,470"
).split()


def example() -> sg.Value:
    """A small expression in which two paths join at ``a``."""
    a, b, c = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b"), sg.Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    loss = d * a
    loss.label = "L"
    return loss


def draw() -> None:
    """Draw a neuron with the local derivative on every edge."""
    loss = example()
    loss.backward()
    loss.draw(show="chain").save(HERE / "drawing.svg")


def play() -> None:
    """Photograph the player in the middle of the backward pass."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("the picture of the player needs Chromium; docs/player.png stays as it is")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "player.html")
        example().play().save(page)
        options = [*CHROMIUM, f"--user-data-dir={folder}/profile", f"--screenshot={HERE / 'player.png'}"]
        subprocess.run([browser, *options, f"{page.as_uri()}#step={STEP}"], check=True, capture_output=True)


if __name__ == "__main__":
    (HERE / "architecture.svg").write_text(architecture_figure.figure(), encoding="utf-8")
    draw()
    play()
