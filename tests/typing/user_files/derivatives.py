"""Transforms: what is known of a function is known of its derivative."""

# pyright: strict

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import seegrad as sg
from seegrad import Tensor, nn

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:
    from conforms import assert_type

Array = npt.NDArray[np.float64]
Parameters = dict[str, Array]


def cubed(x: float) -> float:
    """A function of a number."""
    return x**3


def model(w: Array, x: Array, scale: float = 1.0) -> float:
    """A function of two arrays and a setting."""
    total: float = np.sum(np.tanh(w * x)) * scale
    return total


def loss(parameters: Parameters, x: Array) -> Tensor:
    """A function of a dict."""
    return sg.sum(sg.tensor(x) * parameters["w"] + parameters["b"])


def loss_and_more(w: Array) -> tuple[float, str]:
    """A function that returns something besides."""
    return np.sum(w * w), "more"


class Network(nn.Module):
    """A module is a function of its input."""

    def __init__(self) -> None:
        self.layer = nn.Linear(2, 2, seed=0)

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        """Return scores."""
        return self.layer(x) * scale


def gradients() -> None:
    """A gradient takes what the function takes, and has the type of the argument."""
    w, x = np.ones(3), np.arange(3.0)
    derivative: Callable[[float], float] = sg.grad(cubed)
    assert_type(derivative(2.0), float)
    assert_type(sg.grad(cubed)(2.0), float)
    assert_type(sg.grad(sg.grad(cubed))(2.0), float)
    assert_type(sg.grad(sg.grad(sg.grad(cubed)))(2.0), float)
    assert_type(sg.grad(model)(w, x), Array)
    assert_type(sg.grad(model)(w, x, scale=2.0), Array)
    assert_type(sg.grad(model, argnums=1)(w, x), Array)
    assert_type(sg.grad(model, 1)(w, x), Array)
    assert_type(sg.grad(model, argnums=(0, 1))(w, x), tuple[Array, Array])
    assert_type(sg.grad(model, argnums=[0, 1])(w, x), tuple[Any, ...])
    assert_type(sg.grad(loss)({"w": w, "b": x}, x), Parameters)
    assert_type(sg.grad(loss_and_more, has_aux=True)(w), tuple[Array, str])
    assert_type(sg.elementwise_grad(cubed)(2.0), float)


def values_and_gradients() -> None:
    """The value of the function comes first."""
    w, x = np.ones(3), np.arange(3.0)
    assert_type(sg.value_and_grad(cubed)(2.0), tuple[float, float])
    assert_type(sg.value_and_grad(model)(w, x, scale=2.0), tuple[float, Array])
    assert_type(sg.value_and_grad(model, argnums=(0, 1))(w, x), tuple[float, tuple[Array, Array]])
    assert_type(sg.value_and_grad(loss_and_more, has_aux=True)(w), tuple[tuple[float, str], Array])


def products(w: Array, x: Array) -> None:
    """Products with Jacobians and Hessians."""
    assert_type(sg.vjp(model, w, x)[0], float)
    assert_type(sg.vjp(model, w, x)[1](1.0), tuple[Array, Array])
    assert_type(sg.vjp(model, w, x, scale=2.0)[1](1.0), tuple[Any, ...])
    assert_type(sg.jvp(cubed, (2.0,), (1.0,)), tuple[float, float])
    assert_type(sg.hvp(cubed)(2.0, 1.0), float)
    assert_type(sg.hvp(model)(w, x, w), Array)
    assert_type(sg.jacobian(model)(w, x), Any)
    assert_type(sg.hessian(cubed)(2.0), Any)


def structures(w: Array, x: Array) -> None:
    """Nested structures keep their type; what a function makes of leaves is not known."""
    vector, unravel = sg.tree.ravel({"w": w, "b": x})
    assert_type(unravel(vector), Parameters)
    assert_type(sg.tree.leaves([w, x]), list[Any])
    assert_type(sg.tree.flatten([w, x]), tuple[list[Any], sg.tree.TreeStructure])
    assert_type(sg.tree.structure([w, x]).num_leaves, int)
    assert_type(sg.tree.all([True]), bool)
    assert_type(sg.tree.map(np.sin, {"w": w}), Any)
    assert_type(sg.stop_gradient(w), Array)
    assert_type(sg.stop_gradient(sg.tensor(w)), Tensor)
    assert_type(sg.linearize(model, w, x)[0], float)
    assert_type(sg.linearize(model, w, x)[1](w, x), float)
    assert_type(sg.value_and_jacobian(model)(w, x), tuple[float, Any])
    single = np.ones((1, 2), np.float32)
    assert_type(nn.functional_call(nn.Linear(2, 2), {"bias": single[0]}, single), Any)


@sg.enable_grad()
def recorded(w: Array) -> Tensor:
    """Decorators keep the type of a function."""
    return sg.tensor(w)


@sg.set_grad_enabled(False)
def not_recorded(w: Array) -> Tensor:
    """With an argument, too."""
    with sg.enable_grad(), sg.set_grad_enabled(True):
        return sg.tensor(w)


assert_type(recorded(np.ones(2)), Tensor)
assert_type(not_recorded(np.ones(2)), Tensor)


def batches() -> None:
    """A function of one example becomes one of a batch: of arrays, whatever the example is."""
    w, x = np.ones(3), np.ones((4, 3))
    assert_type(sg.vmap(model, in_axes=(None, 0))(w, x), npt.NDArray[Any])
    assert_type(sg.vmap(sg.grad(model), in_axes=(None, 0))(w, x), Array)


@sg.compile
def step(w: Array, x: Array, rate: float = 0.1) -> Array:
    """A step of a training."""
    return w - rate * sg.grad(model)(w, x)


class Trained:
    """A class with a compiled method."""

    def __init__(self) -> None:
        self.forward = sg.compile(Network())

    @sg.compile
    def update(self, w: Array) -> Array:
        """Compute."""
        return w * 2.0


def programs() -> None:
    """A compiled function is called as the function, and tells what it does."""
    w = np.ones(3)
    assert_type(step(w, w), Array)
    assert_type(step(w, w, rate=0.5), Array)
    assert_type(step.why_not, str | None)
    assert_type(step.recordings, int)
    assert_type(str(step.program), str)
    assert_type(sg.compile(sg.grad(model))(w, w), Array)
    assert_type(Trained().update(w), Array)
    assert_type(Trained().forward(sg.tensor(np.ones((1, 2), np.float32)), scale=2.0), Tensor)


@sg.primitive
def softsign(x: Array, scale: float = 1.0) -> Array:
    """An operation of one's own."""
    return x / (scale + np.abs(x))


def slope(g: Any, out: Any, x: Any, scale: float) -> Any:
    """Return the gradient of the input from that of the result."""
    return g * scale / (scale + abs(x)) ** 2


softsign.rules(slope)


@sg.no_grad()
def measured(x: Tensor) -> float:
    """A function that leaves no graph."""
    return x.sum().item()


def further_functions() -> None:
    """Operations of one's own, checkpoints, checks, and what leaves no graph."""
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    assert_type(softsign(x), Tensor)
    assert_type(softsign(x, scale=2.0), Tensor)
    assert_type(sg.checkpoint(sg.exp, x), Tensor)
    assert_type(sg.gradcheck(softsign, x, order=2), bool)
    assert_type(measured(x), float)


if __name__ == "__main__":
    gradients()
    values_and_gradients()
    products(np.ones(3), np.arange(3.0))
    structures(np.ones(3), np.arange(3.0))
    batches()
    programs()
    further_functions()
