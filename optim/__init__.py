"""Optimizers, and what goes with them: schedules, limits on gradients, averages, a search for the learning rate."""

from __future__ import annotations

from .adagrad import Adagrad
from .adam import Adam, AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .distributed import DistributedOptimizer
from .ema import EMA
from .learning_rate_search import LearningRates, lr_finder
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .schedules.one_cycle import OneCycleLR
from .schedules.plateau import ReduceLROnPlateau
from .schedules.schedule import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    Schedule,
    SequentialLR,
    StepLR,
)
from .sgd import SGD

__all__ = [
    "EMA",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "DistributedOptimizer",
    "ExponentialLR",
    "LambdaLR",
    "LearningRates",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
    "lr_finder",
]


def __dir__() -> list[str]:
    return __all__
