"""How plain NumPy functions are differentiated in seegrad, as they are and compiled."""

import numpy as np
from compiled_seegrad import compiled_or_missing
from function_arguments import arguments_of, numbers

import seegrad as sg

TRANSFORMS = {"gradient": sg.value_and_grad, "hessian": sg.hessian, "jacobian": sg.jacobian}


def prepare(task, way):
    """Return a call that differentiates, and what gives the numbers to compare."""
    arguments = arguments_of(task)
    derivative = TRANSFORMS[task.DERIVATIVE](lambda *x: task.function(np, *x))
    if way == "compiled":
        derivative = compiled_or_missing(derivative)
    return lambda: derivative(*arguments), lambda: numbers(task, derivative(*arguments))
