"""``seegrad.numpy``: new arrays are Tensors, all else is what it is in NumPy."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt

import seegrad as sg
import seegrad.numpy as np
from seegrad import Tensor

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:
    from conforms import assert_type

Array = npt.NDArray[Any]


def running_product(x: Array) -> Any:
    """Write to an array, as it is done in NumPy."""
    y = np.zeros(3)
    assert_type(y, Tensor)
    y[0] = x[0] ** 2
    y[1:] = np.array([x[1], x[0] * x[1]])
    y += np.ones(3)
    assert_type(y, Tensor)
    return np.sum(y)


def main() -> None:
    """Make arrays, differentiate with respect to one."""
    assert_type(np.ones((2, 3), dtype=np.float32), Tensor)
    assert_type(np.arange(3.0) + 1.0, Tensor)
    assert_type(np.pi, float)
    assert_type(sg.numpy.linspace(0.0, 1.0, 5), Tensor)
    assert_type(sg.grad(running_product)(np.ones(2).data), Array)


if __name__ == "__main__":
    main()
