"""PyTorch's devices, of which there is one here: the processor."""

from __future__ import annotations

from typing import Any


class Device(str):
    """The name of a device, ``"cpu"``.

    Parameters
    ----------
    name : str
        What PyTorch calls it.

    Raises
    ------
    ValueError
        If it is another one than the processor.
    """

    __slots__ = ()

    index: Any = None  # type: ignore[assignment]  # as PyTorch names it

    def __new__(cls, name: Any = "cpu", index: int = 0) -> Device:
        """Check the name."""
        if not isinstance(name, str) or name.partition(":")[0] != "cpu":
            raise ValueError(f"seegrad computes on the CPU, there is no device {name!r}: leave it out, or write 'cpu'")
        return super().__new__(cls, "cpu")

    @property
    def type(self) -> str:
        """The kind of device."""
        return "cpu"
