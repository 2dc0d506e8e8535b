"""The backward pass through plain numbers agrees with the general one, and leaves to it what is unusual."""

import random
import threading

import numpy as np
import pytest

from seegrad import Value, sqrt, where
from seegrad.autograd.core.backward import backprop
from seegrad.autograd.fast.scalar_graphs import number_pass
from seegrad.autograd.ops import elementwise
from seegrad.common import seam


@pytest.fixture
def general():
    """Return the general backward pass alone."""

    def run(*args, **options):
        passes = list(seam.backward_passes)
        seam.backward_passes.clear()
        try:
            return backprop(*args, **options)
        finally:
            seam.backward_passes.extend(passes)

    return run


def through_numbers(root, stop=frozenset(), keep=True):
    """Return what the pass through plain numbers gives: a table, or NotImplemented."""
    found = number_pass(root, 1.0, False, keep, stop, {})
    return found if found is NotImplemented else dict(found)


def random_graph(seed, size=300):
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(0.5, 1.5)) for _ in range(6)]
    for _ in range(size):
        x, y = rng.choices(nodes[-20:], k=2)
        made = rng.choice(
            [x + y, x * y, x - y, x / (y * y + 1.0), x.tanh(), -x, x.relu(), 0.5 * x, (x * x + 1.0) ** 0.5]
        )
        nodes.append(made.tanh())
    return sum(nodes[-5:])


@pytest.mark.parametrize("seed", range(10))
def test_it_agrees_with_the_general_pass(seed, general):
    root = random_graph(seed)
    pairs = list(number_pass(root, 1.0, False, True, frozenset(), {}))
    expected = general(root, 1.0, keep=True)
    assert len(pairs) == len(dict(pairs))
    assert dict(pairs) == pytest.approx(expected, rel=1e-12)
    leaves = {x: g for x, g in expected.items() if x.op is None}
    assert through_numbers(root, keep=False) == pytest.approx(leaves, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_it_stops_where_the_general_pass_stops(seed, general):
    root = random_graph(seed)
    order = sorted(through_numbers(root), key=lambda x: -x.number)
    stop = frozenset(order[20:24])
    expected = general(root, 1.0, stop=stop)
    assert through_numbers(root, stop, keep=False) == pytest.approx(expected, rel=1e-12)
    assert backprop(root, 1.0, stop=stop) == pytest.approx(expected, rel=1e-12)


def test_a_leaf_that_is_newer_than_others_gets_everything():
    x, y = Value(2.0), Value(3.0)
    first = x * y
    z = Value(5.0)
    out = first * z + z * z * first
    for _ in range(20):
        out = out + z
    out.backward()
    assert (x.grad, y.grad, z.grad) == (3.0 * 30.0, 2.0 * 30.0, 6.0 + 60.0 + 20.0)


def test_a_number_that_was_changed_between_two_readers_is_noticed():
    x = Value(2.0)
    before = x * 3.0
    x.data = 5.0
    out = before * (x * 4.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()
    assert x.grad == 0.0


@pytest.mark.parametrize("read", [lambda x, y: x * y, lambda x, y: y * x, lambda x, y: x - y, lambda x, y: y - x])
def test_either_input_may_have_been_changed(read):
    x = Value(2.0)
    out = read(x, Value(3.0))
    x.data = 5.0
    assert through_numbers(out) is NotImplemented
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_a_rule_that_answers_in_numpys_numbers_is_left_to_the_general_pass(monkeypatch):
    monkeypatch.setattr(elementwise.tanh, "rule", (lambda g, out, x: np.float64(g) * 2.0,))
    x = Value(2.0)
    out = x.tanh() * 3.0
    assert through_numbers(out) is NotImplemented
    out.backward()
    assert x.grad == 6.0
    assert type(x.grad) is float


def out_of_the_ordinary(x):
    """Give graphs that need the general pass."""
    yield where(x.data > 0, x * x, x)
    yield 1.0 / (x - x)
    yield sqrt(x - x)


def test_what_is_out_of_the_ordinary_is_left_to_the_general_pass():
    x = Value(2.0)
    for out in out_of_the_ordinary(x):
        wide = out * x + x
        assert through_numbers(wide) is NotImplemented
        assert repr(x) == "Value(data=2.0, grad=0.0)"


def test_threads_may_differentiate_graphs_that_share_leaves():
    w = Value(1.5)

    def work():
        for _ in range(50):
            x = Value(2.0)
            sum([w * x for _ in range(20)]).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.grad == 4 * 50 * 20 * 2.0
