"""The gallery: the graphs of ``gallery.py``, each with its code, its drawing and its player."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

from .gallery import GRAPHS, training
from .written_pages import ROOT

HEAD = """# Gallery

Graphs as `sg.draw` shows them, from one neuron to Newton's method. Behind each picture is its player: step through the
computation, forward and backward. Inputs are blue, parameters are yellow, the result is green.
"""


def pages() -> dict[str, str]:
    """Return the page of the gallery, its drawings, and the pages of the players."""
    parts, found = [HEAD], {}
    for example, options in GRAPHS.items():
        result = example()
        result.backward()
        name = example.__name__
        found[f"gallery/{name}.svg"] = result.draw(**options).render("svg").decode()
        found[f"players/{name}.html"] = result.play().html()
        parts.append(_entry(example, options))
    found["players/training.html"] = training().html()
    parts.append(_entry_of_training())
    return {"gallery.md": "\n".join(parts), "players/index.html": _player_of_the_first_page(), **found}


def _player_of_the_first_page() -> str:
    """Return the page of the player of the code that the first page shows."""
    code = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    return names["loss"].play().html()


def _entry_of_training() -> str:
    """Return the entry of a training: a page in the place of a drawing."""
    title, _, text = inspect.getdoc(training).partition("\n")
    code = _body(training).replace("return record", 'record.save("training.html")')
    return (
        f"## {title.rstrip('.')}\n{text}\n\n```{{raw}} html\n"
        f'<p class="ways"><a href="players/training.html">Go through it</a></p>\n```\n\n'
        f"```python\n{code}\n```\n"
    )


def code_of(example: Callable[[], Any], options: dict[str, Any]) -> str:
    """Return the body of a function of the gallery, which draws its result in the end."""
    drawn = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return re.sub(r"return (\w+)$", rf"\1.backward()\n\1.draw({drawn})\n", _body(example))


def _body(example: Callable[[], Any]) -> str:
    """Return the code of a function behind its docstring."""
    return textwrap.dedent(inspect.getsource(example).partition('"""')[2].partition('"""')[2]).strip()


def _entry(example: Callable[[], Any], options: dict[str, Any]) -> str:
    title, _, text = inspect.getdoc(example).partition("\n")
    name = example.__name__
    return (
        f"## {title.rstrip('.')}\n{text}\n\n```{{raw}} html\n"
        f'<div class="drawing"><img src="gallery/{name}.svg" alt="The graph of: {title.rstrip(".")}"></div>\n'
        f'<p class="ways"><a href="players/{name}.html">Step through it</a></p>\n```\n\n'
        f"```python\n{code_of(example, options)}```\n"
    )
