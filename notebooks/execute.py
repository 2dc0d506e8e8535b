"""Run the notebooks from top to bottom and keep what they show: ``python notebooks/execute.py [NAME ...]``.

A translation (``NAME_zh.ipynb``) has the code of its original, with other comments and texts in it.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import re
import sys
import textwrap
from pathlib import Path
from time import perf_counter
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).resolve().parent
SECONDS_PER_CELL = 600
WIDGET = "application/vnd.jupyter.widget-view+json"
# Only a running kernel can show a widget; the picture and the text beside it stay.
PNG, SVG = "image/png", "image/svg+xml"
# Of a large drawing the PNG is enough.
LARGE_SVG = 50_000
# A larger PNG is kept with 256 colours.
LARGE_PNG = 10_000
NOISE = re.compile(r"^Fontconfig (warning|error).*\n?", re.MULTILINE)

Notebook = Any


FOLDED = re.compile(r"<details><summary>(?P<title>[^<]*)</summary>\n\n(?P<text>.*?)\n\n</details>", re.DOTALL)
SOLUTION = {"Solution", "解答"}
PYTHON = re.compile(r"^ *```python\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def notebooks() -> list[Path]:
    """Find the notebooks of the course, originals and translations."""
    return sorted(FOLDER.glob("[0-9]*.ipynb"))


def original_of(translation: Path) -> Path:
    """Find the notebook that one was translated from."""
    return translation.with_name(translation.name.replace("_zh", ""))


def read(path: Path) -> Notebook:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Notebook) -> list[Any]:
    """Return the cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run(path: Path, solutions: bool = False) -> Notebook:
    """Run a notebook in a kernel of its own and return it with its outputs; the file stays as it is.

    With `solutions`, those of its exercises run too, one after the other, in cells at its end.
    """
    notebook = read(path)
    if solutions:
        notebook.cells += [nbformat.v4.new_code_cell(source) for source in solutions_of(notebook)]
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    client.execute()
    return tidied(notebook)


def solutions_of(notebook: Notebook) -> list[str]:
    """Return the code in the folded solutions, that of each solution in one piece."""
    folded = [
        found["text"]
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for found in FOLDED.finditer(cell.source)
        if found["title"] in SOLUTION
    ]
    pieces = ["\n".join(map(textwrap.dedent, PYTHON.findall(text))) for text in folded]
    return [piece for piece in pieces if piece]


def skeleton(source: str) -> str:
    """Return what a cell computes: its code without comments, texts, and the choice of a font with Chinese letters."""
    code = re.sub(r"^( *)%.*", r"\1pass", source, flags=re.MULTILINE)
    tree = ast.parse(code)
    kept = [statement for statement in tree.body if "CJK" not in (ast.get_source_segment(code, statement) or "")]
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            node.values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
            for part in node.values:
                part.format_spec = None  # columns are as wide as their texts
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return "\n".join(map(ast.dump, kept))


def tidied(notebook: Notebook) -> Notebook:
    """Leave out what says nothing to a reader or differs from machine to machine."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in code_cells(notebook):
        cell.metadata = nbformat.from_dict({})
        cell.outputs = [output for output in map(_tidied_output, cell.outputs) if output is not None]
    return notebook


def _tidied_output(output: Any) -> Any:
    if output.output_type == "stream":
        output.text = NOISE.sub("", output.text)
        return output if output.text else None
    data = output.get("data", {})
    output.get("metadata", {}).clear()
    data.pop(WIDGET, None)
    if PNG in data or SVG in data:
        data.pop("text/html", None)
    if PNG in data and len(data.get(SVG, "")) > LARGE_SVG:
        del data[SVG]
    if len(data.get(PNG, "")) > LARGE_PNG:
        data[PNG] = _smaller(data[PNG])
    return output


def _smaller(png: str) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")
    on_white = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    kept = io.BytesIO()
    on_white.quantize(256, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    smaller = base64.b64encode(kept.getvalue()).decode()
    return smaller if len(smaller) < len(png) else png


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook, one line of text per line of the file."""
    nbformat.validate(notebook)
    split = nbformat.versions[4].nbjson.writes(notebook)
    path.write_text(
        json.dumps(json.loads(split), indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )


def main(names: list[str]) -> None:
    """Run the named notebooks, or all, and write their outputs into them."""
    for path in notebooks():
        if names and not any(name in path.stem for name in names):
            continue
        begin = perf_counter()
        notebook = run(path)
        write(notebook, path)
        print(f"{path.name}   {perf_counter() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
