"""Threads, memory and compilers: what is set is checked, and handed to those who registered."""

from __future__ import annotations

import subprocess
import sys

import pytest

import seegrad as sg
from seegrad.autograd import resources

VARIABLES = ("SEEGRAD_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


@pytest.fixture
def registered(monkeypatch):
    """What a part that registered was told."""
    told = []
    monkeypatch.setattr(resources, "_on_num_threads", [])
    monkeypatch.setattr(resources, "_on_release", [])
    monkeypatch.setattr(resources, "_num_threads", None)
    resources.register(told.append, lambda idle: told.append(("release", idle)) or 7)
    return told


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2"])
def test_a_wrong_number_of_threads_is_refused(n, registered):
    with pytest.raises(ValueError, match="set_num_threads"):
        sg.set_num_threads(n)
    assert registered == []


def test_those_who_registered_are_told(registered):
    sg.set_num_threads(3)
    assert sg.release_memory() == 7
    assert sg.release_memory(idle=2.0) == 7
    assert sg.get_num_threads() == 3
    assert registered == [3, ("release", 0.0), ("release", 2.0)]


def test_who_registers_later_is_told_what_was_set_before(registered):
    sg.set_num_threads(2)
    late = []
    resources.register(late.append, lambda idle: 1)
    assert late == [2]
    assert sg.release_memory() == 8


def test_nothing_happens_where_nobody_registered(monkeypatch):
    monkeypatch.setattr(resources, "_on_num_threads", [])
    monkeypatch.setattr(resources, "_on_release", [])
    monkeypatch.setattr(resources, "_num_threads", None)
    sg.set_num_threads(1)
    assert sg.release_memory() == 0


def test_compiling_is_allowed_again_after_a_block_and_after_an_error():
    before = resources.compiling
    with resources.no_compiling():
        assert not resources.compiling
    assert resources.compiling is before
    with pytest.raises(ZeroDivisionError), resources.no_compiling():
        1 / 0  # noqa: B018
    assert resources.compiling is before


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OPENBLAS_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "1,2"}, 1),
        ({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}, 1),
        ({"OMP_NUM_THREADS": "64"}, min(64, resources.available_cores())),
        ({"OMP_NUM_THREADS": "many"}, min(4, resources.available_cores())),
        ({"OMP_NUM_THREADS": "0"}, min(4, resources.available_cores())),
        ({"SEEGRAD_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}, 3),
        ({"SEEGRAD_NUM_THREADS": "", "OMP_NUM_THREADS": "1"}, 1),
        ({}, min(4, resources.available_cores())),
    ],
    ids=str,
)
def test_the_environment_says_how_many_threads_to_begin_with(variables, wanted, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, number in variables.items():
        monkeypatch.setenv(name, number)
    program = "import seegrad as sg; print(sg.get_num_threads())"
    found = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert int(found.stdout) == wanted


@pytest.mark.parametrize("number", ["many", "0", "-1", "1.5"])
def test_a_wrong_number_in_the_environment_is_ignored_with_a_warning(number, monkeypatch):
    monkeypatch.setenv("SEEGRAD_NUM_THREADS", number)
    with pytest.warns(sg.SeegradWarning, match=f"SEEGRAD_NUM_THREADS is '{number}'"):
        assert resources._asked_in_environment() is None


@pytest.mark.parametrize("set_in", ["environment", "program"])
def test_kernels_and_blas_use_so_many_threads(set_in, monkeypatch):
    if not resources._on_num_threads:
        pytest.skip("without the kernels nobody follows")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    if set_in == "environment":
        monkeypatch.setenv("SEEGRAD_NUM_THREADS", "1")
    program = f"""
import seegrad as sg
from seegrad.autograd.fast.kernels import blas, threads
if {set_in == "program"}:
    sg.set_num_threads(1)
print(threads.get_num_threads(), blas._functions[0]() if blas.controllable() else 1)
sg.set_num_threads(50)
print(threads.get_num_threads(), blas._functions[0]() if blas.controllable() else 1)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    one, many = found.stdout.splitlines()
    assert one == "1 1"
    kernels, in_blas = map(int, many.split())
    assert kernels == 50
    assert in_blas <= 2  # never more than it began with
