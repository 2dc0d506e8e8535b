"""Every public name tells how it is called, what it does, and how it is differentiated; completion finds it."""

from __future__ import annotations

import doctest
import inspect
import pydoc
import subprocess
import sys

import numpy as np
import pytest
from in_one_test import each

import seegrad as sg

Op = sg.autograd.Op
HOMES = {"sg": sg, "sg.linalg": sg.linalg, "sg.nn": sg.nn, "sg.optim": sg.optim, "sg.data": sg.data}
NAMES = [(home, name) for home, module in HOMES.items() for name in dir(module) if not name.startswith("_")]
CALLED = [(home, name) for home, name in NAMES if callable(getattr(HOMES[home], name))]
OPERATIONS = [(home, name) for home, name in CALLED if isinstance(getattr(HOMES[home], name), Op)]
METHODS = [
    (kind, name)
    for kind in (sg.Tensor, sg.Value, sg.nn.Module, sg.nn.Trainer, sg.optim.Optimizer, sg.data.DataLoader)
    for name, method in inspect.getmembers(kind, callable)
    if not name.startswith("_")
]


def thing(home, name):
    return getattr(HOMES[home], name)


def has_free_arguments(signature):
    """Whether a signature tells nothing but that there are arguments."""
    kinds = [p.kind for name, p in signature.parameters.items() if name != "self"]
    return kinds == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]


@each("home, name", CALLED)
def test_public_names_have_a_signature_and_help(home, name):
    called = thing(home, name)
    if not (inspect.isclass(called) and issubclass(called, Exception)):
        assert not has_free_arguments(inspect.signature(called))
    assert inspect.getdoc(called)
    assert inspect.getdoc(called).split("\n")[0] in pydoc.render_doc(called, renderer=pydoc.plaintext)


@each("kind, name", METHODS)
def test_methods_have_a_signature_and_help(kind, name):
    method = getattr(kind, name)
    assert inspect.getdoc(method)
    takes_anything = {"forward", "draw", "play"}  # what they hand on is told elsewhere
    assert name in takes_anything or not has_free_arguments(inspect.signature(method))


def test_signatures_name_inputs_and_parameters():
    assert str(inspect.signature(sg.exp)) == "(x, /)"
    assert list(inspect.signature(sg.arctan2).parameters) == ["y", "x"]
    assert list(inspect.signature(sg.softmax).parameters) == ["x", "axis"]
    assert inspect.signature(sg.softmax).parameters["axis"].default == -1
    assert list(inspect.signature(sg.Tensor.sum).parameters) == ["x", "axis", "keepdims"]
    assert list(inspect.signature(sg.tensor([1.0]).sum).parameters) == ["axis", "keepdims"]
    assert list(inspect.signature(Op).parameters) == ["forward", "name", "symbol"]


@pytest.mark.parametrize(("home", "name"), OPERATIONS)
def test_operations_show_their_derivative_and_an_example_that_is_right(home, name):
    operation = thing(home, name)
    text = inspect.getdoc(operation)
    assert "\nDerivative\n----------\n" in text
    assert text.count("\nExamples\n--------\n") == 1
    example = doctest.DocTestParser().get_doctest(text, {"sg": sg, "np": np}, name, None, None)
    assert example.examples
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=report.append)
    assert report == []


def test_help_shows_shapes_and_the_rule():
    text = pydoc.render_doc(sg.tanh, renderer=pydoc.plaintext)
    assert "<seegrad operation tanh(x)>" in text
    assert "The shape of ``x``." in text
    assert "x : g * (1.0 - out * out)" in text
    assert "broadcast" in inspect.getdoc(sg.hypot)


def test_reprs_show_how_operations_are_called():
    assert repr(sg.tanh) == "<seegrad operation tanh(x)>"
    assert repr(sg.sum) == "<seegrad operation sum(x, axis=None, keepdims=False)>"
    assert repr(sg.reshape) == "<seegrad operation reshape(x, shape)>"


def test_classes_of_operations_keep_their_own_documentation():
    assert inspect.getdoc(Op).startswith("An operation: how to compute it")
    assert inspect.getdoc(sg.primitive).startswith("Make an operation of a function on plain arrays")


def test_help_of_a_users_operation_is_what_the_user_wrote():
    @sg.primitive
    def halved(x):
        """Half of it."""
        return x / 2

    halved.rules(lambda g, out, x: g / 2)
    assert inspect.getdoc(halved) == "Half of it."
    assert repr(halved) == "<seegrad operation halved(x)>"


def test_completion_finds_what_is_imported_late():
    code = "import seegrad as sg; print(*dir(sg))"
    found = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert found >= set("draw play nn optim data load compile vmap linalg tensor Value __version__".split())


@pytest.mark.parametrize("node", [sg.Value(2.0), sg.tensor([1.0]), sg.nn.Parameter([1.0])])
def test_completion_leaves_out_what_only_the_engine_needs(node):
    found = set(dir(node))
    assert found.isdisjoint("fit own notes number params version_before stands_for_data check_differentiable".split())
    assert found >= set("data grad backward label op inputs draw play requires_grad".split())
