"""What all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import seegrad as sg

ROOT = Path(__file__).resolve().parents[1]


class RootIsAFolder:
    """Keep pytest from importing the root's ``__init__.py`` once more, under the checkout's own name."""

    @staticmethod
    def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return pytest.Dir.from_parent(parent, path=path) if path == ROOT else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every", type=int, default=1, metavar="N", help="run only every N-th test")
    parser.addoption("--programs", type=int, default=400, metavar="N", help="compile so many random functions")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    step = config.getoption("--every")
    config.hook.pytest_deselected(items=[item for i, item in enumerate(items) if i % step])
    items[:] = items[::step]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(RootIsAFolder())
    # A shell lets what it starts in the background ignore Ctrl-C, and so would the processes that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A hundred tests start Python: without what it keeps, each would compile the package for most of a second.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if find_spec("hypothesis") is not None:
        from hypothesis import settings

        settings.register_profile("any machine", deadline=None)  # how fast it is, and how busy, is no matter of a test
        settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    if "hypothesis" in sys.modules:  # its first example asks the garbage collector who holds what it has made
        from hypothesis import given, settings
        from hypothesis.strategies import none

        settings(max_examples=1, database=None)(given(none())(lambda nothing: None))()
    # The garbage collector need not look through all tests, and what they import, whenever it is called.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order_of_tests() -> None:
    sg.manual_seed(0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def driver():
    """A browser for all tests that look at pages; each sets the size and opens its own page."""
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium, chromedriver = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("no chromium or no chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in "headless=new no-sandbox disable-gpu disable-dev-shm-usage no-first-run disable-sync".split():
        options.add_argument(f"--{option}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
    yield driver
    driver.quit()
