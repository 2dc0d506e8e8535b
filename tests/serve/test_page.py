"""The page in a browser: someone draws a digit by mouse, finger or keys, and reads the answer."""

from __future__ import annotations

import numpy as np
import pytest
from digit_page import DESKTOP, ONE, PHONE, SEVEN, THREE, Page
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys


@pytest.fixture
def page(driver):
    driver.get_log("browser")
    return Page(driver)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("size", "kind"), [(DESKTOP, "mouse"), (PHONE, "touch")], ids=["desktop", "phone"])
def test_a_drawn_digit_is_answered_and_explained(page, client, size, kind, theme):
    page.open(client, size, theme)
    assert page.answer() == "–"
    assert not page.element("inside").is_displayed()
    page.draw(THREE, kind)
    page.wait_for_answer("3")
    shares = [bar.text for bar in page.driver.find_elements("css selector", "#bars .share")]
    assert len(shares) == 10
    assert float(shares[3].rstrip(" %")) == max(float(share.rstrip(" %")) for share in shares)
    assert page.driver.find_element("css selector", "#bars .first .name").text == "3"
    assert f"{shares[3]} sure" in page.element("answer").text
    assert len(np.unique(page.pixels("#why")[..., :3].reshape(-1, 3), axis=0)) > 50
    layers = page.driver.find_elements("css selector", ".layer")
    assert [layer.find_element("tag name", "h3").text for layer in layers] == ["Conv2d", "ReLU", "Linear"]
    assert page.pixels(".layer canvas").std() > 5
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    dark = page.driver.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 21)"
    assert dark == (theme == "dark")
    assert page.complaints() == []


def test_a_small_digit_gets_a_thin_pen_and_is_read_as_well(page, client):
    def ink(way):
        page.element("clear").click() if page.element("clear").is_enabled() else None
        page.draw(way)
        page.wait_for_answer("3")
        drawn = page.pixels("#paper")[..., 3] > 128
        rows = np.flatnonzero(drawn.any(axis=1))
        return drawn.sum(), np.ptp(rows)

    page.open(client)
    large, height = ink(THREE)
    small, small_height = ink([(0.6 + 0.2 * (x - 0.5), 0.4 + 0.2 * (y - 0.5)) for x, y in THREE])
    assert small_height < 0.4 * height
    # Strokes cover the digit's height times the pen's width: the pen shrinks with the digit.
    assert small / small_height**2 < 2 * large / height**2


def test_what_speaks_for_and_against_differs_in_grey(page, client):
    for theme in ("light", "dark"):
        page.open(client, theme=theme)
        read = "return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim()"
        colors = [page.driver.execute_script(read, name) for name in ("--for", "--against")]
        grey = [np.dot([int(c[i : i + 2], 16) for i in (1, 3, 5)], [0.299, 0.587, 0.114]) for c in colors]
        assert abs(grey[0] - grey[1]) > 60


def test_keys_alone_can_draw_undo_and_clear(page, client):
    page.open(client)
    paper = page.element("paper")
    down, up = [Keys.ARROW_DOWN] * 9, [Keys.ARROW_UP] * 9
    paper.send_keys(*up, " ", *down, *down, " ")
    page.wait_for_answer("1")
    drawn = page.pixels("#paper")[..., 3] > 200
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert np.ptp(rows) > 5 * np.ptp(columns)
    paper.send_keys(Keys.BACKSPACE)
    page.wait_for_answer("–")
    assert not page.element("clear").is_enabled()
    paper.send_keys(" ", Keys.ARROW_LEFT, Keys.ARROW_LEFT, " ", Keys.DELETE)
    page.wait_for_answer("–")
    assert page.complaints() == []


def test_buttons_undo_a_stroke_and_clear(page, client):
    page.open(client)
    page.draw(ONE)
    page.wait_for_answer("1")
    one = page.pixels("#paper")
    page.draw([(0.1, 0.1), (0.9, 0.9)])
    assert (page.pixels("#paper") != one).any()
    ActionChains(page.driver).click(page.element("undo")).perform()
    page.wait_for_answer("1")
    np.testing.assert_array_equal(page.pixels("#paper"), one)
    page.element("clear").click()
    page.wait_for_answer("–")
    assert page.pixels("#paper").max() == 0


def test_it_says_that_the_server_does_not_answer_and_goes_on_when_it_does(page, serve_model):
    with serve_model(rate=0.5, burst=1) as client:
        page.open(client)
        page.draw(SEVEN)
        page.wait_for(lambda: "busy" in page.element("status").text)
        page.wait_for(lambda: page.answer() == "7" and page.element("status").text == "")
    page.draw(THREE)
    page.wait_for(lambda: "does not answer" in page.element("status").text)


def test_nothing_is_asked_of_other_hosts(page, client):
    page.open(client)
    page.draw(SEVEN)
    page.wait_for_answer("7")
    asked = page.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert any("predict" in url for url in asked)
    assert [url for url in asked if not url.startswith((client.url, "data:"))] == []
