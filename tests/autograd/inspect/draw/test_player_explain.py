"""The explanation of a node in the player's page: its rule, its line of Python, and all paths to the result."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from package_files import ROOT

import seegrad as sg
from seegrad.autograd.inspect.draw import render

pytestmark = pytest.mark.skipif(render.renderer() is None, reason="no Graphviz: neither dot nor pygraphviz")

PHONE = (390, 844)


def expression():
    a, b, c = sg.Value(2.0, label="a"), sg.Value(-3.0, label="b"), sg.Value(10.0, label="c")
    return (a * b + c) * a


def twice_plus(x, y):
    doubled = x + x
    return doubled * y


def layer():
    x = sg.tensor(np.arange(12.0).reshape(4, 3) / 7, label="x")
    W = sg.tensor(np.arange(6.0).reshape(3, 2) / 9 - 1, requires_grad=True, label="W")
    b = sg.tensor([0.5, -0.5], requires_grad=True, label="b")
    return (x @ W + b).relu().mean()


def random_graph(rng):
    """Return a result in which many paths join, with products, quotients, powers, gates and dead ends."""
    nodes = [sg.Value(float(rng.uniform(0.5, 2.0)), label=f"x{i}") for i in range(3)]
    binary = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, sg.maximum]
    unary = [lambda a: a.tanh(), lambda a: a.relu(), lambda a: a**2, lambda a: -a, lambda a: (a * 0.3).exp()]
    for _ in range(12):
        a, b = (nodes[i] for i in rng.integers(max(len(nodes) - 5, 0), len(nodes), 2))
        node = binary[rng.integers(5)](a, b) if rng.random() < 0.6 else unary[rng.integers(5)](a)
        nodes.append(node if abs(node.data) > 1e-3 else node + 1.0)
    return nodes[-1] + nodes[0]


#: What is explained of every node, and which edges are lit meanwhile.
EXPLAINED = """
return Object.fromEntries([...document.querySelectorAll(".node")].map((node) => {
  node.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const panel = document.querySelector(".explain");
  const found = {
    sum: panel.querySelector("[data-sum]")?.dataset.sum,
    products: [...panel.querySelectorAll(".paths button")].map((path) => path.lastChild.textContent.split(" = ").pop()),
    more: panel.querySelector(".more")?.textContent ?? "",
    lit: [...document.querySelectorAll(".edge.lit")].map((edge) => edge.id),
  };
  return [node.id, found];
}));"""


def paths_in(story, node):
    """Return the edges of every path from a node to the result."""
    readers = [(head, x) for head in story.nodes for x in story.graph.inputs(head) if x.node is node]
    if node is story.root:
        return [[]]
    return [[story.edges[x.edge], *rest] for head, x in readers for rest in paths_in(story, head)]


@pytest.mark.parametrize("seed", range(6))
def test_the_products_of_all_paths_add_up_to_the_gradient(seed, show):
    playing = sg.play(random_graph(np.random.default_rng(seed)))
    story = playing.story
    explained = show(playing).execute_script(EXPLAINED)
    for node in story.nodes:
        found, paths = explained[story.keys[node]], paths_in(story, node)
        assert set(found["lit"]) == {edge for path in paths for edge in path}
        if node is story.root:
            continue
        gradient = float(story.back.gradients[node])
        assert float(found["sum"]) == pytest.approx(gradient, rel=1e-12, abs=1e-14)
        products = [float(text) for text in found["products"]]
        assert len(products) == min(len(paths), 8)
        if len(paths) > 8:
            assert f"{len(paths) - 8} more paths" in found["more"]
            products.append(float(found["more"].rpartition(" ")[2]))
        assert sum(products) == pytest.approx(gradient, rel=1e-4, abs=1e-4)


def test_a_number_of_paths_that_nobody_could_list(show):
    x = sg.Value(1.0, label="x")
    y = x
    for _ in range(60):
        y = y + y.tanh()
    driver = show(sg.play(y))
    driver.find_element("css selector", "#n0").send_keys("\n")
    text = driver.find_element("css selector", ".explain").text
    assert f"{2**60:,} paths lead from x" in text
    y.backward()
    assert float(driver.execute_script("return document.querySelector('[data-sum]').dataset.sum")) == pytest.approx(
        x.grad, rel=1e-12
    )


def test_a_click_explains_and_another_one_ends_it(show):
    driver = show(sg.play(expression()))
    node = driver.find_element("css selector", "#n0")
    assert driver.find_elements("css selector", ".explain h2") == []
    node.click()
    assert driver.find_element("css selector", ".explain h2").text == "a = 2.0"
    assert node.get_attribute("aria-pressed") == "true"
    rows = [row.text.split("\n") for row in driver.find_elements("css selector", ".explain .paths li")]
    assert rows == [["a → v1 → v2 → out", "(-3.0) × 1.0 × 2.0 = -6.0"], ["a → out", "4.0"]]
    assert driver.find_element("css selector", ".explain .total").text == "Sum: dout/da = -2.0"
    node.click()
    assert driver.find_elements("css selector", ".explain h2, .lit") == []


def test_one_path_is_lit_alone_with_its_rules(show):
    driver = show(sg.play(expression()))
    driver.find_element("css selector", "#n0").click()
    assert len(driver.find_elements("css selector", ".edge.lit")) == 4
    driver.find_element("css selector", ".paths button").click()
    assert len(driver.find_elements("css selector", ".edge.lit")) == 3
    along = [item.text for item in driver.find_elements("css selector", ".along li")]
    product = "A product gives each factor the gradient times the other factors:"
    assert along == [
        f"out → v2: × 2.0 {product} 1.0 × 2.0 = 2.0.",
        "v2 → v1: × 1.0 A sum passes its gradient on unchanged: v1 gets 2.0.",
        f"v1 → a: × (-3.0) {product} 2.0 × (-3.0) = -6.0.",
    ]


def test_the_explanation_is_worked_by_the_keyboard(show):
    keys = pytest.importorskip("selenium.webdriver").Keys
    driver = show(sg.play(expression()), step=2)
    focused = "return document.activeElement.id || document.activeElement.tagName"
    node = driver.find_element("css selector", "#n2")
    node.send_keys(keys.ENTER)
    assert driver.execute_script(focused) == "H2"
    assert driver.find_element("css selector", ".explain h2").text == "v1 = a * b"
    assert driver.execute_script("return document.querySelector('.seegrad-player').dataset.step") == "2"
    driver.switch_to.active_element.send_keys(keys.TAB)  # to the button that closes it
    driver.switch_to.active_element.send_keys(keys.TAB)
    driver.switch_to.active_element.send_keys(keys.SPACE)
    assert driver.execute_script("return document.activeElement.getAttribute('aria-pressed')") == "true"
    driver.switch_to.active_element.send_keys(keys.ESCAPE)
    assert driver.execute_script(focused) == "n2"
    assert driver.find_elements("css selector", ".explain h2") == []


def test_the_line_of_python_is_shown_where_it_is_known(show):
    driver = show(sg.play(twice_plus, 2.0, 3.0))
    driver.find_element("css selector", "#n1").click()
    panel = driver.find_element("css selector", ".explain")
    number = twice_plus.__code__.co_firstlineno + 1
    assert f"Computed in test_player_explain.py, line {number}:\ndoubled = x + x\n" in panel.text
    driver = show(sg.play(expression()))
    driver.find_element("css selector", "#n2").click()
    assert "was not recorded" in driver.find_element("css selector", ".explain").text


def test_what_arrives_at_an_array_from_several_readers_adds_up(show):
    x = sg.tensor([1.0, 2.0], requires_grad=True, label="x")
    driver = show(sg.play((x * x.tanh()).sum() + (x**3).mean()))
    driver.find_element("css selector", "#n0").click()
    arriving = [json.loads(row.text.partition(": ")[2]) for row in driver.find_elements("css selector", ".paths li")]
    total = json.loads(driver.find_element("css selector", ".total").text.rpartition(" = ")[2])
    assert len(arriving) == 3  # of the product, of tanh, of the power
    np.testing.assert_allclose(np.sum(arriving, axis=0), total, rtol=1e-3)


#: What to click in the page of docs/how_to/drawings.md: where it is looked for, and what its text is.
CLICKED = {
    "node": "//*[contains(@class, 'node')][.//*[starts-with(., '{}')]]",
    "path": "//*[@class='paths']//button[span[text()='{}']]",
    "button": "//button[text()='{}']",
    "step": "//*[@class='steps']//button[text()='{}']",
}


def test_the_script_of_clicks_in_the_docs_shows_what_it_says(show):
    page = (ROOT / "docs" / "how_to" / "drawings.md").read_text(encoding="utf-8")
    section = page.partition("## Ask why")[2].partition("\n## ")[0]
    names = {"sg": sg, "np": np}
    code = re.search(r"```python\n(.*?)y\.play\(\)", section, re.DOTALL)[1]
    exec(code, names)
    driver = show(sg.play(names["y"]))
    rows = [
        line.strip("| ").split(" | ") for line in section.splitlines() if re.match(r"\| (node|path|button|step) ", line)
    ]
    assert len(rows) == 6
    for click, shows in rows:
        kind, text = re.fullmatch(r"(\w+) `(.*)`", click).groups()
        found = next(iter(driver.find_elements("xpath", CLICKED[kind].format(text))))
        driver.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", found)
        seen = driver.execute_script("return document.body.innerText + document.querySelector('.picture').textContent")
        for said in re.findall(r"`(.*?)`", shows):
            assert said.rstrip(".") in seen or said in ("a * b + c", "b"), (click, said)


def test_arrays_are_explained_by_what_arrives(show):
    playing = sg.play(layer())
    driver = show(playing)
    driver.find_element("css selector", "#n3").click()
    text = driver.find_element("css selector", ".explain").text
    assert "One path leads from b to out. These are arrays" in text
    gradient = playing.story.back.gradients[playing.story.nodes[3]]
    assert f"from v2: {json.dumps(gradient.tolist())}" in text
    assert f"Sum: dout/db = {json.dumps(gradient.tolist())}" in text


def test_local_derivatives_are_written_on_the_edges(show):
    playing = sg.play(expression())
    driver = show(playing)
    assert driver.find_elements("css selector", "text.factor") == []
    driver.find_element("xpath", "//button[text()='Local derivatives']").click()
    written = driver.execute_script(
        "return [...document.querySelectorAll('text.factor')].map((text) => text.firstChild.data)"
    )
    assert written == ["-3.0", "2.0", "1.0", "1.0", "2.0", "4.0"]
    for _ in range(2):
        covered = driver.execute_script("""
          const boxOf = (element) => element.getBoundingClientRect();
          const boxes = [...document.querySelectorAll(".node")].map(boxOf);
          return [...document.querySelectorAll("text.factor")].map(boxOf).map((a) => Math.max(...boxes.map((b) =>
            Math.min(a.right, b.right) > Math.max(a.left, b.left) + 2 &&
            Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top) + 4)));""")
        assert covered == [0] * 6  # by a node
        driver.find_element("css selector", "button[title='Turn the drawing']").click()


TOKEN = """
const token = document.querySelector("g.token");
if (!token) return null;
const [x, y] = token.getAttribute("transform").match(/-?[\\d.]+/g).map(Number);
return [token.textContent, x, y];"""


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_token_carries_the_number_along_the_edge(motion, show):
    playing = sg.play(expression())
    step = next(i for i, step in enumerate(playing.story.steps) if step.phase == "backward" and step.edges == ["e0"])
    driver = show(playing, step=step - 1)
    features = [{"name": "prefers-reduced-motion", "value": motion}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.execute_script("window.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))")
    driver.find_element("css selector", "button[title='One step on (right arrow)']").click()
    first = driver.execute_script(TOKEN)
    assert first[0] == "-6.0"
    gone = driver.execute_async_script("setTimeout(() => arguments[0](!document.querySelector('g.token')), 1500)")
    assert gone == (motion == "no-preference")
    if motion == "reduce":
        assert driver.execute_script(TOKEN) == first


def test_explanations_fit_a_phone_and_axe_finds_nothing(show):
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    for make, theme, size in ((expression, "dark", PHONE), (layer, "light", (1280, 900)), (expression, "light", PHONE)):
        driver = show(sg.play(make()), step=6, size=size, theme=theme)
        driver.find_element("xpath", "//button[text()='Local derivatives']").click()
        driver.execute_script("document.getElementById('n2').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        driver.execute_script("document.querySelector('.paths button')?.click()")
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        found = axe.run(driver)
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


def test_without_graphviz_the_rows_of_the_table_are_explained(show, monkeypatch):
    playing = sg.play(expression())
    monkeypatch.setattr(render, "renderer", lambda: None)
    driver = show(playing, step=3)
    rows = driver.find_elements("css selector", "tr")
    rows[0].find_element("css selector", "button").click()
    assert driver.find_element("css selector", ".total").text == "Sum: dout/da = -2.0"
    lit = [row.get_attribute("id") for row in driver.find_elements("css selector", "tr.lit")]
    assert lit == ["n0", "n2", "n4", "n5"]
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    found = axe.run(driver)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


def test_explanations_follow_a_number_that_is_dragged(show):
    chains = pytest.importorskip("selenium.webdriver").ActionChains
    driver = show(sg.play(lambda a, b: (a * b).relu() * a, 2.0, 3.0), step=3)
    node = driver.find_element("css selector", "#n0")
    node.click()
    assert driver.find_element("css selector", ".total").text == "Sum: dout/da = 12.0"
    chains(driver).click_and_hold(node).move_by_offset(30, 0).release().perform()
    a = float(driver.find_element("css selector", "#n0 text.value").text)
    assert a != 2.0
    rows = [row.text.split("\n")[1] for row in driver.find_elements("css selector", ".explain .paths li")]
    assert rows[0].startswith(f"3.0 × 1.0 × {a} = ")
    assert float(driver.execute_script("return document.querySelector('[data-sum]').dataset.sum")) == 2 * 3 * a
    # Dragging is no click: the explanation is still that of the same node. The gate's sentence follows the numbers.
    assert driver.find_element("css selector", ".explain h2").text == f"a = {a}"
    driver.find_element("css selector", ".paths button").click()
    along = driver.find_element("css selector", ".along").text
    assert f"relu is a gate: v1 = {3 * a:.6g}" in along
    assert "is positive, so the gradient passes unchanged." in along
    driver.execute_script(
        "const field = document.querySelector('.live .number'); field.value = '-1';"
        "field.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    along = driver.find_element("css selector", ".along").text
    assert "relu is a gate: v1 = -3.0 is not positive, so it is shut and no gradient passes." in along
    assert driver.find_element("css selector", ".total").text == "Sum: dout/da = 0.0"


#: All that is read or read out in a page.
SAID = """
const root = document.querySelector(".seegrad-player");
const names = [...root.querySelectorAll("[aria-label], [title]"), root];
return [document.title, document.body.innerText, ...names.flatMap((element) => [
  element.getAttribute("aria-label") ?? "", element.getAttribute("title") ?? ""]),
  ...[...root.querySelectorAll("svg text")].map((text) => text.textContent)].join("\\n");"""

#: What is the same in every language: names of nodes, functions, types and keys.
SAME = set(
    "English Home End Esc Enter Python sg play zoom scalars detect_anomaly float64 relu mean where max sum axis shape "
    "out dout conv2 max_pool2 padding".split()
)


def pooled():
    x = sg.tensor(np.arange(16.0).reshape(1, 4, 4, 1) % 5, requires_grad=True, label="x")
    w = sg.tensor(np.arange(4.0).reshape(2, 2, 1, 1), requires_grad=True, label="w")
    out = sg.max_pool2d(sg.conv2d(x, w, padding=1), 2).sum()
    out.label = "out"
    return out


@pytest.mark.parametrize("make", [layer, pooled])
def test_no_english_is_left_in_what_opens_and_in_windows(make, show):
    playing = sg.play(make(), lang="zh")
    for step in range(0, len(playing.story.steps), 2):
        driver = show(playing, step=step)
        for opener in driver.find_elements("css selector", ".opener[aria-expanded='false']")[:2]:
            driver.execute_script("arguments[0].dispatchEvent(new Event('click'))", opener)
        words = set(re.findall(r"[A-Za-z_]{3,}\d*", driver.execute_script(SAID)))
        assert words <= SAME, words - SAME


@pytest.mark.parametrize("make", [expression, layer])
def test_no_english_is_left_in_a_chinese_page(make, show):
    playing = sg.play(make(), lang="zh", quiz=True)
    driver = show(playing)
    for _ in range(2):  # asking, and explaining at the end
        driver.execute_script("document.getElementById('n2').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        words = set(re.findall(r"[A-Za-z_]{3,}\d*", driver.execute_script(SAID)))
        assert words <= SAME, words - SAME
        driver.find_element("css selector", "button[title^='跳到末尾']").click()
    page = driver.execute_script("return [document.documentElement.lang, document.title]")
    assert page == ["zh-Hans", "out 的反向传播"]


def test_the_language_is_switched_in_the_page_and_remembered(show):
    playing = sg.play(expression())
    driver = show(playing, step=4)
    try:
        before = driver.find_element("css selector", ".note").text
        driver.find_element("css selector", "#n0").click()
        driver.find_element("xpath", "//button[text()='中文']").click()
        assert driver.find_element("css selector", ".total").text == "总和：dout/da = -2.0"
        assert driver.find_element("css selector", ".note").text == "反向传播从结果开始：结果对自身的导数是 1。"
        driver.refresh()
        assert driver.find_element("css selector", ".note").text == "反向传播从结果开始：结果对自身的导数是 1。"
        driver.find_element("xpath", "//button[text()='English']").click()
        assert driver.find_element("css selector", ".note").text == before
    finally:
        driver.execute_script("localStorage.clear()")
