"""Complex numbers as pairs of real Tensors: another way to compute everything, which needs no complex derivative.

Random functions are written once, with the methods of a way to compute: `Direct` computes with complex arrays, `Pairs`
with their real and imaginary parts. Both have the same values; the gradients of the pairs are those of real numbers,
so a gradient ``dL/dx - i dL/dy`` can be compared with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import seegrad as sg

N = 3


class Pair(NamedTuple):
    """Real and imaginary part."""

    re: Any
    im: Any


def dft(n: int, sign: int) -> np.ndarray:
    """The matrix of the Fourier transform, by its definition."""
    k = np.arange(n)
    return np.exp(sign * 2j * np.pi * np.outer(k, k) / n)


class Direct:
    """Functions of complex arrays of shape (N, N), as a user writes them."""

    number = staticmethod(lambda c, like: c + 0 * like)
    add, subtract, multiply, divide = np.add, np.subtract, np.multiply, np.divide
    exp, sin, cos, tanh, square, reciprocal = np.exp, np.sin, np.cos, np.tanh, np.square, np.reciprocal
    log, sqrt, conj, sign, matmul = np.log, np.sqrt, np.conj, np.sign, np.matmul
    size = staticmethod(lambda z: np.abs(z) + 0j)
    first = staticmethod(lambda z: np.real(z) * 1j)
    second = staticmethod(lambda z: np.imag(z) + 0j)
    turned = staticmethod(lambda z: np.angle(z) + 0j)
    power = staticmethod(lambda z: z ** (1.5 - 0.5j))
    transposed = staticmethod(lambda z: z.T)
    rolled = staticmethod(lambda z: np.roll(z, 1, 0))
    parts = staticmethod(lambda z: np.concatenate([z[1:], z[:1, ::-1]]))
    sums = staticmethod(lambda z: np.cumsum(z, 1))
    centred = staticmethod(lambda z: z - np.mean(z, 0))
    spread = staticmethod(lambda z: z * np.std(z))
    unit = staticmethod(lambda z: z / np.linalg.norm(z))
    solved = staticmethod(lambda z, y: np.linalg.solve(z + 6 * np.eye(N), y))
    fft = staticmethod(lambda z: np.fft.fft(z, axis=0))
    ifft2 = staticmethod(lambda z: np.fft.ifft2(z, norm="ortho"))
    irfft = staticmethod(lambda z: np.fft.irfft(z, N) + 0j)
    rfft = staticmethod(lambda z: np.fft.rfft(z.real, axis=1) @ np.ones((N // 2 + 1, N)))
    chosen = staticmethod(lambda z, y: np.where(np.arange(N) > 0, z, y))
    loss = staticmethod(lambda z: np.sum(z.real * _WEIGHTS.real + z.imag * _WEIGHTS.imag))

    @staticmethod
    def written(z: Any, y: Any) -> Any:
        result = z * 1
        result[0] = y[1]
        result.real[1] = y[2].imag
        result[:, 2] *= 1j
        return result


_WEIGHTS = np.linspace(0.5, 1.5, N * N).reshape(N, N) * np.exp(1j * np.arange(N * N).reshape(N, N))


def constant(c: Any) -> Pair:
    return Pair(np.real(c), np.imag(c))


class Pairs:
    """The same functions of pairs, by formulas of real numbers."""

    @staticmethod
    def number(c: complex, like: Pair) -> Pair:
        return Pair(c.real + 0 * like.re, c.imag + 0 * like.im)

    @staticmethod
    def add(z: Pair, y: Pair) -> Pair:
        return Pair(z.re + y.re, z.im + y.im)

    @staticmethod
    def subtract(z: Pair, y: Pair) -> Pair:
        return Pair(z.re - y.re, z.im - y.im)

    @staticmethod
    def multiply(z: Pair, y: Pair) -> Pair:
        return Pair(z.re * y.re - z.im * y.im, z.re * y.im + z.im * y.re)

    @staticmethod
    def reciprocal(z: Pair) -> Pair:
        square = z.re * z.re + z.im * z.im
        return Pair(z.re / square, -z.im / square)

    @staticmethod
    def divide(z: Pair, y: Pair) -> Pair:
        return Pairs.multiply(z, Pairs.reciprocal(y))

    @staticmethod
    def exp(z: Pair) -> Pair:
        return Pair(sg.exp(z.re) * sg.cos(z.im), sg.exp(z.re) * sg.sin(z.im))

    @staticmethod
    def log(z: Pair) -> Pair:
        return Pair(0.5 * sg.log(z.re * z.re + z.im * z.im), sg.arctan2(z.im, z.re))

    @staticmethod
    def sqrt(z: Pair) -> Pair:
        log = Pairs.log(z)
        return Pairs.exp(Pair(0.5 * log.re, 0.5 * log.im))

    @staticmethod
    def power(z: Pair) -> Pair:
        return Pairs.exp(Pairs.multiply(Pairs.log(z), constant(1.5 - 0.5j)))

    @staticmethod
    def sin(z: Pair) -> Pair:
        return Pair(sg.sin(z.re) * sg.cosh(z.im), sg.cos(z.re) * sg.sinh(z.im))

    @staticmethod
    def cos(z: Pair) -> Pair:
        return Pair(sg.cos(z.re) * sg.cosh(z.im), -sg.sin(z.re) * sg.sinh(z.im))

    @staticmethod
    def tanh(z: Pair) -> Pair:
        sinh = Pair(sg.sinh(z.re) * sg.cos(z.im), sg.cosh(z.re) * sg.sin(z.im))
        cosh = Pair(sg.cosh(z.re) * sg.cos(z.im), sg.sinh(z.re) * sg.sin(z.im))
        return Pairs.divide(sinh, cosh)

    @staticmethod
    def square(z: Pair) -> Pair:
        return Pairs.multiply(z, z)

    @staticmethod
    def conj(z: Pair) -> Pair:
        return Pair(z.re, -z.im)

    @staticmethod
    def size(z: Pair) -> Pair:
        return Pair(sg.sqrt(z.re * z.re + z.im * z.im), 0 * z.im)

    @staticmethod
    def sign(z: Pair) -> Pair:
        size = Pairs.size(z).re
        return Pair(z.re / size, z.im / size)

    @staticmethod
    def first(z: Pair) -> Pair:
        return Pair(0 * z.re, z.re)

    @staticmethod
    def second(z: Pair) -> Pair:
        return Pair(z.im, 0 * z.im)

    @staticmethod
    def turned(z: Pair) -> Pair:
        return Pair(sg.arctan2(z.im, z.re), 0 * z.im)

    @staticmethod
    def matmul(z: Pair, y: Pair) -> Pair:
        return Pair(z.re @ y.re - z.im @ y.im, z.re @ y.im + z.im @ y.re)

    @staticmethod
    def transposed(z: Pair) -> Pair:
        return Pair(z.re.T, z.im.T)

    @staticmethod
    def rolled(z: Pair) -> Pair:
        return Pair(*[sg.roll(x, 1, 0) for x in z])

    @staticmethod
    def parts(z: Pair) -> Pair:
        return Pair(*[sg.concatenate([x[1:], x[:1, ::-1]]) for x in z])

    @staticmethod
    def sums(z: Pair) -> Pair:
        return Pair(*[x @ np.triu(np.ones((N, N))) for x in z])

    @staticmethod
    def centred(z: Pair) -> Pair:
        return Pair(*[x - x.sum(0) / N for x in z])

    @staticmethod
    def spread(z: Pair) -> Pair:
        apart = [x - x.sum() / N**2 for x in z]
        size = sg.sqrt(sum((x * x).sum() for x in apart) / N**2)
        return Pair(z.re * size, z.im * size)

    @staticmethod
    def unit(z: Pair) -> Pair:
        size = sg.sqrt((z.re * z.re).sum() + (z.im * z.im).sum())
        return Pair(z.re / size, z.im / size)

    @staticmethod
    def solved(z: Pair, y: Pair) -> Pair:
        """Of twice as many real equations."""
        re = z.re + 6 * np.eye(N)
        blocks = sg.concatenate([sg.concatenate([re, -z.im], 1), sg.concatenate([z.im, re], 1)])
        found = sg.linalg.solve(blocks, sg.concatenate([y.re, y.im]))
        return Pair(found[:N], found[N:])

    @staticmethod
    def fft(z: Pair) -> Pair:
        return Pairs.matmul(constant(dft(N, -1)), z)

    @staticmethod
    def ifft2(z: Pair) -> Pair:
        matrix = constant(dft(N, 1) / np.sqrt(N))
        return Pairs.matmul(Pairs.matmul(matrix, z), matrix)

    @staticmethod
    def irfft(z: Pair) -> Pair:
        """Of the numbers 0 and 1 of each row; number 2 is the conjugate of number 1."""
        angles = 2 * np.pi * np.arange(N) / N
        re = z.re[:, :1] + 2 * z.re[:, 1:2] * np.cos(angles) - 2 * z.im[:, 1:2] * np.sin(angles)
        return Pair(re / N, 0 * z.im)

    @staticmethod
    def rfft(z: Pair) -> Pair:
        spectrum = Pairs.matmul(Pair(z.re, 0 * z.im), constant(dft(N, -1)[:, : N // 2 + 1]))
        return Pair(*[x @ np.ones((N // 2 + 1, N)) for x in spectrum])

    @staticmethod
    def chosen(z: Pair, y: Pair) -> Pair:
        return Pair(*[sg.where(np.arange(N) > 0, a, b) for a, b in zip(z, y, strict=True)])

    @staticmethod
    def written(z: Pair, y: Pair) -> Pair:
        rows = Pair(sg.stack([y.re[1], y.im[2], z.re[2]]), sg.stack([y.im[1], z.im[1], z.im[2]]))
        others = np.array([1.0, 1.0, 0.0])
        turned = 1.0 - others
        return Pair(rows.re * others - rows.im * turned, rows.im * others + rows.re * turned)

    @staticmethod
    def loss(z: Pair) -> Any:
        return (z.re * _WEIGHTS.real + z.im * _WEIGHTS.imag).sum()


#: Names of the functions, by the number of arrays that they take.
UNARY = (
    "exp sin cos tanh square reciprocal log sqrt conj sign size first second turned power transposed rolled parts sums "
    "centred spread unit fft ifft2 irfft rfft"
).split()
BINARY = "add subtract multiply divide matmul solved chosen written".split()


def random_function(seed: int) -> Callable[[Any, Any, Any], Any]:
    """Return a function of a way to compute and two complex arrays, with a real result; the same seed, the same one."""
    rng = np.random.default_rng(seed)
    steps = []
    for known in range(2, 2 + int(rng.integers(2, 6))):
        arity = int(rng.integers(1, 3))
        name = str(rng.choice(UNARY if arity == 1 else BINARY))
        steps.append((name, [int(k) for k in rng.integers(max(0, known - 3), known, size=arity)]))

    def function(way: Any, z: Any, y: Any) -> Any:
        values = [z, y]
        for name, places in steps:
            values.append(getattr(way, name)(*[values[k] for k in places]))
            # Far from 0 and from the cuts of log and sqrt, and of moderate size.
            values[-1] = way.add(way.tanh(way.multiply(way.number(0.1, z), values[-1])), way.number(1.5 + 1.5j, z))
        return way.loss(values[-1])

    return function
