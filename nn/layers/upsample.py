"""Making images larger without parameters."""

from __future__ import annotations

from typing import Literal

from ...autograd import Tensor
from ..functional import interpolate
from ..layer_errors import LayerShapeError
from ..module import Array, Module, savable
from .arguments import as_input

__all__ = ["Upsample"]


@savable
class Upsample(Module):
    """Resize images ``(batch, height, width, channels)`` by repeating pixels or by straight lines between them.

    Parameters
    ----------
    size : int or (int, int), optional
        Height and width of the result.
    scale_factor : float or (float, float), optional
        By what height and width are multiplied (and rounded down); instead of ``size``.
    mode : "nearest" or "bilinear", default "nearest"
    align_corners : bool, default False
        For ``"bilinear"``: True keeps the centres of the corner pixels where they are, False their outer corners.

    Examples
    --------
    >>> sg.nn.Upsample(scale_factor=2)(np.zeros((2, 7, 5, 8), np.float32)).shape
    (2, 14, 10, 8)
    """

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
        mode: Literal["nearest", "bilinear"] = "nearest",
        align_corners: bool = False,
    ) -> None:
        if (size is None) == (scale_factor is None):
            raise ValueError("Upsample: give either size or scale_factor")
        if mode not in ("nearest", "bilinear"):
            raise ValueError(f"Upsample: mode must be 'nearest' or 'bilinear', got {mode!r}")
        self.size: int | tuple[int, int] | None = (size[0], size[1]) if isinstance(size, tuple | list) else size
        self.scale_factor: float | tuple[float, float] | None = (
            (scale_factor[0], scale_factor[1]) if isinstance(scale_factor, tuple | list) else scale_factor
        )
        self.mode: Literal["nearest", "bilinear"] = mode
        self.align_corners: bool = bool(align_corners)

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, H, W, C) to (N, OH, OW, C)."""
        x = as_input(self, x)
        if x.ndim != 4 or 0 in x.shape[1:3]:
            raise LayerShapeError(
                self, f"got an input of shape {x.shape}, expected (batch, height, width, channels), not without pixels"
            )
        return interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """Return the size or the factor, and the arguments that are not the default."""
        text = f"size={self.size}" if self.size is not None else f"scale_factor={self.scale_factor}"
        text += f", mode={self.mode!r}" if self.mode != "nearest" else ""
        return text + (", align_corners=True" if self.align_corners else "")
