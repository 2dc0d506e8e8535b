"""The block of which transformers are made: attention, then a small network, each added to its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from ...autograd import Tensor, gelu, relu, silu
from ...common.argument_checks import checked_count, checked_fraction
from ...common.rng import Seed, default_rng
from .. import init
from ..functional import dropout
from ..module import Array, Entries, Module, TensorLike, savable
from .attention import KeyValueCache, MultiheadAttention
from .linear import Linear
from .norm import LayerNorm

__all__ = ["TransformerEncoderLayer"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": relu, "gelu": gelu, "silu": silu}


@savable
class TransformerEncoderLayer(Module):
    """Self-attention, then two linear layers at each position; both are added to their input and normalised.

    A decoder without an encoder, as in GPT, is the same with ``is_causal=True``.
    A. Vaswani et al., "Attention is all you need" (2017); with ``norm_first=True``: R. Xiong et al., "On layer
    normalization in the transformer architecture" (2020).

    Parameters
    ----------
    d_model : int
        Number of features of inputs and outputs.
    nhead : int
        Number of attention heads; divides ``d_model``.
    dim_feedforward : int, default 2048
        Number of features between the two linear layers.
    dropout : float, default 0.1
        Probability of dropping, while training: of attention weights, between the linear layers, and of what is added.
    activation : "relu", "gelu" or "silu", default "relu"
        The function between the linear layers.
    layer_norm_eps : float, default 1e-5
        Added to the variance in the normalisations.
    batch_first : bool, default True
        Whether inputs are ``(batch, length, features)``, as everywhere in this library; PyTorch's default is False.
    norm_first : bool, default False
        Whether the inputs of attention and linear layers are normalised instead of the sums: the training of deep
        models is steadier then.
    bias : bool, default True
        Whether the linear layers and normalisations have biases.
    rotary : bool, default False
        Whether attention knows positions by :func:`seegrad.nn.functional.rotary_embedding`.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values; it also starts this layer's own generator for dropout.

    Attributes
    ----------
    self_attn : MultiheadAttention
    linear1, linear2 : Linear
    norm1, norm2 : LayerNorm

    Examples
    --------
    >>> block = sg.nn.TransformerEncoderLayer(16, 4, dim_feedforward=64, norm_first=True, activation="gelu")
    >>> block(np.ones((2, 5, 16), np.float32), is_causal=True).shape
    (2, 5, 16)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Literal["relu", "gelu", "silu"] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = True,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rotary: bool = False,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        name = "TransformerEncoderLayer"
        self.d_model: int = checked_count(f"{name}: d_model", d_model)
        self.nhead: int = checked_count(f"{name}: nhead", nhead)
        self.dim_feedforward: int = checked_count(f"{name}: dim_feedforward", dim_feedforward)
        self.dropout: float = checked_fraction(f"{name}: dropout", dropout)
        if activation not in ACTIVATIONS:
            raise ValueError(f"{name}: activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
        self.activation: Literal["relu", "gelu", "silu"] = activation
        self.layer_norm_eps: float = float(layer_norm_eps)
        self.batch_first: bool = bool(batch_first)
        self.norm_first: bool = bool(norm_first)
        self.bias: bool = bool(bias)
        self.rotary: bool = bool(rotary)
        rng = default_rng(seed)
        first: dict[str, Any] = {"weight_init": weight_init, "bias_init": bias_init, "seed": rng}
        self.self_attn: MultiheadAttention = MultiheadAttention(
            d_model, nhead, dropout, self.bias, self.batch_first, rotary=self.rotary, **first
        )
        self.linear1: Linear = Linear(d_model, dim_feedforward, self.bias, **first)
        self.linear2: Linear = Linear(dim_feedforward, d_model, self.bias, **first)
        self.norm1: LayerNorm = LayerNorm(d_model, layer_norm_eps, bias=self.bias)
        self.norm2: LayerNorm = LayerNorm(d_model, layer_norm_eps, bias=self.bias)
        self.self_attn.generator = self.generator = None if seed is None else rng

    def forward(
        self,
        src: Tensor | Array,
        src_mask: TensorLike | None = None,
        src_key_padding_mask: TensorLike | None = None,
        is_causal: bool = False,
        *,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """Map (batch, length, d_model) to the same shape; the masks are those of :class:`MultiheadAttention`."""
        masks: dict[str, Any] = {
            "attn_mask": src_mask,
            "key_padding_mask": src_key_padding_mask,
            "is_causal": is_causal,
            "cache": cache,
        }
        x: Any = src
        if self.norm_first:
            x = x + self._attend(self.norm1(x), masks)
            return x + self._feed(self.norm2(x))  # type: ignore[no-any-return]
        x = self.norm1(x + self._attend(x, masks))
        return self.norm2(x + self._feed(x))

    def _attend(self, x: Tensor, masks: dict[str, Any]) -> Tensor:
        return self._dropped(self.self_attn(x, need_weights=False, **masks)[0])

    def _feed(self, x: Tensor) -> Tensor:
        hidden = ACTIVATIONS[self.activation](self.linear1(x))
        return self._dropped(self.linear2(self._dropped(hidden)))

    def _dropped(self, x: Tensor) -> Tensor:
        return dropout(x, self.dropout, self.training, seed=self.generator)

    def extra_repr(self) -> str:
        """Return the sizes, and the arguments that are not the default."""
        text = f"{self.d_model}, {self.nhead}, dim_feedforward={self.dim_feedforward}, dropout={self.dropout:g}"
        text += f", activation={self.activation!r}" + (", norm_first=True" if self.norm_first else "")
        return text + ("" if self.batch_first else ", batch_first=False")

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        width, hidden = arguments["d_model"], arguments["dim_feedforward"]
        parts: dict[str, Entries] = {
            "self_attn": MultiheadAttention._saved_arrays({"embed_dim": width, "bias": arguments["bias"]}),
            "linear1": {"weight": ((width, hidden), "f"), "bias": ((hidden,), "f")},
            "linear2": {"weight": ((hidden, width), "f"), "bias": ((width,), "f")},
            "norm1": {"weight": ((width,), "f"), "bias": ((width,), "f")},
            "norm2": {"weight": ((width,), "f"), "bias": ((width,), "f")},
        }
        return {
            f"{part}.{name}": entry
            for part, entries in parts.items()
            for name, entry in entries.items()
            if arguments["bias"] or name != "bias"
        }
