"""The player as a quiz: the next number is hidden, asked for, judged and counted."""

from __future__ import annotations

import json

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.inspect.draw import render

pytestmark = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")

DESKTOP, PHONE = (1280, 900), (390, 844)


def expression():
    a, b, c = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b"), sg.Value(10.0, label="c")
    return (a * b + c) * a


def layer():
    x = sg.tensor(np.arange(6.0).reshape(2, 3) / 7, label="x")
    W = sg.tensor(np.arange(6.0).reshape(3, 2) / 9 - 1, requires_grad=True, label="W")
    return (x @ W).tanh().mean()


def large():
    x = sg.tensor(np.arange(100.0), requires_grad=True, label="x")
    return (x * 2.0).mean()


def text(driver, selector):
    return driver.find_element("css selector", selector).text


def answer(driver, number):
    field = driver.find_element("css selector", ".quiz input")
    field.clear()
    field.send_keys(f"{number}\n")


def button(driver, name):
    return driver.find_element("xpath", f"//form[contains(@class, 'quiz')]//button[text()='{name}']")


def truth(playing, driver):
    """Return the number that is asked for, from the steps in Python."""
    at = int(driver.find_element("css selector", ".seegrad-player").get_attribute("data-step"))
    story, step = playing.story, playing.story.steps[at]
    data = (
        story.nodes[int(step.node[1:])]._plain
        if step.phase == "forward"
        else json.loads(next(iter(step.grads.values()))[1])
    )
    question = text(driver, ".quiz label")
    place = tuple(json.loads(question.partition("index ")[2].split("]")[0] + "]")) if "index" in question else ()
    return float(np.asarray(data)[place])


@pytest.mark.parametrize("make", [expression, layer])
def test_right_answers_lead_through_the_whole_quiz_by_the_keyboard(make, show):
    playing = sg.play(make(), quiz=True)
    driver = show(playing, step=1)
    asked = 0
    driver.find_element("css selector", ".quiz input").click()
    while True:
        field = driver.switch_to.active_element
        if field.tag_name != "input":
            break
        number = truth(playing, driver)
        field.send_keys(f"{number * 1.004:.6g}\n")  # what is less than a hundredth off is right
        asked += 1
        assert text(driver, ".quiz .feedback").startswith("Right: ")
        assert text(driver, ".quiz .score") == f"{asked} of {asked} right"
        driver.switch_to.active_element.send_keys("\n")  # on the button that leads on
    story = playing.story
    assert asked == sum(step.phase in ("forward", "backward") for step in story.steps)
    assert text(driver, ".formula") == story.steps[-1].text


#: All that a reader or a screen reader finds, and what scripts and tests read.
SEEN = """
const root = document.querySelector(".seegrad-player");
const attributes = [...root.querySelectorAll("*")].flatMap((element) => [...element.attributes])
  .filter(({ name }) => ["aria-label", "title", "data-value", "data-grad", "data-sum"].includes(name));
const texts = [...root.querySelectorAll("svg text, svg title")];
const shown = texts.filter((e) => getComputedStyle(e).visibility !== "hidden");
return [root.innerText, ...attributes.map(({ value }) => value), ...shown.map((e) => e.textContent)].join("\\n");"""


def test_nothing_in_the_page_betrays_an_answer(show):
    playing = sg.play(lambda a, b: (a * 1.7 + b * 13.0).tanh() * a, 0.31, 0.07, quiz=True)
    driver = show(playing)
    driver.find_element("xpath", "//button[text()='Local derivatives']").click()
    driver.execute_script("document.getElementById('n0').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    for at in range(1, len(playing.story.steps) - 1):
        driver.find_element("css selector", "button[title='One step on (right arrow)']").click()
        assert driver.find_element("css selector", ".quiz input").is_displayed()
        seen, number = driver.execute_script(SEEN), truth(playing, driver)
        known = {step.text for step in playing.story.steps[:at]}
        if not any(f"{number:.6g}" in line for line in known):  # a sum passes a gradient on that is known
            assert f"{number:.6g}"[:6] not in seen, (at, number)


def test_wrong_answers_get_words_and_do_not_count(show):
    playing = sg.play(expression(), quiz=True)
    step = next(i for i, step in enumerate(playing.story.steps) if step.text.startswith("dout/da +="))
    driver = show(playing, step=step)
    assert text(driver, ".formula") == "dout/da += ?"
    assert text(driver, ".quiz label") == "What is dout/da after this step?"
    for given, said in (
        ("seven", "Type a number, such as -1.5, 2e-3 or 1/3."),
        ("", "Type a number, such as -1.5, 2e-3 or 1/3."),
        ("7", "Not yet. Try again, or take a hint."),
        ("2", "The size is right. Look at the sign."),
        ("-6", "That is what this step adds. It is added to what has arrived before, 4.0."),
    ):
        answer(driver, given)
        assert text(driver, ".quiz .feedback") == said
        assert text(driver, ".quiz .score") == "0 of 0 right"
    answer(driver, "-4/2")
    assert text(driver, ".quiz .feedback") == "Right: -2.0."
    assert text(driver, ".quiz .score") == "0 of 1 right"
    assert text(driver, ".formula") == playing.story.steps[step].text


def test_hints_go_from_the_rule_to_the_answer(show):
    playing = sg.play(expression(), quiz=True)
    step = next(i for i, step in enumerate(playing.story.steps) if step.text.startswith("dout/da +="))
    driver = show(playing, step=step)
    button(driver, "Hint").click()
    rule = "A product gives each factor the gradient times the other factors: 2.0 × (-3.0) = ?."
    assert text(driver, ".quiz .feedback").startswith(rule)
    button(driver, "Hint").click()
    assert text(driver, ".quiz .feedback") == "dout/da += dout/dv1 * b"
    button(driver, "Hint").click()
    assert text(driver, ".quiz .feedback") == "The answer is -2.0."
    assert text(driver, ".quiz .score") == "0 of 1 right"
    button(driver, "Next").click()
    driver.find_element("css selector", "button[title='One step back (left arrow)']").click()
    assert text(driver, ".formula") == playing.story.steps[step].text  # it is known now


def test_the_quiz_is_switched_in_the_page(show):
    playing = sg.play(expression())
    driver = show(playing, step=3)
    assert not driver.find_element("css selector", ".quiz").is_displayed()
    switch = driver.find_element("xpath", "//button[text()='Quiz']")
    switch.click()
    items = [item.text for item in driver.find_elements("css selector", ".steps li")]
    assert items[:3] == [step.text for step in playing.story.steps[:3]]
    assert all(item.endswith("?") for item in items[3:])
    switch.click()
    assert [item.text for item in driver.find_elements("css selector", ".steps li")][3] == playing.story.steps[3].text


def test_large_arrays_are_not_asked_for(show):
    playing = sg.play(large(), quiz=True)
    driver = show(playing, step=1)
    assert not driver.find_element("css selector", ".quiz input").is_displayed()
    assert text(driver, ".formula") == playing.story.steps[1].text
    button(driver, "Next").click()
    assert text(driver, ".quiz label") == "What is the value of out?"


def test_the_quiz_asks_for_the_numbers_that_somebody_has_set(show):
    playing = sg.play(expression(), quiz=True)
    step = next(i for i, step in enumerate(playing.story.steps) if step.text.startswith("dout/da +="))
    driver = show(playing, step=step)
    driver.find_element("css selector", "#n1").send_keys("5")  # b: what is typed goes into its field
    field = driver.switch_to.active_element
    assert (field.get_attribute("class"), field.get_attribute("value")) == ("number", "5")
    answer(driver, -2)
    assert text(driver, ".quiz .feedback") == "Not yet. Try again, or take a hint."
    answer(driver, 30)  # 2 a b + c
    assert text(driver, ".quiz .feedback") == "Right: 30.0."
    assert text(driver, ".formula") == "dout/da += dout/dv1 * b = 2.0 * 5.0 = 10.0"
    assert not driver.find_element("css selector", ".live .nudge").is_displayed()  # it tells the gradient


def test_playing_stops_at_a_question(show):
    driver = show(sg.play(expression(), quiz=True))
    driver.find_element("xpath", "//button[text()='Play']").click()
    at = "return document.querySelector('.seegrad-player').dataset.step"
    driver.execute_async_script("setTimeout(arguments[0], 2200)")
    assert driver.execute_script(at) == "1"
    assert driver.find_elements("xpath", "//button[text()='Play']")


def test_the_quiz_fits_a_phone_and_axe_finds_nothing(show):
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    for theme, size in (("light", PHONE), ("dark", DESKTOP)):
        driver = show(sg.play(expression(), quiz=True), step=6, size=size, theme=theme)
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        found = axe.run(driver)
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
