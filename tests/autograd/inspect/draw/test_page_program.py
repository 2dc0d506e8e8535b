"""The program of a player's page, run by a browser: values and gradients are those of the engine."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import random_graphs
from operation_cases import CASES
from random_graphs import leaves_of

import seegrad as sg
from seegrad.autograd.inspect.draw.page_files import OPERATIONS, packed_script, page_script
from seegrad.autograd.inspect.programs.page_code import page_code
from seegrad.autograd.inspect.programs.page_program import UnplayableError, page_program

GRAPHS = 200
EVERYTHING = frozenset().union(*OPERATIONS.values())


@pytest.fixture(scope="module")
def page(driver, tmp_path_factory):
    """A page with the scripts that run programs."""
    script = page_script(EVERYTHING)
    file = tmp_path_factory.mktemp("program") / "page.html"
    names = "$arrays, $program"
    file.write_text(f"<meta charset=utf-8><script type=module>{script}\nObject.assign(window, {names});</script>")
    driver.get(file.as_uri())
    return driver


RUN = """
return JSON.parse(arguments[0]).map(([code, changes]) => {
  const program = new Program(code);
  const held = program.set(changes.map(([key, data]) => [key, Float64Array.from(data)]));
  const numbers = Object.keys(code.places).map((source) => [source, [...program.at(source).data].map(String)]);
  return [held, Object.fromEntries(numbers)];
});"""


def code_of(story):
    return page_code(page_program(story), story.keys)


def run(page, codes):
    """Return what the page computes: whether the program holds, and numbers by source."""
    return [
        (
            held,
            {source: np.array([float(x.replace("Infinity", "inf")) for x in data]) for source, data in found.items()},
        )
        for held, found in page.execute_script(RUN, json.dumps(codes))
    ]


def agree(found, expected, relative):
    scale = max(
        [1.0, *[np.max(np.abs(x), initial=0) for x in map(np.asarray, expected.values()) if np.isfinite(x).all()]]
    )
    for source, numbers in expected.items():
        np.testing.assert_allclose(
            found[source], np.ravel(numbers), rtol=relative, atol=relative * 1e-3 * scale, err_msg=source
        )


def test_a_program_does_not_hold_where_a_gradient_behind_a_choice_is_not_finite(page):
    x = sg.tensor([4.0, 9.0], requires_grad=True)
    story = sg.play(sg.where(x.data > 0, sg.sqrt(x), 0.0).sum()).story
    codes = [[code_of(story), [["n0", numbers]]] for numbers in ([1.0, 16.0], [-1.0, 16.0])]
    assert [held for held, _ in run(page, codes)] == [True, False]


def leaves_in(story):
    """Return the numbers of all leaves by their keys."""
    return [[story.keys[x], np.ravel(x._plain).tolist()] for x in story.nodes if x.op is None]


def test_random_graphs_with_other_numbers(page):
    codes, expected = [], []
    for seed in range(GRAPHS):
        kind = ("numbers", "arrays")[seed % 2]
        data, build = getattr(random_graphs, kind)(seed)
        story = sg.play(build(leaves_of(data, kind))).story
        rng = np.random.default_rng(seed + 5_000)
        again = sg.play(build(leaves_of([x + rng.uniform(-1, 1, np.shape(x)) for x in data], kind))).story
        assert [story.names[x] for x in story.nodes] == [again.names[x] for x in again.nodes]
        codes.append([code_of(story), leaves_in(again)])
        expected.append(again.numbers)
    found = run(page, codes)
    assert sum(held for held, _ in found) > 0.95 * GRAPHS
    for (held, numbers), wanted in zip(found, expected):
        if held:
            agree(numbers, wanted, 1e-9)


def one_case_of_each_operation():
    """Functions of real arrays and their inputs: a few cases of each operation."""
    cases = {}
    for case in CASES:
        if not any(np.iscomplexobj(x) for x in case.inputs):
            cases.setdefault(case.name.partition("[")[0], []).append(case)
    found = [case for some in cases.values() for case in (some[0], *some[1::5])]
    return [*[(case.f, case.inputs) for case in found], *FURTHER]


#: Calls that no case makes.
FURTHER = [
    (lambda x, y: sg.clip(x, y), (np.array([1.0, 2.0, 3.0]), np.array([2.5, 1.5, 0.5]))),
]


def test_every_operation_gives_what_the_engine_does(page):
    codes, expected, reached = [], [], set()

    def story_of(f, arrays):
        xs = [sg.tensor(x, requires_grad=True, label=f"x{i}") for i, x in enumerate(arrays)]
        return sg.play(sg.sin(f(*xs)).sum()).story

    for f, inputs in one_case_of_each_operation():
        arrays = [np.asarray(x, np.float64) for x in inputs]
        try:
            story = story_of(f, arrays)
            code = code_of(story)
        except (UnplayableError, ValueError):  # among them graphs too large to be played
            continue
        other = [x * 1.001 + 1e-4 * np.linspace(0, 1, x.size).reshape(x.shape) for x in arrays]
        again = story_of(f, other)
        reached.update(line[0] for line in code["code"])
        codes.append([code, leaves_in(again)])
        expected.append(again.numbers)
    # The first is what a stand-in for a number may be told to be; without autograd/fast, nothing makes the other.
    assert EVERYTHING - reached - {"conv2d_with_bias"} == {"float"}
    for (held, numbers), wanted in zip(run(page, codes), expected):
        assert held
        agree(numbers, wanted, 1e-9)


def test_the_page_has_the_operations_that_programs_may_have(page):
    assert set(page.execute_script("return Object.keys(OPERATIONS)")) == EVERYTHING


@pytest.mark.parametrize(
    "content",
    ["", "a", "abc" * 5_000, "ähnlich 梯度 \u2212", random.Random(0).randbytes(70_000).hex()],
    ids=["empty", "one", "repeated", "letters", "random"],
)
def test_packed_scripts_run(content, page):
    page.execute_script(packed_script(f"window.content = {json.dumps(content, ensure_ascii=False)};"))
    assert page.execute_script("return window.content") == content
