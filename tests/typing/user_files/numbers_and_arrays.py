"""Values, Tensors and the operations on them."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import seegrad as sg
from seegrad import Tensor, Value

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:
    from conforms import assert_type

Array = npt.NDArray[Any]


def numbers() -> None:
    """Values in, Values out; with an array or a Tensor, a Tensor."""
    a, b = Value(2.0, label="a"), Value(-3.0)
    assert_type(a * b + a**2 - 1, Value)
    assert_type(2.0 / a, Value)
    assert_type(-a, Value)
    assert_type(abs(b), Value)
    assert_type(sg.exp(a), Value)
    assert_type(a.tanh(), Value)
    assert_type(sg.maximum(a, 0.0), Value)
    assert_type(sg.minimum(1.0, b), Value)
    assert_type(sg.clip(a, -1.0, 1.0), Value)
    assert_type(sg.where(a > b, a, b), Value)
    assert_type(a.data, float)
    assert_type(a.item(), float)
    assert_type(a < b, bool)
    assert_type(a == b, bool)
    assert_type(a.label, str)
    assert_type(a * sg.tensor([1.0]), Tensor)
    assert_type(a * np.ones(2), Tensor)
    assert_type(sg.add(a, np.ones(2)), Tensor)
    assert_type(sg.stack([a, b]), Tensor)
    (a * b).backward()
    assert_type(a.grad, float | Any)


def plain_numbers() -> None:
    """Plain numbers and arrays in, plain ones out."""
    x = np.ones((2, 2))
    assert_type(sg.exp(1.0), float)
    assert_type(sg.add(1.0, 2), float)
    assert_type(sg.leaky_relu(-1.0), float)
    assert_type(sg.exp(x), Array)
    assert_type(sg.power(x, 2.0), Array)
    assert_type(sg.reshape(x, 4), Array)
    assert_type(sg.moveaxis(x, 0, 1), Array)
    assert_type(sg.softmax(x), Array)
    assert_type(sg.concatenate([x, x]), Array)
    assert_type(sg.stack([1.0, 2.0]), Array)
    assert_type(sg.split(x, 2), list[Array])
    assert_type(sg.where(x > 0, x, 0.0), Array)
    assert_type(sg.linalg.inv(np.eye(2)), Array)


def arrays() -> None:
    """Tensors in, Tensors out."""
    x = sg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert_type(x, Tensor)
    assert_type(x + 1.0, Tensor)
    assert_type(1.0 - x, Tensor)
    assert_type(x * np.ones(2), Tensor)
    assert_type(x @ x, Tensor)
    assert_type(x[0, :], Tensor)
    assert_type(x.T, Tensor)
    assert_type(x.sum(axis=0, keepdims=True), Tensor)
    assert_type(x.mean(), Tensor)
    assert_type(x.std(0, ddof=1), Tensor)
    assert_type(x.max(axis=(0, 1)), Tensor)
    assert_type(x.reshape(-1, 2).transpose(), Tensor)
    assert_type(x.reshape((4,)).flatten().ravel(), Tensor)
    assert_type(x.softmax(axis=-1), Tensor)
    assert_type(x.exp().log().relu().clip(0.0, 1.0), Tensor)
    assert_type(x.astype(np.float32).copy().detach(), Tensor)
    assert_type(x.abs().cumsum(0).squeeze().swapaxes(0, 1), Tensor)
    assert_type(x.take([0], axis=0).repeat(2).dot(np.ones(4)), Tensor)
    assert_type(list(x), list[Tensor])
    assert_type(x.argmax(), npt.NDArray[np.intp] | Any)


def attributes() -> None:
    """What a Tensor tells of itself, as plain data."""
    x = sg.tensor([1.0, 2.0], requires_grad=True, dtype=np.float32, label="x")
    assert_type(x.shape, tuple[int, ...])
    assert_type(x.ndim, int)
    assert_type(x.size, int)
    assert_type(len(x), int)
    assert_type(x.data, Array)
    assert_type(x.numpy(), Array)
    assert_type(np.asarray(x.data), Array)
    assert_type(x > 0, npt.NDArray[np.bool_])
    assert_type(x == 1.0, npt.NDArray[np.bool_])
    assert_type(x.sum().item(), float | Any)
    assert_type(x.requires_grad, bool)
    x.sum().backward()
    assert_type(x.grad, Array | Any)
    handle = x.register_hook(lambda g: g * 2)
    handle.remove()
    with sg.no_grad():
        x += 1.0
    assert_type(x, Tensor)


def functions() -> None:
    """Operations as functions, of a Tensor on either side."""
    x, w = sg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), np.ones((2, 2))
    assert_type(sg.tanh(x), Tensor)
    assert_type(sg.add(1.0, x), Tensor)
    assert_type(sg.arctan2(w, x), Tensor)
    assert_type(sg.sum(x, axis=(0, 1)), Tensor)
    assert_type(sg.logsumexp(x, axis=1, keepdims=True), Tensor)
    assert_type(sg.softmax(x), Tensor)
    assert_type(sg.reshape(x, (4,)), Tensor)
    assert_type(sg.transpose(x, (1, 0)), Tensor)
    assert_type(sg.broadcast_to(x, (3, 2, 2)), Tensor)
    assert_type(sg.clip(x, 0.0, 1.0), Tensor)
    assert_type(sg.pad(x, 1, mode="edge"), Tensor)
    assert_type(sg.where(w > 0, x, 0.0), Tensor)
    assert_type(sg.where(w > 0, 0.0, x), Tensor)
    assert_type(sg.matmul(w, x), Tensor)
    assert_type(sg.dot(w, x), Tensor)
    assert_type(sg.tensordot(x, w, axes=1), Tensor)
    assert_type(sg.einsum("ij,jk->ik", w, x), Tensor)
    assert_type(sg.stack([x, x]), Tensor)
    assert_type(sg.concatenate([w, x], axis=1), Tensor)
    assert_type(sg.array_split(x, 2), list[Tensor])
    assert_type(sg.take(x, 0, axis=0), Tensor)
    assert_type(sg.sort(x), Tensor)
    assert_type(sg.diag(x), Tensor)
    assert_type(sg.norm(x, "fro"), Tensor)
    assert_type(sg.atleast_2d(x), Tensor)
    images, kernel = sg.tensor(np.ones((1, 4, 4, 1))), np.ones((2, 2, 1, 3))
    assert_type(sg.conv2d(images, kernel, stride=2, padding=1), Tensor)
    assert_type(sg.max_pool2d(images, 2), Tensor)
    out, mean, variance = sg.batch_norm(images)
    assert_type(out, Tensor)
    assert_type(mean, Array)
    assert_type(variance, Array)


def matrices() -> None:
    """Functions of matrices with several results give them by name."""
    x = sg.tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)
    assert_type(sg.linalg.inv(x), Tensor)
    assert_type(sg.linalg.det(x), Tensor)
    assert_type(sg.linalg.solve(x, np.ones(2)), Tensor)
    q, r = sg.linalg.qr(x)
    assert_type(q @ r, Tensor)
    assert_type(sg.linalg.qr(x).R, Tensor)
    assert_type(sg.linalg.svd(x).S, Tensor)
    assert_type(sg.linalg.svd(x, compute_uv=False), Tensor)
    assert_type(sg.linalg.svdvals(x), Tensor)
    assert_type(sg.linalg.eigh(x).eigenvalues, Tensor)
    assert_type(sg.linalg.slogdet(x).logabsdet, Tensor)
    assert_type(sg.linalg.polar(x).P, Tensor)
    assert_type(sg.linalg.expm(x), Tensor)
    assert_type(sg.linalg.eig(x).eigenvectors, Tensor)
    assert_type(sg.linalg.eigvals(np.eye(2)), Array)
    assert_type(sg.linalg.eigh(np.eye(2)).eigenvectors, Array)


def complex_numbers() -> None:
    """Complex numbers, their parts, and Fourier transforms."""
    z = sg.tensor([1.0 + 2.0j, 3.0], requires_grad=True)
    assert_type(z.real, Tensor)
    assert_type(z.imag, Tensor)
    assert_type(z.conj(), Tensor)
    assert_type(sg.conj(z) * 1j, Tensor)
    assert_type(sg.real(np.ones(2)), Array)
    assert_type(sg.imag(z), Tensor)
    assert_type(sg.fft.fft(z), Tensor)
    assert_type(sg.fft.irfft(np.ones(3)), Array)
    assert_type(abs(z).sum(), Tensor)


def settings() -> None:
    """Threads, seeds, drawings, and graphs that are left out."""
    assert_type(sg.get_num_threads(), int)
    sg.manual_seed(0)
    x = sg.tensor([1.0], requires_grad=True)
    with sg.no_grad():
        assert_type(x * 2, Tensor)
    assert_type(sg.draw(x * 2, show="values").source, str)
    assert_type((x * 2).draw().source, str)
    assert_type(sg.why(x, x * 2), str)


if __name__ == "__main__":
    numbers()
    plain_numbers()
    arrays()
    attributes()
    functions()
    matrices()
    complex_numbers()
    settings()
