"""A generative pretrained transformer: it predicts the next token of a sequence, and so writes sequences."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor
from ..autograd.core.node import data_of
from ..common.argument_checks import checked_count
from ..common.plain_data import as_array
from ..common.rng import Seed, default_rng
from . import init
from .evaluation import evaluating
from .layer_errors import LayerShapeError
from .layers.attention import KeyValueCache
from .layers.containers import ModuleList
from .layers.dropout import Dropout
from .layers.embedding import Embedding
from .layers.linear import Linear
from .layers.norm import LayerNorm
from .layers.positions import LearnedPositions, SinusoidalPositions
from .layers.transformer import TransformerEncoderLayer
from .module import Array, Entries, Module, TensorLike, savable
from .sampling import sample_tokens

__all__ = ["GPT"]


@savable
class GPT(Module):
    """Predict the next token at every position of a sequence, from the tokens up to there.

    Tokens become vectors, their positions are added, blocks of causal attention and small networks follow, and a last
    linear layer gives a score to each token of the vocabulary. First values are those of GPT-2: normal with a deviation
    of 0.02, less for the layers that add to the sum through all blocks.
    A. Radford et al., "Language models are unsupervised multitask learners" (2019).

    Parameters
    ----------
    vocab_size : int
        Number of tokens.
    context_length : int
        The longest sequence that it looks at.
    embed_dim : int, default 64
        Number of features.
    num_layers : int, default 4
        Number of blocks.
    num_heads : int, default 4
        Number of attention heads in each block; divides ``embed_dim``.
    dropout : float, default 0.0
        Probability of dropping while training.
    bias : bool, default True
        Whether linear layers and normalisations in the blocks have biases.
    positions : "learned", "sinusoidal" or "rotary", default "learned"
        How the model knows positions.
    seed : int or numpy.random.Generator, optional
        For the first values; it also starts the model's own generator for dropout.

    Attributes
    ----------
    tokens : Embedding
    positions_added : LearnedPositions, SinusoidalPositions, or None for rotary ones
    blocks : ModuleList of TransformerEncoderLayer
    norm : LayerNorm
    head : Linear

    Examples
    --------
    >>> model = sg.nn.GPT(27, 16, embed_dim=32, num_layers=2, seed=0)
    >>> model(np.array([[0, 5, 13]])).shape
    (1, 3, 27)
    >>> model.generate([0, 5], 4, temperature=0).shape
    (6,)
    """

    def __init__(
        self,
        vocab_size: int,
        context_length: int,
        embed_dim: int = 64,
        num_layers: int = 4,
        num_heads: int = 4,
        dropout: float = 0.0,
        bias: bool = True,
        positions: Literal["learned", "sinusoidal", "rotary"] = "learned",
        *,
        seed: Seed = None,
    ) -> None:
        if positions not in ("learned", "sinusoidal", "rotary"):
            raise ValueError(f"GPT: positions must be 'learned', 'sinusoidal' or 'rotary', got {positions!r}")
        self.vocab_size: int = checked_count("GPT: vocab_size", vocab_size)
        self.context_length: int = checked_count("GPT: context_length", context_length)
        self.embed_dim: int = checked_count("GPT: embed_dim", embed_dim)
        self.num_layers: int = checked_count("GPT: num_layers", num_layers)
        self.num_heads: int = checked_count("GPT: num_heads", num_heads)
        self.bias: bool = bool(bias)
        self.positions: Literal["learned", "sinusoidal", "rotary"] = positions
        rng = default_rng(seed)
        narrow = functools.partial(init.normal, std=0.02)
        self.tokens: Embedding = Embedding(vocab_size, embed_dim, weight_init=narrow, seed=rng)
        self.positions_added: LearnedPositions | SinusoidalPositions | None = None
        if positions == "learned":
            self.positions_added = LearnedPositions(context_length, embed_dim, weight_init=narrow, seed=rng)
        elif positions == "sinusoidal":
            self.positions_added = SinusoidalPositions(embed_dim)
        own = None if seed is None else rng
        self.dropped: Dropout = Dropout(dropout, seed=own)
        self.blocks: ModuleList[TransformerEncoderLayer] = ModuleList(
            self._block(dropout, rng, own) for _ in range(self.num_layers)
        )
        self.norm: LayerNorm = LayerNorm(embed_dim, bias=self.bias)
        self.head: Linear = Linear(embed_dim, vocab_size, bias=False, weight_init=narrow, seed=rng)

    def _block(
        self, dropout: float, rng: np.random.Generator, own: np.random.Generator | None
    ) -> TransformerEncoderLayer:
        block = TransformerEncoderLayer(
            *(self.embed_dim, self.num_heads, 4 * self.embed_dim, dropout, "gelu"),
            norm_first=True,
            bias=self.bias,
            rotary=self.positions == "rotary",
            weight_init=functools.partial(init.normal, std=0.02),
            seed=rng,
        )
        for last in (block.self_attn.out_proj, block.linear2):  # each block adds twice to the sum
            last.weight.data = (last.weight.data / math.sqrt(2 * self.num_layers)).astype(np.float32)
        block.generator = block.self_attn.generator = own
        return block

    def forward(self, tokens: TensorLike, caches: Sequence[KeyValueCache] | None = None) -> Tensor:
        """Map tokens to the scores of the tokens after them.

        Parameters
        ----------
        tokens : array_like of int, shape (batch, length)
            Numbers below ``vocab_size``.
        caches : sequence of KeyValueCache, optional
            One for each block, from :meth:`caches`: the tokens continue those that were given with them before.

        Returns
        -------
        Tensor, shape (batch, length, vocab_size)
        """
        shape, start = np.shape(tokens), len(caches[0]) if caches else 0
        if len(shape) != 2:
            hint = "; for a single sequence use tokens[np.newaxis]" if len(shape) == 1 else ""
            raise LayerShapeError(self, f"got tokens of shape {shape}, expected (batch, length){hint}")
        if start + shape[1] > self.context_length:
            raise LayerShapeError(
                self, f"got {start + shape[1]} tokens in a sequence, but looks at {self.context_length} at most"
            )
        x = self.tokens(tokens)
        if self.positions_added is not None:
            x = self.positions_added(x, start)
        x = self.dropped(x)
        for number, block in enumerate(self.blocks):
            x = block(x, is_causal=True, cache=caches[number] if caches else None)
        return self.head(self.norm(x))

    def caches(self) -> list[KeyValueCache]:
        """Return empty caches, one for each block, for a batch of sequences that is given part by part."""
        return [KeyValueCache() for _ in self.blocks]

    def generate(
        self,
        tokens: npt.ArrayLike,
        steps: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        *,
        cached: bool = True,
        seed: Seed = None,
    ) -> Array:
        """Continue sequences, one drawn token after the other.

        Of sequences longer than ``context_length`` the last tokens are looked at.

        Parameters
        ----------
        tokens : array_like of int, shape (length,) or (batch, length)
            The beginning, at least one token.
        steps : int
            How many tokens to add.
        temperature, top_k, top_p
            As for :func:`seegrad.nn.token_probabilities`.
        cached : bool, default True
            Whether to keep keys and values of earlier positions instead of computing them at each step again. The
            scores are the same but for rounding.
        seed : int or numpy.random.Generator, optional
            For the random choice.

        Returns
        -------
        ndarray of int, shape (length + steps,) or (batch, length + steps)

        Raises
        ------
        ValueError
            If there is no first token.
        """
        given = as_array(data_of(tokens))
        if given.ndim not in (1, 2) or given.shape[-1] < 1:
            raise ValueError(
                f"generate: expected tokens (length,) or (batch, length), at least one, got shape {given.shape}"
            )
        rng, caches = default_rng(seed), self.caches()
        sequences = np.atleast_2d(given)
        with evaluating(self):
            for _ in range(checked_count("generate: steps", steps, 0)):
                if cached and sequences.shape[1] <= self.context_length:
                    scores = self(sequences[:, len(caches[0]) :], caches)
                else:  # positions are counted from the first token that is looked at: they all change with each step
                    scores = self(sequences[:, -self.context_length :])
                drawn = sample_tokens(scores.data[:, -1], temperature, top_k, top_p, seed=rng)
                sequences = np.concatenate([sequences, drawn[:, np.newaxis]], axis=1)
        return sequences if given.ndim == 2 else sequences[0]

    def extra_repr(self) -> str:
        """Return the sizes, and the arguments that are not the default."""
        text = f"{self.vocab_size}, {self.context_length}, embed_dim={self.embed_dim}, num_layers={self.num_layers}"
        text += f", num_heads={self.num_heads}" + (f", dropout={self.dropped.p:g}" if self.dropped.p else "")
        return text + (f", positions={self.positions!r}" if self.positions != "learned" else "")

    def _argument(self, name: str) -> Any:
        return self.dropped.p if name == "dropout" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        width, vocabulary = arguments["embed_dim"], arguments["vocab_size"]
        entries: Entries = {"tokens.weight": ((vocabulary, width), "f"), "head.weight": ((width, vocabulary), "f")}
        if arguments["positions"] == "learned":
            entries["positions_added.weight"] = ((arguments["context_length"], width), "f")
        block = TransformerEncoderLayer._saved_arrays(
            {"d_model": width, "dim_feedforward": 4 * width, "bias": arguments["bias"]}
        )
        for number in range(arguments["num_layers"]):
            entries |= {f"blocks.{number}.{name}": entry for name, entry in block.items()}
        norm = LayerNorm._saved_arrays(
            {"elementwise_affine": True, "normalized_shape": width, "bias": arguments["bias"]}
        )
        return entries | {f"norm.{name}": entry for name, entry in norm.items()}
