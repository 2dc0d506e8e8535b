"""Operators and the backward pass without masks give what the definitions give, and leave to them what is unusual."""

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.core.backward import backprop
from seegrad.autograd.core.node import NO_PARAMS
from seegrad.autograd.core.op import Op
from seegrad.autograd.core.recording import record
from seegrad.autograd.fast.array_graphs import array_pass
from seegrad.common import seam

SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan, 1e-300, 1e300])

STEPS = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / y,
    lambda x, y: x.exp() + y.tanh(),
    lambda x, y: (x * x).sqrt() * y,
    lambda x, y: sg.where(x.data > 0, x.log(), y),
    lambda x, y: sg.maximum(x, y).relu(),
    lambda x, y: x.sum(axis=-1, keepdims=True) * y.mean(axis=0),
    lambda x, y: sg.concatenate([x[:1], y[1:]]),
    lambda x, y: x.max(axis=0) + y.clip(-1.0, 1.0),
    lambda x, y: (x @ y.T) @ y,
    lambda x, y: x[::-1] * y.softmax(axis=-1),
]


def definition(root, grad_output, **options):
    """Return what the general backward pass gives."""
    passes = list(seam.backward_passes)
    seam.backward_passes.clear()
    try:
        return backprop(root, grad_output, **options)
    finally:
        seam.backward_passes.extend(passes)


def random_graph(rng, special):
    leaves = [sg.tensor(rng.normal(size=(3, 4)), requires_grad=bool(k != 2)) for k in range(4)]
    if special:
        for leaf in leaves:
            places = rng.random((3, 4)) < 0.2
            leaf.data = np.where(places, rng.choice(SPECIAL, (3, 4)), leaf.data)
    nodes = list(leaves)
    with np.errstate(all="ignore"):
        for _ in range(8):
            x, y = (nodes[i] for i in rng.integers(0, len(nodes), 2))
            nodes.append(STEPS[rng.integers(len(STEPS))](x, y))
        return (nodes[-1] + nodes[-2] * leaves[0]), leaves


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_it_agrees_with_the_definition(seed, special):
    root, leaves = random_graph(np.random.default_rng(seed), special)
    grad_output = np.ones(root.shape)
    with np.errstate(all="ignore"):
        expected = definition(root, grad_output, keep=True)
        found = backprop(root, grad_output, keep=True)
    assert found.keys() == expected.keys()
    for x, g in expected.items():
        size = np.abs(g[np.isfinite(g)]).max(initial=0.0)
        np.testing.assert_allclose(found[x], g, rtol=1e-12, atol=1e-12 * size)
        assert found[x].dtype == g.dtype
    stop = frozenset(sorted(expected, key=lambda x: x.number)[-4:-2])
    with np.errstate(all="ignore"):
        ends = backprop(root, grad_output, stop=stop)
        assert ends.keys() == definition(root, grad_output, stop=stop).keys()


def test_a_gradient_that_is_not_finite_behind_a_choice_is_left_to_the_definition():
    x = sg.tensor([0.0, 4.0], requires_grad=True)
    out = sg.where(x.data > 0, x.sqrt(), 0.0).sum()
    assert array_pass(out, np.array(1.0), False, False, frozenset(), {}) is NotImplemented
    out.backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])


def test_gradients_of_parts_are_added_up_in_one_array():
    rng = np.random.default_rng(0)
    x = sg.tensor(rng.normal(size=(4, 6)), requires_grad=True)
    y = x * 2.0
    parts = (y[:, :2], y[1:, ::-2], y[2], y[..., None], y[3, 4], y[1:1], y + 1.0, y * y)
    arriving = [rng.normal(size=p.shape) for p in parts]
    out = sum(((p * g).sum() for p, g in zip(parts, arriving)), start=0.0 * y.sum())
    for grad_output in (np.array(1.0), np.array(np.inf), np.array(np.nan)):
        with np.errstate(all="ignore"):
            found, expected = (f(out, grad_output, keep=True) for f in (backprop, definition))
        assert found.keys() == expected.keys()
        for node, g in expected.items():
            np.testing.assert_allclose(found[node], g, rtol=1e-12, atol=1e-12)
    arrays = [g for g in backprop(out, np.array(1.0), keep=True).values() if g.size == 24]
    assert len(arrays) > 4
    before = [a.copy() for a in arrays]
    backprop(out, np.array(1.0), keep=True)
    for a, b in zip(arrays, before):
        np.testing.assert_array_equal(a, b)


def test_a_gradient_that_others_use_too_is_not_written_to():
    x = sg.tensor(np.ones(3), requires_grad=True)
    y, z = x * 1.0, x * 1.0
    total = y + z  # both get the same array
    out = (total + y + y + z[:2].sum() + y[1]).sum()
    found, expected = (f(out, np.array(1.0), keep=True) for f in (backprop, definition))
    for node, g in expected.items():
        np.testing.assert_array_equal(found[node], g)


@sg.primitive
def half(x):
    return x / 2


half.rules(lambda g, out, x: g / 2)


@pytest.mark.parametrize("last", [0.0, 9.0])
def test_user_defined_code_is_called_once_and_sees_nothing_that_may_be_wrong(last):
    seen = []
    x = sg.tensor([last, 4.0], requires_grad=True)
    y = half(x * 2.0)
    y.register_hook(lambda g: seen.append(g.copy()))
    z = half(y * 2.0)
    z.register_hook(lambda g: seen.append(g.copy()))
    out = sg.where(x.data > 0, y.sqrt(), 0.0).sum() + z.sum()
    out.backward()
    expected = [[1.0, 1.0], [1.0 + (0.5 / last**0.5 if last else 0.0), 1.25]]
    np.testing.assert_array_equal(sorted(seen, key=list), sorted(expected))
    np.testing.assert_array_equal(x.grad, expected[1])


def test_graphs_with_hooks_need_no_masks():
    x = sg.tensor([1.0, 4.0], requires_grad=True)
    y = half(x * 2.0)
    y.register_hook(lambda g: g * 3.0)
    out = sg.where(x.data > 2, y.sqrt(), 0.0).sum()
    found = array_pass(out, np.array(1.0), False, False, frozenset(), {})
    np.testing.assert_array_equal(dict(found)[x], [0.0, 0.75])


OPERATORS = [f"__{side}{name}__" for side in ("", "r") for name in ("add", "sub", "mul", "truediv")]


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_record_what_the_definition_records(operator):
    from seegrad.autograd.arithmetic import Arithmetic

    x, y = sg.tensor(SPECIAL, requires_grad=True), sg.tensor(SPECIAL[::-1].copy(), requires_grad=True)
    with np.errstate(all="ignore"):
        for other in (y, 2.0, 2, True, SPECIAL, SPECIAL > 0, sg.tensor(SPECIAL), np.float32(3.0), np.float64(3.0)):
            if operator.startswith("__r") and isinstance(other, sg.Tensor):
                continue
            quick, plain = getattr(x, operator)(other), getattr(Arithmetic, operator)(x, other)
            np.testing.assert_array_equal(quick.data, plain.data)
            assert (quick.op, quick.dtype, quick.requires_grad) == (plain.op, plain.dtype, plain.requires_grad)
            assert [
                i is j or np.array_equal(i._plain, j._plain, equal_nan=True) for i, j in zip(quick.inputs, plain.inputs)
            ] == [True, True]
            assert not quick.data.flags.writeable
    assert getattr(x, operator)("text") is NotImplemented
    with sg.no_grad(), np.errstate(all="ignore"):
        assert not getattr(x, operator)(sg.tensor(2.0)).requires_grad


def test_a_plain_operand_is_kept_as_it_was():
    plain = np.array([2.0, 3.0])
    x = sg.tensor([1.0, 1.0], requires_grad=True)
    for out in (x * plain, plain * x, np.multiply(x, plain), np.matmul(plain, x), sg.maximum(x, plain)):
        assert not any(np.shares_memory(i._plain, plain) for i in out.inputs)
    frozen = plain.copy()
    frozen.setflags(write=False)
    assert any(i._plain is frozen for i in (x * frozen).inputs)


def test_mixed_operands_are_left_to_the_definition():
    x = sg.tensor(np.ones(2, np.float32), requires_grad=True)
    assert (x * np.ones(2)).dtype == np.float64
    assert (x * sg.Value(2.0)).dtype == np.float32
    with pytest.raises(ValueError, match="matmul"):
        np.matmul(x, 2.0)
    with sg.no_grad():
        assert not (2.0 * x).requires_grad


RECORDED = [
    ("exp", 1, NO_PARAMS),
    ("relu", 1, NO_PARAMS),
    ("maximum", 2, NO_PARAMS),
    ("sum", 1, {"axis": None, "keepdims": False}),
    ("sum", 1, {"axis": 0, "keepdims": True}),
    ("cumsum", 1, {"axis": None}),
    ("matmul", 2, NO_PARAMS),
]


@pytest.mark.parametrize(("name", "arity", "params"), RECORDED)
@pytest.mark.parametrize("kind", [sg.tensor, lambda x, **_: sg.nn.Parameter(x)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_operations_record_what_the_definition_records(name, arity, params, kind, dtype):
    op = Op.table[name]
    with np.errstate(all="ignore"):
        inputs = tuple(kind(np.roll(SPECIAL, k).astype(dtype), requires_grad=True) for k in range(arity))
        quick = op.apply(inputs, params)
        plain = record(op, op.forward(*[x.data for x in inputs], **params), inputs, params)
        untracked = op.apply(tuple(sg.tensor(x.data) for x in inputs), params)
    np.testing.assert_array_equal(quick.data, plain.data)
    assert (quick.dtype, quick.shape, type(quick), quick.op) == (plain.dtype, plain.shape, sg.Tensor, op)
    assert [i is j for i, j in zip(quick.inputs, inputs, strict=True)] == [True] * arity
    assert quick.params == params
    assert quick.requires_grad
    assert not quick.data.flags.writeable
    assert untracked.op is None
    assert not untracked.requires_grad


@pytest.mark.parametrize("number", [0.0, -0.0, 1.5, np.inf, np.nan])
def test_operations_take_numbers_of_numpy_as_the_definition_does(number):
    for scalar in (np.float64(number), np.float32(number)):
        spread = sg.autograd.ops.shaping.broadcast_to(scalar, (2, 3))
        np.testing.assert_array_equal(spread, np.full((2, 3), scalar))
        np.testing.assert_array_equal(np.signbit(spread), np.signbit(np.full((2, 3), scalar)))
        assert spread.dtype == scalar.dtype
        assert not spread.flags.writeable
        assert sg.exp(scalar).dtype == scalar.dtype
        np.testing.assert_array_equal(sg.exp(scalar), np.exp(scalar))
