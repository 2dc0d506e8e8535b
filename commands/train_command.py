"""The command ``seegrad train``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, cast

from .. import data, nn, optim
from ..common.atomic_file import keep_copy
from ..common.ranks import Ranks
from ..common.rng import manual_seed
from ..data.dataset import Source
from ..nn.files.state_file import load_state
from ..nn.recipes import RECIPES
from .options import add_data_dir, add_threads, at_least_0, at_least_1, positive_number
from .printing import printable
from .results_folder import CHECKPOINT, RUNS, results_folder
from .seeds import TrainedSeed, print_comparison
from .tasks import TASKS, Examples
from .training_results import Results


def add_train(commands: Any) -> None:
    """Add the command to those of the command line."""
    train = commands.add_parser(
        "train",
        help="train a convolutional network on MNIST, or a GPT on names",
        description="Train a convolutional network on MNIST, by default exactly as the article does: five epochs on "
        "all 60,000 images; or, with --recipe names, a GPT that writes names. Write model.safetensors, history.json, "
        "checkpoint.safetensors, curves.png and, for images, predictions.png.",
    )
    add = train.add_argument
    add(
        "--recipe",
        choices=list(RECIPES),
        default="article",
        help="article: five epochs of Adam; best: a deeper network, augmented images, a one-cycle schedule and "
        "averaged weights, for ten minutes on two cores; names: a GPT on first names, "
        "for three minutes; names-long: the same with dropout, for twenty minutes (default: %(default)s)",
    )
    add("--epochs", type=at_least_1, metavar="N", help=f"how often to go through all examples ({_each('epochs')})")
    add("--batch-size", type=at_least_1, metavar="N", help=f"examples per step ({_each('batch_size')})")
    add("--lr", type=positive_number, metavar="RATE", help=f"learning rate, at its highest ({_each('lr')})")
    add("--seed", type=at_least_0, default=0, metavar="N", help="the same seed gives the same run (default: 0)")
    add(
        "--seeds",
        type=at_least_1,
        default=1,
        metavar="N",
        help="train so many networks, with the seeds from --seed on, each into a folder of its own; tell their mean, "
        "and what they reach together (default: 1)",
    )
    add(
        "--validation",
        type=_share,
        default=0,
        metavar="N",
        help="set so many training examples aside (a number, or a fraction below 1), measure every epoch on them, and "
        "keep the best epoch: that with the lowest loss (default: train on all examples, keep the last epoch)",
    )
    add_data_dir(train, words=True)
    add(
        "--out",
        metavar="DIR",
        help=f"folder for the results (default: {RUNS}/mnist or {RUNS}/names; where there are some, {RUNS}/mnist-2)",
    )
    add("--overwrite", action="store_true", help="replace the results that are in the folder already")
    add(
        "--resume",
        action="store_true",
        help="go on from the checkpoint in the folder for the results, to the same weights as without a break; "
        "begin if there is none",
    )
    add(
        "--distributed",
        action="store_true",
        help="train with all processes that mpiexec has started: mpiexec -n 4 seegrad train --distributed; each takes "
        "batches of --batch-size images (needs the extra seegrad[mpi])",
    )
    add_threads(train)
    train.set_defaults(run=_train, failed=_ended)


def _each(setting: str) -> str:
    """Describe the default of each recipe, for the help."""
    return "default: " + ", ".join(f"{getattr(recipe, setting):g} for {name}" for name, recipe in RECIPES.items())


def _share(text: str) -> float:
    """Return a count as an int, a fraction as a float."""
    number = float(text)
    if not (number >= 0 and (number < 1 or number.is_integer())):
        raise argparse.ArgumentTypeError(f"must be a whole number, or a fraction below 1, got {text}")
    return number if 0 < number < 1 else int(number)


class _SameOptions(nn.Callback):
    """Refuses to resume a training with other options than it began with."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def state_dict(self) -> dict[str, Any]:
        return self.options

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if dict(state) != self.options:
            raise ValueError(f"it was begun with {_as_options(state)}, this is {_as_options(self.options)}")


def _as_options(values: Mapping[str, Any]) -> str:
    return " ".join(f"--{name} {value}" for name, value in values.items())


def _train(chosen: argparse.Namespace) -> None:
    if chosen.seeds == 1:
        _train_one(chosen)
        return
    task, seeds = TASKS[chosen.recipe], []
    for seed in range(chosen.seed, chosen.seed + chosen.seeds):
        print(f"seed {seed}\n", flush=True)
        folder, begin = f"{chosen.out or task.folder}-seed-{seed}", perf_counter()
        result = _train_one(argparse.Namespace(**{**vars(chosen), "seed": seed, "out": folder}))
        seeds.append(TrainedSeed(seed, Path(folder), result or {}, (perf_counter() - begin) / 60))
        print()
    if _ranks(chosen).first:
        print_comparison(seeds, task.load(chosen.data_dir).test if task.classifies else None)


def _train_one(chosen: argparse.Namespace) -> dict[str, float] | None:
    """Train with one seed; return what is measured in the test, on the first rank."""
    ranks, default = _ranks(chosen), TASKS[chosen.recipe].folder
    if not ranks.first:
        return _train_into(Path(chosen.out or default), chosen, ranks)
    with ExitStack() as locks:
        return _train_into(results_folder(chosen, default, locks), chosen, ranks)


def _train_into(folder: Path, chosen: argparse.Namespace, ranks: Ranks) -> dict[str, float] | None:
    # Errors are found before the first step: in the folder, then in the data, then in their shapes.
    recipe = RECIPES[chosen.recipe]
    epochs, lr = chosen.epochs or recipe.epochs, chosen.lr or recipe.lr
    task = TASKS[chosen.recipe]
    examples = task.load(chosen.data_dir)
    train, validation = _divided(examples, chosen)
    manual_seed(chosen.seed + ranks.rank)
    model = recipe.model(**examples.sizes)
    if ranks.first:
        _describe(model, examples, f"{len(train):,} {task.noun} to train, {len(validation or ()):,} to validate")
    if ranks.size > 1:
        train = data.shard(train, ranks.rank, ranks.size)
        validation = data.shard(validation, ranks.rank, ranks.size, equal=False) if validation else None
    loader = recipe.loader(train, chosen.batch_size, chosen.seed)
    trainer, callbacks = recipe.prepare(model, epochs * len(loader), lr)
    if ranks.comm is not None:
        trainer.optimizer = optim.DistributedOptimizer(cast(optim.Optimizer, trainer.optimizer), ranks.comm)

    save = nn.Checkpoint(folder / CHECKPOINT)
    options = {"recipe": chosen.recipe, "lr": lr, "seed": chosen.seed, "validation": chosen.validation}
    if recipe.needs_steps:
        options["epochs"] = epochs
    # With so much patience it never stops; it keeps the best epoch.
    best = nn.EarlyStopping(patience=epochs, restore_best=True) if validation else None
    results = Results(folder, chosen.recipe, task, examples, best)
    callbacks += [*([best] if best else []), results, _SameOptions(options), save]
    resume = save.path if chosen.resume and save.path.exists() else None
    if ranks.first:
        _prepare(save, chosen.resume, ranks)
    try:
        trainer.fit(loader, epochs=epochs, validation=validation, callbacks=callbacks, progress=True, resume=resume)
    except (KeyboardInterrupt, nn.NonFiniteError) as end:
        if ranks.first:
            _say_how_to_go_on(results, chosen, trainer, end)
        raise
    return results.finish(trainer) if ranks.first else None


def _divided(examples: Examples, chosen: argparse.Namespace) -> tuple[Source[Any], Source[Any] | None]:
    """Return the examples to train on, and those to validate on if any are set aside."""
    if not chosen.validation:
        return examples.train, None
    alike = examples.train.y.ndim == 1  # otherwise there are no classes, whose shares could be alike
    return data.train_val_split(examples.train, chosen.validation, seed=chosen.seed, stratify=alike)


def _describe(model: nn.Module, examples: Examples, divided: str) -> None:
    x = examples.test.x
    print(nn.summary(model, x.shape[1:]))
    print(f"\n{divided}, {len(x):,} to test\n", flush=True)


def _prepare(save: nn.Checkpoint, resume: bool, ranks: Ranks) -> None:
    """Say where the training begins; replace a damaged checkpoint by the one before it."""
    if not resume:
        for path in (save.path, save.previous):  # of the results that are replaced
            path.unlink(missing_ok=True)
        return
    if not save.path.exists():
        print(f"beginning, as there is no {save.path}\n", flush=True)
        return
    try:
        load_state(save.path)
    except ValueError as damage:
        if not save.previous.exists() or ranks.size > 1:  # the others have begun to read it
            raise
        print(f"{damage}; the one before it takes its place", file=sys.stderr)
        keep_copy(save.previous, save.path)
    print(f"resuming from {save.path}\n", flush=True)


def _say_how_to_go_on(results: Results, chosen: argparse.Namespace, trainer: nn.Trainer, end: BaseException) -> None:
    """Save the model after Ctrl-C or a loss that became NaN, and say how to go on."""
    folder, interrupted = results.folder, isinstance(end, KeyboardInterrupt)
    if interrupted and not (folder / CHECKPOINT).exists():
        print("nothing was saved: the training had not come to its first checkpoint", file=sys.stderr)
        return
    if not results.best_epoch:
        results.save_model(trainer)
        results.save_history(trainer)
    weights = f"weights of epoch {results.best_epoch}, the best," if results.best_epoch else "last good weights"
    here = "" if chosen.out or folder == TASKS[chosen.recipe].folder else f" --out {folder}"
    way_on = f"go on with --resume{here}" if interrupted else "try a smaller --lr"
    print(f"the {weights} are in {printable(folder)}; {way_on}", file=sys.stderr)


def _ranks(chosen: argparse.Namespace) -> Ranks:
    """Return the processes that run this command together."""
    if not chosen.distributed:
        return Ranks()
    if find_spec("mpi4py") is None:
        raise ValueError("--distributed needs mpi4py: pip install 'seegrad[mpi]'")
    return Ranks(import_module("mpi4py.MPI").COMM_WORLD)


def _ended(chosen: argparse.Namespace, status: int) -> None:
    """End the other ranks, too, which would wait for ever."""
    if chosen.distributed and find_spec("mpi4py") is not None:
        ranks = _ranks(chosen)
        if ranks.size > 1:
            ranks.end_job("has ended early", status)
