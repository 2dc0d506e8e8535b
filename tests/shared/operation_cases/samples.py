"""Cases of the operations on samples along an axis."""

from __future__ import annotations

import numpy as np

from seegrad.autograd.core.op import Op

from .case import case, real

_full, _inner = Op.table["convolve_full"], Op.table["correlate_inner"]

CASES = [
    *[case(f"convolve_full[{n}, {m}]", _full, np.convolve, real(n), real(m)) for n, m in ((5, 3), (2, 4), (1, 1))],
    *[case(f"correlate_inner[{n}, {m}]", _inner, np.correlate, real(n), real(m)) for n, m in ((5, 3), (3, 3), (4, 1))],
]
