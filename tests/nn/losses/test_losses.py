"""Losses against their formulas written plainly, their gradients, extreme values, and what they refuse."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn import functional as F  # noqa: N812

LABELS = np.array([2, 0, 3, 3, 1])
N, C = 5, 4


@pytest.fixture
def logits(rng):
    return rng.normal(size=(N, C)) * 2


def log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def one_hot(labels):
    return np.eye(C)[labels]


def check(loss, expected, *inputs):
    """Value against the formula's, gradients against difference quotients."""
    tensors = [sg.tensor(x, requires_grad=True) for x in inputs]
    np.testing.assert_allclose(loss(*tensors).data, expected, rtol=1e-12, atol=1e-14)
    assert sg.gradcheck(lambda *xs: loss(*xs), tensors)


REDUCE = {"mean": np.mean, "sum": np.sum, "none": lambda x: x}


class TestCrossEntropy:
    @pytest.mark.parametrize("reduction", REDUCE)
    def test_labels_and_rows(self, logits, rng, reduction):
        rows = -log_softmax(logits)[np.arange(N), LABELS]
        loss = nn.CrossEntropyLoss(reduction=reduction)
        check(lambda x: loss(x, LABELS), REDUCE[reduction](rows), logits)
        check(lambda x: loss(x, one_hot(LABELS)), REDUCE[reduction](rows), logits)
        check(lambda x: loss(x, one_hot(LABELS).astype(int)), REDUCE[reduction](rows), logits)
        soft = rng.dirichlet(np.ones(C), N)
        check(lambda x: loss(x, soft), REDUCE[reduction](-(soft * log_softmax(logits)).sum(-1)), logits)
        nll = nn.NLLLoss(reduction=reduction)
        check(lambda x: nll(sg.log_softmax(x), LABELS), REDUCE[reduction](rows), logits)

    @pytest.mark.parametrize("shape", [(C,), (2, N, C)])
    def test_any_number_of_axes(self, rng, shape):
        x = rng.normal(size=shape)
        labels = rng.integers(C, size=shape[:-1])
        expected = -np.take_along_axis(log_softmax(x), labels[..., None], -1).mean()
        check(lambda x: F.cross_entropy(x, labels), expected, x)

    def test_weights(self, logits):
        w = np.array([1.0, 2.0, 0.5, 3.0])
        rows = -w[LABELS] * log_softmax(logits)[np.arange(N), LABELS]
        check(lambda x: F.cross_entropy(x, LABELS, w), rows.sum() / w[LABELS].sum(), logits)
        check(lambda x: F.cross_entropy(x, LABELS, w, reduction="sum"), rows.sum(), logits)
        # For rows the mean is over rows, as in PyTorch.
        check(lambda x: F.cross_entropy(x, one_hot(LABELS), w), rows.mean(), logits)
        check(lambda x: F.nll_loss(sg.log_softmax(x), LABELS, w), rows.sum() / w[LABELS].sum(), logits)

    def test_ignore_index(self, logits):
        labels = np.array([2, -7, 3, -7, 1])
        kept = labels >= 0
        rows = np.where(kept, -log_softmax(logits)[np.arange(N), labels * kept], 0.0)
        loss = nn.CrossEntropyLoss(ignore_index=-7)
        check(lambda x: loss(x, labels), rows.sum() / 3, logits)
        check(lambda x: F.cross_entropy(x, labels, ignore_index=-7, reduction="none"), rows, logits)
        x = sg.tensor(logits, requires_grad=True)
        loss(x, labels).backward()
        assert not x.grad[~kept].any()
        assert not np.isnan(F.cross_entropy(np.where(kept[:, None], logits, -np.inf), labels, ignore_index=-7).data)

    def test_label_smoothing(self, logits):
        soft = 0.9 * one_hot(LABELS) + 0.1 / C
        expected = -(soft * log_softmax(logits)).sum(-1)
        check(lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.1), expected.mean(), logits)
        check(lambda x: F.cross_entropy(x, one_hot(LABELS), label_smoothing=0.1), expected.mean(), logits)
        check(lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.1, reduction="none"), expected, logits)

    def test_all_options_together(self, logits):
        w = np.array([1.0, 2.0, 0.5, 3.0])
        labels = np.array([2, 9, 3, 3, 1])
        kept = labels != 9
        log_p, safe = log_softmax(logits), np.where(kept, labels, 0)
        rows = -0.8 * w[safe] * log_p[np.arange(N), safe] - 0.2 / C * (w * log_p).sum(-1)
        expected = rows[kept].sum() / w[labels[kept]].sum()
        check(lambda x: F.cross_entropy(x, labels, w, 9, label_smoothing=0.2), expected, logits)

    def test_extreme_scores(self):
        x = sg.tensor([[1e4, 0.0, -1e4]], requires_grad=True)
        loss = nn.CrossEntropyLoss()(x, [1])
        loss.backward()
        assert loss.item() == 10000.0
        assert x.grad.tolist() == [[1, -1, 0]]

    def test_stays_float32(self, logits):
        x = sg.tensor(logits, dtype=np.float32, requires_grad=True)
        for target in (LABELS, LABELS.astype(np.uint8), LABELS.tolist(), one_hot(LABELS)):
            for options in ({}, {"weight": [1.0, 2, 3, 4], "label_smoothing": 0.1}):
                x.grad = None
                loss = F.cross_entropy(x, target, **options)
                loss.backward()
                assert (loss.dtype, x.grad.dtype) == (np.float32, np.float32)

    @pytest.mark.parametrize("bad", [-1, 4, 11])
    def test_label_out_of_range(self, logits, bad):
        for f in (F.cross_entropy, F.nll_loss):
            with pytest.raises(ValueError, match=rf"label {bad} at index 3 is out of range.*4 classes.*from 0 to 3"):
                f(logits, np.array([2, 0, 3, bad, 1]))

    def test_wrong_targets(self, logits):
        with pytest.raises(TypeError, match=r"labels must be integers, got float64"):
            F.cross_entropy(logits, LABELS.astype(float))
        with pytest.raises(TypeError, match=r"labels must be integers, got bool"):
            F.cross_entropy(logits, LABELS > 1)
        for shape in ((N, 1), (N - 1,), (C, N), ()):
            with pytest.raises(ValueError, match=r"for scores of shape \(5, 4\) .*got shape"):
                F.cross_entropy(logits, np.zeros(shape, int))
        rows = one_hot(LABELS)
        rows[2] *= 2
        with pytest.raises(ValueError, match="from 0 to 1, got 2.0 at index"):
            F.cross_entropy(logits, rows)
        with pytest.raises(ValueError, match="row at index 2 sums to 0"):
            F.cross_entropy(logits, one_hot(LABELS) * [[1], [1], [0], [1], [1]])
        with pytest.raises(TypeError, match="predictions must be floating-point numbers, got int64"):
            F.cross_entropy(np.zeros((N, C), int), LABELS)

    def test_wrong_options(self, logits):
        with pytest.raises(ValueError, match=r"one number for each class, shape \(4,\), got \(3,\)"):
            F.cross_entropy(logits, LABELS, [1, 2, 3])
        with pytest.raises(ValueError, match="must not be negative"):
            F.cross_entropy(logits, LABELS, [1, 2, 3, -1])
        with pytest.raises(ValueError, match="label_smoothing must be from 0 to 1"):
            nn.CrossEntropyLoss(label_smoothing=1.5)
        with pytest.raises(ValueError, match="every label is ignored"):
            F.cross_entropy(logits, np.full(N, 3), ignore_index=3)
        with pytest.raises(ValueError, match="batch is empty"):
            F.cross_entropy(np.zeros((0, 3)), np.zeros(0, int))


class TestBinary:
    @pytest.mark.parametrize("reduction", REDUCE)
    def test_value(self, rng, reduction):
        p, y = rng.uniform(0.1, 0.9, (3, 4)), rng.uniform(size=(3, 4))
        terms = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        check(lambda p: nn.BCELoss(reduction=reduction)(p, y), REDUCE[reduction](terms), p)
        logits = np.log(p / (1 - p))
        check(lambda x: nn.BCEWithLogitsLoss(reduction=reduction)(x, y), REDUCE[reduction](terms), logits)
        w = rng.uniform(size=4)
        check(lambda p: nn.BCELoss(w, reduction)(p, y), REDUCE[reduction](terms * w), p)
        check(lambda x: nn.BCEWithLogitsLoss(w, reduction)(x, y), REDUCE[reduction](terms * w), logits)
        weighted = -(3 * y * np.log(p) + (1 - y) * np.log(1 - p))
        check(lambda x: nn.BCEWithLogitsLoss(None, reduction, 3.0)(x, y), REDUCE[reduction](weighted), logits)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_certain_answers_are_finite(self, dtype):
        p = sg.tensor([0, 1, 0, 1], dtype=dtype, requires_grad=True)
        loss = nn.BCELoss(reduction="none")(p, [0, 1, 1, 0])
        np.testing.assert_allclose(loss.data, [0, 0, 100, 100])
        loss.sum().backward()
        assert np.isfinite(p.grad).all()

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_extreme_scores_are_exact(self, dtype):
        x = sg.tensor([1e4, -1e4, 1e4, -1e4, 0], dtype=dtype, requires_grad=True)
        loss = nn.BCEWithLogitsLoss(reduction="none")(x, [1, 0, 0, 1, 1])
        np.testing.assert_array_equal(loss.data, np.array([0, 0, 1e4, 1e4, np.log(2)], dtype))
        loss.sum().backward()
        assert x.grad.tolist() == [0, 0, 1, -1, -0.5]

    def test_small_losses_keep_their_digits(self):
        loss = F.binary_cross_entropy_with_logits(np.float32([40.0, -40.0]), [1, 0], reduction="none")
        np.testing.assert_allclose(loss.data, np.exp([-40.0, -40.0]), rtol=1e-6)

    def test_refusals(self):
        half = np.full(3, 0.5)
        for p in ([0.5, 1.1, 0.5], [0.5, -0.1, 0.5], [0.5, np.nan, 0.5]):
            with pytest.raises(ValueError, match="probabilities must be from 0 to 1, got .* at index 1"):
                F.binary_cross_entropy(np.array(p), half)
        for f in (F.binary_cross_entropy, F.binary_cross_entropy_with_logits):
            with pytest.raises(ValueError, match="targets must be from 0 to 1, got 2.0 at index 0"):
                f(half, [2, 0, 1])
            with pytest.raises(ValueError, match=r"\(3,\) and target of shape \(3, 1\)"):
                f(half, [[1], [0], [1]])
            with pytest.raises(ValueError, match=r"weight of shape \(2,\) does not broadcast"):
                f(half, [1, 0, 1], weight=[1, 2])


class TestRegression:
    @pytest.mark.parametrize("reduction", REDUCE)
    def test_values(self, rng, reduction):
        x, t = rng.normal(size=(3, 4)) * 2, rng.normal(size=(3, 4))
        d, over = x - t, REDUCE[reduction]
        far = np.abs(d) > 0.7
        huber = np.where(far, 0.7 * (np.abs(d) - 0.35), d**2 / 2)
        for loss, expected in (
            (nn.MSELoss(reduction), d**2),
            (nn.L1Loss(reduction), np.abs(d)),
            (nn.HuberLoss(reduction, delta=0.7), huber),
            (nn.SmoothL1Loss(reduction, beta=0.7), huber / 0.7),
            (nn.SmoothL1Loss(reduction, beta=0), np.abs(d)),
        ):
            check(loss, over(expected), x, t)

    def test_half_mean(self, rng):
        x, t = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
        check(nn.MSELoss("half_mean"), ((x - t) ** 2).sum() / 24, x, t)

    def test_where_they_agree(self):
        for loss in (nn.MSELoss(), nn.L1Loss(), nn.HuberLoss(), nn.SmoothL1Loss(beta=0)):
            x = sg.tensor([1.0, 2.0], requires_grad=True)
            loss(x, [1.0, 2.0]).backward()
            assert x.grad.tolist() == [0, 0]

    @pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "hinge_loss", "kl_div"])
    def test_shapes_must_be_equal(self, name):
        loss = getattr(F, name)
        for shape in ((4, 1), (1, 4), (), (1,)):
            with pytest.raises(ValueError, match=rf"{name}: prediction of shape \(4,\) and target of shape"):
                loss(np.zeros(4), np.ones(shape))
        with pytest.raises(TypeError, match=f"{name}: predictions must be floating-point"):
            loss(np.zeros(4, int), np.ones(4))

    def test_target_follows_the_prediction_s_dtype(self):
        x = sg.tensor([1, 2], dtype=np.float32, requires_grad=True)
        for target in ([1, 2], np.array([1.0, 2.0]), sg.tensor([1.0, 2.0])):
            assert nn.MSELoss()(x, target).dtype == np.float32

    def test_arguments(self):
        with pytest.raises(ValueError, match="delta must be greater than 0"):
            F.huber_loss(np.zeros(2), np.zeros(2), delta=0)
        with pytest.raises(ValueError, match="beta must be at least 0"):
            F.smooth_l1_loss(np.zeros(2), np.zeros(2), beta=-1)


class TestOthers:
    @pytest.mark.parametrize("reduction", REDUCE)
    def test_kl(self, rng, reduction):
        p, q = rng.dirichlet(np.full(4, 9.0), 3), rng.dirichlet(np.full(4, 9.0), 3)
        expected = REDUCE[reduction](p * np.log(p / q))
        check(nn.KLDivLoss(reduction), expected, np.log(q), p)
        check(nn.KLDivLoss(reduction, log_target=True), expected, np.log(q), np.log(p))

    def test_kl_is_zero_where_the_target_is(self):
        q = sg.tensor(np.log([[0.5, 0.5]]), requires_grad=True)
        loss = nn.KLDivLoss("batchmean")(q, [[1.0, 0.0]])
        loss.backward()
        assert loss.item() == pytest.approx(np.log(2))
        assert q.grad.tolist() == [[-1, 0]]
        with pytest.raises(ValueError, match="must not be negative"):
            F.kl_div(q, [[1.5, -0.5]])
        with pytest.raises(ValueError, match="needs a batch"):
            F.kl_div(np.array(0.0), 1.0, reduction="batchmean")

    @pytest.mark.parametrize("reduction", REDUCE)
    def test_hinge(self, rng, reduction):
        s, y = rng.normal(size=8), np.array([1, -1] * 4)
        check(lambda s: nn.HingeLoss(0.5, reduction)(s, y), REDUCE[reduction](np.maximum(0, 0.5 - y * s)), s)
        with pytest.raises(ValueError, match="targets must be -1 or 1, got 0.0 at index 1"):
            F.hinge_loss(np.zeros(2), [1, 0])

    @pytest.mark.parametrize("reduction", REDUCE)
    def test_cosine(self, rng, reduction):
        a, b, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), np.array([1, -1] * 3)
        cos = (a * b).sum(1) / np.sqrt(((a * a).sum(1) + 1e-12) * ((b * b).sum(1) + 1e-12))
        expected = REDUCE[reduction](np.where(y > 0, 1 - cos, np.maximum(0, cos - 0.1)))
        check(lambda a, b: nn.CosineEmbeddingLoss(0.1, reduction)(a, b, y), expected, a, b)

    def test_cosine_of_nothing_is_finite(self):
        a = sg.tensor(np.zeros((1, 3)), requires_grad=True)
        loss = F.cosine_embedding_loss(a, np.ones((1, 3)), [1])
        loss.backward()
        assert loss.item() == 1.0
        assert np.isfinite(a.grad).all()
        with pytest.raises(ValueError, match=r"got \(1, 3\), \(1, 3\) and \(2,\)"):
            F.cosine_embedding_loss(a, a, [1, 1])
        with pytest.raises(ValueError, match="margin"):
            F.cosine_embedding_loss(a, a, [1], margin=2)


LOSSES = [getattr(nn, name) for name in nn.__all__ if name.endswith("Loss")]


@pytest.mark.parametrize("loss", LOSSES)
def test_unknown_reduction(loss):
    with pytest.raises(ValueError, match=f'{loss.__name__}: reduction must be one of "mean".*got .average.'):
        loss(reduction="average")


def test_repr():
    assert repr(nn.MSELoss()) == "MSELoss()"
    assert repr(nn.CrossEntropyLoss(reduction="sum")) == "CrossEntropyLoss(reduction='sum')"


def scores(shape=(4, 3)):
    return sg.tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)


FOUR = np.array([0, 1, 2, 1])
SOFTMAXES = {
    "sg.softmax": lambda x: sg.softmax(x, axis=1),
    "nn.Softmax": lambda x: nn.Softmax()(x),
    "method": lambda x: x.softmax(axis=-1),
    "formula": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
    "exp of log_softmax": lambda x: sg.exp(sg.log_softmax(x)),
    "wrong axis": lambda x: sg.softmax(x, axis=0),
    "reshaped": lambda x: sg.softmax(x).reshape(2, 2, 3).reshape(4, 3),
    "clipped": lambda x: sg.clip(sg.softmax(x), 1e-7, 1.0),
    "in float32": lambda x: sg.softmax(x).astype(np.float32),
}


class TestPredictionsOfTheWrongKind:
    """What a loss would take for something else: it computes, and warns at the caller's line."""

    @pytest.mark.parametrize("how", SOFTMAXES)
    @pytest.mark.parametrize("target", [FOUR, np.eye(3)[FOUR]], ids=["labels", "rows"])
    def test_softmax_before_cross_entropy(self, how, target):
        with pytest.warns(sg.SeegradWarning, match="cross_entropy: .* probabilities already.*leave it out") as told:
            nn.CrossEntropyLoss()(SOFTMAXES[how](scores()), target)
        assert told[0].filename == __file__

    @pytest.mark.parametrize("how", ["sg.softmax", "formula", "exp of log_softmax"])
    @pytest.mark.parametrize("plain", [False, True])
    def test_probabilities_where_their_logarithms_are_wanted(self, how, plain):
        p = SOFTMAXES[how](scores())
        p = p.data if plain else p
        with pytest.warns(sg.SeegradWarning, match="nll_loss: .* are probabilities.*log_softmax"):
            nn.NLLLoss()(p, FOUR)
        with pytest.warns(sg.SeegradWarning, match="kl_div: .* are probabilities.*log_softmax"):
            nn.KLDivLoss()(p, np.full((4, 3), 1 / 3))

    @pytest.mark.parametrize("sigmoid", [sg.sigmoid, nn.Sigmoid(), lambda x: sg.sigmoid(x).reshape(4, 3)])
    def test_sigmoid_before_bce_with_logits(self, sigmoid):
        with pytest.warns(sg.SeegradWarning, match="made by a sigmoid.*leave it out of the model, or use BCELoss"):
            nn.BCEWithLogitsLoss()(sigmoid(scores()), np.ones((4, 3)))

    def test_one_class(self):
        with pytest.warns(sg.SeegradWarning, match=r"shape \(4, 1\), have one class only.*BCEWithLogitsLoss"):
            assert nn.CrossEntropyLoss()(scores((4, 1)), np.zeros(4, int)).item() == 0.0

    @pytest.mark.parametrize(
        "predictions",
        [
            lambda x: x,
            lambda x: sg.log_softmax(x),
            lambda x: sg.softmax(x) @ np.ones((3, 3)),
            lambda x: x / np.abs(x.data).sum(),
            lambda x: sg.exp(x),
            lambda x: sg.sigmoid(x),
            lambda x: np.eye(3)[FOUR],
        ],
    )
    def test_scores_are_not_warned_of(self, predictions):
        nn.CrossEntropyLoss()(predictions(scores()), FOUR)

    def test_logarithms_are_not_warned_of(self):
        nn.NLLLoss()(sg.log_softmax(scores()), FOUR)
        nn.KLDivLoss()(sg.log_softmax(scores()), np.full((4, 3), 1 / 3))
        nn.BCELoss()(sg.sigmoid(scores()), np.ones((4, 3)))

    def test_once_for_a_training(self):
        model = nn.Sequential(nn.Linear(2, 3), nn.Softmax())
        trainer = nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
        points = sg.data.ArrayDataset(np.zeros((12, 2), np.float32), np.arange(12) % 3)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("default")
            trainer.fit(points, epochs=3, batch_size=4)
        assert len(told) == 1
        assert told[0].filename == __file__


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("error", [0.0, 1e-30, 1e-20, 1e-8, 1e-4, 0.3])
@pytest.mark.parametrize("name", ["huber_loss", "smooth_l1_loss"])
def test_the_square_of_a_small_error_keeps_its_derivatives(name, error, dtype):
    x, target = np.array([error, -error, 3.0], dtype), np.zeros(3, dtype)
    f = lambda t: getattr(F, name)(t, target, 0.5, "sum")  # noqa: E731
    scale = 1.0 if name == "huber_loss" else 2.0
    np.testing.assert_allclose(sg.grad(f)(x), scale * np.array([error, -error, 0.5]), rtol=1e-6)
    np.testing.assert_allclose(sg.hessian(f)(x), np.diag([scale, scale, 0.0]), rtol=1e-6)
