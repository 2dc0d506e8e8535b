"""Find links inside of the built site that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


@cache
def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _is_place(anchor: str) -> bool:
    return bool(anchor) and "=" not in anchor  # "#step=8" tells a player where to begin


def broken_links(site: Path) -> list[str]:
    """Return a line for each link to a file or an anchor that is not there; what is elsewhere is not looked at."""
    return sorted(set(_broken(site)))


def _broken(site: Path) -> Iterator[str]:
    for path in site.rglob("*.html"):
        if "lite" in path.relative_to(site).parts:  # an application, not pages
            continue
        for target in _read(path).targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not file.is_file():
                yield f"{path.relative_to(site)}: there is no {target}"
            elif file.suffix == ".html" and _is_place(anchor) and anchor not in _read(file).anchors:
                yield f"{path.relative_to(site)}: there is no place {target}"
