"""What a function of this package says if somebody computes with it instead of with what it returns."""

from __future__ import annotations

from typing import Any


class Uncalled:
    """A derivative or a compiled function: operators on it raise an error that says to call it."""

    __slots__ = ()


def _refuse(self: Any, *others: Any) -> Any:
    raise TypeError(f"{self!r} is a function, not its result: call it, as in sg.grad(f)(x) or sg.compile(f)(x)")


for _name in "add sub mul truediv floordiv mod pow matmul".split():
    setattr(Uncalled, f"__{_name}__", _refuse)
    setattr(Uncalled, f"__r{_name}__", _refuse)
for _name in "neg abs float int iter getitem lt le gt ge".split():
    setattr(Uncalled, f"__{_name}__", _refuse)
