"""How networks are trained and evaluated in PyTorch at its best: two threads, channels-last memory, fused Adam."""

import itertools

from initial_weights import draw
from pytorch_at_best import torch
from torch import nn


class FlattenImages(nn.Module):
    """Rows of channels-last images, without a copy; the order of their elements is that of the other libraries."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def prepare(task, compiled, mode, batch):
    """Return a call that does one step, and what gives the numbers to compare."""
    model = task.pytorch(torch, _Layers)
    load(model, draw(task.WEIGHTS))
    model = model.to(memory_format=torch.channels_last)
    batches = itertools.cycle([(_tensor(x), _tensor(y)) for x, y in task.batches(int(batch))])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loss(x, y):
        out = model(x)
        if task.LOSS == "cross entropy":
            return nn.functional.cross_entropy(out.flatten(0, -2), y.flatten())
        return nn.functional.mse_loss(out, y)

    forward = model.eval() if mode == "evaluate" else loss
    if compiled:
        forward = torch.compile(forward)

    def train(x, y):
        optimizer.zero_grad()
        out = forward(x, y)
        out.backward()
        optimizer.step()
        return out

    def evaluate(x, y):
        with torch.inference_mode():
            return forward(x)

    step = train if mode == "train" else evaluate
    results = []

    def call():
        results[:] = [step(*next(batches))]

    def check():
        if mode == "evaluate":
            return [float(results[0].abs().sum())]
        norm = sum(float((p.grad**2).sum()) for p in model.parameters()) ** 0.5
        losses = [float(results[0].detach())]
        call()
        return [*losses, norm, float(results[0].detach())]

    return call, check


class _Layers:
    FlattenImages = FlattenImages


def load(model, weights):
    """Give the parameters their first values: outputs come first here, and kernels last."""
    matrices = {id(m.weight) for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))}
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            if id(parameter) in matrices:
                weight = weight.T if weight.ndim == 2 else weight.transpose(3, 2, 0, 1)
            parameter.copy_(torch.from_numpy(weight.copy()))


def _tensor(x):
    """An array as a tensor; images (N, H, W, C) become (N, C, H, W) in the same memory, that is channels-last."""
    return torch.from_numpy(x).permute(0, 3, 1, 2) if x.ndim == 4 else torch.from_numpy(x)
