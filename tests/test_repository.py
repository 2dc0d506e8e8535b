"""What holds for the repository as a whole."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from in_one_test import each
from package_files import PATHS, ROOT, name_of

import seegrad as sg

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")


def text_files():
    """Find what people wrote: not what tools have put into hidden folders, nor results."""
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [name for name in inner if name == ".ci" or not name.startswith((".", "build", "dist", "runs"))]
        yield from (Path(folder, file) for file in files if Path(file).suffix in {".py", ".md", ".toml", ".ipynb", ""})


TEXTS = sorted(path for path in text_files() if not path.name.startswith("."))
HEAVY = ("matplotlib", "tqdm", "safetensors", "graphviz", "concurrent.futures", "multiprocessing", "asyncio", "PIL")


def test_every_package_is_listed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {path.parent.relative_to(ROOT) for path in PATHS if path.name == "__init__.py"}
    of_folders = [".".join(["seegrad", *folder.parts]) for folder in folders]
    for_types = ["seegrad.numpy", "seegrad.scipy"]
    assert sorted(settings["packages"]) == sorted([*of_folders, *for_types])


def test_every_folder_with_code_is_a_package():
    assert [name_of(path) for path in PATHS if not (path.parent / "__init__.py").exists()] == []


@pytest.mark.parametrize("module", ["seegrad", "seegrad.nn", "seegrad.optim", "seegrad.data"])
def test_import_is_light(module):
    later = ["seegrad.nn", "seegrad.autograd.compile.trace"] if module == "seegrad" else []
    code = f"import sys, {module}; print(*(m for m in {[*HEAVY, *later]} if m in sys.modules))"
    # What NumPy itself brings along is not ours.
    bare = f"import sys, numpy; print(*(m for m in {HEAVY} if m in sys.modules))"
    ours, numpys = (
        set(subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split())
        for text in (code, bare)
    )
    assert ours - numpys == set()


@each("path", PATHS)
def test_no_pickle(path):
    assert not re.search(
        r"\b(pickle|cPickle|dill|joblib|marshal|shelve)\b.*\b(import|load)|import (pickle|marshal|shelve)"
        r"|allow_pickle\s*=\s*True",
        path.read_text(encoding="utf-8"),
    )


@each("path", TEXTS)
def test_no_paths_of_one_machine(path):
    # Put together here, so that this file does not find itself.
    folders = "|".join(["ro" + "ot", "ho" + "me", "Us" + "ers", "wo" + "rk", "t" + "mp"])
    assert not re.search(rf"""(?<=[\s"'`(=])/({folders})/\w""", path.read_text(encoding="utf-8"))


@each("path", PATHS)
def test_imports_inside_the_package_are_relative(path):
    assert not re.search(r"^\s*(from|import)\s+seegrad\b", path.read_text(encoding="utf-8"), re.MULTILINE)


@each("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
def test_pages_name_files_that_exist(page):
    named = re.findall(r"`((?:[\w-]+/)+[\w-]+\.(?:py|md))`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_mutants_names_files_that_exist():
    tried = runpy.run_path(str(ROOT / "tests" / "mutants.py"))["TESTS"]
    files = {f"tests/{test.partition('::')[0]}" for tests in tried.values() for test in tests} | set(tried)
    assert [name for name in sorted(files) if not (ROOT / name).is_file()] == []


def test_tab_completion_shows_what_there_is():
    names = dir(sg)
    assert {"draw", "play", "nn", "optim", "data", "load", "export_onnx", "grad", "Tensor", "__version__"} <= set(names)
    for module in (sg, sg.nn, sg.optim, sg.data, sg.linalg, sg.nn.init, sg.nn.models, sg.nn.functional, sg.nn.recipes):
        shown = [name for name in dir(module) if not name.startswith("_")]
        for name in shown:
            assert getattr(module, name) is not None
            assert name not in {"Any", "TYPE_CHECKING", "import_module", "annotations", "np", "npt", "Seed", "Op"}
        assert set(getattr(module, "__all__", ())) <= set(shown)
    assert {"cholesky", "norm", "svd"} <= set(dir(sg.linalg))
    assert "he_normal" in dir(sg.nn.init)
    assert "mnist_cnn" in dir(sg.nn.models)


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == sg.__version__
