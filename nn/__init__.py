"""Neural networks: modules, losses, initialisers, models and the trainer."""

from __future__ import annotations

from . import functional, init, models, recipes
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
from .callbacks import Callback
from .checkpoint import Checkpoint
from .classification_metrics import (
    ClassificationReport,
    accuracy,
    balanced_class_weights,
    classification_report,
    confusion_matrix,
    top_k_accuracy,
)
from .containers import ModuleDict, ModuleList, Sequential
from .convolution import Conv2d, ConvTranspose2d
from .csv_logger import CSVLogger
from .dropout import Dropout
from .early_stopping import EarlyStopping
from .embedding import Embedding
from .errors import LayerError
from .flatten import Flatten
from .history import History
from .layouts import from_keras_weights, from_torch_state_dict, to_keras_weights, to_torch_state_dict
from .learning_rate_schedule import LearningRateSchedule
from .linear import Linear
from .live_curves import LiveCurves
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
from .model_file import ModelFileError, ModelInfo, load
from .module import Module, Parameter
from .nonfinite import NonFiniteError
from .normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from .onnx_export import export_onnx
from .onnx_operations import OnnxExportError
from .plots import plot_confusion, plot_curves, plot_mistakes, plot_predictions
from .plots_inside import pixel_gradient, plot_activations, plot_filters, saliency
from .pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .progress import EpochLines, ProgressBar
from .residual import Residual
from .run import Run
from .summary import summary
from .trainer import Trainer
from .weights import load_weights, save_weights

__all__ = [
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "ClassificationReport",
    "Conv2d",
    "ConvTranspose2d",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "Dropout",
    "ELU",
    "EarlyStopping",
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
    "LearningRateSchedule",
    "Linear",
    "LiveCurves",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Mish",
    "ModelFileError",
    "ModelInfo",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "NonFiniteError",
    "OnnxExportError",
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
    "accuracy",
    "balanced_class_weights",
    "classification_report",
    "confusion_matrix",
    "export_onnx",
    "from_keras_weights",
    "from_torch_state_dict",
    "functional",
    "init",
    "load",
    "load_weights",
    "models",
    "pixel_gradient",
    "plot_activations",
    "plot_confusion",
    "plot_curves",
    "plot_filters",
    "plot_mistakes",
    "plot_predictions",
    "recipes",
    "saliency",
    "save_weights",
    "summary",
    "to_keras_weights",
    "to_torch_state_dict",
    "top_k_accuracy",
]


def __dir__() -> list[str]:
    return __all__
