"""What the wheel and the source distribution hold, and what the package page shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes

import pytest
from package_files import PATHS, ROOT, name_of

pytest.importorskip("setuptools", "77")
DATA = [
    "py.typed",
    "numpy/__init__.pyi",
    *(f"scipy/{file.name}" for file in (ROOT / "autograd" / "scipy_types").iterdir()),
    "data/mnist/README.md",
    "data/names/README.md",
    "data/names/names.txt",
]
DATA += [f"data/mnist/{part}-{what}-ubyte.gz" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")]
MADE = shutil.ignore_patterns(
    ".venv", ".editable", ".git", ".*_cache", ".hypothesis", "__pycache__", "runs", "build", "dist", "*.egg-info"
)
PAGE = (ROOT / "docs" / "package_page.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the wheel and the source distribution, built from a copy."""
    folder = tmp_path_factory.mktemp("package")
    copy = shutil.copytree(ROOT, folder / "source", ignore=MADE)
    code = "import setuptools.build_meta as b; b.build_wheel('..'); b.build_sdist('..')"
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(wheel):
    held = {name.removeprefix("seegrad/") for name in wheel.namelist() if ".dist-info/" not in name}
    folders = [ROOT / folder / "page" for folder in ("serve", "autograd/inspect/draw", "nn/training_record")]
    pages = {name_of(file) for folder in folders for file in folder.iterdir()}
    assert held == {*map(name_of, PATHS), *DATA, *pages}


def test_the_wheel_brings_graphviz_and_both_licences(wheel, metadata):
    needs = [need for need in metadata.get_all("Requires-Dist") if "extra ==" not in need]
    assert [re.match(r"[\w-]+", need)[0] for need in needs] == (
        ["numpy", "numpy", "graphviz", "tqdm", "safetensors", "pygraphviz"]
    )
    assert "sys_platform" in needs[-1]
    assert metadata.get_all("License-File") == ["LICENSE", "data/mnist/README.md", "data/names/README.md"]
    entries = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert b"seegrad = seegrad.__main__:main" in wheel.read(entries)


def test_the_package_page_has_no_links_that_lead_nowhere(metadata):
    assert metadata.get_payload().strip() == PAGE.strip()
    links = re.findall(r"\]\(([^)]*)\)", PAGE)
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_first_example_of_the_package_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], {})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backprop.html", "graph.svg"]
    assert "tanh" in capsys.readouterr().out


def test_the_source_distribution_holds_the_tests_and_what_they_read(built):
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    wanted = [*ROOT.glob("*.*"), ROOT / "Makefile", ROOT / "LICENSE", ROOT / ".ci" / "run"]
    for folder in ("tests", "docs", "notebooks", "benchmarks", ".github"):
        wanted += (ROOT / folder).rglob("*")
    made = re.compile(r"__pycache__|\.ipynb_checkpoints|\.gitignore$")
    names = [name_of(file) for file in wanted if file.is_file() and not made.search(name_of(file))]
    assert [name for name in names if name not in held] == []
    assert [name for name in held if "__pycache__" in name or name.startswith((".venv", "runs", "build"))] == []


def test_the_extras_of_the_package_page_exist(metadata):
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert named == set(metadata.get_all("Provides-Extra")) - {"bench", "dev", "docs"}


def test_the_changelog_and_the_citation_tell_the_version(metadata):
    number = metadata["Version"]
    assert f"\n## {number}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {number}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_type_checkers_know_seegrad_numpy(built, tmp_path):
    """From the wheel: in a checkout there is no file of that name, which would hide NumPy itself."""
    pytest.importorskip("mypy.api", reason="mypy is not installed")
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        opened.extractall(tmp_path / "site")
    program = tmp_path / "program.py"
    program.write_text(
        "import seegrad.numpy as np\nx = np.zeros(3)\nreveal_type(x)\nreveal_type(np.array([x[0], 1.0]))\n"
        "reveal_type(np.pi)\nreveal_type(np.linalg.norm(x))\nnp.nothing\n"
    )
    code = (
        "import os, sys; os.environ['MYPYPATH'] = sys.argv[1]; from mypy import api; "
        "print(api.run(['--follow-imports=silent', '--no-incremental', sys.argv[2]])[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site"), str(program)], cwd=tmp_path, capture_output=True, text=True
    )
    told = re.findall(r"(?:type is|error:) (.*?)(?:  \[|$)", done.stdout, re.MULTILINE)
    assert told[:3] == ['"seegrad.autograd.tensor.Tensor"', '"seegrad.autograd.tensor.Tensor"', '"float"'], done.stdout
    assert told[4:] == ['Module has no attribute "nothing"'], done.stdout
