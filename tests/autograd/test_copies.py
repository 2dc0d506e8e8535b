"""Copies and pickles of nodes, graphs and operations."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import seegrad as sg
from seegrad import Value, nn


@sg.primitive
def triple(x):
    return 3.0 * x


triple.rules(lambda g, out, x: 3.0 * g)


def through_pickle(x):
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("copied", [through_pickle, copy.deepcopy, copy.copy])
@pytest.mark.parametrize(
    "name", ["relu", "softmax", "log", "matmul", "conv2d", "abs", "where", "norm", "split", "stack"]
)
def test_operations_are_the_same_after_copying(copied, name):
    operation = getattr(sg, name)
    assert copied(operation) is operation


@pytest.mark.parametrize("copied", [through_pickle, copy.deepcopy, copy.copy])
def test_user_defined_operations_are_found_where_they_are_defined(copied):
    assert copied(triple) is triple


def test_every_operation_of_the_table():
    from seegrad.autograd import Op

    for operation in Op.table.values():
        assert through_pickle(operation) is operation


@pytest.mark.parametrize("copied", [through_pickle, copy.deepcopy, copy.copy])
@pytest.mark.parametrize(
    "leaf",
    [
        Value(2.0, label="v"),
        sg.tensor([1.0, 2.0], requires_grad=True, label="t"),
        sg.tensor([1, 2]),
        nn.Parameter(np.ones(2), label="p"),
    ],
    ids="value tensor integers parameter".split(),
)
def test_leaves(copied, leaf):
    leaf.grad = None
    before = leaf.grad
    twin = copied(leaf)
    assert twin is not leaf
    assert type(twin) is type(leaf)
    assert (twin.requires_grad, twin.label, twin.number != leaf.number) == (leaf.requires_grad, leaf.label, True)
    np.testing.assert_array_equal(twin.data, leaf.data)
    if leaf.requires_grad:
        (twin * 3.0).sum().backward() if isinstance(twin, sg.Tensor) else (twin * 3.0).backward()
        assert np.all(twin.grad == 3.0)
        assert leaf.grad == before


def test_what_was_computed_without_a_graph_can_be_sent():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    with sg.no_grad():
        y = x * 2
    np.testing.assert_array_equal(through_pickle(y).data, [2.0, 4.0])
    np.testing.assert_array_equal(through_pickle((x * 2).detach()).data, [2.0, 4.0])


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_computed_tensor_is_pickled_with_its_graph(protocol):
    x, w = sg.tensor([1.0, 2.0], requires_grad=True, label="x"), sg.tensor([[1.0, -2.0], [0.5, 3.0]])
    y = x * 2.0
    y[0] = y[1] * x[0]
    y.label = "y"
    loss = (sg.softmax(w @ y) * np.array([1.0, 3.0])).sum() + sg.einsum("i,i->", y, x)
    twin, leaf = pickle.loads(pickle.dumps((loss, x), protocol))
    assert twin.item() == loss.item()
    twin.backward()
    assert x.grad is None
    loss.backward()
    np.testing.assert_array_equal(leaf.grad, x.grad)
    assert leaf is not x
    slope = sg.autograd.backprop(twin, sg.tensor(1.0), create_graph=True)[leaf]
    assert np.all(np.isfinite(slope.data))
    with pytest.raises(ValueError, match="read-only"):
        twin.data[...] = 0.0


def test_a_computed_value_is_pickled_with_its_graph():
    a = Value(2.0, label="a")
    twin, leaf = through_pickle(((a * a).tanh() * 3.0, a))
    twin.backward()
    assert leaf.grad == pytest.approx(3.0 * 4.0 * (1.0 - np.tanh(4.0) ** 2))
    assert (leaf.label, a.grad) == ("a", 0.0)


@pytest.mark.parametrize("start", [Value(0.5), sg.tensor([0.5], requires_grad=True)], ids=["Value", "Tensor"])
def test_a_deep_graph_is_pickled(start):
    y = start
    for _ in range(5_000):
        y = y * 1.0
    twin = through_pickle(y)
    twin.backward()
    x = twin
    while x.op is not None:
        x = x.inputs[0]
    assert x.grad == 1.0


def test_a_graph_whose_data_has_been_overwritten_is_not_pickled():
    x = sg.tensor([1.0], requires_grad=True)
    y = x * x
    with sg.no_grad():
        x -= 1.0
    with pytest.raises(RuntimeError, match="changed in place"):
        pickle.dumps(y)


@pytest.mark.parametrize("start", [Value(0.5), sg.tensor([0.5, -0.5], requires_grad=True)], ids=["Value", "Tensor"])
@pytest.mark.parametrize("depth", [500, 20_000])
def test_a_deep_graph_is_copied(start, depth):
    y = start
    for _ in range(depth):
        y = y * 1.0 + 0.0 if depth == 500 else y * 1.0
    twin = copy.deepcopy(y)
    np.testing.assert_array_equal(twin.data, y.data)
    assert twin.op is y.op
    x, leaf = twin, y
    while x.op is not None:
        x, leaf = x.inputs[0], leaf.inputs[0]
    assert x is not leaf
    start.grad = None
    twin.backward() if isinstance(twin, Value) else twin.sum().backward()
    assert np.all(x.grad == 1.0)
    assert not np.any(start.grad)


def test_what_is_shared_stays_shared():
    w, x = sg.tensor([1.0, 2.0], requires_grad=True), sg.tensor([3.0, 4.0], requires_grad=True)
    hidden = w * x
    first, second = hidden.sum(), (hidden * w).sum()
    found = copy.deepcopy({"loss": second, "w": w, "hidden": hidden, "first": first, "again": second})
    assert found["loss"] is found["again"]
    assert found["loss"].inputs[0].inputs[0] is found["hidden"]
    assert found["first"].inputs[0] is found["hidden"]
    assert found["hidden"].inputs[0] is found["w"]
    (found["loss"] + found["first"]).backward()
    np.testing.assert_allclose(found["w"].grad, [2 * 1 * 3 + 3, 2 * 2 * 4 + 4])
    assert w.grad is None
    assert not found["hidden"].data.flags.writeable


def test_a_model_and_its_loss():
    model = nn.Sequential(nn.Linear(3, 4, seed=0), nn.ReLU(), nn.Linear(4, 1, seed=1))
    loss = (model(sg.tensor(np.ones((2, 3), np.float32))) ** 2).sum()
    for order in ("model first", "loss first"):
        pair = (model, loss) if order == "model first" else (loss, model)
        twins = copy.deepcopy(pair)
        twin, twin_loss = twins if order == "model first" else twins[::-1]
        twin_loss.backward()
        loss.backward()
        for p, q in zip(model.parameters(), twin.parameters()):
            np.testing.assert_array_equal(p.grad, q.grad)
            assert p is not q
        model.zero_grad()


@pytest.mark.parametrize("order", [("x", "y"), ("y", "x")])
def test_a_graph_that_cannot_be_walked_any_more_cannot_after_copying(order):
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    x.data = np.array([5.0, 5.0])
    fresh = (x * 2).sum()
    found = copy.deepcopy({name: {"x": x, "y": y}[name] for name in order} | {"fresh": fresh})
    with pytest.raises(RuntimeError, match="changed in place"):
        found["y"].backward()
    found["fresh"].backward()
    np.testing.assert_array_equal(found["x"].grad, [2.0, 2.0])


def test_versions_of_an_updated_tensor():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    before = y * y
    y[0] = 10.0
    total = copy.deepcopy((before + y).sum())
    total.backward()
    leaf = next(iter(_leaves(total)))
    np.testing.assert_array_equal(leaf.grad, [2 * 2 * 2, 2 * 4 * 2 + 2])


def _leaves(node):
    todo = [node]
    while todo:
        x = todo.pop()
        if x.op is None and x.requires_grad:
            yield x
        todo.extend(x.inputs)


def test_gradients_hooks_and_labels_are_copied():
    x = sg.tensor([1.0, 2.0], requires_grad=True, label="x")
    handle = x.register_hook(lambda g: g * 10)
    y = (x**3).sum()
    y.backward(create_graph=True)
    twin, twin_handle = copy.deepcopy((x, handle))
    np.testing.assert_allclose(twin.grad.data, [30.0, 120.0])
    assert twin.grad is not x.grad
    assert twin.label == "x"
    twin.grad = None
    twin_handle.remove()
    (twin * 1.0).sum().backward()
    np.testing.assert_array_equal(twin.grad, [1.0, 1.0])
    x.grad = None
    (x * 1.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [10.0, 10.0])


def test_a_shallow_copy_has_the_same_past():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    copy.copy(x * 2).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0])


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: sg.checkpoint(lambda x: x * 2, x),
        lambda x: sg.compile(lambda v: v * v + v)(Value(2.0)),
    ],
    ids=["checkpoint", "compile"],
)
def test_a_graph_that_leads_through_a_function_is_not_copied(compute):
    result = compute(sg.tensor([1.0], requires_grad=True))
    with pytest.raises(TypeError, match="cannot be copied or pickled with its graph"):
        copy.deepcopy(result)


def square(v):
    return v * v


@pytest.mark.parametrize("copied", [through_pickle, copy.deepcopy])
def test_a_compiled_function(copied):
    compiled = sg.compile(square)
    compiled(2.0)
    twin = copied(compiled)
    assert twin(3.0) == 9.0
    assert twin.recordings == 1


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, through_pickle])
def test_a_deep_copy_of_an_argument_is_warned_of(copied):
    with pytest.warns(sg.SeegradWarning, match="copies a node"):
        sg.grad(lambda x: (copied(x) ** 2).sum())(np.ones(2))


@sg.grad
def slope(x):
    return x**3


@sg.compile
def compiled_square(v):
    return v * v


@pytest.mark.parametrize("decorated", [slope, compiled_square])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, through_pickle])
def test_what_decorates_a_function_is_found_by_its_name(copied, decorated):
    assert copied(decorated) is decorated


class Named(sg.Tensor):
    """A kind of tensor with attributes of its own."""


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, through_pickle])
def test_a_kind_of_tensor_with_attributes(copied):
    x = Named(np.ones(2), requires_grad=True)
    x.unit = {"of": "length"}
    twin = copied(x)
    assert twin.unit == {"of": "length"}
    assert (twin.unit is x.unit) is (copied is copy.copy)


def test_a_shallow_copy_has_notes_of_its_own():
    x = sg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    y.label, seen = "y", []
    handle = y.register_hook(seen.append)
    z = copy.copy(y)
    z.label = "z"
    z[0] = 5.0  # gives z another operation, with parameters
    handle.remove()
    (y * y * z).sum().backward()
    assert (y.label, z.label, len(seen)) == ("y", "z", 1)
    np.testing.assert_array_equal(x.grad, [40.0, 96.0, 216.0])
