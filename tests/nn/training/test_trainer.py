from __future__ import annotations

import copy
import os
import pickle
import signal
import threading
from collections import namedtuple

import numpy as np
import pytest
from small_trainings import At, assert_same_arrays, make_trainer, weights

import seegrad as sg
from seegrad import nn

# Learning ----------------------------------------------------------------------------------------------


def test_learns(points):
    trainer = make_trainer()
    history = trainer.fit(points, epochs=15, batch_size=16, validation=points, seed=0)
    assert history is trainer.history
    assert len(history) == 15
    assert history.names() == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history["loss"][-1] < history["loss"][0] / 2
    assert trainer.evaluate(points)["accuracy"] > 0.95
    assert {name: history[-1][f"val_{name}"] for name in ("loss", "accuracy")} == trainer.evaluate(
        points, batch_size=128
    )


def test_one_step_is_forward_loss_backward_update(points):
    trainer = make_trainer()
    reference = make_trainer()
    trainer.fit(points, epochs=1, batch_size=70, seed=0)
    (x, y), *_ = sg.data.DataLoader(points, 70, shuffle=True, seed=0)
    loss = reference.loss(reference.model(sg.tensor(x)), y)
    loss.backward()
    reference.optimizer.step()
    assert_same_arrays(weights(trainer), weights(reference))
    assert trainer.history[0]["loss"] == pytest.approx(loss.item(), rel=1e-6)


def test_training_metrics_weigh_every_example_the_same(points):
    model = nn.Sequential(nn.Linear(2, 2))
    trainer = nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=1e-30), nn.CrossEntropyLoss())
    history = trainer.fit(points, epochs=1, batch_size=64, seed=0)
    logits = points.x @ model[0].weight.numpy() + model[0].bias.numpy()
    losses = np.logaddexp(0, logits[np.arange(70), 1 - points.y] - logits[np.arange(70), points.y])
    assert history[0]["loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert history[0]["accuracy"] == np.mean(logits.argmax(1) == points.y)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_same_seed_same_run(points, dropout):
    runs = []
    for _ in range(2):
        trainer = make_trainer(dropout=dropout)
        history = trainer.fit(points, epochs=2, batch_size=16, validation=points, seed=7)
        runs.append((weights(trainer), history.epochs))
    assert_same_arrays(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    other = make_trainer(dropout=dropout)
    other.fit(points, epochs=2, batch_size=16, seed=8)
    assert not np.array_equal(weights(other)["0.weight"], runs[0][0]["0.weight"])


def test_validation_does_not_change_the_training(points):
    plain = make_trainer(dropout=0.5)
    plain.fit(points, epochs=2, batch_size=16, seed=1)
    validated = make_trainer(dropout=0.5)
    validated.fit(points, epochs=2, batch_size=16, seed=1, validation=points)
    assert_same_arrays(weights(plain), weights(validated))


def test_takes_a_data_loader(points):
    trainer = make_trainer()
    steps = []
    loader = sg.data.DataLoader(points, batch_size=20, shuffle=True, seed=0, drop_last=True)

    class Count(nn.Callback):
        def on_step_end(self, run):
            steps.append((run.examples, run.examples_per_epoch))

    trainer.fit(loader, epochs=1, callbacks=[Count()])
    assert steps == [(20, 60)] * 3


def test_regression_has_no_accuracy():
    x = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    line = sg.data.ArrayDataset(x, 3 * x + 1)
    model = nn.Linear(1, 1)
    trainer = nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.3), nn.MSELoss())
    history = trainer.fit(line, epochs=60, batch_size=20, seed=0)
    assert history.names() == ["loss"]
    assert trainer.evaluate(line)["loss"] < 1e-6
    np.testing.assert_allclose(trainer.predict(x), 3 * x + 1, atol=1e-2)


# Evaluating and predicting -----------------------------------------------------------------------------


def test_evaluate_does_not_depend_on_the_batch_size_nor_change_anything(points):
    trainer = make_trainer(dropout=0.5)
    trainer.model.train()
    trainer.model[2].eval()
    before = weights(trainer)
    whole, small = trainer.evaluate(points, batch_size=1000), trainer.evaluate(points, batch_size=3)
    assert whole == pytest.approx(small, rel=1e-6)
    assert_same_arrays(before, weights(trainer))
    assert [layer.training for layer in trainer.model] == [True, True, False, True]
    assert trainer.model[0].weight.grad is None


def test_predict_gives_probabilities(points):
    trainer = make_trainer(dropout=0.5)
    probabilities = trainer.predict(points.x, batch_size=32)
    logits = trainer.model.eval()(sg.tensor(points.x)).numpy()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)
    np.testing.assert_array_equal(trainer.predict(sg.tensor(points.x), 32), probabilities)


def test_predict_refuses_nothing(points):
    with pytest.raises(ValueError, match="at least one example"):
        make_trainer().predict(points.x[:0])


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True])
def test_bad_batch_sizes(points, batch_size):
    trainer = make_trainer()
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        trainer.fit(points, batch_size=batch_size)
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        trainer.evaluate(points, batch_size=batch_size)
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        trainer.predict(points.x, batch_size=batch_size)


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True])
def test_bad_epochs(points, epochs):
    with pytest.raises((TypeError, ValueError), match="epochs"):
        make_trainer().fit(points, epochs=epochs)


def test_a_loss_per_example_is_refused(points):
    trainer = make_trainer()
    trainer.loss = nn.CrossEntropyLoss(reduction="none")
    before = weights(trainer)
    with pytest.raises(ValueError, match="single number"):
        trainer.fit(points)
    assert_same_arrays(before, weights(trainer))


# Callbacks ---------------------------------------------------------------------------------------------


def test_callbacks_see_every_moment_in_order(points):
    seen = []

    class Watch(nn.Callback):
        def on_train_begin(self, run):
            seen.append(("begin", run.epochs, run.steps_per_epoch))

        def on_epoch_begin(self, run):
            seen.append(("epoch", run.epoch))

        def on_step_end(self, run):
            seen.append(("step", run.epoch, run.step, run.examples))

        def on_epoch_end(self, run):
            seen.append(("done", run.epoch, len(run.history)))

        def on_train_end(self, run):
            seen.append("end")

    make_trainer().fit(points, epochs=2, batch_size=64, callbacks=[Watch()], seed=0)
    assert seen == [
        ("begin", 2, 2),
        *[("epoch", 1), ("step", 1, 1, 64), ("step", 1, 2, 6), ("done", 1, 1)],
        *[("epoch", 2), ("step", 2, 1, 64), ("step", 2, 2, 6), ("done", 2, 2)],
        "end",
    ]


def test_a_callback_can_stop_the_training(points):
    class Stop(nn.Callback):
        def on_epoch_end(self, run):
            run.stop = run.epoch == 2

    assert len(make_trainer().fit(points, epochs=5, callbacks=[Stop()], seed=0)) == 2


def test_lines_and_bar(points, capsys):
    make_trainer().fit(points, epochs=2, validation=points, seed=0, progress=True)
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [line.split()[:2] for line in lines] == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert all(word in lines[0] for word in ("loss", "accuracy", "val_loss", "val_accuracy"))
    assert captured.err == ""  # no bar where it cannot move


# Ten steps of 7 images: none but the first and last is worth showing, each is, or a few are that lie far apart.
@pytest.mark.parametrize("seconds", [[0] * 10, range(10), [0] * 8 + [1, 1], [0] * 5 + [1] * 5])
def test_bar_in_a_terminal(points, capsys, monkeypatch, seconds):
    times = iter(seconds)
    monkeypatch.setattr("seegrad.nn.training.callbacks.progress.perf_counter", lambda: 100.0 + next(times))
    monkeypatch.setattr("seegrad.nn.training.callbacks.progress.is_watched", lambda: True)
    monkeypatch.delenv("COLUMNS", raising=False)  # a narrow terminal cuts the bar off
    make_trainer().fit(points, epochs=1, batch_size=7, seed=0, progress=True)
    shown = capsys.readouterr().err
    assert all(word in shown for word in ("epoch 1/1", "loss ", "accuracy ", "100%", "img/s")), shown


def test_silent_by_default_where_nobody_watches(points, capsys):
    make_trainer().fit(points, epochs=1, seed=0)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


# What can go wrong -------------------------------------------------------------------------------------


def spoil(name, value):
    def action(run):
        parameter = dict(run.trainer.model.named_parameters())[name]
        changed = parameter.data.copy()
        changed.flat[0] = value
        parameter.data = changed

    return action


def test_non_finite_loss_names_place_and_parameter_and_keeps_the_last_good_weights(points):
    kept = []
    trainer = make_trainer()
    keep = At(2, 1, lambda run: kept.append(run.trainer.model.state_dict()))
    with pytest.raises(nn.NonFiniteError, match=r"epoch 2, step 3.*parameter 3\.weight \(1 NaN of 16") as caught:
        trainer.fit(points, batch_size=16, callbacks=[keep, At(2, 2, spoil("3.weight", np.nan))], seed=0)
    assert (caught.value.epoch, caught.value.step) == (2, 3)
    # The weights after step 1 gave step 2's finite loss; what step 2 made of them did not.
    assert_same_arrays(kept[0], weights(trainer))
    assert len(trainer.history) == 1


@pytest.mark.parametrize("of", ["loss", "weights"])
def test_buffers_go_back_with_the_weights(points, of):
    """Running statistics take in NaN in the forward pass that fails, and are good until then."""
    sg.manual_seed(3)
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    trainer = nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=0.05), nn.CrossEntropyLoss())
    kept = []

    def spoil_after_keeping(run):
        kept.append({name: buffer.copy() for name, buffer in model.named_buffers()})
        spoil("0.weight", np.nan)(run)

    step = {"loss": 2, "weights": 5}[of]  # the fifth is the last: there is no loss after it that could tell
    with pytest.raises(nn.NonFiniteError, match=rf"the {of}"):
        trainer.fit(points, batch_size=16, callbacks=[At(2, step, spoil_after_keeping)], seed=0)
    assert kept[0]["1.num_batches_tracked"] == 5 + step
    assert_same_arrays(dict(model.named_buffers()), kept[0])
    assert all(np.isfinite(array).all() for array in weights(trainer).values())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_averages_take_in_no_weights_that_are_not_finite(points, accumulate):
    trainer = make_trainer()
    trainer.ema = sg.optim.EMA(trainer.model.parameters(), 0.9)
    wrong = At(1, 3, lambda run: run.trainer.optimizer.param_groups[0].update(lr=np.inf))
    with pytest.raises(nn.NonFiniteError):
        trainer.fit(points, batch_size=16, callbacks=[wrong], seed=0, accumulate=accumulate)
    assert trainer.ema.steps == {1: 3, 2: 1}[accumulate]
    assert all(np.isfinite(average).all() for average in trainer.ema.averages)


def test_weights_spoilt_by_the_last_step_of_an_epoch(points):
    trainer = make_trainer()
    with pytest.raises(nn.NonFiniteError, match=r"epoch 1, step 5.*parameter 0\.bias \(1 infinite of 8"):
        trainer.fit(points, batch_size=16, callbacks=[At(1, 5, spoil("0.bias", -np.inf))], seed=0)
    assert all(np.isfinite(array).all() for array in weights(trainer).values())


def test_non_finite_activation_is_named(points):
    class Logarithm(nn.Module):
        def forward(self, x):
            return x.log()

    sg.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), Logarithm(), nn.Linear(4, 2))
    trainer = nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    before = weights(trainer)
    with pytest.raises(nn.NonFiniteError, match=r"epoch 1, step 1.*output of 2 Logarithm"):
        trainer.fit(points, seed=0)
    assert_same_arrays(before, weights(trainer))


def test_non_finite_loss_alone_is_named(points):
    trainer = make_trainer()
    trainer.loss = lambda output, target: output.mean() * float("inf")
    with pytest.raises(nn.NonFiniteError, match="the loss itself"):
        trainer.fit(points, seed=0)


def test_non_finite_batch_is_named(points):
    def spoilt(x, y):
        return np.where(x > 1, np.float32(np.inf), x), y

    loader = sg.data.DataLoader(points, 70, transform=spoilt)
    with pytest.raises(nn.NonFiniteError, match="the batch itself"):
        make_trainer().fit(loader)


def test_a_learning_rate_far_too_large(points):
    trainer = make_trainer()
    trainer.optimizer = sg.optim.SGD(trainer.model.parameters(), lr=1e38)
    with pytest.raises(nn.NonFiniteError, match="smaller learning rate"):
        trainer.fit(points, epochs=50, batch_size=16, seed=0)
    assert all(np.isfinite(array).all() for array in weights(trainer).values())


def press_ctrl_c(_run=None):
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_lets_the_step_end(points):
    trainer = make_trainer()
    ended = []

    class Ends(nn.Callback):
        def on_step_end(self, run):
            ended.append(run.step)

        def on_train_end(self, run):
            ended.append("end")

    with pytest.raises(KeyboardInterrupt):
        trainer.fit(points, batch_size=16, callbacks=[At(1, 3, press_ctrl_c), Ends()], seed=0)
    assert ended == [1, 2, 3, "end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_during_validation(points):
    class Press(nn.Module):
        def forward(self, x):
            if not self.training:
                press_ctrl_c()
            return x

    trainer = make_trainer()
    trainer.model[1] = nn.Sequential(Press(), nn.ReLU())
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(points, batch_size=16, validation=points, seed=0)
    assert trainer.model.training
    assert len(trainer.history) == 0


def test_ctrl_c_with_spoilt_weights_gives_the_good_ones_back(points):
    trainer = make_trainer()
    moments = [At(1, 3, spoil("0.weight", np.nan)), At(1, 3, press_ctrl_c)]
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(points, batch_size=16, callbacks=moments, seed=0)
    assert all(np.isfinite(array).all() for array in weights(trainer).values())


def test_second_ctrl_c_does_not_wait(points):
    def twice(run):
        press_ctrl_c()
        press_ctrl_c()
        pytest.fail("the second one should have been raised at once")

    with pytest.raises(KeyboardInterrupt):
        make_trainer().fit(points, callbacks=[At(1, 1, twice)], seed=0)


def test_a_program_keeps_its_own_interrupt_handler(points):
    pressed = []
    old = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        make_trainer().fit(points, epochs=1, callbacks=[At(1, 1, press_ctrl_c)], seed=0)
    finally:
        signal.signal(signal.SIGINT, old)
    assert pressed == [True]


def test_trains_in_a_thread(points):
    result = []
    thread = threading.Thread(target=lambda: result.append(make_trainer().fit(points, epochs=1, seed=0)))
    thread.start()
    thread.join()
    assert len(result[0]) == 1


def test_wrong_shape_names_the_layer(points):
    trainer = make_trainer()
    with pytest.raises(ValueError, match=r"Sequential\.0 Linear\(2, 8"):
        trainer.predict(points.x[:, :1])


# Parts that belong together ----------------------------------------------------------------------------


def network():
    return nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))


OPTIMIZERS = {
    "SGD": lambda params: sg.optim.SGD(params, lr=0.1, momentum=0.9),
    "Adam": lambda params: sg.optim.Adam(params),
    "AdamW": lambda params: sg.optim.AdamW(params),
    "RMSprop": lambda params: sg.optim.RMSprop(params),
    "Adagrad": lambda params: sg.optim.Adagrad(params),
    "distributed": lambda params: sg.optim.DistributedOptimizer(sg.optim.Adam(params), Alone()),
}


class Alone:
    """A communicator of one process."""

    def Get_rank(self):  # noqa: N802
        return 0

    def Get_size(self):  # noqa: N802
        return 1

    def Allreduce(self, sendbuf, recvbuf):  # noqa: N802
        recvbuf[...] = sendbuf

    def Bcast(self, buf, root=0):  # noqa: N802
        pass

    def __deepcopy__(self, memo):
        raise TypeError("a communicator is not copied")


@pytest.mark.parametrize("kind", OPTIMIZERS)
class TestBelongings:
    def test_the_optimizer_of_another_model_is_refused(self, kind):
        optimizer = OPTIMIZERS[kind](network().parameters())
        with pytest.raises(ValueError, match="holds none of the model's parameters.*made anew"):
            nn.Trainer(network(), optimizer, nn.CrossEntropyLoss())

    def test_also_where_the_parts_are_changed_later(self, kind, points):
        model = network()
        trainer = nn.Trainer(model, OPTIMIZERS[kind](model.parameters()), nn.CrossEntropyLoss())
        trainer.model = network()
        with pytest.raises(ValueError, match="holds none of the model's parameters"):
            trainer.fit(points)

    def test_a_part_and_others_besides(self, kind, points):
        model, other = network(), network()
        for params in (
            model[2].parameters(),
            [*model.parameters(), *other.parameters()],
            [*model[0].parameters(), other[0].bias],
        ):
            trainer = nn.Trainer(model, OPTIMIZERS[kind](params), nn.CrossEntropyLoss())
            trainer.fit(points, epochs=1)

    def test_frozen_parameters(self, kind, points):
        model = network()
        model[0].freeze()
        before = model.state_dict()
        nn.Trainer(model, OPTIMIZERS[kind](model.parameters()), nn.CrossEntropyLoss()).fit(points, epochs=1)
        np.testing.assert_array_equal(model[0].weight.data, before["0.weight"])
        assert (model[2].weight.data != before["2.weight"]).all()

    def test_parameters_of_the_loss_alone(self, kind):
        class Tempered(nn.Module):
            def __init__(self):
                self.temperature = nn.Parameter(1.0)

            def forward(self, output, target):
                return nn.functional.cross_entropy(output / self.temperature, target)

        loss = Tempered()
        nn.Trainer(network(), OPTIMIZERS[kind](loss.parameters()), loss)
        nn.Trainer(network().freeze(), OPTIMIZERS[kind](network().parameters()), lambda output, target: output.sum())

    @pytest.mark.parametrize("classes", [2, 3])
    def test_a_replaced_layer_is_warned_of(self, kind, points, classes):
        model = network()
        optimizer = OPTIMIZERS[kind](model.parameters())
        model[2] = nn.Linear(4, classes)
        with pytest.warns(sg.SeegradWarning, match=r"does not hold 2\.weight, 2\.bias of the model.* make it again"):
            trainer = nn.Trainer(model, optimizer, nn.CrossEntropyLoss())
        with pytest.warns(sg.SeegradWarning, match=r"2\.weight"):
            trainer.fit(points, epochs=1)

    def test_copies_of_a_trainer_train(self, kind, points):
        model = network()
        ema = sg.optim.EMA(model.parameters(), 0.5)
        trainer = nn.Trainer(model, OPTIMIZERS[kind](model.parameters()), nn.CrossEntropyLoss(), ema=ema)
        follow = nn.LearningRateSchedule(sg.optim.StepLR(trainer.optimizer, 1, 0.5))
        trainer.fit(points, epochs=1, seed=0, callbacks=[follow])
        other, also = copy.deepcopy((trainer, follow))
        before = weights(trainer)
        other.fit(points, epochs=2, seed=1, callbacks=[also])
        assert_same_arrays(before, weights(trainer))
        trainer.fit(points, epochs=2, seed=1, callbacks=[follow])
        assert_same_arrays(weights(other), weights(trainer))
        np.testing.assert_array_equal(other.predict(points.x), trainer.predict(points.x))
        assert other.optimizer.param_groups[0]["lr"] == trainer.optimizer.param_groups[0]["lr"]
        with pytest.raises(ValueError, match="another optimizer"):
            other.fit(points, epochs=1, callbacks=[follow])


def test_a_pickled_trainer_trains(points):
    trainer = make_trainer()
    trainer.fit(points, epochs=1, seed=0)
    other = pickle.loads(pickle.dumps(trainer))
    for each in (trainer, other):
        each.fit(points, epochs=1, seed=1)
    assert_same_arrays(weights(other), weights(trainer))


def test_the_averages_of_another_model_are_refused():
    model = network()
    optimizer = sg.optim.SGD(model.parameters())
    with pytest.raises(ValueError, match=r"averages \(ema\) are of none of the model's parameters"):
        nn.Trainer(model, optimizer, nn.MSELoss(), ema=sg.optim.EMA(network().parameters()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "cnn"}, "the model must be an nn.Module, got 'cnn'"),
        ({"optimizer": sg.optim.SGD}, r"expected an optimizer such as .*, got <class"),
        ({"optimizer": nn.MSELoss()}, r"got MSELoss\(\); the order is Trainer\(model, optimizer, loss\)"),
        ({"model": nn.Linear}, "the model must be an nn.Module, got <class"),
        ({"loss": nn.MSELoss}, r"such as nn.CrossEntropyLoss\(\), or a name, got <class"),
        ({"ema": 0.99}, r"such as optim.EMA\(model.parameters\(\)\), got 0.99"),
        ({"metrics": {"accuracy": "accuracy"}}, r"a dict of metrics has functions.*metrics=\['accuracy'\]"),
        ({"metrics": 3}, r"a list of names such as \['accuracy', 'top_3'\].*got 3"),
        ({"metrics": [lambda output, target: 0.0]}, "give a function without a name one in a dict"),
    ],
)
def test_parts_of_other_kinds_are_refused(change, message):
    model = network()
    parts = {"model": model, "optimizer": sg.optim.SGD(model.parameters()), "loss": nn.MSELoss(), **change}
    with pytest.raises(TypeError, match=message):
        nn.Trainer(**parts)


@pytest.mark.parametrize("data", ["dicts", "triples"])
def test_batches_that_are_no_pairs(points, data):
    source = {"x": points.x, "y": points.y}
    transform = None if data == "dicts" else lambda batch: (batch["x"], batch["y"], 0)
    trainer = make_trainer()
    for use in (trainer.fit, trainer.evaluate):
        with pytest.raises(TypeError, match=r"a batch must be a pair \(x, y\).*transform=lambda batch: \(batch"):
            use(sg.data.DataLoader(source, 8, transform=transform))
    trainer.fit(sg.data.DataLoader(source, 8, transform=lambda batch: (batch["x"], batch["y"])), epochs=1)
    named = namedtuple("Points", "x y")(points.x, points.y)
    assert trainer.evaluate(sg.data.DataLoader(named, 8)) == trainer.evaluate(sg.data.DataLoader(points, 8))


def test_predict_takes_examples_alone(points):
    for given in (points, sg.data.DataLoader(points)):
        with pytest.raises(TypeError, match=r"without their targets, such as dataset.x, got (Array|Data)"):
            make_trainer().predict(given)
