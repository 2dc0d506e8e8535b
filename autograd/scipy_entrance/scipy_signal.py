"""``seegrad.scipy.signal``: convolutions and digital filters, which take nodes."""

from __future__ import annotations

from .digital_filters import lfilter, sosfilt
from .signal_convolution import convolve, correlate, fftconvolve, oaconvolve

__all__ = ["convolve", "correlate", "fftconvolve", "lfilter", "oaconvolve", "sosfilt"]
