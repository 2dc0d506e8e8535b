"""The page "NumPy coverage" says what happens when NumPy's functions are called with Tensors."""

from __future__ import annotations

import re
import runpy

import numpy as np
import pytest
from package_files import ROOT

from seegrad.autograd.numpy_answers import ANSWERS
from seegrad.autograd.numpy_functions import CREATORS, FUNCTIONS, OTHER_UFUNCS, WRITERS
from seegrad.autograd.ops.elementwise import Elementwise

PAGE = (ROOT / "docs" / "numpy_coverage.md").read_text(encoding="utf-8")
VERSION = re.search(r"with NumPy (\d+\.\d+)\.", PAGE)[1]
COVERAGE = runpy.run_path(str(ROOT / "docs" / "numpy_coverage.py"))
FOUND = {f"{module}.{name}": function for module, name, function in COVERAGE["functions"]()}


def test_the_page_is_up_to_date():
    if not np.__version__.startswith(f"{VERSION}."):
        pytest.skip(f"the page was written with NumPy {VERSION}, this is {np.__version__}")
    assert COVERAGE["page"]() == PAGE, "`make reference` writes it anew"


@pytest.mark.parametrize("name", FOUND)
def test_every_function_does_one_of_the_things_that_the_page_names(name):
    function = FOUND[name]
    state = COVERAGE["state_of"](function)
    assert f"**{state}**" in PAGE
    differentiated = function in FUNCTIONS or function in Elementwise.by_ufunc or function in OTHER_UFUNCS
    if differentiated:
        assert state == "derivative" or function in (np.zeros_like, np.ones_like)
    elif function in ANSWERS:
        assert state == "plain answer"


def test_every_function_that_is_answered_is_on_the_page():
    tables = (FUNCTIONS, CREATORS, WRITERS, OTHER_UFUNCS, Elementwise.by_ufunc, ANSWERS)
    answered = {function for table in tables for function in table}
    found = set(FOUND.values())
    of_numpy = {f for f in answered if getattr(np, f.__name__, None) is f}  # SciPy's are on no page of NumPy
    assert {f.__name__ for f in of_numpy - found} == set()
