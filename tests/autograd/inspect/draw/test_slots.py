"""Numbers inside texts that are filled in later: in Python as they were recorded, in a page as they are."""

from __future__ import annotations

import re

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.inspect.draw.slots import (
    FORMS,
    chained,
    closed,
    closed_if_signed,
    filled,
    gated,
    is_slot,
    negated,
    slot,
)


@pytest.mark.parametrize(
    ("text", "number", "expected"),
    [
        (slot("v0"), -2.0, "-2.0"),
        (closed(slot("v0")), -2.0, "(-2.0)"),
        (closed(slot("v0")), 2.0, "2.0"),
        (closed_if_signed(slot("v0")), 1e-9, "(1e-09)"),
        (closed_if_signed(slot("v0")), np.array([1.0, -2.0]), "[1.0, -2.0]"),
        (negated(slot("v0")), 2.0, "-2.0"),
        (negated(slot("v0")), -2.0, "-(-2.0)"),
        (slot("v0", "number"), 3.0, "3"),
        (slot("v0", "range"), np.array([1.0, -2.0]), "-2.0 … 1.0"),
        (slot("v0", "count"), np.array([1.0, 0.0, 2.0]), "2"),
        (chained(["a", slot("v0"), "", "2.0"]), 2.0, "a = 2.0"),
        (chained(["a", slot("v0"), "", "2.0"]), 3.0, "a = 3.0 = 2.0"),
    ],
)
def test_a_slot_is_written_as_its_number(text, number, expected):
    assert filled(f"x {text}.", {"v0": number}) == f"x {expected}."


def test_only_a_whole_slot_is_one():
    assert is_slot(closed(slot("v0", "short")))
    assert not is_slot(slot("v0") + slot("v1"))
    assert not is_slot("v0 small")


def test_all_forms_write_a_number():
    assert [bool(form(2.0)) for form in FORMS.values()] == [True] * len(FORMS)


@pytest.mark.parametrize(("slope", "expected"), [(0.0, "nothing"), (0.5, "half"), (1.0, "2.0"), (np.eye(2), "")])
def test_a_gate_is_written_as_it_stands(slope, expected):
    text = gated("f0", ("nothing", "half", slot("v0")))
    assert filled(text, {"f0": slope, "v0": 2.0}) == expected


def test_the_numbers_of_formulas_are_slots():
    a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    loss = (a * b - a).tanh() / b + sg.maximum(a, b).relu()
    loss.label = "loss"
    story = sg.play(loss).story
    other = dict.fromkeys(story.numbers, 7.0)
    for template, step in zip(story.templates, story.steps):
        assert filled(template.text, story.numbers) == step.text
        numbers = re.findall(r"-?\b\d\.\d+", filled(template.text, other))
        assert set(numbers) <= {"7.0", "-7.0", "1.0"}
