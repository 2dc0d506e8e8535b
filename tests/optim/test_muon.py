"""Muon: its formula by singular values, states, what it refuses.

PyTorch's computes in bfloat16, so there is no trajectory of it to compare with.
"""

from __future__ import annotations

import copy

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim


def by_singular_values(matrix, steps=5):
    """Apply the polynomial to each singular value by itself."""
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    s = s / np.linalg.norm(s)
    for _ in range(steps):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u * s @ v


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (1, 6)])
@pytest.mark.parametrize("settings", [{}, {"nesterov": False, "momentum": 0.5, "adjust_lr_fn": "match_rms_adamw"}])
def test_formula(rng, shape, settings):
    start, gradients = rng.normal(size=shape), rng.normal(size=(6, *shape))
    w = sg.tensor(start, requires_grad=True)
    optimizer = optim.Muon([w], lr=0.1, weight_decay=0.2, **settings)
    momentum, mean = settings.get("momentum", 0.95), 0.0
    matched = "adjust_lr_fn" in settings
    factor = 0.2 * np.sqrt(max(shape)) if matched else np.sqrt(max(1, shape[1] / shape[0]))
    expected = start
    for g in gradients:
        w.grad = g
        optimizer.step()
        mean = momentum * mean + (1 - momentum) * g
        ahead = (1 - momentum) * g + momentum * mean if settings.get("nesterov", True) else mean
        expected = expected * (1 - 0.1 * 0.2) - 0.1 * factor * by_singular_values(ahead)
        np.testing.assert_allclose(w.data, expected, rtol=1e-8, atol=1e-10)


def test_singular_values_are_about_one(rng):
    from seegrad.optim.muon import nearly_orthogonal

    made = nearly_orthogonal(rng.normal(size=(20, 30)), 5, 1e-7)
    values = np.linalg.svd(made, compute_uv=False)
    assert 0.6 < values.min() <= values.max() < 1.3
    assert not nearly_orthogonal(np.zeros((2, 3)), 5, 1e-7).any()


def test_matrices_of_a_network_and_the_rest(rng):
    model = nn.models.mlp([3, 16, 16, 1], "tanh", seed=0)
    x = rng.normal(size=(64, 3)).astype(np.float32)
    y = np.sin(x.sum(axis=1, keepdims=True))
    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim != 2]
    optimizers = [optim.Muon(matrices, lr=0.02, weight_decay=0.0), optim.AdamW(others, lr=0.01)]
    losses = []
    for _ in range(60):
        model.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    assert all(p.dtype == np.float32 for p in model.parameters())


def test_a_state_goes_on_where_it_was(rng):
    weights = [sg.tensor(rng.normal(size=(2, 3)), requires_grad=True) for _ in range(2)]
    optimizer = optim.Muon(weights, lr=0.1)

    def go_on(optimizer, weights, seed):
        for g in np.random.default_rng(seed).normal(size=(3, 2, 2, 3)):
            for w, part in zip(weights, g):
                w.grad = part
            optimizer.step()

    go_on(optimizer, weights, 0)
    twins = copy.deepcopy(weights)
    other = optim.Muon(twins)
    other.load_state_dict(optimizer.state_dict())
    go_on(optimizer, weights, 1)
    go_on(other, twins, 1)
    np.testing.assert_array_equal([w.data for w in weights], [w.data for w in twins])


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"Muon: takes matrices, got a parameter of shape \(2,\)"):
        optim.Muon([sg.tensor([1.0, 2.0])])
    with pytest.raises(ValueError, match="momentum must be at least 0 and less than 1"):
        optim.Muon([sg.tensor([[1.0]])], momentum=1.0)
    with pytest.raises(ValueError, match="adjust_lr_fn must be"):
        optim.Muon([sg.tensor([[1.0]])], adjust_lr_fn="none")
