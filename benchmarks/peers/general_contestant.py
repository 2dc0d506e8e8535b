"""One library at one task of the suite ``general``.

Usage: general_contestant.py networks|functions TASK LIBRARY WAY [train|evaluate BATCH]

WAY is plain or compiled, or for PyTorch memory: with the C library told to keep freed memory.
At the first request it makes itself ready, at the second it makes its first calls, and at all others it measures.
"""

import importlib
import os
import sys
import time

from worker import serve

QUICK = os.environ.get("QUICK", "") not in ("", "0")
#: Seconds of calls before it is measured, and of one measurement.
WARM, ROUND = (0.0, 0.02) if QUICK else (0.4, 0.2)

kind, task, library, way, *rest = sys.argv[1:]
prepare = importlib.import_module(f"{kind}_{library}").prepare


class Contestant:
    """The stages of a contestant."""

    def __init__(self):
        self.answer = self.ready

    def ready(self):
        """Import the library, and make what does not count."""
        self.call, self.check = prepare(importlib.import_module(f"{kind}.{task}"), way, *rest)
        self.answer = self.begin
        return {}

    def begin(self):
        """Make the first calls, and find how many of them to measure at a time."""
        start = time.perf_counter()
        self.call()
        first = time.perf_counter() - start
        check = self.check()
        calls, start = 0, time.perf_counter()
        while calls < 2 or time.perf_counter() - start < WARM:
            self.call()
            calls += 1
        self.calls = max(1, round(ROUND * calls / (time.perf_counter() - start)))
        self.answer = self.measure
        return {"first": first, "check": check}

    def measure(self):
        """Measure some calls."""
        start = time.perf_counter()
        for _ in range(self.calls):
            self.call()
        return {"milliseconds": (time.perf_counter() - start) / self.calls * 1e3}


contestant = Contestant()
serve(lambda: contestant.answer())
