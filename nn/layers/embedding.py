"""The embedding layer: a table of vectors, one for each word (or other item) of a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...autograd import Tensor
from ...autograd.core.node import data_of
from ...autograd.ops.questions import asked
from ...common.argument_checks import checked_count
from ...common.plain_data import as_array
from ...common.rng import Seed
from .. import init
from ..functional import embedding
from ..layer_errors import LayerShapeError, LayerTypeError
from ..module import Entries, Module, Parameter, TensorLike, savable

__all__ = ["Embedding"]


@asked
def _are_below(numbers: Any, end: int) -> bool:
    return not numbers.size or bool(0 <= numbers.min() <= numbers.max() < end)


@savable
class Embedding(Module):
    """Look up vectors by number.

    Parameters
    ----------
    num_embeddings : int
        Number of vectors.
    embedding_dim : int
        Length of each vector.
    padding_idx : int, optional
        The number of an empty item: its vector is 0 at first and gets no gradient.
    weight_init : callable
        First values, by default from the standard normal distribution; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)

    Examples
    --------
    >>> sg.nn.Embedding(1000, 16)(np.array([[3, 1, 4], [1, 5, 9]])).shape
    (2, 3, 16)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        weight_init: init.Initializer = init.normal,
        seed: Seed = None,
    ) -> None:
        self.num_embeddings: int = checked_count("Embedding: num_embeddings", num_embeddings)
        self.embedding_dim: int = checked_count("Embedding: embedding_dim", embedding_dim)
        values = weight_init((self.num_embeddings, self.embedding_dim), seed=seed)
        self.padding_idx = padding_idx
        if padding_idx is not None:
            self.padding_idx = checked_count("Embedding: padding_idx", padding_idx, 0)
            if padding_idx >= num_embeddings:
                raise ValueError(f"Embedding: padding_idx {padding_idx} must be less than {num_embeddings}")
            values[padding_idx] = 0
        self.weight: Parameter = Parameter(values)

    def forward(self, indices: TensorLike) -> Tensor:
        """Map integers (...) to vectors (..., embedding_dim)."""
        numbers = as_array(data_of(indices))
        if numbers.dtype.kind not in "iu":
            raise LayerTypeError(self, f"takes integers, got {numbers.dtype}")
        if not _are_below(numbers, self.num_embeddings):
            bad = numbers[(numbers < 0) | (numbers >= self.num_embeddings)][0]
            raise LayerShapeError(self, f"got the number {bad}, expected 0 to {self.num_embeddings - 1}")
        return embedding(numbers, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Return the arguments."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else text + f", padding_idx={self.padding_idx}"

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        return {"weight": ((arguments["num_embeddings"], arguments["embedding_dim"]), "f")}
