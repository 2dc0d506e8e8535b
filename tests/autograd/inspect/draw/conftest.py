"""What the tests of this folder share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def show(driver, tmp_path):
    """Open what is drawn or played as a page; return the driver."""

    def opened(shown, step=0, size=(1280, 900), theme="light"):
        file = shown.save(tmp_path / "page.html")
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        driver.get("about:blank")
        driver.get(f"{file.as_uri()}#step={step}")
        return driver

    return opened
