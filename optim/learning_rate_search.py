"""Finding a learning rate: let it grow from step to step, and see where the loss falls and where it explodes."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..autograd import Tensor
from ..common.quiet import quiet
from .optimizer import Optimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LearningRates", "lr_finder"]


class Stateful(Protocol):
    """Something whose state can be taken and put back, such as a model."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state: Any) -> None:
        """Put it back."""


@dataclass
class LearningRates:
    """What :func:`lr_finder` found.

    Attributes
    ----------
    lrs, losses : list of float
        The learning rate and the loss of each step.
    smoothed : list of float
        Running means of the losses.
    """

    lrs: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smoothed: list[float] = field(default_factory=list)

    @property
    def suggestion(self) -> float:
        """The learning rate at which the smoothed loss falls most steeply: large, but well before it explodes."""
        best = int(np.argmin(self.smoothed))
        if best < 2:
            return self.lrs[0]
        slopes = np.gradient(self.smoothed[: best + 1], np.log(self.lrs[: best + 1]))
        return self.lrs[int(np.argmin(slopes))]

    def __repr__(self) -> str:
        if not self.lrs:
            return "LearningRates(no steps)"
        span = f"{len(self.lrs)} steps from {self.lrs[0]:.2g} to {self.lrs[-1]:.2g}"
        return f"LearningRates({span}, suggestion {self.suggestion:.2g})"

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the losses over the learning rate, with the suggestion.

        Parameters
        ----------
        path : path, optional
            A PNG file to write.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ..common.figure import BLUE, ORANGE, PALE, NotebookFigure, style

        with style():
            figure = NotebookFigure(figsize=(5.6, 3.6), layout="constrained")
            axes = figure.subplots()
            axes.plot(self.lrs, self.losses, color=PALE, linewidth=0.9, label="loss of each step")
            axes.plot(self.lrs, self.smoothed, color=BLUE, label="running mean")
            axes.axvline(self.suggestion, color=ORANGE, linestyle="--", label=f"steepest at {self.suggestion:.2g}")
            axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
            top = max(self.smoothed[0], float(np.median(self.smoothed)))
            low = min(self.smoothed)
            axes.set_ylim(low - 0.1 * (top - low), top + 0.5 * (top - low) if top > low else None)
            axes.legend()
        return figure.write(path)


def lr_finder(
    next_loss: Callable[[], Tensor],
    optimizer: Optimizer,
    model: Stateful | None = None,
    start_lr: float = 1e-6,
    end_lr: float = 1.0,
    steps: int = 100,
    smoothing: float = 0.9,
    stop_at: float = 4.0,
) -> LearningRates:
    """Train for some steps with a growing learning rate, then put everything back.

    L. Smith, "Cyclical learning rates for training neural networks" (2017).

    Parameters
    ----------
    next_loss : callable
        Computes and returns the loss of the next batch, a tensor with one element.
    optimizer : Optimizer
        Parameters, settings and state are as before in the end.
    model : Module, optional
        If it has buffers, such as those of batch normalisation, give it to put them back, too.
    start_lr, end_lr : float
        First and last learning rate; those between grow by a constant factor.
    steps : int, default 100
        How many steps.
    smoothing : float, default 0.9
        What the running mean keeps at each step.
    stop_at : float, default 4
        Stop when the running mean is this many times its lowest value, or the loss is not finite.

    Returns
    -------
    LearningRates
        With ``suggestion`` and ``plot()``.

    Raises
    ------
    ValueError
        If an argument is not valid, the very first loss is not finite, or the loss has nothing to do with the
        optimizer's parameters.

    Examples
    --------
    >>> w = sg.tensor([5.0], requires_grad=True)
    >>> found = sg.optim.lr_finder(lambda: (w * w).sum(), sg.optim.SGD([w]), start_lr=1e-3, end_lr=10.0)
    >>> 0.01 < found.suggestion < 1.0, w.item()
    (True, 5.0)
    """
    if not 0 < start_lr < end_lr < float("inf"):
        raise ValueError(f"lr_finder: need 0 < start_lr < end_lr, got {start_lr!r} and {end_lr!r}")
    if steps < 2:
        raise ValueError(f"lr_finder: needs at least 2 steps, got {steps!r}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"lr_finder: smoothing must be at least 0 and less than 1, got {smoothing!r}")
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    before = [(p, p.data.copy(), p.grad) for p in parameters]
    state, model_state = copy.deepcopy(optimizer.state_dict()), None if model is None else model.state_dict()
    try:
        return _search(next_loss, optimizer, np.geomspace(start_lr, end_lr, steps).tolist(), smoothing, stop_at)
    finally:
        if model is not None:
            model.load_state_dict(model_state)
        for p, data, grad in before:
            p.data, p.grad = data, grad
        optimizer.load_state_dict(state)


def _search(
    next_loss: Callable[[], Tensor], optimizer: Optimizer, lrs: list[float], smoothing: float, stop_at: float
) -> LearningRates:
    found, mean = LearningRates(), 0.0
    for i, lr in enumerate(lrs, 1):
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.zero_grad()
        with quiet():  # the loss is expected to overflow at the end
            loss = next_loss()
            value = float(loss.item())
            if not np.isfinite(value):
                break
            loss.backward()
            if all(p.grad is None for group in optimizer.param_groups for p in group["params"]):
                raise ValueError(
                    "lr_finder: the loss does not depend on the optimizer's parameters, none of which has a gradient; "
                    "was the model made anew after the optimizer?"
                )
            optimizer.step()
        mean = smoothing * mean + (1.0 - smoothing) * value
        found.lrs.append(lr)
        found.losses.append(value)
        found.smoothed.append(mean / (1.0 - smoothing**i))  # the mean starts from 0; this corrects it
        if found.smoothed[-1] > stop_at * min(found.smoothed) > 0:
            break
    if not found.lrs:
        raise ValueError("lr_finder: the first loss is not finite already, before any step")
    return found
