"""Numbers that an operation may treat wrongly while it is right for all others."""

from __future__ import annotations

import numpy as np

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 2.0, 1e-40, 3e38])
