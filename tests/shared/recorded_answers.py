"""What PyTorch answered; see tests/oracle/record.py, which asked it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TOLERANCE = {"rtol": 1e-9, "atol": 1e-11}


class Recorded:
    """The cases of one file, and the arrays that belong to each, as ``data["3.path"]``."""

    def __init__(self, name: str) -> None:
        with np.load(Path(__file__).parents[1] / "oracle" / f"{name}.npz") as file:
            self.data = dict(file)
        self.cases = json.loads(str(self.data["cases"]))

    def each(self, kind: str) -> Any:
        """Run a test for each case of a kind, with its ``number`` and the ``case``."""
        chosen = [(i, case) for i, case in enumerate(self.cases) if case["kind"] == kind]
        cases = [pytest.param(i, case, id=f"{i} {case['name']}") for i, case in chosen]
        return pytest.mark.parametrize(("number", "case"), cases)
