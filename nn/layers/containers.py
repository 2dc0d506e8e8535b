"""Containers of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

from ...common.seam import run_layers
from ..module import POSITIONAL, Module, savable

__all__ = ["ModuleDict", "ModuleList", "Sequential"]

L = TypeVar("L", bound="ModuleList")


@savable
class ModuleList(Module):
    """A list of modules whose parameters belong to the model, unlike those in a plain list; names are "0", "1", ...

    Parameters
    ----------
    modules : iterable of Module
        The first contents.
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self._parts: list[Module] = []
        for module in modules:
            self.append(module)

    def append(self: L, module: Module) -> L:
        """Add a module at the end; returns the list."""
        self._parts.append(_checked(self, module))
        return self

    def insert(self: L, index: int, module: Module) -> L:
        """Insert a module before an index; returns the list."""
        self._parts.insert(index, _checked(self, module))
        return self

    def extend(self: L, modules: Iterable[Module]) -> L:
        """Add modules at the end; returns the list."""
        for module in modules:
            self.append(module)
        return self

    def pop(self, index: int = -1) -> Module:
        """Remove a module, by default the last, and return it."""
        return self._parts.pop(index)

    def __delitem__(self, index: int | slice) -> None:
        del self._parts[index]

    def __getitem__(self, index: int) -> Module:
        return self._parts[index]

    def __setitem__(self, index: int, module: Module) -> None:
        self._parts[index] = _checked(self, module)

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._parts)

    def _members(self) -> Iterator[tuple[str, object]]:
        yield from super()._members()
        yield from ((str(i), module) for i, module in enumerate(self._parts))

    def _argument(self, name: str) -> Any:
        return list(self) if name == "modules" else super()._argument(name)

    def _arguments(self, name: str) -> list[Module]:
        return list(self)

    @classmethod
    def _saved_parts(cls, arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(str(i), part) for i, part in enumerate(arguments.get("modules", arguments.get(POSITIONAL, ())))]


@savable
class Sequential(ModuleList):
    """Modules applied one after the other; their names are "0", "1", ...

    Parameters
    ----------
    *modules : Module
        In the order in which they are applied.

    Examples
    --------
    >>> model = sg.nn.Sequential(sg.nn.Linear(2, 8), sg.nn.ReLU(), sg.nn.Linear(8, 1))
    >>> model(np.zeros((4, 2), np.float32)).shape
    (4, 1)
    >>> model[1], len(model)
    (ReLU(), 3)
    """

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        """Apply all modules in turn; several at once where ``autograd/fast`` has one pass for them."""
        place = 0
        while place < len(self._parts):
            computed = run_layers(self._parts, place, x)
            x, count = (self._parts[place](x), 1) if computed is NotImplemented else computed
            place += count
        return x

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        """Return one module, or for a slice a Sequential of the same modules."""
        return Sequential(*self._parts[index]) if isinstance(index, slice) else self._parts[index]


@savable
class ModuleDict(Module):
    """Modules by name whose parameters belong to the model, unlike those in a plain dict.

    Parameters
    ----------
    modules : dict of str to Module, optional
        The first contents.
    """

    def __init__(self, modules: dict[str, Module] | None = None) -> None:
        self._parts: dict[str, Module] = {}
        for name, module in (modules or {}).items():
            self[name] = module

    def __getitem__(self, name: str) -> Module:
        return self._parts[name]

    def __setitem__(self, name: str, module: Module) -> None:
        if not name or "." in name:
            raise ValueError(f"ModuleDict: a name must not be empty or contain a dot, got {name!r}")
        self._parts[name] = _checked(self, module)

    def __delitem__(self, name: str) -> None:
        del self._parts[name]

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def keys(self) -> Iterable[str]:
        """Return the names, in the order in which they were set."""
        return self._parts.keys()

    def values(self) -> Iterable[Module]:
        """Return the modules."""
        return self._parts.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Return names and modules."""
        return self._parts.items()

    def _members(self) -> Iterator[tuple[str, object]]:
        yield from super()._members()
        yield from self._parts.items()

    def _argument(self, name: str) -> Any:
        return dict(self.items()) if name == "modules" else super()._argument(name)

    @classmethod
    def _saved_parts(cls, arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return list((arguments["modules"] or {"dict": {}})["dict"].items())


def _checked(owner: Module, module: Any) -> Module:
    if not isinstance(module, Module):
        hint = f"; give an instance, {module.__name__}()" if isinstance(module, type) else ""
        if isinstance(owner, Sequential) and isinstance(module, list | tuple):
            hint = "; write Sequential(*layers)"
        raise TypeError(f"{type(owner).__name__} holds modules, got {module!r}{hint}")
    return module
