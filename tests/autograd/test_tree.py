"""``sg.tree``: structures as leaves and as one vector; what the transforms do with them."""

from __future__ import annotations

import collections
import dataclasses
import operator
from typing import Any, NamedTuple

import numpy as np
import pytest

import seegrad as sg


class Line(NamedTuple):
    slope: Any
    offset: Any


@dataclasses.dataclass(frozen=True)
class Layer:
    weight: Any
    name: str = dataclasses.field(default="layer", metadata={"static": True})
    bias: Any = None


PARAMS = {
    "w": np.arange(6.0).reshape(2, 3),
    "b": [0.5, np.float32(2.0), (np.array(3.0, np.float32), None)],
    "line": Line(np.array([1.0, -1.0]), 4),
    "layer": Layer(np.ones(2), "first", {}),
}

#: Trees, their leaves in order, and trees whose containers differ.
TREES = {
    "leaf": (5.0, [5.0], [[5.0], None]),
    "none": (None, [], [0.0, []]),
    "empty": ({}, [], [[], (), None]),
    "dict": ({"b": 1, "a": 2}, [2, 1], [{"a": 1}, {"a": 1, "c": 2}, [1, 2]]),
    "integers as keys": ({2: "x", 1: "y"}, ["y", "x"], [{1: "x", 3: "y"}]),
    "keys of different kinds": ({"b": 1, 0: 2}, [1, 2], [{"b": 1, 1: 2}]),
    "list": ([1, [2, 3], []], [1, 2, 3], [(1, [2, 3], []), [1, [2, 3]], [1, [2], []]]),
    "named tuple": (Line(1, (2, 3)), [1, 2, 3], [(1, (2, 3)), Line((1, 2), 3)]),
    "ordered dict": (collections.OrderedDict(b=1, a=2), [2, 1], [{"a": 1, "b": 2}]),
    "dataclass": (Layer(1, "n", [2, 3]), [1, 2, 3], [Layer(1, "m", [2, 3]), Layer(1, "n", 2)]),
}
trees = pytest.mark.parametrize(("tree", "leaves", "others"), TREES.values(), ids=TREES)


@trees
def test_leaves_and_structure_make_the_tree_again(tree, leaves, others):
    found, structure = sg.tree.flatten(tree)
    assert found == leaves == sg.tree.leaves(tree)
    assert structure.num_leaves == len(leaves)
    again = sg.tree.unflatten(structure, iter(leaves))
    assert again == tree
    assert type(again) is type(tree)
    if isinstance(tree, dict):
        assert list(again) == list(tree)
    counted = sg.tree.unflatten(structure, range(len(leaves)))
    assert sg.tree.leaves(counted) == list(range(len(leaves)))
    for other in others:
        assert sg.tree.structure(other) != structure
    assert sg.tree.structure(counted) == structure
    assert hash(sg.tree.structure(counted)) == hash(structure)
    assert structure != leaves
    for wrong in (leaves[:-1], [*leaves, 1]):
        if len(wrong) != len(leaves):
            with pytest.raises(ValueError, match=f"has {len(leaves)} leaves, got {len(wrong)}"):
                structure.unflatten(wrong)


@trees
def test_map_reduce_and_all(tree, leaves, others):
    pairs = sg.tree.map(lambda x, y, z: (x, y, z), tree, tree, sg.tree.map(lambda x: [x], tree))
    together = lambda x: isinstance(x, tuple) and len(x) == 3 and isinstance(x[2], list)  # noqa: E731
    assert sg.tree.leaves(pairs, is_leaf=together) == [(x, x, [x]) for x in leaves]
    assert sg.tree.structure(pairs, is_leaf=together) == sg.tree.structure(tree)
    assert sg.tree.reduce(lambda text, x: text + str(x), tree, "") == "".join(map(str, leaves))
    assert sg.tree.all(sg.tree.map(lambda x: x == x, tree))
    assert sg.tree.all(sg.tree.map(lambda x: False, tree)) is not bool(leaves)


@pytest.mark.parametrize(
    ("tree", "other", "words"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, "a dict of 'a' and a dict of 'a', 'b'"),
        ({"a": 1}, [1], "a dict of 'a' and a list of 1"),
        ([1, [2]], [1, [2, 3]], "a list of 1 and a list of 2"),
        ([1], (1,), "a list of 1 and a tuple of 1"),
        ([1], 1, "a list of 1 and int"),
        ([None], [1], "None and int"),
        (Layer(1, "n"), Layer(1, "m"), "Layer and Layer"),
    ],
)
def test_structures_that_differ_are_not_mapped_together(tree, other, words):
    with pytest.raises(ValueError, match=f"the structures differ: {words} are at the same place"):
        sg.tree.map(operator.add, tree, other)


def test_a_leaf_may_be_told():
    tree = {"a": [1, 2], "b": (3, None)}
    is_pair = lambda x: isinstance(x, list)  # noqa: E731
    assert sg.tree.leaves(tree, is_leaf=is_pair) == [[1, 2], 3]
    assert sg.tree.leaves(tree, is_leaf=lambda x: x is None) == [1, 2, 3, None]
    assert sg.tree.map(len, {"a": [1, 2]}, is_leaf=is_pair) == {"a": 2}
    assert sg.tree.reduce(max, [3, 7, 5]) == 7
    with pytest.raises(TypeError):
        sg.tree.reduce(max, [])


def test_a_default_dict_keeps_its_default():
    tree = collections.defaultdict(list, b=1.0, a=2.0)
    doubled = sg.tree.map(lambda x: 2 * x, tree)
    assert doubled == {"a": 4.0, "b": 2.0}
    assert doubled["new"] == []
    assert tree == {"a": 2.0, "b": 1.0}


# ------------------------------------------------------------------------------------------------ as one vector


def same(a, b):
    for x, y in zip(sg.tree.leaves(a), sg.tree.leaves(b), strict=True):
        assert type(x) is type(y)
        assert getattr(x, "dtype", None) == getattr(y, "dtype", None)
        np.testing.assert_array_equal(x, y)
    assert sg.tree.structure(a) == sg.tree.structure(b)


def test_a_vector_and_back():
    vector, unravel = sg.tree.ravel(PARAMS)
    np.testing.assert_array_equal(vector, [0.5, 2, 3, 1, 1, 1, -1, 4, 0, 1, 2, 3, 4, 5])
    assert vector.dtype == np.float64
    same(unravel(vector), {**PARAMS, "line": Line(PARAMS["line"].slope, 4.0)})
    assert unravel(vector.astype(np.float32))["w"].dtype == np.float64
    assert unravel(list(vector))["b"][0] == 0.5
    changed = unravel(vector)
    changed["w"][0, 0] = 9.0
    assert vector[8] == 0.0


SINGLE = np.ones(2, np.float32)


@pytest.mark.parametrize(
    ("tree", "dtype", "again"),
    [
        ({}, np.float64, {}),
        ([1, 2.0], np.float64, [1.0, 2.0]),
        ([SINGLE, 1.0], np.float32, [SINGLE, 1.0]),
        ([SINGLE, SINGLE.astype(np.float16)], np.float32, [SINGLE, SINGLE.astype(np.float16)]),
        ([SINGLE, np.arange(2)], np.float64, [SINGLE, np.arange(2.0)]),
        ([SINGLE, 1j], np.complex64, [SINGLE, 1j]),
        ([np.ones(2), np.ones(1, np.complex64)], np.complex128, [np.ones(2), np.ones(1, np.complex64)]),
        ([np.zeros((0, 3)), np.ones(()), np.float64(2)], np.float64, [np.zeros((0, 3)), np.ones(()), np.float64(2)]),
    ],
)
def test_dtypes_of_vectors(tree, dtype, again):
    vector, unravel = sg.tree.ravel(tree)
    assert vector.dtype == dtype
    same(unravel(vector), again)


def test_what_cannot_be_a_vector():
    for leaf in ("text", True, np.array(["a"]), np.array(None)):
        with pytest.raises(TypeError):
            sg.tree.ravel({"a": 1.0, "b": leaf})
    _, unravel = sg.tree.ravel(PARAMS)
    for wrong in (np.zeros(13), np.zeros((1, 14)), 1.0):
        with pytest.raises(ValueError, match="expected a vector of 14 numbers"):
            unravel(wrong)


def energy(p):
    return np.sum(np.tanh(p["w"] @ np.arange(3.0)) ** 2 * p["line"].slope) + p["b"][0] ** 3 * np.sum(p["layer"].weight)


def test_derivatives_flow_through_both():
    params = {**PARAMS, "w": PARAMS["w"] / 10}
    vector, unravel = sg.tree.ravel(params)
    f = lambda v: energy(unravel(v))  # noqa: E731
    expected, _ = sg.tree.ravel(sg.grad(energy)(params))
    np.testing.assert_allclose(sg.grad(f)(vector), expected, rtol=1e-12)
    assert sg.gradcheck(f, sg.tensor(vector, requires_grad=True), order=2)
    into = lambda p: np.sum(np.sin(sg.tree.ravel(p)[0]))  # noqa: E731
    same(sg.grad(into)({"a": np.ones(2), "b": 0.0}), {"a": np.cos(np.ones(2)), "b": 1.0})
    a = sg.Value(2.0)
    joined, back = sg.tree.ravel([a, np.ones(2)])
    (back(joined)[0] * joined.sum()).backward()
    assert a.grad == 2.0 + 4.0  # of a * (a + 2)
    batch = sg.vmap(sg.grad(f))(np.stack([vector, 2 * vector]))
    np.testing.assert_allclose(batch, [sg.grad(f)(vector), sg.grad(f)(2 * vector)], rtol=1e-12)
    np.testing.assert_allclose(sg.compile(sg.grad(f))(vector), expected, rtol=1e-12)


def test_parameters_of_a_module_as_one_vector():
    model = sg.nn.Sequential(sg.nn.Linear(3, 4, seed=0), sg.nn.Tanh(), sg.nn.Linear(4, 1, seed=1))
    vector, unravel = sg.tree.ravel(model.state_dict())
    assert vector.dtype == np.float32
    model.load_state_dict(unravel(vector * 2))
    np.testing.assert_array_equal(sg.tree.ravel(model.state_dict())[0], 2 * vector)


def test_scipy_minimizes_a_function_of_a_dict():
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is an extra")
    x = np.random.default_rng(0).normal(size=(40, 2))
    target = {"w": np.array([[1.5, -0.5]]), "b": 0.3}
    y = np.tanh(x @ target["w"].T + target["b"])

    def loss(p):
        return np.mean((np.tanh(x @ p["w"].T + p["b"]) - y) ** 2)

    start, unravel = sg.tree.ravel({"w": np.zeros((1, 2)), "b": 0.0})
    found = optimize.minimize(sg.value_and_grad(lambda v: loss(unravel(v))), start, jac=True, options={"gtol": 1e-9})
    for name, value in unravel(found.x).items():
        np.testing.assert_allclose(value, target[name], atol=1e-5)


# ---------------------------------------------------------------------------------------------- and transforms


def test_cotangents_of_dicts_count_by_name():
    out, pull = sg.vjp(lambda x: {"a": 2 * x, "b": 3 * x}, 1.0)
    assert out == {"a": 2.0, "b": 3.0}
    assert pull({"b": 1.0, "a": 10.0}) == pull({"a": 10.0, "b": 1.0}) == (23.0,)


def test_dataclasses_named_tuples_and_none_are_arguments_and_results():
    layer = Layer(np.array([1.0, 2.0]), "first", None)
    gradient = sg.grad(lambda p: np.sum(p.weight**2))(layer)
    assert gradient.name == "first"
    assert gradient.bias is None
    np.testing.assert_array_equal(gradient.weight, [2.0, 4.0])
    out, pull = sg.vjp(lambda x: Layer(x * x, bias=[x]), 3.0)
    assert out == Layer(9.0, bias=[3.0])
    assert pull(Layer(1.0, bias=[1.0])) == (7.0,)
    assert sg.vmap(lambda p: p.weight * 2)(layer).tolist() == [2.0, 4.0]
    with pytest.raises(TypeError, match="None"):
        sg.grad(lambda x: 1.0)(None)


def test_the_hessian_of_a_structure_has_the_structure_twice():
    p = {"w": np.array([0.3, -0.2]), "b": (0.5, np.ones((2, 1)))}
    f = lambda p: np.sum(np.sin(p["w"]) * p["b"][0]) + np.sum(p["b"][1] @ p["w"][None]) ** 2  # noqa: E731
    h = sg.hessian(f)(p)
    vector, unravel = sg.tree.ravel(p)
    flat = sg.hessian(lambda v: f(unravel(v)))(vector)
    columns = {"b": [slice(0, 1), slice(1, 3)], "w": [slice(3, 5)]}
    shapes = {"b": [(), (2, 1)], "w": [(2,)]}
    get = lambda tree, name, i: tree[name][i] if name == "b" else tree[name]  # noqa: E731
    for a, b in [(a, b) for a in "bw" for b in "bw"]:
        for i, rows in enumerate(columns[a]):
            for j, cols in enumerate(columns[b]):
                block = get(get(h, a, i), b, j)
                assert block.shape == shapes[a][i] + shapes[b][j]
                np.testing.assert_allclose(block.reshape(flat[rows, cols].shape), flat[rows, cols], rtol=1e-12)
    both = sg.hessian(lambda x, y: np.sum(x * y**2), argnums=(0, 1))(np.ones(2), 3.0)
    np.testing.assert_array_equal(both[0][1], [6.0, 6.0])
    assert both[1][1] == 4.0
    assert both[0][0].shape == (2, 2)


def test_a_linearized_function_is_evaluated_once():
    calls = []

    def f(x, p, scale=1.0):
        calls.append(scale)
        return {"y": np.sin(x) * p["a"] * scale, "z": np.sum(p["a"])}

    x, p = np.array([0.1, 0.2]), {"a": np.array([2.0, 3.0])}
    value, push = sg.linearize(f, x, p, scale=2.0)
    np.testing.assert_allclose(value["y"], np.sin(x) * p["a"] * 2)
    for direction in (np.array([1.0, 0.0]), np.array([0.5, -1.0])):
        tangent = push(direction, {"a": np.ones(2)})
        np.testing.assert_allclose(tangent["y"], 2 * (np.cos(x) * direction * p["a"] + np.sin(x)), rtol=1e-12)
        assert tangent["z"] == 2.0
    assert calls == [2.0]
    for wrong in ((x,), (x, p, x), (x, {"b": x}), (x[:1], p)):
        with pytest.raises(ValueError, match="tangents|structure|direction"):
            push(*wrong)
    slope = sg.grad(lambda x: np.sum(sg.linearize(np.sin, x)[1](np.ones(2))))(x)
    np.testing.assert_allclose(slope, -np.sin(x), rtol=1e-12)


def test_value_and_jacobian():
    calls = []

    def f(x, y):
        calls.append(1)
        return {"product": np.outer(x, y), "sum": np.sum(x)}

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    value, jacobian = sg.value_and_jacobian(f, argnums=(0, 1))(x, y)
    assert calls == [1]
    expected = sg.jacobian(f, (0, 1))(x, y)
    np.testing.assert_array_equal(value["product"], np.outer(x, y))
    assert value["sum"] == 3.0
    for name in value:
        for one, other in zip(jacobian[name], expected[name], strict=True):
            np.testing.assert_array_equal(one, other)
    assert sg.value_and_jacobian(lambda x: x**2)(3.0) == (9.0, 6.0)
    assert sg.value_and_jacobian(lambda z: z**2, holomorphic=True)(1j) == (-1, 2j)
    inner = sg.grad(lambda x: np.sum(sg.value_and_jacobian(lambda t: t**3)(x)[1]))(x)
    np.testing.assert_allclose(inner, 6 * x)
