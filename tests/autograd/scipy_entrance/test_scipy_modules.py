"""``seegrad.scipy``: how it is imported, that SciPy is loaded when it is used, and what is said where it is missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

needs_scipy = pytest.mark.skipif(importlib.util.find_spec("scipy") is None, reason="no SciPy")


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_scipy
def test_every_form_of_import_gives_the_same_module():
    run("""
import sys
import seegrad as sg
import seegrad.scipy
assert "scipy" not in sys.modules, "import seegrad loads SciPy"
from seegrad.scipy import stats
import seegrad.scipy.stats as again
from seegrad.scipy.stats import norm
import seegrad.scipy.special
assert stats is again is sg.scipy.stats is seegrad.scipy.stats
assert "scipy.stats" in sys.modules and norm is stats.norm
assert "logpdf" in dir(norm) and {"norm", "weibull_min"} <= {*dir(stats)}
assert {"special", "stats"} <= {*dir(seegrad.scipy)}
""")


@needs_scipy
def test_everything_else_is_scipys():
    run("""
import scipy, seegrad.scipy
from seegrad.scipy import fft, special
assert fft is scipy.fft and seegrad.scipy.__doc__ and special.gammaln is scipy.special.gammaln
assert {*scipy.special.__all__} <= {*special.__all__}
from seegrad.scipy.special import *
assert expit is scipy.special.expit and logsumexp is not scipy.special.logsumexp
for module in (seegrad.scipy, special):
    try:
        module.no_such_name
    except AttributeError:
        continue
    raise AssertionError
""")


def test_without_scipy_the_error_says_what_to_install():
    printed = run("""
import sys
sys.modules["scipy"] = None  # as if it were not installed
import seegrad.scipy
for statement in ("from seegrad.scipy import stats", "import seegrad.scipy.stats as s", "seegrad.scipy.special"):
    try:
        exec(statement)
    except ImportError as error:
        print(error)
""")
    assert printed == 3 * "seegrad.scipy needs SciPy: pip install 'seegrad[scipy]'\n"
