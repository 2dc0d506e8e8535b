"""Time by node of scalar graphs of growing size, forward and backward: a chain, and a wide sum of products.

Usage: graph_scaling.py NODES
"""

import sys
import time

from worker import serve

from seegrad import Value

nodes = int(sys.argv[1])


def chain(x):
    out = x
    for _ in range(nodes // 2):
        out = out * x + x
    return out


def wide(x):
    return sum([x * x for _ in range(nodes // 2)])


def measure():
    answer = {}
    for shape in (chain, wide):
        repeats = max(1, 20_000 // nodes)
        start = time.perf_counter()
        for _ in range(repeats):
            shape(Value(0.5)).backward()
        answer[shape.__name__] = (time.perf_counter() - start) / repeats / nodes * 1e6
    return answer


serve(measure)
