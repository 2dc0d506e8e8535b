"""Plain functions as callbacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..training_state import Run
from .callback import Callback

__all__ = ["LambdaCallback"]

RunFunction = Callable[[Run], object]


class LambdaCallback(Callback):
    """Call functions at moments of a training; ``fit(callbacks=[f])`` is short for ``on_epoch_end``.

    Parameters
    ----------
    on_train_begin, on_epoch_begin, on_step_end, on_epoch_end, on_train_end : callable, optional
        Functions of the :class:`Run`; see :class:`Callback`.

    Raises
    ------
    TypeError
        If one cannot be called with one argument.

    Examples
    --------
    >>> show = sg.nn.LambdaCallback(on_epoch_end=lambda run: print(run.epoch, run.history[-1]["loss"]))
    """

    def __init__(
        self,
        *,
        on_train_begin: RunFunction | None = None,
        on_epoch_begin: RunFunction | None = None,
        on_step_end: RunFunction | None = None,
        on_epoch_end: RunFunction | None = None,
        on_train_end: RunFunction | None = None,
    ) -> None:
        given = {
            "on_train_begin": on_train_begin,
            "on_epoch_begin": on_epoch_begin,
            "on_step_end": on_step_end,
            "on_epoch_end": on_epoch_end,
            "on_train_end": on_train_end,
        }
        for moment, function in given.items():
            if function is not None:
                _check(moment, function)
                setattr(self, moment, function)


def _check(moment: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(f"LambdaCallback: {moment} must be a function of the run, got {function!r:.80}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # some builtins have none
        return
    try:
        signature.bind(None)
    except TypeError:
        raise TypeError(
            f"a callback is a function of one argument, the run, got {function!r:.80}{signature}; run.epoch is the "
            "epoch, run.history[-1] its measures"
        ) from None


def as_callbacks(given: Any) -> list[Callback]:
    """Return callbacks as a list: one of them or several; functions are called at the end of each epoch.

    Raises
    ------
    TypeError
        If one is neither a callback nor a function.
    """
    return [_as_callback(each) for each in (given if isinstance(given, Sequence) else [given])]


def _as_callback(given: Any) -> Callback:
    if isinstance(given, type):
        raise TypeError(f"callbacks has the class {given.__name__} itself; write {given.__name__}(...)")
    if hasattr(given, "on_epoch_end"):
        return given  # type: ignore[no-any-return]
    if not callable(given):
        raise TypeError(f"a callback is an nn.Callback or a function of the run, got {given!r:.80}")
    return LambdaCallback(on_epoch_end=given)
