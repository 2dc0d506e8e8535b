"""What is tested here is installed only with the engine's fast room."""

from __future__ import annotations

import os

import pytest

OFF = os.environ.get("SEEGRAD_FAST") == "0"

if OFF:
    collect_ignore_glob = ["*"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if OFF:
        terminalreporter.write_line("tests/autograd/fast: left out, since SEEGRAD_FAST=0 leaves out what they test")
