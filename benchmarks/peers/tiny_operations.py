"""``(x * y + z).sum()`` forward and backward, with 3 elements: what recording and differentiating cost.

Usage: tiny_operations.py seegrad|pytorch|mygrad|autograd|jax|numpy
"""

import sys

import numpy as np
from worker import seconds, serve

library, times = sys.argv[1], 2000
ones = np.ones(3, np.float32)
if library == "seegrad":
    import seegrad

    x, y, z = (seegrad.tensor(ones, requires_grad=True) for _ in range(3))

    def step():
        (x * y + z).sum().backward()

elif library == "pytorch":
    import torch

    torch.set_num_threads(1)
    x, y, z = (torch.ones(3, requires_grad=True) for _ in range(3))

    def step():
        (x * y + z).sum().backward()

elif library == "mygrad":
    import mygrad

    x, y, z = (mygrad.tensor(ones) for _ in range(3))

    def step():
        (x * y + z).sum().backward()

elif library == "autograd":
    import autograd.numpy as anp

    import autograd

    gradient = autograd.grad(lambda x, y, z: anp.sum(x * y + z), (0, 1, 2))

    def step():
        gradient(ones, ones, ones)

elif library == "jax":
    import jax

    gradient = jax.jit(jax.grad(lambda x, y, z: (x * y + z).sum(), (0, 1, 2)))
    one = jax.numpy.ones(3)

    def step():
        jax.block_until_ready(gradient(one, one, one))

else:

    def step():
        (ones * ones + ones).sum()
        g = np.ones(3, np.float32)
        g * ones
        g * ones


serve(lambda: {"microseconds": seconds(step, times) * 1e6})
