"""``gradcheck``: compare derivatives with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..common.elsewhere import takes_other_names
from ..common.plain_data import is_complex
from .core.backward import backprop
from .core.node import Node
from .ops.complex_parts import real
from .ops.reductions import sum
from .tensor import Tensor
from .value import Value

#: The step of the central difference: about the cube root of float64's precision. There, the errors of rounding and of
#: truncation are equally small.
STEP = 6e-6


class GradientError(AssertionError):
    """A derivative disagrees with its finite difference."""


@takes_other_names
def gradcheck(
    f: Callable[..., Any],
    inputs: Any,
    *,
    order: int = 1,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    seed: int = 0,
) -> bool:
    """Compare the derivatives of ``f`` with central differences, for every element of every input.

    A result of several elements is multiplied by random weights and summed, so that an error in any element shows; of
    a complex result, the real part of that. The real and the imaginary part of a complex element are moved separately.

    Parameters
    ----------
    f : callable
        Takes the inputs in order and returns a Tensor or a Value.
    inputs : Tensor, Value or sequence of them
        The inputs, in float64 or complex128; those that require gradients are checked. They are not changed.
    order : int
        2 also checks the second derivatives, in random directions.
    rtol, atol : float
        The allowed difference, relative and absolute.
    seed : int
        The seed of the random weights.

    Returns
    -------
    bool
        Always True; a disagreement raises.

    Raises
    ------
    GradientError
        If a derivative is wrong; the message says where, and gives both numbers.
    TypeError
        If an input is neither float64 nor complex128 (differences of float32 are too coarse), or ``f`` does not return
        a node.
    ValueError
        If no input requires gradients.

    Examples
    --------
    >>> x = sg.tensor([0.3, -1.2], requires_grad=True)
    >>> sg.gradcheck(lambda x: (x.tanh() ** 2).sum(), x, order=2)
    True
    """
    nodes: list[Any] = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    checked = [i for i, x in enumerate(nodes) if isinstance(x, Node) and x.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck: no input requires gradients, so there is nothing to check; pass sg.Value(1.0), or "
            "sg.tensor(x, requires_grad=True)"
        )
    for i in checked:
        dtype = np.asarray(nodes[i]._plain).dtype
        if dtype not in (np.float64, np.complex128):
            raise TypeError(f"gradcheck needs float64 or complex128, input {i} is {dtype}")
    rng = np.random.default_rng(seed)
    scalar = _weighted(f, rng)
    _compare(scalar, nodes, checked, rtol, atol, "")
    if order > 1:
        directions = {i: _normal(nodes[i], rng) for i in checked}
        _compare(lambda *xs: _slope(scalar, xs, directions), nodes, checked, rtol, atol, "second ")
    return True


def _normal(x: Any, rng: np.random.Generator) -> Any:
    """Return normally distributed numbers of the shape of ``x``, complex if it is."""
    numbers = rng.standard_normal(np.shape(x._plain))
    return numbers + 1j * rng.standard_normal(np.shape(x._plain)) if is_complex(x) else numbers


def _weighted(f: Callable[..., Any], rng: np.random.Generator) -> Callable[..., Any]:
    """Return ``f`` followed by a weighted sum of its elements, with the same weights at each call."""
    weights: list[Any] = []

    def scalar(*xs: Any) -> Any:
        out = f(*xs)
        if not isinstance(out, Node):
            raise TypeError(f"gradcheck: the function returned {type(out).__name__}, expected a Tensor or a Value")
        if isinstance(out, Value):
            return out
        if not weights:
            weights.append(rng.uniform(0.5, 1.5, out._plain.shape) * rng.choice([-1.0, 1.0], out._plain.shape))
            if is_complex(out):
                weights[0] = weights[0] * np.exp(2j * np.pi * rng.random(out._plain.shape))
        total = sum(out * weights[0])
        return real(total) if is_complex(total) else total

    return scalar


def _slope(f: Callable[..., Any], xs: Sequence[Any], directions: dict[int, Any]) -> Any:
    """Return the derivative of ``f`` in fixed directions, as a node that can be differentiated again."""
    out = f(*xs)
    one = Value(1.0) if isinstance(out, Value) else Tensor(np.ones_like(out._plain))
    table = backprop(out, one, create_graph=True, keep=True)
    total: Any = 0.0
    for i, d in directions.items():
        if xs[i] in table:  # plain data here means that a rule did not record: the comparison will show it
            slope = sum(table[xs[i]] * d)
            total = total + (real(slope) if is_complex(slope) else slope)
    return total if isinstance(total, Node) else Tensor(total)


def _fresh(nodes: Sequence[Any], replaced: int | None = None, data: Any = None) -> list[Any]:
    """Return independent leaves with the data of ``nodes``, one of them replaced."""
    result = []
    for i, x in enumerate(nodes):
        if not isinstance(x, Node):
            result.append(x)
        elif isinstance(x, Value):
            result.append(Value(data if i == replaced else x._plain))
        else:
            result.append(Tensor(np.array(data if i == replaced else x._plain), requires_grad=x.requires_grad))
    return result


def _compare(
    f: Callable[..., Any], nodes: Sequence[Any], checked: list[int], rtol: float, atol: float, which: str
) -> None:
    leaves = _fresh(nodes)
    out = f(*leaves)
    table = backprop(out, 1.0 if isinstance(out, Value) else np.ones_like(out._plain), keep=True)
    for i in checked:
        base = np.asarray(leaves[i]._plain)
        analytic = np.broadcast_to(np.asarray(table.get(leaves[i], 0.0)), base.shape)

        def slope(index: Any, way: complex, i: int = i, base: Any = base) -> float:
            step = STEP * max(1.0, abs(base[index]))
            values = []
            for moved in (base[index] + step * way, base[index] - step * way):
                data = base.copy()
                data[index] = moved
                values.append(float(f(*_fresh(nodes, i, data))._plain))
            return (values[0] - values[1]) / (2 * step)

        for index in np.ndindex(base.shape):
            numeric: complex = slope(index, 1.0)
            if is_complex(base):
                numeric -= 1j * slope(index, 1j)
            if not np.isclose(analytic[index], numeric, rtol=rtol, atol=atol):
                raise GradientError(
                    f"{which}derivative of input {i} at {index}, where it is {base[index]!s}: the rules give "
                    f"{analytic[index]!s}, the finite difference gives {numeric!s}"
                )
