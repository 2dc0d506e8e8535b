"""Fonts, shapes and colours of drawings; every kind of box has a shape and a colour of its own, in light and in dark.

The colours are tints of the palette of Okabe and Ito (2008), which people of any colour vision can tell apart.
"""

from __future__ import annotations

from .picture import Kind

FONT = "Helvetica,Arial,sans-serif"
BACKGROUND, TEXT, EDGE, GRADIENT = "#fdfdfd", "#1a1a1a", "#555555", "#a83f08"

KINDS: dict[Kind, dict[str, str]] = {
    "input": {"shape": "box", "style": "rounded,filled", "fillcolor": "#dcecf9", "color": "#0072b2"},
    "parameter": {
        "shape": "box",
        "style": "diagonals,filled",
        "fillcolor": "#fdebc8",
        "color": "#b87500",
        "margin": "0.1,0.05",
    },
    "constant": {"shape": "box", "style": "dashed,filled", "fillcolor": "#f2f2f2", "color": "#8c8c8c"},
    "result": {"shape": "box", "style": "filled", "fillcolor": "#ffffff", "color": "#444444"},
    "gradient": {"shape": "box", "style": "filled", "fillcolor": "#fdece2", "color": "#a83f08"},
    "module": {
        "shape": "component",
        "style": "filled",
        "fillcolor": "#f4e6ef",
        "color": "#9b4f7d",
        "margin": "0.14,0.03",
    },
    "more": {"shape": "plaintext"},
}
ROOT = {"peripheries": "2", "style": "filled", "fillcolor": "#d5f0e5", "color": "#009e73"}

#: The colour on a dark background for each colour on a light one.
DARK = {
    BACKGROUND: "#15181c",
    TEXT: "#ececec",
    EDGE: "#a0a4aa",
    GRADIENT: "#ff9e6b",
    "#dcecf9": "#12324a",
    "#0072b2": "#56b4e9",
    "#fdebc8": "#473307",
    "#b87500": "#f0b84a",
    "#f2f2f2": "#26292d",
    "#8c8c8c": "#8c8f93",
    "#ffffff": "#1e2227",
    "#444444": "#b8bcc2",
    "#fdece2": "#40210f",
    "#f4e6ef": "#3d2234",
    "#9b4f7d": "#dc96bf",
    "#d5f0e5": "#0c3b2e",
    "#009e73": "#3fd0a4",
}


def dark_rules(scope: str) -> str:
    """Return the style rules for an SVG inside ``scope`` on a dark background."""
    rules = []
    for light, dark in DARK.items():
        rules.append(f'{scope} [fill="{light}"]{{fill:{dark}}}')
        rules.append(f'{scope} [stroke="{light}"]{{stroke:{dark}}}')
    return "".join(rules)
