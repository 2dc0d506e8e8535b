"""The public names of nn are those that its files list, each once."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections import Counter

import pytest

from seegrad import nn

FOLDERS = ("layers", "losses", "training", "training.callbacks", "files", "plots")
#: What the classes of a folder are that users make objects of.
BASES = {"layers": nn.Module, "losses": nn.Module, "training.callbacks": nn.Callback}


def package_of(folder):
    return importlib.import_module(f"seegrad.nn.{folder}")


def files_of(folder):
    package = package_of(folder)
    found = [info.name for info in pkgutil.iter_modules(package.__path__) if not info.ispkg]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in found]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_listed_name_is_public(folder):
    names = [name for file in files_of(folder) for name in getattr(file, "__all__", ())]
    assert names
    assert set(names) <= set(package_of(folder).__all__) <= set(nn.__all__)
    assert set(names) <= set(dir(nn))
    assert all(getattr(nn, name).__module__.startswith(package_of(folder).__name__) for name in names)


def test_no_name_hides_another():
    names = Counter(nn.__all__)
    names.update(name for folder in FOLDERS for file in files_of(folder) for name in getattr(file, "__all__", ()))
    assert [name for name, count in names.items() if count > 2] == []


@pytest.mark.parametrize("folder", BASES)
def test_a_class_is_listed_unless_others_derive_from_it(folder):
    classes = [
        thing
        for file in files_of(folder)
        for thing in vars(file).values()
        if inspect.isclass(thing) and issubclass(thing, BASES[folder]) and thing.__module__ == file.__name__
    ]
    bases = {base for cls in classes for base in cls.__mro__[1:]}
    assert [cls for cls in classes if cls not in bases and cls.__name__ not in nn.__all__] == []


def test_every_loss_is_a_function_and_a_module():
    functions = [
        name
        for name, thing in vars(nn.functional).items()
        if getattr(thing, "__module__", "").startswith(nn.losses.__name__)
    ]
    assert set(functions) <= set(nn.functional.__all__)
    assert len(functions) == len(nn.losses.__all__)
