"""The digit page without a server: its own network gives the numbers of the engine."""

from __future__ import annotations

import io
import json
import types
from base64 import b64decode

import numpy as np
import pytest
from digit_page import DESKTOP, PHONE, SEVEN, THREE, Page
from PIL import Image
from selenium.webdriver.common.keys import Keys

import seegrad as sg
from seegrad import nn
from seegrad.data import prepare_digit
from seegrad.serve import Predictor, export_page


@pytest.fixture
def page(driver):
    driver.get_log("browser")
    return Page(driver)


@pytest.fixture
def open_page(page, tmp_path):
    """Export a model and open its page."""

    def opened(model, size=DESKTOP, theme="light", names=None):
        file = export_page(model, tmp_path / "digits.html", names)
        page.open(types.SimpleNamespace(url="about:blank"), size, theme)
        page.open(types.SimpleNamespace(url=file.as_uri()), size, theme)
        return page

    return opened


ASK = """
  const { probabilities, saliency, layers, against, took } = answerFor(Float32Array.from(arguments[0]), arguments[1]);
  const plain = ({ name, shape, values }) => ({ name, shape, values: [...values] });
  return { probabilities, saliency: [...saliency.values], layers: layers.map(plain), against, took };"""


def check_same(page, model, images, rival):
    predictor = Predictor(model)
    for image in images:
        wanted = predictor.explain(image, rival)
        found = page.driver.execute_script(ASK, image.ravel().tolist(), str(rival))
        np.testing.assert_allclose(found["probabilities"], wanted.probabilities, atol=1e-4)
        largest = np.abs(wanted.saliency).max()
        if image.any():  # of an empty image all windows of a pool tie, and rounding chooses the winners
            np.testing.assert_allclose(found["saliency"], wanted.saliency.ravel(), atol=1e-4 * largest)
        assert found["against"] == (None if wanted.against is None else str(rival))
        assert [layer["name"] for layer in found["layers"]] == [layer.name for layer in wanted.layers]
        for layer, output in zip(found["layers"], wanted.layers):
            assert tuple(layer["shape"]) == output.values.shape
            channels_first = np.moveaxis(output.values, -1, 0).ravel()
            np.testing.assert_allclose(layer["values"], channels_first, atol=1e-4 * np.abs(channels_first).max())


def every_kind_of_layer():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", seed=0),
        nn.BatchNorm2d(4),
        nn.Sequential(nn.LeakyReLU(0.1), nn.MaxPool2d(3, stride=2, padding=1)),
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), bias=False, seed=1),
        nn.Tanh(),
        nn.AvgPool2d(2, padding=1),
        nn.Conv2d(6, 8, 1, seed=2),
        nn.Sigmoid(),
        nn.GlobalAvgPool2d(),
        nn.Dropout(0.5),
        nn.Linear(8, 12, seed=3),
        nn.BatchNorm1d(12),
        nn.ReLU(),
        nn.Linear(12, 5, seed=4),
    )
    rng = np.random.default_rng(0)
    for norm in (model[1], model[11]):
        norm.running_mean[...] = rng.normal(size=norm.running_mean.shape)
        norm.running_var[...] = rng.uniform(0.5, 2.0, norm.running_var.shape)
        norm.weight.data = rng.normal(size=norm.weight.shape).astype(np.float32)
        norm.bias.data = rng.normal(size=norm.bias.shape).astype(np.float32)
    return model


@pytest.mark.parametrize("make", [nn.models.mnist_cnn, nn.models.mnist_deep_cnn, every_kind_of_layer])
def test_its_numbers_are_those_of_the_engine(make, open_page, digits, rng):
    model = make() if make is every_kind_of_layer else make(seed=0)
    model.train()
    for _ in range(2):  # running statistics of these images
        model(digits[0].x[:32])
    page = open_page(model)
    images = [*digits[1].x[:4], rng.random((28, 28, 1), np.float32), np.zeros((28, 28, 1), np.float32)]
    check_same(page, model, images, rival=3)
    assert page.complaints() == []


def test_a_trained_network_reads_the_test_digits_as_the_engine_does(open_page, model, digits):
    page = open_page(model)
    images = digits[1].x[:100]
    wanted = np.stack([Predictor(model).probabilities(image) for image in images])
    found = page.driver.execute_script(
        "return arguments[0].map((image) => answerFor(Float32Array.from(image), null).probabilities)",
        images.reshape(len(images), -1).tolist(),
    )
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert (np.argmax(found, axis=1) == digits[1].y[:100]).mean() > 0.85


def test_preprocessing_is_part_of_it(open_page, digits, model, tmp_path):
    scaled = nn.Sequential(nn.Flatten(), nn.Linear(784, 10, seed=0))
    scaler = sg.data.Standardize().fit(digits[0].x[:200])
    file = tmp_path / "model.safetensors"
    scaled.save(file, input_shape=(28, 28, 1), preprocessing=scaler, class_names=list("abcdefghij"))
    loaded = sg.load(file)
    page = open_page(loaded)
    image = digits[1].x[3]
    found = page.driver.execute_script(ASK, image.ravel().tolist(), None)
    np.testing.assert_allclose(found["probabilities"], Predictor(loaded).probabilities(image), atol=1e-4)
    page.draw(SEVEN)
    page.wait_for(lambda: page.answer() in "abcdefghij")


@pytest.mark.parametrize(("size", "kind", "theme"), [(DESKTOP, "mouse", "light"), (PHONE, "touch", "dark")])
def test_a_digit_is_drawn_answered_and_compared(open_page, model, size, kind, theme):
    page = open_page(model, size, theme)
    page.draw(THREE, kind)
    page.wait_for_answer("3")
    assert "ms, on this device" in page.element("status").text
    plain = page.pixels("#why")
    page.driver.execute_script(
        "const select = document.getElementById('rival'); select.value = '5'; select.dispatchEvent(new Event('change'))"
    )
    page.wait_for(
        lambda: "rather than 5" in page.driver.execute_script("return document.querySelector('.legend').textContent")
    )
    assert (page.pixels("#why") != plain).any()
    assert "that of 3 minus that of 5" in page.element("measure").text
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    assert [(v["id"], v["nodes"][0]["html"]) for v in axe.run(page.driver)["violations"]] == []
    asked = page.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [url for url in asked if not url.startswith("data:")] == []
    assert page.complaints() == []


@pytest.mark.parametrize("way", [THREE, SEVEN, [(0.5 + 0.2 * x, 0.2 + 0.2 * y) for x, y in THREE]])
def test_a_drawing_becomes_the_image_that_python_makes_of_it(open_page, model, way):
    page = open_page(model)
    page.draw(way)
    page.wait_for(lambda: page.answer() != "–")
    url, found = page.driver.execute_script("return [latest.picture.toDataURL(), [...latest.answer.image.values]]")
    wanted = prepare_digit(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))))[..., 0]
    found = np.reshape(found, (28, 28))
    # The faintest edge of a stroke may count as ink or not, and then the digit's middle be rounded to the next pixel.
    shifted = [np.roll(found, shift, axis) for shift in (0, 1, -1) for axis in (0, 1)]
    assert min(np.abs(image - wanted).mean() for image in shifted) < 0.01
    answers = [Predictor(model).probabilities(np.float32(image)[..., None]).argmax() for image in (found, wanted)]
    assert answers[0] == answers[1]


def test_a_feature_map_is_enlarged_by_button_click_and_keys(open_page, model):
    page = open_page(model)
    page.draw(THREE)
    page.wait_for_answer("3")
    driver = page.driver
    dialog = page.element("enlarged")
    assert not dialog.is_displayed()
    driver.find_element("css selector", ".enlarge").click()
    assert dialog.is_displayed()
    title = dialog.find_element("tag name", "h2")
    assert title.get_attribute("textContent") == "Conv2d, map 1 of 8"
    first = page.pixels("#enlarged canvas")
    assert first.shape[:2] == (12, 12)
    page.element("next").click()
    assert title.get_attribute("textContent") == "Conv2d, map 2 of 8"
    assert (page.pixels("#enlarged canvas") != first).any()
    page.element("next").send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert title.get_attribute("textContent") == "Conv2d, map 8 of 8"
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    assert [v["id"] for v in axe.run(driver)["violations"]] == []
    page.element("close").send_keys(Keys.ESCAPE)
    assert not dialog.is_displayed()
    tiles = driver.find_element("css selector", ".layer canvas")
    driver.execute_script(
        """
        const box = arguments[0].getBoundingClientRect();
        const at = { clientX: box.left + (box.width * 3.4) / 8, clientY: box.top + box.height / 2, bubbles: true };
        arguments[0].dispatchEvent(new MouseEvent("click", at));""",
        tiles,
    )
    assert title.get_attribute("textContent") == "Conv2d, map 4 of 8"


def test_the_file_is_one_page_of_about_the_size_of_the_weights(tmp_path):
    file = export_page(nn.models.mnist_cnn(seed=0), tmp_path / "digits.html")
    assert file.stat().st_size < 600_000
    text = file.read_text(encoding="utf-8")
    assert "server_answers" not in text
    assert "fetch(" not in text
    named = export_page(nn.Sequential(nn.Flatten(), nn.Linear(784, 2)), tmp_path / "a.html", ["</script><b>", "b"])
    assert named.read_text(encoding="utf-8").count("</script>") == 2


def test_what_cannot_be_a_page_is_refused(tmp_path):
    class Net(nn.Module):
        def forward(self, x):
            return x

    flat = nn.Flatten()
    for model, text in (
        (Net(), r"cannot run Net \(the model\): it knows Sequential, Linear.*--onnx"),
        (nn.Sequential(flat, nn.GELU(), nn.Linear(784, 3)), r"cannot run GELU \(1\)"),
        (nn.Sequential(nn.Linear(28, 3)), "is a Flatten missing"),
        (nn.Sequential(nn.Conv2d(3, 4, 3)), r"does not take an output of shape \(28, 28, 1\)"),
        (nn.Sequential(nn.Conv2d(1, 4, 3)), r"a row of scores.*\(26, 26, 4\)"),
        (
            nn.Sequential(flat, nn.Linear(784, 3), nn.BatchNorm1d(3, track_running_stats=False)),
            "statistics of its batch",
        ),
    ):
        with pytest.raises(ValueError, match=text):
            export_page(model, tmp_path / "a.html")
    model = nn.Sequential(flat, nn.Linear(784, 3))
    with pytest.raises(ValueError, match="3 classes, but 2 names"):
        export_page(model, tmp_path / "a.html", ["a", "b"])
    with pytest.raises(ValueError, match=r"ends in \.html, not in '\.onnx'"):
        export_page(model, tmp_path / "a.onnx")
    model[1].register_forward_hook(lambda *_: None)
    with pytest.raises(ValueError, match="has hooks"):
        export_page(model, tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


def test_the_server_compares_with_another_class_too(client, model, digits):
    image = digits[1].x[0]
    body = {"pixels": image[..., 0].tolist()}
    status, answer = client.predict(body, query="?explain=1&against=4")
    assert (status, answer["against"]) == (200, "4")
    wanted = Predictor(model).explain(image, 4).saliency
    assert answer["saliency"]["high"] == pytest.approx(float(wanted.max()), rel=1e-4)
    status, answer = client.predict(body, query=f"?explain=1&against={answer['class']}")
    assert (status, answer["against"]) == (200, None)
    status, answer = client.predict(body, query="?explain=1&against=cat")
    assert status == 422
    assert "no class 'cat'; there are 0, 1" in answer["error"]


def test_the_difference_of_scores_has_the_difference_of_gradients(model, digits, rng):
    image = digits[1].x[7].astype(np.float64)
    double = nn.Sequential(*model)
    explanation = Predictor(model).explain(image.astype(np.float32), 2)
    winner = int(explanation.probabilities.argmax())
    direction = rng.normal(size=image.shape)
    with sg.no_grad():
        score = [double((image + h * direction)[None].astype(np.float32)).data[0] for h in (1e-3, -1e-3)]
    slope = [(s[winner] - s[2]).item() for s in score]
    assert (slope[0] - slope[1]) / 2e-3 == pytest.approx(
        float((explanation.saliency * direction).sum()), rel=0.02, abs=0.02
    )


def test_the_command_writes_the_page(tmp_path, capsys, model):
    from seegrad.__main__ import main

    model.save(tmp_path / "model.safetensors", input_shape=(28, 28, 1))
    assert main(["export", str(tmp_path / "model.safetensors"), "--page", str(tmp_path / "digits.html")]) == 0
    assert "kB; open it in a browser" in capsys.readouterr().out
    data = (
        (tmp_path / "digits.html").read_text(encoding="utf-8").partition('id="network">')[2].partition("</script>")[0]
    )
    assert [layer["kind"] for layer in json.loads(data)["program"]] == ["conv", "relu", "linear"]
    assert not (tmp_path / "model.onnx").exists()
