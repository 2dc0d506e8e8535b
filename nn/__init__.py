"""Neural networks: modules, losses, initialisers, models and the trainer."""

from __future__ import annotations

from . import functional, init, models
from .activation import (
    ELU,
    GELU,
    SELU,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .callbacks import Callback, Run
from .containers import ModuleDict, ModuleList, Sequential
from .convolution import Conv2d, ConvTranspose2d
from .dropout import Dropout
from .embedding import Embedding
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
from .normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from .plots import plot_curves, plot_predictions
from .pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .progress import EpochLines, ProgressBar
from .residual import Residual
from .summary import summary
from .trainer import Trainer
from .weights import load_weights, save_weights

__all__ = [
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Callback",
    "Conv2d",
    "ConvTranspose2d",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "Dropout",
    "ELU",
    "Embedding",
    "EpochLines",
    "Flatten",
    "GELU",
    "GlobalAvgPool2d",
    "Hardtanh",
    "HingeLoss",
    "History",
    "HuberLoss",
    "Identity",
    "KLDivLoss",
    "L1Loss",
    "LayerError",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "NonFiniteError",
    "PReLU",
    "Parameter",
    "ProgressBar",
    "ReLU",
    "ReLU6",
    "Residual",
    "Run",
    "SELU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Softsign",
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
