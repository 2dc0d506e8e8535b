"""Every operation for a batch: what ``vmap`` gives is what a loop over the examples gives, to second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from operation_cases import CASES

import seegrad as sg

all_cases = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])

SCALES = (1.0, 0.97, 1.02)


def batches(case: Any) -> list[Any]:
    """Three examples for each input."""
    return [np.stack([(x * scale).astype(x.dtype) for scale in SCALES]) for x in case.inputs]


def axes_for(case: Any) -> list[tuple[Any, ...]]:
    """Which inputs have a batch axis: all, and each one alone."""
    n = len(case.inputs)
    alone = [tuple(0 if i == k else None for i in range(n)) for k in range(n)] if n > 1 else []
    return [(0,) * n, *alone]


def arguments(case: Any, axes: Any) -> list[Any]:
    return [b if axis == 0 else x for b, x, axis in zip(batches(case), case.inputs, axes)]


def loop(f: Any, args: Any, axes: Any) -> Any:
    """The definition: one example after the other."""
    found = [f(*[a[k] if axis == 0 else a for a, axis in zip(args, axes)]) for k in range(len(SCALES))]
    if isinstance(found[0], tuple):
        return tuple(np.stack(parts) for parts in zip(*found))
    return np.stack(found)


def weighted(f: Any) -> Any:
    """A function that returns one number, in which every element of the result has a weight of its own."""

    def total(*xs: Any) -> Any:
        out = f(*xs)
        weights = np.cos(np.arange(np.prod(out.shape, dtype=int))).reshape(out.shape)
        return sg.sum(sg.square(out) * weights)

    return total


def gradients(case: Any) -> Any:
    return sg.grad(weighted(case.f), tuple(range(len(case.inputs))))


def slopes(case: Any) -> Any:
    """Second derivatives, all of them, each with a weight of its own."""

    def total(*xs: Any) -> Any:
        return sum([weighted(lambda g: g)(g) for g in gradients(case)(*xs)])

    return sg.grad(total, tuple(range(len(case.inputs))))


def assert_same(found: Any, expected: Any, rtol: float = 1e-9, atol: float = 1e-10) -> None:
    for mine, other in zip(found, expected) if isinstance(expected, tuple) else [(found, expected)]:
        assert np.shape(mine) == np.shape(other)
        size = np.max(np.abs(other), initial=1.0)
        np.testing.assert_allclose(mine, other, rtol=rtol, atol=atol * size)


@all_cases
def test_values(case):
    for axes in axes_for(case):
        if case.function == "setitem" and axes[0] is None:
            continue  # a tensor that is the same for all cannot take on other numbers for each
        args = arguments(case, axes)
        found = sg.vmap(case.f, axes)(*args)
        expected = loop(case.f, args, axes)
        assert type(found) is np.ndarray
        assert found.dtype == expected.dtype
        assert_same(found, expected)


@all_cases
def test_gradients_of_every_example(case):
    for axes in axes_for(case):
        args = arguments(case, axes)
        assert_same(sg.vmap(gradients(case), axes)(*args), loop(gradients(case), args, axes))


@all_cases
def test_second_derivatives_of_every_example(case):
    for axes in axes_for(case):
        args = arguments(case, axes)
        assert_same(sg.vmap(slopes(case), axes)(*args), loop(slopes(case), args, axes), 1e-7, 1e-8)


@all_cases
def test_gradient_of_a_batch(case):
    args = batches(case)
    places = tuple(range(len(args)))
    found = sg.grad(lambda *xs: sg.sum(sg.vmap(weighted(case.f))(*xs)), places)(*args)
    expected = sg.grad(lambda *xs: sum([weighted(case.f)(*[x[k] for x in xs]) for k in range(3)]), places)(*args)
    assert_same(found, expected)


@all_cases
def test_batch_of_batches(case):
    args = [np.stack([b, b[::-1]], -1) for b in batches(case)]
    inner = sg.vmap(case.f)
    expected = np.stack([loop(case.f, [a[..., k] for a in args], (0,) * len(args)) for k in (0, 1)])
    assert_same(sg.vmap(inner, -1)(*args), expected)


def rows(f: Any, xs: Any) -> tuple[Any, ...]:
    """The definition of the Jacobian: a vector-Jacobian product for each number in the result."""
    out, pull = sg.vjp(f, *xs)
    units = np.eye(np.size(out)).reshape(np.size(out), *np.shape(out))
    found = [pull(unit) for unit in units]
    if not found:
        return tuple(np.zeros(np.shape(out) + x.shape) for x in xs)
    return tuple(np.stack(parts).reshape(np.shape(out) + x.shape) for parts, x in zip(zip(*found), xs))


@all_cases
def test_jacobian_has_the_rows_of_single_passes(case):
    places = tuple(range(len(case.inputs)))
    expected = rows(case.f, case.inputs)
    assert_same(sg.jacobian(case.f, places)(*case.inputs), expected, 1e-12, 1e-13)
    assert_same(sg.jacfwd(case.f, places)(*case.inputs), expected)


@all_cases
def test_second_derivatives_are_the_rows_of_single_passes(case):
    places = tuple(range(len(case.inputs)))
    found = sg.jacobian(gradients(case), places)(*case.inputs)
    for k, mine in enumerate(found):
        assert_same(mine, rows(lambda *xs, k=k: gradients(case)(*xs)[k], case.inputs))
