"""Where the package lies, which ``pyproject.toml`` cannot say: it depends on what is being built.

The root of the repository is the package, and may have any name. ``pip install --editable`` gets a folder in which it
is called seegrad: Python, type checkers and editors look into folders, while an import hook, which setuptools would
write instead, is for Python alone.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).resolve().parent
FOLDER = ".editable"
PLACES = {  # a folder numpy in the root would hide NumPy
    "seegrad": ".",
    "seegrad.numpy": "autograd/entrance_types",
    "seegrad.scipy": "autograd/scipy_types",
}


def link() -> bool:
    """Make the folder, with links to what lies in the root; False where links cannot be made, as on some Windows."""
    shutil.rmtree(ROOT / FOLDER, ignore_errors=True)
    package = ROOT / FOLDER / "seegrad"
    package.mkdir(parents=True)
    files = [*ROOT.glob("*.py"), ROOT / "py.typed"]
    folders = [file.parent for file in ROOT.glob("*/__init__.py")]
    try:
        for item in files + folders:
            (package / item.name).symlink_to(item, target_is_directory=item in folders)
        for name in ("numpy", "scipy"):
            (package / name).symlink_to(ROOT / PLACES[f"seegrad.{name}"], target_is_directory=True)
    except OSError:
        return False
    return True


setup(
    script_name="setup.py",  # which leaves this file out of the package
    package_dir={"": FOLDER} if "editable_wheel" in sys.argv and link() else PLACES,
)
