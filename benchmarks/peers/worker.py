"""A contestant's side: measure whenever asked, and answer in one line."""

from __future__ import annotations

import json
import resource
import sys
import time


class NotThereError(Exception):
    """A contestant cannot do what is asked of it; the text says why."""


def serve(measure):
    """Call ``measure`` once for every line that comes in, and print the dictionary that it returns."""
    for _ in sys.stdin:
        try:
            answer = measure()
        except NotThereError as reason:
            answer = {"missing": str(reason)}
        print("@" + json.dumps(answer), flush=True)


def serve_training(epoch, epochs, test_loss):
    """Train for an epoch at every line that comes in; after the last, tell the minutes of all and the test's loss."""
    spent = []

    def measure():
        spent.append(seconds(epoch))
        answer = {"seconds": spent[-1], "megabytes": peak_megabytes()}
        return answer | ({"minutes": sum(spent) / 60, "loss": test_loss()} if len(spent) == epochs else {})

    serve(measure)


def seconds(function, times=1):
    """How long a call takes, on average over some."""
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times


def peak_megabytes():
    """The most memory that this process has had so far."""
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / (1 if sys.platform == "darwin" else 1024)
        / (2**20 if sys.platform == "darwin" else 1)
    )
