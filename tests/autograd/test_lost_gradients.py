"""A function that takes plain numbers from its argument has no derivative there: that is said, not passed over."""

from __future__ import annotations

import copy
import math
import threading
import warnings

import numpy as np
import pytest

import seegrad as sg

X = np.array([3.0, 1.0])


def under_no_grad(x):
    with sg.no_grad():
        return (x * x).sum()


def exponential_under_no_grad(x):
    with sg.no_grad():
        return math.exp(x.sum())


def without_requires_grad(x):
    x.requires_grad = False
    return (x**2).sum()


def in_a_thread(x):
    found = []
    thread = threading.Thread(target=lambda: found.append(x.sum().item() ** 2))
    thread.start()
    thread.join()
    return found[0]


LOSING = {
    "thread": in_a_thread,
    "parameter": lambda x: (sg.nn.Parameter(x) ** 2).sum(),
    "item": lambda x: x.sum().item() ** 2,
    "data": lambda x: (x.data**2).sum(),
    "a result's data": lambda x: np.sum((x * 2).data ** 2),
    "numpy": lambda x: (x.numpy() ** 2).sum(),
    "tolist": lambda x: sum(v**2 for v in x.tolist()),
    "detach": lambda x: (x.detach() ** 2).sum(),
    "no_grad": under_no_grad,
    "math under no_grad": exponential_under_no_grad,
    "sg.tensor": lambda x: (sg.tensor(x) ** 2).sum(),
    "Tensor of data": lambda x: (sg.Tensor(x.data) ** 2).sum(),
    "integers": lambda x: float(x.astype(int).sum()),
}


@pytest.mark.parametrize("f", LOSING.values(), ids=LOSING)
@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: sg.grad(f)(X),
        lambda f: sg.value_and_grad(f)(X),
        lambda f: sg.elementwise_grad(f)(X),
        lambda f: sg.jacobian(f)(X),
        lambda f: sg.hessian(f)(X),
        lambda f: sg.hvp(f)(X, X),
        lambda f: sg.vjp(f, X),
        lambda f: sg.jvp(f, (X,), (X,)),
    ],
    ids="grad value_and_grad elementwise_grad jacobian hessian hvp vjp jvp".split(),
)
def test_a_lost_gradient_is_warned_of(f, derivative):
    with pytest.warns(sg.SeegradWarning, match="no recorded path to argument 0") as caught:
        derivative(f)
    assert caught[0].filename == __file__


def test_a_graph_that_is_given_up():
    with pytest.warns(sg.SeegradWarning, match="sets requires_grad"):
        sg.grad(without_requires_grad)(X)


def test_the_warning_says_which_argument_and_what_was_done():
    def half(x, y):
        return (x * y.item()).sum()

    with pytest.warns(sg.SeegradWarning, match=r"half .*argument 1.* calls item\(\)"):
        gradients = sg.grad(half, (0, 1))(X, np.array(2.0))
    np.testing.assert_array_equal(gradients[0], [2.0, 2.0])


def test_a_value_too():
    with pytest.warns(sg.SeegradWarning, match=r"reads \.data of a Value"):
        assert sg.grad(lambda v: v.data**2)(sg.Value(3.0)) == 0.0


def test_an_argument_in_a_structure():
    def f(weights):
        return weights["a"] * weights["b"].item()

    with pytest.warns(sg.SeegradWarning, match="argument 0"):
        assert sg.grad(f)({"a": 2.0, "b": 3.0}) == {"a": 3.0, "b": 0.0}


def test_an_outer_argument_that_is_looked_at_in_an_inner_function():
    with pytest.warns(sg.SeegradWarning, match="no recorded path"):
        sg.grad(lambda x: sg.grad(lambda y: y * x.item())(1.0))(2.0)


def test_inside_a_checkpoint():
    x = sg.tensor(X, requires_grad=True)
    with pytest.warns(sg.SeegradWarning, match=r"checkpoint: .*argument 0.* reads \.data"):
        sg.checkpoint(lambda x: sg.tensor(x.data**2), x)


@pytest.mark.parametrize(
    ("compute", "right"),
    [
        (lambda: sg.grad(lambda x: 3.0)(2.0), 0.0),
        (lambda: sg.grad(lambda x, y: 2 * x, 1)(2.0, 1.0), 0.0),
        (lambda: sg.hessian(lambda x: 2 * x)(2.0), 0.0),
        (lambda: sg.hvp(lambda x: 2 * x)(2.0, 1.0), 0.0),
        (lambda: sg.grad(lambda x: float(x.ndim))(2.0), 0.0),
        (lambda: sg.grad(lambda x: max(x, 0.0))(-2.0), 0.0),
        (lambda: sg.hessian(lambda x: x if x > 0 else -x)(-2.0), 0.0),
        (lambda: sg.grad(max)([1.0, 3.0, 2.0]), [0.0, 1.0, 0.0]),
        (lambda: sg.hessian(lambda x: x + (np.round(x.data) - x.data))(1.2), 0.0),
        (lambda: sg.hessian(lambda x: (x.item(), 3 * x)[1])(1.2), 0.0),
        (lambda: sg.grad(lambda x: len(f"{x:.3f} {x}") * 1.0)(1.2), 0.0),
        (lambda: sg.grad(lambda x: x * x.item())(1.5), 1.5),
    ],
    ids=[
        "constant",
        "not used",
        "linear",
        "linear, product",
        "axes",
        "below a kink",
        "slope beside a kink",
        "largest",
        "straight-through",
        "logged",
        "printed",
        "partly held fixed",
    ],
)
def test_what_is_right_passes_without_a_word(compute, right):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compute() == right


@pytest.mark.parametrize(
    "f",
    [
        lambda v: v * 2 if sg.stack([v, v]).sum() > 0 else v * 3,
        lambda v: v * 2 if sg.stack([v, v]).sum() != 2 else v * 3,
        lambda v: v * 2 if np.any(np.greater(sg.stack([v, v]), 0)) else v * 3,
        lambda v: v * (1.0 + sg.stack([v, -v]).argmax()),
        lambda v: v * sg.stack([v, v]).tolist()[0],
        lambda v: v * 2 if 1.0 in sg.stack([v, v]) else v * 3,
    ],
    ids="greater unequal inspected argmax tolist contains".split(),
)
def test_a_compiled_function_does_not_freeze_what_arrays_decide(f):
    compiled = sg.compile(f)
    for x in (1.0, 2.0, -1.0):
        assert compiled(sg.Value(x)).data == f(sg.Value(x)).data


def through_a_list(x):
    return copy.deepcopy([x * 3, 1.0])[0]


@pytest.mark.parametrize("part", [lambda x: copy.deepcopy(x * 3), through_a_list, copy.deepcopy])
def test_a_deep_copy_has_a_graph_of_its_own_and_the_user_is_told(part):
    with pytest.warns(sg.SeegradWarning, match=r"argument 0.*deep copy.*t\.copy\(\)"):
        sg.grad(lambda x: (x * 2 + part(x)).sum())(np.ones(3))
    with pytest.warns(sg.SeegradWarning, match=r"checkpoint, argument 0.*deep copy"):
        sg.checkpoint(lambda x: (x * 2 + part(x)).sum(), sg.tensor([1.0], requires_grad=True))


def test_other_copies_lose_nothing():
    gradient = sg.grad(lambda x: (x * 2 + copy.copy(x * 3) + (x * 4).copy() + np.copy(x)).sum())(np.ones(3))
    np.testing.assert_array_equal(gradient, [10.0, 10.0, 10.0])
    kept = []
    sg.grad(lambda x: (kept.append(copy.deepcopy(x * 3)), (x * 2).sum())[1])(np.ones(3))  # only to look at it later
