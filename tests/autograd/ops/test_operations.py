"""Every operation through every check: values, first and second derivatives, memory layouts, dtypes, edges."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from in_one_test import each
from operation_cases import CASES
from operation_cases.case import Case

import seegrad as sg
from seegrad import autograd
from seegrad.autograd.core.op import Op
from seegrad.autograd.graph_order import backward_order
from seegrad.autograd.ops import elementwise

#: Public names of the engine that are not differentiable operations; each is tested in a file of its own.
NOT_OPERATIONS = {
    *("GradientError", "Tensor", "Value", "tensor", "gradcheck", "no_grad", "release_memory"),
    *("get_num_threads", "set_num_threads"),
    *("enable_grad", "set_grad_enabled", "stop_gradient", "tree"),
    *("argmax", "argmin"),
    *(
        "grad",
        "value_and_grad",
        "elementwise_grad",
        "vjp",
        "jvp",
        "jacobian",
        "jacfwd",
        "jacrev",
        "hessian",
        "hvp",
        "vmap",
        "linearize",
        "value_and_jacobian",
    ),
    *("primitive", "checkpoint", "compile", "AnomalyError", "SeegradWarning", "detect_anomaly", "why"),
}

LAYOUTS: dict[str, Any] = {
    "reversed": lambda x: np.ascontiguousarray(np.flip(x))[(slice(None, None, -1),) * x.ndim],
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "middle axis last in memory": lambda x: np.ascontiguousarray(np.moveaxis(x, x.ndim // 2, 0)).transpose(
        np.argsort([x.ndim // 2, *[i for i in range(x.ndim) if i != x.ndim // 2]])
    ),
    "stepped": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "part of a larger array": lambda x: np.pad(x, 1)[(slice(1, -1),) * x.ndim],
    "read-only": lambda x: x,
}


def some_cases(chosen: Callable[[Case], bool]) -> Any:
    cases = [c for c in CASES if chosen(c)]
    return pytest.mark.parametrize("case", cases, ids=[c.name for c in cases])


all_cases = some_cases(lambda c: True)


def in_layout(x: Any, layout: str) -> Any:
    """An equal array that lies differently in memory; without axes there is only one way."""
    return LAYOUTS[layout](x) if x.ndim else x


def leaves(arrays: Any, requires_grad: bool = True) -> list[Any]:
    """Tensors over the arrays themselves, not over copies."""
    return [sg.Tensor(x, requires_grad=requires_grad) for x in arrays]


def weights_for(out: Any) -> Any:
    rng = np.random.default_rng(3)
    return (rng.uniform(0.5, 1.5, np.shape(out)) * rng.choice([-1.0, 1.0], np.shape(out))).astype(out.dtype)


def gradients(f: Any, arrays: Any) -> list[Any]:
    """Gradients of a weighted sum of the result."""
    xs = leaves(arrays)
    out = f(*xs)
    out.backward(weights_for(out.data) if isinstance(out, sg.Tensor) else 1.0)
    return [x.grad for x in xs]


def numeric_gradients(f: Any, arrays: Any, step: float = 6e-6) -> list[Any]:
    """Central differences of the reference: no line of the engine takes part."""
    weights = weights_for(np.asarray(f(*arrays)))
    result = []
    for k, x in enumerate(arrays):
        slopes = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            values = []
            for sign in (1, -1):
                moved = x.copy()
                moved[index] += sign * step
                out = f(*arrays[:k], moved, *arrays[k + 1 :])
                values.append(np.sum(weights * out))
            slopes[index] = (values[0] - values[1]) / (2 * step)
        result.append(slopes)
    return result


@all_cases
def test_value_is_that_of_the_reference(case):
    expected = np.asarray(case.reference(*case.inputs))
    out = case.f(*leaves(case.inputs))
    assert isinstance(out, (sg.Tensor, sg.Value))
    assert np.shape(out.data) == expected.shape
    np.testing.assert_allclose(out.data, expected, rtol=1e-12, atol=1e-13)
    assert out.requires_grad


@some_cases(lambda c: c.function != "setitem")
def test_plain_arrays_give_plain_results(case):
    out = case.f(*case.inputs)
    assert isinstance(out, (np.ndarray, np.generic, float))
    np.testing.assert_allclose(out, case.reference(*case.inputs), rtol=1e-12, atol=1e-13)


@all_cases
def test_gradient_is_the_slope_of_the_reference(case):
    ours = gradients(case.f, case.inputs)
    for mine, numeric, x in zip(ours, numeric_gradients(case.reference, case.inputs), case.inputs):
        assert type(mine) is np.ndarray
        assert mine.shape == x.shape
        np.testing.assert_allclose(mine, numeric, rtol=1e-6, atol=case.tolerance)


@all_cases
def test_gradcheck_to_second_order(case):
    # Squared, since the second derivative of an operation that is linear would not use its rule's own rules.
    assert sg.gradcheck(lambda *xs: sg.square(case.f(*xs)), leaves(case.inputs), order=2)


@each("layout", LAYOUTS)
@all_cases
def test_layout_in_memory_changes_nothing(case, layout):
    expected = gradients(case.f, [np.array(x, order="C") for x in case.inputs])
    views = [in_layout(x, layout) for x in case.inputs]
    before = [x.copy() for x in views]
    for mine, other in zip(gradients(case.f, views), expected):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-14)
    for x, old in zip(views, before):
        np.testing.assert_array_equal(x, old)


@some_cases(lambda c: c.constant_rows)
def test_broadcast_views_have_the_gradient_of_a_copy(case):
    views = [np.broadcast_to(x[:1], x.shape) if x.ndim and len(x) else x for x in case.inputs]
    expected = gradients(case.f, [x.copy() for x in views])
    for mine, other in zip(gradients(case.f, views), expected):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-14)


@all_cases
def test_float32_is_kept(case):
    check_dtype(case, np.float32, 2e-5)


@some_cases(lambda c: c.half)
def test_float16_is_kept(case):
    check_dtype(case, np.float16, 2e-2)


def check_dtype(case: Case, dtype: Any, tolerance: float) -> None:
    xs = leaves([x.astype(dtype) for x in case.inputs])
    out = case.f(*xs)
    if isinstance(out, sg.Value):
        return
    assert out.dtype == dtype
    expected = case.reference(*[x.data.astype(np.float64) for x in xs])
    np.testing.assert_allclose(out.data.astype(np.float64), expected, rtol=tolerance, atol=tolerance)
    out.backward(weights_for(out.data))
    wide = gradients(case.f, [x.data.astype(np.float64) for x in xs])
    for x, other in zip(xs, wide):
        assert x.grad.dtype == dtype
        np.testing.assert_allclose(x.grad.astype(np.float64), other, rtol=tolerance, atol=tolerance)


@all_cases
def test_each_input_alone_has_the_same_gradient(case):
    expected = gradients(case.f, case.inputs)
    for k, x in enumerate(case.inputs):
        leaf = sg.Tensor(x, requires_grad=True)
        out = case.f(*case.inputs[:k], leaf, *case.inputs[k + 1 :])
        out.backward(weights_for(out.data) if isinstance(out, sg.Tensor) else 1.0)
        np.testing.assert_allclose(leaf.grad, expected[k], rtol=1e-12, atol=1e-14)


@all_cases
def test_gradients_share_no_memory(case):
    xs = leaves([x.copy() for x in case.inputs])
    out = case.f(*xs)
    seed = weights_for(out.data) if isinstance(out, sg.Tensor) else 1.0
    out.backward(seed)
    arrays = [x.grad for x in xs] + [x.data for x in xs]
    arrays += [out.data, seed] if isinstance(out, sg.Tensor) else []
    for i, mine in enumerate(arrays[: len(xs)]):
        assert mine.flags.writeable
        for other in arrays[i + 1 :]:
            assert not np.shares_memory(mine, other)


@all_cases
def test_nothing_is_recorded_under_no_grad(case):
    with sg.no_grad():
        xs = leaves(case.inputs)
        out = case.f(*xs)
    assert out.op is None
    assert not out.requires_grad or any(out is x for x in xs)
    np.testing.assert_allclose(out.data, case.reference(*case.inputs), rtol=1e-12, atol=1e-13)


ARRAY_LIKE = {
    "sum": (np.sum, [[1.0, 2.0]]),
    "mean": (np.mean, [[1.0, 2.0]]),
    "prod": (np.prod, [[[1, 2], [3, 4]]]),
    "max": (np.max, [[1.0, 2.0]]),
    "cumsum": (np.cumsum, [[1.0, 2.0]]),
    "norm": (np.linalg.norm, [[3.0, 4.0]]),
    "sort": (np.sort, [[2.0, 1.0]]),
    "take": (np.take, [[2.0, 1.0], [0, 0]]),
    "diag": (np.diag, [[2.0, 1.0]]),
    "trace": (np.trace, [[[2.0, 1.0], [3.0, 4.0]]]),
    "repeat": (np.repeat, [[2.0, 1.0], 2]),
    "tile": (np.tile, [[2.0, 1.0], 2]),
    "flip": (np.flip, [[2.0, 1.0]]),
    "reshape": (np.reshape, [[2.0, 1.0], (2, 1)]),
    "pad": (np.pad, [[2.0, 1.0], 1]),
    "split": (lambda x, n: np.split(np.array(x), n), [[2.0, 1.0], 2]),
    "matmul": (np.matmul, [[[1.0, 2.0]], [3.0, 4.0]]),
    "dot": (np.dot, [[1.0, 2.0], [3.0, 4.0]]),
    "outer": (np.outer, [[1.0, 2.0], [3.0, 4.0]]),
    "tensordot": (np.tensordot, [[1.0, 2.0], [3.0, 4.0], 1]),
    "einsum": (np.einsum, ["i,i->", [1.0, 2.0], [3.0, 4.0]]),
    "exp": (np.exp, [[1.0, 2.0]]),
    "hypot": (np.hypot, [[3.0, 5.0], [4.0, 12.0]]),
    "where": (np.where, [[True, False], [1.0, 2.0], 3.0]),
    "concatenate": (np.concatenate, [[[1.0], [2.0]]]),
    "relu": (lambda x: np.maximum(x, 0), [[-1.0, 2.0]]),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-np.array(x))), [[-1.0, 2.0]]),
    "softplus": (lambda x: np.log1p(np.exp(x)), [[-1.0, 2.0]]),
    "logsumexp": (lambda x: np.log(np.sum(np.exp(x))), [[-1.0, 2.0]]),
    "flatten": (np.ravel, [[[1.0, 2.0]]]),
}


@pytest.mark.parametrize("name", ARRAY_LIKE)
def test_lists_are_array_like(name):
    reference, arguments = ARRAY_LIKE[name]
    out = getattr(sg, name)(*arguments)
    np.testing.assert_allclose(out, reference(*arguments), rtol=1e-14)


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.float64(2), np.array(2.0)], ids=repr)
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "exp", "sqrt", "square", "sinc", "abs"])
def test_numbers_are_array_like(name, number):
    assert getattr(sg, name)(number) == pytest.approx(float(getattr(np, name)(2.0)), rel=1e-6, abs=1e-7)


def recorded(case: Any) -> set[str]:
    """Names of the operations in the graph of a case."""
    return {node.op.name for node in backward_order(case.f(*leaves(case.inputs)))}


def test_every_operation_of_the_table_has_a_case():
    covered = {name for case in CASES for name in recorded(case)}
    missing = set(Op.table) - covered
    assert not missing, f"operations without a test case: {sorted(missing)}"


def test_every_public_function_has_a_case():
    functions = {case.function for case in CASES}
    missing = set(autograd.__all__) - functions - NOT_OPERATIONS
    assert not missing, f"public functions without a test case: {sorted(missing)}"


def test_every_function_of_linear_algebra_has_a_case():
    names = {case.name.removeprefix("linalg[").split(" ")[0] for case in CASES if case.function == "linalg"}
    assert {name for name in sg.linalg.__all__ if not name.endswith("Result")} == names


def test_every_elementwise_operation_is_public():
    page = {
        name for name, op in vars(elementwise).items() if isinstance(op, elementwise.Elementwise) and name[0] != "_"
    }
    internal = {"ratio", "at_least", "at_most"}  # for rules and for other operations
    missing = page - internal - set(elementwise.__all__)
    assert not missing, f"not in __all__ of elementwise.py: {sorted(missing)}"


def test_every_case_names_something_that_exists():
    known = set(autograd.__all__) | set(Op.table)
    assert {case.function for case in CASES} <= known
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_operation_is_documented():
    undocumented = [
        name
        for name in autograd.__all__
        if callable(getattr(autograd, name)) and not inspect.getdoc(getattr(autograd, name))
    ]
    assert not undocumented
