"""What drawings say, that they change nothing, and that they come out in every format."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import seegrad as sg
from seegrad.autograd.inspect.draw import NoGraphvizError, render
from seegrad.autograd.inspect.draw.array_picture import grid
from seegrad.autograd.inspect.draw.readable import printable, short

needs_graphviz = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")


def texts(svg):
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture
def neuron():
    w, x, b = sg.Value(2.0, label="w"), sg.Value(0.5, label="x"), sg.Value(-1.0, label="b")
    y = (w * x + b).tanh()
    y.label = "y"
    return y


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setattr(render, "renderer", lambda: None)


# ----------------------------------------------------------------------------------------------- content


def test_edges_of_a_chain_multiply_to_the_gradient(neuron):
    picture = sg.draw(neuron, show="chain").picture
    box = {b.name: b for b in picture.boxes}
    factors = {(a.tail, a.head): float(a.label[2:]) for a in picture.arrows if a.label}
    readers = {a.tail: a.head for a in picture.arrows}
    for leaf in "wxb":
        key, product = box[leaf].key, 1.0
        while key in readers:
            product *= factors[key, readers[key]]
            key = readers[key]
        assert product == pytest.approx(float(box[leaf].gradient[0]))


def test_nothing_is_changed_by_drawing(neuron):
    leaf = neuron.inputs[0].inputs[1]
    for show in ("values", "grads", "chain"):
        sg.draw(neuron, show=show)
    assert leaf._grad is None
    neuron.backward()
    before = leaf.grad
    sg.draw(neuron, show="chain")
    assert leaf.grad == before


def test_missing_gradients_are_said_to_be_missing(neuron):
    assert "backward() has not run" in sg.draw(neuron).text()
    assert "grad" not in sg.draw(neuron).text().split("\n")[0]
    neuron.backward()
    assert "backward() has not run" not in sg.draw(neuron).text()
    assert "nothing here requires gradients" in sg.draw(sg.tensor([1.0])).text()


def test_both_edges_of_a_square_are_drawn():
    a = sg.Value(3.0)
    assert len(sg.draw(a * a).picture.arrows) == 2


def test_kinds_are_told_apart():
    x, w = sg.tensor([1.0, 2.0]), sg.tensor([1.0, 2.0], requires_grad=True)
    kinds = [box.kind for box in sg.draw((x * w * 2.0).sum()).picture.boxes]
    assert kinds == ["input", "parameter", "result", "result"]
    kinds = [box.kind for box in sg.draw((w * np.ones(2) * np.arange(20.0).reshape(10, 2)).sum()).picture.boxes]
    assert kinds == ["parameter", "result", "constant", "result", "result"]  # many numbers have a box of their own


def test_arguments_of_a_function_carry_their_names():
    def f(speed, mass):
        return 0.5 * mass * speed**2

    names = {box.name for box in sg.draw(f, 3.0, np.array([1.0, 2.0])).picture.boxes}
    assert {"speed", "mass"} <= names


def test_a_stale_graph_can_still_be_looked_at():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    x.data = np.array([5.0, 5.0])
    assert len(sg.draw(y).picture.boxes) == 3


def test_mixed_values_and_tensors():
    v, t = sg.Value(2.0, label="v"), sg.tensor([1.0, 3.0], requires_grad=True, label="t")
    box = {b.name: b for b in sg.draw((v**3 * t).sum(), show="chain").picture.boxes}
    assert box["v"].gradient == ["48.0"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (np.array([[1 / 3]]), "0.333333"),
        (np.float32(0.1), "0.1"),
        (1.0, "1.0"),
        (-3, "-3.0"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e-09"),
        (123456.0, "123456.0"),
        (np.nan, "nan"),
    ],
)
def test_short_numbers(number, text):
    assert short(number) == text


@pytest.mark.parametrize("shape", [(2,), (1000,), (3, 4), (100, 200), (1, 28, 28, 1), (3, 3, 8, 16), (2, 3, 4, 5, 6)])
def test_pictures_of_arrays_are_small(shape):
    picture = grid(np.random.default_rng(0).normal(size=shape))
    rows = picture.numbers or picture.squares()
    assert 1 <= len(rows) <= 8
    assert {len(row) for row in rows} <= set(range(1, 17))
    assert max(picture.size) <= 320


@pytest.mark.parametrize("data", [[np.nan, np.inf], [1.0, np.nan], [2.0, 2.0], [1, 2], [True, False], np.zeros((0, 3))])
def test_odd_arrays_draw(data):
    x = sg.tensor(data)
    assert sg.draw(x).source


# ----------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    "options", [{"show": "all"}, {"zoom": "x"}, {"direction": "up"}, {"format": "gif"}, {"max_nodes": 0}]
)
def test_wrong_options_are_named(options, neuron):
    with pytest.raises(ValueError, match=f"{next(iter(options))}="):
        sg.draw(neuron, **options)


@pytest.mark.parametrize("what", [3.0, "x", lambda: 3.0, np.array([1.0])])
def test_what_cannot_be_drawn_is_refused(what):
    with pytest.raises(TypeError, match="expected a Value"):
        sg.draw(what)


def test_modules_zoom_needs_a_module(neuron):
    with pytest.raises(TypeError, match="modules"):
        sg.draw(neuron, zoom="modules")


# --------------------------------------------------------------------------------------------- rendering


@needs_graphviz
@pytest.mark.parametrize("direction", ["LR", "RL", "TB", "BT"])
@pytest.mark.parametrize(
    ("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("html", b"<!DOC"), ("dot", b"dig")]
)
def test_files(ending, start, direction, neuron, tmp_path):
    file = sg.draw(neuron, show="chain", direction=direction).save(tmp_path / f"graph.{ending}")
    assert file.read_bytes().startswith(start)


def test_an_unknown_ending_is_refused_and_nothing_written(neuron, tmp_path):
    with pytest.raises(ValueError, match="'gif'"):
        sg.draw(neuron).save(tmp_path / "graph.gif")
    assert list(tmp_path.iterdir()) == []


@needs_graphviz
def test_a_notebook_gets_a_picture_and_text(neuron):
    bundle = sg.draw(neuron)._repr_mimebundle_()
    assert "<svg" in bundle["image/svg+xml"]
    assert "prefers-color-scheme: dark" in bundle["image/svg+xml"]
    assert bundle["text/plain"].startswith("y (tanh) = 0.0")
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert "image/svg+xml" not in sg.draw(neuron, format="png")._repr_mimebundle_()


def test_numbers_have_six_digits_and_are_exact_in_tooltips():
    a = sg.Value(1.0 / 3.0, label="a")
    y = a * (2.0 / 3.0)
    drawing = sg.draw(y, show="chain")
    assert "0.3333333" not in drawing.text()
    assert [box.lines for box in drawing.picture.boxes] == [["0.333333"], ["0.222222"]]
    assert drawing.picture.boxes[1].op == "a * 0.666667"
    assert drawing.picture.boxes[0].exact == "0.3333333333333333, grad 0.6666666666666666"
    assert drawing.picture.arrows[0].exact == "× 0.6666666666666666"


@needs_graphviz
def test_tooltips_of_an_svg_hold_the_exact_numbers():
    a = sg.Value(1.0 / 3.0, label="a<b>")
    svg = sg.draw(a * (2.0 / 3.0), show="chain").render("svg").decode()
    tooltips = [node.text for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")]
    assert tooltips == [
        "seegrad",
        "a<b>: 0.3333333333333333, grad 0.6666666666666666",
        "(a<b>) * 0.6666666666666666: 0.2222222222222222, grad 1.0",
        "× 0.6666666666666666",
    ]
    assert "n0" not in tooltips


@needs_graphviz
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_every_text_is_anchored_in_the_middle_of_its_box(direction):
    x = sg.tensor([[1.0, 2.0]], requires_grad=True, label='x & "y" \\N')
    b = sg.Value(1.0 / 3.0)
    y = x * b
    y.label = "y"
    picture = sg.draw(y.sum(), show="chain", direction=direction)
    space = "{http://www.w3.org/2000/svg}"
    for group in ElementTree.fromstring(picture.render("svg")).iter(f"{space}g"):
        if group.get("class") == "graph":
            assert group.get("text-anchor") == "middle"
        if group.get("class") not in ("node", "edge"):
            continue
        anchors = {text.get("text-anchor") for part in (group, *group) for text in part.findall(f"{space}text")}
        assert anchors <= {"middle", None}  # without one of its own it has that of all, which is "middle"
        outline = group.find(f"{space}polygon")
        if group.get("class") == "node" and outline is not None:
            corners = [float(pair.split(",")[0]) for pair in outline.get("points").split()]
            middle = (min(corners) + max(corners)) / 2
            assert [float(t.get("x")) for t in group.findall(f"{space}text")] == pytest.approx(
                [middle] * len(group.findall(f"{space}text")), abs=0.02
            )
            for table in group.findall(f"{space}g"):
                places = [float(t.get("x")) for t in table]
                assert (min(places) + max(places)) / 2 == pytest.approx(middle, abs=8)


@needs_graphviz
def test_pieces_of_a_line_are_one_text():
    y = sg.Value(2.0, label="a") * 3.0
    y.label = "y"
    assert "y = a * 3" in texts(sg.draw(y).render("svg"))


@needs_graphviz
def test_a_first_drawing_writes_nothing_to_the_terminal(tmp_path):
    """Fontconfig complains of a configuration that it only half knows; other errors are not lost."""
    (tmp_path / "fonts.conf").write_text("<fontconfig><strange-element/></fontconfig>", encoding="utf-8")
    code = "import os, seegrad as sg; sg.draw(sg.Value(1.0)).render('svg'); os.write(2, b'mine')"
    environment = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stderr == "mine"


@pytest.fixture
def broken_dot(monkeypatch, tmp_path):
    """A program dot that answers every drawing with an error."""
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\necho "Format: svg not recognized. No formats found." >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
def test_a_program_that_fails_leaves_it_to_the_library(neuron, broken_dot):
    pytest.importorskip("pygraphviz")
    assert render.renderer() == "dot"
    assert sg.draw(neuron).render("svg").endswith(b"</svg>\n")


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
def test_where_no_graphviz_works_a_notebook_gets_text_and_the_reason(neuron, broken_dot, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    shown = sg.draw(neuron)._repr_mimebundle_()
    assert shown["text/plain"].startswith("the program dot failed (Format: ")
    assert "tanh" in shown["text/plain"]
    assert "the program dot failed" in sg.play(neuron)._data()["hint"]
    with pytest.raises(NoGraphvizError, match=r"dot failed \(Format: .*pip install"):
        sg.draw(neuron).render("svg")


def test_an_error_of_the_library_is_one_line(neuron, monkeypatch):
    library = pytest.importorskip("pygraphviz")

    def fail(*arguments, **settings):
        raise ValueError("Can't find prog=dot in this graphviz installation")

    monkeypatch.setattr(render, "renderer", lambda: "pygraphviz")
    monkeypatch.setattr(library.AGraph, "draw", fail)
    with pytest.raises(NoGraphvizError, match=r"pygraphviz failed \(Can't find prog=dot"):
        sg.draw(neuron).render("svg")


def test_what_else_is_written_during_a_drawing_is_passed_on(capfd):
    with render.without_fontconfigs_warnings():
        os.write(2, b'Fontconfig warning: "x", line 6: unknown element "y"\nsomething else\n')
        os.write(2, b"Fontconfig error: Cannot load default config file\n")
    assert capfd.readouterr().err == "something else\n"


def test_without_graphviz_a_notebook_gets_text_and_one_line_of_help(neuron, no_graphviz):
    bundle = sg.draw(neuron)._repr_mimebundle_()
    help_line, _, tree = bundle["text/plain"].partition("\n\n")
    assert "seegrad[draw]" in help_line
    assert "\n" not in help_line
    assert "└── w" in tree or "├── w" in tree
    assert list(bundle) == ["text/plain"]


def test_without_graphviz_files_of_text_can_be_saved_and_others_say_how(neuron, no_graphviz, tmp_path):
    assert sg.draw(neuron).save(tmp_path / "graph.dot").exists()
    assert sg.draw(neuron).save(tmp_path / "graph.txt").exists()
    with pytest.raises(NoGraphvizError, match="pip install"):
        sg.draw(neuron).save(tmp_path / "graph.png")
    assert not (tmp_path / "graph.png").exists()


WITHOUT = "import os, sys; sys.modules['pygraphviz'] = None; os.environ['PATH'] = ''; "


def test_without_graphviz_the_command_says_what_to_install_in_one_line(tmp_path):
    """As it is where neither the program nor the package is."""
    sg.nn.Linear(2, 1, seed=0).save(tmp_path / "model.safetensors", input_shape=(2,))
    code = WITHOUT + "from seegrad.__main__ import main; sys.exit(main(sys.argv[1:]))"
    draw = [sys.executable, "-c", code, "draw", str(tmp_path / "model.safetensors")]
    result = subprocess.run(draw, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("seegrad draw: error: pictures need Graphviz: run pip install 'seegrad[draw]'")
    assert result.stderr.count("\n") == 1
    text = tmp_path / "model.txt"
    assert subprocess.run([*draw, "--out", str(text)], capture_output=True).returncode == 0
    assert "Linear" in text.read_text(encoding="utf-8")


def test_without_graphviz_a_player_is_a_table():
    code = WITHOUT + (
        "import seegrad as sg; p = sg.play(sg.Value(2.0) * 3.0); p._repr_mimebundle_(); print(p._data()['hint'])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install 'seegrad[draw]'" in output


def test_drawing_needs_no_import_before_it():
    code = "import sys, seegrad; print('graphviz' in sys.modules, 'seegrad.autograd.inspect.draw' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["False", "False"]


# ----------------------------------------------------------------------------------------------- labels


def shown(label):
    """What a label looks like in a drawing, without white space."""
    return "".join(printable(label).split())


@needs_graphviz
@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=60))
@example("<b>bold</b> & \"quoted\" 'single' \\N \\G \\n {a|b} 中文 \x00 \x1b[1m")
@example("]]> <!-- --> &amp; &#65; <TABLE>")
@example("\\")
@example("\\\\N \\\\\\ \\\uaaf7")
@example("\u202e \ud800 \ufffe 👩‍🔬 e\u0301")
@example("a\nb\n\nc")
@example("-->")
@example("%s %(x)s {0}")
def test_every_label_draws_as_itself(label):
    svg = sg.draw(sg.Value(1.0, label=label)).render("svg").decode()
    assert shown(label) in "".join("".join(texts(svg)).split())


@needs_graphviz
@pytest.mark.parametrize("label", ['中文 <标签> & "引号"', "{record|braces}", "back\\slash\\N"])
def test_labels_of_groups_and_notes_draw_as_themselves(label):
    from seegrad.autograd.inspect.draw.dot import to_dot
    from seegrad.autograd.inspect.draw.picture import Arrow, Box, Picture

    boxes = [Box("a", "input", "a", group=(label,)), Box("b", "result", "b")]
    source = to_dot(Picture(boxes, [Arrow("a", "b", label)], [label]))
    found = "".join("".join(texts(render.render(source, "svg"))).split())
    assert found.count("".join(label.split())) == 3


# ------------------------------------------------------------------------------------------ large graphs


def micrograd_network(rng):
    """The loss of a network of Values over a batch: about 65,000 nodes."""

    def value():
        return sg.Value(rng.normal())

    sizes = (2, 16, 16)
    layers = [[([value() for _ in range(m)], value()) for _ in range(n)] for m, n in zip(sizes, sizes[1:])]

    def predict(x):
        for layer in layers:
            x = [sum((w * v for w, v in zip(row, x)), b).tanh() for row, b in layer]
        return sum(x)

    return sum((predict([value(), value()]) - 1.0) ** 2 for _ in range(104))


def test_65_000_nodes_draw_as_a_few_roles_within_seconds(rng):
    loss = micrograd_network(rng)
    start = time.process_time()
    picture = sg.draw(loss, show="grads").picture
    if render.renderer():
        sg.draw(loss).render("svg")
    assert time.process_time() - start < 10
    assert len(picture.boxes) < 30
    assert "nodes drawn as" in picture.notes[0]
    counts = {box.name for box in picture.boxes}
    assert {"multiply, 26,624 nodes", "input, 256 nodes"} <= counts
    root = next(box for box in picture.boxes if box.is_root)
    assert root.lines == [short(loss.data)]
    assert root.exact == f"{loss.data!r}, grad 1.0"


def test_a_long_chain_is_cut_and_says_so():
    x = sg.Value(0.5)
    for _ in range(32_500):
        x = x.tanh() * 1.0001
    start = time.process_time()
    drawing = sg.draw(x)
    if render.renderer():
        drawing.render("svg")
    text = drawing.text()
    assert time.process_time() - start < 10
    assert len(drawing.picture.boxes) == 121
    assert "64,881 more nodes" in drawing.source
    assert "further from the result are left out" in text


def test_folding_can_be_refused_and_asked_for():
    w = sg.Value(2.0)
    loss = sum((w * float(i) - 1.0) ** 2 for i in range(10))
    assert len(sg.draw(loss, fold=True).picture.boxes) < len(sg.draw(loss).picture.boxes)
    assert len(sg.draw(loss, fold=False, max_nodes=5).picture.boxes) == 6


@needs_graphviz
@pytest.mark.parametrize("show", ["values", "grads", "chain"])
def test_a_long_chain_with_a_shared_node_takes_no_time(show):
    k = sg.Value(1.01, label="k")
    y = sg.Value(0.5)
    for _ in range(50):
        y = (y * k).tanh()
    drawing = sg.draw(y, show=show)
    drawing.render("svg")  # the first one loads the library
    start = time.process_time()
    drawing.render("svg")
    assert time.process_time() - start < 1.5
    assert len(drawing.picture.boxes) == 102


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (0,), (0, 3), (2, 1)])
@pytest.mark.parametrize("show", ["values", "grads", "chain"])
def test_arrays_of_any_size_can_be_drawn_and_played(shape, show):
    x = sg.tensor(np.ones(shape) / 3.0, requires_grad=True, label="x")
    y = (x * 2.0) ** 2
    assert sg.draw(y, show=show).text()
    steps = sg.play(y).story.steps
    assert "dout/dx" in steps[-1].text
    if x.size == 1:
        assert steps[-1].text == "dout/dx = 2.66667"
        assert sg.draw(y, show="grads").picture.boxes[0].gradient == ["2.66667"]
