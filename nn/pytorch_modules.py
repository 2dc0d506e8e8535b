"""PyTorch's methods of a module whose meaning is the same: ``common/other_names/model_names.py`` lists them."""

from __future__ import annotations

from typing import Any

import numpy as np


def cpu(model: Any) -> Any:
    return model


share_memory = cpu


def double(model: Any) -> Any:
    return model.to(np.float64)


def float(model: Any) -> Any:
    return model.to(np.float32)


def half(model: Any) -> Any:
    return model.to(np.float16)


def requires_grad_(model: Any, requires_grad: bool = True) -> Any:
    return model.unfreeze() if requires_grad else model.freeze()


def add_module(model: Any, name: str, module: Any) -> None:
    setattr(model, name, module)


def register_parameter(model: Any, name: str, param: Any) -> None:
    setattr(model, name, param)


register_module = add_module


def get_parameter(model: Any, target: str) -> Any:
    return dict(model.named_parameters())[target]


def get_submodule(model: Any, target: str) -> Any:
    return dict(model.named_modules())[target]


def get_buffer(model: Any, target: str) -> Any:
    return dict(model.named_buffers())[target]
