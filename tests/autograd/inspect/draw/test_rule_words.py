"""Names that users write, and one sentence for every rule."""

from __future__ import annotations

import re

import numpy as np
import pytest
from operation_cases import CASES

import seegrad as sg
from seegrad import nn
from seegrad.autograd.inspect.draw.sentences import formula_text
from seegrad.autograd.ops.shaping import sum_to
from seegrad.common import seam

#: Names of operations and parameters that only the engine knows.
INTERNALS = re.compile(r"window_|scatter|spread\(|\*\*window|sum_to|_gradient|repeat_to_match|winners=")


#: Several words after each other, which no formula has.
PROSE = re.compile(r"[A-Za-z]{2,} [a-z]{2,}(?![\w(\[=.])")


def root_of(case):
    out = case.f(*[sg.Tensor(x, requires_grad=True, label=f"a{i}") for i, x in enumerate(case.inputs)])
    return out if isinstance(out, sg.Value) else out.sum()


@pytest.fixture(scope="module")
def stories():
    return {case.name: sg.play(root_of(case)).story for case in CASES}


def test_every_backward_step_is_explained(stories):
    for name, story in stories.items():
        for step in story.steps:
            if step.phase == "backward":
                assert step.note, (name, step.text)
                assert re.fullmatch(r".*[^.]\.|.*= \S.*", step.note), step.note
                assert "{" not in step.note


def test_formulas_and_titles_of_all_operations_speak_chinese(stories):
    for name, story in stories.items():
        said = [step.text for step in story.steps] + [story.title(node) for node in story.nodes]
        for text in said:
            translated = formula_text(text, "zh").replace("log softmax", "log_softmax")
            assert not PROSE.search(translated), (name, translated)


def test_common_operations_have_a_sentence_of_their_own(stories):
    said = {}
    for story in stories.values():
        steps = [step for step in story.steps if step.phase == "backward" and step.edges]
        for step, (node, _, _) in zip(steps, story.arrivals, strict=True):
            said.setdefault(node.op.name, set()).add(step.note)
    general = [name for name, notes in said.items() if any("by its derivative rule" in note for note in notes)]
    assert len(general) < len(said) / 4, general


@pytest.mark.parametrize(
    ("f", "note"),
    [
        (lambda x: x + 5.0, "A sum passes its gradient on unchanged: x gets 1.0."),
        (lambda x: 5.0 - x, "A term that is subtracted gets the gradient with its sign changed: x gets -1.0."),
        (lambda x: x * 4.0, "A product gives each factor the gradient times the other factors: 1.0 × 4.0 = 4.0."),
        (lambda x: x**3, "A power brings its exponent down: x ** 3 has the slope 3 * x ** 2, here 12.0."),
        (lambda x: x.relu(), "relu is a gate: x = 2.0 is positive, so the gradient passes unchanged."),
        (lambda x: (-x).relu(), "relu is a gate: v1 = -2.0 is not positive, so it is shut and no gradient passes."),
        (lambda x: sg.maximum(x, 5.0), "maximum routes the gradient to the operand that it chose: x gets 0.0."),
        (lambda x: x.sin(), "sin has the slope cos(x), here -0.416147."),
    ],
)
def test_rules_of_numbers_in_words(f, note):
    steps = sg.play(f(sg.Value(2.0, label="x"))).story.steps
    assert note in [step.note for step in steps]


def test_rules_of_arrays_in_words():
    x = sg.tensor([[1.0, -2.0], [3.0, 4.0]], requires_grad=True, label="x")
    b = sg.tensor([1.0, 1.0], requires_grad=True, label="b")
    notes = [step.note for step in sg.play((x + b).relu().mean()).story.steps]
    assert "A mean shares its gradient out equally: each of 4 elements gets 1/4 of it." in notes
    assert "relu is a gate: the gradient passes where its input was positive, at 3 of 4 elements." in notes
    assert any(note.endswith("b was repeated over rows, so the gradients of its copies add up.") for note in notes)


def convolution():
    x = sg.tensor(np.arange(36.0).reshape(1, 6, 6, 1), label="x")
    kernel = sg.tensor(np.ones((3, 3, 1, 1)), requires_grad=True, label="kernel")
    return sg.max_pool2d(sg.conv2d(x, kernel).relu(), 2).sum()


def test_operations_on_arrays_are_called_as_users_say():
    logits = sg.tensor(np.eye(3), requires_grad=True, label="logits")
    loss = nn.functional.cross_entropy(logits, np.array([0, 1, 2]))
    assert [box.op for box in sg.draw(loss).picture.boxes][1:3] == ["log softmax", "pick the true class"]
    assert [box.op for box in sg.draw(convolution()).picture.boxes][2:] == [
        "conv 3 × 3",
        "relu",
        "max pool 2 × 2",
        "sum",
    ]
    assert sg.draw(logits.sum(axis=0)).picture.boxes[-1].op == "sum over rows"
    assert sg.draw(logits[:, 1]).picture.boxes[-1].op == "[:, 1]"
    texts = [step.text for step in sg.play(convolution()).story.steps]
    assert texts[1].startswith("v1 = conv2d(x, kernel) = ")
    assert texts[3].startswith("v3 = max_pool2d(v2, 2) = ")


@pytest.mark.parametrize(
    ("window", "text", "words"),
    [
        ({}, "max_pool2d(x, 2)", "max pool 2 × 2"),
        ({"stride": 1}, "max_pool2d(x, 2, stride=1)", "max pool 2 × 2, stride 1"),
        ({"stride": (2, 1)}, "max_pool2d(x, 2, stride=(2, 1))", "max pool 2 × 2, stride 2"),
        ({"padding": 1}, "max_pool2d(x, 2, padding=1)", "max pool 2 × 2, padding 1"),
    ],
)
def test_windows_are_written_as_their_user_did(window, text, words, rng):
    x = sg.tensor(rng.normal(size=(1, 4, 4, 1)), requires_grad=True, label="x")
    y = sg.max_pool2d(x, 2, **window)
    assert sg.play(y.sum()).story.steps[1].text.startswith(f"v1 = {text} = ")
    assert sg.draw(y).picture.boxes[-1].op == words


def test_a_convolution_is_written_as_its_user_did(rng):
    x = sg.tensor(rng.normal(size=(1, 4, 4, 1)), requires_grad=True, label="x")
    w = sg.tensor(rng.normal(size=(2, 2, 1, 1)), requires_grad=True, label="w")
    for window in ("", ", stride=2", ", padding=1", ", padding=((1, 0), (0, 1))", ", dilation=2"):
        options = eval(f"dict({window[2:]})")
        text = sg.play(sg.conv2d(x, w, **options).sum()).story.steps[1].text
        assert text.startswith(f"v1 = conv2d(x, w{window}) = ")


def test_no_text_speaks_internals():
    for root in (
        convolution(),
        nn.functional.cross_entropy(nn.Linear(3, 2, seed=0)(np.ones((4, 3), np.float32)), np.zeros(4, int)),
    ):
        shown = [step.text + step.note for step in sg.play(root).story.steps]
        assert not INTERNALS.search("\n".join([*shown, sg.draw(root, show="chain").text()]))


def test_fused_operations_are_drawn_as_what_was_written():
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, seed=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 13**2, 10, seed=1)
    )
    x = np.random.default_rng(0).normal(size=(8, 28, 28, 1)).astype(np.float32)
    loss = nn.functional.cross_entropy(model(x), np.arange(8))
    # This is what is tried, but there is no fused operation where autograd/fast is left out.
    assert "conv2d_relu_max_pool2d" in {node.op.name for node in ancestors(loss)} or not seam.layer_runs
    picture = sg.draw(loss, show="grads").picture
    ops = [box.op for box in picture.boxes]
    assert [op for op in ops if op in ("conv 3 × 3", "relu", "max pool 2 × 2")] == [
        "conv 3 × 3",
        "relu",
        "max pool 2 × 2",
    ]
    loss.backward()
    gradients = {box.name: box.gradient_in_full for box in picture.boxes if box.kind == "parameter"}
    assert set(gradients) == {"0.weight", "0.bias", "4.weight", "4.bias"}
    stored = {box.name: box.gradient_in_full for box in sg.draw(loss).picture.boxes if box.kind == "parameter"}
    assert stored["4.bias"] == gradients["4.bias"]


def ancestors(node):
    found, todo = set(), [node]
    while todo:
        node = todo.pop()
        if node.op is not None and node not in found:
            found.add(node)
            todo += node.inputs
    return found


def test_parameters_are_called_by_their_paths_in_the_model_that_is_alive():
    model = nn.Sequential(nn.Linear(2, 2, seed=0), nn.Tanh(), nn.Sequential(nn.Linear(2, 1, seed=1)))
    model[2][0].bias.label = "offset"
    loss = model(np.ones((1, 2), np.float32)).sum()
    names = {box.name for box in sg.draw(loss).picture.boxes if box.kind == "parameter"}
    assert names == {"0.weight", "0.bias", "2.0.weight", "offset"}
    assert "0.weight" in {box.name for box in sg.draw(loss, zoom="ops").picture.boxes}


def test_modules_of_other_libraries_are_left_alone():
    class Foreign:
        def named_children(self):
            raise RuntimeError("nobody may ask")

        named_parameters = named_children

    others = [Foreign()]
    model = nn.Linear(2, 1, seed=0)
    names = {box.name for box in sg.draw(model(np.ones((1, 2), np.float32))).picture.boxes if box.kind == "parameter"}
    assert others
    assert names == {"weight", "bias"}


def test_gradients_between_are_shown_after_backward_if_they_are_those_of_the_leaves():
    x = sg.tensor([1.0, 2.0], requires_grad=True, label="x")
    loss = (x.tanh() * 3.0).sum()
    loss.backward()
    assert all(box.gradient for box in sg.draw(loss).picture.boxes)
    loss.backward()  # accumulates
    picture = sg.draw(loss).picture
    assert [bool(box.gradient) for box in picture.boxes] == [True, False, False, False]
    assert "not those of this result alone" in picture.notes[0]


def test_counts_look_different_from_derivatives():
    w = sg.Value(2.0, label="w")
    loss = sum((w * float(i) - 1.0) ** 2 for i in range(10))
    picture = sg.draw(loss, fold=True).picture
    shown = [box.name for box in picture.boxes] + [arrow.label for arrow in picture.arrows]
    assert "10 edges" in shown
    assert not any("×" in text for text in shown)


def test_a_change_of_shape_says_once_to_what():
    x = sg.tensor([1.0, 2.0], requires_grad=True, label="x")
    assert "(broadcast to 3 × 2)" in str(sg.draw(np.broadcast_to(x, (3, 2))))
    assert "(sum to a number)" in str(sg.draw(sum_to(x, ())))
