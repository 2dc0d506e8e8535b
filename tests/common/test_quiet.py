"""NumPy without warnings: of all kinds or of some, inside the block alone."""

from __future__ import annotations

import numpy as np
import pytest

from seegrad.common.quiet import quiet


@pytest.mark.parametrize("kinds", [(), ("over",), ("divide", "invalid")])
def test_what_is_ignored_inside_the_block_and_after_it(kinds):
    with np.errstate(all="raise"):
        before = np.geterr()
        with quiet(*kinds):
            assert np.geterr() == before | dict.fromkeys(kinds or before, "ignore")
        assert np.geterr() == before
        with pytest.raises(KeyError), quiet(*kinds):
            {}["missing"]
        assert np.geterr() == before


def test_blocks_nest():
    with np.errstate(all="raise"):
        with quiet("over"):
            with quiet("divide"):
                assert np.geterr() == {"divide": "ignore", "over": "ignore", "under": "raise", "invalid": "raise"}
            assert np.geterr()["divide"] == "raise"
        assert np.geterr()["over"] == "raise"


def test_a_block_that_was_never_entered_restores_nothing():
    block = quiet()
    with np.errstate(all="raise"):
        block.restore()
        del block
        assert np.geterr()["over"] == "raise"


def test_a_kind_that_numpy_does_not_have():
    with pytest.raises(TypeError, match="overflow"):
        quiet("overflow")
