"""What to ask PyTorch about optimizers, schedules and the limit on gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]

STEPS = 50
OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "betas": [0.5, 0.9], "weight_decay": 0.5}),
    ("RMSprop", {"lr": 0.05}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 0.1, "weight_decay": 0.1, "momentum": 0.8, "centered": True}),
    ("RMSprop", {"lr": 0.05, "momentum": 0.9}),
    ("Adagrad", {"lr": 0.3}),
    ("Adam", {"lr": 0.1, "betas": [0.8, 0.9], "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1, "betas": [0.8, 0.9], "amsgrad": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {"lr": 0.05, "maximize": True}),
    ("Adagrad", {"lr": 0.3, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.1}),
    ("NAdam", {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("RAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": [0.8, 0.7], "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {"lr": 0.3, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3}),
    ("Adam", {"lr": 0.1, "betas": [0.8, 0.95], "weight_decay": 0.5, "decoupled_weight_decay": True}),
    ("NAdam", {"lr": 0.1, "betas": [0.8, 0.95], "weight_decay": 0.5, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1, "betas": [0.8, 0.7], "weight_decay": 0.5, "decoupled_weight_decay": True}),
]
SCHEDULES: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("StepLR", [7], {"gamma": 0.5}),
    ("MultiStepLR", [[30, 10, 11]], {"gamma": 0.3}),
    ("ExponentialLR", [0.93], {}),
    ("CosineAnnealingLR", [20], {"eta_min": 0.01}),
    ("LinearLR", [0.1], {"end_factor": 0.9, "total_iters": 12}),
    ("LinearLR", [], {}),
    ("ConstantLR", [], {}),
    ("PolynomialLR", [], {}),
    ("PolynomialLR", [17], {"power": 2.5}),
    ("CosineAnnealingWarmRestarts", [7], {}),
    ("CosineAnnealingWarmRestarts", [5, 2], {"eta_min": 0.01}),
    ("CyclicLR", [0.01, 0.1], {"step_size_up": 6}),
    ("CyclicLR", [0.01, 0.1], {"step_size_up": 3, "step_size_down": 7, "mode": "triangular2"}),
    ("CyclicLR", [0.0, 0.1], {"step_size_up": 5, "mode": "exp_range", "gamma": 0.9, "cycle_momentum": False}),
    ("CyclicLR", [0.02, 0.1], {"step_size_up": 4, "base_momentum": 0.7, "max_momentum": 0.95}),
    ("OneCycleLR", [0.5], {"total_steps": STEPS}),
    ("OneCycleLR", [0.5], {"epochs": 5, "steps_per_epoch": 11, "anneal_strategy": "linear", "pct_start": 0.2}),
    ("OneCycleLR", [0.5], {"total_steps": STEPS, "three_phase": True, "div_factor": 10, "final_div_factor": 100}),
    ("OneCycleLR", [0.5], {"total_steps": STEPS, "base_momentum": 0.6, "max_momentum": 0.9}),
    ("ChainedScheduler", [["ConstantLR", [0.3, 8], {}], ["ExponentialLR", [0.95], {}]], {}),
    ("SequentialLR", [["LinearLR", [0.1], {"total_iters": 9}], ["CosineAnnealingLR", [40], {}]], {"milestones": [9]}),
]
PLATEAUS: list[dict[str, Any]] = [
    {"patience": 2, "factor": 0.5},
    {"patience": 1, "factor": 0.3, "cooldown": 3, "threshold": 0.05, "min_lr": 0.01},
    {"patience": 2, "mode": "max", "threshold_mode": "abs", "threshold": 0.02},
    {"patience": 0, "mode": "max", "threshold": 0.1, "factor": 0.9},
    {"patience": 1, "threshold_mode": "abs", "threshold": 0.05},
]


def trajectory(optimizer: Any, params: list[torch.Tensor], noise: np.ndarray, absent: np.ndarray, each: Any) -> list:
    """Follow the parameters; their gradients depend on where they are, and some are missing."""
    path = []
    for t in range(STEPS):
        for i, p in enumerate(params):
            p.grad = None if absent[t, i] else torch.sin(p.detach()) + torch.tensor(noise[t, i])
        optimizer.step()
        each()
        path.append([p.detach().numpy().copy() for p in params])
    return path


def record_optimizer(rng: np.random.Generator, name: str, kwargs: dict[str, Any], one_cycle: bool) -> Arrays:
    start, noise = rng.normal(size=(3, 4)) * 2, rng.normal(size=(STEPS, 3, 4))
    absent = rng.random((STEPS, 3)) < [0.0, 0.3, 0.05]
    params = [torch.tensor(x, requires_grad=True) for x in start]
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in kwargs.items()}
    optimizer = getattr(torch.optim, name)(params, **options)
    each: Any = lambda: None  # noqa: E731
    if one_cycle:
        each = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=STEPS + 1).step
    torch.set_default_dtype(torch.float64)  # NAdam keeps a product in the default dtype
    path = trajectory(optimizer, params, noise, absent, each)
    torch.set_default_dtype(torch.float32)
    return {"start": start, "noise": noise, "absent": absent, "path": np.array(path)}


LBFGS: list[dict[str, Any]] = [
    {"lr": 0.5, "max_iter": 4},
    {"lr": 0.05, "max_iter": 5, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "max_iter": 3},
    {"lr": 0.3, "line_search_fn": "strong_wolfe", "max_iter": 6, "history_size": 3},
    {"lr": 20.0, "line_search_fn": "strong_wolfe", "max_eval": 7},
]


def valley(x: Any, y: Any) -> Any:
    """Return a curved and bumpy valley over two vectors; written for any library."""
    return ((1 - x) ** 2).sum() + 10 * ((y - x * x) ** 2).sum() + 0.1 * (x * y).sum() ** 2


def record_lbfgs(rng: np.random.Generator, kwargs: dict[str, Any]) -> Arrays:
    start = rng.normal(size=(2, 4))
    x, y = (torch.tensor(part, requires_grad=True) for part in start)
    optimizer = torch.optim.LBFGS([x, y], **kwargs)
    losses, path = [], []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = valley(x, y)
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(6):
        optimizer.step(closure)
        path.append([x.detach().numpy().copy(), y.detach().numpy().copy()])
    return {"start": start, "losses": np.array(losses), "path": np.array(path)}


def new_optimizer() -> torch.optim.Optimizer:
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.2, 0.05)]
    return torch.optim.SGD(groups, momentum=0.9)


def build_schedule(optimizer: torch.optim.Optimizer, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    module = torch.optim.lr_scheduler
    if name == "ChainedScheduler":
        return module.ChainedScheduler([build_schedule(optimizer, *part) for part in args])
    if name == "SequentialLR":
        return module.SequentialLR(optimizer, [build_schedule(optimizer, *part) for part in args], **kwargs)
    return getattr(module, name)(optimizer, *args, **kwargs)


def record_schedule(name: str, args: list[Any], kwargs: dict[str, Any]) -> Arrays:
    optimizer = new_optimizer()
    schedule = build_schedule(optimizer, name, args, kwargs)
    rates = []
    for _ in range(STEPS):
        rates.append([[group["lr"], group["momentum"]] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return {"rates": np.array(rates)}


def record_plateau(rng: np.random.Generator, kwargs: dict[str, Any]) -> Arrays:
    optimizer = new_optimizer()
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **kwargs)
    sign = -1 if kwargs.get("mode") == "max" else 1
    measures = 2 + sign * (np.exp(-np.arange(STEPS) / 10) + 0.1 * rng.normal(size=STEPS))
    rates = []
    for measure in measures:
        schedule.step(measure)
        rates.append([group["lr"] for group in optimizer.param_groups])
    return {"measures": measures, "rates": np.array(rates)}


def record_clip(rng: np.random.Generator, max_norm: float, norm_type: float) -> Arrays:
    gradients = rng.normal(size=(3, 4))
    params = [torch.zeros(4, dtype=torch.float64, requires_grad=True) for _ in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = torch.tensor(g)
    norm = torch.nn.utils.clip_grad_norm_(params, max_norm, norm_type)
    return {"before": gradients, "norm": norm.numpy(), "after": np.array([p.grad.numpy() for p in params])}


def record_optim() -> tuple[list[Case], list[Arrays]]:
    rng = np.random.default_rng(1)
    cases: list[Case] = []
    arrays = []
    for name, kwargs in OPTIMIZERS:
        for one_cycle in (False, True) if name in ("SGD", "Adam") and "betas" not in kwargs else (False,):
            cases.append({"kind": "optimizer", "name": name, "kwargs": kwargs, "one_cycle": one_cycle})
            arrays.append(record_optimizer(rng, name, kwargs, one_cycle))
    for kwargs in LBFGS:
        cases.append({"kind": "lbfgs", "name": "LBFGS", "kwargs": kwargs})
        arrays.append(record_lbfgs(rng, kwargs))
    for name, args, kwargs in SCHEDULES:
        cases.append({"kind": "schedule", "name": name, "args": args, "kwargs": kwargs})
        arrays.append(record_schedule(name, args, kwargs))
    for kwargs in PLATEAUS:
        cases.append({"kind": "plateau", "name": "ReduceLROnPlateau", "kwargs": kwargs})
        arrays.append(record_plateau(rng, kwargs))
    for max_norm, norm_type in ((1.0, 2.0), (100.0, 2.0), (0.5, 1.0), (0.1, 3.0), (0.5, float("inf"))):
        cases.append(
            {"kind": "clip", "name": "clip_grad_norm_", "kwargs": {"max_norm": max_norm, "norm_type": norm_type}}
        )
        arrays.append(record_clip(rng, max_norm, norm_type))
    return cases, arrays
