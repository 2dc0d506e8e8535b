"""The files of the package, for tests of the repository as a whole."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
PATHS = sorted(
    [
        *({*ROOT.glob("*.py")} - {ROOT / "setup.py"}),
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
    ]
)


def name_of(path: Path) -> str:
    """Return the path from the root, as it is written in the documentation."""
    return path.relative_to(ROOT).as_posix()
