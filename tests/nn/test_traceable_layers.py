"""Layers and losses are recorded once by ``sg.compile``, and give what they give plainly, with their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim
from seegrad.nn import functional

ACTIVATIONS = (
    "ReLU Sigmoid Tanh Softmax LogSoftmax Identity LeakyReLU PReLU ELU SELU GELU SiLU Mish Softplus Softsign "
    "LogSigmoid Hardtanh ReLU6"
).split()


class First(nn.Module):
    """The first result of a layer that has several."""

    def __init__(self, layer: nn.Module, **kwargs: Any) -> None:
        self.layer, self.kwargs = layer, kwargs

    def forward(self, x: Any) -> Any:
        return self.layer(x, **self.kwargs)[0]


#: A layer, and the shape of its input; of an embedding, the numbers.
LAYERS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    **{name: (getattr(nn, name), (4, 5)) for name in ACTIVATIONS},
    "GELU by tanh": (lambda: nn.GELU("tanh"), (4, 5)),
    "Linear": (lambda: nn.Linear(5, 3), (4, 5)),
    "Conv2d": (lambda: nn.Conv2d(3, 4, 3, padding=1, stride=2), (4, 8, 8, 3)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(3, 4, 2, stride=2), (4, 8, 8, 3)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(5), (4, 5)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), (4, 8, 8, 3)),
    "BatchNorm2d, all alike": (lambda: nn.BatchNorm2d(3, momentum=None), (4, 8, 8, 3)),
    "BatchNorm2d, not affine": (lambda: nn.BatchNorm2d(3, affine=False), (4, 8, 8, 3)),
    "BatchNorm2d, no statistics": (lambda: nn.BatchNorm2d(3, track_running_stats=False), (4, 8, 8, 3)),
    "LayerNorm": (lambda: nn.LayerNorm(5), (4, 5)),
    "Dropout": (lambda: nn.Dropout(0.5), (4, 5)),
    "Dropout of its own": (lambda: nn.Dropout(0.5, seed=3), (4, 5)),
    "Embedding": (lambda: nn.Embedding(10, 4), 10),
    "Embedding, padded": (lambda: nn.Embedding(10, 4, padding_idx=2), 10),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), (4, 8, 8, 3)),
    "MaxPool2d, overlapping": (lambda: nn.MaxPool2d(3, 2, 1), (4, 8, 8, 3)),
    "AvgPool2d": (lambda: nn.AvgPool2d(2), (4, 8, 8, 3)),
    "GlobalAvgPool2d": (nn.GlobalAvgPool2d, (4, 8, 8, 3)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d(3), (4, 8, 8, 3)),
    "Upsample": (lambda: nn.Upsample(scale_factor=1.5, mode="bilinear"), (4, 8, 8, 3)),
    "Conv2d in groups": (lambda: nn.Conv2d(4, 6, 3, groups=2), (4, 8, 8, 4)),
    "Conv1d": (lambda: nn.Conv1d(3, 4, 3, padding="same"), (4, 8, 3)),
    "Dropout2d": (lambda: nn.Dropout2d(0.5), (4, 8, 8, 3)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 6), (4, 5, 6)),
    "RMSNorm": (lambda: nn.RMSNorm(5), (4, 5)),
    "MultiheadAttention": (lambda: First(nn.MultiheadAttention(6, 2, 0.3), is_causal=True), (4, 5, 6)),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(6, 2, 8, 0.2, "gelu"), (4, 5, 6)),
    "RNN": (lambda: First(nn.RNN(5, 4)), (4, 3, 5)),
    "LSTM": (lambda: First(nn.LSTM(5, 4, 2, bidirectional=True, dropout=0.3)), (4, 3, 5)),
    "GRU": (lambda: First(nn.GRU(5, 4)), (4, 3, 5)),
    "LSTMCell": (lambda: First(nn.LSTMCell(5, 4)), (4, 5)),
    "SinusoidalPositions": (lambda: nn.SinusoidalPositions(5), (4, 3, 5)),
    "LearnedPositions": (lambda: nn.LearnedPositions(6, 5), (4, 3, 5)),
    "GPT": (lambda: nn.GPT(10, 4, 8, 2, 2, 0.2), 10),
    "GPT, rotary": (lambda: nn.GPT(10, 4, 8, 1, 2, positions="rotary"), 10),
    "Flatten": (nn.Flatten, (4, 8, 8, 3)),
    "runs of layers": (
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(3872, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)),
        ),
        (8, 28, 28, 3),
    ),
}


def batches(shape: Any) -> list[Any]:
    rng = np.random.default_rng(0)
    if isinstance(shape, int):
        return [rng.integers(0, shape, (3, 4)) for _ in range(3)]
    return [rng.normal(size=shape).astype(np.float32) for _ in range(3)]


def state(model: nn.Module) -> list[Any]:
    gradients = [np.zeros(0) if p.grad is None else np.array(p.grad) for p in model.parameters()]
    return [*gradients, *[np.array(buffer) for buffer in model.buffers()]]


def agree(found: list[Any], expected: list[Any]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
        assert np.asarray(a).dtype == np.asarray(b).dtype


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_a_step_of_a_layer(name: str, training: bool) -> None:
    make, shape = LAYERS[name]
    answers: list[Any] = []
    for way in (lambda f: f, sg.compile):
        sg.manual_seed(0)
        model = make().train(training)

        def run(x: Any, model: nn.Module = model) -> Any:
            model.zero_grad()
            out = model(x)
            if out.requires_grad:
                (out * out).sum().backward()
            return out.detach()

        step: Any = way(run)
        answers.append([[step(x).data, *state(model)] for x in batches(shape)])
    for plain, compiled in zip(*answers, strict=True):
        agree(compiled, plain)
    assert step.why_not is None
    assert (step.recordings, step.replays) == (1, 2)


def scores(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape)


def fractions(*shape: int) -> Any:
    return lambda rng: rng.uniform(0.1, 0.9, size=shape)


def rows(*shape: int) -> Any:
    return lambda rng: rng.dirichlet(np.ones(shape[-1]), shape[0])


def labels(n: int, classes: int) -> Any:
    return lambda rng: rng.integers(0, classes, n)


def signs(n: int) -> Any:
    return lambda rng: rng.choice([-1.0, 1.0], n)


CLASSES = np.array([0.1, 0.2, 0.3, 0.4])

#: A loss, and what it takes.
LOSSES: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "cross_entropy": (functional.cross_entropy, [scores(6, 4), labels(6, 4)]),
    "cross_entropy, weighted": (lambda x, y: functional.cross_entropy(x, y, CLASSES), [scores(6, 4), labels(6, 4)]),
    "cross_entropy, ignoring": (lambda x, y: functional.cross_entropy(x, y, None, 2), [scores(6, 4), labels(6, 4)]),
    "cross_entropy, all of it": (
        lambda x, y: functional.cross_entropy(x, y, CLASSES, 2, label_smoothing=0.1),
        [scores(6, 4), labels(6, 4)],
    ),
    "cross_entropy of rows": (functional.cross_entropy, [scores(6, 4), rows(6, 4)]),
    "nll_loss": (lambda x, y: functional.nll_loss(sg.log_softmax(x), y), [scores(6, 4), labels(6, 4)]),
    "binary_cross_entropy": (functional.binary_cross_entropy, [fractions(6, 4), fractions(6, 4)]),
    "binary_cross_entropy, weighted": (
        lambda x, y: functional.binary_cross_entropy(x, y, CLASSES),
        [fractions(6, 4), fractions(6, 4)],
    ),
    "binary_cross_entropy_with_logits": (
        lambda x, y: functional.binary_cross_entropy_with_logits(x, y, pos_weight=2.0),
        [scores(6, 4), fractions(6, 4)],
    ),
    "hinge_loss": (functional.hinge_loss, [scores(6), signs(6)]),
    "kl_div": (lambda x, y: functional.kl_div(sg.log_softmax(x), y, "batchmean"), [scores(6, 4), rows(6, 4)]),
    "cosine_embedding_loss": (functional.cosine_embedding_loss, [scores(6, 4), scores(6, 4), signs(6)]),
    "mse_loss": (functional.mse_loss, [scores(6, 4), scores(6, 4)]),
    "l1_loss": (functional.l1_loss, [scores(6, 4), scores(6, 4)]),
    "huber_loss": (functional.huber_loss, [scores(6, 4), scores(6, 4)]),
    "smooth_l1_loss": (functional.smooth_l1_loss, [scores(6, 4), scores(6, 4)]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_and_its_gradient(name: str) -> None:
    loss, draws = LOSSES[name]
    rng = np.random.default_rng(0)
    compiled = sg.compile(sg.value_and_grad(loss))
    for _ in range(3):
        inputs = [draw(rng) for draw in draws]
        agree(list(compiled(*inputs)), list(sg.value_and_grad(loss)(*inputs)))
    assert compiled.why_not is None
    assert (compiled.recordings, compiled.replays) == (1, 2)


EMBEDDING = nn.Embedding(3, 2)


@pytest.mark.parametrize(
    ("loss", "good", "bad"),
    [
        (functional.cross_entropy, [0, 1, 2], [0, 1, 3]),
        (functional.cross_entropy, [[0.5, 0.5, 0.0]] * 3, [[0.5, 0.6, 0.0]] * 3),
        (lambda x, y: functional.hinge_loss(x[:, 0], y), [1.0, -1.0, 1.0], [1.0, 0.0, 1.0]),
        (lambda x, y: functional.binary_cross_entropy(sg.sigmoid(x[:, 0]), y), [1.0, 0.0, 1.0], [1.0, 0.0, 2.0]),
        (lambda x, y: EMBEDDING(y), [0, 1, 2], [0, 1, 3]),
    ],
)
def test_a_wrong_target_is_refused_as_it_is_plainly(loss: Any, good: Any, bad: Any) -> None:
    compiled, x = sg.compile(loss), np.ones((3, 3))
    for _ in range(2):
        compiled(x, np.array(good))
    with pytest.raises(ValueError, match=r"label|rows|row|targets|number"):
        compiled(x, np.array(bad))
    compiled(x, np.array(good))
    assert compiled.why_not is None


def test_random_numbers_that_no_layer_draws_end_the_trace() -> None:
    drop = nn.Dropout(0.5)
    compiled = sg.compile(lambda x: nn.Linear(3, 2)(drop(x)))
    compiled(np.ones((2, 3), np.float32))
    assert "draws random numbers" in str(compiled.why_not)


def test_a_batch_that_is_not_finite_ends_no_compilation() -> None:
    weights: list[Any] = []
    for way in (lambda f: f, sg.compile):
        model = nn.Sequential(nn.Linear(3, 4, seed=0), nn.ReLU(), nn.Linear(4, 2, seed=1))
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        def run(x: Any, model: nn.Module = model, optimizer: optim.Optimizer = optimizer) -> None:
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x), [0, 1])
            loss.backward()
            if np.isfinite(loss.detach()):
                optimizer.step()

        step: Any = way(run)
        for batch in (0.0, 1.0, np.nan, 2.0, 3.0):
            step(np.full((2, 3), batch, np.float32))
        weights.append([p.data for p in model.parameters()])
    agree(*weights)
    assert step.why_not is None
    assert step.replays == 3
