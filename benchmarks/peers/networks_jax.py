"""How networks are trained and evaluated in JAX: one compiled function for a step, with Optax's Adam."""

import itertools

import jax
import jax.numpy as jnp
import jax_layers
import optax
from initial_weights import draw


def prepare(task, way, mode, batch):
    """Return a call that does one step, and what gives the numbers to compare."""
    network = task.jax(jax, jax_layers)
    weights = [jnp.asarray(w) for w in draw(task.WEIGHTS)]
    ready = [(jnp.asarray(x), jnp.asarray(y)) for x, y in task.batches(int(batch))]
    batches = itertools.cycle(ready)
    optimizer = optax.adam(1e-3)

    def loss(p, x, y, running):
        norms = jax_layers.Norms(running)
        out = network(p, x, norms)
        if task.LOSS == "cross entropy":
            return optax.softmax_cross_entropy_with_integer_labels(out, y).mean(), norms.seen
        return ((out - y) ** 2).mean(), norms.seen

    @jax.jit
    def train(p, adam, running, x, y):
        (out, running), gradients = jax.value_and_grad(loss, has_aux=True)(p, x, y, running)
        updates, adam = optimizer.update(gradients, adam)
        return optax.apply_updates(p, updates), adam, running, out, optax.global_norm(gradients)

    @jax.jit
    def evaluate(p, x):
        return network(p, x, jax_layers.Norms())

    state = [weights, optimizer.init(weights), []]
    unknown = jax.eval_shape(loss, weights, *ready[0], [])[1]
    state[2] = [(jnp.zeros(mean.shape), jnp.ones(variance.shape)) for mean, variance in unknown]
    results = []

    def call():
        if mode == "evaluate":
            results[:] = [jax.block_until_ready(evaluate(weights, next(batches)[0]))]
            return
        *state[:], loss, norm = jax.block_until_ready(train(*state, *next(batches)))
        results[:] = [loss, norm]

    def check():
        if mode == "evaluate":
            return [float(abs(results[0]).sum())]
        first = [float(x) for x in results]
        call()
        return [*first, float(results[0])]

    return call, check
