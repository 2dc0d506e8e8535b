"""What functions are called with, and what is compared of their derivatives."""

import numpy as np


def arguments_of(task):
    """The arguments, drawn from one seed."""
    return task.arguments(np.random.default_rng(0))


def numbers(task, derivative):
    """The value, if it comes with the derivative, and the derivative's norm."""
    value = [float(derivative[0])] if task.DERIVATIVE == "gradient" else []
    matrix = derivative[1] if task.DERIVATIVE == "gradient" else derivative
    return [*value, float(np.linalg.norm(np.asarray(matrix)))]
