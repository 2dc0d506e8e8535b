"""What to ask PyTorch about modules and losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]

# ---------------------------------------------------------------------------------------------- modules

SMALL_CNN = [
    ["Conv2d", [1, 3, 3], {"padding": 1}],
    ["ReLU", [], {}],
    ["MaxPool2d", [2], {}],
    ["Conv2d", [3, 4, 3], {}],
    ["BatchNorm2d", [4], {}],
    ["ReLU", [], {}],
    ["Flatten", [], {}],
    ["Linear", [16, 5], {}],
]

# (module, arguments, keyword arguments, input shape channels last, training)
MODULES: list[tuple[Any, ...]] = [
    ("Linear", [3, 4], {}, (5, 3), True),
    ("Linear", [3, 4], {"bias": False}, (2, 5, 3), True),
    ("Conv2d", [2, 3, 3], {}, (2, 6, 5, 2), True),
    ("Conv2d", [2, 3, 3], {"padding": 1, "bias": False}, (2, 6, 5, 2), True),
    ("Conv2d", [1, 4, [3, 2]], {"stride": 2, "padding": [1, 0]}, (2, 7, 6, 1), True),
    ("Conv2d", [3, 2, 2], {"stride": [1, 3], "dilation": 2}, (2, 6, 8, 3), True),
    ("Conv2d", [2, 2, 5], {"stride": 3, "padding": 2, "dilation": [1, 2]}, (1, 8, 11, 2), True),
    ("Conv2d", [2, 3, 3], {"padding": "same", "dilation": 2}, (1, 6, 5, 2), True),
    ("Conv2d", [4, 2, 1], {}, (2, 3, 3, 4), True),
    ("Conv2d", [4, 6, 3], {"groups": 2, "stride": [1, 2], "padding": 1}, (2, 5, 6, 4), True),
    ("Conv2d", [3, 3, 2], {"groups": 3, "dilation": 2, "bias": False}, (2, 4, 5, 3), True),
    ("Conv2d", [2, 4, 3, 1, "same", 1, 2, False], {}, (1, 4, 3, 2), True),
    ("Conv1d", [3, 4, 3], {}, (2, 6, 3), True),
    ("Conv1d", [4, 2, 2], {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}, (2, 7, 4), True),
    ("Conv1d", [2, 3, 4], {"padding": "same", "bias": False}, (2, 5, 2), True),
    ("ConvTranspose2d", [3, 2, 3], {}, (2, 3, 4, 3), True),
    ("ConvTranspose2d", [2, 3, [2, 3]], {"stride": 2, "padding": 1, "output_padding": 1}, (2, 3, 4, 2), True),
    ("ConvTranspose2d", [2, 1, 3], {"stride": [1, 2], "dilation": 2, "bias": False}, (1, 3, 3, 2), True),
    ("MaxPool2d", [2], {}, (2, 5, 6, 3), True),
    ("MaxPool2d", [3], {"stride": 2, "padding": 1}, (2, 6, 7, 2), True),
    ("MaxPool2d", [[2, 3], 1], {}, (1, 4, 5, 2), True),
    ("AvgPool2d", [2], {}, (2, 5, 6, 3), True),
    ("AvgPool2d", [3], {"stride": 2, "padding": 1}, (2, 6, 7, 2), True),
    ("GlobalAvgPool2d", [], {}, (2, 4, 3, 5), True),
    ("AdaptiveAvgPool2d", [2], {}, (2, 4, 6, 3), True),
    ("AdaptiveAvgPool2d", [[3, None]], {}, (2, 7, 5, 2), True),
    ("AdaptiveAvgPool2d", [[4, 3]], {}, (1, 3, 7, 2), True),
    ("Upsample", [], {"scale_factor": 2}, (2, 3, 4, 2), True),
    ("Upsample", [[5, 7]], {}, (2, 3, 4, 2), True),
    ("Upsample", [], {"scale_factor": 1.7, "mode": "nearest"}, (1, 5, 3, 2), True),
    ("Upsample", [], {"scale_factor": 2, "mode": "bilinear"}, (2, 3, 4, 2), True),
    ("Upsample", [], {"scale_factor": [1.5, 0.7], "mode": "bilinear"}, (1, 5, 6, 2), True),
    ("Upsample", [[5, 3]], {"mode": "bilinear", "align_corners": True}, (2, 3, 4, 2), True),
    ("Upsample", [[1, 6]], {"mode": "bilinear", "align_corners": True}, (2, 3, 1, 2), True),
    ("BatchNorm1d", [3], {}, (6, 3), True),
    ("BatchNorm1d", [3], {"momentum": 0.3, "eps": 1e-3}, (4, 5, 3), True),
    ("BatchNorm1d", [3], {"momentum": None}, (6, 3), True),
    ("BatchNorm1d", [3], {}, (6, 3), False),
    ("BatchNorm2d", [3], {}, (2, 4, 3, 3), True),
    ("BatchNorm2d", [3], {"affine": False}, (2, 4, 3, 3), True),
    ("BatchNorm2d", [2], {"track_running_stats": False}, (2, 3, 3, 2), False),
    ("LayerNorm", [4], {}, (3, 5, 4), True),
    ("LayerNorm", [[3, 4]], {"eps": 1e-3, "bias": False}, (2, 3, 4), True),
    ("RMSNorm", [4], {}, (3, 5, 4), True),
    ("RMSNorm", [[3, 4]], {"eps": 1e-3}, (2, 3, 4), True),
    ("RMSNorm", [4], {"elementwise_affine": False}, (2, 4), True),
    ("GroupNorm", [2, 6], {}, (3, 4, 5, 6), True),
    ("GroupNorm", [4, 4], {"eps": 1e-3}, (3, 5, 4), True),
    ("GroupNorm", [1, 4], {"affine": False}, (3, 4), True),
    ("Embedding", [7, 3], {}, (2, 5), True),
    ("Embedding", [7, 3], {"padding_idx": 2}, (2, 5), True),
    ("Sequential", SMALL_CNN, {}, (3, 8, 8, 1), True),
    ("Sequential", SMALL_CNN, {}, (3, 8, 8, 1), False),
] + [
    (name, args, kwargs, (4, 6), True)
    for name, args, kwargs in [
        ("ReLU", [], {}),
        ("LeakyReLU", [0.2], {}),
        ("PReLU", [], {}),
        ("PReLU", [6], {}),
        ("ELU", [1.5], {}),
        ("SELU", [], {}),
        ("GELU", [], {}),
        ("GELU", ["tanh"], {}),
        ("SiLU", [], {}),
        ("Mish", [], {}),
        ("Softplus", [], {}),
        ("Softplus", [2.0], {}),
        ("Softsign", [], {}),
        ("Sigmoid", [], {}),
        ("LogSigmoid", [], {}),
        ("Tanh", [], {}),
        ("Hardtanh", [-0.5, 1.0], {}),
        ("ReLU6", [], {}),
        ("Identity", [], {}),
        ("Softmax", [-1], {}),
        ("Softmax", [0], {}),
        ("LogSoftmax", [-1], {}),
    ]
]
#: Those whose channels are the last axis here, and the second one there.
CHANNELS = set(
    "Conv1d Conv2d ConvTranspose2d MaxPool2d AvgPool2d GlobalAvgPool2d AdaptiveAvgPool2d Upsample BatchNorm1d "
    "BatchNorm2d GroupNorm Sequential".split()
)


class FlattenChannelsLast(torch.nn.Module):
    """Flatten in the order of channels-last images."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class GlobalAverage(torch.nn.Module):
    """The mean of each channel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


def build(name: str, args: list[Any], kwargs: dict[str, Any]) -> torch.nn.Module:
    """Make PyTorch's module of this name."""
    if name == "Sequential":
        return torch.nn.Sequential(*[build(*part) for part in args])
    if name == "Flatten":
        return FlattenChannelsLast()
    if name == "GlobalAvgPool2d":
        return GlobalAverage()
    if name == "GELU" and args:
        return torch.nn.GELU(approximate=args[0])
    if name == "Softplus" and args:
        return torch.nn.Softplus(args[0], threshold=1000)
    args = [tuple(a) if isinstance(a, list) else a for a in args]
    kwargs = {k: tuple(v) if isinstance(v, list) else v for k, v in kwargs.items()}
    module: torch.nn.Module = getattr(torch.nn, name)(*args, **kwargs)
    return module


def channels_first(x: torch.Tensor) -> torch.Tensor:
    return x.movedim(-1, 1)


def channels_last(x: torch.Tensor) -> torch.Tensor:
    return x.movedim(1, -1)


def ours(parameter: torch.Tensor, owner: torch.nn.Module) -> np.ndarray:
    """A parameter, or its gradient, in seegrad's layout."""
    array = parameter.detach().numpy()
    if isinstance(owner, torch.nn.Linear) and array.ndim == 2:
        array = array.T
    if isinstance(owner, torch.nn.Conv1d):
        array = array.transpose(2, 1, 0) if array.ndim == 3 else array
    if array.ndim == 4:
        array = array.transpose(2, 3, 1, 0)
    return np.array(array, order="C")


def record_module(rng: np.random.Generator, name: str, args: Any, kwargs: Any, shape: Any, training: bool) -> Arrays:
    module = build(name, args, kwargs).double().train(training)
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.dtype.is_floating_point:
            tensor.data = torch.tensor(rng.uniform(0.2, 1.5, tensor.shape) * rng.choice([-1, 1], tensor.shape))
    for key, tensor in module.named_buffers():
        if key.endswith("running_var"):
            tensor.abs_()
    moves = name in CHANNELS and len(shape) > 2
    found: Arrays = {}
    owners = dict(module.named_modules())
    for key, tensor in [*module.named_parameters(), *module.named_buffers()]:
        found[f"before.{key}"] = ours(tensor, owners[key.rpartition(".")[0]]).copy()
    if name == "Embedding":
        x = torch.tensor(rng.integers(0, args[0], shape))
    else:
        x = torch.tensor(rng.normal(size=shape) * 2, requires_grad=True)
    y = module(channels_first(x) if moves else x)
    if moves and y.ndim > 2:
        y = channels_last(y)
    found["x"], found["y"] = x.detach().numpy(), y.detach().numpy()
    found["weights"] = rng.normal(size=y.shape)
    (y * torch.tensor(found["weights"])).sum().backward()
    if name != "Embedding":
        found["x_gradient"] = x.grad.numpy()
    for key, tensor in module.named_parameters():
        found[f"gradient.{key}"] = ours(tensor.grad, owners[key.rpartition(".")[0]])
    for key, tensor in module.named_buffers():
        found[f"after.{key}"] = tensor.numpy().copy()
    return {key: np.array(value, order="C") for key, value in found.items()}


# ----------------------------------------------------------------------------------------------- losses

W4 = [0.5, 2.0, 1.0, 0.25]
LOSSES: list[tuple[str, dict[str, Any], str]] = [
    *[("CrossEntropyLoss", {"reduction": r}, "labels") for r in ("mean", "sum", "none")],
    ("CrossEntropyLoss", {}, "sequence labels"),
    ("CrossEntropyLoss", {"weight": W4}, "labels"),
    ("CrossEntropyLoss", {"weight": W4, "reduction": "sum"}, "labels"),
    ("CrossEntropyLoss", {"ignore_index": 1}, "labels"),
    ("CrossEntropyLoss", {"label_smoothing": 0.1}, "labels"),
    ("CrossEntropyLoss", {"label_smoothing": 0.2, "weight": W4, "ignore_index": 3}, "labels"),
    ("CrossEntropyLoss", {"label_smoothing": 0.2, "weight": W4, "ignore_index": 3, "reduction": "none"}, "labels"),
    ("CrossEntropyLoss", {}, "rows"),
    ("CrossEntropyLoss", {"reduction": "none"}, "rows"),
    ("CrossEntropyLoss", {"weight": W4, "label_smoothing": 0.1}, "rows"),
    ("NLLLoss", {}, "log labels"),
    ("NLLLoss", {"weight": W4, "ignore_index": 0}, "log labels"),
    *[("BCELoss", {"reduction": r}, "probabilities") for r in ("mean", "sum", "none")],
    ("BCELoss", {"weight": W4}, "probabilities"),
    *[("BCEWithLogitsLoss", {"reduction": r}, "answers") for r in ("mean", "sum", "none")],
    ("BCEWithLogitsLoss", {"weight": W4, "pos_weight": [3.0, 1.0, 0.5, 2.0]}, "answers"),
    *[("MSELoss", {"reduction": r}, "numbers") for r in ("mean", "sum", "none")],
    *[("L1Loss", {"reduction": r}, "numbers") for r in ("mean", "sum", "none")],
    ("HuberLoss", {"delta": 0.7}, "numbers"),
    ("HuberLoss", {"reduction": "none"}, "numbers"),
    ("SmoothL1Loss", {"beta": 0.7}, "numbers"),
    ("SmoothL1Loss", {"beta": 0.0, "reduction": "sum"}, "numbers"),
    *[("KLDivLoss", {"reduction": r}, "distributions") for r in ("mean", "batchmean", "sum", "none")],
    ("KLDivLoss", {"reduction": "batchmean", "log_target": True}, "log distributions"),
    ("CosineEmbeddingLoss", {}, "pairs"),
    ("CosineEmbeddingLoss", {"margin": 0.2, "reduction": "none"}, "pairs"),
]


def loss_inputs(rng: np.random.Generator, kind: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Predictions (differentiable) and target."""
    x, p = rng.normal(size=(6, 4)) * 2, rng.dirichlet(np.ones(4), 6)
    kinds: dict[str, Any] = {
        "labels": lambda: ([x], rng.integers(0, 4, 6)),
        "sequence labels": lambda: ([rng.normal(size=(2, 5, 4))], rng.integers(0, 4, (2, 5))),
        "rows": lambda: ([x], p),
        "log labels": lambda: ([np.log(p)], rng.integers(0, 4, 6)),
        "probabilities": lambda: ([rng.uniform(0.01, 0.99, (6, 4))], rng.uniform(size=(6, 4))),
        "answers": lambda: ([x * 3], rng.uniform(size=(6, 4))),
        "numbers": lambda: ([x], rng.normal(size=(6, 4))),
        "distributions": lambda: ([np.log(p)], rng.dirichlet(np.ones(4), 6)),
        "log distributions": lambda: ([np.log(p)], np.log(rng.dirichlet(np.ones(4), 6))),
        "pairs": lambda: ([rng.normal(size=(6, 4)), x], rng.choice([-1, 1], 6)),
    }
    inputs, target = kinds[kind]()
    return inputs, target


def record_loss(rng: np.random.Generator, name: str, kwargs: dict[str, Any], kind: str) -> Arrays:
    options = {k: torch.tensor(v, dtype=torch.float64) if isinstance(v, list) else v for k, v in kwargs.items()}
    inputs, target = loss_inputs(rng, kind)
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    moved = [channels_first(x) if kind == "sequence labels" else x for x in tensors]
    value = getattr(torch.nn, name)(**options)(*moved, torch.tensor(target))
    value.sum().backward()
    found: Arrays = {"value": value.detach().numpy(), "target": target}
    for i, (x, tensor) in enumerate(zip(inputs, tensors, strict=True)):
        found[f"x{i}"], found[f"gradient{i}"] = x, tensor.grad.numpy()
    return found


def record_nn() -> tuple[list[Case], list[Arrays]]:
    rng = np.random.default_rng(0)
    cases: list[Case] = []
    arrays = []
    for name, args, kwargs, shape, training in MODULES:
        cases.append({"kind": "module", "name": name, "args": args, "kwargs": kwargs, "training": training})
        arrays.append(record_module(rng, name, args, kwargs, shape, training))
    for name, kwargs, kind in LOSSES:
        cases.append({"kind": "loss", "name": name, "kwargs": kwargs, "inputs": kind})
        arrays.append(record_loss(rng, name, kwargs, kind))
    return cases, arrays
