"""The reference table in autograd/README.md is what the operations say today."""

from __future__ import annotations

import re
from pathlib import Path

from seegrad.autograd.core.op import Op
from seegrad.autograd.inspect.reference import reference

ENGINE = Path(__file__).parents[3] / "autograd"


def test_the_table_is_current():
    written = (ENGINE / "README.md").read_text(encoding="utf-8")
    assert written == reference(), "run `make reference`"


def test_every_operation_is_in_the_table():
    text = reference()
    # What the fast room adds computes what operations of the table compute together.
    own = [name for name, op in Op.table.items() if not op.forward.__module__.startswith("seegrad.autograd.fast")]
    assert [name for name in own if f"| `{name}` |" not in text] == []


def test_the_files_to_read_exist():
    named = re.findall(r"`([\w/]+\.py)`", reference().partition("# Every operation")[0])
    assert len(named) > 20
    left_out = not (ENGINE / "fast").exists()  # the engine does without
    assert [name for name in named if not ((ENGINE / name).is_file() or (left_out and name == "fast/install.py"))] == []
