"""The player's scripts and styles as one script and one style, which a page or a widget holds."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Collection, Mapping
from html import escape
from pathlib import Path
from typing import Any

from ....common.javascript_modules import joined_modules, without_comments
from .theme import DARK, FONT, TEXT, dark_rules

_FOLDER = Path(__file__).with_name("page")

#: The operations that each module has; a page holds those modules of which it needs one.
OPERATIONS = {
    "operations_elements": frozenset(
        (
            "add subtract multiply divide negative positive ratio reciprocal square power absolute sign conj remainder "
            "fmod floor_divide copysign heaviside floor ceil rint trunc exp exp2 expm1 log log2 log10 log1p logaddexp "
            "logaddexp2 sqrt cbrt hypot sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh "
            "arctanh sinc deg2rad rad2deg maximum minimum fmax fmin at_least at_most relu sigmoid softplus silu "
            "identity less less_equal greater greater_equal equal not_equal bitwise_and bitwise_or where astype float "
            "asarray to_value is_short divides"
        ).split()
    ),
    "operations_special": frozenset("erf gelu power_slope".split()),
    "operations_shapes": frozenset(
        "broadcast_to reshape transpose expand_dims squeeze flip roll rot90 tril triu concatenate stack pad getitem "
        "scatter_add setitem".split()
    ),
    "operations_lines": frozenset(
        "sum_to sum mean prod max min logsumexp var std cumsum cumprod recurrence softmax log_softmax stable_order "
        "layer_norm batch_norm".split()
    ),
    "operations_products": frozenset("matmul einsum".split()),
    "operations_images": frozenset(
        "conv2d conv2d_with_bias conv2d_input_gradient conv2d_weight_gradient window_max window_take window_put "
        "window_sum window_spread".split()
    ),
}
STYLES = ("player", "levels", "windows", "slides")
LIVE_STYLES = ("live",)


def page_script(operations: Collection[str] = ()) -> str:
    """Return the scripts of the player as one module, which exports nothing and has ``$player.mount``.

    Parameters
    ----------
    operations : collection of str
        Those that the page needs to compute with other numbers; none if it cannot.
    """
    if not operations:
        return _joined("player", instead={"live_panel.js": "film.js"})
    needed = {name for name, known in OPERATIONS.items() if not known.isdisjoint(operations)}
    return _joined(*[name for name in OPERATIONS if name in needed], "player")


def packed_script(script: str) -> str:
    """Return a script of a third of the length that runs another one before it ends; that one sees no other names."""
    content = script.encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = base64.b64encode(packer.compress(content) + packer.flush()).decode()
    unpack = without_comments(_text("inflate.js"))
    return (
        f"(() => {{\n{unpack}const script = document.createElement('script');\n"
        f"script.textContent = inflate('{packed}', {len(content)});\n"
        "document.head.append(script);\nscript.remove();\n})();"
    )


def embedded(data: Mapping[str, Any]) -> str:
    """Return data as JSON inside of a script, which none of its texts can end."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("</", "<\\/").replace("<!--", "\\u003c!--")


def standalone_page(title: str, root: str, style: str, script: str, text: str, lang: str = "en") -> str:
    """Return a page that a script fills, and that needs no other file.

    Parameters
    ----------
    title : str
        The title and the heading.
    root : str
        The id of the element to fill.
    style, script : str
        The whole style and the whole script.
    text : str
        What is shown where no scripts run.
    lang : str, default "en"
        The tag of the language.
    """
    title = escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{style}\n"
        f":root{{color-scheme:light dark}}body{{margin:12px;font-family:{FONT};color:{TEXT}}}\n"
        "h1{font-size:1rem;margin:0 0 8px}\n"
        f"@media (prefers-color-scheme: dark){{body{{background:#0d0f12;color:{DARK[TEXT]}}}}}</style></head>\n"
        f'<body><main><h1>{title}</h1><div id="{root}"></div>'
        f"<noscript><pre>{escape(text)}</pre></noscript></main>\n"
        f'<script type="module">\n{script}\n</script></body></html>\n'
    )


def drawing_script() -> str:
    """Return the script of the page of a drawing, which has ``$drawing.mountDrawing``."""
    return _joined("drawing")


def widget_script() -> str:
    """Return the module that anywidget loads."""
    return f"{_joined(*OPERATIONS, 'widget')}\nexport default {{ render: $widget.render }};\n"


def page_style(live: bool = True) -> str:
    """Return the styles of the player; ``live`` tells whether numbers can be changed."""
    # The player's own rules come last, so that they override the colours of the drawing.
    rules = [_text(f"{name}.css") for name in (*STYLES, *(LIVE_STYLES if live else ()))]
    return "\n".join([dark_rules(".seegrad-player.dark svg"), *[re.sub(r"\n\s*", "\n", text) for text in rules]])


def _joined(*names: str, instead: Mapping[str, str] | None = None) -> str:
    return joined_modules(*[_FOLDER / f"{name}.js" for name in names], instead=instead, compact=True)


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
