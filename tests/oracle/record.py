"""Ask PyTorch, as an independent oracle, what modules, losses, optimizers and schedules should give.

Run where PyTorch is installed: ``python tests/oracle/record.py`` writes the answers to ``nn.npz``, ``optim.npz``,
``layouts.npz``, ``names.npz`` and ``sequences.npz`` beside this file, which the tests compare with; ``--check``
compares PyTorch's answers of today with the files instead. Everything is in float64 and (but for the states in
``layouts.npz`` and ``sequences.npz``) in seegrad's layout, channels last, so who reads the files needs no PyTorch.

Each file holds the JSON text "cases", a list, and arrays named "<case number>.<what>".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from layout_cases import record_layouts
from name_cases import record_names
from nn_cases import Arrays, Case, record_nn
from optim_cases import record_optim
from sequence_cases import record_sequences

HERE = Path(__file__).resolve().parent

RECORDERS = {
    "nn.npz": record_nn,
    "optim.npz": record_optim,
    "layouts.npz": record_layouts,
    "names.npz": record_names,
    "sequences.npz": record_sequences,
}


def as_file(cases: list[Case], arrays: list[Arrays]) -> Arrays:
    flat = {f"{i}.{key}": np.asarray(value) for i, found in enumerate(arrays) for key, value in found.items()}
    return {"cases": np.array(json.dumps(cases)), **flat}


def differences(name: str) -> list[str]:
    """What PyTorch says now and did not say when the file was written."""
    new = as_file(*RECORDERS[name]())
    with np.load(HERE / name) as old:
        found = sorted(set(new) ^ set(old.files))
        for key in set(new) & set(old.files):
            if new[key].shape == old[key].shape and new[key].dtype.kind == "f":
                same = np.allclose(new[key], old[key], rtol=1e-9, atol=1e-12)
            else:
                same = np.array_equal(new[key], old[key])
            if not same:
                found.append(key)
    return found


def main() -> int:
    wrong = 0
    for name, record in RECORDERS.items():
        if "--check" in sys.argv[1:]:
            different = differences(name)
            print(f"{name}: {'agrees' if not different else 'differs in ' + ', '.join(different[:10])}")
            wrong += bool(different)
        else:
            np.savez_compressed(HERE / name, **as_file(*record()))
            print(f"wrote {name} with PyTorch {torch.__version__}")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
