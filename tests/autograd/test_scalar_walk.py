"""The walk through plain numbers agrees with the general one, and steps aside where it must."""

import random
import threading

import numpy as np
import pytest

from seegrad import Value, sqrt, where
from seegrad.autograd.core.backward import Walk, backprop
from seegrad.autograd.fast import scalar_graphs as scalar_walk
from seegrad.autograd.fast.scalar_graphs import walk_numbers
from seegrad.autograd.ops import elementwise


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
def test_it_agrees_with_the_general_walk(seed):
    root = random_graph(seed)
    nodes, gradients = walk_numbers(root, 1.0)
    table = Walk(root, 1.0, create_graph=False, keep=True).table
    assert set(nodes) == set(table)
    assert len(set(nodes)) == len(nodes)
    assert gradients == pytest.approx([table[x] for x in nodes], rel=1e-12)
    assert [x.number for x in nodes] == sorted([x.number for x in nodes], reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_it_stops_where_the_general_walk_stops(seed):
    root = random_graph(seed)
    order = walk_numbers(root, 1.0)[0]
    stop = frozenset(order[20:24])
    expected = Walk(root, 1.0, create_graph=False, keep=False, stop=stop).table
    assert backprop(root, 1.0, stop=stop) == pytest.approx(expected, rel=1e-12)


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
    assert walk_numbers(out, 1.0) is None
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_a_rule_that_answers_in_numpys_numbers_is_left_to_the_general_walk(monkeypatch):
    monkeypatch.setattr(elementwise.tanh, "rule", (lambda g, out, x: np.float64(g) * 2.0,))
    x = Value(2.0)
    out = x.tanh() * 3.0
    assert walk_numbers(out, 1.0) is None
    out.backward()
    assert x.grad == 6.0
    assert type(x.grad) is float


def out_of_the_ordinary(x):
    """Graphs that need the general walk."""
    yield where(x.data > 0, x * x, x)
    yield 1.0 / (x - x)
    yield sqrt(x - x)


def test_what_is_out_of_the_ordinary_leaves_nothing_behind():
    x = Value(2.0)
    for out in out_of_the_ordinary(x):
        wide = out * x + x
        assert walk_numbers(wide, 1.0) is None
        assert x._pending is out._pending is wide._pending is None
    assert not scalar_walk._walking


def test_a_second_walk_at_the_same_time_goes_the_general_way():
    root = random_graph(3)
    alone = dict(zip(*walk_numbers(root, 1.0)))
    scalar_walk._walking["now"] = [Value(1.0)]
    try:
        assert walk_numbers(root, 1.0) is None
        assert backprop(root, 1.0, keep=True) == pytest.approx(alone, rel=1e-12)
    finally:
        scalar_walk._walking.clear()


def test_threads_may_walk_graphs_that_share_leaves():
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
