"""Put the fast ways in the places that the engine leaves for them."""

from __future__ import annotations


def install() -> None:
    """Install everything; called once, by ``autograd/__init__``."""
    from . import array_graphs, scalar_graphs

    scalar_graphs.install()
    array_graphs.install()
