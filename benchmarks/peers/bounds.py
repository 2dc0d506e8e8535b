"""What the machine allows: the best rate of matrix products, and of reading and writing memory.

Usage: bounds.py, in an environment with NumPy
"""

import numpy as np
from worker import seconds, serve

a, b = (np.random.default_rng(0).standard_normal((1536, 1536), np.float32) for _ in range(2))
out = np.empty_like(a)
source, target = np.ones(2**25, np.float32), np.empty(2**25, np.float32)


def measure():
    product = min(seconds(lambda: np.matmul(a, b, out=out)) for _ in range(5))
    copying = min(seconds(lambda: np.copyto(target, source)) for _ in range(5))
    return {"gflops": 2 * 1536**3 / product / 1e9, "gigabytes": 2 * source.nbytes / copying / 1e9}


serve(measure)
