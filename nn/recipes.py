"""Complete recipes: for MNIST that of the article, and one of ten minutes; a GPT for names, trained briefly and long.

A recipe is a network and everything that its training needs. ``seegrad train --recipe`` uses them; in Python::

    recipe = nn.recipes.BEST
    model = recipe.model()
    loader = recipe.loader(train, seed=0)
    trainer, callbacks = recipe.prepare(model, steps=recipe.epochs * len(loader))
    trainer.fit(loader, epochs=recipe.epochs, validation=validation, callbacks=callbacks)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..common.argument_repr import ArgumentRepr
from ..common.rng import Seed
from ..data import ArrayDataset, BucketSampler, DataLoader, RandomAffine, Sometimes
from ..data.augment.augmentation import Augmentation
from ..data.dataset import Batch, Pair, Source
from ..data.samplers import Sampler
from ..data.sequences import IGNORED
from ..optim import EMA, SGD, Adam, AdamW, OneCycleLR
from .losses.categorical_losses import CrossEntropyLoss
from .models import gpt, mnist_cnn, mnist_deep_cnn
from .module import Module
from .training.callbacks.callback import Callback
from .training.callbacks.learning_rate_schedule import LearningRateSchedule
from .training.trainer import Trainer

__all__ = ["ARTICLE", "BEST", "NAMES", "NAMES_LONG", "RECIPES", "Recipe"]

Prepared = tuple[Trainer, list[Callback]]
Array = npt.NDArray[Any]


@dataclass(frozen=True, repr=False)
class Recipe(ArgumentRepr):
    """A network and how to train it.

    Attributes
    ----------
    epochs, batch_size : int
        The numbers of epochs and of examples per step.
    lr : float
        The learning rate; with a schedule, its highest value.
    model : callable
        Makes the network: of images ``(N, 28, 28, 1)``, which gives logits ``(N, 10)``, or of tokens ``(N, length)``,
        which gives scores of the next ones ``(N, length, 27)``; see :func:`seegrad.data.next_token_rows`.
    transform : callable
        Makes the transform of training batches, such as an augmentation; it may return None.
    needs_steps : bool
        Whether the schedule spans the whole training, so that its length cannot be changed when it is resumed.
    """

    epochs: int
    batch_size: int
    lr: float
    model: Callable[..., Module]
    transform: Callable[[], Callable[..., Any] | None]
    needs_steps: bool
    _prepare: Callable[[Module, float, int], Prepared]
    _sampler: Callable[[Any, int], Sampler] | None = None

    _not_shown = frozenset({"_prepare", "_sampler"})

    def loader(self, train: Source[Pair], batch_size: int | None = None, seed: Seed = None) -> DataLoader[Batch]:
        """Make a loader of the training examples, shuffled and transformed."""
        size = self.batch_size if batch_size is None else batch_size
        sampler = None if self._sampler is None else self._sampler(train, size)
        return DataLoader(train, size, shuffle=sampler is None, seed=seed, transform=self.transform(), sampler=sampler)

    def prepare(self, model: Module, steps: int, lr: float | None = None) -> Prepared:
        """Make the trainer and the callbacks that it needs.

        Parameters
        ----------
        model : Module
            The network.
        steps : int
            The number of updates in the whole training.
        lr : float, optional
            The learning rate, instead of the recipe's.
        """
        return self._prepare(model, self.lr if lr is None else lr, steps)


def _article(model: Module, lr: float, steps: int) -> Prepared:
    return Trainer(model, Adam(model.parameters(), lr=lr), CrossEntropyLoss()), []


def _best(model: Module, lr: float, steps: int) -> Prepared:
    optimizer = SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.2)
    average = EMA(model.parameters(), decay=0.998)
    trainer = Trainer(model, optimizer, CrossEntropyLoss(label_smoothing=0.05), ema=average)
    return trainer, [LearningRateSchedule(schedule, every="step")]


def unchanged() -> None:
    """Leave the images as they are."""


def affine() -> Augmentation:
    """Turn, shift, scale and shear most of the images a little."""
    # A quarter of the images is not resampled, so that the network also sees sharp images, as it does in its use.
    return Sometimes(RandomAffine(rotation=12.0, shift=0.08, scale=(0.88, 1.12), shear=8.0), p=0.75)


def _names(model: Module, lr: float, steps: int) -> Prepared:
    groups: list[dict[str, Any]] = [
        {"params": [p for p in model.parameters() if p.ndim > 1]},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = AdamW(groups, lr=lr, betas=(0.9, 0.99), weight_decay=0.1)
    schedule = OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1, cycle_momentum=False)
    return Trainer(model, optimizer, CrossEntropyLoss(ignore_index=IGNORED)), [
        LearningRateSchedule(schedule, every="step")
    ]


def names_gpt(vocab_size: int = 27, context_length: int = 16, dropout: float = 0.0) -> Module:
    """Make a GPT for names: with 27 tokens, in rows of up to 16, it has 180,240 parameters."""
    return gpt(vocab_size, context_length, embed_dim=60, num_layers=4, num_heads=6, dropout=dropout)


def names_gpt_with_dropout(vocab_size: int = 27, context_length: int = 16) -> Module:
    """Make a GPT for names that drops a tenth of its features while it is trained."""
    return names_gpt(vocab_size, context_length, dropout=0.1)


def without_padding() -> Callable[[Array, Array], tuple[Array, Array]]:
    """Cut batches of sequences off after the longest of each."""

    def cut(x: Array, y: Array) -> tuple[Array, Array]:
        length = np.flatnonzero((y != IGNORED).any(axis=0))[-1] + 1
        return x[:, :length], y[:, :length]

    return cut


def _by_length(train: ArrayDataset, batch_size: int) -> BucketSampler:
    return BucketSampler((train[:].y != IGNORED).sum(axis=1), batch_size)


#: The recipe of the article, exactly.
ARTICLE = Recipe(5, 64, 1e-3, mnist_cnn, unchanged, False, _article)
#: Takes about ten minutes on two cores; chosen on a validation split of the training images.
BEST = Recipe(20, 128, 0.1, mnist_deep_cnn, affine, True, _best)

#: A GPT of first names; chosen on a validation split of the training names.
NAMES = Recipe(20, 64, 4e-3, names_gpt, without_padding, True, _names, _by_length)

#: The same with dropout, for five times as long.
NAMES_LONG = replace(NAMES, epochs=100, model=names_gpt_with_dropout)

#: The recipes by the names that ``seegrad train --recipe`` takes.
RECIPES = {"article": ARTICLE, "best": BEST, "names": NAMES, "names-long": NAMES_LONG}


def __dir__() -> list[str]:
    return __all__
