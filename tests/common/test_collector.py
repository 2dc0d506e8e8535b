"""The garbage collector runs again after a pause, if it ran before."""

from __future__ import annotations

import gc
import os

import pytest

from seegrad.common.collector import begin_pause, collector_paused, end_pause


@pytest.fixture(autouse=True)
def on():
    was_on = gc.isenabled()
    gc.enable()
    yield
    gc.enable() if was_on else gc.disable()


def test_collector_is_paused_inside_a_block():
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collector_runs_again_after_an_error():
    with pytest.raises(ValueError, match="no"), collector_paused():
        raise ValueError("no")
    assert gc.isenabled()


def test_collector_that_was_off_stays_off():
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()


def test_pauses_may_overlap():
    begin_pause()
    begin_pause()
    end_pause()
    assert not gc.isenabled()
    end_pause()
    assert gc.isenabled()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_collector_of_a_child_runs():
    with collector_paused():
        child = os.fork()
        if child == 0:
            ran = gc.isenabled()
            end_pause()
            os._exit(0 if ran and gc.isenabled() else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert not gc.isenabled()
