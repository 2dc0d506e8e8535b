"""How networks are trained and evaluated in PyTorch: all threads, the better order of memory, fused Adam."""

import itertools
import time

from initial_weights import draw
from pytorch_at_best import keep_memory, torch
from torch import nn


class FlattenImages(nn.Module):
    """Rows of images, without a copy if channels are last; elements are in the order of the other libraries."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def prepare(task, way, mode, batch):
    """Return a call that does one step, and what gives the numbers to compare; for images in the quicker order."""
    if way == "memory":
        keep_memory()
    order = torch.channels_last
    if way != "compiled" and task.batches(1)[0][0].ndim == 4:
        tried = {o: contest(task, way, mode, batch, o)[0] for o in (torch.channels_last, torch.contiguous_format)}
        order = min(tried, key=lambda o: least_time(tried[o]))
    return contest(task, way, mode, batch, order)


def least_time(call):
    """The shortest of several calls, after some others."""
    times = []
    for _ in range(25):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times[5:])


def contest(task, way, mode, batch, order):
    """Return the call and the numbers for one order of memory."""
    model = task.pytorch(torch, _Layers)
    load(model, draw(task.WEIGHTS))
    model = model.to(memory_format=order)
    batches = itertools.cycle([(_tensor(x, order), _tensor(y, order)) for x, y in task.batches(int(batch))])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loss(x, y):
        out = model(x)
        if task.LOSS == "cross entropy":
            return nn.functional.cross_entropy(out.flatten(0, -2), y.flatten())
        return nn.functional.mse_loss(out, y)

    forward = model.eval() if mode == "evaluate" else loss
    if way == "compiled":
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


def _tensor(x, order):
    """An array as a tensor; images (N, H, W, C) become (N, C, H, W), which is channels-last in the same memory."""
    x = torch.from_numpy(x)
    return x.permute(0, 3, 1, 2).contiguous(memory_format=order) if x.ndim == 4 else x
