"""Memory of a graph of scalars, by node: recorded, and after the backward pass; and what is left after 50 such steps.

Usage: node_memory.py micrograd|seegrad
"""

import gc
import sys
import tracemalloc

from worker import serve

if sys.argv[1] == "micrograd":
    from micrograd.engine import Value

    sys.setrecursionlimit(1_000_000)
else:
    from seegrad import Value

NODES = 900  # micrograd's own backward pass fails beyond Python's default depth of 1,000


def graph(x):
    out = x
    for _ in range(NODES // 2):
        out = out * x + x
    return out


def measure():
    x = Value(0.5)
    graph(x).backward()
    gc.collect()
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    out = graph(x)
    recorded = tracemalloc.get_traced_memory()[0] - start
    out.backward()
    after = tracemalloc.get_traced_memory()[0] - start
    del out
    gc.collect()
    for _ in range(50):
        graph(x).backward()
    gc.collect()
    left = tracemalloc.get_traced_memory()[0] - start
    tracemalloc.stop()
    return {"recorded": recorded / NODES, "after": after / NODES, "left": left}


serve(measure)
