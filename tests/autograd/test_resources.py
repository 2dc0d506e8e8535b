"""Threads, memory and compilers: what is set is checked, and handed to those who registered."""

from __future__ import annotations

import pytest

import seegrad as sg
from seegrad.autograd import resources


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
