"""The structure of a model as plain data: its modules and the arguments of their constructors. Data, never code."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from .. import init
from ..module import POSITIONAL, SAVABLE, Entries, Module, Parameter

Size = tuple[int, int]
"""The number of calls of modules in a part of a model, and the depth of their nesting."""

DEEPEST = 64
MOST_MODULES = 2_000
MOST_CALLS = 10_000  # of modules, in one pass through the model; a module that is used in two places counts twice
MOST_AXES = 32


# ---------------------------------------------------------------------------------------------- describing


def describe(model: Module) -> dict[str, Any]:
    """Return the structure of a model as data that JSON can hold; :func:`build` builds the model from it.

    A module that is used in several places is described once; the other places refer to it by number.

    Raises
    ------
    TypeError
        If the arguments of a module cannot be found, or are of a type that cannot be saved.
    """
    return _described(model, {}, type(model).__name__)


def _described(module: Module, done: dict[int, int], where: str) -> dict[str, Any]:
    if id(module) in done:
        return {"same": done[id(module)]}
    name = type(module).__name__
    if name in SAVABLE and type(module) is not SAVABLE[name]:
        raise TypeError(f"a user-defined class cannot be saved under seegrad's name {name}; give it another one")
    arguments = {
        key: _written(value, done, f"{name}'s argument {key!r} at {where}") for key, value in module.config().items()
    }
    done[id(module)] = len(done)
    return {"kind": name, "arguments": arguments}


def _written(value: Any, done: dict[int, int], where: str) -> Any:
    if isinstance(value, Module):
        return {"module": _described(value, done, where)}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: _written(part, done, f"{where}[{key!r}]") for key, part in value.items()}}
    if isinstance(value, list | tuple):
        return [_written(part, done, f"{where}[{i}]") for i, part in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"{where} is {value}, which cannot be saved")
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):  # NumPy's float64 and enumerations are subclasses of these
            return kind(value)
    hint = "; its config() should tell the number" if isinstance(value, Parameter) else ""
    raise TypeError(
        f"{where} is a {type(value).__name__}, which cannot be saved as data; expected a module, number, text, "
        f"list or dict{hint}"
    )


# ------------------------------------------------------------------------------------------------ checking


def is_of_seegrad(cls: type[Module]) -> bool:
    """Whether a class is one that every model file may name."""
    return SAVABLE.get(cls.__name__) is cls


class CheckedDescription:
    """A checked description of a model, with the arrays that the model will hold as far as they are known.

    Parameters
    ----------
    description : object
        The description in a file.
    classes : mapping of str to Module class
        The classes that it may name.

    Attributes
    ----------
    entries : dict
        Shape and kind of each array, by name.
    open : list of str
        Paths of user-defined modules, whose arrays are known only after building them.

    Raises
    ------
    ValueError
        If the description is wrong; the message says where.
    """

    def __init__(self, description: Any, classes: Mapping[str, type[Module]]) -> None:
        self.classes = classes
        self.entries: Entries = {}
        self.open: list[str] = []
        self._sizes: list[Size] = []
        self._module(description, "", 0)

    def _module(self, description: Any, path: str, depth: int) -> Size:
        where = f"at {path}" if path else "at the top"
        if isinstance(description, dict) and set(description) == {"same"}:
            number = description["same"]
            if type(number) is not int or not 0 <= number < len(self._sizes):
                raise ValueError(f"{where}: module number {number!r:.50} is not known")
            return _checked_size(self._sizes[number], depth, where)
        if not isinstance(description, dict) or set(description) != {"kind", "arguments"}:
            raise ValueError(f"{where}: not the description of a module: {description!r:.80}")
        kind, given = description["kind"], description["arguments"]
        cls = self.classes.get(kind) if isinstance(kind, str) else None
        if cls is None:
            raise ValueError(
                f"{where}: {kind!r:.80} is not one of seegrad's modules; if it is a class of yours, give it: "
                "load(path, classes=[...])"
            )
        arguments = _checked_arguments(cls, given, where)
        known = cls if is_of_seegrad(cls) else Module
        if known is Module:
            self.open.append(path)
        parts = self._parts(known._saved_parts(arguments), path, depth)
        for name, entry in known._saved_arrays(arguments).items():
            self.entries[f"{path}.{name}" if path else name] = entry
        calls, height = _together(parts)
        self._sizes.append(_checked_size((calls + 1, height), depth, where))
        if len(self._sizes) > MOST_MODULES:
            raise ValueError(f"more than {MOST_MODULES:,} modules")
        return self._sizes[-1]

    def _parts(self, named: Iterable[tuple[str, Any]], path: str, depth: int) -> list[Size]:
        sizes = []
        for name, value in named:
            if not name.isprintable():
                raise ValueError(f"{f'at {path}' if path else 'at the top'}: the name {name!r:.80} cannot be printed")
            sizes.append(self._value(value, f"{path}.{name}" if path else name, depth + 1))
        return sizes

    def _value(self, value: Any, path: str, depth: int) -> Size:
        """Check an argument; return the number of calls of modules in it, and the depth of their nesting."""
        _checked_size((0, 0), depth, f"at {path}")
        if isinstance(value, dict) and set(value) == {"module"}:
            return self._module(value["module"], path, depth)
        if isinstance(value, dict) and set(value) == {"dict"} and isinstance(value["dict"], dict):
            return _together(self._parts(value["dict"].items(), path, depth))
        if isinstance(value, list):
            return _together(self._parts(((str(i), part) for i, part in enumerate(value)), path, depth))
        if value is not None and not isinstance(value, bool | int | float | str):
            raise ValueError(f"at {path}: cannot be an argument: {value!r:.80}")
        return 0, 0


def _together(sizes: Sequence[Size]) -> Size:
    """Return the sum of the calls of several parts, and the depth of the module that holds them."""
    return sum(calls for calls, _ in sizes), 1 + max((height for _, height in sizes), default=0)


def _checked_size(size: Size, depth: int, where: str) -> Size:
    """Refuse a part that is nested too deep, or would take too long to go through."""
    calls, height = size
    if depth + height > DEEPEST:
        raise ValueError(f"{where}: modules are nested more than {DEEPEST} deep")
    if calls > MOST_CALLS:
        raise ValueError(f"{where}: more than {MOST_CALLS:,} calls of modules, since some are used in many places")
    return size


def is_number(value: Any) -> bool:
    """Whether a value is a number that fits into 64 bits."""
    return type(value) is float or (type(value) is int and abs(value) < 1 << 63)


def _is_module(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"module"}


def _are_sizes(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= count
        and all(type(size) is int and is_number(size) for size in value)
    )


#: The check of an argument for each alternative in its annotation.
FITS: dict[str, Callable[[Any], bool]] = {
    "int": lambda value: type(value) is int and is_number(value),
    "float": is_number,
    "bool": lambda value: type(value) is bool,
    **dict.fromkeys(("str", "LossReduction"), lambda value: type(value) is str),
    "None": lambda value: value is None,
    "tuple[int, int]": lambda value: _are_sizes(value, 2) and len(value) == 2,
    "Sequence[int]": lambda value: _are_sizes(value, MOST_AXES),
    "Literal['same', 'valid']": lambda value: value in ("same", "valid"),
    "Module": _is_module,
    "Iterable[Kind]": lambda value: isinstance(value, list) and all(map(_is_module, value)),
    "dict[str, Kind]": lambda value: (
        isinstance(value, dict)
        and set(value) == {"dict"}
        and isinstance(value["dict"], dict)
        and all(map(_is_module, value["dict"].values()))
    ),
}


def _fits(value: Any, parameter: inspect.Parameter) -> bool:
    """Whether an argument has the type of its annotation, as far as that is known."""
    alternatives = [FITS.get(part) for part in str(parameter.annotation).split(" | ")]
    if parameter.kind is parameter.VAR_POSITIONAL:
        return isinstance(value, list) and all(
            any(fits is None or fits(part) for fits in alternatives) for part in value
        )
    return any(fits is None or fits(value) for fits in alternatives)


@cache
def _parameters(cls: Any) -> dict[str, inspect.Parameter]:
    return {
        POSITIONAL if parameter.kind is parameter.VAR_POSITIONAL else name: parameter
        for name, parameter in inspect.signature(cls).parameters.items()
    }


def _checked_arguments(cls: type[Module], given: Any, where: str) -> dict[str, Any]:
    """Check names and simple types of a constructor's arguments, and fill in the defaults."""
    if not isinstance(given, dict):
        raise ValueError(f"{where}: {cls.__name__}'s arguments are not given by name: {given!r:.80}")
    parameters = _parameters(cls)  # type: ignore[arg-type]  # classes are hashable
    arguments: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name in given:
            value = given[name]
            if not _fits(value, parameter):
                raise ValueError(
                    f"{where}: {cls.__name__}'s {name} must be of type {parameter.annotation}: {value!r:.80}"
                )
            arguments[name] = value
        elif parameter.default is not parameter.empty:
            arguments[name] = parameter.default
        elif name != POSITIONAL:
            raise ValueError(f"{where}: {cls.__name__} needs {name}")
    unknown = [name for name in given if name not in parameters or name in cls._first_values]
    if unknown:
        raise ValueError(f"{where}: {cls.__name__} takes no argument {unknown[0]!r:.80}")
    return arguments


# ------------------------------------------------------------------------------------------------ building


def build(description: Mapping[str, Any], classes: Mapping[str, type[Module]]) -> Module:
    """Build the model of a description that passed :class:`CheckedDescription`; its parameters are zeros."""
    return _built(description, classes, [])


def _built(description: Mapping[str, Any], classes: Mapping[str, type[Module]], done: list[Module]) -> Module:
    if "same" in description:
        return done[description["same"]]
    cls = classes[description["kind"]]
    arguments = {name: _read(value, classes, done) for name, value in description["arguments"].items()}
    positional = arguments.pop(POSITIONAL, ())
    if is_of_seegrad(cls):
        arguments |= {name: init.zeros for name in ("weight_init", "bias_init") if name in _parameters(cls)}  # type: ignore[arg-type]
    module = cls(*positional, **arguments)
    done.append(module)
    return module


def _read(value: Any, classes: Mapping[str, type[Module]], done: list[Module]) -> Any:
    if isinstance(value, list):
        return [_read(part, classes, done) for part in value]
    if isinstance(value, dict):
        if "module" in value:
            return _built(value["module"], classes, done)
        return {key: _read(part, classes, done) for key, part in value["dict"].items()}
    return value
