"""Containers of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, cast, overload

from ...autograd import Tensor
from ...common.seam import run_layers
from ..module import POSITIONAL, Module, TensorLike, savable

__all__ = ["ModuleDict", "ModuleList", "Sequential"]

if TYPE_CHECKING:
    from typing_extensions import Self, TypeVar

    #: The kind of the modules in a container.
    Kind = TypeVar("Kind", bound=Module, default=Module)
else:
    from typing import TypeVar

    Kind = TypeVar("Kind")


@savable
class ModuleList(Module, Generic[Kind]):
    """A list of modules whose parameters belong to the model, unlike those in a plain list; names are "0", "1", ...

    Parameters
    ----------
    modules : iterable of Module
        The first contents.

    Examples
    --------
    >>> blocks = sg.nn.ModuleList(sg.nn.Linear(2, 2) for _ in range(3))
    >>> len(list(blocks.parameters())), blocks[0]
    (6, Linear(2, 2))
    """

    @overload
    def __init__(self: ModuleList[Module]) -> None: ...
    @overload
    def __init__(self, modules: Iterable[Kind]) -> None: ...
    def __init__(self, modules: Iterable[Kind] = ()) -> None:
        self._parts: list[Kind] = []
        for module in modules:
            self.append(module)

    def append(self, module: Kind) -> Self:
        """Add a module at the end; returns the list."""
        self._parts.append(_checked(self, module))
        return self

    def insert(self, index: int, module: Kind) -> Self:
        """Insert a module before an index; returns the list."""
        self._parts.insert(index, _checked(self, module))
        return self

    def extend(self, modules: Iterable[Kind]) -> Self:
        """Add modules at the end; returns the list."""
        for module in modules:
            self.append(module)
        return self

    def pop(self, index: int = -1) -> Kind:
        """Remove a module, by default the last, and return it."""
        return self._parts.pop(index)

    def __delitem__(self, index: int | slice) -> None:
        del self._parts[index]

    def __getitem__(self, index: int) -> Kind:
        return self._parts[index]

    def __setitem__(self, index: int, module: Kind) -> None:
        self._parts[index] = _checked(self, module)

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._parts)

    def _members(self) -> Iterator[tuple[str, object]]:
        yield from super()._members()
        yield from ((str(i), module) for i, module in enumerate(self._parts))

    def _argument(self, name: str) -> Any:
        return list(self) if name == "modules" else super()._argument(name)

    def _arguments(self, name: str) -> list[Kind]:
        return list(self)

    @classmethod
    def _saved_parts(cls, arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(str(i), part) for i, part in enumerate(arguments.get("modules", arguments.get(POSITIONAL, ())))]


@savable
class Sequential(ModuleList[Module]):
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

    def forward(self, x: TensorLike) -> Tensor:
        """Apply all modules in turn; several at once where ``autograd/fast`` has one pass for them."""
        place, output = 0, cast(Any, x)
        while place < len(self._parts):
            computed = run_layers(self._parts, place, output)
            output, count = (self._parts[place](output), 1) if computed is NotImplemented else computed
            place += count
        return output

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        """Return one module, or for a slice a Sequential of the same modules."""
        return Sequential(*self._parts[index]) if isinstance(index, slice) else self._parts[index]


@savable
class ModuleDict(Module, Generic[Kind]):
    """Modules by name whose parameters belong to the model, unlike those in a plain dict.

    Parameters
    ----------
    modules : dict of str to Module, optional
        The first contents.

    Examples
    --------
    >>> heads = sg.nn.ModuleDict({"out": sg.nn.Linear(2, 3)})
    >>> heads["out"], list(dict(heads.named_parameters()))
    (Linear(2, 3), ['out.weight', 'out.bias'])
    """

    @overload
    def __init__(self: ModuleDict[Module], modules: None = None) -> None: ...
    @overload
    def __init__(self, modules: dict[str, Kind]) -> None: ...
    def __init__(self, modules: dict[str, Kind] | None = None) -> None:
        self._parts: dict[str, Kind] = {}
        for name, module in (modules or {}).items():
            self[name] = module

    def __getitem__(self, name: str) -> Kind:
        return self._parts[name]

    def __setitem__(self, name: str, module: Kind) -> None:
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

    def values(self) -> Iterable[Kind]:
        """Return the modules."""
        return self._parts.values()

    def items(self) -> Iterable[tuple[str, Kind]]:
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


def _checked(owner: Module, module: Any) -> Any:
    if not isinstance(module, Module):
        hint = f"; give an instance, {module.__name__}()" if isinstance(module, type) else ""
        if isinstance(owner, Sequential) and isinstance(module, list | tuple):
            hint = "; write Sequential(*layers)"
        raise TypeError(f"{type(owner).__name__} holds modules, got {module!r}{hint}")
    return module
