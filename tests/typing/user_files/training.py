"""Optimizers, schedules, the trainer and its callbacks."""

# pyright: strict

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import seegrad as sg
from seegrad import Tensor, nn, optim

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:
    from conforms import assert_type

Array = npt.NDArray[Any]
X, Y = np.eye(3, dtype=np.float32), np.array([0, 1, 2])


def network() -> nn.Sequential:
    """Return a small network."""
    return nn.Sequential(nn.Linear(3, 3, seed=0))


def optimizers() -> None:
    """Optimizers take parameters, or groups of them."""
    model = network()
    optimizer = optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99))
    assert_type(optimizer, optim.Adam)
    assert_type(optimizer.param_groups, list[dict[str, Any]])
    assert_type(optimizer.state_dict(), dict[str, Any])
    optim.SGD([sg.tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.9)
    optim.SGD([{"params": model.parameters(), "lr": 0.1}], lr=0.5)
    nn.CrossEntropyLoss()(model(X), Y).backward()
    assert_type(optim.clip_grad_norm_(model.parameters(), 1.0), float)
    optimizer.step()
    optimizer.zero_grad()
    averages = optim.EMA(model.parameters(), decay=0.99)
    averages.update()
    with averages.averaged():
        assert_type(model(X), Tensor)
    schedules: list[optim.Schedule] = [
        optim.StepLR(optimizer, step_size=2),
        optim.CosineAnnealingLR(optimizer, T_max=10),
        optim.LambdaLR(optimizer, lambda step: 0.9**step),
        optim.OneCycleLR(optimizer, max_lr=0.1, total_steps=10),
    ]
    assert_type(schedules[0].get_last_lr(), list[float])
    assert_type(schedules[0].base_lrs, list[float])
    plateau = optim.ReduceLROnPlateau(optimizer, patience=3)
    plateau.step(0.5)


class Own(optim.Optimizer):
    """An optimizer of one's own."""

    def __init__(self, params: Iterable[Tensor], lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})


class StopWhenGood(nn.Callback):
    """A callback of one's own."""

    def on_epoch_end(self, run: nn.Run) -> None:
        """Look at the last epoch."""
        run.stop = run.history[-1]["accuracy"] > 0.99


def measured(output: Array, target: Array) -> float:
    """A metric of one's own."""
    return nn.accuracy(output.argmax(axis=1), target)


def shown(run: nn.Run) -> None:
    """A function as callback."""
    assert_type(run.epoch, int)
    assert_type(run.loss, float)
    assert_type(run.history, nn.History)


def trainers(folder: Path) -> None:
    """The trainer measures, predicts, and keeps a history."""
    model = network()
    trainer = nn.Trainer(
        model, optim.Adam(model.parameters(), lr=0.1), nn.CrossEntropyLoss(), metrics={"mine": measured}
    )
    history = trainer.fit(
        X,
        Y,
        epochs=2,
        batch_size=2,
        validation=(X, Y),
        callbacks=[StopWhenGood(), shown, nn.EarlyStopping(patience=3), nn.CSVLogger(folder / "log.csv")],
        seed=0,
        progress=False,
        class_weight={0: 1.0, 1: 2.0},
    )
    assert_type(history, nn.History)
    assert_type(history["loss"], list[float])
    assert_type(history[-1], dict[str, float])
    assert_type(history[-1]["val_loss"], float)
    assert_type(history[:1], list[dict[str, float]])
    assert_type(list(history), list[dict[str, float]])
    assert_type(history.items(), list[tuple[str, list[float]]])
    assert_type(dict(history.items()), dict[str, list[float]])
    assert_type(trainer.evaluate(X, Y), dict[str, float])
    assert_type(trainer.evaluate((X, Y))["accuracy"], float)
    assert_type(trainer.predict(X), Array)
    assert_type(trainer.history, nn.History)
    assert_type(trainer.why_not, str | None)
    trainer.fit(sg.data.ArrayDataset(X, Y), epochs=1, progress=False, callbacks=nn.LambdaCallback(on_epoch_end=shown))
    trainer.fit(sg.data.DataLoader(sg.data.ArrayDataset(X, Y), batch_size=2), epochs=1, progress=False)
    named = nn.Trainer(network(), "adam", "cross_entropy", metrics=["accuracy", "top_2"], compile=False)
    assert_type(named.fit((X, Y), epochs=1, progress=False)["loss"][0], float)


def loops() -> None:
    """A loop of one's own over a loader, with a compiled step."""
    model = network()
    optimizer, loss = optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()

    @sg.compile
    def step(x: Array, y: Array) -> Tensor:
        optimizer.zero_grad()
        result = loss(model(x), y)
        result.backward()
        optimizer.step()
        return result

    for x, y in sg.data.DataLoader(sg.data.ArrayDataset(X, Y), batch_size=2, shuffle=True, seed=0):
        assert_type(step(x, y), Tensor)
        assert_type(step(x, y).item(), float | Any)


if __name__ == "__main__":
    optimizers()
    with tempfile.TemporaryDirectory() as temporary:
        trainers(Path(temporary))
    loops()
