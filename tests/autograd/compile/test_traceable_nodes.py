"""What ``sg.compile`` makes of nodes, captured arrays, writes and operations of the user, and of special values."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import seegrad as sg

MATRIX = np.zeros((30, 30))
INDICES = np.zeros(2000, dtype=np.int64)
WEIGHT = sg.tensor(np.zeros((30, 30)), requires_grad=True)
TARGET = sg.tensor(np.zeros(3))


def renew(seed: int) -> None:
    """Change what the functions find by name, in place where nobody could replace it."""
    rng = np.random.default_rng(seed)
    MATRIX[:] = rng.normal(size=(30, 30))
    INDICES[:] = rng.integers(0, 30, 2000)
    WEIGHT.data = rng.normal(size=(30, 30))


@sg.primitive
def softsign(x: Any) -> Any:
    return x / (1 + np.abs(x))


softsign.rules(lambda g, out, x: g / (1 + np.abs(x)) ** 2)


@sg.primitive
def wave(x: Any, y: Any, k: int = 2) -> Any:
    return np.sin(x) * y**k


wave.rules(lambda g, out, x, y, k: g * np.cos(x) * y**k, lambda g, out, x, y, k: g * np.sin(x) * k * y ** (k - 1))


def of_a_leaf_inside(x: Any) -> Any:
    v = sg.tensor(x, requires_grad=True)
    (v * WEIGHT.detach()[0]).sum().backward()
    return v.grad


def writes_into_its_own(x: Any) -> Any:
    t = sg.tensor(x)
    t[0] = t[1] * 2
    t += 1
    part = t[2:5]
    part *= 3
    return [t, part]


def writes_while_recording(v: Any) -> Any:
    t = v * 1.0
    t[0] = t[1] * 2
    t += v
    part = t[2:5]
    part *= v[:3]
    t[5:8] = part
    return (t**2).sum()


def without_a_graph(x: Any) -> Any:
    with sg.no_grad():
        return WEIGHT @ x


FUNCTIONS: dict[str, Any] = {
    "array": lambda x: np.dot(MATRIX, x),
    "array, in a gradient": sg.grad(lambda x: np.sum(np.tanh(MATRIX * x) + np.dot(MATRIX, x))),
    "array, as a tensor": lambda x: [sg.Tensor(MATRIX) @ x, sg.tensor(MATRIX) @ x, sg.exp(MATRIX) @ x],
    "indices": lambda x: x[INDICES],
    "indices, in a gradient": sg.grad(lambda x: (x[INDICES] ** 2).sum()),
    "parameter": lambda x: WEIGHT @ x,
    "data of a parameter": lambda x: [(WEIGHT.data > 0) @ x, WEIGHT.numpy() @ x, WEIGHT.detach() @ x],
    "copies": lambda x: [copy.copy(WEIGHT) @ x, sg.tensor(WEIGHT) @ x, WEIGHT.copy() @ x],
    "casts": lambda x: [WEIGHT.astype(np.float32).sum(), WEIGHT.astype(int) @ x],
    "no graph": without_a_graph,
    "leaf inside": of_a_leaf_inside,
    "writes": writes_into_its_own,
    "writes, in a gradient": sg.grad(writes_while_recording),
    "primitive": softsign,
    "primitive, in a gradient": sg.grad(lambda x: softsign(x).sum() + wave(x, x * 2, k=3).sum()),
    "primitive, twice": sg.grad(lambda x: (sg.grad(lambda y: softsign(y).sum())(x) ** 2).sum()),
    "checkpoint": sg.grad(lambda x: sg.checkpoint(lambda y: (y.exp() * y).tanh(), x).sum()),
    "hessian": sg.hessian(lambda x: np.sum(np.tanh(x[:4]) * x[0] * np.exp(x[1]))),
    "jacobian": sg.jacobian(lambda x: np.tanh(x[:4]) * x[0] * np.where(x[:4] > 0, x[:4], 0.5 * x[:4])),
    "jvp": lambda x: sg.jvp(lambda y: np.sin(y) ** 2, (x,), (x + 1.0,)),
    "vjp": lambda x: sg.vjp(lambda y: np.sin(y) ** 2, x)[1](x + 1.0),
    "hvp": lambda x: sg.hvp(lambda y: np.linalg.norm(y) ** 3)(x, x + 1.0),
}


def leaves(x: Any) -> list[Any]:
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]


def agree(found: Any, expected: Any) -> None:
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        assert type(a) is type(b)
        a, b = (x.data if isinstance(x, sg.Tensor) else x for x in (a, b))
        narrow = getattr(a, "dtype", None) == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-6 if narrow else 1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_recorded_once(name: str) -> None:
    f = FUNCTIONS[name]
    compiled = sg.compile(f)
    for seed in range(3):
        renew(seed)
        x = np.random.default_rng(seed + 9).normal(size=30)
        agree(compiled(x), f(x))
    assert compiled.why_not is None
    assert (compiled.recordings, compiled.replays) == (1, 2)


def writes_into_a_captured(x: Any) -> Any:
    TARGET[0] = x[0]
    return TARGET.sum() + x.sum()


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (writes_into_a_captured, "writes into"),
        (lambda x: copy.deepcopy(WEIGHT) @ x, "copies a node"),
        (lambda x: WEIGHT.tolist(), "list"),
    ],
)
def test_what_no_program_can_repeat_runs_plainly(f: Any, why: str) -> None:
    compiled = sg.compile(f)
    for seed in range(2):
        renew(seed)
        x = np.random.default_rng(seed).normal(size=30)
        agree(compiled(x), f(x))
    assert why in str(compiled.why_not)


SPECIAL: dict[str, tuple[Any, list[Any]]] = {
    "choice": (
        sg.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(np.maximum(x, 0)), 0))),
        [[1.0, 4.0], [0.0, 4.0], [-1.0, 4.0], [np.nan, 4.0], [2.0, 4.0]],
    ),
    "norm": (sg.grad(np.linalg.norm), [[1.0, 4.0], [0.0, 0.0], [-1.0, 4.0], [1e-200, 4e-210]]),
    "square of a norm": (sg.hessian(lambda x: np.linalg.norm(x) ** 2), [[1.0, 4.0], [0.0, 0.0], [-1.0, 4.0]]),
    "power": (sg.grad(lambda x: np.sum(x[:1] ** x[1:])), [[2.0, 4.0], [0.0, 3.0], [0.0, 0.0], [2.0, 0.0]]),
    "prod": (sg.grad(np.prod), [[1.0, 4.0], [0.0, 4.0], [-1.0, 4.0], [0.0, 0.0]]),
    "std": (sg.grad(np.std), [[1.0, 4.0], [4.0, 4.0], [-1.0, 4.0]]),
    "max": (sg.grad(np.max), [[1.0, 4.0], [4.0, 4.0], [-1.0, np.nan]]),
    "det": (sg.grad(lambda x: np.linalg.det(x.reshape(2, 2))), [[1.0, 0, 2.0, 1.0], [0.0] * 4, [1.0, 0.0, 0.0, 2.0]]),
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str) -> None:
    f, points = SPECIAL[name]
    compiled = sg.compile(f)
    for x in points:
        agree(compiled(np.array(x)), f(np.array(x)))
    assert compiled.why_not is None


@pytest.mark.parametrize(
    ("f", "good", "bad"),
    [
        (lambda a: 1.0 / a, 2.0, 0.0),
        (lambda a: 1.0 % a, 2.0, 0.0),
        (lambda a: a**-1.5, 2.0, 0.0),
        (np.linalg.inv, np.eye(3) + 0.1, np.zeros((3, 3))),
        (lambda i: np.arange(3.0)[i] + 1.0, np.array([0, 1]), np.array([0, 5])),
    ],
)
def test_an_error_is_raised_as_it_is_plainly(f: Any, good: Any, bad: Any) -> None:
    compiled = sg.compile(f)
    agree(compiled(good), f(good))
    with pytest.raises((ArithmeticError, np.linalg.LinAlgError, IndexError)) as raised:
        f(bad)
    with pytest.raises(type(raised.value), match=str(raised.value)):
        compiled(bad)
    agree(compiled(good), f(good))
    assert compiled.why_not is None
