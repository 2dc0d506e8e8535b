"""Build the site into ``build/docs/html``: ``make docs``. Nothing is fetched.

The sources for Sphinx are the pages in ``docs/``, and what ``docs/generate/`` makes of code, notebooks and tables. They
are written to ``build/docs/source``. Then JupyterLite is added, with a wheel of this checkout and the notebooks, and it
is checked that no link inside of the site leads nowhere.
"""

from __future__ import annotations

import shutil
import sys
import zlib
from pathlib import Path

from conf import REPOSITORY, ROOT
from generate import api_pages, command_pages, course_pages, gallery_pages, section_pages, written_pages
from generate.links import broken_links
from generate.lite import add_lite
from sphinx.cmd.build import main as sphinx

BUILD = ROOT / "build" / "docs"
SOURCE, HTML = BUILD / "source", BUILD / "html"


def write(files: dict[str, str | bytes], folder: Path) -> None:
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def sources() -> dict[str, str | bytes]:
    """Return all that Sphinx reads."""
    pages = {**written_pages.pages(REPOSITORY), **course_pages.pages(REPOSITORY)}
    pages |= {**api_pages.pages(), **command_pages.pages(), **gallery_pages.pages()}
    return {**pages, **section_pages.pages(pages, REPOSITORY)}


def unlisted_names(inventory: Path) -> list[str]:
    """Return a line for each public name that the reference lacks; Sphinx complains of one that it has twice."""
    text = zlib.decompress(inventory.read_bytes().split(b"\n", 4)[4]).decode()
    listed = {line.split(" ")[0] for line in text.splitlines()}
    return [f"the reference lacks {entry.name}" for entry in api_pages.entries() if entry.name not in listed]


def main() -> int:
    """Build it all; the exit status tells whether it is right."""
    shutil.rmtree(BUILD, ignore_errors=True)  # an environment of Sphinx that has failed forgets its warnings
    pages = sources()
    beside = {name: pages.pop(name) for name in list(pages) if name.startswith(("players/", "gallery/"))}
    write(pages, SOURCE)
    options = ["-b", "html", "-W", "--keep-going", "-q", "-c", str(ROOT / "docs"), "-d", str(BUILD / "doctrees")]
    status = sphinx([*options, str(SOURCE), str(HTML)])
    write({**beside, **course_pages.files()}, HTML)
    add_lite(HTML)
    broken = [*broken_links(HTML), *unlisted_names(HTML / "objects.inv")]
    for line in broken:
        print(line)
    print(f"the site: {(HTML / 'index.html').relative_to(ROOT)}; JupyterLite in it needs a server, such as")
    print(f"    python -m http.server --directory {HTML.relative_to(ROOT)}")
    return int(bool(status or broken))


if __name__ == "__main__":
    sys.exit(main())
