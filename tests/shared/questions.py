"""The questions that the pages answer, each with its page."""

from __future__ import annotations

import re

from package_files import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "questions.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^- (How do .+\?) \[.+\]\((.+\.md)\)$", PAGE, re.MULTILINE)
