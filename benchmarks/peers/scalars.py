"""One full-batch step of the two-moons demo on a network of scalars, 2-16-16-1, 100 points.

Usage: scalars.py micrograd|seegrad|compiled on|off (whether Python's garbage collector runs)
"""

import gc
import math
import random
import sys
import time

from worker import serve

engine, collector = sys.argv[1:3]
if engine == "micrograd":
    from micrograd.engine import Value

    sys.setrecursionlimit(1_000_000)
else:
    import seegrad
    from seegrad import Value

random.seed(0)


def moons(n):
    """Two half circles, with some noise."""
    for k in range(n):
        angle = math.pi * k / n
        x, y = (math.cos(angle), math.sin(angle)) if k % 2 else (1 - math.cos(angle), 0.5 - math.sin(angle))
        yield [x + random.gauss(0, 0.1), y + random.gauss(0, 0.1)], 1.0 if k % 2 else -1.0


points = list(moons(100))
sizes = [2, 16, 16, 1]
layers = [[[Value(random.uniform(-1, 1)) for _ in range(n + 1)] for _ in range(m)] for n, m in zip(sizes, sizes[1:])]
parameters = [p for layer in layers for neuron in layer for p in neuron]


def network(x):
    for layer in layers:
        x = [sum((w * v for w, v in zip(neuron, x)), neuron[-1]) for neuron in layer]
        if layer is not layers[-1]:
            x = [v.relu() for v in x]
    return x[0]


def loss():
    scores = [(network(list(map(Value, x))), y) for x, y in points]
    hinge = sum((1 + -y * score).relu() for score, y in scores) * (1.0 / len(points))
    return hinge + 1e-4 * sum(p * p for p in parameters)


step = seegrad.compile(loss) if engine == "compiled" else loss
if collector == "off":
    gc.disable()


def measure():
    for p in parameters:
        p.grad = 0
    start = time.perf_counter()
    out = step()
    middle = time.perf_counter()
    out.backward()
    end = time.perf_counter()
    checksum = math.fsum(p.grad * math.sin(k) for k, p in enumerate(parameters))
    del out
    if collector == "off":
        gc.collect()  # micrograd's graphs are cycles; not part of the time
    return {
        "milliseconds": (end - start) * 1e3,
        "forward": (middle - start) * 1e3,
        "backward": (end - middle) * 1e3,
        "checksum": checksum,
    }


serve(measure)
