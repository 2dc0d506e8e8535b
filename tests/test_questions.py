"""The page of questions names, for each question, a page that answers it."""

from __future__ import annotations

import re

from questions import DOCS, PAGE, QUESTIONS


def test_there_are_thirty_questions_or_more_each_asked_once():
    assert len(QUESTIONS) == len(re.findall(r"^- ", PAGE, re.MULTILINE)) >= 30
    assert len({question for question, _ in QUESTIONS}) == len(QUESTIONS)


def test_each_page_for_users_answers_a_question():
    pages = {
        path.relative_to(DOCS).as_posix()
        for name in ("start", "how_to", "programs", "coming_from")
        for path in (DOCS / name).glob("*.md")
    }
    assert {page for _, page in QUESTIONS} == pages
