"""The steps of a player as one SVG that plays by itself, also where a page shows it as an image: by styles alone.

Everything that is seen from one step to another is an element of its own with an animation of its visibility. For those
who prefer no motion, and where there are no animations, the last step is shown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

import numpy as np

from .film import BACKWARD, FORWARD, LAST_STEPS
from .readable import wrapped
from .steps import NO_GRADIENT, Shown, Step, Story
from .svg import svg_of
from .theme import BACKGROUND, FONT, TEXT, dark_rules

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"

#: In points: the least width of the picture; a line of the caption, and a character of it.
_LEAST_WIDTH, _LINE, _CHARACTER = 420.0, 17.0, 6.6

_QUIET = "#5c6066"
_COLORS = {"forward": FORWARD, "backward": BACKWARD, "quiet": _QUIET}

#: The colours on a dark background that the theme of drawings does not have.
_DARK = ((BACKWARD, "#ff9e6b"), (_QUIET, "#a0a4aa"))


def animated_svg(story: Story, direction: str, seconds: float) -> bytes:
    """Return the steps as an SVG file that plays and repeats.

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
    NoGraphvizError
        If there is no Graphviz that works.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    svg = svg_of(story.picture(widest=True), direction)
    root = ElementTree.fromstring(svg[svg.index("<svg") :])
    show = _Visibility(len(story.steps), seconds)
    groups = {group.get("id"): group for group in root.iter(f"{{{_SVG}}}g")}
    for node in story.nodes:
        _animate_node(groups[story.keys[node]], story.keys[node], story.steps, show)
    for key in story.edges.values():
        _animate_edge(groups[key], story.steps, key, show)
    _add_captions(root, story.steps, show)
    title = ElementTree.Element(f"{{{_SVG}}}title")
    title.text = f"Backprop of {story.names[story.root]}, step by step"
    style = ElementTree.Element(f"{{{_SVG}}}style")
    style.text = _styles() + show.rules()
    root.insert(0, style)
    root.insert(0, title)
    root.set("class", "seegrad")
    root.set("role", "img")
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


class _Visibility:
    """When elements are seen: from a step to another one, which is the first without them."""

    def __init__(self, steps: int, seconds: float) -> None:
        self.steps = steps
        self._seconds = seconds
        self._slots = steps - 1 + LAST_STEPS
        self._lengths: set[int] = set()

    def during(self, element: ElementTree.Element, start: int, end: int) -> None:
        """Show an element at the steps from ``start`` up to ``end``; always, if these are all steps."""
        if start == 0 and end == self.steps:
            return
        stays = end == self.steps
        length = (self._slots if stays else end) - start
        self._lengths.add(length)
        # The animation begins with the time in which the element is seen. A negative delay puts that in its place.
        delay = (start - self._slots if start else 0) * self._seconds
        classes = [element.get("class", ""), f"a l{length}", "z" if stays else ""]
        element.set("class", " ".join(filter(None, classes)))
        element.set("style", f"{element.get('style', '')};animation-delay:{delay:g}s".lstrip(";"))

    def rules(self) -> str:
        """Return the style rules of all animations."""
        total = f"{self._slots * self._seconds:g}s"
        rules = [f".a{{visibility:hidden;animation:{total} step-end infinite}}.z{{visibility:visible}}"]
        for length in sorted(self._lengths):
            share = f"{100 * length / self._slots:.4f}%"
            rules.append(f"@keyframes l{length}{{0%{{visibility:visible}}{share},100%{{visibility:hidden}}}}")
            rules.append(f".l{length}{{animation-name:l{length}}}")
        return "".join([*rules, "@media (prefers-reduced-motion: reduce){.a{animation:none}}"])


def _styles() -> str:
    """Return the colours on a dark background."""
    kinds = [(kind, light, dark) for light, dark in _DARK for kind in ("fill", "stroke")]
    others = "".join(f'svg.seegrad [{kind}="{light}"]{{{kind}:{dark}}}' for kind, light, dark in kinds)
    return f"@media (prefers-color-scheme: dark){{{dark_rules('svg.seegrad')}{others}}}"


def _animate_node(group: ElementTree.Element, key: str, steps: list[Step], show: _Visibility) -> None:
    computed = next((i for i, step in enumerate(steps) if key in step.values), 0)
    shape = next(child for child in group if child.tag in (f"{{{_SVG}}}polygon", f"{{{_SVG}}}path"))
    for child in list(group):
        if child.get("class") == "value":
            show.during(child, computed, len(steps))
        elif child.get("class") == "gradient":
            place = list(group).index(child)
            group.remove(child)
            for i, (start, end, grad) in enumerate(_gradients(key, steps)):
                shown = _gradient(child, grad)
                if shown is not None:
                    show.during(shown, start, end)
                    group.insert(place + i, shown)
    marks = [
        ("backward" if step.phase == "backward" else "forward", key == step.node)
        if key == step.node or (step.phase == "backward" and key in step.grads)
        else None
        for step in steps
    ]
    for start, end, mark in _runs(marks):
        if mark is not None:
            phase, works = mark
            dashes = {} if works else {"stroke-dasharray": "5 3"}
            outline = deepcopy(shape)
            outline.attrib |= {"fill": "none", "stroke": _COLORS[phase], "stroke-width": "3", **dashes}
            show.during(outline, start, end)
            group.append(outline)


def _runs(items: list[Any]) -> Iterator[tuple[int, int, Any]]:
    """Yield runs of equal items: the first place, the place behind, and the item."""
    start = 0
    for item, run in groupby(items):
        end = start + len(list(run))
        yield start, end, item
        start = end


def _gradients(key: str, steps: list[Step]) -> list[tuple[int, int, Shown | None]]:
    """Return what is known of the gradient of a node, from which step to which."""
    changes: list[tuple[int, Shown | None]] = [(0, None)]
    changes += [(i, step.grads[key]) for i, step in enumerate(steps) if key in step.grads]
    ends = [*[start for start, _ in changes[1:]], len(steps)]
    return [(start, end, grad) for (start, grad), end in zip(changes, ends)]


def _gradient(element: ElementTree.Element, grad: Shown | None) -> ElementTree.Element | None:
    """Return an element that shows a gradient: its text, its numbers or its picture."""
    shown = deepcopy(element)
    if shown.tag == f"{{{_SVG}}}text":
        numbers = grad is not None and isinstance(grad[2], list)
        shown.text = "grad" if numbers else f"grad {NO_GRADIENT if grad is None else grad[0]}"
        return shown
    if grad is None or not grad[2]:
        return None
    if isinstance(grad[2], list):
        for text, number in zip(shown, [number for row in grad[2] for number in row]):
            text.text = number
    else:
        shown.set("href", grad[2])
    return shown


def _animate_edge(group: ElementTree.Element, steps: list[Step], key: str, show: _Visibility) -> None:
    line = next(child for child in group if child.tag == f"{{{_SVG}}}path")
    head = next(child for child in group if child.tag == f"{{{_SVG}}}polygon")
    group.remove(head)
    for start, end, phase in _runs([step.phase if key in step.edges else "" for step in steps]):
        color = _COLORS.get(phase)
        points = _reversed_head(line.get("d", "")) if phase == "backward" else head.get("points", "")
        arrow = deepcopy(head)
        arrow.set("points", points)
        parts = [arrow]
        if color:
            arrow.attrib |= {"fill": color, "stroke": color}
            parts.append(deepcopy(line))
            parts[-1].attrib |= {"stroke": color, "stroke-width": "2.5"}
            if phase == "backward":  # also where the other head was
                parts[-1].set("d", f"{line.get('d')}L{head.get('points', '').split()[1]}")
        for part in parts:
            show.during(part, start, end)
            group.append(part)


def _reversed_head(line: str) -> str:
    """Return the corners of an arrowhead at the beginning of a line: gradients flow that way."""
    start, then = np.array([float(x) for x in re.findall(r"-?[\d.]+", line)[:4]]).reshape(2, 2)
    along = (then - start) / (np.hypot(*(then - start)) or 1.0)
    side = 3.5 * np.array([-along[1], along[0]])
    corners = [start, start + 8 * along + side, start + 8 * along - side]
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)


def _add_captions(root: ElementTree.Element, steps: list[Step], show: _Visibility) -> None:
    """Write the formula and the note of each step below the picture, for which the picture gets room."""
    width, height = (float(x) for x in root.get("viewBox", "0 0 0 0").split()[2:])
    wide = max(width, _LEAST_WIDTH)
    characters = round((wide - 20) / _CHARACTER)
    texts: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for i, step in enumerate(steps):
        color = step.phase if step.phase in ("forward", "backward") else ""
        texts[i] += [(line, color) for line in wrapped(step.text, round(characters * 0.92))]
        texts[i] += [(line, "quiet") for line in wrapped(step.note, characters) if line]
        texts[i].append((f"{step.phase} {i} / {len(steps) - 1}", "quiet"))
    lines = max(map(len, texts.values()))
    tall = height + _LINE * lines + 14
    left = (width - wide) / 2
    paper = {"x": f"{left:g}", "y": "0", "width": f"{wide:g}", "height": f"{tall:g}", "fill": BACKGROUND}
    root.insert(0, ElementTree.Element(f"{{{_SVG}}}rect", paper))
    for i, written in texts.items():
        attributes = {"font-family": FONT, "font-size": "12", "text-anchor": "middle", "fill": TEXT}
        caption = ElementTree.SubElement(root, f"{{{_SVG}}}g", attributes)
        for row, (text, color) in enumerate(written):
            place = {"x": f"{width / 2:g}", "y": f"{height + _LINE * (row + 1):g}"}
            look = {"fill": _COLORS[color]} if color in _COLORS else {}
            bold = {"font-weight": "bold"} if row == 0 else {}
            line = ElementTree.SubElement(caption, f"{{{_SVG}}}text", place | look | bold)
            line.text = text
        show.during(caption, i, i + 1)
    root.set("viewBox", f"{left:g} 0 {wide:g} {tall:g}")
    root.set("width", f"{wide:g}pt")
    root.set("height", f"{tall:g}pt")
