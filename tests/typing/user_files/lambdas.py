"""Functions without annotations: nothing is known of them, and nothing is in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import seegrad as sg
from seegrad import Tensor

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:
    from conforms import assert_type


def transforms() -> None:
    """Derivatives of lambdas, and of functions of NumPy and of this package."""
    x = np.ones(3)
    assert_type(sg.grad(lambda x: x**3)(2.0), Any)
    assert_type(sg.grad(sg.grad(lambda x: x**3))(2.0), Any)
    print(sg.grad(lambda x, y: x * y + x, argnums=(0, 1))(2.0, 3.0))
    print(sg.grad(lambda x, y: x * y + x, argnums=1)(2.0, 3.0))
    print(sg.grad(lambda p: p["w"] * p["b"])({"w": 1.0, "b": 2.0})["w"])
    print(sg.grad(lambda x: (x**2, "more"), has_aux=True)(2.0))
    assert_type(sg.grad(sg.grad(np.tanh))(0.0), Any)
    assert_type(sg.elementwise_grad(np.square)(x), Any)
    assert_type(sg.grad(sg.tanh)(2.0), Any)
    assert_type(sg.grad(sg.norm)(x), Any)
    assert_type(sg.grad(sg.linalg.det)(np.eye(2)), Any)
    print(sg.value_and_grad(lambda x: np.sum(x * x))(x))
    print(sg.hessian(lambda x: np.sum(x**3))(x), sg.jacobian(np.square)(x))
    print(sg.vjp(lambda x, y: x * y, x, x)[1](x), sg.jvp(np.sin, (0.0,), (2.0,)))
    print(sg.vmap(np.dot)(np.ones((2, 3)), np.ones((2, 3))), sg.vmap(lambda x: x.sum())(np.ones((2, 3))))
    print(sg.vmap(lambda x: {"double": x * 2})(x)["double"])
    print(sg.compile(lambda x: x * 2)(x))
    assert_type(sg.checkpoint(lambda x: (x.exp() * x).tanh(), sg.tensor(x)), Tensor)


@sg.primitive
def softsign(x: Any, scale: float = 1.0) -> Any:
    """An operation of one's own."""
    return x / (scale + np.abs(x))


softsign.rules(lambda g, out, x, scale: g * scale / (scale + abs(x)) ** 2)


if __name__ == "__main__":
    transforms()
    assert_type(softsign(sg.tensor([1.0]), scale=2.0), Tensor)
