"""Look up a name of another library: return what it is here, or raise the error that says so."""

from __future__ import annotations

import difflib
import functools
import inspect
import opcode
import re
import sys
from importlib import import_module
from types import FrameType, MethodType, ModuleType
from typing import Any, NamedTuple

ROOT = __name__.partition(".")[0]


class NamedPlace(NamedTuple):
    """Where names are looked up."""

    called: str  #: How users call it: ``nn``, ``x``.
    tables: tuple[str, ...]  #: Files in this folder, the first one first.
    aliases: tuple[str, ...] = ()  #: Modules of the package with functions for names that work.


_OF_TENSORS = NamedPlace("x", ("tensor_names",), ("autograd.pytorch_methods",))
_OF_LAYERS = NamedPlace("nn", ("layer_names", "functional_names"), ("nn.pytorch_functional",))
_OF_OPTIMIZERS = NamedPlace("optim", ("optimizer_names",))

#: Modules of the package.
MODULES = {
    "": NamedPlace(
        "sg",
        ("package_names", *_OF_TENSORS.tables, "functional_names"),
        ("autograd.pytorch_functions", *_OF_TENSORS.aliases, "nn.pytorch_functional"),
    ),
    "autograd": NamedPlace("sg.autograd", ("autograd_names",), ("autograd.pytorch_functions",)),
    "autograd.ops.linalg": NamedPlace("sg.linalg", ("linalg_names",), ("autograd.pytorch_methods",)),
    **dict.fromkeys(("nn", "nn.layers", "nn.losses", "nn.training.callbacks", "nn.models"), _OF_LAYERS),
    "nn.functional": NamedPlace("nn.functional", ("functional_names",), ("nn.pytorch_functional",)),
    "nn.init": NamedPlace("nn.init", ("initializer_names",), ("nn.pytorch_initializers",)),
    **dict.fromkeys(("optim", "optim.schedules"), _OF_OPTIMIZERS),
    "data": NamedPlace("sg.data", ("data_names",)),
}
#: Classes.
OBJECTS = {
    "Tensor": _OF_TENSORS,
    "Value": NamedPlace("v", ("value_names",), ("autograd.micrograd_attributes",)),
    "Module": NamedPlace("model", ("model_names",), ("nn.pytorch_modules",)),
    "Optimizer": NamedPlace("optimizer", ("optimizer_attribute_names",)),
    "Trainer": NamedPlace("trainer", ("trainer_names",)),
}
#: Where users find things, and the modules that they find there.
HOMES = {"sg": "", "nn": "nn", "nn.functional": "nn.functional", "optim": "optim", "sg.data": "data"}


@functools.cache
def names_at(place: NamedPlace) -> dict[str, str]:
    """Return the names of a place, with their meanings."""
    return {
        name: meaning
        for table in reversed(place.tables)
        for name, meaning in import_module(f".{table}", __package__).NAMES.items()
    }


def attribute_of_module(module: str, name: str) -> Any:
    """Return what a name means that a module does not have.

    Raises
    ------
    AttributeError
        If it is nothing here; ImportError in an import statement.
    """
    place = MODULES[module.partition(".")[2]]
    meaning = names_at(place).get(name)
    if meaning is not None and meaning.startswith("= "):
        return _working(place, name, meaning)
    if any(known.startswith(f"{name}.") for known in names_at(place)):
        return Namespace(place, name)
    text = f"module {module!r} has no attribute {name!r}{_instead(module, name)}"
    if _imports(sys._getframe(2)):
        raise ImportError(text)
    raise AttributeError(text, name=name, obj=None)  # else Python adds a guess of its own


def attribute_of_object(owner: Any, kind: str, name: str) -> Any:
    """Return what a name means for an object that does not have it.

    Raises
    ------
    AttributeError
        If it is nothing here.
    """
    if getattr(type(owner), "stands_for_data", False) is True:  # a plain array or number, in a trace
        raise AttributeError(name)
    place = OBJECTS[kind]
    meaning = names_at(place)[name]
    if meaning.startswith("= "):
        found = _working(place, name, meaning)
        return found.__get__(owner) if isinstance(found, property) else MethodType(found, owner)
    raise AttributeError(
        f"{type(owner).__name__!r} object has no attribute {name!r}{_told(meaning, name)}", name=name, obj=None
    )


class Namespace:
    """A module of another library, such as ``torch.cuda``: what of it exists here."""

    def __init__(self, place: NamedPlace, path: str) -> None:
        self._place, self._path = place, path

    def __getattr__(self, name: str) -> Any:
        full = f"{self._path}.{name}"
        names = names_at(self._place)
        meaning = None if name.startswith("__") else names.get(full)
        if meaning is not None and meaning.startswith("= "):
            return _working(self._place, full, meaning)
        if any(known.startswith(f"{full}.") for known in names):
            return Namespace(self._place, full)
        instead = _told(meaning, name) if meaning else _at_home(name) or _told(names.get(self._path, ""), self._path)
        raise AttributeError(f"{self!r} has no attribute {name!r}{instead}", name=name, obj=None)

    def __dir__(self) -> list[str]:
        before = f"{self._path}."
        return sorted({known[len(before) :].partition(".")[0] for known in names_at(self._place) if before in known})

    def __repr__(self) -> str:
        return f"{self._place.called}.{self._path}"


def _working(place: NamedPlace, name: str, meaning: str) -> Any:
    """Return what does the same: what a path leads to, else a function of that name in the modules of the place."""
    path = meaning.removeprefix("= ").replace("{}", name)
    if re.fullmatch(r"(sg|nn|optim|np)(\.\w+)*", path):
        return _follow(path)
    for module in place.aliases:
        aliases = vars(import_module(f"{ROOT}.{module}"))
        for alias in (name.replace(".", "_"), name.rpartition(".")[2]):
            if (found := aliases.get("NAMED", {}).get(alias, aliases.get(alias))) is not None:
                return found
    raise LookupError(f"nothing works as {name!r} of {place.called}")


def _follow(path: str) -> Any:
    """Return what a path such as ``sg.concatenate``, ``optim.Adam`` or ``np.float32`` leads to."""
    first, *rest = path.split(".")
    found = import_module("numpy" if first == "np" else ROOT)
    for part in rest if first in ("np", "sg") else (first, *rest):
        found = getattr(found, part)
    return found


def _told(meaning: str, name: str) -> str:
    """Return the end of a message: what to write, or a sentence."""
    meaning = meaning.replace("{}", name)
    if not meaning:
        return ""
    return f". {meaning}" if meaning[0].isupper() else f": write {meaning}"


@functools.lru_cache(maxsize=256)
def _instead(module: str, name: str) -> str:
    """Return the end of a message about a name that a module does not have: what to write instead."""
    place = MODULES[module.partition(".")[2]]
    table = names_at(place)
    if name in table:
        return _told(table[name], name)
    if found := _at_home(name):
        return found
    own = [known for known in dir(sys.modules[module]) if not known.startswith("_")]
    for known, cutoff in ((own, 0.8), (list(table), 0.85)):
        if (near := _nearest(name, known, cutoff)) is None:
            continue
        if near in own:
            return f"; did you mean {_call(place.called, near, getattr(sys.modules[module], near))}?"
        return f"; did you mean {near}, which is {table[near].removeprefix('= ').replace('{}', near)}?"
    return ""


def _nearest(name: str, known: list[str], cutoff: float) -> str | None:
    """Return the name that was meant: the same but for capitals and underscores, or one that is close to it."""
    plain = {other.replace("_", "").lower(): other for other in known}
    same = plain.get(name.replace("_", "").lower())
    return same or next(iter(difflib.get_close_matches(name, known, 1, cutoff)), None)


def _at_home(name: str) -> str:
    """Return the end of a message about a name that exists here, in another place; empty if it does not."""
    for called, module in HOMES.items():
        home = import_module(f"{ROOT}.{module}".rstrip("."))
        if not name.startswith("_") and name in dir(home):
            return f": write {_call(called, name, getattr(home, name))}"
    return ""


def _call(called: str, name: str, thing: Any) -> str:
    """Return how something is called, such as ``nn.Linear(in_features, out_features)``."""
    if isinstance(thing, ModuleType) or not callable(thing):
        return f"{called}.{name}"
    parameters = inspect.signature(thing).parameters.values()
    needed = [
        f"*{p.name}" if p.kind is p.VAR_POSITIONAL else p.name
        for p in parameters
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD
    ]
    return f"{called}.{name}({', '.join(needed)})"


def _imports(frame: FrameType) -> bool:
    """Return whether an import statement asks, ``from seegrad.nn import Dense``, which forgets what went wrong."""
    here = frame.f_code.co_code[frame.f_lasti]
    return frame.f_code.co_name == "_handle_fromlist" or here == opcode.opmap["IMPORT_FROM"]
