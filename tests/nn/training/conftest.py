from __future__ import annotations

import pytest
from small_trainings import make_points

import seegrad as sg


@pytest.fixture
def points() -> sg.data.ArrayDataset:
    return make_points()
