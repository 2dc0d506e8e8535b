"""First weights of the networks, the same for every library: drawn from one seed in the order of the parameters.

Shapes are seegrad's: ``(in, out)`` of a linear layer, ``(height, width, in, out)`` of a convolution. What makes them
another library's stands in its ``networks_*.py``.
"""

import math

import numpy as np


def linear(inputs, outputs):
    """Weight and bias of a linear layer, as (shape, mean, spread)."""
    return [((inputs, outputs), 0.0, math.sqrt(2 / inputs)), ((outputs,), 0.0, 0.1)]


def convolution(size, inputs, outputs):
    """Kernel and bias of a convolution."""
    return [((size, size, inputs, outputs), 0.0, math.sqrt(2 / (size * size * inputs))), ((outputs,), 0.0, 0.1)]


def spread_out(size, inputs, outputs):
    """Kernel and bias of a transposed convolution."""
    return [((size, size, outputs, inputs), 0.0, math.sqrt(2 / (size * inputs))), ((outputs,), 0.0, 0.1)]


def norm(features):
    """Scale and shift of a normalisation."""
    return [((features,), 1.0, 0.1), ((features,), 0.0, 0.1)]


def table(*shape):
    """A table of vectors."""
    return [(shape, 0.0, 0.5)]


def draw(parameters):
    """Arrays of float32."""
    dice = np.random.default_rng(0)
    return [dice.normal(mean, spread, shape).astype(np.float32) for shape, mean, spread in parameters]
