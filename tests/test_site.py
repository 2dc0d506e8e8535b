"""What the site is made of: every public name once, players that play, links that lead somewhere."""

from __future__ import annotations

import operator
import re
from collections import Counter
from types import ModuleType

import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document
from generate import (
    api_pages,
    command_pages,
    course_pages,
    extensions,
    gallery,
    gallery_pages,
    links,
    section_pages,
    written_pages,
)
from package_files import ROOT

import seegrad as sg
from seegrad.autograd.inspect.draw.render import renderer

needs_graphviz = pytest.mark.skipif(renderer() is None, reason="nothing here lays out graphs")


def namespaces():
    """Find the public modules, and what each shows."""
    found, waiting = {}, {"seegrad": sg}
    while waiting:
        name, module = waiting.popitem()
        if module is sg.numpy:  # besides its own names it has all of NumPy's
            found[name] = [shown for shown in module.__all__ if shown not in ("linalg", "fft")]
            continue
        if module is sg.scipy:  # besides their own names its modules have all of SciPy's
            found |= {f"{name}.{part}": operator.attrgetter(part)(module).own().__all__ for part in module.NAMES}
            found[name] = []
            continue
        found[name] = [shown for shown in dir(module) if not shown.startswith("_")]
        inner = {f"{name}.{shown}": getattr(module, shown) for shown in found[name]}
        modules = {place: thing for place, thing in inner.items() if isinstance(thing, ModuleType)}
        assert all(thing.__name__.startswith("seegrad.") for thing in modules.values()), f"{name} shows {modules}"
        waiting |= modules
    return found


def test_every_public_name_is_in_the_reference_once():
    described = Counter()
    for text in api_pages.pages().values():
        described.update(re.findall(r"^\.\. auto\w+:: (\S+)$", text, re.MULTILINE))
        for place, name in re.findall(r"^\.\. py:currentmodule:: (\S+)\n\n\.\. py:data:: (\w+)$", text, re.MULTILINE):
            described[f"{place}.{name}"] += 1
    found = namespaces()
    names = [f"{place}.{name}" for place, shown in found.items() for name in shown]
    assert described == Counter(name for name in names if name not in found)


def test_other_names_lead_to_the_first():
    text = api_pages.pages()["reference/elementwise.rst"]
    assert ".. py:data:: relu\n\n   The same as :py:obj:`seegrad.relu`." in text
    assert ".. autofunction:: seegrad.absolute\n" in text


def test_methods_are_shown_where_they_are_written():
    text = api_pages.pages()["reference/training.rst"]
    assert re.search(r"autoclass:: seegrad.nn.Trainer\n   :members: .*\bevaluate, fit, predict\b", text)
    layers = api_pages.pages()["reference/layers.rst"]
    assert ".. autoclass:: seegrad.nn.Linear\n   :members: forward\n" in layers
    assert "notes" not in re.search(r"autoclass:: seegrad.Tensor\n.*", api_pages.pages()["reference/tensors.rst"])[0]


def test_every_command_is_shown():
    text = command_pages.pages()["reference/commands.md"]
    assert {"seegrad train", "seegrad serve", "seegrad export"} <= set(re.findall(r"^## (.*)$", text, re.MULTILINE))
    assert "--validation N" in text


# ----------------------------------------------------------------------------------------------- the gallery


@needs_graphviz
@pytest.mark.parametrize("example", gallery.GRAPHS, ids=lambda example: example.__name__)
def test_the_code_of_the_gallery_draws_what_it_shows(example):
    code = gallery_pages.code_of(example, gallery.GRAPHS[example])
    body, _, drawn = code.strip().rpartition("\n")
    names = {"np": np, "sg": sg}
    exec(body, names)
    result = example()
    result.backward()
    assert eval(drawn, names).source == result.draw(**gallery.GRAPHS[example]).source


def gradients(example):
    root = example()
    root.backward()
    return {node.label: node.grad for node in root.play().story.nodes if node.label and node.is_leaf}


def test_the_texts_of_the_gallery_are_right():
    assert gradients(gallery.two_paths)["a"] == 2.0
    assert gradients(gallery.xor)["weight"] > 0
    logits = np.array([2.0, 1.0, -1.0])
    probabilities = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(gradients(gallery.softmax_and_cross_entropy)["logits"], probabilities - [0, 1, 0])
    assert gallery.second_derivative().data == 12.0
    assert 0 < gradients(gallery.vanishing_gradients)["x"] < 0.25**6
    assert gradients(gallery.dead_relu)["w"] == gradients(gallery.dead_relu)["bias"] == 0.0
    assert gradients(gallery.newtons_method)["a"] == pytest.approx(0.3535, abs=5e-5)


@needs_graphviz
def test_the_first_page_has_the_player_of_its_code():
    pages = gallery_pages.pages()
    assert "dloss/db = dloss/dv1 * a" in pages["players/index.html"]
    assert 'src="players/index.html' in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


# ----------------------------------------------------------------------------------------------- the course


def test_stored_players_play():
    pages = course_pages.pages("")
    players = [name for name in pages if name.startswith("players/")]
    for path in course_pages.NOTEBOOKS:
        mine = [name for name in players if re.fullmatch(rf"players/{path.stem}-\d+.html", name)]
        translation = [name for name in players if re.fullmatch(rf"players/{path.stem}_zh-\d+.html", name)]
        assert mine, path.name
        assert path.stem.endswith("_zh") or len(translation) == len(mine)
    for name in players:
        assert "inflate('" in pages[name]  # its script and its data
        assert sum(f'src=\\"../{name}\\"' in text for text in pages.values()) == 1


def test_notebooks_say_how_to_open_them():
    assert all("mybinder" not in text and "colab." not in text for text in course_pages.pages("").values())
    page = course_pages.pages("https://github.com/someone/seegrad")["course/03_tensors.ipynb"]
    assert "colab.research.google.com/github/someone/seegrad/blob/main/notebooks/03_tensors.ipynb" in page
    assert "mybinder.org/v2/gh/someone/seegrad/main?urlpath=lab/tree/notebooks/03_tensors.ipynb" in page
    assert (ROOT / ".binder" / "requirements.txt").read_text() == ".[notebook]\n"
    assert "notebooks/03_tensors.ipynb" in course_pages.files()


def test_chinese_notebooks_say_it_in_chinese():
    text = course_pages.pages("https://github.com/someone/seegrad")["course/03_tensors_zh.ipynb"]
    assert "Download" not in text
    assert text.count('class=\\"ways\\"') == 1
    assert ">下载</a>" in text


# ----------------------------------------------------------------------------------------------- formulas


def test_functions_stand_apart_from_their_factors_and_arguments():
    def spaces(formula: str) -> int:
        return extensions._mathml(formula).count("<mspace")

    assert spaces(r"\ln p") == spaces(r"y \ln(p)") == 1
    assert spaces(r"y \ln p") == spaces(r"(1 - y) \ln \frac{1}{2}") == 2
    assert spaces(r"-\ln(p)") == spaces(r"-\ln\left(p\right)") == spaces(r"2 x y") == 0
    assert '<mo lspace="0" rspace="0">max</mo>' in extensions._mathml(r"\max(x, 0)")
    assert extensions._mathml(r"y \approx -1").count('<mo form="prefix">') == 1


def test_punctuation_stays_with_its_formula():
    document = new_document("")
    line = nodes.paragraph("", "", nodes.math("", "x"), nodes.Text("，所以"), nodes.math("", "y"), nodes.Text(" is"))
    document += line
    extensions.FormulasWithPunctuation(document).run()
    assert [type(part) for part in line] == [nodes.inline, nodes.Text, nodes.math, nodes.Text]
    assert line[0].astext() == "x，"
    assert line.astext() == "x，所以y is"


# ----------------------------------------------------------------------------------------------- links


def test_links_to_files_of_the_repository_lead_to_the_site():
    text = "[a](../notebooks/12_fast.ipynb) [b](compile.md#what-is-noticed) [c](https://numpy.org) [d](../nn/module.py)"
    here = ("docs/architecture.md", "architecture.md")
    assert written_pages.relinked(text, *here, "") == (
        "[a](course/12_fast.ipynb) [b](compile.md#what-is-noticed) [c](https://numpy.org) d"
    )
    assert "[d](https://x.org/y/blob/main/nn/module.py)" in written_pages.relinked(text, *here, "https://x.org/y")
    deep = ("docs/how_to/x.md", "how_to/x.md", "")
    assert written_pages.relinked("[e](../../README.md#a-tour)", *deep) == "[e](../index.md#a-tour)"
    assert written_pages.relinked("[e](../nothing.md)", *deep) == "[e](../nothing.md)"  # of which Sphinx complains
    assert written_pages.relinked("[f](../docs/compile.md)", "benchmarks/RESULTS.md", "benchmarks.md", "") == (
        "[f](compile.md)"
    )


def test_code_is_no_link():
    for text in ("`rules[0](g)`", "```python\nrules[0](g)\n```", "`[a](b.md)`"):
        assert written_pages.relinked(text, "docs/compile.md", "compile.md", "") == text


def test_operations_have_the_names_that_users_write():
    text = written_pages.pages("")["reference/operations.md"]
    assert "\n| `sg.tanh` |" in text
    assert "\n| `sg.linalg.cholesky` |" in text
    assert text.startswith("# Every operation")


def test_every_page_is_in_one_section():
    pages = {**written_pages.pages(""), **course_pages.pages(""), **api_pages.pages(), **command_pages.pages()}
    listed = Counter(
        line
        for text in section_pages.pages(pages, "").values()
        for block in re.findall(r"```{toctree}\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if line and not line.startswith(":")
    )
    names = [name.rpartition(".")[0] for name in pages if name.endswith((".md", ".rst", ".ipynb"))]
    assert listed == Counter(set(names) - {"index"})


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">b</a><img src="c.png"><a href="#here">a</a>')
    (tmp_path / "b.html").write_text(
        '<a href="a.html#here">a</a><a href="https://numpy.org">n</a><a href="#step=3">s</a>'
    )
    assert links.broken_links(tmp_path) == ["a.html: there is no c.png", "a.html: there is no place b.html#there"]
