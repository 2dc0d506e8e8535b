"""What the server answers to requests, good and bad."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from starlette.exceptions import HTTPException

import seegrad as sg
from seegrad.serve import create_app
from seegrad.serve.answer import array_data
from seegrad.serve.request_image import read_image


def png(pixels, mode=None):
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, "PNG")
    return file.getvalue()


def drawing(image, scale=5):
    """Enlarge a digit to a drawing: white on black, uint8."""
    return np.kron(np.uint8(255 * image[..., 0]), np.ones((scale, scale), np.uint8))


def unpack(data):
    raw = np.frombuffer(base64.b64decode(data["bytes"]), np.uint8)
    values = data["low"] + raw / 255 * (data["high"] - data["low"])
    shape = data["shape"]
    return np.moveaxis(values.reshape(shape[-1:] + shape[:-1]), 0, -1)


def test_it_is_healthy(client):
    status, headers, body = client.get("/healthz")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"status": "ok"})


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")]
)
def test_the_page_comes_from_here_alone(client, path, kind):
    status, headers, body = client.get(path)
    assert (status, headers["content-type"].partition(";")[0]) == (200, kind)
    assert b"://" not in body
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_pixels_get_the_models_own_answer(client, model, seven):
    expected = sg.softmax(model(seven[np.newaxis]).data[0])
    status, answer = client.predict({"pixels": seven.tolist()})
    assert status == 200
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-5, atol=1e-7)
    order = np.argsort(-expected)
    assert (answer["class"], answer["runner_up"]) == (str(order[0]), str(order[1]))
    assert answer["confidence"] == max(answer["probabilities"])
    assert answer["classes"] == list("0123456789")
    assert "layers" not in answer
    assert client.predict({"pixels": seven[..., 0].tolist()}) == (status, answer)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
def test_a_png_of_any_kind_is_read(client, seven, mode):
    status, answer = client.predict(png(drawing(seven), mode), "image/png")
    assert (status, answer["class"]) == (200, "7")


def test_dark_on_light_is_the_same_digit(client, seven):
    light = client.predict(png(drawing(seven)), "image/png")[1]["probabilities"]
    dark = client.predict(png(255 - drawing(seven)), "image/png")[1]["probabilities"]
    np.testing.assert_allclose(light, dark, atol=0.05)


def test_most_drawn_digits_are_read_right(client, digits):
    images, labels = digits[1].x[:60], digits[1].y[:60]
    answers = [client.predict(png(drawing(image)), "image/png")[1]["class"] for image in images]
    assert np.mean(np.array(answers).astype(int) == labels) > 0.85


def test_an_explanation_shows_what_the_engine_computes(client, model, seven):
    status, answer = client.predict({"pixels": seven.tolist()}, query="?explain=1")
    assert status == 200
    x = seven[np.newaxis]
    winner = int(answer["class"])
    step = (answer["saliency"]["high"] - answer["saliency"]["low"]) / 255
    slope = sg.grad(lambda image: model(image)[0, winner])(sg.tensor(x))
    np.testing.assert_allclose(unpack(answer["saliency"]), slope.data[0], atol=step)
    np.testing.assert_allclose(unpack(answer["image"]), seven, atol=1 / 255)
    assert [layer["name"] for layer in answer["layers"]] == ["0 Conv2d", "1 ReLU", "3 Linear"]
    maps = model[0](x).data[0]
    step = (maps.max() - maps.min()) / 255
    np.testing.assert_allclose(unpack(answer["layers"][0]), maps, atol=step)
    np.testing.assert_allclose(unpack(answer["layers"][2]), model(x).data[0], atol=0.1)


def test_a_constant_array_can_be_packed():
    assert unpack(array_data(np.full((2, 3, 1), 0.5))).tolist() == np.full((2, 3, 1), 0.5).tolist()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(width, height):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def bomb(width, height, *more, rows=b"", after=b""):
    """A small PNG that announces very many pixels; ``more`` are further headers."""
    pixels = chunk(b"IDAT", zlib.compress(rows or bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header(width, height) + b"".join(more) + pixels + after + chunk(b"IEND", b"")


BLANK = np.zeros((28, 28)).tolist()
BAD = {
    "no kind": (b"{}", None, 415, "Content-Type"),
    "another kind": (b"GIF89a", "image/gif", 415, "image/gif"),
    "empty": (b"", "application/json", 400, "not JSON"),
    "no JSON": (b"{nonsense", "application/json", 400, "not JSON"),
    "bad UTF-8": (b"\xff\xfe\xfd", "application/json", 400, "not JSON"),
    "deep": (b"[" * 100_000, "application/json", 400, "not JSON"),
    "huge number": (b'{"pixels": ' + b"9" * 5000 + b"}", "application/json", 400, "not JSON"),
    "a list": (b"[1, 2]", "application/json", 400, "expected"),
    "no pixels": (b"{}", "application/json", 400, "pixels"),
    "null": (b'{"pixels": null}', "application/json", 422, "28 rows"),
    "ragged": (b'{"pixels": [[1, 2], [3]]}', "application/json", 422, "differ"),
    "wrong shape": (b'{"pixels": [[0, 1]]}', "application/json", 422, "(1, 2)"),
    "truths": (json.dumps({"pixels": [[0] * 27 + [True]] * 28}), "application/json", 422, "numbers"),
    "deeper": (json.dumps({"pixels": [[[[0]]] * 28] * 28}), "application/json", 422, "numbers"),
    "pairs": (json.dumps({"pixels": [[[0, 0]] * 28] * 28}), "application/json", 422, "numbers"),
    "a table": (json.dumps({"pixels": {"0": [0] * 28}}), "application/json", 422, "28 rows"),
    "words": (json.dumps({"pixels": [["a"] * 28] * 28}), "application/json", 422, "numbers"),
    "too large": (json.dumps({"pixels": [[255] * 28] * 28}), "application/json", 422, "255"),
    "negative": (json.dumps({"pixels": [[-0.5] * 28] * 28}), "application/json", 422, "-0.5"),
    "nan": (json.dumps({"pixels": [[float("nan")] * 28] * 28}), "application/json", 422, "nan"),
    "integers without end": (json.dumps({"pixels": [[10**400] * 28] * 28}), "application/json", 422, "numbers"),
    "no PNG": (b"nonsense" * 10, "image/png", 400, "not a PNG"),
    "empty PNG": (b"", "image/png", 400, "not a PNG"),
    "cut PNG": (png(np.zeros((50, 50), np.uint8))[:-20], "image/png", 400, "damaged"),
    "bomb": (bomb(60_000, 60_000), "image/png", 413, "60000 x 60000"),
    "a second header": (bomb(28, 28, header(6000, 6000)), "image/png", 413, "6000 x 6000"),
    "a third header": (bomb(28, 28, header(6000, 6000), header(5000, 5000)), "image/png", 413, "5000 x 5000"),
    "a tall second header": (bomb(28, 28, header(1, 2**31 - 1)), "image/png", 413, "1 x 2147483647"),
    "no width": (bomb(0, 10), "image/png", 400, "damaged"),
    "less than promised": (bomb(500, 500), "image/png", 400, "damaged"),
    "blank PNG": (png(np.zeros((50, 50), np.uint8)), "image/png", 422, "no digit"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_a_message(client, name):
    body, kind, status, words = BAD[name]
    got, answer = client.predict(body if isinstance(body, bytes) else body.encode(), kind)
    assert (got, list(answer)) == (status, ["error"])
    assert words in answer["error"]
    assert "Traceback" not in answer["error"]
    assert len(answer["error"]) < 300


def costs(body, content_type):
    """Return how many bytes a refused request takes at most, in the process of the server."""
    tracemalloc.start()
    try:
        with pytest.raises(HTTPException):
            read_image(content_type, body, 1024 * 1024)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "pixels",
    [
        ["a" * 300_000, *[""] * 300],
        [["a" * 300_000, *[""] * 27], *[[""] * 28] * 27],
        [[]] * 150_000,
        [[0] * 28] * 3000,
        [[[0] * 300] * 28] * 28,
        [["\U0001f600" * 10_000] * 28] * 28,
    ],
)
def test_no_array_is_made_of_what_is_no_image(pixels):
    body = json.dumps({"pixels": pixels}, ensure_ascii=False).encode()[:10_000_000]
    assert costs(body, "application/json") < 20 * len(body) + 100_000


def test_a_header_behind_the_pixels_changes_nothing(client):
    rows = bytes([0, *range(0, 256, 4)]) * 64
    body = bomb(64, 64, rows=rows, after=header(6000, 6000))
    assert client.predict(body, "image/png")[0] in (200, 400, 422)


def test_damaged_pngs_never_make_it_fail(client, seven, rng):
    sound = png(drawing(seven, 2))
    for _ in range(150):
        body = bytearray(sound)
        for place in rng.integers(8, len(body), size=rng.integers(1, 5)):
            body[place] = rng.integers(256)
        status, _ = client.predict(bytes(body), "image/png")
        assert status in (200, 400, 413, 422)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/predict", 405)])
def test_other_addresses_are_refused_as_json(client, method, path, status):
    got, _, body = client.request(method, path)
    assert (got, list(json.loads(body))) == (status, ["error"])


@pytest.mark.parametrize("path", ["/../app.py", "/%2e%2e/app.py", "/page/../app.py", "/app.py"])
def test_no_other_file_can_be_had(client, path):
    assert client.get(path)[0] == 404


class Moody(sg.nn.Linear):
    """Fails for every image with ink."""

    def forward(self, x):
        if np.max(x) > 0:
            raise ZeroDivisionError("secret")
        return super().forward(sg.flatten(x, 1))


def test_what_goes_wrong_inside_is_logged_and_not_told(serve_model, seven, capfd):
    with serve_model(Moody(784, 10)) as served:
        status, answer = served.predict({"pixels": seven.tolist()})
        assert (status, list(answer)) == (500, ["error"])
        assert "secret" not in answer["error"]
        assert served.predict({"pixels": BLANK})[0] == 200
    assert "ZeroDivisionError: secret" in capfd.readouterr().err


def test_parallel_requests_get_their_own_answers(client, model, digits):
    images = digits[1].x[:120]
    expected = sg.softmax(model(images).data)

    def ask(i):
        return client.predict({"pixels": images[i].tolist()}, query=f"?explain={i % 2}")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(len(images))))
    for (status, answer), probabilities in zip(answers, expected, strict=True):
        assert status == 200
        np.testing.assert_allclose(answer["probabilities"], probabilities, rtol=1e-4, atol=1e-6)


def test_the_model_itself_is_left_alone(model, seven):
    from seegrad.serve import Predictor

    def everything():
        return [{name: id(value) for name, value in vars(part).items()} for part in model.modules()]

    model.train()
    before = everything()
    Predictor(model).explain(seven)
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    assert everything() == before


def test_what_the_models_file_says_is_done(model, digits, seven, tmp_path):
    from seegrad.serve import Predictor

    scaler = sg.data.Standardize().fit(digits[0].x)
    model.save(tmp_path / "digits.safetensors", class_names=[f"digit {i}" for i in range(10)], preprocessing=scaler)
    predictor = Predictor(sg.load(tmp_path / "digits.safetensors"))
    assert predictor.class_names[7] == "digit 7"
    scaled = model(scaler.transform(seven[np.newaxis])).data[0]
    np.testing.assert_allclose(predictor.probabilities(seven), sg.softmax(scaled), rtol=1e-4, atol=1e-6)
    # The saliency is the derivative with respect to the picture itself, as a difference of scores shows.
    slope = predictor.explain(seven).saliency
    place, winner, step = np.unravel_index(np.abs(slope).argmax(), slope.shape), scaled.argmax(), 0.01
    moved = [np.array(seven, np.float64) for _ in range(2)]
    moved[0][place] -= step
    moved[1][place] += step
    low, high = (model(scaler.transform(image[np.newaxis]).astype(np.float32)).data[0, winner] for image in moved)
    assert slope[place] == pytest.approx((high - low) / (2 * step), rel=0.05)


def test_class_names_are_answered(serve_model, seven):
    names = [f"digit {i}" for i in range(10)]
    with serve_model(names=names) as served:
        assert served.predict({"pixels": seven.tolist()})[1]["class"] == "digit 7"


def test_models_that_do_not_fit_are_refused_at_once():
    with pytest.raises(ValueError, match="does not take images of shape"):
        create_app(sg.nn.Linear(3, 10))
    with pytest.raises(ValueError, match="row of scores"):
        create_app(sg.nn.Sequential(sg.nn.Conv2d(1, 2, 3)))
    with pytest.raises(ValueError, match="10 classes, but 2 names"):
        create_app(sg.nn.Sequential(sg.nn.Flatten(), sg.nn.Linear(784, 10)), ["a", "b"])


def test_a_model_of_other_images_or_without_memory_is_refused_at_once(tmp_path):
    other = sg.nn.Sequential(sg.nn.GlobalAvgPool2d(), sg.nn.Linear(1, 10))
    other.save(tmp_path / "m", input_shape=(32, 32, 1))
    with pytest.raises(ValueError, match=r"shape \(32, 32, 1\), not images of shape \(28, 28, 1\)"):
        create_app(sg.load(tmp_path / "m"))

    class Hungry(sg.nn.Module):
        def forward(self, x):
            raise MemoryError("Unable to allocate 14 GiB")

    with pytest.raises(ValueError, match="does not take images of shape .* 14 GiB"):
        create_app(Hungry())
