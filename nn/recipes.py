"""Complete recipes for training on MNIST: that of the article, and the best that takes a quarter of an hour.

A recipe is a network and everything that its training needs. ``seegrad train --recipe`` uses them; in Python::

    recipe = nn.recipes.BEST
    model = recipe.model()
    loader = recipe.loader(train, seed=0)
    trainer, callbacks = recipe.prepare(model, steps=recipe.epochs * len(loader))
    trainer.fit(loader, epochs=recipe.epochs, validation=validation, callbacks=callbacks)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..common.rng import Seed
from ..data import DataLoader, RandomAffine, Sometimes
from ..data.augment.augmentation import Augmentation
from ..data.dataset import Source
from ..optim import EMA, SGD, Adam, OneCycleLR
from .losses.categorical_losses import CrossEntropyLoss
from .models import mnist_cnn, mnist_deep_cnn
from .module import Module
from .training.callbacks.callback import Callback
from .training.callbacks.learning_rate_schedule import LearningRateSchedule
from .training.trainer import Trainer

__all__ = ["ARTICLE", "BEST", "RECIPES", "Recipe"]

Prepared = tuple[Trainer, list[Callback]]


@dataclass(frozen=True)
class Recipe:
    """A network and how to train it.

    Attributes
    ----------
    epochs, batch_size : int
        The numbers of epochs and of examples per step.
    lr : float
        The learning rate; with a schedule, its highest value.
    model : callable
        Makes the network; maps images ``(N, 28, 28, 1)`` to logits ``(N, 10)``.
    augmentation : callable
        Makes the augmentation of the training images; it may return None.
    needs_steps : bool
        Whether the schedule spans the whole training, so that its length cannot be changed when it is resumed.
    """

    epochs: int
    batch_size: int
    lr: float
    model: Callable[[], Module]
    augmentation: Callable[[], Augmentation | None]
    needs_steps: bool
    _prepare: Callable[[Module, float, int], Prepared]

    def loader(self, train: Source, batch_size: int | None = None, seed: Seed = None) -> DataLoader:
        """Make a loader of the training images, shuffled and augmented."""
        size = self.batch_size if batch_size is None else batch_size
        return DataLoader(train, size, shuffle=True, seed=seed, transform=self.augmentation())

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


def _affine() -> Augmentation:
    # A quarter of the images is not resampled, so that the network also sees sharp images, as it does in its use.
    return Sometimes(RandomAffine(rotation=12.0, shift=0.08, scale=(0.88, 1.12), shear=8.0), p=0.75)


#: The recipe of the article, exactly.
ARTICLE = Recipe(5, 64, 1e-3, mnist_cnn, lambda: None, False, _article)
#: Takes less than 15 minutes on two cores; chosen on a validation split of the training images.
BEST = Recipe(22, 128, 0.1, mnist_deep_cnn, _affine, True, _best)

RECIPES = {"article": ARTICLE, "best": BEST}


def __dir__() -> list[str]:
    return __all__
