"""Averages of parameters over the steps of training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor
from ..autograd.side_effect import side_effect
from ..common.state import check_state

__all__ = ["EMA"]

Array = npt.NDArray[Any]


class EMA:
    """Exponential moving average of parameters, which often does better on new data than the last step's.

    After each step: average = d * average + (1 - d) * parameter.

    Parameters
    ----------
    params : iterable of Tensor
        The parameters, such as ``model.parameters()``. Buffers are not averaged.
    decay : float, default 0.999
        What the average keeps at each step, d; it looks back over about 1 / (1 - d) steps.
    warm_up : bool, default True
        Keep less at first, min(decay, (1 + t) / (10 + t)) at step t, so that the first values are soon forgotten.

    Raises
    ------
    ValueError
        If there is no parameter, or ``decay`` is not in [0, 1].

    Examples
    --------
    >>> w = sg.tensor([0.0], requires_grad=True)
    >>> ema = sg.optim.EMA([w], decay=0.5, warm_up=False)
    >>> w.data = np.array([1.0])
    >>> ema.update()
    >>> with ema.averaged():
    ...     print(w.item())
    0.5
    >>> w.item()
    1.0
    """

    def __init__(self, params: Iterable[Tensor], decay: float = 0.999, warm_up: bool = True) -> None:
        self.parameters: list[Tensor] = list({id(p): p for p in params}.values())
        if not self.parameters:
            raise ValueError("EMA: got no parameters; does the model have any, or was the iterator used up?")
        for i, p in enumerate(self.parameters):
            if not isinstance(p, Tensor) or p.dtype.kind != "f":
                raise TypeError(f"EMA: parameter {i} is no Tensor of floating-point numbers: {p!r:.80}")
        if not 0.0 <= decay <= 1.0:
            raise ValueError(f"EMA: decay must be from 0 to 1, got {decay!r}")
        self.decay: float = float(decay)
        self.warm_up = warm_up
        self.steps: int = 0
        self.averages: list[npt.NDArray[Any]] = [p.data.copy() for p in self.parameters]

    def __repr__(self) -> str:
        return f"EMA({len(self.parameters)} parameters, decay={self.decay}, warm_up={self.warm_up})"

    @side_effect
    def update(self) -> None:
        """Take in the present values; call it after each step of the optimizer."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps)) if self.warm_up else self.decay
        for i, p in enumerate(self.parameters):
            average = self.averages[i] = self.averages[i].astype(p.dtype, copy=False)
            average += (1.0 - keep) * (p.data - average)

    @side_effect
    def copy_to(self) -> None:
        """Write the averages into the parameters, for good."""
        for average, p in zip(self.averages, self.parameters, strict=True):
            p.data = average.astype(p.dtype)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Use the averages in place of the parameters' own values inside a ``with`` block."""
        own = [p.data for p in self.parameters]
        try:  # from here on, since Ctrl-C may come while the averages are being written
            self.copy_to()
            yield
        finally:
            for values, p in zip(own, self.parameters, strict=True):
                p.data = values

    def state_dict(self) -> dict[str, Any]:
        """Return what later averages depend on: "steps", and under "state" copies of the averages by number."""
        return {"steps": self.steps, "state": {str(i): a.copy() for i, a in enumerate(self.averages)}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, for the same parameters.

        Raises
        ------
        ValueError
            Lists everything that does not fit. Nothing is changed.
        """
        if set(state) != {"steps", "state"}:
            raise ValueError(f"EMA: a state has 'steps' and 'state', this one has {sorted(state)}")
        given = {name: np.asarray(array) for name, array in state["state"].items()}
        check_state("EMA", {str(i): a for i, a in enumerate(self.averages)}, given, strict=True)
        self.steps = int(state["steps"])
        self.averages = [given[str(i)].copy() for i in range(len(self.averages))]
