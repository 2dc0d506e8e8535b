"""Arguments by names of other libraries: pass them on by ours, or raise the error that says how to call."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from .argument_names import ALSO, BY_CALL, NEEDED, USUAL
from .meanings import Ignored, Meaning, Renamed


def translate(
    titles: tuple[str, ...], signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments under our names.

    Parameters
    ----------
    titles : tuple of str
        The name of the function; of a constructor, the class and its bases.
    signature : Signature
        What it takes.
    args, kwargs
        What it was given.

    Raises
    ------
    TypeError
        If an argument is none here, is given twice, or means something else.
    """
    call = StrangeCall(titles, signature, args, kwargs)
    for name in sorted(call.strange, key=lambda name: str(call.meaning(name))):  # "0", the first argument, first
        call.take(name, kwargs[name])
    call.check()
    return call.args, call.kwargs


class Named:
    """A function as a default value, which a message shows by its name."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __repr__(self) -> str:
        return str(self.function.__name__)


class StrangeCall:
    """A call whose arguments do not fit, on the way to one whose arguments do."""

    def __init__(
        self, titles: tuple[str, ...], signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self.titles: tuple[str, ...] = titles
        self.signature: inspect.Signature = signature
        self.args: tuple[Any, ...] = args
        by_name = [p.name for p in signature.parameters.values() if p.kind is not p.POSITIONAL_ONLY]
        self.strange: list[str] = [name for name in kwargs if name not in by_name]
        self.kwargs: dict[str, Any] = {name: value for name, value in kwargs.items() if name in by_name}
        self.renamed: dict[str, str] = {}  # our names of arguments, and the names that they had

    def meaning(self, name: str) -> Meaning | None:
        """Return what an argument means in this call."""
        for title in self.titles:
            if name in BY_CALL.get(title, {}):
                return BY_CALL[title][name]
        usual = USUAL.get(name)
        return None if isinstance(usual, str) and usual.isidentifier() and not self.has(usual) else usual

    def has(self, name: str) -> bool:
        """Return whether there is an argument of our name."""
        return name in self.signature.parameters

    def take(self, name: str, value: Any) -> None:
        """Take an argument by a strange name."""
        meaning = self.meaning(name)
        if meaning is None:
            self.refuse_unknown(name)
        elif isinstance(meaning, Ignored):
            if not meaning.takes(value):
                self.refuse(name, meaning.otherwise)
        elif isinstance(meaning, Renamed):
            if value.__hash__ is None or value not in meaning.values:
                self.refuse(name, f"expected one of {', '.join(map(repr, meaning.values))}")
            self.pass_on(name, meaning.name, meaning.values[value])
        elif " " in meaning:
            self.refuse(name, meaning)
        elif meaning == str(len(self.args)):
            self.args = (*self.args, value)
        elif meaning.isdigit():
            self.refuse_unknown(name)
        else:
            self.pass_on(name, meaning, value)

    def pass_on(self, name: str, ours: str, value: Any) -> None:
        """Pass an argument on by our name."""
        if ours in self.kwargs:
            both = self.renamed.get(ours, ours)
            raise TypeError(f"{self.titles[0]}() got both {both}= and {name}=, which are the same argument")
        self.kwargs[ours], self.renamed[ours] = value, name

    def check(self) -> None:
        """Raise TypeError if the arguments still do not fit."""
        try:
            bound = self.signature.bind(*self.args, **self.kwargs)
        except TypeError as error:
            also = [f"{name} is {ours} here, " for ours, name in self.renamed.items() if f"{ours!r}" in str(error)]
            raise TypeError(f"{self.titles[0]}() {also[0] if also else ''}{error}; {self.form()}") from None
        needed, why = NEEDED.get(self.titles[0], ("", ""))
        if self.renamed and needed and needed not in bound.arguments:
            self.refuse(next(iter(self.renamed.values())), why)

    def form(self) -> str:
        """Return how the function is called."""
        parameters = [
            p.replace(annotation=p.empty, default=Named(p.default) if inspect.isfunction(p.default) else p.default)
            for p in self.signature.parameters.values()
        ]
        also = f". {ALSO[self.titles[0]]}" if self.titles[0] in ALSO else ""
        return f"it is called as {self.titles[0]}{inspect.Signature(parameters)}{also}"

    def refuse(self, name: str, why: str) -> None:
        """Raise the error that says what to write in the place of an argument."""
        raise TypeError(f"{self.titles[0]}() takes no argument {name!r}: {why}")

    def refuse_unknown(self, name: str) -> None:
        """Raise the error about an argument that is none in any library."""
        near = difflib.get_close_matches(name, self.signature.parameters, 1)
        hint = f"did you mean {near[0]}=?" if near else self.form()
        raise TypeError(f"{self.titles[0]}() got an unexpected argument {name!r}; {hint}")
