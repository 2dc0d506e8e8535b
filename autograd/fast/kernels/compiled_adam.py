"""The formula of Adam in one pass over its vectors; compiled by Numba, for float32."""

from __future__ import annotations

import numpy as np

from .compiled import FLOAT, array, compiled


@compiled(array(1), array(1), array(1), array(1), FLOAT, FLOAT, FLOAT, FLOAT, FLOAT, FLOAT, FLOAT)
def update(p, g, m, v, beta1, rest1, beta2, rest2, scale, eps, rate):
    """Step from parameters `p` with gradients `g` and their running means `m` and `v`.

    ``rest`` is one minus beta; square roots are multiplied by `scale`. Each number is rounded as in
    `seegrad.optim.Adam.update`.
    """
    for i in range(p.size):
        m[i] = m[i] * beta1 + rest1 * g[i]
        v[i] = v[i] * beta2 + (rest2 * g[i]) * g[i]
        p[i] -= rate * (m[i] / (np.sqrt(v[i]) * scale + eps))
