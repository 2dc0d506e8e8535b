"""The examples in the docstrings are right; they see ``np`` and ``sg``."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import seegrad as sg

PACKAGES = ("autograd", "nn", "optim", "data", "serve", "commands", "common")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def module_names() -> list[str]:
    names = ["seegrad"]
    for package in PACKAGES:
        module = importlib.import_module(f"seegrad.{package}")
        names.append(module.__name__)
        names += [found.name for found in pkgutil.walk_packages(module.__path__, module.__name__ + ".")]
    return names


@pytest.mark.parametrize("name", module_names())
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if ".scipy_entrance" in name:
        pytest.importorskip("scipy", reason="no SciPy")
    module = importlib.import_module(name)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, extraglobs={"np": np, "sg": sg}):
        runner.run(example, out=report.append)
    assert runner.failures == 0, "".join(report)
