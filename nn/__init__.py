"""Neural networks: modules, losses, initialisers, models and the trainer."""

from __future__ import annotations

from . import functional, init, models, recipes
from .classification_metrics import (
    ClassificationReport,
    accuracy,
    balanced_class_weights,
    classification_report,
    confusion_matrix,
    top_k_accuracy,
)
from .files.layouts import from_keras_weights, from_torch_state_dict, to_keras_weights, to_torch_state_dict
from .files.model_file import ModelFileError, load
from .files.onnx_export import export_onnx
from .files.onnx_operations import OnnxExportError
from .files.weights import load_weights, save_weights
from .layer_errors import LayerError
from .layers.activations import (
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
from .layers.containers import ModuleDict, ModuleList, Sequential
from .layers.conv import Conv2d, ConvTranspose2d
from .layers.dropout import Dropout
from .layers.embedding import Embedding
from .layers.flatten import Flatten
from .layers.linear import Linear
from .layers.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from .layers.pool import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .layers.residual import Residual
from .losses.loss_modules import (
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
from .model_info import ModelInfo
from .module import Module, Parameter
from .plots.model_plots import pixel_gradient, plot_activations, plot_filters, saliency
from .plots.training_plots import plot_confusion, plot_curves, plot_mistakes, plot_predictions
from .summary import summary
from .training.callbacks.callback import Callback
from .training.callbacks.csv_logger import CSVLogger
from .training.callbacks.early_stopping import EarlyStopping
from .training.callbacks.learning_rate_schedule import LearningRateSchedule
from .training.callbacks.live_curves import LiveCurves
from .training.callbacks.progress import EpochLines, ProgressBar
from .training.callbacks.training_checkpoint import Checkpoint
from .training.history import History
from .training.nonfinite import NonFiniteError
from .training.trainer import Trainer
from .training.training_state import Run

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
