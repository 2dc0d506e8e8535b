"""The reference table in autograd/README.md is what the operations say today."""

from __future__ import annotations

from pathlib import Path

from seegrad.autograd.core.op import Op
from seegrad.autograd.inspect.reference import reference


def test_the_table_is_current():
    written = (Path(__file__).parents[3] / "autograd" / "README.md").read_text(encoding="utf-8")
    assert written == reference(), "run `make reference`"


def test_every_operation_is_in_the_table():
    text = reference()
    named = [name for name, op in Op.table.items() if ".fast." not in op.forward.__module__]
    assert [name for name in named if f"| `{name}` |" not in text] == []
