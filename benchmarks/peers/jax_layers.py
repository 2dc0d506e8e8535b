"""Layers of networks in JAX, for images (N, H, W, C)."""

import jax
import jax.numpy as jnp

IMAGES = ("NHWC", "HWIO", "NHWC")


def conv(x, kernel, bias, stride=1, padding=0):
    sides = [(padding, padding)] * 2
    return jax.lax.conv_general_dilated(x, kernel, (stride, stride), sides, dimension_numbers=IMAGES) + bias


def transposed_conv(x, kernel, bias, stride, padding):
    side = len(kernel) - 1 - padding
    flipped = kernel[::-1, ::-1].swapaxes(2, 3)
    out = jax.lax.conv_general_dilated(
        x, flipped, (1, 1), [(side, side)] * 2, lhs_dilation=(stride, stride), dimension_numbers=IMAGES
    )
    return out + bias


def max_pool(x):
    n, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def layer_norm(x, scale, shift):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift


class Norms:
    """Batch normalisations of one pass: ``seen`` collects the running statistics that follow from the batch."""

    def __init__(self, running=None):
        self.running = running
        self.seen = []

    def __call__(self, x, scale, shift):
        mean, variance = jnp.zeros(x.shape[-1]), jnp.ones(x.shape[-1])
        if self.running is not None:
            count = x.size // x.shape[-1]
            old = self.running[len(self.seen)] if len(self.seen) < len(self.running) else (mean, variance)
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            new = (mean, variance * (count / (count - 1)))
            self.seen.append(tuple(0.9 * a + 0.1 * b for a, b in zip(old, new)))
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift
