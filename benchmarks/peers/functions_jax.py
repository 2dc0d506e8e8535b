"""How functions are differentiated in JAX, compiled, in float64 as all others."""

import jax
import jax.numpy as np
from function_arguments import arguments_of, numbers

jax.config.update("jax_enable_x64", True)
TRANSFORMS = {"gradient": jax.value_and_grad, "hessian": jax.hessian, "jacobian": jax.jacrev}


def prepare(task, way):
    """Return a call that differentiates, and what gives the numbers to compare."""
    arguments = [np.asarray(x) for x in arguments_of(task)]
    derivative = jax.jit(TRANSFORMS[task.DERIVATIVE](lambda *x: task.function(np, *x)))
    return lambda: jax.block_until_ready(derivative(*arguments)), lambda: numbers(task, derivative(*arguments))
