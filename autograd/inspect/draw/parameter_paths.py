"""The names of parameters by their place in a model: ``0.weight``, ``conv1.bias``."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any

from ...core.node import Constant, Node, kinds
from .formula_names import PACKAGE

_OF_MODULES = {"named_children", "named_parameters"}


def is_module(what: Any) -> bool:
    """Return whether something is a model: callable, with named children and parameters."""
    return callable(what) and all(hasattr(what, name) for name in _OF_MODULES)


def paths_in(model: Any) -> dict[Node, str]:
    """Return the paths of a model's parameters; one that its user gave a label of its own keeps that."""
    named = [(p, path) for path, p in model.named_parameters()]
    return {p: path for p, path in named if p.label in ("", path.rpartition(".")[2])}


def parameter_paths(nodes: Iterable[Node]) -> dict[Node, str]:
    """Return the paths of the parameters among some nodes, in the model that holds the most of them.

    A parameter knows its own attribute's name, and not in which model its layer is. So the models that are alive are
    asked; that takes some milliseconds, when somebody draws.
    """
    wanted = {node for node in nodes if node.op is None and type(node) not in (Constant, *kinds.values())}
    best: dict[Node, str] = {}
    for model in _living_models() if wanted else ():
        held = {p: path for p, path in paths_in(model).items() if p in wanted}
        # Of a model and the layers in it, the model says most: its paths are the longest.
        if (len(held), sum(map(len, held.values()))) > (len(best), sum(map(len, best.values()))):
            best = held
    return best


def _living_models() -> list[Any]:
    classes: dict[type, bool] = {}
    found = []
    for x in gc.get_objects():
        kind = type(x)
        if kind not in classes:
            classes[kind] = any(vars(base).keys() >= _OF_MODULES and _is_own(base) for base in kind.__mro__)
        if classes[kind]:
            found.append(x)
    return found


def _is_own(kind: type) -> bool:
    """Return whether a class is of this package: modules of other libraries have the same methods."""
    return str(kind.__module__).partition(".")[0] == PACKAGE
