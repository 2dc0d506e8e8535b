"""Searching the site for a question finds the page that answers it."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import pytest
from package_files import ROOT
from questions import QUESTIONS

SITE = ROOT / "build" / "docs" / "html"
FOUND = "return [...document.querySelectorAll('#search-results li a')].map((a) => a.getAttribute('href'))"
DONE = "return Boolean(document.querySelector('#search-results li')) && !Search._pulse_status"
FIRST = 5


class Quiet(SimpleHTTPRequestHandler):
    """Serve files without a word."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    if not SITE.exists():
        pytest.skip("there is no site to search; `make docs` builds it")
    server = ThreadingHTTPServer(("localhost", 0), partial(Quiet, directory=SITE))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("question", "page"), QUESTIONS)
def test_a_question_finds_its_page_among_the_first(question, page, address, driver):
    from selenium.webdriver.support.wait import WebDriverWait

    driver.get(f"{address}/search.html?{urlencode({'q': question})}")
    WebDriverWait(driver, 30, 0.05).until(lambda driver: driver.execute_script(DONE))
    found = [link.partition("?")[0].partition("#")[0] for link in driver.execute_script(FOUND)]
    assert page.replace(".md", ".html") in list(dict.fromkeys(found))[:FIRST]
