"""The pages that people wrote, in their places in the site: links that work in the repository work there, too."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

import seegrad as sg

ROOT = Path(__file__).resolve().parents[2]
#: Pages outside of ``docs/``, pictures beside them, and where the site has them.
MOVED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "autograd/README.md": "reference/operations.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
    "benchmarks/results.png": "results.png",
    "benchmarks/summary.png": "summary.png",
    "notebooks": "course.md",
}
NOT_SHOWN = ("docs/package_page.md", "docs/static/icon.svg")
#: Links; code is found first, so that what looks like a link in it stays.
LINK = re.compile(
    r"^( *)(```+).*?^\1\2 *$|`[^`\n]+`|\[(?P<text>[^\[\]]*)\]\((?P<target>[^)\s]+)\)", re.DOTALL | re.MULTILINE
)


@cache
def places() -> dict[str, str]:
    """Return the place in the site of each file of the repository that it shows."""
    found = dict(MOVED)
    for path in sorted((ROOT / "docs").rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in {".md", ".svg", ".png"} and name not in NOT_SHOWN:
            found[name] = name.removeprefix("docs/")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        found[f"notebooks/{path.name}"] = f"course/{path.name}"
    return found


def pages(repository: str) -> dict[str, str | bytes]:
    """Return the pages and their pictures.

    Parameters
    ----------
    repository : str
        The public address of the repository, for links to what the site does not show; empty if it has none.
    """
    written: dict[str, str | bytes] = {}
    for source, place in places().items():
        if source.endswith((".svg", ".png")):
            written[place] = (ROOT / source).read_bytes()
        elif source.endswith(".md") and source != "README.md":
            written[place] = relinked((ROOT / source).read_text(encoding="utf-8"), source, place, repository)
    written["reference/operations.md"] = operations(str(written["reference/operations.md"]))
    return written


def operations(text: str) -> str:
    """Return the table of operations alone, with the names by which users know them."""
    table = text[text.index("# Every operation") :]
    for home, names in (("sg.linalg", sg.linalg.__all__), ("sg", sg.__all__)):
        table = re.sub(rf"^\| `({'|'.join(names)})` \|", rf"| `{home}.\1` |", table, flags=re.MULTILINE)
    return table


def relinked(text: str, source: str, place: str, repository: str) -> str:
    """Make the links of a page, which lead to files of the repository, lead to where the site has them."""
    known = places()

    def other(found: re.Match[str]) -> str:
        target = found["target"]
        if target is None or re.match(r"[a-z]+:|#", target):
            return found[0]
        path, _, anchor = target.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if not (ROOT / file).exists():  # Sphinx complains of it
            return found[0]
        if file in known:
            there = posixpath.relpath(known[file], posixpath.dirname(place) or ".")
        else:  # the site does not show it
            there = f"{repository}/blob/main/{file}" if repository else ""
        return f"[{found['text']}]({there}{'#' if anchor else ''}{anchor})" if there else found["text"]

    return LINK.sub(other, text)
