"""What was not taken has no influence, to any order; what was taken keeps its gradient, even one of zero."""

from __future__ import annotations

import numpy as np
import pytest
from operation_cases import CASES

import seegrad as sg
from seegrad.autograd import Op
from seegrad.autograd.ops.masks import is_opaque, reach

pytestmark = pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide).*:RuntimeWarning")

BAD = np.array([0.0, 1.0])  # log, sqrt, ... are infinite at the first element


def first_and_second(f, x):
    return sg.grad(f)(x), sg.hessian(f)(x)


# --------------------------------------------------------------------------- each operation, one by one


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_an_operation_is_said_not_to_depend_on_gets_no_gradient(case, rng):
    """Random gradients at the elements that were taken lead to zeros outside of what `reach` tells."""
    leaves = [sg.tensor(x, requires_grad=True) for x in case.inputs]
    out = case.f(*leaves)
    out = out if isinstance(out, tuple) else (out,)
    todo, seen = [o for o in out if isinstance(o, sg.Tensor)], set()
    while todo:
        node = todo.pop()
        if node in seen or node.op is None:
            continue
        seen.add(node)
        todo += [x for x in node.inputs if x.requires_grad]
        check_reach(node, rng)


def check_reach(node, rng):
    for density in (0.0, 0.2, 0.6):
        taken = rng.random(np.shape(node._plain)) < density
        g = np.where(taken, rng.normal(size=np.shape(taken)), 0.0)
        inputs = node.inputs
        for x, rule in zip(inputs, node.op.rules_for(inputs)):
            if not x.requires_grad:
                continue
            part = reach(taken, node, x, rule, inputs)
            if part is not None:
                d = x.fit_gradient(rule(g, node._plain, *[i._plain for i in inputs], **node.params))
                assert np.shape(part) == np.shape(x._plain)
                if node.op.name == "vectors":  # its last number tells that it was used
                    d = d[..., :-1]
                    part = part[..., :-1]
                np.testing.assert_allclose(np.where(part, 0.0, d), 0.0, atol=1e-12)
            else:
                assert taken.any() or not x._plain.size


def test_choices_are_exact_and_noticed_on_the_way():
    for op in Op.table.values():
        assert not op.chooses or op.poles
        assert not op.chooses or op.exact or op.linear


def test_it_is_known_of_operations_what_they_leave_out():
    """A new operation belongs into ``choices.py``, unless nothing can be said of it."""
    assert {op.name for op in Op.table.values() if is_opaque(op) and not op.user_defined} == {"solve", "batch_norm"}


# ------------------------------------------------------------------------------------- first derivatives

W = np.array([[1.0, 2.0], [3.0, 5.0]])

#: Functions in which the first of two elements takes no part, and their gradient at [0, 1].
LEFT_OUT = {
    "where": (lambda x: sg.where(x > 0, sg.log(x), 0.0).sum(), [0.0, 1.0]),
    "where, the other side": (lambda x: sg.where(x <= 0, 0.0, sg.log(x)).sum(), [0.0, 1.0]),
    "where in where": (lambda x: sg.where(x < 9, sg.where(x > 0, sg.sqrt(x), 0.0), 1.0).sum(), [0.0, 0.5]),
    "np.where": (lambda x: np.where(x > 0, np.log(x), 0.0).sum(), [0.0, 1.0]),
    "np.select": (lambda x: np.select([x > 0], [np.log(x)], 0.0).sum(), [0.0, 1.0]),
    "nan_to_num": (lambda x: np.nan_to_num(sg.sqrt(x) / x).sum(), [0.0, -0.5]),
    "relu": (lambda x: sg.relu(sg.log(x) + 1.0).sum(), [0.0, 1.0]),
    "maximum": (lambda x: sg.maximum(sg.log(x), -5.0).sum(), [0.0, 1.0]),
    "minimum": (lambda x: sg.minimum(-sg.log(x), 5.0).sum(), [0.0, -1.0]),
    "fmax": (lambda x: sg.fmax(sg.log(x), -5.0).sum(), [0.0, 1.0]),
    "clip": (lambda x: sg.clip(sg.log(x), -5.0, 5.0).sum(), [0.0, 1.0]),
    "ReLU6": (lambda x: sg.nn.ReLU6()(sg.log(x) + 1.0).sum(), [0.0, 1.0]),
    "max": (lambda x: sg.log(x).max(), [0.0, 1.0]),
    "max along an axis": (lambda x: sg.max(sg.stack([sg.log(x), x * 3.0 - 4.0]), axis=0).sum(), [3.0, 1.0]),
    "min": (lambda x: (-sg.log(x)).min(), [0.0, -1.0]),
    "index": (lambda x: sg.sqrt(x)[1], [0.0, 0.5]),
    "slice": (lambda x: sg.sqrt(x)[1:].sum(), [0.0, 0.5]),
    "take": (lambda x: sg.take(sg.sqrt(x), [1, 1]).sum(), [0.0, 1.0]),
    "boolean index": (lambda x: sg.sqrt(x)[x > 0].sum(), [0.0, 0.5]),
    "sort": (lambda x: sg.sort(sg.sqrt(x))[1], [0.0, 0.5]),
    "split": (lambda x: sg.split(sg.sqrt(x), 2)[1].sum(), [0.0, 0.5]),
    "diagonal": (lambda x: sg.diagonal(sg.stack([x, sg.sqrt(x)])).sum(), [1.0, 0.5]),
    "triu": (lambda x: sg.triu(sg.stack([sg.sqrt(x)[::-1], sg.sqrt(x)]))[1:].sum(), [0.0, 0.5]),
    "floor": (lambda x: sg.floor(sg.sqrt(x)).sum(), [0.0, 0.0]),
    "sign": (lambda x: (sg.sign(sg.sqrt(x)) * x).sum(), [0.0, 1.0]),
    "max_pool2d": (lambda x: sg.max_pool2d(sg.sqrt(x).reshape((1, 1, 2, 1)), (1, 2)).sum(), [0.0, 0.5]),
    "avg_pool2d": (lambda x: sg.avg_pool2d(sg.sqrt(x)[::-1].reshape((1, 1, 2, 1)), 1, 2).sum(), [0.0, 0.5]),
    "broadcast": (lambda x: sg.where(x > 0, sg.log(x) * np.ones((3, 2)), 0.0).sum(), [0.0, 3.0]),
    "reshape": (lambda x: sg.where(BAD[:, None] > 0, sg.log(x).reshape((2, 1)), 0.0).sum(), [0.0, 1.0]),
    "concatenate": (
        lambda x: sg.where(np.array([0, 1, 0, 1]) > 0, sg.concatenate([sg.log(x), sg.sqrt(x)]), 0.0).sum(),
        [0.0, 1.5],
    ),
    "sum": (lambda x: sg.where(BAD > 0, sg.sum(sg.log(x)[:, None] * W, axis=1), 0.0).sum(), [0.0, 8.0]),
    "mean": (lambda x: sg.where(BAD > 0, sg.mean(sg.log(x)[:, None] * W, axis=1), 0.0).sum(), [0.0, 4.0]),
    "softmax": (
        lambda x: sg.where(BAD[:, None] > 0, sg.softmax(sg.log(x)[:, None] * [[1.0, 0.0]]), 0.0)[:, 0].sum(),
        [0.0, 0.25],
    ),
    "logsumexp": (
        lambda x: sg.where(BAD > 0, sg.logsumexp(sg.sqrt(x)[:, None] * [[1.0, 1.0]], axis=1), 0.0).sum(),
        [0.0, 0.5],
    ),
    "matmul": (lambda x: sg.where(BAD[:, None] > 0, sg.log(x)[:, None] @ np.ones((1, 3)), 0.0).sum(), [0.0, 3.0]),
    "vector @ matrix": (lambda x: sg.where(BAD > 0, sg.sqrt(x) @ np.diag([1.0, 2.0]), 0.0).sum(), None),
    "einsum": (
        lambda x: sg.where(BAD[:, None] > 0, sg.einsum("i,j->ij", sg.log(x), np.ones(3)), 0.0).sum(),
        [0.0, 3.0],
    ),
    "conv2d": (
        lambda x: sg.where(
            BAD[:, None, None, None] > 0, sg.conv2d(sg.log(x).reshape((2, 1, 1, 1)), np.ones((1, 1, 1, 3))), 0.0
        ).sum(),
        [0.0, 3.0],
    ),
    "inv": (
        lambda x: sg.where(
            BAD[:, None, None] > 0, sg.linalg.inv((sg.sqrt(x) + 1.0)[:, None, None] * np.eye(2)), 0.0
        ).sum(),
        [0.0, -0.25],
    ),
    "checkpoint": (lambda x: sg.checkpoint(lambda t: sg.where(t > 0, sg.log(t), 0.0).sum(), x), [0.0, 1.0]),
    "matmul with an infinite factor": (
        lambda x: sg.where(BAD > 0, x @ np.array([[np.inf, 2.0], [1.0, 3.0]]), 0.0).sum(),
        [2.0, 3.0],
    ),
    "einsum with an infinite factor": (
        lambda x: sg.where(BAD > 0, sg.einsum("i,ij->j", x, np.array([[np.inf, 2.0], [1.0, 3.0]])), 0.0).sum(),
        [2.0, 3.0],
    ),
    "conv2d with an infinite factor": (
        lambda x: sg.where(
            BAD > 0, sg.conv2d(x.reshape((1, 1, 2, 1)), np.array([[[[np.inf, 2.0]]]])).reshape((2, 2)), 0.0
        ).sum(),
        [2.0, 2.0],
    ),
    "cos far below": (lambda x: sg.where(x > 0, sg.cos(sg.sqrt(x) * 0.0 + sg.log(x)), 0.0).sum(), [0.0, 0.0]),
}


@pytest.mark.parametrize("name", [name for name, (_, wanted) in LEFT_OUT.items() if wanted is not None])
def test_what_is_left_out_has_no_gradient(name):
    f, wanted = LEFT_OUT[name]
    np.testing.assert_allclose(sg.grad(f)(BAD), wanted, rtol=1e-12)
    x = sg.tensor(BAD, requires_grad=True)
    f(x).backward(create_graph=True)
    np.testing.assert_allclose(x.grad.data, wanted, rtol=1e-12)
    assert np.isfinite(sg.hessian(f)(BAD)).all()
    np.testing.assert_allclose(sg.jvp(f, (BAD,), (np.array([1.0, 10.0]),))[1], wanted[0] + 10 * wanted[1], rtol=1e-12)
    t = sg.tensor(BAD, requires_grad=True)
    with sg.detect_anomaly():  # watches only what is left over
        out = sg.where(t.data > 0, t * t, 0.0).sum()
        out.backward()


def test_zero_times_infinity_is_honest_where_nothing_was_chosen():
    for f in (
        lambda x: (sg.sqrt(x) * np.array([0.0, 1.0])).sum(),
        lambda x: (sg.log(x + 0.0) * x * 0.0).sum(),
        lambda x: sg.where(x >= 0, sg.sqrt(x) * 0.0, 1.0).sum(),
        lambda x: sg.sqrt(x) @ np.array([0.0, 1.0]),
    ):
        assert np.isnan(sg.grad(f)(BAD)[0])
        assert np.isfinite(sg.grad(f)(BAD)[1])
    assert sg.grad(lambda x: sg.sqrt(x)[0])(BAD)[0] == np.inf


def test_a_branch_that_is_also_used_elsewhere_keeps_its_infinity():
    def f(x):
        root = sg.sqrt(x)
        return sg.where(x > 0, root, 0.0).sum() + root[0]

    np.testing.assert_array_equal(sg.grad(f)(BAD), [np.inf, 0.5])


# ------------------------------------------------------------------------------------ second derivatives


@pytest.mark.parametrize("all_first", [True, False])
@pytest.mark.parametrize("inner", [sg.exp, lambda x: sg.sum(sg.exp(x) * np.eye(2), axis=1)], ids=["exp", "sum"])
def test_what_one_reader_leaves_out_another_may_take(inner, all_first):
    """An element counts as left out only if no reader took it, whoever reads first."""

    def f(x):
        y = inner(x)
        readers = [lambda: y.sum(), lambda: sg.where(BAD > 0, y, 0.0).sum()]
        first, second = [read() for read in (readers if all_first else readers[::-1])]
        return first + second

    x = np.array([0.5, 1.0])
    first, second = first_and_second(f, x)
    np.testing.assert_allclose(first, [1.0, 2.0] * np.exp(x), rtol=1e-15)
    np.testing.assert_allclose(second, np.diag([1.0, 2.0] * np.exp(x)), rtol=1e-15)


def test_a_direction_is_pushed_through_where():
    for f in (lambda x: sg.where(x > 0, sg.log(x), 0.0), lambda x: sg.relu(sg.log(x)) - sg.relu(-sg.log(x))):
        values, tangents = sg.jvp(f, (np.array([0.0, 2.0]),), (np.ones(2),))
        assert tangents[1] == 0.5
    _, tangents = sg.jvp(lambda x: sg.where(x > 0, sg.log(x), 0.0), (BAD,), (np.ones(2),))
    np.testing.assert_array_equal(tangents, [0.0, 1.0])
    _, tangents = sg.jvp(lambda x: sg.sqrt(x)[1:], (BAD,), (np.ones(2),))
    np.testing.assert_array_equal(tangents, [0.5])


def test_the_hessian_at_an_exact_fit():
    x = np.array([0.0, 1.0])

    def f(p):
        return ((sg.where(x * p > 0, sg.sqrt(x * p), 0.0) - x) ** 2).sum()

    assert sg.hessian(f)(1.0) == 0.5
    assert sg.grad(sg.grad(f))(1.0) == 0.5


POWERS = {1.5: (0.75, -0.375), 2.5: (3.75, 1.875)}


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("kind", ["array", "number"])
def test_derivatives_that_become_infinite_later(power, kind):
    """x**1.5 has a finite slope at 0 and an infinite second derivative there."""
    second, third = POWERS[power]

    def f(x):
        return sg.where(x > 0, x**power, 0.0).sum() if kind == "array" else sg.where(x > 0, x**power, 0.0)

    for x, wanted in ((0.0, (0.0, 0.0)), (1.0, (second, third))):
        d = sg.grad(sg.grad(f))
        assert d(x) == pytest.approx(wanted[0])
        assert sg.grad(d)(x) == pytest.approx(wanted[1])
    v = sg.Value(0.0)
    out = sg.where(v > 0, v**power, v * v)
    out.backward(create_graph=True)
    first, v.grad = v.grad, None
    first.backward()
    assert v.grad == 2.0


def test_the_hessian_of_a_mixed_function():
    def f(x):
        return (sg.where(x > 0, sg.sqrt(x) * x, x * x) * np.array([3.0, 1.0])).sum()

    np.testing.assert_allclose(sg.hessian(f)(np.array([0.0, 4.0])), [[6.0, 0.0], [0.0, 0.375]])
    np.testing.assert_allclose(sg.jacobian(sg.grad(f))(np.array([0.0, 4.0])), [[6.0, 0.0], [0.0, 0.375]])


def test_gradcheck_accepts_a_branch_that_was_not_taken():
    x = sg.tensor([-1.0, 2.0], requires_grad=True)
    assert sg.gradcheck(lambda x: sg.where(x > 0, sg.sqrt(x), 0.0) * x, x, order=2)


# --------------------------------------------------------------------------------------- numbers, compile


NUMBERS = [
    lambda v: sg.where(v > 0, v.log(), v * 3.0),
    lambda v: v.log().relu() + v * 3.0,
    lambda v: sg.maximum(v.log(), -5.0) + v * 3.0,
    lambda v: sg.clip(v.sqrt(), 0.5, 2.0) + v * 3.0,
    lambda v: sg.sqrt((v - 1.0).relu()) + v * 3.0,
]


@pytest.mark.parametrize("f", NUMBERS)
def test_numbers(f):
    v = sg.Value(0.0)
    f(v).backward()
    assert v.grad == 3.0
    compiled = sg.compile(f)
    for _ in range(3):
        v = sg.Value(0.0)
        compiled(v).backward()
        assert v.grad == 3.0
    v = sg.Value(0.0)
    f(v).backward(create_graph=True)
    assert v.grad.data == 3.0


# ------------------------------------------------------------------------------ rules are called once


def counted(rule):
    calls = []

    @sg.primitive
    def op(x):
        return np.sqrt(x)

    def noted(g, out, x):
        calls.append(1)
        return rule(g, out, x)

    op.rules(noted)
    return op, calls


def fails(error):
    def rule(g, out, x):
        raise error

    return rule


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), ValueError("x"), TypeError("x"), AttributeError("x")])
@pytest.mark.parametrize("data", [2.0, np.ones(3)])
def test_a_rule_that_raises_is_run_once(error, data):
    op, calls = counted(fails(error))
    x = sg.Value(data) if isinstance(data, float) else sg.tensor(data, requires_grad=True)
    with pytest.raises(type(error)):
        sg.grad(lambda x: op(x).sum() if isinstance(data, np.ndarray) else op(x))(x)
    assert len(calls) == 1


def test_a_rule_whose_result_does_not_fit_is_run_once():
    op, calls = counted(lambda g, out, x: np.ones(7))
    with pytest.raises(ValueError, match="shape"):
        sg.grad(lambda x: op(x).sum())(np.ones(3))
    assert len(calls) == 1


@pytest.mark.parametrize("order", ["inside", "before", "after", "far after"])
def test_a_rule_is_run_once_where_a_choice_needs_masks(order):
    op, calls = counted(lambda g, out, x: 0.5 * g / out)
    op.elementwise = True

    def f(x):
        if order == "inside":
            return sg.where(x > 0, op(x), 0.0).sum()
        if order == "before":
            return sg.where(x > 0, sg.sqrt(op(x)), 0.0).sum()
        if order == "after":
            return op(sg.where(x > 0, sg.sqrt(x), 4.0)).sum()
        return sg.where(x > 0, sg.sqrt(x + op(x * 0.0 + 1.0) - 1.0), 0.0).sum()

    wanted = {"inside": [0.0, 0.5], "before": [0.0, 0.25], "after": [0.0, 0.25], "far after": [0.0, 0.5]}
    np.testing.assert_array_equal(sg.grad(f)(BAD), wanted[order])
    assert len(calls) == 1


def test_below_an_operation_of_which_nothing_is_known():
    @sg.primitive
    def double(x):
        return 2.0 * x

    double.rules(lambda g, out, x: 2.0 * g)
    np.testing.assert_array_equal(sg.grad(lambda x: sg.where(x > 0, double(sg.sqrt(x)), 0.0).sum())(BAD), [0.0, 1.0])
    kept = sg.grad(lambda x: sg.where(x > 0, sg.checkpoint(sg.exp, sg.sqrt(x)), 0.0).sum())(BAD)
    np.testing.assert_allclose(kept, [0.0, 0.5 * np.e])


def test_a_hook_is_called_once_where_a_choice_needs_masks():
    calls = []
    x = sg.tensor(BAD, requires_grad=True)
    y = sg.sqrt(x)
    y.register_hook(lambda g: calls.append(np.asarray(g)))
    sg.where(x > 0, y, 0.0).sum().backward()
    assert len(calls) == 1
    np.testing.assert_array_equal(x.grad, [0.0, 0.5])
    x = sg.tensor(BAD, requires_grad=True)
    y = sg.where(x > 0, sg.sqrt(x), 1.0) * 2.0
    y.register_hook(lambda g: calls.append(1) or 3.0 * g)
    y.sum().backward()
    assert len(calls) == 2
    np.testing.assert_array_equal(x.grad, [0.0, 3.0])


@pytest.mark.parametrize("f", [lambda x: sg.linalg.eigh(x).eigenvectors, lambda x: sg.linalg.svd(x).U])
def test_vectors_that_were_not_taken_are_not_used(f):
    x = np.eye(2)
    gradient = sg.grad(lambda t: sg.where(t.sum() > 9, f(t), t).sum())(x)
    np.testing.assert_array_equal(gradient, np.ones((2, 2)))
