"""Layers of the first network: values, gradients, arguments, what they refuse."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

CNN = nn.models.mnist_cnn


def gradients_are_right(layer, x):
    """Compare the layer's gradients with difference quotients, in float64."""
    layer.to(np.float64)
    parameters = list(layer.parameters())

    def f(x, *values):
        return layer(x)

    return sg.gradcheck(f, (sg.tensor(x, requires_grad=True), *parameters))


class TestLinear:
    def test_value(self, rng):
        layer = nn.Linear(3, 2, seed=0)
        layer.bias.data = np.float32([1, -1])
        x = rng.normal(size=(5, 3)).astype(np.float32)
        np.testing.assert_allclose(layer(x).data, x @ layer.weight.data + [1, -1], rtol=1e-6)
        assert layer(x).dtype == np.float32
        np.testing.assert_allclose(layer(x[0]).data, layer(x).data[0], rtol=1e-6)
        assert layer(x.reshape(1, 5, 3)).shape == (1, 5, 2)

    def test_gradients(self, rng):
        assert gradients_are_right(nn.Linear(3, 2), rng.normal(size=(4, 3)))
        assert gradients_are_right(nn.Linear(3, 2, bias=False), rng.normal(size=(2, 4, 3)))

    def test_first_values(self):
        layer = nn.Linear(300, 200, seed=0)
        bound = np.sqrt(6 / 500)
        assert np.abs(layer.weight.data).max() <= bound
        assert layer.weight.data.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
        assert not layer.bias.data.any()
        np.testing.assert_array_equal(layer.weight.data, nn.Linear(300, 200, seed=0).weight.data)
        assert (layer.weight.data != nn.Linear(300, 200, seed=1).weight.data).any()

    def test_default_seed_is_the_library_s(self):
        sg.manual_seed(3)
        one = nn.Linear(4, 4).weight.data
        sg.manual_seed(3)
        np.testing.assert_array_equal(one, nn.Linear(4, 4).weight.data)

    def test_own_first_values(self):
        layer = nn.Linear(2, 2, weight_init=nn.init.ones, bias_init=nn.init.ones)
        assert layer(np.ones((1, 2), np.float32)).tolist() == [[3, 3]]

    def test_input_is_left_alone(self, rng):
        x = rng.normal(size=(4, 3)).astype(np.float32)
        before = x.copy()
        layer = nn.Linear(3, 2)
        y = layer(x)
        x[...] = 0  # the owner reuses the array before the backward pass
        y.sum().backward()
        np.testing.assert_allclose(layer.weight.grad, np.repeat(before.sum(0)[:, None], 2, 1), rtol=1e-5)

    def test_repr(self):
        assert repr(nn.Linear(2, 3)) == "Linear(2, 3)"
        assert repr(nn.Linear(2, 3, bias=False)) == "Linear(2, 3, bias=False)"


class TestConv2d:
    def test_value(self, rng):
        layer = nn.Conv2d(2, 3, (2, 3), stride=(2, 1), padding=1, seed=0).to(np.float64)
        layer.bias.data = rng.normal(size=3)
        x = rng.normal(size=(2, 5, 6, 2))
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        y = layer(x)
        assert y.shape == (2, 3, 6, 3)
        for i in range(3):
            for j in range(6):
                window = padded[:, 2 * i : 2 * i + 2, j : j + 3]
                expected = np.tensordot(window, layer.weight.data, 3) + layer.bias.data
                np.testing.assert_allclose(y.data[:, i, j], expected, rtol=1e-12, atol=1e-12)

    def test_gradients(self, rng):
        assert gradients_are_right(nn.Conv2d(2, 3, 2, stride=2, padding=1), rng.normal(size=(2, 4, 5, 2)))
        assert gradients_are_right(nn.Conv2d(2, 2, 2, dilation=2, bias=False), rng.normal(size=(2, 4, 4, 2)))

    def test_repr(self):
        assert repr(nn.Conv2d(1, 2, 3)) == "Conv2d(1, 2, kernel_size=3)"
        full = nn.Conv2d(1, 2, (3, 5), 2, (1, 2), 2, bias=False)
        assert repr(full) == "Conv2d(1, 2, kernel_size=(3, 5), stride=2, padding=(1, 2), dilation=2, bias=False)"


class TestPoolingAndShape:
    def test_max_pool(self, rng):
        x = rng.normal(size=(2, 5, 6, 3))
        y = nn.MaxPool2d(2)(x)
        np.testing.assert_array_equal(y.data, x[:, :4].reshape(2, 2, 2, 3, 2, 3).max((2, 4)))
        assert nn.MaxPool2d(3, stride=1, padding=1)(x).shape == x.shape
        assert repr(nn.MaxPool2d((3, 2), 1, (1, 0))) == "MaxPool2d((3, 2), stride=1, padding=(1, 0))"

    def test_flatten(self, rng):
        x = rng.normal(size=(2, 3, 4, 5))
        np.testing.assert_array_equal(nn.Flatten()(x).data, x.reshape(2, 60))
        assert nn.Flatten()(np.zeros((0, 3, 4))).shape == (0, 12)


class TestDropout:
    def test_keeps_the_mean(self):
        x = np.ones((200, 200), np.float32)
        y = nn.Dropout(0.25, seed=0)(x)
        assert y.dtype == np.float32
        assert y.data.mean() == pytest.approx(1.0, abs=0.01)
        assert np.unique(y.data).tolist() == [0, np.float32(1 / 0.75)]

    def test_eval_is_the_identity(self):
        x = np.ones((3, 3))
        assert nn.Dropout(0.9).eval()(x).tolist() == x.tolist()
        assert nn.Dropout(0.0)(x).tolist() == x.tolist()
        assert nn.Dropout(1.0)(x).tolist() == (0 * x).tolist()

    def test_same_seed_same_choice(self):
        x = np.ones((10, 10))
        one, two = nn.Dropout(0.5, seed=1), nn.Dropout(0.5, seed=1)
        first = one(x).data
        np.testing.assert_array_equal(first, two(x).data)
        assert (one(x).data != first).any()
        sg.manual_seed(5)
        third = nn.Dropout()(x).data
        sg.manual_seed(5)
        np.testing.assert_array_equal(third, nn.Dropout()(x).data)

    def test_gradient_is_the_mask(self):
        x = sg.tensor(np.ones((10, 10)), requires_grad=True)
        y = nn.Dropout(0.5, seed=1)(x)
        y.sum().backward()
        np.testing.assert_array_equal(x.grad, y.data)

    @pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
    def test_not_a_probability(self, p):
        with pytest.raises(ValueError, match="p must be from 0 to 1"):
            nn.Dropout(p)
        with pytest.raises(ValueError, match="p must be from 0 to 1"):
            nn.functional.dropout(np.ones(3), p)


class TestMnistCnn:
    def test_parameters(self):
        assert [p.size for p in CNN().parameters()] == [288, 32, 18432, 64, 36864, 64, 36864, 64, 640, 10]
        assert sum(p.size for p in CNN().parameters()) == 93_322

    def test_runs_both_ways(self, rng):
        model = CNN(seed=0)
        x = rng.random((3, 28, 28, 1), dtype=np.float32)
        before = x.copy()
        loss = nn.CrossEntropyLoss()(model(x), np.array([1, 2, 3]))
        loss.backward()
        assert loss.item() == pytest.approx(np.log(10), abs=0.3)
        assert all(p.grad.shape == p.shape and p.grad.dtype == np.float32 for p in model.parameters())
        np.testing.assert_array_equal(x, before)

    def test_seed(self):
        for one, two in zip(CNN(seed=1).parameters(), CNN(seed=1).parameters(), strict=True):
            np.testing.assert_array_equal(one.data, two.data)

    def test_learns_a_few_images(self, rng):
        model = CNN(seed=0)
        x, y = rng.random((8, 28, 28, 1), dtype=np.float32), np.arange(8)
        optimizer, loss = sg.optim.Adam(model.parameters(), lr=3e-3), nn.CrossEntropyLoss()
        for _ in range(60):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
        assert (model(x).data.argmax(1) == y).all()


class TestArguments:
    @pytest.mark.parametrize("value", [0, -1])
    def test_too_small(self, value):
        for make in (
            lambda: nn.Linear(value, 2),
            lambda: nn.Linear(2, value),
            lambda: nn.Conv2d(value, 2, 3),
            lambda: nn.Conv2d(1, value, 3),
            lambda: nn.Conv2d(1, 2, value),
            lambda: nn.Conv2d(1, 2, 3, stride=value),
            lambda: nn.MaxPool2d(value),
        ):
            with pytest.raises(ValueError, match=f"must be at least 1, got {value}"):
                make()

    @pytest.mark.parametrize("value", [1.5, "3", None, True])
    def test_no_integer(self, value):
        for make in (lambda: nn.Linear(value, 2), lambda: nn.Conv2d(1, 2, value)):
            with pytest.raises(TypeError, match="must be an integer"):
                make()

    def test_pairs_and_padding(self):
        with pytest.raises(ValueError, match="pair"):
            nn.Conv2d(1, 2, (3, 3, 3))
        with pytest.raises(ValueError, match="padding must be at least 0"):
            nn.Conv2d(1, 2, 3, padding=-1)
        with pytest.raises(ValueError, match="at most half"):
            nn.MaxPool2d(2, padding=2)
        assert nn.Linear(np.int64(3), np.uint8(2)).weight.shape == (3, 2)


class TestWrongInputNamesTheLayer:
    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (
                np.zeros((2, 1, 28, 28), np.float32),
                r"Sequential\.0 Conv2d\(1, 32, kernel_size=3\): got an input of shape \(2, 1, 28, 28\), expected "
                r"\(batch, height, width, 1\).*transpose\(0, 2, 3, 1\)",
            ),
            (np.zeros((2, 28, 28), np.float32), r"Sequential\.0 .*np\.newaxis"),
            (np.zeros((2, 28, 28, 3), np.float32), r"expected \(batch, height, width, 1\)$"),
            (np.zeros((2, 14, 14, 1), np.float32), r"Sequential\.6 Conv2d\(64, 64.*3 x 3 does not fit.*2, 2, 2, 64"),
            (np.zeros((2, 2, 2, 1), np.float32), r"Sequential\.0 .*3 x 3 does not fit"),
            (np.zeros((2, 40, 40, 1), np.float32), r"Sequential\.9 Linear\(576, 64\): .*expected \(\.\.\., 576\)"),
            (np.zeros((), np.float32), r"Sequential\.0 "),
        ],
    )
    def test_shape(self, x, message):
        with pytest.raises(ValueError, match=message) as caught:
            CNN()(x)
        assert isinstance(caught.value, nn.LayerError)

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (np.zeros((2, 28, 28, 1)), r"dtype float64, but its parameters are float32.*astype.*model\.to"),
            (np.zeros((2, 28, 28, 1), np.uint8), r"dtype uint8, but its parameters are float32; use x\.astype"),
            ([[1.0]], r"takes a Tensor or a NumPy array, got list"),
            (None, r"got NoneType"),
        ],
    )
    def test_dtype(self, x, message):
        with pytest.raises(TypeError, match=r"Sequential\.0 Conv2d\(.*" + message) as caught:
            CNN()(x)
        assert isinstance(caught.value, nn.LayerError)

    def test_the_parameter_that_brought_the_dtype_is_named(self):
        class Scale(nn.Module):
            def __init__(self):
                self.factor = nn.Parameter(np.ones(2))  # float64, as NumPy makes it

            def forward(self, x):
                return x * self.factor

        x = np.zeros((1, 2), np.float32)
        with pytest.raises(TypeError, match=r"input of dtype float64.* The parameter Sequential\.0\.factor is float64"):
            nn.Sequential(Scale(), nn.Linear(2, 2))(x)
        with pytest.raises(TypeError, match=r"model\.to\(np\.float64\)$"):
            nn.Sequential(nn.Linear(2, 2))(x.astype(np.float64))

    def test_by_itself_and_deep_inside(self):
        with pytest.raises(ValueError, match=r"^Linear\(3, 2\): got an input of shape \(4,\)"):
            nn.Linear(3, 2)(np.zeros(4, np.float32))

        class Net(nn.Module):
            def __init__(self):
                self.parts = nn.ModuleDict({"a": nn.Sequential(nn.ReLU(), nn.Linear(3, 2))})

            def forward(self, x):
                return self.parts["a"](x)

        with pytest.raises(ValueError, match=r"^Net\.parts\.a\.1 Linear\(3, 2\): "):
            Net()(np.zeros((1, 4), np.float32))

    def test_flatten_is_recommended(self):
        with pytest.raises(ValueError, match="Flatten"):
            nn.Linear(12, 2)(np.zeros((5, 2, 6), np.float32))

    def test_activations_and_pooling(self):
        for layer in (nn.ReLU(), nn.Sigmoid(), nn.Tanh(), nn.Softmax(), nn.Dropout(), nn.MaxPool2d(2), nn.Flatten()):
            with pytest.raises(TypeError, match=rf"{type(layer).__name__}\(.*floating-point numbers, got int64"):
                layer(np.zeros((2, 4, 4, 1), np.int64))
        with pytest.raises(ValueError, match=r"MaxPool2d\(2\): .*expected \(batch, height, width, channels\)"):
            nn.MaxPool2d(2)(np.zeros((4, 4)))
        with pytest.raises(ValueError, match=r"Flatten\(\): "):
            nn.Flatten()(np.zeros(4))


def test_activations(rng):
    x = rng.normal(size=(4, 5)) * 3
    np.testing.assert_array_equal(nn.ReLU()(x).data, np.where(x > 0, x, 0))
    np.testing.assert_allclose(nn.Sigmoid()(x).data, 1 / (1 + np.exp(-x)), rtol=1e-14)
    np.testing.assert_allclose(nn.Tanh()(x).data, np.tanh(x), rtol=1e-14)
    for axis in (0, -1):
        expected = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
        np.testing.assert_allclose(nn.Softmax(axis)(x).data, expected, rtol=1e-13)
    assert (repr(nn.Softmax()), repr(nn.Softmax(0))) == ("Softmax()", "Softmax(axis=0)")


class TestConvTranspose2d:
    def test_is_the_way_back_through_a_convolution(self, rng):
        options = {"kernel_size": (3, 2), "stride": (2, 3), "padding": 1, "dilation": (1, 2)}
        there = nn.Conv2d(3, 4, bias=False, **options).to(np.float64)
        back = nn.ConvTranspose2d(4, 3, bias=False, output_padding=(0, 2), **options).to(np.float64)
        back.weight.data = there.weight.data
        x = rng.normal(size=(2, 7, 9, 3))
        y = rng.normal(size=there(x).shape)
        assert back(y).shape == x.shape
        assert (there(x).data * y).sum() == pytest.approx((back(y).data * x).sum(), rel=1e-12)

    def test_gradients(self, rng):
        layer = nn.ConvTranspose2d(2, 3, 2, stride=2, padding=1, output_padding=1)
        assert gradients_are_right(layer, rng.normal(size=(2, 2, 3, 2)))

    def test_errors_and_repr(self):
        layer = nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1, output_padding=1, bias=False)
        assert repr(layer) == (
            "ConvTranspose2d(2, 3, kernel_size=4, stride=2, padding=1, output_padding=1, bias=False)"
        )
        with pytest.raises(ValueError, match=r"ConvTranspose2d\(2, 3.*expected \(batch, height, width, 2\)"):
            layer(np.zeros((1, 4, 4, 3), np.float32))
        with pytest.raises(ValueError, match="output_padding 2 must be less than the stride 2"):
            nn.ConvTranspose2d(2, 3, 4, stride=2, output_padding=2)


class TestPaddingByName:
    @pytest.mark.parametrize("kernel", [1, 2, 3, (4, 5)])
    def test_same_keeps_the_size(self, rng, kernel):
        layer = nn.Conv2d(2, 3, kernel, padding="same", dilation=2)
        x = rng.normal(size=(1, 7, 6, 2)).astype(np.float32)
        assert layer(x).shape == (1, 7, 6, 3)
        assert "padding='same'" in repr(layer)

    def test_valid_is_none(self):
        assert nn.Conv2d(1, 2, 3, padding="valid").padding == (0, 0)

    def test_same_needs_stride_one(self):
        with pytest.raises(ValueError, match='padding="same" needs stride 1, got 2'):
            nn.Conv2d(1, 2, 3, stride=2, padding="same")


class TestAveragePooling:
    def test_windows(self, rng):
        x = rng.normal(size=(2, 5, 6, 3))
        expected = x[:, :4].reshape(2, 2, 2, 3, 2, 3).mean((2, 4))
        np.testing.assert_allclose(nn.AvgPool2d(2)(x).data, expected, rtol=1e-12)
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        np.testing.assert_allclose(nn.AvgPool2d(3, 2, 1)(x).data[:, 1, 1], padded[:, 2:5, 2:5].mean((1, 2)), rtol=1e-12)
        assert gradients_are_right(nn.AvgPool2d(3, 2, 1), x[:1])

    def test_all_pixels(self, rng):
        x = rng.normal(size=(2, 5, 6, 3))
        np.testing.assert_allclose(nn.GlobalAvgPool2d()(x).data, x.mean((1, 2)), rtol=1e-12)
        assert gradients_are_right(nn.GlobalAvgPool2d(), x[:1, :2, :2])
        with pytest.raises(ValueError, match=r"GlobalAvgPool2d\(\): got an input of shape \(2, 0, 6, 3\)"):
            nn.GlobalAvgPool2d()(x[:, :0])


class TestEmbedding:
    def test_looks_up_and_adds_up_gradients(self):
        layer = nn.Embedding(5, 3, seed=0)
        indices = np.array([[1, 2], [1, 4]])
        y = layer(indices)
        np.testing.assert_array_equal(y.data, layer.weight.data[indices])
        y.sum().backward()
        np.testing.assert_array_equal(layer.weight.grad[:, 0], [0, 2, 1, 0, 1])
        assert layer([3]).shape == (1, 3)
        assert layer(sg.tensor([3])).shape == (1, 3)
        assert repr(layer) == "Embedding(5, 3)"

    def test_padding_is_zero_and_stays(self):
        layer = nn.Embedding(5, 3, padding_idx=2)
        y = layer(np.array([2, 1]))
        assert not y.data[0].any()
        y.sum().backward()
        np.testing.assert_array_equal(layer.weight.grad[:, 0], [0, 1, 0, 0, 0])
        assert repr(layer) == "Embedding(5, 3, padding_idx=2)"

    def test_refusals(self):
        layer = nn.Embedding(5, 3)
        for bad in (-1, 5):
            with pytest.raises(ValueError, match=rf"Embedding\(5, 3\): got the number {bad}, expected 0 to 4"):
                layer(np.array([0, bad]))
        with pytest.raises(TypeError, match="takes integers, got float64"):
            layer(np.array([1.0]))
        with pytest.raises(ValueError, match="padding_idx 5 must be less than 5"):
            nn.Embedding(5, 3, padding_idx=5)


class TestResidual:
    def test_adds(self, rng):
        inner = nn.Linear(3, 3)
        x = rng.normal(size=(2, 3)).astype(np.float32)
        np.testing.assert_allclose(nn.Residual(inner, nn.Tanh())(x).data, x + np.tanh(inner(x).data), rtol=1e-6)
        assert gradients_are_right(nn.Residual(nn.Linear(3, 2), shortcut=nn.Linear(3, 2)), x.astype(np.float64))

    def test_names(self):
        block = nn.Residual(nn.Linear(3, 2), shortcut=nn.Linear(3, 2, bias=False))
        assert [name for name, _ in block.named_parameters()] == ["layers.0.weight", "layers.0.bias", "shortcut.weight"]

    def test_shapes_must_fit(self):
        with pytest.raises(ValueError, match=r"Sequential\.0 Residual\(\): .*\(2, 2\) to shape \(2, 3\).*shortcut"):
            nn.Sequential(nn.Residual(nn.Linear(3, 2)))(np.ones((2, 3), np.float32))
        with pytest.raises(ValueError, match="cannot add"):
            nn.Residual(nn.Linear(3, 1))(np.ones((2, 3), np.float32))


IMAGES = {
    "unbatched": (3, (28, 28, 3), lambda x: x[np.newaxis]),
    "unbatched of one channel": (1, (28, 28, 1), lambda x: x[np.newaxis]),
    "no channel axis": (1, (2, 28, 28), lambda x: x[..., np.newaxis]),
    "unbatched without a channel axis": (1, (28, 28), lambda x: x[np.newaxis, ..., np.newaxis]),
    "channels-first": (3, (2, 3, 28, 28), lambda x: x.transpose(0, 2, 3, 1)),
    "unbatched channels-first": (3, (3, 28, 28), lambda x: x.transpose(1, 2, 0)[np.newaxis]),
}


@pytest.mark.parametrize("name", IMAGES)
def test_the_hint_for_images_of_other_shapes_helps(name):
    channels, shape, _ = IMAGES[name]
    x, layer = np.random.default_rng(0).random(shape, np.float32), nn.Conv2d(channels, 2, 3)
    with pytest.raises(ValueError, match="expected .batch, height, width") as told:
        layer(x)
    written = str(told.value).rpartition("use ")[2]
    mended = eval(written, {"x": x, "np": np})
    np.testing.assert_array_equal(mended, IMAGES[name][2](x))
    assert layer(mended).shape[1:] == (26, 26, 2)


def test_the_hint_for_an_unbatched_image_in_a_pool():
    with pytest.raises(ValueError, match=r"for a single image use x\[np.newaxis\]"):
        nn.MaxPool2d(2)(np.ones((28, 28, 1), np.float32))


WITH_BIAS = {
    "Linear": (lambda: nn.Linear(3, 2), (4, 3)),
    "Conv2d": (lambda: nn.Conv2d(3, 2, 2), (1, 4, 4, 3)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(3, 2, 2), (1, 4, 4, 3)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), (4, 3)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), (1, 4, 4, 3)),
    "LayerNorm": (lambda: nn.LayerNorm(3), (4, 3)),
}


@pytest.mark.parametrize("name", WITH_BIAS)
@pytest.mark.parametrize("recording", [True, False])
def test_a_bias_in_another_dtype_than_the_weight_is_refused(name, recording):
    make, shape = WITH_BIAS[name]
    model, x = nn.Sequential(make()), np.ones(shape, np.float32)
    model.eval()
    with nullcontext() if recording else sg.no_grad():
        for _ in range(3):
            model(x)
        model[0].bias.data = model[0].bias.data.astype(np.float64)
        with pytest.raises(
            TypeError, match=r"its bias is float64, but its weight is float32; use model.to\(np.float32\)"
        ):
            model(x)
        assert model.to(np.float32)(x).dtype == np.float32
