"""Optimizers and losses by name: ``nn.Trainer(model, "adam", "cross_entropy")``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ...optim import SGD, Adadelta, Adagrad, Adam, AdamW, Lion, NAdam, Optimizer, RAdam, RMSprop
from ..losses.binary_losses import BCELoss, BCEWithLogitsLoss, HingeLoss
from ..losses.categorical_losses import CrossEntropyLoss, NLLLoss
from ..losses.divergence_losses import KLDivLoss
from ..losses.loss import Loss
from ..losses.regression_losses import HuberLoss, L1Loss, MSELoss, SmoothL1Loss
from ..module import Module

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "nadam": NAdam,
    "radam": RAdam,
    "lion": Lion,
}
#: The names are those of ``nn.functional``, and of Keras where they mean the same.
LOSSES: dict[str, type[Loss]] = {
    "cross_entropy": CrossEntropyLoss,
    "nll": NLLLoss,
    "bce": BCELoss,
    "binary_cross_entropy": BCELoss,
    "binary_crossentropy": BCELoss,
    "bce_with_logits": BCEWithLogitsLoss,
    "binary_cross_entropy_with_logits": BCEWithLogitsLoss,
    "mse": MSELoss,
    "mean_squared_error": MSELoss,
    "mae": L1Loss,
    "l1": L1Loss,
    "mean_absolute_error": L1Loss,
    "huber": HuberLoss,
    "smooth_l1": SmoothL1Loss,
    "hinge": HingeLoss,
    "kl_div": KLDivLoss,
}
FROM_PROBABILITIES = (
    "is computed of probabilities in Keras; here it is computed of scores: write 'cross_entropy', and leave the "
    "softmax out of the model. Labels and one-hot rows are both taken"
)
#: Names of Keras that would mean something else here.
OTHERWISE = {
    "categorical_crossentropy": FROM_PROBABILITIES,
    "sparse_categorical_crossentropy": FROM_PROBABILITIES,
    "kl_divergence": "takes probabilities in Keras; here 'kl_div' takes the logarithms of the predicted ones",
    "kullback_leibler_divergence": "takes probabilities in Keras; here 'kl_div' takes the logarithms of the predicted",
}


def optimizer_of(given: Any, model: Module, loss: Any) -> Any:
    """Return the optimizer of a name, with its own settings, for the parameters of the model and the loss.

    Anything but a name is returned as it is.

    Raises
    ------
    ValueError
        If there is no such optimizer.
    """
    if not isinstance(given, str):
        return given
    kind: Any = _find("optimizer", given, OPTIMIZERS, "optim.Adam(model.parameters(), lr=1e-3)")
    return kind([*model.parameters(), *(loss.parameters() if isinstance(loss, Module) else ())])


def loss_of(given: Any) -> Any:
    """Return the loss of a name; anything but a name is returned as it is.

    Raises
    ------
    ValueError
        If there is no such loss.
    """
    if not isinstance(given, str):
        return given
    if given.lower() in OTHERWISE:
        raise ValueError(f"Trainer: the loss {given!r} {OTHERWISE[given.lower()]}")
    return _find("loss", given.lower().removesuffix("_loss"), LOSSES, "nn.CrossEntropyLoss()")()


def _find(what: str, name: str, known: Mapping[str, Any], example: str) -> Any:
    plain = name.lower()
    if plain in known:
        return known[plain]
    near = get_close_matches(plain, known, 1)
    raise ValueError(
        f"Trainer: no {what} is named {name!r}{f'; did you mean {near[0]!r}?' if near else '.'} There are "
        f"{', '.join(known)}; or give the {what} itself, such as {example}"
    )
