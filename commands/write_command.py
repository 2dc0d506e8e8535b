"""The command ``seegrad write``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..common.rng import Seed
from ..data import Vocabulary
from ..nn import GPT, Module
from .options import add_model, add_threads, at_least_1, positive_number
from .printing import printable
from .results_folder import chosen_model
from .saved_model import load_saved

#: The token before and after a word.
BOUNDARY = "."


def add_write(commands: Any) -> None:
    """Add the command to those of the command line."""
    write = commands.add_parser(
        "write",
        help="write new names with a trained GPT",
        description="Write new words with a GPT that seegrad train --recipe names has trained, letter by letter.",
    )
    add_model(write)
    write.add_argument("--count", type=at_least_1, default=20, metavar="N", help="how many words (default: 20)")
    write.add_argument(
        "--temperature",
        type=positive_number,
        default=1.0,
        metavar="T",
        help="below 1 likely letters become likelier, above 1 all become more alike (default: 1)",
    )
    write.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same words (default: others)")
    add_threads(write)
    write.set_defaults(run=_write)


def _write(chosen: argparse.Namespace) -> None:
    model = load_saved(chosen_model(chosen.model))
    tokens = model.info.class_names if model.info is not None else ()
    for word in written(model, tokens, chosen.count, chosen.temperature, chosen.seed):
        print(printable(word))


def written(model: Module, tokens: Sequence[str], count: int, temperature: float = 1.0, seed: Seed = None) -> list[str]:
    """Let a model, whose outputs stand for these tokens, write words.

    Raises
    ------
    TypeError
        If it is no GPT.
    ValueError
        If the tokens are not those of the model.
    """
    if not isinstance(model, GPT):
        raise TypeError(f"the model is a {type(model).__name__}; a GPT writes: seegrad train --recipe names trains one")
    if len(tokens) != model.vocab_size or BOUNDARY not in tokens:
        raise ValueError(f"the file does not tell the model's {model.vocab_size} tokens, among them {BOUNDARY!r}")
    vocabulary = Vocabulary(tokens)
    start = vocabulary.encode([BOUNDARY] * count)[:, None]
    rows = model.generate(start, model.context_length, temperature, seed=seed)
    return [vocabulary.decode(row[1:]).partition(BOUNDARY)[0] for row in rows]
