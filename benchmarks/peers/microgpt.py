"""A GPT of single numbers learns names letter by letter: 1 layer, 16 dimensions, 4 heads, up to 16 letters, Adam.

Usage: microgpt.py plain|compiled
"""

import math
import random
import sys
import time

import numpy as np
from worker import NotThereError, serve

import seegrad as sg

NAMES = (
    "emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail "
    "emily elizabeth mila ella avery sofia camila aria scarlett"
)
KINDS, LENGTH, WIDTH, HEADS = 27, 16, 16, 4  # 26 letters, and the end of a name, which is its beginning, too
SIZE = WIDTH // HEADS
WAY = sys.argv[1]

random.seed(0)


def matrix(rows, columns):
    return [[sg.Value(random.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]


letters, places, output = matrix(KINDS, WIDTH), matrix(LENGTH, WIDTH), matrix(KINDS, WIDTH)
queries, keys, values, mix = (matrix(WIDTH, WIDTH) for _ in range(4))
wide, narrow = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
parts = [letters, places, output, queries, keys, values, mix, wide, narrow]
parameters = [p for part in parts for row in part for p in row]


def dot(xs, ys):
    return sum(x * y for x, y in zip(xs, ys))


def times(weights, x):
    return [dot(row, x) for row in weights]


def norm(x):
    scale = (dot(x, x) * (1 / len(x)) + 1e-5) ** -0.5
    return [v * scale for v in x]


def attend(q, ks, vs):
    """One letter's mixture of what it and those before it say, head by head."""
    mixed = []
    for begin in range(0, WIDTH, SIZE):
        head = slice(begin, begin + SIZE)
        weights = [(dot(q[head], k[head]) * SIZE**-0.5).exp() for k in ks]
        whole = sum(weights)
        mixed += [dot(weights, column) / whole for column in zip(*(v[head] for v in vs))]
    return mixed


def row_of(letter):
    """A letter's row of the table; compiled, as a sum of products with 0.0 and 1.0, since an index would be fixed."""
    return times(zip(*letters), letter) if WAY == "compiled" else letters[letter.index(1.0)]


def loss(name):
    """The mean of minus the logarithms of the probabilities of what follows.

    A name is a list of its letters and of its end, each with 1.0 at its place among all kinds and 0.0 elsewhere: so
    names of the same length differ in numbers only.
    """
    ks, vs, total = [], [], 0.0
    for letter, place, right in zip(name, places, name[1:]):
        x = norm([a + b for a, b in zip(row_of(letter), place)])
        y = norm(x)
        ks.append(times(keys, y))
        vs.append(times(values, y))
        x = [a + b for a, b in zip(x, times(mix, attend(times(queries, y), ks, vs)))]
        hidden = [h.relu() for h in times(wide, norm(x))]
        x = [a + b for a, b in zip(x, times(narrow, hidden))]
        scores = times(output, x)
        total = total + sum(s.exp() for s in scores).log() - dot(right, scores)
    return total * (1 / len(ks))


def one_hot(name):
    """A name as the argument of ``loss``."""
    kinds = [KINDS - 1, *(ord(letter) - ord("a") for letter in name), KINDS - 1]
    return [[1.0 if k == kind else 0.0 for k in range(KINDS)] for kind in kinds[: LENGTH + 1]]


class Adam:
    """Adam on all parameters as one vector."""

    def __init__(self):
        self.mean, self.square, self.count = np.zeros(len(parameters)), np.zeros(len(parameters)), 0

    def step(self):
        self.count += 1
        gradient = np.array([p.grad for p in parameters])
        self.mean += 0.1 * (gradient - self.mean)
        self.square += 0.01 * (gradient**2 - self.square)
        square = np.sqrt(self.square / (1 - 0.99**self.count)) + 1e-8
        change = 0.003 * (self.mean / (1 - 0.9**self.count)) / square
        for p, d in zip(parameters, change.tolist()):
            p.data -= d
            p.grad = 0.0


compute = sg.compile(loss) if WAY == "compiled" else loss
adam = Adam()
examples = [one_hot(name) for name in NAMES.split()]


def measure():
    begin, calculus, losses = time.perf_counter(), 0.0, []
    for name in examples:
        start = time.perf_counter()
        out = compute(name)
        out.backward()
        calculus += time.perf_counter() - start
        losses.append(out.data)
        adam.step()
    spent = time.perf_counter() - begin
    if compute is not loss and compute.why_not:
        raise NotThereError(f"not compiled: {compute.why_not}")
    return {
        "milliseconds": spent / len(examples) * 1e3,
        "calculus": calculus / len(examples) * 1e3,
        "loss": math.fsum(losses) / len(losses),
        "recordings": getattr(compute, "recordings", None),
    }


serve(measure)
