"""Functions written in plain NumPy are recorded once by ``sg.compile``, with all that NumPy has for arrays."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import seegrad as sg


def arrays(seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=(3, 4))


def positive(seed: int) -> Any:
    return np.abs(arrays(seed)) + 0.1


def symmetric(seed: int) -> Any:
    x = arrays(seed)[:, :3]
    return x @ x.T + 3.0 * np.eye(3)


def integers(seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 4, 6)


def numbers(seed: int) -> float:
    return (1.3, 1.7, 2.4)[seed]


def changed(x: Any) -> Any:
    y = x.copy()
    y[0] = 1.0
    y += x
    y[:, 1] *= 2
    y[np.abs(x) < np.inf] += 1.0
    return y


def changed_through_a_view(x: Any) -> Any:
    y = x * 1.0
    row = y[0]
    row += 5.0
    y[1] = row
    row *= 2.0
    return [y, row]


def changed_at_the_largest(x: Any) -> Any:
    y = x * 1.0
    row = y[np.argmax(x[:, 0])]
    row += 100.0
    return y


def added_up(x: Any) -> Any:
    total = np.sum(x)
    before = total
    total += 1.0
    return [before, total]


DIFFERENTIABLE: dict[str, tuple[Callable[..., Any], Any]] = {
    **{
        name: (getattr(np, name), arrays)
        for name in (
            "sum mean std var prod max min ptp cumsum cumprod sort ravel transpose flip diff gradient nan_to_num abs "
            "exp sin tanh square copy average triu sinc"
        ).split()
    },
    **{name: (getattr(np.linalg, name), symmetric) for name in ("inv", "det", "cholesky", "norm", "pinv")},
    **{name: (getattr(sg.linalg, name), symmetric) for name in ("logm", "sqrtm")},
    "expm": (lambda x: sg.linalg.expm(x / np.linalg.norm(x)), symmetric),
    "where": (lambda x: np.where(x > 0, x, 0), arrays),
    "where in where": (lambda x: np.where(np.isfinite(x) & (x > 0), np.log(np.where(x > 0, x, 1)), 0.0), arrays),
    "largest of each row": (lambda x: x[np.arange(3), np.argmax(x, 1)], arrays),
    "take_along_axis": (lambda x: np.take_along_axis(x, np.argsort(x, 1), 1), arrays),
    "take": (lambda x: np.take(x, np.argsort(x[0]), axis=1), arrays),
    "rows": (lambda x: sum(row.sum() * k for k, row in enumerate(x)), arrays),
    "joined": (lambda x: np.concatenate([np.stack([x, 2 * x]).reshape(-1, 4), np.vstack([x, x])]), arrays),
    "products": (lambda x: np.einsum("ij,kj->ik", x, x) + x @ x.T + np.tensordot(x, x, 2) + np.dot(x, x.T), arrays),
    "solve": (lambda x: np.linalg.solve(x, x[:, 0]), symmetric),
    "limits": (lambda x: np.clip(np.maximum(x, -0.2), None, 0.5), arrays),
    "moved": (lambda x: np.roll(np.tile(np.pad(x, 1), (2, 1)), 1, 0), arrays),
    "of two": (lambda x: np.logaddexp(x, 0.0) + np.hypot(x, 1.0) + np.arctan2(x, 1.0), arrays),
    "powers": (lambda x: np.power(x, 2.5) + x**x, positive),
    "by its length": (lambda x: x / np.linalg.norm(x) if np.linalg.norm(x) > 0.1 else x, arrays),
    "indices": (lambda x: (x[:, None] * x[None])[::-1, ::2, ..., 0] + x[[0, 2]][:1, [1, 1]], arrays),
    "changed": (changed, arrays),
    "changed through a view": (changed_through_a_view, arrays),
    "number": (lambda a: a**2 * np.sin(a) / 3, numbers),
}

PLAIN: dict[str, tuple[Callable[..., Any], Any]] = {
    **{
        name: (getattr(np, name), arrays)
        for name in (
            "argmax argmin argsort isnan isfinite signbit any all count_nonzero median floor sign round diag trace "
            "logical_not histogram zeros_like shape ndim modf frexp nanmean cov"
        ).split()
    },
    **{name: (getattr(np.linalg, name), symmetric) for name in ("slogdet", "eigvalsh", "cond", "matrix_rank", "qr")},
    "methods": (
        lambda x: [x.sum(0), x.mean(dtype=np.float32), x.std(0, None, None, 1), x.max(1), x.clip(min=0), x.any(), x.T],
        arrays,
    ),
    "casts": (lambda x: [x.astype(np.float32), x.astype(int), x.astype(bool), x.flatten(), x.round(1)], arrays),
    "comparisons": (lambda x: [x > 0, x <= 0.5, x == x, x != 0, x >= x.mean()], arrays),
    "masks": (
        lambda x: [(x > 0) & (x < 1), (x > 0) | (x < -1), ~(x > 0), (x > 0) ^ (x < 0.5), (x > 0).sum(), (x > 0) * 2.0],
        arrays,
    ),
    "divided": (lambda x: [*divmod(x, 0.3), np.fmod(x, 0.3), *np.divmod(x, 0.3)], arrays),
    "reduced": (lambda x: [np.add.reduce(x), np.logical_and.reduce(x > 0), np.max(x, where=x > 0, initial=0)], arrays),
    "counted": (lambda i: [(i[:, None] == np.arange(4)).astype(float), np.isin(i, [1, 2]), np.sort(i)], integers),
    "integers": (lambda i: [i + 1, i * 1.5, i // 2, i % 3, i / 2, i**2, i << 1, i & 1, i.sum(), i.max()], integers),
    "floats": (lambda a: [a * 2, a**2, 1 / a, abs(-a), a // 1, a % 1, np.sin(a), a + np.pi, 2**a, a > 1], numbers),
    "float32": (
        lambda a: [np.float32(2) * a, np.ones(2, np.float32) * a, np.ones(2, np.float32) * np.sin(a)],
        numbers,
    ),
    "changed at the largest": (changed_at_the_largest, arrays),
    "sorted in place": (lambda x: [y := x.copy(), y.sort()][:1], arrays),
    "added up": (added_up, arrays),
}


def leaves(x: Any) -> list[Any]:
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]


def gradient(f: Any) -> Any:
    """Return the gradient of a weighted sum of all results."""

    def total(x: Any) -> Any:
        parts = leaves(f(x))
        return sum(np.sum(y * np.cos(np.arange(np.size(y)).reshape(np.shape(y)))) for y in parts)

    return sg.grad(total)


def check(f: Any, inputs: list[Any]) -> Any:
    compiled = sg.compile(f)
    for x in inputs:
        for a, b in zip(leaves(compiled(x)), leaves(f(x)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
            assert np.shape(a) == np.shape(b)
            assert np.asarray(a).dtype == np.asarray(b).dtype
    assert compiled.why_not is None
    return compiled


@pytest.mark.parametrize("name", [*DIFFERENTIABLE, *PLAIN])
def test_a_function_is_recorded_once(name: str) -> None:
    f, make = {**DIFFERENTIABLE, **PLAIN}[name]
    compiled = check(f, [make(seed) for seed in range(3)])
    assert (compiled.recordings, compiled.replays) == (1, 2)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_gradient_is_recorded_once(name: str) -> None:
    f, make = DIFFERENTIABLE[name]
    compiled = check(gradient(f), [make(seed) for seed in range(3)])
    assert (compiled.recordings, compiled.replays) == (1, 2)


@pytest.mark.parametrize(
    ("f", "make"),
    [
        (lambda x: x[x > 0], arrays),
        (lambda x: np.nonzero(x > 0), arrays),
        (lambda x: x * 2 if x.sum() > 0 else -x, arrays),
        (lambda x: x * int(x[0, 0] * 10), arrays),
        (lambda x: x * float((x > 0).sum()), arrays),
        (np.unique, integers),
        (np.bincount, integers),
        (lambda i: np.eye(4)[i], integers),
        (lambda i: len(set(i.tolist())), integers),
        (lambda a: [max(a, 1.5), round(a), math.floor(a), int(a)], numbers),
    ],
)
def test_what_depends_on_answers_is_recorded_for_each(f: Any, make: Any) -> None:
    compiled = check(f, [make(seed) for seed in (0, 1, 2, 0, 1, 2)])
    assert compiled.recordings <= 3
    assert compiled.replays >= 3


def writes_into_its_argument(x: Any) -> Any:
    x += 1.0
    return x * 2.0


def fills(x: Any) -> Any:
    y = x.copy()
    y.fill(2.0)
    return y


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: float(x.sum()) * x, "plain number"),
        (lambda x: math.exp(x[0, 0]) * x, "plain number"),
        (lambda x: np.array([x[0, 0], x[0, 1]]), "plain array"),
        (lambda x: x.tolist(), "list"),
        (lambda x: x * len(f"{x[0, 0]:.1f}"), "formats"),
        (lambda x: x + np.random.normal(size=4), "random"),
        (lambda x: [y := x.copy(), np.copyto(y, 1.0)][:1], "writes with numpy.copyto"),
        (lambda x: np.add(x, 1, out=np.empty_like(x)), "writes with"),
        (fills, r"calls fill\(\)"),
        (writes_into_its_argument, "writes into"),
    ],
)
def test_what_no_program_can_repeat_runs_plainly(f: Any, why: str) -> None:
    compiled = sg.compile(f)
    for seed in range(2):
        x = arrays(seed)
        np.random.seed(0)
        expected = f(x.copy())
        np.random.seed(0)
        found = compiled(x)
        for a, b in zip(leaves(found), leaves(expected), strict=True):
            np.testing.assert_array_equal(a, b)
    assert re.search(why, str(compiled.why_not))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda k, x: np.where(np.isfinite(x) & (x == 0), x, 1.0) - k, (np.array(1), np.array(0.5))),
        (lambda x: np.array([3.0, 4.0])[np.where(x < 0.5, 1, 0)], (np.array(0.2),)),
        (lambda x: sg.log_softmax(-x, 0) + sg.logsumexp(x), (1.5,)),
        (lambda x: sg.grad(lambda t: sg.logsumexp(t * x))(x), (1.5,)),
        (lambda k: sg.softmax(k), (np.arange(3),)),
        (lambda x: np.take(x.sum(), 0, 0), (np.ones(2),)),
        (lambda k: np.arange(4.0)[k], (np.array(2),)),
    ],
)
def test_numbers_where_arrays_are_meant(f, args):
    compiled = sg.compile(f)
    for _ in range(2):
        found, expected = np.asarray(compiled(*args)), np.asarray(f(*args))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    assert compiled.why_not is None


def test_arrays_refuse_what_has_a_gradient():
    def part(n, x):
        copied = n * 1.0
        copied[0] = x
        return copied

    def whole(n, x):
        copied = n * 1.0
        copied += x
        return copied

    x = sg.tensor(2.0, requires_grad=True)
    for f in (part, whole):
        errors = []
        for function in (f, sg.compile(f)):
            with pytest.raises((TypeError, ValueError)) as caught:
                function(np.arange(2), x)
            errors.append(str(caught.value))
        assert errors[0] == errors[1]


def test_a_power_of_one_half_is_a_root_as_of_an_array():
    x = np.array([-np.inf, -0.0, 4.0, np.nan])
    compiled = sg.compile(lambda v: v**0.5)
    with np.errstate(invalid="ignore"):
        for _ in range(2):
            np.testing.assert_array_equal(compiled(x), x**0.5)
            np.testing.assert_array_equal(np.signbit(compiled(x)), np.signbit(x**0.5))
