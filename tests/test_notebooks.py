"""The course runs from top to bottom, shows what it says, and its translations keep step."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ORIGINALS = [path for path in NOTEBOOKS if not path.stem.endswith("_zh")]
TRANSLATIONS = [path for path in NOTEBOOKS if path.stem.endswith("_zh")]
COURSE = [
    "01_scalar_backprop",
    "02_micro_mlp",
    "03_tensors",
    "04_losses_and_optimizers",
    "05_mnist_cnn",
    "06_second_derivatives",
    "07_make_your_own_op",
    "08_compile",
]
LARGEST = 600_000  # bytes: a code host shows no larger ones at once
# Put together here, so that the search for such paths does not find this file.
MACHINE_PATHS = re.compile(
    "/(" + "|".join(["ro" + "ot", "ho" + "me", "Us" + "ers", "wo" + "rk", "t" + "mp", "u" + "sr"]) + r")/\w|[A-Z]:\\\\"
)


def name(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts_of(cell: Any) -> str:
    """Everything that a cell shows and that is text."""
    parts = [output.get("text", "") for output in cell.outputs]
    for output in cell.outputs:
        parts += [text for kind, text in output.get("data", {}).items() if kind != "image/png"]
    return "\n".join(parts)


def kinds_of(cell: Any) -> set[str]:
    """How a cell shows its outputs: as text, or as a picture too."""
    kinds = set()
    for output in cell.outputs:
        data = output.get("data", {})
        kinds |= {"picture"} if "image/png" in data or "image/svg+xml" in data else {"text"}
    return kinds


def can_draw() -> bool:
    """Whether there is anything that lays out graphs; without it drawings are text."""
    from seegrad.autograd.inspect.draw.render import renderer

    return renderer() is not None


def test_the_course_is_complete():
    assert [path.stem for path in ORIGINALS] == COURSE
    assert [path.stem for path in TRANSLATIONS] == ["01_scalar_backprop_zh", "05_mnist_cnn_zh"]


@pytest.mark.parametrize("path", ORIGINALS, ids=name)
def test_runs_from_top_to_bottom(path, tool):
    kept, fresh = tool.read(path), tool.run(path)  # an exception in a cell is raised here
    for before, after in zip(tool.code_cells(kept), tool.code_cells(fresh), strict=True):
        assert "error" not in {output.output_type for output in after.outputs}
        assert "stderr" not in {output.get("name") for output in after.outputs}, texts_of(after)
        if can_draw():
            assert kinds_of(before) == kinds_of(after), f"other kinds of output than those kept:\n{after.source}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_outputs_are_kept_and_clean(path, tool):
    cells = tool.code_cells(tool.read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run it from top to bottom"
    assert sum("picture" in kinds_of(cell) for cell in cells) >= 3
    for cell in cells:
        assert {output.output_type for output in cell.outputs} <= {"stream", "display_data", "execute_result"}
        assert "stderr" not in {output.get("name") for output in cell.outputs}
        found = MACHINE_PATHS.search(texts_of(cell))
        assert not found, f"a path of one machine: {found}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_is_small_enough_to_be_shown(path):
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_links_lead_somewhere(path, tool):
    for cell in tool.read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?:)([^)]+)\)", cell.source):
                assert (FOLDER / target).exists(), target


@pytest.mark.parametrize("path", TRANSLATIONS, ids=name)
def test_translation_keeps_step(path, tool):
    translation, original = tool.read(path), tool.read(tool.original_of(path))
    assert [cell.cell_type for cell in translation.cells] == [cell.cell_type for cell in original.cells]
    for mine, other in zip(translation.cells, original.cells, strict=True):
        if mine.cell_type == "code":
            assert mine.source == other.source
            assert mine.outputs == other.outputs
        else:
            assert mine.source != other.source
            assert re.search("[\u4e00-\u9fff]", mine.source)
            formulas = [re.findall(r"`[^`\n]+`", cell.source) for cell in (mine, other)]
            assert sorted(formulas[0]) == sorted(formulas[1]), "other code is named than in the original"
