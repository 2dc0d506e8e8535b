"""The sections of the site: a page for each, which lists its pages."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

from .api_pages import SUBJECTS

#: Sections in their order: title, text, and the pages, by name or pattern; those that are not there are left out, and
#: so are those of a pattern with ``!``. A heading begins another list.
SECTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "start": (
        "Start",
        "Install it, try it for ten minutes, and see what there is.",
        ("start/install", "start/ten*", "start/*"),
    ),
    "course": (
        "The course",
        "Twelve notebooks, from one multiplication to networks that read handwriting and write names. The players in "
        "these pages play. Download a notebook, or open all of them in a checkout with `jupyter lab notebooks`; in "
        "Colab, upload what you have downloaded.",
        (
            *("course/*", "!course/*_zh", "lite"),
            "## 中文版\n\n十二课，从一次乘法到识别手写数字、写出名字的网络。"
            "页面里的播放器可以直接播放，数值可以拖动，还会向你提问。",
            "course/*_zh",
        ),
    ),
    "how_to": ("How to", "One page for each job, and all questions on one.", ("questions", "how_to/*")),
    "programs": (
        "Programs",
        "Ten programs of the kind that one writes with NumPy and SciPy, with derivatives in them. Each makes data "
        "whose truth is known, finds it, and checks the result by a computation that needs no derivatives from here.",
        ("programs/*",),
    ),
    "coming_from": (
        "Coming from elsewhere",
        "What has another name here, and what differs.",
        ("coming_from/*", "differences"),
    ),
    "reference": (
        "Reference",
        "Every public name, every operation with its derivative, every command.",
        (
            *(f"reference/{subject}" for subject in SUBJECTS),
            "reference/operations",
            "reference/commands",
            "compile",
            "complex",
            "numpy_coverage",
        ),
    ),
    "project": (
        "The project",
        "How it is built, how quick it is, what has changed, and how to take part.",
        ("architecture", "benchmarks", "changelog", "contributing"),
    ),
}


def pages(others: Iterable[str], repository: str) -> dict[str, str]:
    """Return the pages of the sections.

    Parameters
    ----------
    others : iterable of str
        The pages that there are.
    repository : str
        The public address of the repository; empty if it has none.
    """
    there = sorted(name.rpartition(".")[0] for name in others if name.endswith((".md", ".rst", ".ipynb")))
    found = {}
    for section, (title, sentence, patterns) in SECTIONS.items():
        elsewhere = [f"Repository <{repository}>"] if repository and section == "project" else []
        text, group = [f"# {title}\n\n{sentence}"], list[str]()
        for pattern in patterns:
            if pattern.startswith("#"):
                text += [_toctree(there, group), pattern]
                group = []
            else:
                group.append(pattern)
        found[f"{section}.md"] = "\n\n".join([*text, _toctree(there, group, elsewhere)]) + "\n"
    return found


def _toctree(there: Iterable[str], patterns: list[str], elsewhere: Iterable[str] = ()) -> str:
    """List the pages of some patterns, each once, and what is elsewhere."""
    not_listed = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    names = [name for name in there if not any(fnmatch(name, pattern) for pattern in not_listed)]
    listed = dict.fromkeys(name for pattern in patterns for name in names if fnmatch(name, pattern))
    return "\n".join(["```{toctree}", ":maxdepth: 1", "", *listed, *elsewhere, "```"])
