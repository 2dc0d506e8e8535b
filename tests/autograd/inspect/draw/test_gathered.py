"""Sums and products of many terms as one node, constants inside their operation; gradients stay the engine's."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg


def boxes(root, **options):
    return {box.name or box.op: box for box in sg.draw(root, show="chain", **options).picture.boxes}


def values(count):
    return [sg.Value(i / 3 - 1.0, label=f"x{i}") for i in range(count)]


def test_a_sum_of_twenty_terms_is_one_node_and_every_gradient_is_seen():
    terms = values(20)
    total = sum(terms[1:], terms[0]) * 3.0
    picture = sg.draw(total, show="grads").picture
    assert len(picture.boxes) == 22
    assert [box.gradient for box in picture.boxes if box.kind == "input"] == [["3.0"]] * 20
    plus = next(box for box in picture.boxes if box.op == "+")
    assert sum(arrow.head == plus.key for arrow in picture.arrows) == 20


def test_factors_of_a_product_have_the_product_of_the_others_on_their_edges():
    a, b, c = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b"), sg.Value(0.5, label="c")
    picture = sg.draw(a * b * 4.0 * c, show="chain").picture
    names = {box.key: box.name for box in picture.boxes}
    assert {names[arrow.tail]: arrow.label for arrow in picture.arrows} == {"a": "× -6.0", "b": "× 4.0", "c": "× -24.0"}
    assert picture.boxes[-1].op == "a * b * 4 * c"


def test_what_is_subtracted_keeps_its_sign():
    a, b, c = sg.Value(2.0, label="a"), sg.Value(5.0, label="b"), sg.Value(7.0, label="c")
    root = a - (b + c) - 1.0
    picture = sg.draw(root, show="chain").picture
    assert picture.boxes[-1].op == "a - b - c - 1"
    assert [arrow.label for arrow in picture.arrows] == ["× 1.0", "× -1.0", "× -1.0"]
    assert sg.play(root).story.steps[1].text == "out = a - b - c - 1.0 = 2.0 - 5.0 - 7.0 - 1.0 = -11.0"


@pytest.mark.parametrize("reason", ["label", "read twice", "hook", "broadcast", "result"])
def test_a_part_is_drawn_by_itself_if(reason):
    a, b, c = (sg.tensor([1.0, 2.0], requires_grad=True, label=name) for name in "abc")
    part = a + b
    root = part + c
    if reason == "label":
        part.label = "part"
    elif reason == "read twice":
        root = root * part
    elif reason == "hook":
        part.register_hook(lambda g: g)
    elif reason == "broadcast":
        root = part + sg.tensor(np.ones((3, 2)), requires_grad=True)
    else:
        root = part
    shown = sg.draw(root).picture.boxes
    assert any(box.op in ("+", "a + b") and box.lines == ["[2.0, 4.0]"] for box in shown)


def test_constants_stand_inside_their_operation_and_tooltips_have_all_their_digits():
    x = sg.Value(2.0, label="x")
    box = sg.draw(x * (1 / 3)).picture.boxes[-1]
    assert (box.op, box.op_in_full) == ("x * 0.333333", f"x * {1 / 3!r}")
    for root, op in ((x**2, "x ** 2"), (1 / x, "1 / x"), (3 - x, "3 - x"), (sg.maximum(x, 0.5), "maximum(x, 0.5)")):
        picture = sg.draw(root).picture
        assert [b.kind for b in picture.boxes] == ["input", "result"]
        assert picture.boxes[-1].op == op
    assert sg.draw((x + 1.0).tanh() ** 2).picture.boxes[-1].op == "· ** 2"


def test_a_long_chain_of_terms_takes_no_time_and_no_room():
    x = sg.Value(1.0, label="x")
    total = x
    for _ in range(20_000):
        total = total + x * 0.5
    picture = sg.draw(total, fold=True, show="grads").picture
    assert len(picture.boxes) == 3
    assert picture.boxes[0].gradient == ["10001.0"]


def test_random_sums_and_products_have_the_gradients_of_the_engine(rng):
    for _ in range(30):
        leaves = values(5)
        pool = list(leaves)
        for _ in range(12):
            a, b = (pool[i] for i in rng.integers(len(pool), size=2))
            pool.append([a + b, a - b, a * b, a * 0.5, 2.0 - a][rng.integers(5)])
        root = pool[-1] + pool[-2]
        story = sg.play(root).story
        found = {}
        for step in story.steps:
            found.update({key: float(numbers) for key, (_, numbers, _) in step.grads.items()})
        root.backward()
        for leaf in leaves:
            if leaf in story.keys and story.keys[leaf] in found:
                assert found[story.keys[leaf]] == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12)
