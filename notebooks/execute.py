"""Run the notebooks from top to bottom and keep what they show: ``python notebooks/execute.py [NAME ...]``.

A translation (``NAME_zh.ipynb``) has the same code cells as its original, so it takes over the original's outputs.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
SECONDS_PER_CELL = 600
WIDGET = "application/vnd.jupyter.widget-view+json"
# Only a running kernel can show a widget; the picture and the text beside it stay.
PNG, SVG = "image/png", "image/svg+xml"
# Of a large drawing the PNG is enough.
LARGE_SVG = 50_000
NOISE = re.compile(r"^Fontconfig (warning|error).*\n?", re.MULTILINE)

Notebook = Any


def originals() -> list[Path]:
    """Find the notebooks that are executed."""
    return sorted(path for path in FOLDER.glob("[0-9]*.ipynb") if not path.stem.endswith("_zh"))


def translations() -> list[Path]:
    """Find those that show the outputs of another."""
    return sorted(FOLDER.glob("[0-9]*_zh.ipynb"))


def original_of(translation: Path) -> Path:
    """Find the notebook that one was translated from."""
    return translation.with_name(translation.name.replace("_zh", ""))


def read(path: Path) -> Notebook:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Notebook) -> list[Any]:
    """Return the cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run(path: Path) -> Notebook:
    """Run a notebook in a kernel of its own and return it with its outputs; the file stays as it is."""
    notebook = read(path)
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
    return output


def take_outputs(notebook: Notebook, original: Notebook) -> Notebook:
    """Give a translation the outputs of its original.

    Raises
    ------
    ValueError
        If their code cells differ.
    """
    mine, others = code_cells(notebook), code_cells(original)
    if [cell.source for cell in mine] != [cell.source for cell in others]:
        raise ValueError("the code cells of a translation must be those of its original")
    for cell, other in zip(mine, others):
        cell.outputs, cell.execution_count = other.outputs, other.execution_count
    return tidied(notebook)


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook, one line of text per line of the file."""
    nbformat.validate(notebook)
    split = nbformat.versions[4].nbjson.writes(notebook)
    path.write_text(
        json.dumps(json.loads(split), indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )


def main(names: list[str]) -> None:
    """Run the named notebooks, or all, and write their outputs into them."""
    for path in originals():
        if names and not any(name in path.stem for name in names):
            continue
        begin = perf_counter()
        notebook = run(path)
        write(notebook, path)
        print(f"{path.name}   {perf_counter() - begin:.1f} s", flush=True)
        for translation in translations():
            if original_of(translation) == path:
                write(take_outputs(read(translation), notebook), translation)
                print(f"{translation.name}   has its outputs", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
