"""What a file lists in ``__all__`` is public in its folder and in the package above."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import seegrad as sg

PACKAGES = [sg.data, sg.optim, sg.nn]
# These are used by their own names: nn.functional.relu, nn.init.he_normal, nn.models.mnist_cnn, nn.recipes.BEST.
NAMESPACES = {"seegrad.nn.functional", "seegrad.nn.init", "seegrad.nn.models", "seegrad.nn.recipes"}


def files(package):
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(module.name) for module in found if module.name not in NAMESPACES]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_names_of_files_are_public(package):
    listed = [(module.__name__, name) for module in files(package) for name in getattr(module, "__all__", ())]
    assert len(listed) > len(package.__all__) / 2
    assert [place for place in listed if place[1] not in package.__all__] == []
    assert all(hasattr(package, name) for name in package.__all__)
    assert sorted(set(dir(package))) == sorted(package.__all__)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_a_star_brings_the_public_names(package):
    names: dict = {}
    exec(f"from {package.__name__} import *", names)
    assert set(names) - {"__builtins__"} == set(package.__all__)
