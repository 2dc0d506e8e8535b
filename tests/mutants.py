"""Would the tests notice? Changes places of the source one at a time and runs the tests that should fail then.

`make mutants` installs Cosmic Ray, which makes the changes, in an environment of its own and runs this file there.
Each change is made in a copy of the checkout. A survivor is a change that no test noticed: either a test is missing,
or nothing that matters depends on that place.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).resolve().parents[1]
RULES = "errors special_values kinks number_edges dtypes choices repeated_values".split()
RULES += [f"operations::test_{what}" for what in ("value_is_that_of_the_reference", "gradcheck_to_second_order")]
WALK = "scalar_graphs graph recording memory in_place written_gradients why anomaly lost_gradients tips".split()
WALK += "copies random_graphs".split()
RESUMING = "nn/training/test_resuming.py"
VIEWS = "views in_place copies outside_data".split()


def of_autograd(*names: str) -> list[str]:
    """Find the files of tests with these names below tests/autograd; what follows ``::`` is one test in a file."""
    found = []
    for name in names:
        file, colons, test = name.partition("::")
        (path,) = (ROOT / "tests" / "autograd").rglob(f"test_{file}.py")
        found.append(path.relative_to(ROOT / "tests").as_posix() + colons + test)
    return found


#: What is changed, and the tests that should notice: the quick ones first, since the first failure ends a run.
TESTS = {
    "autograd/ops/elementwise.py": of_autograd("numbers", *RULES),
    "autograd/ops/reductions.py": of_autograd("softmax", "tips", *RULES),
    "autograd/ops/indexing.py": of_autograd("indexing", "in_place", *RULES),
    "autograd/core/backward.py": of_autograd(*WALK, "choices", "transforms", "views", "batch_norm", "conv_relu_pool"),
    "autograd/core/recording.py": of_autograd(*WALK),
    "autograd/ops/masks.py": of_autograd("choices", *RULES),
    "autograd/fast/scalar_graphs.py": of_autograd(*WALK),
    "autograd/fast/array_graphs.py": of_autograd(*WALK, "choices", "views"),
    "autograd/ops/views.py": of_autograd(*VIEWS),
    "optim/adagrad.py": ["optim/test_optimizers.py", "optim/test_large_gradients.py", "optim/test_oracle.py"],
    "optim/adam.py": ["optim/test_optimizers.py", "optim/test_large_gradients.py", "optim/test_oracle.py"],
    "optim/clip_grad.py": ["optim/test_clip_grad.py"],
    "optim/distributed.py": ["optim/test_distributed.py"],
    "optim/ema.py": ["optim/test_ema.py", RESUMING, "nn/training/test_trainer.py"],
    "optim/flat.py": ["optim/test_optimizers.py", "optim/test_oracle.py"],
    "optim/learning_rate_search.py": ["optim/test_learning_rate_search.py"],
    "optim/schedules/one_cycle.py": ["optim/test_schedules.py", "optim/test_oracle.py"],
    "optim/optimizer.py": ["optim/test_optimizers.py", "optim/test_schedules.py", RESUMING],
    "optim/schedules/plateau.py": ["optim/test_schedules.py", "optim/test_oracle.py"],
    "optim/rmsprop.py": ["optim/test_optimizers.py", "optim/test_large_gradients.py", "optim/test_oracle.py"],
    "optim/schedules/combined_schedules.py": ["optim/test_schedules.py", "optim/test_oracle.py"],
    "optim/schedules/formula_schedules.py": ["optim/test_schedules.py", "optim/test_oracle.py"],
    "optim/schedules/schedule.py": ["optim/test_schedules.py", "optim/test_oracle.py"],
    "optim/sgd.py": ["optim/test_optimizers.py", "optim/test_oracle.py"],
    "nn/training/saved_kinds.py": [RESUMING],
    "common/atomic_file.py": [
        RESUMING,
        "nn/files/test_weights.py",
        "nn/files/test_model_file.py",
    ],
    "nn/training/callbacks/training_checkpoint.py": [RESUMING],
    "nn/training/training_state.py": [
        RESUMING,
        *("nn/training/test_trainer.py", "nn/training/test_callbacks.py", "optim/test_distributed.py"),
    ],
    "nn/files/forward_sizes.py": ["nn/files/test_model_file.py"],
    "nn/files/state_file.py": [RESUMING],
    "common/state.py": [
        "optim/test_optimizers.py",
        "nn/files/test_weights.py",
        RESUMING,
        "nn/test_module.py",
    ],
}


def main() -> None:
    """Draw changes, try each, and list those that nothing noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", default=sorted(TESTS), help=f"some of: {' '.join(TESTS)}")
    parser.add_argument("--count", type=int, default=60, help="how many places to change; drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="for another draw")
    parser.add_argument("--python", default=sys.executable, help="the Python that has what the tests need")
    options = parser.parse_args()
    if unknown := set(options.files) - set(TESTS):
        parser.error(f"{', '.join(sorted(unknown))}: not in the table TESTS of tests/mutants.py")
    python = os.path.abspath(options.python)
    with tempfile.TemporaryDirectory() as folder:
        enter_copy(Path(folder), python)
        changes = [change for file in options.files for change in changes_of(file)]
        drawn = random.Random(options.seed).sample(changes, min(options.count, len(changes)))
        print(f"{len(drawn)} of {len(changes)} possible changes", flush=True)
        survivors = [change for change in drawn if survives(change, python)]
    print(f"{len(drawn) - len(survivors)} of {len(drawn)} were noticed, {len(survivors)} were not")


def enter_copy(folder: Path, python: str) -> None:
    """Copy the checkout, go there, and make it the package that is imported."""
    copy = folder / "seegrad"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(folder)
    found = subprocess.check_output([python, "-c", "import seegrad; print(seegrad.__file__)"], text=True).strip()
    if Path(found) != copy / "__init__.py":
        sys.exit(f"{python} imports {found}, not the copy in {copy}: no change would be noticed")


def changes_of(file: str) -> Iterator[MutationSpec]:
    """Every change of a file, but for annotations: nothing runs there."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB, use_db

    notes = [
        (note.lineno, note.col_offset, note.end_lineno, note.end_col_offset)
        for node in ast.walk(ast.parse(Path(file).read_text("utf-8")))
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if note is not None
    ]
    with use_db(":memory:", WorkDB.Mode.create) as database:
        init([Path(file)], database, {})
        changes = [item.mutations[0] for item in database.work_items]
    changes.sort(key=lambda change: (change.start_pos, change.operator_name, change.occurrence))
    for change in changes:
        if not any(note[:2] <= tuple(change.start_pos) < note[2:] for note in notes):
            yield change


seconds_without_change: dict[str, float] = {}


def survives(change: MutationSpec, python: str) -> bool:
    """Make a change, run the tests that should notice, and print the change if they do not."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.testing import run_tests
    from cosmic_ray.work_item import TestOutcome

    file = str(change.module_path)
    tests = [f"tests/{name}" for name in TESTS[file]]
    command = shlex.join([python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests])
    if file not in seconds_without_change:
        start = time.monotonic()
        outcome, output = run_tests(command, timeout=None)
        if outcome != TestOutcome.SURVIVED:
            sys.exit(f"{output}\nThe tests fail without any change, too.")
        seconds_without_change[file] = time.monotonic() - start
    start = time.monotonic()
    result = mutate_and_test([change], command, timeout=30 + 4 * seconds_without_change[file])
    survived = result.test_outcome == TestOutcome.SURVIVED
    took = f"{time.monotonic() - start:.0f} s"
    print(f"{'SURVIVED' if survived else 'noticed '} {file}:{change.start_pos[0]} {took}", flush=True)
    if survived:
        lines = [line for line in result.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")]
        print("\n".join(f"    {line}" for line in lines), flush=True)
    return survived


if __name__ == "__main__":
    main()
