from __future__ import annotations

import re

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.autograd.fast.conv_relu_pool import conv2d_relu_max_pool2d
from seegrad.nn import OnnxExportError
from seegrad.nn.files.onnx_operations import TABLE

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)


def run(path, *inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {known.name: x for known, x in zip(session.get_inputs(), inputs, strict=True)})


def check(function, path, *samples, batches=(1, 2, 5), tolerance=1e-5):
    """Export from the samples, then compare on batches of other lengths and other numbers."""
    sg.export_onnx(function, samples if len(samples) > 1 else samples[0], path)
    model = function.eval() if isinstance(function, nn.Module) else function
    for batch in batches:
        inputs = [RNG.choice(x.ravel(), (batch, *x.shape[1:])) for x in samples]
        (found,) = run(path, *inputs)
        expected = model(*[sg.tensor(x) for x in inputs]).data
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_the_network_of_the_example_on_test_images(path):
    images = sg.data.load_mnist()[1].x[:64]
    model = nn.models.mnist_cnn(0)
    trainer = nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=3e-3), nn.CrossEntropyLoss())
    trainer.fit(sg.data.load_mnist()[0][:512], epochs=1, batch_size=64, progress=False)
    sg.export_onnx(model, images[:1], path)
    for part in (images, images[:1], images[:7]):
        np.testing.assert_allclose(run(path, part)[0], model.eval()(part).data, rtol=1e-5, atol=1e-5)
    graph = onnx.load(path).graph
    assert [d.dim_param or d.dim_value for d in graph.input[0].type.tensor_type.shape.dim] == ["batch", 28, 28, 1]
    assert [d.dim_param or d.dim_value for d in graph.output[0].type.tensor_type.shape.dim] == ["batch", 10]
    assert "9.weight" in [constant.name for constant in graph.initializer]
    assert model.training is False


@pytest.mark.parametrize("pool", [1, (2, 3)])
def test_convolution_relu_and_pooling_as_one_operation(path, pool):
    w, b = RNG.normal(size=(3, 2, 2, 4)).astype(np.float32), RNG.normal(size=4).astype(np.float32)
    sample = RNG.normal(size=(2, 9, 8, 2)).astype(np.float32)
    check(lambda x: conv2d_relu_max_pool2d(x, w, b, pool, padding=(1, 0)), path, sample)


def test_layers_of_all_kinds(path):
    model = nn.Sequential(
        nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        nn.BatchNorm2d(4),
        nn.Residual(nn.Conv2d(4, 4, 3, padding="same"), nn.PReLU(4), nn.Dropout(0.25)),
        nn.ConvTranspose2d(4, 3, (2, 3), stride=(2, 3), padding=(1, 0), output_padding=(0, 1)),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.AvgPool2d((2, 1), stride=1, padding=(1, 0)),
        nn.LayerNorm(3),
        nn.Flatten(),
        nn.Linear(288, 6),
        nn.BatchNorm1d(6),
        nn.Softmax(),
    )
    x = RNG.normal(size=(3, 12, 12, 2)).astype(np.float32)
    model(x)
    check(model, path, x)


def test_batch_normalisation_without_running_statistics(path):
    model = nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False), nn.Flatten(), nn.Linear(12, 2))
    check(model, path, RNG.normal(size=(4, 2, 2, 3)).astype(np.float32))


def test_global_pooling(path):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.GlobalAvgPool2d(), nn.Linear(4, 2, bias=False))
    check(model, path, RNG.normal(size=(1, 8, 8, 1)).astype(np.float32))


@pytest.mark.parametrize(
    "layer",
    [
        *(nn.ELU(0.5), nn.GELU(), nn.GELU("tanh"), nn.Hardtanh(-0.5, 0.7), nn.Identity(), nn.LeakyReLU(0.3)),
        *(nn.LogSigmoid(), nn.LogSoftmax(), nn.Mish(), nn.PReLU(), nn.ReLU(), nn.ReLU6(), nn.SELU(), nn.SiLU()),
        *(nn.Sigmoid(), nn.Softmax(axis=1), nn.Softplus(2.0), nn.Softsign(), nn.Tanh()),
    ],
    ids=repr,
)
def test_activations(layer, path):
    check(nn.Sequential(nn.Linear(4, 5), layer), path, RNG.normal(size=(2, 4)).astype(np.float32) * 3)


SEQUENCES = {
    "Conv1d": (lambda: nn.Conv1d(6, 4, 3, groups=2, padding="same"), (5, 6)),
    "Conv2d in groups": (lambda: nn.Conv2d(6, 3, 3, 2, 1, groups=3), (5, 4, 6)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d(3), (7, 6, 2)),
    "Upsample": (lambda: nn.Upsample(scale_factor=1.5, mode="bilinear"), (4, 3, 2)),
    "GroupNorm and RMSNorm": (lambda: nn.Sequential(nn.GroupNorm(2, 6), nn.RMSNorm(6)), (5, 6)),
    "MultiheadAttention": (lambda: First(nn.MultiheadAttention(8, 2, rotary=True), is_causal=True), (5, 8)),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(6, 2, 8, norm_first=True), (5, 6)),
    "LSTM": (lambda: First(nn.LSTM(6, 4, 2, bidirectional=True)), (4, 6)),
    "GRU": (lambda: First(nn.GRU(6, 4)), (4, 6)),
    "positions": (lambda: nn.Sequential(nn.SinusoidalPositions(6), nn.LearnedPositions(5, 6)), (5, 6)),
}


class First(nn.Module):
    """The first result of a layer that has several."""

    def __init__(self, layer, **kwargs):
        self.layer, self.kwargs = layer, kwargs

    def forward(self, x):
        return self.layer(x, **self.kwargs)[0]


@pytest.mark.parametrize("name", SEQUENCES)
def test_layers_for_sequences(name, path):
    make, shape = SEQUENCES[name]
    check(make(), path, RNG.normal(size=(2, *shape)).astype(np.float32))


@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_a_model_of_tokens(positions, path):
    model = nn.GPT(9, 6, 8, 2, 2, positions=positions, seed=0)
    check(model, path, RNG.integers(0, 9, (2, 6)))


def test_an_embedding_and_what_follows(path):
    model = nn.Sequential(nn.Embedding(9, 4, seed=0), nn.Flatten(), nn.Linear(12, 5))
    check(model, path, RNG.integers(0, 9, (4, 3)))


POSITIVE = RNG.uniform(0.5, 0.95, (3, 4, 5)).astype(np.float32)
ANY = RNG.normal(size=(3, 4, 5)).astype(np.float32)
ONE = (
    "negative reciprocal square absolute sign floor ceil rint exp exp2 expm1 sin cos tan arctan sinh cosh tanh".split()
)
ONE += "arcsinh cbrt deg2rad rad2deg trunc erf relu sigmoid softplus silu positive".split()
TWO = "add subtract multiply divide maximum minimum hypot logaddexp fmod remainder floor_divide power".split()

FUNCTIONS = {
    **{name: (getattr(sg, name), ANY) for name in ONE},
    **{name: (getattr(sg, name), POSITIVE) for name in "log log2 log10 log1p sqrt arcsin arccos arctanh".split()},
    "arccosh": (lambda x: sg.arccosh(x + 1.0), POSITIVE),
    **{name: (lambda x, name=name: getattr(sg, name)(x, x[:, ::-1] + 0.3), POSITIVE) for name in TWO},
    "clip": (lambda x: sg.clip(x, -0.5, 0.5), ANY),
    "where with a mask": (lambda x: sg.where(np.arange(5) > 2, x, -x), ANY),
    "where on the input": (lambda x: sg.where(x.data > 0, x * 2.0, x), ANY),
    "where on a difference": (lambda x: sg.where(y.data >= 0, y, 0.0) if (y := x - 0.25) is not None else x, ANY),
    "reshape": (lambda x: x.reshape(-1, 2), ANY),
    "reshape two that follow": (lambda x: (x[:, None] * x[None]).reshape(len(x), -1), ANY),
    "transpose": (lambda x: x.transpose(0, 2, 1), ANY),
    "reversed axes": (lambda x: x.T, ANY),
    "expand and squeeze": (lambda x: sg.squeeze(sg.expand_dims(x, (1, 3)), 1), ANY),
    "broadcast": (lambda x: sg.broadcast_to(x[:, :1], x.shape), ANY),
    "broadcast to a square": (lambda x: sg.broadcast_to(x[None], (len(x), *x.shape)), ANY),
    "astype": (lambda x: x.astype(np.float64) * 2.0, ANY),
    "concatenate": (lambda x: sg.concatenate([x, x * 2.0, np.ones((1, 4, 5), np.float32)], axis=0), ANY),
    "stack": (lambda x: sg.stack([x, -x], axis=-1), ANY),
    "pad": (lambda x: sg.pad(x, ((0, 0), (1, 2), (0, 3))), ANY),
    "tril": (lambda x: sg.tril(x, -1), ANY),
    "triu": (lambda x: sg.triu(x, 1), ANY),
    "flip": (lambda x: sg.flip(x, (0, 2)), ANY),
    "slices": (lambda x: x[:, 3:0:-2, ::2], ANY),
    "last": (lambda x: x[:, -1], ANY),
    "new axis": (lambda x: x[..., None, 2:, 1], ANY),
    "numbers": (lambda x: x[:, np.array([2, 0, 0, -1])], ANY),
    **{
        f"{name} over {axis}": (
            lambda x, name=name, axis=axis: getattr(sg, name)(x, axis=axis, keepdims=axis != 1),
            ANY,
        )
        for name in "sum mean max min prod var std logsumexp".split()
        for axis in (1, (1, -1), None)
    },
    "var of a sample": (lambda x: sg.var(x, axis=1, ddof=1), ANY),
    "mean over the batch": (lambda x: x - x.mean(axis=0), ANY),
    "norm": (lambda x: sg.norm(x, axis=-1), ANY),
    "norm of 3": (lambda x: sg.norm(x, 3, axis=1, keepdims=True), ANY),
    "an axis that NumPy made": (lambda x: sg.softmax(x, np.int64(1)).sum(axis=np.int64(2)), ANY),
    "cumsum": (lambda x: sg.cumsum(x, axis=1), ANY),
    "softmax": (lambda x: sg.softmax(x, axis=1), ANY),
    "log_softmax": (lambda x: sg.log_softmax(x), ANY),
    "matmul": (lambda x: x @ np.ones((5, 2), np.float32), ANY),
    "matmul with itself": (lambda x: x @ x.transpose(0, 2, 1), ANY),
    "einsum": (lambda x: sg.einsum("nij,nkj->nik", x, x), ANY),
    "float64": (lambda x: sg.exp(x) * 0.5 + np.arange(5), ANY.astype(np.float64)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, path):
    function, sample = FUNCTIONS[name]
    check(function, path, sample, tolerance=1e-5 if sample.dtype == np.float32 else 1e-7)


def test_every_entry_of_the_table_is_an_operation():
    from seegrad.autograd.core.op import Op

    assert set(TABLE) <= {name.strip("_") for name in Op.table}


def test_several_inputs_and_outputs(path):
    sg.export_onnx(lambda x, y: (x + y, x @ y.T), (ANY[0], ANY[1] * 2), path)
    x, y = ANY[2], ANY[1]
    first, second = run(path, x, y)
    np.testing.assert_allclose(first, x + y, rtol=1e-6)
    np.testing.assert_allclose(second, x @ y.T, rtol=1e-5, atol=1e-5)
    sg.export_onnx(lambda x: x, ANY, path)
    np.testing.assert_array_equal(run(path, ANY)[0], ANY)


def test_a_fixed_batch(path):
    sg.export_onnx(lambda x: x.reshape(60) * 2.0, ANY, path, dynamic_batch=False)
    np.testing.assert_allclose(run(path, ANY)[0], ANY.ravel() * 2)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: sg.linalg.inv(x[:, :4, :4]), "'inv'"),
        (lambda x: sg.sinc(x), "'sinc'"),
        (lambda x: sg.softmax(x, (1, 2)), "one axis alone"),
        (lambda x: sg.where(x.data > 0.3, x, 0.0), "where"),
        (lambda x: x * x.data.mean(), "multiply.*changes"),
        (lambda x: x * np.ones(x.shape, np.float32)[..., :1] * np.float32(len(x)), "multiply.*changes"),
        (lambda x: x * 2.0 if len(x) == 3 else x + 1.0, "another path"),
        (lambda x: x[np.argsort(x.data[:, 0, 0])], "getitem"),
        (lambda x: x.data, "Tensor"),
        (lambda x: sg.tensor(x.data), "depend"),
        (lambda x: x.reshape(-1)[: len(x) ** 2], "getitem|slice"),
    ],
)
def test_what_has_no_counterpart_is_named_and_nothing_written(function, message, path):
    with pytest.raises(OnnxExportError, match=re.compile(message, re.IGNORECASE)):
        sg.export_onnx(function, ANY, path)
    assert not path.exists()


@pytest.mark.parametrize("sample", [np.arange(4) > 1, np.zeros(3, int), np.float32(1), np.zeros((0, 3), np.float32)])
def test_samples_that_are_none(sample, path):
    with pytest.raises(OnnxExportError, match="sample"):
        sg.export_onnx(lambda x: x, sample, path)
