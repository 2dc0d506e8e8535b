"""The CNN in JAX, compiled, with Optax's Adam."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from cnn import run


def network(p, x):
    for k in range(3):
        x = jax.lax.conv_general_dilated(x, p[2 * k], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + p[2 * k + 1])
        if k < 2:
            n, h, w, c = x.shape
            x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))
    x = jax.nn.relu(x.reshape(len(x), -1) @ p[6] + p[7])
    return x @ p[8] + p[9]


def build():
    dice = np.random.default_rng(0)
    shapes = [(3, 3, 1, 32), (3, 3, 32, 64), (3, 3, 64, 64), (576, 64), (64, 10)]
    p = []
    for shape in shapes:
        spread = np.sqrt(2 / np.prod(shape[:-1]))
        p += [jnp.array(dice.normal(0, spread, shape), jnp.float32), jnp.zeros(shape[-1])]
    optimizer = optax.adam(1e-3)
    state = optimizer.init(p)

    @jax.jit
    def step(p, state, x, y):
        def loss(p):
            return optax.softmax_cross_entropy_with_integer_labels(network(p, x), y).mean()

        updates, state = optimizer.update(jax.grad(loss)(p), state)
        return optax.apply_updates(p, updates), state

    labels = jax.jit(lambda p, x: network(p, x).argmax(1))

    def train(x, y):
        nonlocal p, state
        p, state = step(p, state, x, y)
        jax.block_until_ready(p)

    return train, lambda x: np.asarray(labels(p, x)), None


run(build)
