"""Tests that ask PyTorch itself run only when they are asked for: ``pytest -m oracle``."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "oracle: needs PyTorch; run by `make oracle`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "oracle" not in config.option.markexpr:
        asking = [item for item in items if item.get_closest_marker("oracle")]
        items[:] = [item for item in items if item not in asking]
        config.hook.pytest_deselected(items=asking)
