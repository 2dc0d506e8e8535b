"""Names in ``torch.optim``, its ``lr_scheduler``, ``keras.optimizers`` and ``optax``."""

from __future__ import annotations

from .groups import each

NAMES = {
    "lr_scheduler": "= optim.schedules",
    "LRScheduler": "= optim.Schedule",
    "_LRScheduler": "= optim.Schedule",
    "Rmsprop": "= optim.RMSprop",
    "RMSProp": "= optim.RMSprop",
    "AdaGrad": "= optim.Adagrad",
    "adamw": "= optim.AdamW",
    "Nadam": "= optim.NAdam",
    **each(
        "Adamax AdaMax SparseAdam Adafactor Lamb Ftrl",
        "optim.AdamW(params, lr) or "
        "optim.Adam(params, lr): there is no {}; a class derived from optim.Optimizer states its formula in update()",
    ),
    **each("ASGD", "optim.SGD(params, lr) and optim.EMA(model.parameters()) for the averages"),
    **each(
        "Rprop",
        "optim.RMSprop(params, lr), optim.SGD(params, lr, momentum=0.9), or a class derived from "
        "optim.Optimizer that states the formula in update()",
    ),
    "swa_utils.AveragedModel": "optim.EMA(model.parameters()), given to nn.Trainer(..., ema=)",
    "swa_utils.SWALR": "optim.ConstantLR(optimizer), or optim.SequentialLR",
    "swa_utils": "optim.EMA(model.parameters()), given to nn.Trainer(..., ema=)",
    "schedules.ExponentialDecay": "optim.ExponentialLR(optimizer, gamma)",
    "ExponentialDecay": "optim.ExponentialLR(optimizer, gamma)",
    "CosineDecay": "optim.CosineAnnealingLR(optimizer, T_max)",
    "CosineDecayRestarts": "optim.CosineAnnealingWarmRestarts(optimizer, T_0)",
    "PiecewiseConstantDecay": "optim.MultiStepLR(optimizer, milestones, gamma)",
    "PolynomialDecay": "optim.PolynomialLR(optimizer, total_iters, power)",
    "InverseTimeDecay": "optim.LambdaLR(optimizer, lambda step: 1 / (1 + rate * step))",
    "LearningRateSchedule": "nn.LearningRateSchedule(schedule), a callback; optim.Schedule is the base of schedules",
    "MultiplicativeLR": "optim.ExponentialLR(optimizer, gamma) for a constant factor, optim.LambdaLR(optimizer, "
    "function) else",
    "WarmupCosine": "optim.SequentialLR(optimizer, [optim.LinearLR(optimizer), "
    "optim.CosineAnnealingLR(optimizer, n)], [5])",
    "chain": "optim.clip_grad_norm_(model.parameters(), 1.0), then optimizer.step()",
    "apply_updates": "optimizer.step()",
    "clip_by_global_norm": "optim.clip_grad_norm_(model.parameters(), max_norm)",
    "get": 'nn.Trainer(model, "adam", "cross_entropy"), which takes names',
    "deserialize": "optimizer.load_state_dict(state)",
    "exponential_decay": "optim.ExponentialLR(optimizer, gamma)",
    "cosine_decay_schedule": "optim.CosineAnnealingLR(optimizer, T_max)",
}
