"""What is asked of each library's CNN, the same for all.

Usage of every cnn_*.py: train|fit|evaluate|single [batch size, default 64]. A library's file gives ``build()``, which
returns functions ``train(x, y)`` (one step), ``predict(x)`` and, if it has one, ``fit(x, y, batch)`` (one epoch).
"""

import sys
import time

import numpy as np
from mnist import IMAGES, QUICK, STEPS, read
from worker import peak_megabytes, seconds, serve


def run(build):
    """Build the network and answer."""
    task, batch = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 64
    train, predict, fit = build()
    if task in ("train", "fit"):
        x, y = read("train")
        dice = np.random.default_rng(0)
        steps = max(STEPS * 64 // max(batch, 64), 3)

        def measure():
            order = dice.permutation(len(x))[: steps * batch]
            start = time.perf_counter()
            if task == "fit":
                fit(x[order], y[order], batch)
            else:
                for k in range(0, len(order), batch):
                    chosen = order[k : k + batch]
                    train(x[chosen], y[chosen])
            spent = (time.perf_counter() - start) / steps
            return {
                "milliseconds": spent * 1e3,
                "epoch": spent * 60_000 / batch,
                "images": batch / spent,
                "megabytes": peak_megabytes(),
            }

    elif task == "evaluate":
        x, y = read("t10k")
        x, y = x[:IMAGES], y[:IMAGES]

        def measure():
            start = time.perf_counter()
            for k in range(0, len(x), batch):
                predict(x[k : k + batch])
            spent = time.perf_counter() - start
            return {"seconds": spent, "images": len(x) / spent, "megabytes": peak_megabytes()}

    else:
        one = read("t10k")[0][:1]

        def measure():
            return {"microseconds": seconds(lambda: predict(one), 10 if QUICK else 300) * 1e6}

    serve(measure)
