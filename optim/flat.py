"""The parameters of one group and one dtype as one long vector, so that an update is a few NumPy calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor, stamp

Array = npt.NDArray[Any]

# Elements that are updated at a time: few enough for all vectors of an update to stay in a core's cache.
BLOCK = 65536


class FlatParameters:
    """Parameters laid end to end, with vectors for their values, gradients, and an optimizer's state.

    The parameters stay ordinary tensors with arrays of their own: :meth:`gather` copies values and
    gradients into the vectors, :meth:`scatter` copies the updated values back.

    Parameters
    ----------
    parameters : sequence of Tensor
        Of one dtype.

    Attributes
    ----------
    values, gradients : ndarray, shape (size,)
        As of the last :meth:`gather`.
    state : dict of str to ndarray, shape (size,)
        What the optimizer remembers for each element, by name; see :meth:`remember`.
    steps : list of int
        How often each parameter was updated.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self.parameters: list[Tensor] = list(parameters)
        self.shapes: list[tuple[int, ...]] = [p.shape for p in self.parameters]
        self.ends: list[int] = [int(end) for end in np.cumsum([p.size for p in self.parameters])]
        self.starts: list[int] = [0, *self.ends[:-1]]
        self.state: dict[str, Array] = {}
        self.steps: list[int] = [0] * len(self.parameters)
        self._lay_out(np.empty(self.ends[-1], self.parameters[0].dtype))

    def _lay_out(self, values: Array) -> None:
        self.values = values
        self.gradients: Array = np.empty_like(values)
        self._value_views, self._gradient_views = self.views(self.values), self.views(self.gradients)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the views: copied by themselves, they would be arrays of their own."""
        made_anew = ("gradients", "_value_views", "_gradient_views")
        return {name: value for name, value in vars(self).items() if name not in made_anew}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lay_out(self.values)

    def views(self, vector: Array) -> list[Array]:
        """Each parameter's part of a vector, in the parameter's shape."""
        return [
            vector[start:end].reshape(shape)
            for shape, start, end in zip(self.shapes, self.starts, self.ends, strict=True)
        ]

    def remember(self, names: Mapping[str, float]) -> None:
        """Make the state vectors of these names, filled with these values, if they are not there yet."""
        for name, start in names.items():
            if name not in self.state:
                self.state[name] = np.full_like(self.values, start)

    def take_over(self, place: int, other: FlatParameters, there: int) -> None:
        """Remember of a parameter what other vectors remember of it."""
        self.steps[place] = other.steps[there]
        for name, vector in other.state.items():
            if name in self.state:
                self.views(self.state[name])[place][...] = other.views(vector)[there]

    def gather(self) -> list[bool]:
        """Copy values and gradients of the parameters that have a gradient; tell which have one."""
        present = []
        for p, value, gradient in zip(self.parameters, self._value_views, self._gradient_views, strict=True):
            g = p.grad
            present.append(g is not None and p.requires_grad)
            if present[-1]:
                np.copyto(value, p.data)
                np.copyto(gradient, g.data if isinstance(g, Tensor) else g)
        return present

    def shape_at(self, where: slice) -> tuple[int, ...]:
        """Return the shape of the parameter that lies at a stretch."""
        return self.shapes[list(zip(self.starts, self.ends)).index((where.start, where.stop))]

    def apart(self, present: Sequence[bool]) -> Iterator[tuple[slice, int]]:
        """Each present parameter by itself, whatever its length, and how often it has been updated by then."""
        for i, here in enumerate(present):
            if here:
                self.steps[i] += 1
                yield slice(self.starts[i], self.ends[i]), self.steps[i]

    def runs(self, present: Sequence[bool]) -> Iterator[tuple[slice, int]]:
        """Stretches of neighbours that are updated together, and how often they have been by then.

        Parameters that are not present are left out, and do not advance. Usually there is one stretch, of all
        the parameters, cut into blocks.
        """
        i = 0
        while i < len(present):
            first, step = i, self.steps[i]
            while i < len(present) and present[i] and self.steps[i] == step:
                self.steps[i] += 1
                i += 1
            if i == first:
                i += 1
                continue
            end = self.ends[i - 1]
            for start in range(self.starts[first], end, BLOCK):
                yield slice(start, min(start + BLOCK, end)), step + 1

    def scatter(self, present: Sequence[bool]) -> None:
        """Copy the values back into the parameters that are present."""
        for p, value, here in zip(self.parameters, self._value_views, present, strict=True):
            if not here:
                continue
            if p.data.flags.writeable:
                np.copyto(p.data, value)
                stamp(p)
            else:
                p.data = value.copy()
