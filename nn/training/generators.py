"""The states of the random generators of a training: the default generator and those inside a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...common.rng import default_rng
from ..module import Module

if TYPE_CHECKING:
    import numpy as np

# The bit generators whose state is a few integers; NumPy's ``default_rng`` makes no others.
BIT_GENERATORS = ("PCG64", "PCG64DXSM")
DEFAULT = "default"


def generator_states(model: Module) -> dict[str, Any]:
    """Return the states of the default generator and of every generator in the model's modules.

    Parameters
    ----------
    model : Module
        Its modules are searched for attributes that are generators, as a Dropout with a seed has.

    Returns
    -------
    dict
        States by path: integers and texts.

    Raises
    ------
    TypeError
        If the state of a generator is not made of integers.
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
    """Load the states that :func:`generator_states` returned.

    Raises
    ------
    ValueError
        If the model has other generators, or a state is not valid; no generator is changed.
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
            raise ValueError(f"the saved state of the generator {path!r} is not valid: {error!r}") from error
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
