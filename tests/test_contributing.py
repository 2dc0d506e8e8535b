"""Whoever follows CONTRIBUTING.md to the letter adds what it says."""

from __future__ import annotations

import re

import pytest
from package_copy import copy_package, run_in_copy
from package_files import ROOT

BLOCK = re.compile(r"```python\n# (?P<file>[\w/]+\.py)(?:, in (?P<table>\w+))?\n(?P<code>.*?)```", re.DOTALL)

USE = """
import math
import numpy as np
import seegrad as sg

assert "sech" in dir(sg) and "sech" in sg.__all__
slope = -math.tanh(0.5) / math.cosh(0.5)
curvature = (math.sinh(0.5) ** 2 - 1) / math.cosh(0.5) ** 3

v = sg.Value(0.5)
y = sg.sech(v)
y.backward()
assert np.isclose(y.data, 1 / math.cosh(0.5)) and np.isclose(v.grad, slope)

x = sg.tensor([0.5, -0.5], requires_grad=True)
sg.sech(x).sum().backward()
assert np.allclose(x.grad, [slope, -slope])
second = sg.elementwise_grad(sg.elementwise_grad(sg.sech))
assert np.isclose(second(0.5), curvature) and np.allclose(second(np.array([0.5, -0.5])), curvature)

assert "sech" in sg.draw(y).source
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository in which the code blocks of the page stand where it says."""
    copy = copy_package(tmp_path_factory.mktemp("copy"))
    for block in BLOCK.finditer((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        file = copy / block["file"]
        text = file.read_text(encoding="utf-8")
        if block["table"]:  # below the line that opens the table
            text, count = re.subn(rf"^({block['table']}\b.*[\[{{]\n)", rf"\1{block['code']}", text, flags=re.MULTILINE)
            assert count == 1
        else:
            text += f"\n{block['code']}"
        file.write_text(text, encoding="utf-8")
    return copy


def test_the_new_operation_works_everywhere(copy):
    run_in_copy(copy, "-c", USE)


def test_the_new_operation_is_in_the_table_of_operations(copy):
    table = run_in_copy(copy, "-m", "seegrad.autograd.inspect.reference")
    assert "\n| `sech` | `1 / cosh(x)` | x: `-g * out * tanh(x)` |\n" in table


def test_the_new_operation_is_tested(copy):
    output = run_in_copy(copy, "-m", "pytest", "-q", "tests/autograd/ops/test_operations.py", "-k", "sech or every")
    assert int(re.findall(r"(\d+) passed", output)[0]) > 50
