"""The digit page as one HTML file, which holds the network and needs no server."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..common.atomic_file import write_atomically
from ..common.javascript_modules import joined_modules
from ..nn import Module
from ..nn.model_info import ModelInfo
from .network_program import class_names_of, network_program, number_of_weights
from .predictor import IMAGE_SHAPE

__all__ = ["export_page"]

_PAGE = Path(__file__).parent / "page"

#: Nothing may be loaded or sent: browsers enforce that.
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'\">"
)


def export_page(model: Module, path: str | os.PathLike[str], class_names: Sequence[str] | None = None) -> Path:
    """Write the page where one draws a digit as one HTML file, which runs the network itself.

    The file needs no server, no network and no other file; it can be sent by mail or put on any site. Its predictions
    are those of the model to about 1e-5. It is about as large as the weights are in base64, 5.3 bytes each.

    Parameters
    ----------
    model : Module
        A ``Sequential`` of layers such as those of :func:`seegrad.nn.models.mnist_cnn`; it takes images
        ``(n, 28, 28, 1)`` and returns scores ``(n, classes)``. It is exported in evaluation mode, with the
        preprocessing that its ``info`` names.
    path : path
        Ends in ``.html``.
    class_names : sequence of str, optional
        By default those of its ``info``, or else the numbers of the classes.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the model has a layer that the page cannot run, is no such classifier, or the names or the ending do not fit.

    Examples
    --------
    >>> from seegrad.serve import export_page
    >>> file = export_page(sg.nn.models.mnist_cnn(seed=0), "digits.html")
    >>> 490_000 < file.stat().st_size < 560_000
    True
    """
    file = Path(path)
    if file.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"the page is an HTML file: its name ends in .html, not in {file.suffix!r}")
    info = model.info or ModelInfo()
    if info.input_shape not in (None, IMAGE_SHAPE):
        raise ValueError(f"the model takes examples of shape {info.input_shape}, not images of shape {IMAGE_SHAPE}")
    program = network_program(model)
    names = class_names_of(model, class_names, program[-1]["shape"][0])
    # Escaped, so that no name can end the script.
    network = json.dumps({"program": program, "classes": names}, separators=(",", ":")).replace("<", "\\u003c")
    about = f"This page holds the network itself, {number_of_weights(model):,} weights: nothing that you draw is sent."
    write_atomically(file, _page(network, about).encode())
    return file


def _page(network: str, about: str) -> str:
    page = (_PAGE / "index.html").read_text(encoding="utf-8")
    style = (_PAGE / "page.css").read_text(encoding="utf-8")
    script = joined_modules(_PAGE / "page.js", instead={"server_answers.js": "own_answers.js"})
    parts = {
        '<link rel="stylesheet" href="page.css">': f"<style>\n{style}</style>",
        '<script src="page.js" type="module"></script>': "",
        '<meta charset="utf-8">': f'<meta charset="utf-8">\n{_POLICY}',
        "</main>": f'</main>\n<footer class="note">{escape(about)}</footer>',
        "</body>": f'<script type="application/json" id="network">{network}</script>\n'
        f'<script type="module">\n{script}</script>\n</body>',
    }
    for old, new in parts.items():
        assert page.count(old) == 1, old
        page = page.replace(old, new)
    return page
