"""The random generators that a training draws from: the library's default one, and those inside a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...common.rng import default_rng
from ..module import Module

if TYPE_CHECKING:
    import numpy as np

# The kinds whose state is a few integers, which is all that any of NumPy's own functions make.
BIT_GENERATORS = ("PCG64", "PCG64DXSM")
DEFAULT = "default"


def generator_states(model: Module) -> dict[str, Any]:
    """Return the states of the default generator and of every generator in the model's modules.

    Parameters
    ----------
    model : Module
        Its modules are searched for attributes that are generators, such as that of a Dropout with a seed.

    Returns
    -------
    dict
        States by path; plain integers and texts.

    Raises
    ------
    TypeError
        If a generator is of a kind whose state is not plain integers.
    """
    states: dict[str, Any] = {}
    for path, generator in _generators(model).items():
        bits = generator.bit_generator
        if type(bits).__name__ not in BIT_GENERATORS:
            raise TypeError(
                f"the state of the generator {path!r} cannot be saved: it is a {type(bits).__name__}; make it with "
                "np.random.default_rng(seed)"
            )
        states[path] = dict(bits.state)
    return states


def load_generator_states(model: Module, states: Mapping[str, Any]) -> None:
    """Set all generators to the states that :func:`generator_states` gave.

    Raises
    ------
    ValueError
        If the model has other generators, or a state is none; no generator is changed.
    """
    generators = _generators(model)
    if set(generators) != set(states):
        raise ValueError(f"the saved generators are {sorted(states)}, this training has {sorted(generators)}")
    for path, state in states.items():
        kind = type(generators[path].bit_generator)
        if kind.__name__ not in BIT_GENERATORS:
            raise ValueError(f"the generator {path!r} is a {kind.__name__}, whose state cannot be loaded")
        try:
            kind(0).state = state
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise ValueError(f"the saved state of the generator {path!r} is none: {error!r}") from error
    for path, state in states.items():
        generators[path].bit_generator.state = state


def _generators(model: Module) -> dict[str, np.random.Generator]:
    from numpy.random import Generator

    found = {DEFAULT: default_rng()}
    for path, module in model.named_modules("model"):
        for name, value in vars(module).items():
            if isinstance(value, Generator):
                found[f"{path}.{name}"] = value
    return found
