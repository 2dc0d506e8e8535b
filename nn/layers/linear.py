"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...autograd import Tensor
from ...common.argument_checks import checked_count
from ...common.rng import Seed, default_rng
from .. import init
from ..functional import linear
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input, check_last_axis, weight_and_bias

__all__ = ["Linear"]


@savable
class Linear(Module):
    """``x @ weight + bias``: every output is a weighted sum of all inputs. Keras calls it Dense.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and outputs.
    bias : bool, default True
        Whether to add a bias.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight : Parameter, shape (in_features, out_features)
        Transposed with respect to PyTorch's.
    bias : Parameter, shape (out_features,), or None

    Examples
    --------
    >>> layer = sg.nn.Linear(3, 2)
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        self.in_features: int = checked_count("Linear: in_features", in_features)
        self.out_features: int = checked_count("Linear: out_features", out_features)
        generator = default_rng(seed)
        self.weight: Parameter = Parameter(weight_init((self.in_features, self.out_features), seed=generator))
        self.bias = Parameter(bias_init((self.out_features,), seed=generator)) if bias else None

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        x = as_input(self, x, self.weight.dtype)
        if x.shape[-1:] != (self.in_features,):
            flat = x.size // max(1, x.shape[0]) if x.ndim > 1 else 0
            hint = "; put an nn.Flatten() before it" if flat == self.in_features else ""
            check_last_axis(self, x.shape, self.in_features, hint)
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"{self.in_features}, {self.out_features}" + ("" if self.bias is not None else ", bias=False")

    def _argument(self, name: str) -> Any:
        return self.bias is not None if name == "bias" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        columns = arguments["out_features"]
        return weight_and_bias((arguments["in_features"], columns), (columns,) if arguments["bias"] else None)
