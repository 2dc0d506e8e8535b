"""Put what is quicker in the places that the engine leaves for it, see ``common/seam.py``."""

from __future__ import annotations

from . import (
    array_graphs,
    arrays,
    batch_norm,
    conv_relu_pool,
    convolutions,
    curves,
    evaluated_runs,
    layer_runs,
    random_numbers,
    rows,
    scalar_graphs,
    settings,
    small_interpreter,
    updates,
)

#: Each has a function ``install`` of its own. Backward passes are asked in this order.
PARTS = (
    settings,
    scalar_graphs,
    array_graphs,
    arrays,
    curves,
    rows,
    convolutions,
    batch_norm,
    conv_relu_pool,
    layer_runs,
    evaluated_runs,
    small_interpreter,
    random_numbers,
    updates,
)


def install() -> None:
    """Install every part; called once, by ``autograd/__init__``."""
    for part in PARTS:
        part.install()
