"""The course runs from top to bottom, shows what it says, and its translations keep step."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

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
    "08_names",
    "09_attention_and_gpt",
    "10_convolution_from_inside",
    "11_training_well",
    "12_fast",
]
ENGLISH = {
    "how long": "**How long:**",
    "you need": "**You need:**",
    "you will learn": "**You will learn**",
    "predict first": "**Predict first.**",
    "answer": "Answer",
    "exercises": "## Exercises",
    "solution": "Solution",
    "what comes next": "**What comes next:**",
}
CHINESE = {
    "how long": "**所需时间：**",
    "you need": "**预备知识：**",
    "you will learn": "**你将学到**",
    "predict first": "**先猜一猜。**",
    "answer": "答案",
    "exercises": "## 练习",
    "solution": "解答",
    "what comes next": "**接下来：**",
}
STORY = "application/vnd.seegrad.player+json"
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
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
        parts += [str(text) for kind, text in output.get("data", {}).items() if kind != "image/png"]
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
    assert [path.stem for path in TRANSLATIONS] == [f"{stem}_zh" for stem in COURSE]


@pytest.mark.parametrize("path", ORIGINALS, ids=name)
def test_runs_from_top_to_bottom_with_its_solutions(path, tool):
    kept, fresh = tool.read(path), tool.run(path, solutions=True)  # an exception in a cell is raised here
    cells = tool.code_cells(fresh)
    for cell in cells:
        assert "error" not in {output.output_type for output in cell.outputs}
        assert "stderr" not in {output.get("name") for output in cell.outputs}, texts_of(cell)
    own = cells[: len(cells) - len(tool.solutions_of(kept))]
    for before, after in zip(tool.code_cells(kept), own, strict=True):
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
def test_installs_the_package_where_it_is_missing(path, tool):
    first = tool.code_cells(tool.read(path))[0].source
    use, install = "    import seegrad as sg\n", "    %pip install -q 'seegrad[plot]'\n"
    assert f"try:\n{use}except ImportError:  # in Colab and JupyterLite\n{install}{use}" in first


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_is_small_enough_to_be_shown(path):
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_fractions_have_braces(path, tool):
    """The site's formulas would take ``\\frac13 x`` for 13 / x."""
    for cell in tool.read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\\[td]?frac\s*[^\s{]", cell.source), cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_links_lead_somewhere(path, tool):
    for cell in tool.read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?:)([^)]+)\)", FENCED.sub("", cell.source)):
                assert (FOLDER / target).exists(), target


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_has_the_form_of_the_course(path, tool):
    notebook = tool.read(path)
    words = CHINESE if path in TRANSLATIONS else ENGLISH
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for heading in ("how long", "you need", "you will learn"):
        assert words[heading] in texts[0], f"the first cell does not say {words[heading]}"
    whole = "\n".join(texts)
    folded = [found["title"] for found in tool.FOLDED.finditer(whole)]
    assert len(folded) == whole.count("<details>"), "a fold that is not written as the others are"
    assert set(folded) == {words["answer"], words["solution"]}
    assert folded.count(words["answer"]) == whole.count(words["predict first"]) >= 3
    exercises = whole.partition(words["exercises"])[2]
    numbered = re.findall(r"^\d+\. ", exercises, re.MULTILINE)
    assert folded.count(words["solution"]) == len(numbered) >= 3
    assert words["what comes next"] in texts[-1]
    outputs = [output.get("data", {}) for cell in tool.code_cells(notebook) for output in cell.outputs]
    assert any(STORY in data for data in outputs), "no player"


@pytest.mark.parametrize("path", TRANSLATIONS, ids=name)
def test_translation_keeps_step(path, tool):
    translation, original = tool.read(path), tool.read(tool.original_of(path))
    assert [cell.cell_type for cell in translation.cells] == [cell.cell_type for cell in original.cells]
    for mine, other in zip(translation.cells, original.cells, strict=True):
        if mine.cell_type == "code":
            assert tool.skeleton(mine.source) == tool.skeleton(other.source)
            assert kinds_of(mine) == kinds_of(other)
            for comment in re.findall(r"(?:^|  )# (?!in Colab and JupyterLite)(.*)", mine.source):
                assert comment not in other.source or not re.search("[a-z]{3} [a-z]{2}", comment), "left in English"
        else:
            assert mine.source != other.source
            assert re.search("[\u4e00-\u9fff]", mine.source)
            sources = [FENCED.sub("", cell.source) for cell in (mine, other)]
            formulas = [re.findall(r"`[^`\n]+`", source) for source in sources]
            assert sorted(formulas[0]) == sorted(formulas[1]), "other code is named than in the original"
    mine, other = tool.solutions_of(translation), tool.solutions_of(original)
    assert [tool.skeleton(source) for source in mine] == [tool.skeleton(source) for source in other]


@pytest.mark.parametrize("path", TRANSLATIONS, ids=name)
def test_bold_text_is_bold(path, tool):
    """Markdown closes no bold text that ends with punctuation just before a letter."""
    for cell in tool.read(path).cells:
        if cell.cell_type == "markdown":
            for bold, after in re.findall(r"\*\*([^*\n]+)\*\*(.?)", FENCED.sub("", cell.source)):
                assert not (re.search(r"\W$", bold) and re.match(r"\w", after)), f"a space after **{bold}**"


def test_a_skeleton_is_what_a_cell_computes(tool):
    english = "%matplotlib inline\nx = 1  # a number\nprint(f'sum {x:>9}', 'of all')"
    chinese = "%matplotlib inline\nFONTS = ['Noto Sans CJK SC']\nx = 1  # 一个数\nprint(f'总和 {x:>6}', '')"
    assert tool.skeleton(english) == tool.skeleton(chinese)
    assert tool.skeleton(english) != tool.skeleton(chinese.replace("x = 1", "x = 2"))
    assert tool.skeleton(english) != tool.skeleton(chinese.replace("{x:", "{-x:"))


def test_large_pictures_are_kept_with_fewer_colours(tool):
    noise = np.random.default_rng(0).integers(0, 8, (150, 150, 4), np.uint8) * 36
    noise[..., 3] = 255
    kept = io.BytesIO()
    Image.fromarray(noise).save(kept, "PNG")
    png = base64.b64encode(kept.getvalue()).decode()
    output = tool.nbformat.v4.new_output("display_data", {"image/png": png})
    smaller = tool._tidied_output(output)["data"]["image/png"]
    assert len(png) > tool.LARGE_PNG > 0
    assert len(smaller) < len(png)
    picture = Image.open(io.BytesIO(base64.b64decode(smaller)))
    assert picture.size == (150, 150)
    assert len(picture.getcolors()) <= 256
    again = tool.nbformat.v4.new_output("display_data", {"image/png": smaller})
    assert len(tool._tidied_output(again)["data"]["image/png"]) <= len(smaller)
