"""The README's pictures: they show the graph of its first example, in light and in dark."""

from __future__ import annotations

import re
import runpy
from xml.etree import ElementTree

import pytest
from package_files import ROOT, name_of

import seegrad as sg
from seegrad.autograd.inspect.draw import render, theme

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture
def pictures(monkeypatch):
    pytest.importorskip("pygraphviz")  # the figure of the architecture
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return runpy.run_path(str(ROOT / "docs" / "pictures.py"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pictures_exist(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r'!\[[^]]*\]\(([^)\s]+)\)|<(?:img|source)\b[^>]*\b(?:src|srcset)="([^"]+)"', text)
    files = [picture or other for picture, other in named]
    assert [file for file in files if "://" not in file and not (page.parent / file).is_file()] == []


def test_the_graph_is_that_of_the_first_example(pictures):
    loss = pictures["example"]()
    assert isinstance(loss, sg.Value)
    leaves, waiting = set(), [loss]
    while waiting:
        node = waiting.pop()
        waiting += node.inputs
        if node.label and node.op is None:
            leaves.add(node.label)
            assert node.grad != 0.0
    assert leaves == {"a", "b"}


@pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")
def test_each_of_two_files_has_one_theme(pictures, tmp_path):
    write_svgs = pictures["write_svgs"]
    write_svgs.__globals__["HERE"] = tmp_path
    write_svgs("graph", sg.Value(2.0).draw().render("svg").decode())
    light, dark = ((tmp_path / f"graph-{name}.svg").read_text(encoding="utf-8") for name in ("light", "dark"))
    for svg in (light, dark):
        ElementTree.fromstring(svg)
        assert "@media" not in svg
        assert theme.BACKGROUND in svg
    rule = f'svg.seegrad [fill="{theme.BACKGROUND}"]{{fill:{theme.DARK[theme.BACKGROUND]}}}'
    assert (rule in light, rule in dark) == (False, True)
