"""How functions are differentiated in HIPS autograd, with its own NumPy."""

import autograd.numpy as np
from function_arguments import arguments_of, numbers

import autograd

TRANSFORMS = {"gradient": autograd.value_and_grad, "hessian": autograd.hessian, "jacobian": autograd.jacobian}


def prepare(task, way):
    """Return a call that differentiates, and what gives the numbers to compare."""
    arguments = arguments_of(task)
    derivative = TRANSFORMS[task.DERIVATIVE](lambda *x: task.function(np, *x))
    return lambda: derivative(*arguments), lambda: numbers(task, derivative(*arguments))
