"""The places where names of other libraries are met: attributes that are missing, arguments that do not fit.

What such a name means here stands in the tables of ``other_names``, which are loaded when one is met. What fits costs
nothing: a module's ``__getattr__`` and the descriptors below are asked for missing attributes only. (A ``__getattr__``
in the class of tensors would make every attribute of a tensor slower in Python 3.10 and 3.11.) Type checkers see none
of this, and flag such names: code that is checked should use one vocabulary.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)


class NamedElsewhere:
    """An attribute of a class that other libraries have under this name: works as theirs, or says what to write.

    Parameters
    ----------
    kind : str
        Of what it is an attribute; names the table.
    name : str
        Its name.
    """

    __slots__ = ("kind", "name")

    def __init__(self, kind: str, name: str) -> None:
        self.kind: str = kind
        self.name: str = name

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        """Return what the name means for an object; the class itself has no such attribute."""
        if owner is None:
            raise AttributeError(f"type object {getattr(cls, '__name__', '?')!r} has no attribute {self.name!r}")
        from .other_names.lookup import attribute_of_object

        return attribute_of_object(owner, self.kind, self.name)


class Unlisted(type):
    """The class of a base class whose attributes are found, but not listed.

    ``dir``, and with it completion and ``help``, reads the ``__dict__`` of all bases. Python itself does not, when
    it looks up an attribute.
    """

    @property  # type: ignore[misc]
    def __dict__(cls) -> dict[str, Any]:  # type: ignore[override]
        """Nothing."""
        return {}


class HasABase:
    """A base for classes that have no other: the bases of a class that derives from ``object`` alone are fixed."""

    __slots__ = ()


def answers_names(kind: str, names: Iterable[str]) -> Callable[[C], C]:
    """Let the objects of a class answer to names of other libraries that it has no attributes for.

    Parameters
    ----------
    kind : str
        Names the table.
    names : iterable of str
        The names.
    """

    def add(cls: C) -> C:
        attributes = {name: NamedElsewhere(kind, name) for name in names}
        last = Unlisted(f"{kind}Names", (), {"__slots__": (), "__module__": cls.__module__, **attributes})
        cls.__bases__ = (*cls.__bases__, last)  # afterwards, so that ``cls`` is an ordinary class itself
        return cls

    return add


def names_of_module(module: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module, which is asked for names that it does not have.

    Parameters
    ----------
    module : str
        The ``__name__`` of the module.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 (that is what it will be)
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        from .other_names.lookup import attribute_of_module

        return attribute_of_module(module, name)

    return __getattr__


def takes_other_names(function: F) -> F:
    """Let a function be called with the names that other libraries have for its arguments.

    >>> @takes_other_names
    ... def total(x, axis=None):
    ...     return np.sum(x, axis)
    >>> total([[1, 2], [3, 4]], dim=0)
    array([4, 6])
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs) if kwargs else function(*args)  # the latter is quicker
        except TypeError:
            if arguments_fit(function, args, kwargs):
                raise
        return called_by_our_names(function, args, kwargs)

    return call  # type: ignore[return-value]


def called_by_our_names(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Call a function with arguments that do not fit, under the names that do."""
    args, kwargs = translated((function.__name__,), inspect.signature(function), args, kwargs)
    return function(*args, **kwargs)


def constructors_take_other_names(package: Mapping[str, Any]) -> None:
    """Do so for the constructors of all classes in the ``globals()`` of a package that are its own."""
    inside = f"{package['__name__']}."
    for cls in [x for x in package.values() if isinstance(x, type) and x.__module__.startswith(inside)]:
        init: Any = cls.__init__  # type: ignore[misc]
        if init is object.__init__:
            init = _without_arguments
        if inspect.isfunction(init):  # its own or that of a base, which may have been done already
            setattr(cls, "__init__", _constructor(cls, getattr(init, "__wrapped__", init)))  # noqa: B010


def _without_arguments(self: Any) -> None:
    """Take no arguments."""


def _constructor(cls: type, init: Callable[..., None]) -> Callable[..., None]:
    titles = tuple([base.__name__ for base in cls.__mro__[:-1]])

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 (that is what it will be)
        try:
            return init(self, *args, **kwargs)
        except TypeError:
            if arguments_fit(init, (self, *args), kwargs):
                raise
        signature = inspect.signature(init)
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        args, kwargs = translated(titles, signature, args, kwargs)
        return init(self, *args, **kwargs)

    return __init__


def arguments_fit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Return whether a function can be called so: if yes, an error came from inside of it."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def translated(
    titles: tuple[str, ...], signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments that do not fit a signature under the names that fit.

    Parameters
    ----------
    titles : tuple of str
        How the function is called; for a constructor, the class and its bases.
    signature : Signature
        What it takes.
    args, kwargs
        The arguments.

    Raises
    ------
    TypeError
        If there is no such way; the message names the one that there is.
    """
    from .other_names.translated_arguments import translate

    return translate(titles, signature, args, kwargs)
