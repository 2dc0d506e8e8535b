"""Gradients whose square is close to the end of float32: the squares are formed as PyTorch forms them."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg

#: What PyTorch 2.13 gives in float32, from [1, 1] with lr 0.1, for gradients g, -g with g = 1e20, 1e20, 1.
TORCH = {
    "Adam": [[0.9, 1.1], [0.8, 1.2], [0.7226997, 1.2773004]],
    "AdamW": [[0.899, 1.099], [0.798101, 1.197901], [0.7200026, 1.2740034]],
    "RMSprop": [[0.0, 2.0], [-0.70888126, 2.7088814], [-0.70888126, 2.7088814]],
}


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("copies", [1, 40_000])
def test_steps_at_gradients_of_1e20(name, copies):
    p = sg.tensor(np.ones(2 * copies, np.float32), requires_grad=True)
    optimizer = getattr(sg.optim, name)([p], lr=0.1)
    for g, expected in zip((1e20, 1e20, 1.0), TORCH[name]):
        p.grad = np.tile(np.float32([g, -g]), copies)
        optimizer.step()
        np.testing.assert_allclose(p.data.reshape(-1, 2), np.tile(expected, (copies, 1)), rtol=1e-5, atol=1e-6)
