"""What fit and evaluate take as data: arrays, data sets, loaders; shares for validation; and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from small_trainings import assert_same_arrays, make_trainer, weights

import seegrad as sg
from seegrad import nn


def trained(*data, **options):
    trainer = make_trainer()
    trainer.fit(*data, epochs=2, batch_size=16, seed=0, **options)
    return trainer


def assert_same_training(one, other):
    assert_same_arrays(weights(one), weights(other))
    assert one.history.epochs == other.history.epochs


FORMS = {
    "arrays": lambda x, y: (x, y),
    "tuple": lambda x, y: ((x, y),),
    "tensors": lambda x, y: (sg.tensor(x), sg.tensor(y)),
    "lists": lambda x, y: (x, y.tolist()),
    "pairs": lambda x, y: (list(zip(x, y)),),
}


@pytest.mark.parametrize("form", FORMS)
def test_arrays_are_data_sets(points, form):
    given = FORMS[form](points.x, points.y)
    expected, found = trained(points), trained(*given)
    assert_same_training(expected, found)
    assert found.evaluate(*given) == expected.evaluate(points)


@pytest.mark.parametrize("name", ["validation", "validation_data"])
def test_validation_has_two_names(points, name):
    expected = trained(points, validation=points)
    for given in (points, (points.x, points.y), sg.data.DataLoader(points, 128)):
        assert_same_training(expected, trained(points, **{name: given}))


@pytest.mark.parametrize("source", ["arrays", "data set", "pairs", "subset"])
def test_a_share_is_kept_for_validation(points, source):
    pairs = list(zip(points.x, points.y))
    forms = {
        "arrays": (points.x, points.y),
        "data set": (points,),
        "pairs": (pairs,),
        "subset": (sg.data.Subset(pairs, np.arange(70)),),
    }
    # As in Keras: of n examples the first floor(n * (1 - share)) are for training.
    expected = trained(points[:52], validation=points[52:])
    assert_same_training(expected, trained(*forms[source], validation_split=0.25))


def test_a_subclass_that_makes_its_examples_makes_those_of_the_shares(points):
    class Doubled(sg.data.ArrayDataset):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return 2 * x, y

    expected = trained(2 * points.x, points.y, validation_split=0.5)
    assert_same_training(expected, trained(Doubled(points.x, points.y), validation_split=0.5))


def test_a_short_last_batch_is_left_out(points):
    seen = []
    look = nn.LambdaCallback(on_step_end=lambda run: seen.append(run.examples))
    make_trainer().fit(points, epochs=1, batch_size=32, drop_last=True, callbacks=look)
    assert seen == [32, 32]


@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_data_that_do_not_fit_are_refused(points, call):
    use, loader = getattr(make_trainer(), call), sg.data.DataLoader(points)
    keyword = {"fit": "epochs", "evaluate": "batch_size"}[call]
    cases = [
        ((points, 5), TypeError, f"the second argument is y, the targets of x; write {keyword}=5"),
        ((points.x,), TypeError, rf"the targets are missing; write {call}\(x, y\)"),
        ((sg.tensor(points.x),), TypeError, "the targets are missing"),
        ((points, points.y), TypeError, "an? ArrayDataset brings its targets with it; leave y out"),
        ((loader, points.y), TypeError, "a DataLoader brings its targets"),
        ((sg.data.Subset(points, [0]), points.y), TypeError, "brings its targets"),
        ((points.x, points.y[:3]), ValueError, "70 examples in x but 3 targets in y"),
        (((points.x, points.y[:3]),), ValueError, "70 examples in x but 3 targets in y"),
        (((points.x,),), TypeError, r"a tuple of arrays is \(x, y\), or \(x, y, sample_weight\); got 1 parts"),
        ((np.full((2, 2), np.nan), [0, 1]), ValueError, "NaN"),
        ((None,), TypeError, "needs a data set, got NoneType"),
    ]
    for given, error, message in cases:
        with pytest.raises(error, match=message):
            use(*given)


def test_options_that_do_not_go_together_are_refused(points):
    loader = sg.data.DataLoader(points)
    cases = [
        (points, {"validation": points, "validation_split": 0.1}, "one of validation, validation_data"),
        (points, {"validation": points, "validation_data": points}, "one of validation, validation_data"),
        (points, {"validation": points.x}, r"write validation=\(x, y\)"),
        (loader, {"validation_split": 0.1}, "validation_split divides arrays and data sets, not a DataLoader"),
        (sg.data.shard(points, 0, 2), {"validation_split": 0.1}, "not a Shard; divide the data set before"),
        (points, {"validation_split": 1.0}, "a share between 0 and 1, got 1.0"),
        (points, {"validation_split": 10}, "a share between 0 and 1, got 10"),
        (points, {"validation_split": "0.1"}, "a share between 0 and 1, got '0.1'"),
        (points[:2], {"validation_split": 0.9}, "leaves nothing to train or to validate with"),
        (loader, {"drop_last": True}, r"write DataLoader\(..., drop_last=True\)"),
        (points, {"progress": True, "verbose": 1}, "give progress or verbose"),
        (points, {"verbose": 3}, "verbose must be 0 .*got 3"),
    ]
    for train, options, message in cases:
        with pytest.raises((TypeError, ValueError), match=message):
            make_trainer().fit(train, **options)


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 2), (2, 2), ("auto", 0), (None, 0), (True, 2)])
def test_verbose(points, capsys, verbose, lines):
    trained(points, verbose=verbose)
    assert len(capsys.readouterr().out.splitlines()) == lines


def test_verbose_shows_a_bar_or_lines(monkeypatch):
    from seegrad.nn.training.callbacks import progress

    monkeypatch.setattr(progress, "is_watched", lambda: True)
    kinds = {verbose: [type(c).__name__ for c in progress.watchers(None, verbose)] for verbose in (0, 1, 2, "auto")}
    assert kinds == {
        0: [],
        1: ["ProgressBar", "EpochLines"],
        2: ["EpochLines"],
        "auto": ["ProgressBar", "EpochLines"],
    }
