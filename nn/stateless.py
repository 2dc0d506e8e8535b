"""``functional_call``: a module as a function of its parameters."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..common.plain_data import as_array
from .module import Module, Parameter

__all__ = ["functional_call"]

State = Mapping[str, Any]


def functional_call(
    module: Module,
    parameters_and_buffers: State | Sequence[State],
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers in the place of its own, which stay as they are.

    So a module is a function of its parameters: derivatives, :func:`seegrad.vmap` and optimizers of vectors take it as
    they take any other. It is ``torch.func.functional_call``.

    Parameters
    ----------
    module : Module
        Not to be used by another thread meanwhile.
    parameters_and_buffers : mapping of str to array_like, or a sequence of such
        By path, as in ``module.state_dict()`` and ``module.named_parameters()``. What is not named is the module's
        own, and gets gradients as usual. A shared parameter is given once, and counts everywhere.
    args : tuple or any
        The arguments of the module; one that is no tuple may be given as it is.
    kwargs : mapping, optional
        Its arguments by name.
    strict : bool
        Whether all parameters and buffers have to be given.

    Returns
    -------
    any
        What the module returns.

    Raises
    ------
    ValueError
        If there is no such parameter or buffer, it has another shape, or, if ``strict``, one is missing.

    Examples
    --------
    The gradient of each example's loss:

    >>> model = sg.nn.Linear(2, 1, seed=0)
    >>> def loss(params, x, y):
    ...     return sg.sum((sg.nn.functional_call(model, params, x) - y) ** 2)
    >>> x, y = np.ones((5, 2), np.float32), np.zeros((5, 1), np.float32)
    >>> gradients = sg.vmap(sg.grad(loss), in_axes=(None, 0, 0))(model.state_dict(), x, y)
    >>> gradients["weight"].shape
    (5, 2, 1)
    """
    states = [parameters_and_buffers] if isinstance(parameters_and_buffers, Mapping) else parameters_and_buffers
    given = {name: value for state in states for name, value in state.items()}
    with _replaced(module, given, strict):
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))


@contextmanager
def _replaced(module: Module, given: State, strict: bool) -> Generator[None, None, None]:
    """Put other values in the place of parameters and buffers, wherever these are used, until the end of the block."""
    _check(module, given, strict)
    parameters = {id(parameter): name for name, parameter in module.named_parameters()}
    before: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for path, part in module.named_modules():
            attributes = vars(part)
            for attribute, value in tuple(attributes.items()):
                name = f"{path}.{attribute}" if path else attribute
                if isinstance(value, Parameter):
                    name = parameters[id(value)]
                elif attribute not in part._buffer_names:
                    continue
                if name in given:
                    before.append((attributes, attribute, value))
                    attributes[attribute] = _in_place_of(value, given[name])
        yield
    finally:
        for attributes, attribute, value in before:
            attributes[attribute] = value


def _in_place_of(own: Any, value: Any) -> Any:
    """Return a value in the form of what it replaces: a parameter is a Tensor, a buffer may be an array."""
    return Tensor(as_array(value)) if isinstance(own, Parameter) and not isinstance(value, Tensor) else value


def _check(module: Module, given: State, strict: bool) -> None:
    """Raise ValueError for names and shapes that do not fit."""
    own: dict[str, Any] = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    wrong = [f"it has no {name}" for name in given if name not in own]
    if strict:
        wrong += [f"{name} is missing" for name in own if name not in given]
    for name, value in own.items():
        if name in given and np.shape(value) != np.shape(given[name]):
            wrong.append(f"{name} has shape {np.shape(value)}, given was {np.shape(given[name])}")
    if wrong:
        raise ValueError(
            f"functional_call of {type(module).__name__}: {'; '.join(wrong)}. Its parameters and buffers are "
            f"{', '.join(own) or 'none'}"
        )
