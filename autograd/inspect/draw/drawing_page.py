"""The page of a drawing: it is panned and zoomed, turned on narrow screens, and its boxes open into their parts."""

from __future__ import annotations

from html import escape

from .levels import closed_note, compact, levels_of
from .page_files import drawing_script, embedded, page_style
from .picture import Picture
from .player_words import PICTURE
from .svg import placement, svg_of, themed
from .theme import BACKGROUND, DARK, FONT, TEXT


def drawing_page(picture: Picture, direction: str, text: str) -> str:
    """Return the page of a drawing.

    Without scripts it shows the drawing.

    Parameters
    ----------
    picture : Picture
    direction : str
        Where the computation goes on a wide screen.
    text : str
        The drawing as text, for those who do not see it.

    Raises
    ------
    NoGraphvizError
        If there is no Graphviz that works.
    """
    across, down = ("LR", "TB") if direction in ("LR", "TB") else ("RL", "BT")
    svgs = {each: compact(svg_of(picture, each)) for each in (across, down)}
    levels, closed = levels_of(picture, direction)
    data = {
        "title": "Graph",
        "root": picture.boxes[-1].key,
        "placements": [placement(svgs[across]), placement(svgs[down])],
        "down": direction == down,
        "levels": levels,
        "lang": "en",
        "words": {"en": {key: english for key, (english, _) in PICTURE.items()}},
        "fragments": [],
    }
    svg = themed(svgs[across])
    drawn = svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(text)}"', 1)
    note = f'<p class="note">{closed_note(closed)}</p>' if closed else ""
    look = f"background:{BACKGROUND};color:{TEXT}", f"background:{DARK[BACKGROUND]};color:{DARK[TEXT]}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>seegrad</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{page_style()}\n"
        f":root{{color-scheme:light dark}}body{{margin:12px;{look[0]};font-family:{FONT}}}\n"
        "h1{font-size:1rem;margin:0 0 8px}#drawing{overflow:auto}\n"
        f"@media (prefers-color-scheme: dark){{body{{{look[1]}}}}}</style></head>\n"
        f'<body><main><h1>Computation graph</h1>\n<div id="drawing">{drawn}{note}</div></main>\n'
        f'<script type="module">\n{drawing_script()}\n'
        f'$drawing.mountDrawing(document.getElementById("drawing"), {embedded(data)});\n</script></body></html>\n'
    )
