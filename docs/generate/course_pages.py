"""The notebooks of the course as pages: with the outputs that are stored in them, and players that play."""

from __future__ import annotations

from html import escape
from typing import Any

import nbformat

from seegrad.autograd.inspect.draw.player import STORY, kept_story, player_page

from .written_pages import ROOT, relinked

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
WAYS = ("Download", "Run in the browser", "Open in Colab", "Open in Binder", "In a checkout:")
WAYS_ZH = ("下载", "在浏览器里运行", "在 Colab 里打开", "在 Binder 里打开", "在代码仓库里：")


def pages(repository: str) -> dict[str, str]:
    """Return the notebooks as pages, and the pages of their players."""
    found: dict[str, str] = {}
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        found |= _players(notebook, path.stem)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = relinked(cell.source, f"notebooks/{path.name}", f"course/{path.name}", repository)
        title, _, rest = notebook.cells[0].source.partition("\n")
        notebook.cells[0].source = f"{title}\n\n```{{raw}} html\n{_ways_to_open(path.name, repository)}\n```\n{rest}"
        found[f"course/{path.name}"] = nbformat.writes(notebook)
    return found


def files() -> dict[str, bytes]:
    """Return the notebooks themselves, for those who download them."""
    return {f"notebooks/{path.name}": path.read_bytes() for path in NOTEBOOKS}


def _players(notebook: Any, stem: str) -> dict[str, str]:
    """Put a frame with a player wherever one is stored; return the pages in the frames."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            kept = output.get("data", {}).get(STORY)
            if kept is not None:
                story = kept_story(kept)
                page = f"players/{stem}-{len(found) + 1}.html"
                lang = {"lang": "zh"} if stem.endswith("_zh") else {}
                found[page] = player_page({**story, **lang}, output["data"]["text/plain"])
                output["data"] = {"text/html": frame(f"../{page}", story["title"])}
    return found


def frame(page: str, title: str) -> str:
    """Return the frame that shows the page of a player."""
    return f'<iframe class="player" src="{page}" title="{escape(f"backprop of {title}")}" loading="lazy"></iframe>'


def _ways_to_open(name: str, repository: str) -> str:
    download, run, colab, binder, checkout = WAYS_ZH if name.endswith("_zh.ipynb") else WAYS
    ways = [
        f'<a href="../notebooks/{name}" download>{download}</a>',
        f'<a href="../lite/lab/index.html?path={name}">{run}</a>',
    ]
    if repository.startswith("https://github.com/"):
        place = repository.removeprefix("https://github.com/")
        ways += [
            f'<a href="https://colab.research.google.com/github/{place}/blob/main/notebooks/{name}">{colab}</a>',
            f'<a href="https://mybinder.org/v2/gh/{place}/main?urlpath=lab/tree/notebooks/{name}">{binder}</a>',
        ]
    return f'<p class="ways">{"".join(ways)} {checkout} <code>jupyter lab notebooks/{name}</code></p>'
