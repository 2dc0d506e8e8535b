"""The steps of a player as pictures of one size, and as a film: an animated GIF, or an MP4 if ffmpeg is there.

No browser is needed: Graphviz draws each step. All boxes keep the size of the widest text that they will hold, so that
nothing moves from step to step.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....common.heat_map import palette
from .array_picture import Grid
from .dot import to_dot
from .layout import keeps_order
from .picture import Box, Picture
from .readable import wrapped
from .render import render
from .steps import NO_GRADIENT, Shown, Step, Story
from .svg import placement

if TYPE_CHECKING:
    from PIL.Image import Image

#: The colours of the player: what is computed in the forward pass, what gets a gradient in the backward pass.
FORWARD, BACKWARD = "#0072b2", "#c2410c"

#: The last step is shown for as long as so many others.
LAST_STEPS = 3

_POINTS_PER_INCH = 72
_BOX = re.compile(r'<g id="(\w+)" class="node[^"]*">.*?<(?:polygon|path) [^>]*?(?:points| d)="M?([^"]*)"', re.S)
_LARGEST_SIDE = 1920
_COLORS = 128

#: Under the picture stand lines of so many characters, or of more if it is wide.
_CAPTION_WIDTH = 64
_POINTS_PER_CHARACTER = 6.5

NEEDS_PILLOW = "a film needs Pillow: run pip install 'seegrad[film]'"
NEEDS_FFMPEG = (
    "an .mp4 needs ffmpeg: run pip install 'seegrad[film]', or install the program (https://ffmpeg.org/download.html); "
    "a .gif needs none"
)


def gif(story: Story, direction: str, seconds: float) -> bytes:
    """Return the steps as an animated GIF, which repeats.

    Parameters
    ----------
    story : Story
        The steps.
    direction : str
        Where the computation goes.
    seconds : float
        How long each step is shown; the last one is shown longer.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    NoGraphvizError
        If there is no Graphviz that works.
    """
    images = _with_one_palette(frames(story, direction))
    times = [round(1000 * seconds)] * (len(images) - 1) + [round(1000 * seconds * LAST_STEPS)]
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=times, loop=0, optimize=False)
    return file.getvalue()


def _with_one_palette(images: list[Image]) -> list[Image]:
    """Return images in the same colours, so that a GIF holds of each one only what is new in it."""
    from PIL.Image import Dither

    width, height = images[0].size
    some = images[:: max(1, len(images) // 4)][:4] + images[-1:]
    sheet = images[0].resize((width, height * len(some)))
    for i, image in enumerate(some):
        sheet.paste(image, (0, height * i))
    colors = sheet.quantize(_COLORS)
    return [image.quantize(palette=colors, dither=Dither.NONE) for image in images]  # flat colours stay flat


def mp4(story: Story, direction: str, seconds: float) -> bytes:
    """Return the steps as an MP4 file, which ffmpeg encodes.

    Raises
    ------
    ImportError
        If Pillow or ffmpeg is not installed.
    OSError
        If ffmpeg fails; the message holds its own.
    """
    program = _ffmpeg()
    images = frames(story, direction)
    images += images[-1:] * (LAST_STEPS - 1)
    width, height = images[0].size
    with tempfile.TemporaryDirectory() as folder:  # an MP4 cannot be written to a pipe: its index comes last
        target = Path(folder) / "film.mp4"
        command = [program, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        command += ["-r", f"{1 / seconds:.6f}", "-i", "-", "-r", "10", "-vcodec", "libx264", "-pix_fmt", "yuv420p"]
        command += ["-movflags", "+faststart", os.fspath(target)]
        done = subprocess.run(command, input=b"".join(image.tobytes() for image in images), capture_output=True)
        if done.returncode:
            raise OSError(f"ffmpeg failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
        return target.read_bytes()


def _ffmpeg() -> str:
    program = shutil.which("ffmpeg")
    if program is None and find_spec("imageio_ffmpeg") is not None:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
    if program is None:
        raise ImportError(NEEDS_FFMPEG)
    return program


def frames(story: Story, direction: str) -> list[Image]:
    """Return an image for each step, all of the same size, which is even on both sides.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    NoGraphvizError
        If there is no Graphviz that works.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(NEEDS_PILLOW) from error
    widest = story.picture(widest=True)
    ordered = keeps_order(widest, direction)
    svg = render(to_dot(widest, direction, ordered=ordered), "svg").decode()
    characters = max(_CAPTION_WIDTH, round(placement(svg)["size"][0] / _POINTS_PER_CHARACTER))
    drawn = []
    for parts in pictures(story, _sizes(svg), characters):
        pngs = [render(to_dot(part, direction, ordered=ordered), "png") for part in parts]
        drawn.append([Image.open(io.BytesIO(png)).convert("RGB") for png in pngs])
    width = max(image.width for images in drawn for image in images)
    height = max(picture.height for picture, _ in drawn) + max(caption.height for _, caption in drawn)
    shrunk = min(1.0, _LARGEST_SIDE / max(width, height))
    size = round(width * shrunk) + 1 & ~1, round(height * shrunk) + 1 & ~1  # even, as MP4 needs it
    found = []
    for picture, caption in drawn:
        frame = Image.new("RGB", (width, height), picture.getpixel((0, 0)))
        frame.paste(picture, ((width - picture.width) // 2, 0))
        frame.paste(caption, ((width - caption.width) // 2, picture.height))
        found.append(frame if size == frame.size else frame.resize(size, Image.Resampling.LANCZOS))
    return found


def _sizes(svg: str) -> dict[str, tuple[float, float]]:
    """Return width and height of the outline of each box of an SVG, in points."""
    found = {}
    for key, outline in _BOX.findall(svg):
        numbers = [float(x) for x in re.findall(r"-?[\d.]+", outline)]
        found[key] = (max(numbers[::2]) - min(numbers[::2]), max(numbers[1::2]) - min(numbers[1::2]))
    return found


def pictures(story: Story, room: dict[str, tuple[float, float]], characters: int) -> Iterator[tuple[Picture, Picture]]:
    """Yield the picture of each step, and one of its formula and its note.

    Parameters
    ----------
    story : Story
        The steps.
    room : dict of str to (float, float)
        Width and height of each box, in points.
    characters : int
        The longest line of the texts.
    """
    final = story.picture(widest=False)
    values: set[str] = set()
    grads: dict[str, Shown] = {}
    for number, step in enumerate(story.steps):
        values.update(step.values)
        grads.update(step.grads)
        boxes = []
        for box in final.boxes:
            shown = _known(box, box.key in values, grads.get(box.key))
            shown.look = _room(room[box.key]) | _marked(box.key, step)
            boxes.append(shown)
        arrows = [copy(arrow) for arrow in final.arrows]
        for key in step.edges:
            color = BACKWARD if step.phase == "backward" else FORWARD
            arrows[int(key[1:])].look = {"color": color, "penwidth": "2.5"}
            if step.phase == "backward":  # gradients flow that way
                arrows[int(key[1:])].look["dir"] = "back"
        texts = [step.text, step.note, f"{step.phase} {number} / {len(story.steps) - 1}"]
        lines = [line for text in texts if text for line in wrapped(text, characters)]
        yield Picture(boxes, arrows), Picture([Box("caption", "more", lines=lines)])


def _known(box: Box, is_computed: bool, grad: Shown | None) -> Box:
    """Return a box with what is known of it at a step."""
    shown = copy(box)
    if not is_computed:
        shown.lines, shown.grid = [" "], None
    if box.gradient or box.gradient_grid:
        numbers = grad is not None and isinstance(grad[2], list)
        shown.gradient_grid = None if grad is None else _grid(grad[2], box.gradient_grid)
        if numbers and shown.gradient_grid is not None:
            shown.gradient = [shown.gradient_grid.text]
        else:
            shown.gradient = [NO_GRADIENT if grad is None else grad[0]]
    return shown


def _grid(picture: Any, final: Grid | None) -> Grid | None:
    """Return the picture of a gradient, which is given as a page gets it."""
    if not picture or final is None:
        return None
    if isinstance(picture, list):
        return Grid(numbers=picture)
    from PIL import Image

    png = base64.b64decode(picture.partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.int64)
    colors = np.array([color[:3] for color in palette(is_image=False)])
    distances = ((pixels[:, :, None] - colors) ** 2).sum(axis=-1)
    return Grid(levels=distances.argmin(axis=-1).astype(np.uint8))


def _room(size: tuple[float, float]) -> dict[str, str]:
    return {name: f"{points / _POINTS_PER_INCH:.4f}" for name, points in zip(("width", "height"), size)}


def _marked(key: str, step: Step) -> dict[str, str]:
    """Return how the box at work, and one that gets a gradient, stand out."""
    receives = step.phase == "backward" and key in step.grads
    if key != step.node and not receives:
        return {}
    return {"color": BACKWARD if step.phase == "backward" else FORWARD, "penwidth": "3"}
