"""What a page needs to compute a played graph by itself, when somebody changes a number in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ....common.heat_map import palette
from ...core.node import Node
from . import graph_reading as graph
from .array_picture import grid, is_written, matrix_places
from .steps import Story


def live_data(story: Story) -> dict[str, Any]:
    """Return ``{"live": ...}`` for the page, or ``{"film": why}`` if it can only show the recorded numbers.

    Besides the program, there are the texts of the steps with slots for their numbers, where the gradients of leaves
    are, and which elements of an array its picture shows.
    """
    from ..programs.page_code import page_code
    from ..programs.page_program import UnplayableError, page_program

    try:
        program = page_program(story)
        code = page_code(program, story.keys)
    except UnplayableError as error:
        return {"film": str(error)}
    root = story.keys[story.root]
    gradients = {key: source for step in story.templates for key, source in step.sources.items()}
    live = {
        **code,
        "steps": [(step.text, step.formula, [asdict(note) for note in step.notes]) for step in story.templates],
        "result": f"v{root[1:]}",
        "gradients": gradients,
        "leaves": [
            [*leaf, story.names[node], _is_real(node), node.requires_grad]
            for leaf, node in zip(code["leaves"], program.leaves)
        ],
        "views": {story.keys[node]: _view(story, node) for node in story.nodes if _has_picture(node)},
        "palettes": [["#" + bytes(color).hex() for color in palette(is_image)] for is_image in (False, True)],
        "kept": [story.title(node) for node in program.kept if node in story.keys],
    }
    return {"live": live}


def _is_real(node: Node) -> bool:
    """Return whether the numbers of a leaf are no integers or truth values."""
    return np.asarray(node._plain).dtype.kind == "f"


def _has_picture(node: Node) -> bool:
    return grid(node._plain) is not None


def _view(story: Story, node: Node) -> list[int]:
    """Return where the numbers of an array's picture are: the first one, rows, columns, how far they are apart."""
    kind = story.roles.get(node, graph.kind_of(node))
    shape = np.shape(node._plain)
    places = matrix_places(shape, kind)
    rows, columns = places.shape
    down = int(places[1, 0] - places[0, 0]) if rows > 1 else 0
    across = int(places[0, 1] - places[0, 0]) if columns > 1 else 0
    picture = grid(node._plain, kind)
    is_image = picture is not None and picture.is_image
    return [int(places[0, 0]), rows, columns, down, across, int(is_written(shape)), int(is_image)]
