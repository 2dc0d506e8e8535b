"""The code on the pages under ``docs/`` runs, and does what they say.

Each page is run from top to bottom, in a folder of its own:

- Blocks of ``python`` share one namespace, which has ``np`` and ``sg``. Those with ``>>>`` are doctests, the others are
  executed; warnings are errors. A block of ``text`` after one is what it prints, with ``...`` for what may differ.
- Calls of ``seegrad`` in shell blocks (``sh``), and in indented ones, are read by its real parser, and run unless they
  train or serve. There is a model in ``runs/mnist``, and a picture ``digit.png``.
- ``sg.data.load_mnist()`` gives the first 2,000 of the digits, so that pages may train for an epoch or two.

What cannot run here tells the reason beside its language, as in "python no-run: needs a GPU". It still has to be right
as Python, or for the parser. Code of other libraries is shown only, in blocks of ``py``.
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
import textwrap
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from package_files import ROOT, name_of

import seegrad as sg
from seegrad.__main__ import _parser, main

PAGES = sorted((ROOT / "docs").rglob("*.md"))
FENCED = r"^( *)(?P<fence>```+)(?P<info>[^`\n]*)\n(?P<fenced>.*?)^\1(?P=fence) *$"
INDENTED = r"(?<=\n\n)(?P<indented>(?: {4}[^\n]*\n|\n)+)"
BLOCK = re.compile(f"{FENCED}|{INDENTED}", re.DOTALL | re.MULTILINE)
PYTHON, SHELL = "python", ("sh", "bash", "shell", "console")
OTHER_NAMES = ("python3", "pycon", "ipython", "{code-block}", "{code-cell}", "{code}", "zsh", "shell-session")
NOT_TRIED = ("train", "serve")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A block of code on a page."""

    language: str
    note: str
    code: str
    line: int

    @property
    def runs(self) -> bool:
        return not self.note.startswith("no-run")


def blocks_of(text: str, line: int = 1) -> Iterator[Block]:
    """Find the blocks of a page, also those inside directives such as tabs; ``line`` is where the text begins."""
    for found in BLOCK.finditer(text):
        part = "indented" if found["indented"] else "fenced"
        first = line + text.count("\n", 0, found.start(part))
        language, _, note = (found["info"] or "").strip().partition(" ")
        if part == "fenced" and language.startswith("{") and language not in OTHER_NAMES:
            yield from blocks_of(found[part], first)
        else:
            shown = language if part == "fenced" else SHELL[0]
            yield Block(shown, note.strip(), textwrap.dedent(found[part]), first)


def calls_of_seegrad(code: str) -> Iterator[list[str]]:
    """Find the arguments of each call of ``seegrad``, alone or among others: ``A=1 seegrad draw | head``."""
    for line in code.replace("\\\n", " ").splitlines():
        if not re.match(r"(?:\$ +)?(?:\w+=\S+ +)*(?:mpiexec [^|;&]*)?seegrad\b", line):
            continue
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        call: list[str] | None = None
        for word in [*words, ";"]:
            if set(word) <= set("|;&<>()"):
                if call is not None:
                    yield call
                call = None
            elif call is not None:
                call.append(word)
            elif word == "seegrad":
                call = []


def run_python(page: Path, block: Block, names: dict[str, Any]) -> str:
    """Run a block, and return what it prints; errors name its line on the page."""
    if re.search(r"^ *>>>", block.code, re.MULTILINE):
        report: list[str] = []
        example = doctest.DocTestParser().get_doctest(block.code, {}, name_of(page), str(page), block.line - 1)
        example.globs = names
        doctest.DocTestRunner(optionflags=FLAGS).run(example, out=report.append, clear_globs=False)
        assert not report, "".join(report)
        return ""
    code = compile("\n" * (block.line - 1) + block.code, str(page), "exec", dont_inherit=True)
    with redirect_stdout(io.StringIO()) as printed:
        if block.runs:
            exec(code, names)
    return printed.getvalue()


def run_shell(block: Block) -> None:
    """Let the real parser read the calls, and run those that take a moment."""
    for words in calls_of_seegrad(block.code):
        call = f"line {block.line}: seegrad {' '.join(words)}"
        try:
            command = _parser().parse_args(words).command
        except SystemExit as end:  # from --help, or for wrong options
            if end.code:
                pytest.fail(call)
            continue
        if block.runs and command not in NOT_TRIED:
            assert main(words) == 0, call


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with what somebody has who has trained a model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    (tmp_path / "runs" / "mnist").mkdir(parents=True)
    model = sg.nn.models.mnist_cnn(seed=0)
    model.save(tmp_path / "runs" / "mnist" / "model.safetensors", input_shape=(28, 28, 1), class_names="0123456789")
    pillow = pytest.importorskip("PIL.Image")
    pillow.fromarray(np.pad(np.full((12, 4), 255, np.uint8), ((8, 8), (12, 12)))).save(tmp_path / "digit.png")
    first = tuple(part[:2000] for part in sg.data.load_mnist())
    monkeypatch.setattr(sg.data, "load_mnist", lambda root=None: first)
    threads = sg.get_num_threads()
    yield
    sg.set_num_threads(threads)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_code_of_a_page_runs(page, place):
    np.random.seed(0)
    names = {"__name__": "__main__", "np": np, "sg": sg}
    printed = ""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language == "text" and printed:
            same = doctest.OutputChecker().check_output(block.code, printed, FLAGS)
            assert same, f"line {block.line}: the code above prints\n{printed}"
        printed = run_python(page, block, names) if block.language == PYTHON else ""
        if block.language in SHELL:
            run_shell(block)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_have_the_names_that_are_run(page):
    blocks = list(blocks_of(page.read_text(encoding="utf-8")))
    assert [block for block in blocks if block.language in OTHER_NAMES] == []
    assert [block for block in blocks if not re.fullmatch(r"(no-run: \S.*)?", block.note)] == []


def test_few_blocks_are_not_run():
    blocks = [block for page in PAGES for block in blocks_of(page.read_text(encoding="utf-8"))]
    code = [block for block in blocks if block.language == PYTHON or block.language in SHELL]
    assert sum(not block.runs for block in code) <= len(code) / 5


def test_what_to_install_and_to_make_exists():
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    extras = set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for block in blocks_of(page.read_text(encoding="utf-8")):
            if block.language in SHELL:
                assert set(re.findall(r"^(?:\$ +)?make ([a-z-]+)", block.code, re.MULTILINE)) <= made, page
                named = re.findall(r"(?:seegrad|\.)\[([\w,]+)\]", block.code)
                assert {name for names in named for name in names.split(",")} <= extras, page
