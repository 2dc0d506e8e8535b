"""The player: its steps and formulas, and the page as a browser shows it."""

from __future__ import annotations

import ast
import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.inspect.draw import front_ends, page_files, player, render, theme

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
needs_graphviz = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def neuron():
    a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    result = (c + 10.0).tanh() * a**2
    result.label = "L"
    return result


def diamond():
    a = sg.Value(1.0, label="a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    return c


def layer():
    x = sg.tensor([[1.0, 2.0, -1.0]], label="x")
    W = sg.tensor(np.arange(6.0).reshape(3, 2) / 5, requires_grad=True, label="W")
    b = sg.tensor([0.5, -0.5], requires_grad=True, label="b")
    result = ((x @ W + b).relu() ** 2).mean()
    result.label = "loss"
    return result


def texts(root, phase=None, **options):
    return [s.text for s in sg.play(root, **options).story.steps if phase in (None, s.phase)]


# ------------------------------------------------------------------------------------------------- steps


def test_formulas_have_names_then_numbers_then_the_result():
    a, b = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    L = c * 2.0
    L.label = "L"
    assert texts(L) == [
        "given: a = 2.0, b = -3.0",
        "c = a * b = 2.0 * -3.0 = -6.0",
        "L = c * 2.0 = -6.0 * 2.0 = -12.0",
        "dL/dL = 1.0",
        "dL/dc = dL/dL * 2.0 = 1.0 * 2.0 = 2.0",
        "dL/da = dL/dc * b = 2.0 * -3.0 = -6.0",
        "dL/db = dL/dc * a = 2.0 * 2.0 = 4.0",
        "dL/da = -6.0, dL/db = 4.0",
    ]


def test_gradients_add_up_visibly_where_paths_join():
    steps = sg.play(diamond()).story.steps
    assert [s.text for s in steps if s.phase == "backward"] == [
        "dc/dc = 1.0",
        "dc/db = dc/dc = 1.0",
        "dc/db += dc/dc = 1.0",
        "dc/da = dc/db = 2.0",
        "dc/da += dc/db = 2.0",
    ]
    joined = "Paths join at b, and their gradients accumulate: dc/db = 1.0 + 1.0 = 2.0"
    assert steps[5].note == f"A sum passes its gradient on unchanged: b gets 1.0. {joined}"
    assert steps[-1].text == "dc/da = 4.0"
    # Both edges of a sum of a thing with itself are edges of their own.
    assert [s.edges for s in steps if s.phase == "backward"][1:] == [["e2"], ["e3"], ["e0"], ["e1"]]


def test_rules_of_arrays_are_shown_with_names():
    assert texts(layer(), "backward") == [
        "dloss/dloss = 1.0",
        "dloss/dv4 = dloss/dloss / 2, to each element = [[0.5, 0.5]]",
        "dloss/dv3 = dloss/dv4 * 2.0 * v3 ** (2.0 - 1.0) = "
        "[[0.5, 0.5]] * 2.0 * [[0.5, 0.0]] ** (2.0 - 1.0) = [[0.5, 0.0]]",
        "dloss/dv2 = where(v3 != 0, dloss/dv3, 0.0) = where([[0.5, 0.0]] != 0, [[0.5, 0.0]], 0.0) = [[0.5, 0.0]]",
        "dloss/dv1 = dloss/dv2 = [[0.5, 0.0]]",
        "dloss/db = sum(dloss/dv2, axis=0) = [0.5, 0.0]",
        "dloss/dW = x.T @ dloss/dv1 = [[0.5, 0.0], [1.0, 0.0], [-0.5, 0.0]]",
    ]


@pytest.mark.parametrize("make", [neuron, diamond, layer])
@pytest.mark.parametrize("zoom", ["ops", "scalars"])
def test_gradients_are_those_of_the_engine_and_nothing_is_touched(make, zoom):
    root = make()
    story = sg.play(root, zoom=zoom).story
    leaves = [x for x in story.nodes if x.op is None and x.requires_grad]
    assert all(x._grad is None for x in leaves)
    last = {}
    for step in story.steps:
        last.update({key: ast.literal_eval(numbers) for key, (_, numbers, _) in step.grads.items()})
    story.root.backward()
    for leaf in leaves:
        if leaf._grad is not None:
            np.testing.assert_array_equal(last[story.keys[leaf]], leaf.grad)


def test_every_name_is_given_once():
    a, b = sg.Value(1.0, label="w"), sg.Value(2.0, label="w")
    names = sg.play((a * b + 1.0) * sg.Value(3.0, label="v1")).story.names
    named = [name for node, name in names.items() if type(node) is sg.Value]
    assert len(set(named)) == len(named)


def test_values_appear_in_the_forward_pass_and_gradients_in_the_backward_pass():
    steps = sg.play(neuron()).story.steps
    phases = [step.phase for step in steps]
    assert phases == sorted(phases, key=["start", "forward", "backward", "end"].index)
    assert not any(step.grads for step in steps if step.phase in ("start", "forward"))


def test_without_gradients_it_says_so():
    assert texts(sg.tensor([1.0]))[-1] == "nothing here requires gradients"


def test_large_constants_go_by_a_name_and_small_ones_by_their_numbers():
    x = sg.tensor(np.ones(8), requires_grad=True, label="x")
    y = (x * np.arange(8.0)).sum() * 2.0
    assert texts(y)[1:3] == ["v1 = x * c1 = array of shape (8,)", "v2 = sum(v1) = 28.0"]
    assert "dout/dx = dout/dv1 * c1 = array of shape (8,)" in texts(y)


def test_infinite_and_missing_numbers():
    steps = texts(sg.Value(0.0, label="x").sqrt(), "backward")
    assert steps[-1] == "dout/dx = 0.5 * dout/dout / out = 0.5 * 1.0 / 0.0 = inf"


def test_functions_can_be_played():
    assert [s.text for s in sg.play(lambda p, q: p * q, 2.0, 5.0).story.steps][1] == "out = p * q = 2.0 * 5.0 = 10.0"


def test_too_many_nodes_are_refused_with_their_number():
    x = sg.Value(1.0)
    for _ in range(200):
        x = x * 1.01
    with pytest.raises(ValueError, match="401 nodes"):
        x.play()


@pytest.mark.parametrize("options", [{"zoom": "modules"}, {"direction": "up"}])
def test_wrong_options_are_named(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))}="):
        sg.play(diamond(), **options)


# -------------------------------------------------------------------------------------------------- page


@needs_graphviz
def test_the_page_needs_nothing_else(tmp_path):
    page = diamond().play().save(tmp_path / "backprop.html").read_text(encoding="utf-8")
    addresses = {a for a in re.findall(r"https?://[^\s\"'<>)]+", page) if "w3.org" not in a}
    assert addresses == set()
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)


def test_a_label_cannot_leave_its_script(tmp_path):
    a = sg.Value(1.0, label="</script><script>document.title = 'taken'</script>")
    page = sg.play(a * 2.0).html()
    assert page.count("</script>") == 1


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.html"):
        diamond().play().save(tmp_path / "backprop.pdf")


@needs_graphviz
def test_a_saved_notebook_keeps_a_picture():
    bundle = diamond().play()._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "<svg" in data["image/svg+xml"]
    assert "dc/da = 4.0" in data["text/plain"]


def test_a_saved_notebook_keeps_all_that_a_page_needs():
    playing = diamond().play()
    bundle = playing._repr_mimebundle_()
    data = json.loads(json.dumps(bundle[0] if isinstance(bundle, tuple) else bundle))
    assert player.player_page(player.kept_story(data[player.STORY]), data["text/plain"]) == playing.html()


def test_the_widget_carries_the_same_page():
    pytest.importorskip("anywidget")
    widget = diamond().play().widget()
    assert widget.story["title"] == "c"
    assert "export default" in str(widget._esm)


# ----------------------------------------------------------------------------------------------- browser


@pytest.fixture
def browse(tmp_path):
    def dump(page, fragment="", extra=""):
        """Return the page as it stands after its scripts have run."""
        file = tmp_path / "page.html"
        file.write_text(page.replace("</body>", f"{extra}</body>"), encoding="utf-8")
        options = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            "--disable-component-update --disable-sync --virtual-time-budget=5000 --dump-dom"
        ).split()
        command = [CHROMIUM, *options, f"--user-data-dir={tmp_path / 'profile'}", file.as_uri() + fragment]
        return subprocess.run(command, capture_output=True, check=True, timeout=300).stdout.decode()

    return dump


def shown_gradients(dom, story):
    """Read the gradients off the page, by node."""
    found = {}
    for node, key in story.keys.items():
        tag = re.search(rf'<(?:g|tr) id="{key}"[^>]*>', dom).group()
        text = html.unescape(re.search(r'data-grad="([^"]*)"', tag).group(1))
        if text:
            found[node] = ast.literal_eval(text)
    return found


@needs_chromium
@pytest.mark.parametrize("make", [neuron, layer])
@pytest.mark.parametrize("graphviz", [pytest.param(True, marks=needs_graphviz), False])
def test_a_browser_shows_the_engines_gradients(make, graphviz, browse, monkeypatch):
    if not graphviz:
        monkeypatch.setattr(render, "renderer", lambda: None)
    root = make()
    playing = root.play()
    last = len(playing.story.steps) - 1
    dom = browse(playing.html(), f"#step={last}")
    assert f'data-step="{last}"' in dom
    found = shown_gradients(dom, playing.story)
    root.backward()
    leaves = [x for x in playing.story.nodes if x.op is None and x.requires_grad]
    assert leaves
    for leaf in leaves:
        np.testing.assert_array_equal(found[leaf], leaf.grad)


@needs_chromium
@needs_graphviz
def test_before_the_backward_pass_the_page_says_that_there_are_no_gradients(browse):
    playing = diamond().play()
    dom = browse(playing.html(), "#step=2")
    assert shown_gradients(dom, playing.story) == {}
    assert dom.count(">grad not yet</text>") == 3
    assert "grad 0.0" not in dom


@needs_chromium
@needs_graphviz
def test_a_screen_reader_hears_the_formulas_and_which_is_current(browse):
    playing = diamond().play()
    dom = browse(playing.html(), "#step=3")
    steps = re.search(r'<ol class="steps".*?</ol>', dom, re.S).group()
    buttons = re.findall(r"<button([^>]*)>(.*?)</button>", steps)
    assert [html.unescape(text) for _, text in buttons] == [step.text for step in playing.story.steps]
    assert not any("aria-label" in attributes for attributes, _ in buttons)
    assert [i for i, (attributes, _) in enumerate(buttons) if 'aria-current="step"' in attributes] == [3]
    assert 'aria-current=""' not in dom


@needs_chromium
@needs_graphviz
def test_tooltips_say_what_is_known_at_a_step_in_full(browse):
    a = sg.Value(1.0 / 3.0, label="a")
    playing = (a * 3.0).play()
    assert "<title>a: 0.3333333333333333</title>" in browse(playing.html(), "#step=0")
    assert "<title>a: 0.3333333333333333, grad 3.0</title>" in browse(playing.html(), "#step=4")


@needs_graphviz
def test_texts_are_in_the_middle_before_the_page_has_a_size():
    """In JupyterLab the widget is made before it is shown; nothing can be measured then."""
    svg = diamond().play()._data()["svg"]
    assert svg.count("<text ") > 3
    assert set(re.findall(r'text-anchor="(\w+)"', svg)) == {"middle"}
    assert re.search(r'<g [^>]*class="graph"[^>]*text-anchor="middle"', svg)
    assert "getBBox" not in page_files.widget_script()


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("kind", [*theme.KINDS, "root"])
@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out_against_their_boxes(kind, dark):
    """The ratio that WCAG 2 asks of small text; what is not known yet is set in italics, not paler."""
    look = theme.ROOT if kind == "root" else theme.KINDS[kind]
    fill = look.get("fillcolor", theme.BACKGROUND)
    for color in (theme.TEXT, theme.GRADIENT):
        light, low = sorted((luminance(theme.DARK[c] if dark else c) for c in (color, fill)), reverse=True)
        assert (light + 0.05) / (low + 0.05) >= 4.5
    assert "opacity" not in page_files.page_style()


@needs_chromium
@needs_graphviz
@pytest.mark.parametrize(
    ("keys", "step"),
    [(["ArrowRight"] * 3, 3), (["End"], 8), (["End", "ArrowLeft"], 7), (["End", "Home"], 0), (["ArrowLeft"], 0)],
)
def test_keys_move_through_the_steps(keys, step, browse):
    press = f"""<script type="module">
      for (const key of {json.dumps(keys)})
        document.body.dispatchEvent(new KeyboardEvent("keydown", {{key, bubbles: true}}));
    </script>"""
    assert f'data-step="{step}"' in browse(diamond().play().html(), extra=press)


@needs_chromium
def test_without_the_widget_it_plays_to_the_end_in_a_frame(browse, monkeypatch):
    monkeypatch.setattr(front_ends, "find_spec", lambda name: None)
    inside = """<script type="module">
      const root = document.getElementById("player");
      root.querySelector("select").value = "4";
      root.querySelector("[title^=Play]").click();
      setInterval(() => parent.postMessage(root.dataset.step, "*"), 100);
    </script></body>"""
    frame = diamond().play()._repr_mimebundle_()["text/html"].replace("&lt;/body&gt;", html.escape(inside))
    listen = "<script>window.onmessage = (event) => { document.body.dataset.step = event.data; };</script>"
    assert 'data-step="8"' in browse(f"<!DOCTYPE html><body>{listen}{frame}</body>")


@needs_chromium
@needs_graphviz
def test_space_plays_to_the_end_and_the_widget_runs_the_same_code(browse):
    """The module's default export is what anywidget calls; it is called here in its way."""
    playing = diamond().play()
    data = json.dumps(playing._data()).replace("<", "\\u003c")
    module = json.dumps(page_files.widget_script()).replace("<", "\\u003c")
    page = f"""<!DOCTYPE html><body><div id="cell"></div><script type="module">
      const source = URL.createObjectURL(new Blob([{module}], {{type: "text/javascript"}}));
      const widget = (await import(source)).default;
      const model = {{get: (name) => (name === "story" ? {data} : undefined), on() {{}}, off() {{}}}};
          widget.render({{model, el: document.getElementById("cell")}});
      const root = document.querySelector(".seegrad-player");
      root.dispatchEvent(new KeyboardEvent("keydown", {{key: " ", bubbles: true}}));
    </script></body>"""
    dom = browse(page)
    assert 'class="seegrad-player"' in dom
    assert int(re.search(r'data-step="(\d+)"', dom).group(1)) >= 1
    assert ">Pause</button>" in dom or 'data-step="8"' in dom
