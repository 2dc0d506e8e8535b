"""What is recorded of a training: numbers equal those of the training, and recording changes nothing."""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.training_record import training_record
from seegrad.nn.training_record.histogram import BINS, LEVELS, histogram
from seegrad.nn.training_record.layer_outputs import dead_units


def network(*sizes):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.Linear(inputs, outputs, seed=i), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def descend(parameter, rate):
    parameter.data = parameter.data - rate * np.asarray(parameter.grad)


# --------------------------------------------------------------------------------------------- histograms


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
def test_a_histogram_has_the_counts_and_moments_of_numpy(scale, rng):
    data = rng.normal(size=(40, 50)) * scale
    found = histogram(data)
    counts = np.histogram(data / scale, BINS)[0]
    shares = np.array([LEVELS.index(c) for c in found.counts]) / (len(LEVELS) - 1)
    np.testing.assert_allclose(shares, counts / counts.max(), atol=1.5 / len(LEVELS))
    assert ((shares > 0) == (counts > 0)).all()
    for name, wanted in (("mean", data / scale), ("std", data / scale)):
        assert getattr(found, name) / scale == pytest.approx(getattr(wanted, name)(), rel=1e-6, abs=1e-9)
    assert found.norm / scale == pytest.approx(np.linalg.norm(data / scale), rel=1e-9)
    assert (found.low, found.high, found.bad, found.numbers) == (data.min(), data.max(), 0, [])


def test_histograms_of_unusual_data():
    assert histogram([]).counts == "0" * BINS
    assert histogram([3.0] * 9).counts[0] == LEVELS[-1]
    odd = histogram([np.nan, np.inf, 1.0])
    assert (odd.bad, odd.low, odd.high) == (2, 1.0, 1.0)
    assert odd.page_data()[7] == [None, None, 1.0]
    widest = histogram([-np.finfo(float).max, np.finfo(float).max])
    assert (widest.counts[0], widest.counts[-1]) == (LEVELS[-1], LEVELS[-1])


def test_dead_units_give_zero_for_all_examples(rng):
    output = rng.normal(size=(5, 4, 4, 6)).clip(0)
    output[..., [1, 4]] = 0.0
    output[:4, ..., 2] = 0.0
    output[4, 0, 0, 2] = 1.0
    assert dead_units(output) == (2, 6)


# ---------------------------------------------------------------------------------------- loops and trainer


def test_a_loop_is_recorded_as_it_was(rng):
    x, y = rng.normal(size=(64, 3)).astype(np.float32), rng.normal(size=(64, 1)).astype(np.float32)
    model = network(3, 8, 1)
    model[0].bias.data = np.where(np.arange(8) < 3, -100.0, 0.1).astype(np.float32)  # three dead units
    record = nn.TrainingRecord(model, every=4, x=x)
    seen = {}
    for step in range(1, 11):
        loss = ((model(x) - y) ** 2).mean()
        model.zero_grad()
        loss.backward()
        weight = model[0].weight
        seen[step] = (loss.item(), weight.data.copy(), np.asarray(weight.grad).copy(), model[0](x).data.clip(0))
        record.step(loss)
        for parameter in model.parameters():
            descend(parameter, 0.05)
    assert record.steps == [1, 4, 8]
    for snapshot in record._snapshots:
        loss, weight, gradient, hidden = seen[snapshot.step]
        assert snapshot.loss == pytest.approx(loss)
        for found, wanted in (
            (snapshot.values[0], weight),
            (snapshot.gradients[0], gradient),
            (snapshot.outputs["1 ReLU"], hidden),
        ):
            assert found.norm == pytest.approx(np.linalg.norm(wanted), rel=1e-5)
            assert (found.low, found.high) == (wanted.min(), wanted.max())
        assert snapshot.dead == {"1 ReLU": (int((hidden == 0).all(axis=0).sum()), 8)}
        assert snapshot.dead["1 ReLU"][0] >= 3


def test_a_training_is_not_changed_and_stays_compiled():
    def trained(*callbacks):
        x, y = sg.data.make_moons(200, noise=0.1, seed=0)
        model = nn.Sequential(
            nn.Linear(2, 8, seed=0), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2, seed=1), nn.Linear(8, 2)
        )
        model[4].weight.data = np.linspace(-1, 1, 16, dtype=np.float32).reshape(8, 2)
        trainer = nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=0.01), "cross_entropy")
        record = [make(model) for make in callbacks]
        trainer.fit(x, y, epochs=3, batch_size=32, seed=0, callbacks=record, progress=False)
        return trainer, record

    plain, _ = trained()
    trainer, (record,) = trained(lambda model: nn.TrainingRecord(model, every=5))
    for name, array in plain.model.state_dict().items():
        np.testing.assert_array_equal(trainer.model.state_dict()[name], array)
    assert trainer._compiled.why_not == plain._compiled.why_not
    assert record.steps == [1, 5, 10, 15, 20, 21]
    assert all(None not in snapshot.gradients for snapshot in record._snapshots)
    assert set(record._snapshots[0].outputs) == {"0 Linear", "1 BatchNorm1d", "2 ReLU", "4 Linear"}
    assert "200 examples" in " ".join(record._description()["notes"])


def test_examples_that_only_a_loader_can_read_are_left_out(rng):
    model = network(2, 3, 2)
    record = nn.TrainingRecord(model, every=1)
    named = {"x": rng.normal(size=(12, 2)).astype(np.float32), "y": np.arange(12) % 2}
    loader = sg.data.DataLoader(named, batch_size=4, transform=lambda batch: (batch["x"], batch["y"]))
    nn.Trainer(model, "adam", "cross_entropy").fit(loader, epochs=1, callbacks=record, progress=False)
    assert record.steps == [1, 2, 3]
    assert record._snapshots[0].outputs == {}
    assert "Outputs were not measured" in " ".join(record._description()["notes"])


def test_long_trainings_are_thinned():
    w = sg.Value(1.0, label="w")
    record = nn.TrainingRecord([w], every=3)
    for _ in range(2000):
        record.step(float(w.data))
    assert record.every == 24
    assert record.steps == [1, *range(24, 2001, 24)]
    assert len(record) <= training_record.MOST_STEPS
    assert len(record._page_data()["curve"][0]) <= 1002


# -------------------------------------------------------------------------------------------------- plane


def plane_of(record):
    data = record._page_data()["boundary"]
    levels = np.frombuffer(b64decode(data["levels"][-1]), np.uint8).astype(int)
    low, high, side = record._boundary.low, record._boundary.high, data["side"]
    axes = np.linspace(low[0], high[0], side), np.linspace(low[1], high[1], side)[::-1]
    return data, levels, np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize(("outputs", "kind"), [(2, "score"), (4, "classes")])
def test_the_boundary_is_what_the_model_predicts(outputs, kind, rng):
    x = rng.normal(size=(50, 2)).astype(np.float32)
    y = rng.integers(0, outputs, 50)
    model = network(2, 8, outputs)
    record = nn.TrainingRecord(model, x=x, y=y)
    record.step(1.0)
    data, levels, points = plane_of(record)
    scores = model(points.astype(np.float32)).data
    assert data["kind"] == kind
    sure = np.abs(np.diff(np.sort(scores, axis=1)[:, -2:], axis=1)[:, 0]) > 0.02  # not so close that rounding decides
    predicted = levels > 128 if kind == "score" else levels // 16
    np.testing.assert_array_equal(predicted[sure], scores.argmax(axis=1)[sure])
    assert sure.mean() > 0.8
    assert [mark for *_, mark in data["points"]] == y.tolist()


def test_a_boundary_lies_at_half_after_a_sigmoid_and_at_zero_for_values(rng):
    x, y = rng.normal(size=(30, 2)).astype(np.float32), np.arange(30) % 2 * 2 - 1
    model = nn.Sequential(nn.Linear(2, 1, seed=0), nn.Sigmoid())
    record = nn.TrainingRecord(model, x=x, y=y[:, None])
    record.step(1.0)
    data, levels, points = plane_of(record)
    score = model(points.astype(np.float32)).data[:, 0] - 0.5
    np.testing.assert_array_equal((levels > 128)[np.abs(score) > 0.01], (score > 0)[np.abs(score) > 0.01])
    assert (data["threshold"], {mark for *_, mark in data["points"]}) == (0.5, {0, 1})

    scalar = nn.MLP(2, [3, 1], seed=0)
    record = nn.TrainingRecord(scalar, x=x, y=y)
    record.step(1.0)
    data, levels, points = plane_of(record)
    score = np.array([scalar(point).data for point in points.tolist()])
    np.testing.assert_array_equal((levels > 128)[np.abs(score) > 0.01], (score > 0)[np.abs(score) > 0.01])
    assert data["threshold"] == 0.0
    assert [part.layer for part in record._parts] == ["layer 0", "layer 1"]


# -------------------------------------------------------------------------------------------------- graph


def test_the_graph_has_the_numbers_of_each_step():
    w = sg.Value(2.0, label="w")
    record = nn.TrainingRecord([w], every=1)
    seen = []
    for _ in range(5):
        loss = (w * 3.0 - 1.0) ** 2
        loss.label = "loss"
        w.grad = 0.0
        loss.backward()
        record.step(loss)
        seen.append((w.data, w.grad, loss.data))
        w.data -= 0.02 * w.grad
    graph = record._page_data()["graph"]
    titles = [node["title"] for node in graph["nodes"]]
    assert [title.partition(" ")[0] for title in titles] == ["w", "v1", "v2", "loss"]
    for state, (value, gradient, loss) in zip(graph["states"], seen):
        _, shown, slope = state[0][0]
        assert float(shown) == pytest.approx(value, rel=1e-5)
        assert float(slope.removeprefix("grad ")) == pytest.approx(gradient, rel=1e-5)
        assert float(state[3][0][1]) == pytest.approx(loss, rel=1e-5)


def test_a_graph_that_is_large_or_changes_is_not_drawn_and_the_page_says_why():
    w = sg.Value(2.0, label="w")
    changing, large = (nn.TrainingRecord([w], every=1) for _ in range(2))
    for k in (1, 2):
        loss = w
        for _ in range(k):
            loss = loss.tanh()
        changing.step(loss)
    loss = w
    for _ in range(80):
        loss = loss.tanh()
    large.step(loss)
    assert "did not stay the same" in changing._page_data()["notes"][-1]
    assert "81 nodes" in large._page_data()["notes"][-1]
    assert "graph" not in {**changing._page_data(), **large._page_data()}


# ------------------------------------------------------------------------------------------------- errors


def test_errors_say_what_was_expected(tmp_path):
    model = network(2, 3, 2)
    with pytest.raises(TypeError, match=r"expected a model or a list of Values and Tensors.*got int"):
        nn.TrainingRecord(3)
    with pytest.raises(TypeError, match="got float"):
        nn.TrainingRecord([1.0])
    with pytest.raises(ValueError, match="nothing that is trained"):
        nn.TrainingRecord(nn.ReLU())
    with pytest.raises(ValueError, match="every"):
        nn.TrainingRecord(model, every=0)
    with pytest.raises(ValueError, match=r"x has 3 examples, y 2"):
        nn.TrainingRecord(model, x=np.zeros((3, 2)), y=[0, 1])
    with pytest.raises(ValueError, match="y was given without x"):
        nn.TrainingRecord(model, y=[0, 1])
    with pytest.raises(ValueError, match=r"must hold examples, got an array of shape \(0, 2\)"):
        nn.TrainingRecord(model, x=np.zeros((0, 2)))
    record = nn.TrainingRecord(model)
    with pytest.raises(ValueError, match="nothing has been recorded yet"):
        record.save(tmp_path / "a.html")
    record.step(1.0)
    with pytest.raises(ValueError, match=r"ends in \.html, not in '\.png'"):
        record.save(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
