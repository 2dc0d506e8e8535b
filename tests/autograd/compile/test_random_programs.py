"""Random functions: compiled they give what they give plainly, in all special values, and fail as they do."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from random_functions import random_function

import seegrad as sg
from seegrad import Value
from seegrad.autograd.compile.call_arguments import leaves_of
from seegrad.autograd.core.node import Node

#: `make test ARGS="tests/autograd/compile/test_random_programs.py --programs 5000"` tries more.
CHUNKS = 20


def outcome(f, compute, leaves, tracked):
    """Return the results of a call and the gradients of its first result, as arrays; or the error."""
    leaves = [x.copy() if isinstance(x, np.ndarray) else x for x in leaves]
    before = [np.copy(x) for x in leaves]
    if tracked:
        leaves = [as_node(x) for x in leaves]
    try:
        results = [np.float64(x) if type(x) is float else x for x in leaves_of(compute(*f.structured(leaves)))]
        arrays = [x.data if isinstance(x, Node) else x for x in results]
        kinds = [_kind(x) for x in results]
        if tracked and isinstance(results[0], Node) and results[0].requires_grad:
            results[0].backward(None if isinstance(results[0], sg.Value) else np.ones_like(results[0].data))
            gradients = [x.grad for x in leaves if isinstance(x, Node)]
            arrays += gradients
            kinds += [_kind(x) for x in gradients]
    except (ValueError, TypeError, IndexError, RuntimeError, ArithmeticError, AttributeError) as error:
        return type(error), str(error)
    for x, content in zip(leaves, before, strict=True):
        np.testing.assert_array_equal(x.data if isinstance(x, Node) else x, content)
    return kinds, arrays


def as_node(x):
    """Let numbers that have derivatives require gradients."""
    if isinstance(x, float):
        return Value(x)
    return sg.tensor(x, requires_grad=True) if x.dtype.kind == "f" else x


def _kind(x):
    return np.ndarray if isinstance(x, np.generic) else type(x)


def is_more(found, expected):
    """Whether a program computes where the function fails: an unused look-up, or NumPy's refusal of a Value."""
    failed = isinstance(expected[0], type) and not isinstance(found[0], type)
    return failed and ("out of bounds" in expected[1] or "Value" in expected[1])


def assert_same(found, expected, narrow):
    assert found[0] == expected[0]
    if isinstance(found[0], type):
        assert found[1] == expected[1]
        return
    for a, b in zip(found[1], expected[1], strict=True):
        if b is None:
            assert a is None
            continue
        a, b = np.asarray(a), np.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if b.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
            continue
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        np.testing.assert_array_equal(a[np.isinf(b)], b[np.isinf(b)])
        finite = np.abs(b[np.isfinite(b)])
        scale = finite.max() if finite.size else 1.0
        tolerance = 1e-4 if narrow else 1e-10
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(scale, 0.01))  # differences cancel


def check(seed):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        f = random_function(seed)
        rng = np.random.default_rng([seed, 1])
        for tracked in (False, True):
            compiled = sg.compile(f)
            for special in (False, False, True, False):
                leaves = f.arguments(rng, special)
                expected = outcome(f, f, leaves, tracked)
                found = outcome(f, compiled, leaves, tracked)
                if not is_more(found, expected):
                    assert_same(found, expected, f.narrow)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs(chunk, request):
    for seed in range(chunk, request.config.getoption("--programs"), CHUNKS):
        try:
            check(seed)
        except BaseException as error:
            error.add_note(f"check({seed})") if hasattr(error, "add_note") else None
            raise
