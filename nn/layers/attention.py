"""Attention with several heads, and the memory of what was looked at before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...autograd import Tensor, concatenate, matmul, split, swapaxes
from ...autograd.core.node import data_of
from ...autograd.core.op import PlainFunction
from ...common.argument_checks import checked_count, checked_fraction
from ...common.rng import Seed, default_rng
from .. import init
from ..attention_functions import attention_scores, attention_weights
from ..functional import dropout, linear, rotary_embedding
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, TensorLike, as_tensor, savable
from .arguments import as_input
from .linear import Linear

__all__ = ["KeyValueCache", "MultiheadAttention"]


class KeyValueCache:
    """The keys and values of the positions that an attention layer has seen, so that they are computed once.

    Given to the layer with each further part of a sequence, it makes the part's queries look at the earlier positions,
    too. One is for one layer and one batch of sequences.

    Attributes
    ----------
    keys, values : Tensor, shape (batch, heads, length, embed_dim / heads), or None
        None before the first part.

    Examples
    --------
    >>> layer, cache = sg.nn.MultiheadAttention(4, 2), sg.nn.KeyValueCache()
    >>> x = np.ones((1, 3, 4), np.float32)
    >>> for t in range(3):
    ...     output, weights = layer(x[:, t : t + 1], is_causal=True, cache=cache)
    >>> len(cache), weights.shape
    (3, (1, 1, 3))
    """

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def __len__(self) -> int:
        return 0 if self.keys is None else int(self.keys.shape[2])

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add the keys and values of further positions; return those of all."""
        if self.keys is not None and self.values is not None:
            keys, values = concatenate([self.keys, keys], axis=2), concatenate([self.values, values], axis=2)
        self.keys, self.values = keys, values
        return keys, values

    def __repr__(self) -> str:
        return f"KeyValueCache({len(self)} positions)"


@savable
class MultiheadAttention(Module):
    """Every position looks at all positions and gets a weighted mean of their values, in several ways at once.

    Queries, keys and values are linear functions of the inputs. Their features are split into heads, each of which
    computes ``softmax(q @ k.T / sqrt(width)) @ v``; a last linear layer mixes what the heads give.
    A. Vaswani et al., "Attention is all you need" (2017).

    Parameters
    ----------
    embed_dim : int
        Number of features of inputs and outputs.
    num_heads : int
        Number of heads; divides ``embed_dim``.
    dropout : float, default 0.0
        Probability of each attention weight to be dropped while training.
    bias : bool, default True
        Whether the linear functions have biases.
    batch_first : bool, default True
        Whether inputs are ``(batch, length, features)``, as everywhere in this library; if False they are
        ``(length, batch, features)``, which is PyTorch's default.
    rotary : bool, default False
        Whether queries and keys are turned by their positions, see :func:`seegrad.nn.functional.rotary_embedding`.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values; it also starts this layer's own generator for dropout.

    Attributes
    ----------
    in_proj_weight : Parameter, shape (embed_dim, 3 * embed_dim)
        Of queries, keys and values side by side; transposed with respect to PyTorch's.
    in_proj_bias : Parameter, shape (3 * embed_dim,), or None
    out_proj : Linear

    Examples
    --------
    >>> layer = sg.nn.MultiheadAttention(16, 4)
    >>> output, weights = layer(np.ones((2, 5, 16), np.float32), is_causal=True)
    >>> output.shape, weights.shape
    ((2, 5, 16), (2, 5, 5))
    """

    in_proj_bias: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        batch_first: bool = True,
        *,
        rotary: bool = False,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        name = "MultiheadAttention"
        self.embed_dim: int = checked_count(f"{name}: embed_dim", embed_dim)
        self.num_heads: int = checked_count(f"{name}: num_heads", num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"{name}: num_heads {num_heads} must divide embed_dim {embed_dim}")
        if rotary and embed_dim // num_heads % 2:
            raise ValueError(f"{name}: rotary=True needs an even number of features for each head")
        self.dropout: float = checked_fraction(f"{name}: dropout", dropout)
        self.batch_first: bool = bool(batch_first)
        self.rotary: bool = bool(rotary)
        rng = default_rng(seed)
        self.in_proj_weight: Parameter = Parameter(
            np.concatenate([weight_init((self.embed_dim, self.embed_dim), seed=rng) for _ in range(3)], axis=1)
        )
        self.in_proj_bias = Parameter(bias_init((3 * self.embed_dim,), seed=rng)) if bias else None
        self.out_proj: Linear = Linear(
            self.embed_dim, self.embed_dim, bias, weight_init=weight_init, bias_init=bias_init, seed=rng
        )
        self.generator: np.random.Generator | None = None if seed is None else rng

    def forward(
        self,
        query: Tensor | Array,
        key: Tensor | Array | None = None,
        value: Tensor | Array | None = None,
        key_padding_mask: TensorLike | None = None,
        need_weights: bool = True,
        attn_mask: TensorLike | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
        *,
        cache: KeyValueCache | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Let every query look at all keys.

        Parameters
        ----------
        query : Tensor or ndarray, shape (batch, L, embed_dim)
            What looks.
        key, value : Tensor or ndarray, shape (batch, S, embed_dim), optional
            What is looked at, and what is taken from there; by default the query, and the key.
        key_padding_mask : array of bool or floats, shape (batch, S), optional
            True where a key is padding and not looked at (the reverse of
            :func:`seegrad.nn.functional.scaled_dot_product_attention`, as in PyTorch); floats are added to the scores.
        need_weights : bool, default True
            Whether to return the weights.
        attn_mask : array of bool or floats, shape (L, S) or (batch * num_heads, L, S), optional
            True where a query does *not* look at a key; floats are added to the scores.
        average_attn_weights : bool, default True
            Whether the weights are the mean over the heads.
        is_causal : bool, default False
            Whether a position looks only at itself and at those before it. (PyTorch wants ``attn_mask``, too.)
        cache : KeyValueCache, optional
            Of the earlier positions of the same sequences; is extended by these.

        Returns
        -------
        output : Tensor, shape (batch, L, embed_dim)
            What a query gets that may look at nothing depends on the biases alone.
        weights : Tensor or None
            Shape (batch, L, S), or (batch, num_heads, L, S) for each head.
        """
        query = self._sequence(query, "query")
        key = query if key is None else self._sequence(key, "key")
        value = key if value is None else self._sequence(value, "value")
        if key.shape[:2] != value.shape[:2] or key.shape[0] != query.shape[0]:
            raise LayerShapeError(
                self,
                f"got a query, key and value of shapes {query.shape}, {key.shape} and {value.shape}; their batches "
                "must be the same, and the lengths of key and value",
            )
        q, k, v = (self._heads(x) for x in self._projected(query, key, value))
        if self.rotary:
            start = 0 if cache is None else len(cache)
            q, k = rotary_embedding(q, start), rotary_embedding(k, start)
        if cache is not None:
            k, v = cache.extend(k, v)
        scores, blocking = self._masked(attention_scores(q, k), attn_mask, key_padding_mask)
        queries, keys = scores.shape[-2:]
        seen = _seen(queries, keys, is_causal, blocking) if blocking or is_causal else None
        weights = attention_weights(scores, seen, all_see=not blocking and queries <= keys)
        weights = dropout(weights, self.dropout, self.training, seed=self.generator)
        mixed = swapaxes(matmul(weights, v), 1, 2)  # (N, L, heads, D)
        output = self.out_proj(mixed.reshape(query.shape))
        output = output if self.batch_first else swapaxes(output, 0, 1)
        if not need_weights:
            return output, None
        return output, weights.mean(axis=1) if average_attn_weights else weights

    def _sequence(self, x: Tensor | Array, name: str) -> Tensor:
        """Return an input as (N, L, E)."""
        x = as_input(self, x, self.in_proj_weight.dtype)
        if x.ndim != 3 or x.shape[2] != self.embed_dim:
            order = "batch, length" if self.batch_first else "length, batch"
            hint = "; for a single sequence use x[np.newaxis]" if x.ndim == 2 else ""
            raise LayerShapeError(self, f"got a {name} of shape {x.shape}, expected ({order}, {self.embed_dim}){hint}")
        return x if self.batch_first else swapaxes(x, 0, 1)

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Return the linear functions of the inputs, each (N, L, E)."""
        if query is key is value:  # one product of three times the width
            return split(linear(query, self.in_proj_weight, self.in_proj_bias), 3, axis=2)
        weights = split(self.in_proj_weight, 3, axis=1)
        biases = [None] * 3 if self.in_proj_bias is None else split(self.in_proj_bias, 3)
        return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]

    def _heads(self, x: Tensor) -> Tensor:
        """Split the features of (N, L, E) among the heads: (N, heads, L, E / heads)."""
        n, length, _ = x.shape
        return swapaxes(x.reshape(n, length, self.num_heads, self.embed_dim // self.num_heads), 1, 2)

    def _masked(self, scores: Tensor, attn_mask: Any, key_padding_mask: Any) -> tuple[Tensor, list[Any]]:
        """Return scores (N, heads, L, S) with masks of floats added, and the masks of booleans, of four axes."""
        n, heads, queries, keys = scores.shape
        known = {"attn_mask": attn_mask, "key_padding_mask": key_padding_mask}
        allowed = {"attn_mask": ((queries, keys), (n * heads, queries, keys)), "key_padding_mask": ((n, keys),)}
        blocking = []
        for name, mask in known.items():
            if mask is None:
                continue
            mask = as_tensor(mask) if isinstance(mask, Tensor) else np.asarray(mask)
            if mask.shape not in allowed[name] or mask.dtype.kind not in "bf":
                shapes = " or ".join(map(str, allowed[name]))
                raise LayerShapeError(
                    self,
                    f"got an {name} of shape {mask.shape} and dtype {mask.dtype}, expected booleans or floats of shape "
                    f"{shapes}",
                )
            four_axes = (n, 1, 1, keys) if name == "key_padding_mask" else (-1, heads, queries, keys)
            mask = mask.reshape((1, 1, queries, keys) if mask.ndim == 2 and name == "attn_mask" else four_axes)
            if mask.dtype == bool:
                blocking.append(data_of(mask))
            else:
                scores = scores + mask.astype(scores.dtype)
        return scores, blocking

    def extra_repr(self) -> str:
        """Return the sizes, and the arguments that are not the default."""
        text = f"{self.embed_dim}, {self.num_heads}" + (f", dropout={self.dropout:g}" if self.dropout else "")
        text += "" if self.in_proj_bias is not None else ", bias=False"
        return text + ("" if self.batch_first else ", batch_first=False") + (", rotary=True" if self.rotary else "")

    def _argument(self, name: str) -> Any:
        return self.in_proj_bias is not None if name == "bias" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        width = arguments["embed_dim"]
        entries: Entries = {"in_proj_weight": ((width, 3 * width), "f"), "out_proj.weight": ((width, width), "f")}
        if arguments["bias"]:
            entries |= {"in_proj_bias": ((3 * width,), "f"), "out_proj.bias": ((width,), "f")}
        return entries


@PlainFunction
def _seen(queries: int, keys: int, causal: bool, blocking: Any) -> Any:
    """Return what queries may look at: the last of them sees all keys, those before it one less each, if causal."""
    seen = np.tri(queries, keys, keys - queries, dtype=bool) if causal else np.ones((1, 1), bool)
    for mask in blocking:
        seen = seen & ~mask
    return seen
