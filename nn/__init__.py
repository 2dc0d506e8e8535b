"""Neural networks: modules, losses, initialisers, models and the trainer."""

from __future__ import annotations

from . import functional, init, models
from .activation import ReLU, Sigmoid, Softmax, Tanh
from .callbacks import Callback, Run
from .containers import ModuleDict, ModuleList, Sequential
from .convolution import Conv2d
from .dropout import Dropout
from .errors import LayerError
from .flatten import Flatten
from .history import History
from .linear import Linear
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CosineEmbeddingLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from .module import Module, Parameter
from .nonfinite import NonFiniteError
from .plots import plot_curves, plot_predictions
from .pooling import MaxPool2d
from .progress import EpochLines, ProgressBar
from .summary import summary
from .trainer import Trainer
from .weights import load_weights, save_weights

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "Callback",
    "Conv2d",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "Dropout",
    "EpochLines",
    "Flatten",
    "HingeLoss",
    "History",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LayerError",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "NonFiniteError",
    "Parameter",
    "ProgressBar",
    "ReLU",
    "Run",
    "Sequential",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Tanh",
    "Trainer",
    "functional",
    "init",
    "load_weights",
    "models",
    "plot_curves",
    "plot_predictions",
    "save_weights",
    "summary",
]
