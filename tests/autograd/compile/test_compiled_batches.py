"""Compiled functions and batches: each inside of the other gives what neither compiled nor batched functions give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import seegrad as sg

RNG = np.random.default_rng(0)
A, X, Y, W = (RNG.standard_normal(shape) for shape in ((5, 4), (6, 4), (6, 4), (4,)))


def _loss(w: Any, x: Any) -> Any:
    return np.sum(np.tanh(np.dot(w, x)) ** 2) + np.max(x * w)


#: A function, its arguments, and others of the same shapes.
FUNCTIONS: dict[str, Any] = {
    "jacobian": (sg.jacobian(lambda x: np.tanh(A @ x)), (X[0],), (Y[0],)),
    "jacfwd": (sg.jacfwd(lambda x: np.tanh(A @ x)), (X[0],), (Y[0],)),
    "hessian": (sg.hessian(lambda x: np.sum(np.tanh(A @ x) ** 2) * np.max(x)), (X[0],), (Y[0],)),
    "third": (sg.jacobian(sg.hessian(lambda x: np.sum(np.tanh(x) ** 3 * np.prod(x)))), (X[0],), (Y[0],)),
    "batch": (sg.vmap(lambda x: np.where(x > 0, np.tanh(A @ x)[:4], x * 2)), (X,), (Y,)),
    "order": (sg.vmap(lambda x: np.sort(x) * x[np.argmax(x)]), (X,), (Y,)),
    "conditions": (sg.vmap(lambda x: ((x > 0) | (x < -1)).astype(float).sum()), (X,), (Y,)),
    "one after the other": (sg.vmap(np.median), (X,), (Y,)),
    "gradients": (sg.vmap(sg.grad(_loss), (None, 0)), (W, X), (2 * W, Y)),
    "hessians": (sg.vmap(sg.hessian(_loss), (None, 0)), (W, X), (2 * W, Y)),
    "gradient of a batch": (sg.grad(lambda w: sg.vmap(_loss, (None, 0))(w, X).sum()), (W,), (2 * W,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_batches_in_compiled_functions(name):
    f, *calls = FUNCTIONS[name]
    compiled = sg.compile(f)
    for args in (*calls, calls[0]):
        np.testing.assert_allclose(np.asarray(compiled(*args)), np.asarray(f(*args)), rtol=1e-10, atol=1e-12)
    assert compiled.why_not is None
    assert (compiled.recordings, compiled.replays) == (1, 2)


def test_compiled_functions_in_batches():
    compiled = sg.compile(lambda x: np.tanh(A @ x))
    plain = compiled.f
    np.testing.assert_allclose(sg.vmap(compiled)(X), sg.vmap(plain)(X))
    np.testing.assert_allclose(sg.jacobian(compiled)(X[0]), sg.jacobian(plain)(X[0]))
    for derivative in (sg.grad, sg.hessian):
        found = sg.vmap(derivative(lambda x: compiled(x).sum()))(X)
        np.testing.assert_allclose(found, sg.vmap(derivative(lambda x: plain(x).sum()))(X), atol=1e-12)
