"""A whole training: the GPT of ``seegrad train --recipe names`` and the same in PyTorch, an epoch each in turn.

The longer training (40 minutes): ``RECIPE=names-long make bench ARGS=names``.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
from report import compare, publish
from side_by_side import QUICK, Contestant, take_turns

from seegrad import data, nn
from seegrad.commands.tasks import NAMES
from seegrad.common.rng import manual_seed
from seegrad.nn.recipes import RECIPES

NAME = os.environ.get("RECIPE", "names")
RECIPE = RECIPES[NAME]
EPOCHS, DROPOUT = 3 if QUICK else RECIPE.epochs, RECIPE.model().dropped.p
#: NumPy alone ends with the same loss, later: it takes part in the short training only.
OURS = [("seegrad, with Numba", "fast"), *([("seegrad", "seegrad")] if NAME == "names" else [])]


def write(path):
    """Write what PyTorch needs: names as numbers, the order of each epoch, learning rates, first weights."""
    examples = NAMES.load(None)
    lengths = (examples.train.y >= 0).sum(axis=1)
    sampler, rng = data.BucketSampler(lengths, RECIPE.batch_size), np.random.default_rng(0)
    manual_seed(0)
    model = RECIPE.model()
    steps = -(-len(lengths) // RECIPE.batch_size) * EPOCHS
    _, (callback,) = RECIPE.prepare(model, steps)
    np.savez(
        path,
        x=examples.train.x,
        y=examples.train.y,
        test_x=examples.test.x,
        test_y=examples.test.y,
        orders=np.array([sampler.draw(rng) for _ in range(EPOCHS)]),
        rates=[callback.schedule.rate(RECIPE.lr, step) for step in range(steps)],
        batch_size=RECIPE.batch_size,
        heads=model.num_heads,
        dropout=DROPOUT,
        **{f"model.{name}": array for name, array in nn.to_torch_state_dict(model).items()},
    )


with tempfile.TemporaryDirectory() as folder:
    path = str(Path(folder, "names.npz"))
    write(path)
    contestants = [
        *(Contestant(name, home, ["names_seegrad.py", NAME, str(EPOCHS)]) for name, home in OURS),
        Contestant("PyTorch", "pytorch", ["names_pytorch.py", path]),
    ]
    take_turns(contestants, rounds=EPOCHS - 1)
publish(
    NAME,
    f"Training a GPT on names, {EPOCHS} epochs",
    f"A GPT of {sum(p.size for p in RECIPE.model().parameters()):,} parameters and {EPOCHS} epochs of 28,830 names, in "
    "batches of like lengths: each library's own loop, from the same weights, with the same learning rates"
    f"{f' and a dropout of {DROPOUT:g}' if DROPOUT else ''}. "
    "The first epoch, in which things are compiled, is part of the minutes, but not of the median. The loss is that of "
    "3,203 other names, in nats a letter.",
    [
        compare(
            contestants,
            {
                "seconds": "s per epoch",
                "minutes": "minutes in all",
                "loss": "test loss",
                "megabytes": "peak memory, MB",
            },
            "seconds",
            "PyTorch",
        )
    ],
)
