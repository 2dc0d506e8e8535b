"""Compiled by seegrad, or an answer why not."""

from worker import NotThereError

import seegrad as sg


def compiled_or_missing(f):
    """Return ``sg.compile(f)``; a call raises if it is not computed by the compiled program."""
    step = sg.compile(f)

    def call(*args):
        out = step(*args)
        if step.why_not:
            raise NotThereError(f"not compiled: {step.why_not}")
        return out

    return call
