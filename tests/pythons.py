"""Try the wheel with every Python of this machine, with the newest dependencies and the lowest that are declared.

`make pythons` runs this. Each Python gets an environment of its own in a temporary folder, where `tests/installed.py`
runs; the oldest and the newest also get one with the lowest dependencies, and there the oldest runs a share of the
engine's tests.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = 10
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "runs", "build", "dist", "*.egg-info")
TESTS = "tests/autograd/ops tests/autograd/core tests/autograd/test_numpy_calls.py tests/optim".split()
PIP = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--only-binary", ":all:"]


def candidates() -> Iterator[str]:
    """Find commands that may be a Python: those on the path, and those of pyenv that are not."""
    for minor in range(OLDEST, 30):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False).stdout.strip()
        yield from map(str, sorted(Path(root).glob("versions/3.*/bin/python3")))
    yield sys.executable


def pythons() -> dict[int, str]:
    """Return one that runs for each minor version."""
    found: dict[int, str] = {}
    for command in candidates():
        code = "import sys, ensurepip, venv; print(sys.implementation.name, *sys.version_info[:2])"
        said = subprocess.run([command, "-c", code], capture_output=True, text=True, check=False).stdout.split()
        if said[:2] == ["cpython", "3"] and int(said[2]) >= OLDEST:
            found.setdefault(int(said[2]), command)
    return dict(sorted(found.items()))


def lowest() -> str:
    """Return the declared minima of the dependencies as constraints of pip."""
    listed = re.search(r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text("utf-8"), re.DOTALL | re.M)
    assert listed
    minima = re.findall(r'^ *"([\w-]+)>=([\d.]+)(;.*)?"', listed[1], re.MULTILINE)
    later = {name: condition for name, _, condition in minima if "python_version >=" in condition}
    # Of a package with a later minimum for newer Pythons, the first is for the others.
    return "".join(
        f"{name}=={number}{condition or later.get(name, '').replace('>=', '<')}\n" for name, number, condition in minima
    )


def run(*command: str | Path, **settings: str) -> str:
    """Run a command outside the checkout; return what it says, also of a failure."""
    # No setting of the caller may bring in another seegrad.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | settings
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env=environment, cwd=tempfile.gettempdir()
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def attempt(python: str, kind: str, wheel: Path, folder: Path, every: int) -> str:
    """Install the wheel and use it; return a line on what was tried."""
    folder.mkdir()
    run(python, "-m", "venv", folder / "venv")
    inside = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    constraints = folder / "constraints.txt"
    constraints.write_text(lowest() if kind == "lowest" else "", encoding="utf-8")
    run(inside, *PIP, "--constraint", constraints, wheel)
    said = run(inside, "-W", "error", ROOT / "tests" / "installed.py", folder)
    if every:
        needed = ["pytest>=8.2", "hypothesis>=6.100", "tomli", "pandas", "xarray", "matplotlib"]
        run(inside, *PIP, "--constraint", constraints, *needed)
        tests = [ROOT / test for test in TESTS]
        # The tests read files beside the package, so the package is the checkout's: a link has its name.
        (folder / "seegrad").symlink_to(ROOT)
        said += run(
            inside, "-m", "pytest", "-q", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "no:cacheprovider",
            "--every", str(every), *tests, PYTHONPATH=str(folder),
        ).splitlines()[-1]  # fmt: skip
    return f"{kind}: {said.strip()}"


def main() -> None:
    """Try all, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=20, metavar="N", help="run every N-th test; 0: none")
    chosen = parser.parse_args()
    found = pythons()
    ends = {min(found), max(found)}
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        # Built from a copy: setuptools leaves a folder in its source, and reads it the next time.
        copy = shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT)
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, copy)
        (wheel,) = folder.glob("*.whl")
        tried = [
            pool.submit(
                attempt, found[minor], kind, wheel, folder / f"{minor}-{kind}",
                chosen.tests if (minor, kind) == (min(found), "lowest") else 0,
            )
            for kind in ("lowest", "newest")
            for minor in found
            if kind == "newest" or minor in ends
        ]  # fmt: skip
        failed = 0
        for one in tried:
            try:
                print(one.result(), flush=True)
            except RuntimeError as error:
                failed += 1
                print(error, flush=True)
    # No words that a count of tests would be read from.
    print(f"{len(tried) - failed} of {len(tried)} environments work")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
