"""Whatever a compiled function depends on may change between calls: it is noticed, and the answer is the new one."""

from __future__ import annotations

import functools
import itertools
import types
from collections import deque

import numpy as np
import pytest

import seegrad as sg
from seegrad import Value, nn

SCALE = 2.0
TABLE = {"a": [1.0, {"b": 2.0}]}
SMALL, LARGE = np.ones(3), np.ones(2000)
SETTINGS = types.SimpleNamespace(scale=2.0, deeper=types.SimpleNamespace(power=1.0))


def helper(x):
    return x * 2.0


def other_helper(x):
    return x * 5.0


class Layer:
    factor = 1.0

    def __init__(self):
        self.w, self.deep = 3.0, {"list": [1.0, 2.0]}

    def bend(self, x):
        return x * self.w * self.factor + self.deep["list"][1]

    @property
    def twice(self):
        return self.w * 2.0

    def __call__(self, x):
        return self.bend(x) + self.twice


class Slots:
    __slots__ = ("w",)

    def __init__(self):
        self.w = 1.0


def follows(f, x, *changes, replays=True):
    """Assert that a compiled function gives what the plain one gives, after each change."""
    compiled = sg.compile(f)
    for change in (lambda: None, lambda: None, *changes):
        change()
        for _ in range(2):
            np.testing.assert_array_equal(plain(compiled(x)), plain(f(x)))
    assert compiled.replays > 0 or not replays
    return compiled


def plain(x):
    return x.data if isinstance(x, (sg.Tensor, Value)) else x


def setting(names, name, value):
    return lambda: names.__setitem__(name, value)


X = np.array([1.0, 2.0, 3.0])


def test_globals_closures_and_defaults(monkeypatch):
    follows(lambda x: x * SCALE, X, lambda: monkeypatch.setitem(globals(), "SCALE", 3.0))
    follows(lambda x: helper(x), X, lambda: monkeypatch.setitem(globals(), "helper", other_helper))
    follows(lambda x: x * TABLE["a"][1]["b"], X, lambda: monkeypatch.setitem(TABLE["a"][1], "b", 7.0))
    follows(lambda x: x * TABLE["a"][0], X, lambda: TABLE["a"].__setitem__(0, 7.0))
    scale = 1.0

    def change():
        nonlocal scale
        scale = 4.0

    follows(lambda x: x * scale, X, change)

    def f(x, k=2.0, *, m=1.0):
        return x * k + m

    follows(f, X, lambda: setattr(f, "__defaults__", (5.0,)), lambda: f.__kwdefaults__.update(m=9.0))


def test_a_default_that_grows():
    def f(x, seen=[]):  # noqa: B006 (the trap itself)
        seen.append(1)
        return x * len(seen)

    compiled = sg.compile(f)
    assert [compiled(1.0) for _ in range(4)] == [1.0, 2.0, 3.0, 4.0]


def test_code_that_is_replaced():
    def f(x):
        return x * 2.0

    def g(x):
        return x - 1.0

    follows(f, X, lambda: setattr(f, "__code__", g.__code__))


def test_attributes_methods_and_classes(monkeypatch):
    layer = Layer()
    follows(
        *(layer, X, lambda: setattr(layer, "w", 5.0), lambda: setattr(layer, "factor", 2.0)),
        lambda: layer.deep["list"].__setitem__(1, 9.0),
        lambda: layer.deep["list"].append(3.0),
        lambda: setattr(layer, "deep", {"list": [0.0, 1.0]}),
        lambda: setattr(layer, "bend", lambda x: x * 100.0),
        lambda: delattr(layer, "bend"),
        lambda: monkeypatch.setattr(Layer, "bend", lambda self, x: x * self.w),
        lambda: monkeypatch.setattr(Layer, "twice", 8.0),
    )
    another = Layer()
    follows(lambda x: another(x), X, lambda: monkeypatch.setattr(Layer, "factor", 6.0))
    follows(lambda x: x * SETTINGS.deeper.power, X, lambda: setattr(SETTINGS.deeper, "power", 3.0))
    follows(functools.partial(np.multiply, layer.w), X)


def test_attributes_in_slots():
    layer = Slots()
    follows(lambda x: x * layer.w, X, lambda: setattr(layer, "w", 5.0))


def test_sets_queues_and_iterators():
    chosen = {1.0}
    follows(lambda x: x * sum(chosen), X, lambda: chosen.add(5.0))
    line = deque([1.0, 2.0])
    follows(lambda x: x * line[0], X, line.popleft)


def test_iterators_go_on():
    def generated():
        yield from (1.0, 2.0, 3.0)

    for make in (
        *(lambda: iter([1.0, 2.0, 3.0]), lambda: itertools.count(1.0), generated, lambda: iter(range(1, 4))),
        *(lambda: map(float, [1, 2, 3]), lambda: itertools.chain([1.0], [2.0, 3.0]), lambda: reversed([3.0, 2.0, 1.0])),
        lambda: iter({1.0: 0, 2.0: 0, 3.0: 0}),
    ):
        numbers = make()
        compiled = sg.compile(lambda x: x * next(numbers))  # noqa: B023 (called in this round)
        assert [float(compiled(1.0)) for _ in range(3)] == [1.0, 2.0, 3.0]
    kept = itertools.count(1.0), iter([1.0])
    compiled = sg.compile(lambda x: x * len(kept))
    assert [compiled(1.0) for _ in range(3)] == [2.0] * 3
    assert compiled.replays == 2


@pytest.mark.parametrize("size", [3, 2000])
def test_arrays_in_place_and_replaced(size):
    rows, x = np.ones(size), np.arange(float(size))
    held = {"rows": rows}
    follows(
        *(lambda x: x * held["rows"], x, lambda: held["rows"].__setitem__(1, 7.0)),
        setting(held, "rows", np.full(size, 4.0)),
        setting(held, "rows", np.full(size, 4.0, np.float32)),
        lambda: held["rows"].__imul__(2),
    )


#: Of up to 64 kB; what is changed in a larger one is noticed in operations only.
@pytest.mark.parametrize("size", [3, 8000])
def test_arrays_that_decide(size):
    rows, x = np.ones(size), np.arange(float(size))
    follows(lambda x: x * 2.0 if rows.sum() > 0 else -x, x, lambda: rows.__setitem__(slice(None), -1.0))
    picks = np.zeros(size, int)
    follows(lambda x: x[picks], x, lambda: picks.__setitem__(0, 2))


@pytest.mark.parametrize("size", [3, 8000])
def test_arrays_and_what_is_computed_of_them_alone(size):
    rows = np.ones(size)
    follows(lambda x: x * np.sum(rows), X, lambda: rows.__setitem__(0, 5.0))
    follows(lambda x: x * rows[0], X, lambda: rows.__setitem__(0, 7.0))


def test_nodes_in_reach():
    held = {"w": sg.tensor(X * 2, requires_grad=True)}
    follows(
        *(lambda x: x * held["w"], X, lambda: held["w"].data.__setitem__(0, 9.0)),
        lambda: setattr(held["w"], "data", X * 3),
        setting(held, "w", sg.tensor(X, requires_grad=True)),
        setting(held, "w", sg.tensor(X.astype(np.float32), requires_grad=True)),
        setting(held, "w", sg.tensor([[1.0], [2.0]], requires_grad=True)),
        lambda: setattr(held["w"], "requires_grad", False),
    )


def test_what_requires_gradients_is_asked_at_each_call():
    w = sg.tensor(X, requires_grad=True)
    compiled = sg.compile(lambda x: (x * w).sum())
    for wanted in (True, False, True):
        w.requires_grad = wanted
        for _ in range(2):
            out = compiled(X)
            assert out.requires_grad == wanted
    with sg.no_grad():
        assert not compiled(X).requires_grad
    assert compiled(X).requires_grad


def test_modules_change_their_mode_parameters_and_buffers():
    model = nn.Sequential(nn.Linear(3, 4, seed=0), nn.BatchNorm1d(4), nn.Dropout(0.5, seed=1)).to(np.float64)
    twin = nn.Sequential(nn.Linear(3, 4, seed=0), nn.BatchNorm1d(4), nn.Dropout(0.5, seed=1)).to(np.float64)
    compiled = sg.compile(model)
    x = np.random.default_rng(0).normal(size=(5, 3))

    def each(change):
        change(model)
        change(twin)
        for _ in range(3):
            np.testing.assert_allclose(compiled(x).data, twin(x).data, rtol=1e-12)
        for mine, others in zip(model.state_dict().values(), twin.state_dict().values()):
            np.testing.assert_allclose(mine, others, rtol=1e-12)

    for change in (
        lambda m: None,
        lambda m: m.eval(),
        lambda m: m.train(),
        lambda m: setattr(m[0], "weight", nn.Parameter(np.ones_like(m[0].weight.data))),
        lambda m: m.load_state_dict({k: (v * 0.5).astype(v.dtype) for k, v in m.state_dict().items()}),
        lambda m: setattr(m[2], "p", 0.1),
        lambda m: m.eval(),
        lambda m: m[1].running_mean.__setitem__(0, 3.0),
        lambda m: setattr(m[1], "running_var", np.full_like(m[1].running_var, 2.0)),
        lambda m: setattr(m[1], "eps", 0.5),
    ):
        each(change)
    assert compiled.replays > 0


def test_hooks_that_are_added_are_called():
    w, seen = sg.tensor(X, requires_grad=True), []
    compiled = sg.compile(lambda x: (x * w).sum())
    for _ in range(2):
        compiled(X)
    handle = w.register_hook(lambda g: seen.append(1))
    compiled(X).backward()
    assert seen == [1]
    handle.remove()
    model = nn.Sequential(nn.Linear(3, 2)).to(np.float64)
    step = sg.compile(model)
    for _ in range(2):
        step(X[None])
    model[0].register_forward_hook(lambda *args: seen.append(2))
    step(X[None])
    step(X[None])
    assert seen == [1, 2, 2]


def test_random_numbers_are_drawn_anew():
    rng = np.random.default_rng(0)
    compiled = sg.compile(lambda x: x + rng.normal())
    assert len({float(compiled(1.0)) for _ in range(4)}) == 4
    compiled = sg.compile(lambda x: x + np.random.rand())  # noqa: NPY002 (the old generator is to be noticed, too)
    assert len({float(compiled(1.0)) for _ in range(4)}) == 4


def test_arguments_that_are_given_twice_or_under_other_names():
    x, y = sg.tensor(X, requires_grad=True), sg.tensor(X + 1, requires_grad=True)

    def f(a, b=None, **more):
        return (a * b).sum() + sum(v.sum() * k for k, v in enumerate(more.values(), 1))

    compiled = sg.compile(f)
    calls = [((x, y), {}), ((x, x), {}), ((y, x), {}), ((x,), {"b": y}), ((x, y), {"c": x}), ((x, y), {"d": y, "c": x})]
    for args, kwargs in calls:
        for _ in range(2):
            answers = []
            for function in (f, compiled):
                x.grad = y.grad = None
                function(*args, **kwargs).backward()
                answers.append([np.zeros(3) if g is None else g for g in (x.grad, y.grad)])
            np.testing.assert_array_equal(*answers)
    assert compiled.why_not is None


def test_arrays_that_share_memory_or_are_written_to():
    def f(a, b):
        a[0] = 5.0
        return a.sum() + b.sum()

    compiled = sg.compile(f)
    for _ in range(3):
        x, y = np.ones(3), np.ones(3)
        assert compiled(x, x[1:]) == f(y, y[1:]) == 9.0
        assert compiled(x, x) == f(y, y)
        np.testing.assert_array_equal(x, y)


def test_fixed_arguments_of_all_kinds():
    def f(x, how):
        return x * (len(how) if hasattr(how, "__len__") else getattr(how, "scale", how))

    compiled = sg.compile(f)
    settings = types.SimpleNamespace(scale=2)
    for how in (1, 2, True, "abc", b"ab", (1, 2, 3), range(4), np.int64(3), settings, frozenset({1}), {"a": 1}):
        for _ in range(2):
            np.testing.assert_array_equal(compiled(X, how), f(X, how))
    settings.scale = 7
    np.testing.assert_array_equal(compiled(X, settings), X * 7)


def test_dtypes_and_layouts_of_arguments():
    def f(x):
        return x.reshape(-1)[1] + x.strides[0] * 0.0 + x.sum()

    compiled = sg.compile(f)
    base = np.arange(6.0).reshape(2, 3)
    for x in (base, base.T, base.T.copy(), base[:, ::-1], base.astype(np.float32), base.astype(int), base > 2):
        for _ in range(2):
            assert compiled(x) == f(x)
            assert np.asarray(compiled(x)).dtype == np.asarray(f(x)).dtype


def test_arguments_that_are_changed():
    def f(x, seen, state):
        seen.append(x * 1.0)
        state.on = not state.on
        return x * len(seen) * (1 + state.on)

    answers = []
    for function in (f, sg.compile(f)):
        seen, state = [], types.SimpleNamespace(on=False)
        answers.append([function(float(k), seen, state) for k in range(5)] + seen + [state.on])
    assert answers[0] == answers[1]
    box = {"a": 1.0}
    compiled = sg.compile(lambda d: d.setdefault("b", d["a"] * 2.0))
    assert [compiled(box), box["b"], compiled(box)] == [2.0, 2.0, 2.0]
    holder = types.SimpleNamespace(on=False)

    def toggle(x, h):
        h.on = not h.on
        return x * (2.0 if h.on else 3.0)

    compiled = sg.compile(toggle)
    assert [compiled(1.0, holder) for _ in range(5)] == [2.0, 3.0, 2.0, 3.0, 2.0]


@pytest.mark.parametrize("training", [False, True])
def test_modules_as_arguments(training):
    norms = [nn.BatchNorm1d(4).to(np.float64).train(training) for _ in "pc"]
    x = np.random.default_rng(0).normal(size=(5, 4))
    compiled = sg.compile(lambda model, x: model(x))
    for change in (
        lambda m: None,
        lambda m: m.running_mean.__setitem__(0, 3.0),
        lambda m: setattr(m, "running_var", np.full_like(m.running_var, 2.0)),
        lambda m: m.weight.data.__setitem__(1, 5.0),
    ):
        for norm in norms:
            change(norm)
        for _ in range(3):
            np.testing.assert_allclose(compiled(norms[1], x).data, norms[0](x).data, rtol=1e-12)
        np.testing.assert_allclose(norms[1].running_var, norms[0].running_var)


def test_buffers_that_no_operation_reads():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", np.ones(3))

        def forward(self, x):
            return x * np.exp(self.scale)[0]

    model = Scaled().eval()
    follows(model, X, lambda: model.scale.__setitem__(0, 2.0), lambda: setattr(model, "scale", np.zeros(3)))


def test_batch_norm_without_a_graph():
    norm, x = nn.BatchNorm1d(3).to(np.float64).eval(), X[np.newaxis]
    compiled = sg.compile(norm)
    with sg.no_grad():
        for spread in (1.0, 4.0):
            norm.running_var[0] = spread
            for _ in range(2):
                np.testing.assert_allclose(compiled(x).data, norm(x).data, rtol=1e-12)
    assert compiled.replays > 0
