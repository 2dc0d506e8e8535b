from __future__ import annotations

import json
import os
import re
import struct
import sys
import time
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from small_trainings import assert_same_arrays

import seegrad as sg
from seegrad import nn
from seegrad.nn import ModelFileError
from seegrad.nn.files.architecture import CheckedDescription, describe
from seegrad.nn.files.forward_sizes import layer_sizes
from seegrad.nn.module import SAVABLE


class Wide(nn.Module):
    def __init__(self, size, activation, name="wide", *, seed=None):
        self.size, self.name = size, name
        self.activation = activation
        self.first = nn.Linear(3, size, seed=seed)
        self.second = nn.Linear(size, 2, seed=seed)

    def forward(self, x):
        return self.second(self.activation(self.first(x)))


class Forgetful(nn.Module):
    def __init__(self, size):
        self.layer = nn.Linear(3, size)


class Remembering(nn.Module):
    def __init__(self, size):
        self.layer = nn.Linear(3, size)

    def config(self):
        return {"size": self.layer.out_features}


class Pair(nn.Sequential):
    def __init__(self, size):
        super().__init__(nn.Linear(3, size), nn.Linear(size, 3))
        self.size = size


MODELS = {
    "cnn": (lambda: nn.models.mnist_cnn(0), (28, 28, 1)),
    "linear": (lambda: nn.Linear(3, 2, bias=False), (3,)),
    "every layer of images": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), bias=False),
            nn.BatchNorm2d(4, eps=1e-3, momentum=None),
            nn.Residual(nn.Conv2d(4, 4, 3, padding="same"), nn.PReLU(4), nn.Dropout(0.25)),
            nn.Residual(nn.Conv2d(4, 6, 1), shortcut=nn.Conv2d(4, 6, 1)),
            nn.ConvTranspose2d(6, 3, 2, stride=2, output_padding=1),
            nn.MaxPool2d(2, padding=1),
            nn.AvgPool2d((2, 1), stride=1),
            nn.BatchNorm2d(3, affine=False),
            nn.GlobalAvgPool2d(),
            nn.LayerNorm(3),
            nn.Identity(),
        ),
        (12, 12, 2),
    ),
    "activations": (
        lambda: nn.Sequential(
            *(nn.ELU(0.5), nn.GELU("tanh"), nn.Hardtanh(-2, 2), nn.LeakyReLU(0.3), nn.LogSigmoid(), nn.Mish()),
            *(nn.PReLU(), nn.ReLU(), nn.ReLU6(), nn.SELU(), nn.SiLU(), nn.Sigmoid(), nn.Softplus(2.0)),
            *(nn.Softsign(), nn.Tanh(), nn.Softmax(axis=1), nn.LogSoftmax(), nn.Flatten()),
            nn.LayerNorm((5,), elementwise_affine=False),
            nn.LayerNorm(5, bias=False),
            nn.BatchNorm1d(5, track_running_stats=False),
        ),
        (5,),
    ),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def small():
    return nn.Sequential(nn.Linear(3, 4, seed=0), nn.ReLU(), nn.Linear(4, 2, seed=1))


@pytest.mark.parametrize("name", MODELS)
def test_round_trip_is_bit_identical(name, path):
    make, shape = MODELS[name]
    model = make()
    x = np.random.default_rng(0).random((4, *shape), np.float32)
    if name != "linear":
        model(x)  # so that running statistics are not the first ones
    model.save(path)
    loaded = sg.load(path)
    assert repr(loaded) == repr(model)
    assert_same_arrays(model.state_dict(), loaded.state_dict())
    assert not loaded.training
    np.testing.assert_array_equal(loaded(x).data, model.eval()(x).data)
    loaded.save(path.with_name("again"))
    assert path.with_name("again").read_bytes() == path.read_bytes()


def test_containers_shared_modules_and_dtypes(path):
    shared = nn.Linear(3, 3)
    model = nn.ModuleDict({"a": nn.ModuleList([shared, nn.ReLU(), shared]), "b": nn.Embedding(5, 3, padding_idx=1)})
    model["b"].to(np.float64)
    model["b"].freeze()
    model.save(path)
    loaded = sg.load(path)
    assert_same_arrays(model.state_dict(), loaded.state_dict())
    assert loaded["a"][0] is loaded["a"][2]
    assert loaded["b"].padding_idx == 1
    assert [p.requires_grad for p in loaded.parameters()] == [True, True, False]


def test_what_is_known_of_inputs_and_outputs_is_kept(path):
    scaler = sg.data.Standardize().fit(np.random.default_rng(0).random((9, 3)))
    model = small()
    model.save(path, input_shape=(3,), class_names=["no", "yes"], preprocessing=scaler)
    assert model.info is None
    info = sg.load(path).info
    assert info.input_shape == (3,)
    assert info.class_names == ("no", "yes")
    x = np.ones((1, 3))
    np.testing.assert_array_equal(info.preprocessing.transform(x), scaler.transform(x))
    sg.load(path).save(path, class_names=["nein", "ja"])
    again = sg.load(path).info
    assert again.class_names == ("nein", "ja")
    assert again.input_shape == (3,)
    assert again.preprocessing is not None
    for wrong in ({"class_names": [1]}, {"preprocessing": lambda x: x}, {"input_shape": (0,)}):
        with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
            model.save(path, **wrong)


def test_a_class_of_ones_own(path):
    model = Wide(7, nn.Sequential(nn.Tanh(), nn.Dropout(0.1)), seed=0)
    model.save(path)
    with pytest.raises(ModelFileError, match=r"'Wide' is not one of seegrad's modules.*classes=\["):
        sg.load(path)
    loaded = sg.load(path, classes=[Wide])
    assert_same_arrays(model.state_dict(), loaded.state_dict())
    assert repr(loaded) == repr(model)
    for model in (Remembering(4), Pair(5), nn.Sequential(Pair(2), nn.ReLU(), Remembering(4))):
        model.save(path)
        assert_same_arrays(model.state_dict(), sg.load(path, classes=[Pair, Remembering]).state_dict())


def test_models_that_could_not_be_built_again_are_not_saved(path):
    changed = small()
    changed[0] = nn.Linear(3, 5)
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    extended = nn.Linear(3, 3)
    extended.more = nn.Linear(3, 3)
    resized = nn.Linear(3, 3)
    resized.weight = nn.Parameter(np.zeros((3, 4)))
    impostor = type("Linear", (nn.Module,), {})()
    for model, message in (
        (Forgetful(3), "self.size = size"),
        (tied, "1.weight"),
        (extended, "more.weight"),
        (resized, "weight"),
        (impostor, "another"),
        (Wide(3, np.tanh), "ufunc"),
        (Wide(3, nn.ReLU(), name=float("nan")), "nan"),
    ):
        with pytest.raises(TypeError, match=message):
            model.save(path)
        assert not path.exists()
    changed.save(path)
    assert_same_arrays(changed.state_dict(), sg.load(path).state_dict())


# ------------------------------------------------------------------------------------- files that are not sound


def parts(path):
    """Take a file apart: the header, what it says of the model, the bytes of its arrays."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    return header, json.loads(header["__metadata__"]["seegrad"]), content[8 + length :]


def write(path, header, said, body):
    """Put a file together, with the checksum that belongs to it."""
    from seegrad.nn.files.model_file import KEYS
    from seegrad.nn.files.safetensors_file import load_arrays
    from seegrad.nn.files.state_file import checksum

    header = dict(header)

    def put():
        header["__metadata__"] = {"seegrad": json.dumps(said)}
        text = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + body)

    put()
    if set(said) == KEYS:
        try:
            text = json.dumps({key: said[key] for key in KEYS - {"sha256"}}, sort_keys=True)
            said["sha256"] = checksum(load_arrays(path), text)
        except ValueError:
            return
        put()


def refused(path, message=None, **more):
    """Load a file that must be refused, quickly and without much memory; return the message."""
    tracemalloc.start()
    begin = time.process_time()
    try:
        with pytest.raises(ModelFileError, match=message) as caught:
            sg.load(path, **more)
        seconds, peak = time.process_time() - begin, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seconds < 1.0  # 0.2 without the tracing of memory, on an idle machine
    assert peak < 64 * 1024 * 1024
    assert str(path) in str(caught.value)
    return str(caught.value)


def linear(**arguments):
    return {"kind": "Linear", "arguments": arguments}


def nested(depth):
    description = {"kind": "ReLU", "arguments": {}}
    for _ in range(depth):
        description = {"kind": "Sequential", "arguments": {"*": [{"module": description}]}}
    return description


def sequential(*parts):
    return {"kind": "Sequential", "arguments": {"*": [{"module": part} for part in parts]}}


def laughs(levels, times):
    """A small, flat description in which each module holds the one before so many times."""
    return sequential(nested(0), *(sequential(*[{"same": level}] * times) for level in range(levels)))


def conv(**arguments):
    return {"kind": "Conv2d", "arguments": {"in_channels": 1, "out_channels": 1, "kernel_size": 1, **arguments}}


def residual(**arguments):
    return {"kind": "Residual", "arguments": {"*": [{"module": linear(in_features=3, out_features=2)}], **arguments}}


WRONG_MODELS = {
    "code": "__import__('os').system('true')",
    "path": {"kind": "os.path.join", "arguments": {}},
    "dunder": {"kind": "__class__", "arguments": {}},
    "base class": {"kind": "Module", "arguments": {}},
    "list as kind": {"kind": [], "arguments": {}},
    "no arguments": {"kind": "Linear"},
    "arguments as list": {"kind": "Linear", "arguments": [3, 2]},
    "missing argument": linear(in_features=3),
    "unknown argument": linear(in_features=3, out_features=2, color="red"),
    "weight_init": linear(in_features=3, out_features=2, weight_init="zeros"),
    "huge": linear(in_features=10**9, out_features=10**9),
    "beyond integers": linear(in_features=10**400, out_features=10**400),
    "negative": linear(in_features=-3, out_features=-2),
    "text": linear(in_features="3", out_features=2),
    "truth": linear(in_features=True, out_features=2),
    "fraction": linear(in_features=3.0, out_features=2),
    "module as number": linear(in_features={"module": linear(in_features=1, out_features=1)}, out_features=2),
    "no part": {"kind": "Sequential", "arguments": {"*": [3]}},
    "parts as number": {"kind": "Sequential", "arguments": {"*": 3}},
    "parts as text": {"kind": "Sequential", "arguments": {"*": "abc"}},
    "unknown part": {"kind": "Sequential", "arguments": {"*": [{"same": 0}]}},
    "dotted name": {"kind": "ModuleDict", "arguments": {"modules": {"dict": {"../x": {"module": nested(0)}}}}},
    "deep": nested(200),
    "many": {"kind": "Sequential", "arguments": {"*": [{"module": nested(0)}] * 2_001}},
    "axis": {"kind": "Softmax", "arguments": {"axis": "x"}},
    "huge norm": {"kind": "BatchNorm1d", "arguments": {"num_features": 10**12}},
    "huge product": {"kind": "LayerNorm", "arguments": {"normalized_shape": [10**6] * 3}},
    "huge kernel": {"kind": "Conv2d", "arguments": {"in_channels": 9, "out_channels": 9, "kernel_size": 10**6}},
    "kernel of text": {"kind": "Conv2d", "arguments": {"in_channels": 9, "out_channels": 9, "kernel_size": "33"}},
    "kernel of lists": {"kind": "Conv2d", "arguments": {"in_channels": 9, "out_channels": 9, "kernel_size": [[], {}]}},
    "laughs": laughs(41, 2),
    "many laughs": laughs(3, 30),
    "laughs of a shortcut": sequential(
        nested(0),
        *(
            {"kind": "Residual", "arguments": {"*": [{"module": {"same": n}}], "shortcut": {"module": {"same": n}}}}
            for n in range(50)
        ),
    ),
    "a tower": laughs(500, 1),
    "deep lists": {"kind": "ModuleList", "arguments": {"modules": json.loads("[" * 80 + "]" * 80)}},
    "later module": sequential({"same": 1}, nested(0)),
    "itself": sequential({"same": 0}),
    "kernel of a long text": conv(kernel_size=["a" * 100, 1]),
    "kernel of texts": conv(kernel_size=["1", "1"]),
    "kernel of fractions": conv(kernel_size=[1.0, 1.0]),
    "kernel of truths": conv(kernel_size=[True, True]),
    "three lengths of a kernel": conv(kernel_size=[1, 1, 1]),
    "stride of nothing": conv(stride=None),
    "padding of a long text": conv(padding="a" * 1000),
    "padding as a table": conv(padding={"dict": {}}),
    "padding beyond integers": conv(padding=10**30),
    "slope beyond integers": {"kind": "LeakyReLU", "arguments": {"negative_slope": 10**400}},
    "shortcut as number": residual(shortcut=3),
    "shortcut as text": residual(shortcut="identity"),
    "shortcut as list": residual(shortcut=[{"module": nested(0)}]),
    "layers of numbers": residual(**{"*": [3]}),
    "norm of texts": {"kind": "LayerNorm", "arguments": {"normalized_shape": ["a" * 100, 1]}},
    "norm of many axes": {"kind": "LayerNorm", "arguments": {"normalized_shape": [1] * 33}},
    "norm of no axis": {"kind": "LayerNorm", "arguments": {"normalized_shape": []}},
    "a module beside the parts": {"kind": "ModuleDict", "arguments": {"modules": {"dict": {}, "module": nested(0)}}},
    "parts by number": {"kind": "ModuleDict", "arguments": {"modules": {"dict": {"a": 3}}}},
    "list as a table": {"kind": "ModuleList", "arguments": {"modules": {"dict": {}}}},
    "name that moves the cursor": {
        "kind": "ModuleDict",
        "arguments": {"modules": {"dict": {"\x1b[2J": {"module": nested(0)}}}},
    },
    "half of a character": {
        "kind": "ModuleDict",
        "arguments": {"modules": {"dict": {"\ud800": {"module": nested(0)}}}},
    },
    "padding_idx as text": {
        "kind": "Embedding",
        "arguments": {"num_embeddings": 2, "embedding_dim": 3, "padding_idx": "a"},
    },
    "momentum as truth": {"kind": "BatchNorm1d", "arguments": {"num_features": 3, "momentum": True}},
    "other shapes": linear(in_features=4, out_features=2),
}


# What the refusal has to say, where it is not enough that there is one: the arrays would not fit these models either.
REASONS = {
    "laughs": "more than 10,000 calls",
    "many laughs": "more than 10,000 calls",
    "laughs of a shortcut": "more than 10,000 calls",
    "a tower": "more than 64 deep",
    "deep lists": "modules must be of type",
    "later module": "module number 1 is not known",
    "itself": "module number 0 is not known",
    "kernel of a long text": "kernel_size must be of type",
    "kernel of texts": "kernel_size must be of type",
    "kernel of fractions": "kernel_size must be of type",
    "kernel of truths": "kernel_size must be of type",
    "three lengths of a kernel": "kernel_size must be of type",
    "stride of nothing": "stride must be of type",
    "padding of a long text": "padding must be of type",
    "padding as a table": "padding must be of type",
    "padding beyond integers": "padding must be of type",
    "slope beyond integers": "negative_slope must be of type",
    "shortcut as number": "shortcut must be of type",
    "shortcut as text": "shortcut must be of type",
    "shortcut as list": "shortcut must be of type",
    "layers of numbers": "must be of type Module",
    "norm of texts": "normalized_shape must be of type",
    "norm of many axes": "normalized_shape must be of type",
    "norm of no axis": "normalized_shape must be of type",
    "parts by number": "modules must be of type",
    "list as a table": "modules must be of type",
    "name that moves the cursor": "cannot be printed",
    "half of a character": "cannot be printed",
    "padding_idx as text": "padding_idx must be of type",
    "momentum as truth": "momentum must be of type",
}


@pytest.mark.parametrize("name", WRONG_MODELS)
def test_descriptions_that_are_not_sound_are_refused(name, path):
    nn.Linear(3, 2).save(path)
    header, said, body = parts(path)
    said["model"] = WRONG_MODELS[name]
    write(path, header, said, body)
    message = refused(path, REASONS.get(name))
    assert message.isprintable()
    assert not re.search("iterable|argument of type|object|attribute|unexpected", message)  # not Python's own words


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", 2, "version 2.*newer seegrad"),
        ("version", 0, "version 0"),
        ("version", "1", "version"),
        ("version", True, "version"),
        ("version", 10**30, "newer"),
        ("frozen", ["nothing"], "nothing"),
        ("frozen", [[]], "list"),
        ("frozen", {}, "frozen"),
        ("frozen", ["0"], "frozen"),
        ("info", {"input_shape": [10**4] * 3, "class_names": [], "preprocessing": None}, "input_shape"),
        ("info", {"input_shape": [True], "class_names": [], "preprocessing": None}, "input_shape"),
        ("info", {"input_shape": None, "class_names": ["a" * 1001], "preprocessing": None}, "class_names"),
        ("info", {"input_shape": None, "class_names": ["\ud800"], "preprocessing": None}, "class_names"),
        (
            "info",
            {
                "input_shape": None,
                "class_names": [],
                "preprocessing": {"kind": "Standardize", "offset": ["1"], "scale": ["2"]},
            },
            "row of numbers",
        ),
        ("more", 1, "more"),
        ("info", None, "input"),
        ("info", {"input_shape": [3]}, "input"),
        ("info", {"input_shape": ["3"], "class_names": [], "preprocessing": None}, "input_shape"),
        ("info", {"input_shape": [3], "class_names": "ab", "preprocessing": None}, "input"),
        ("info", {"input_shape": [3], "class_names": [1], "preprocessing": None}, "class_names"),
        ("info", {"input_shape": [3], "class_names": [], "preprocessing": {"kind": "eval"}}, "preprocessing"),
        ("info", {"input_shape": [3], "class_names": [], "preprocessing": {"kind": ["x"]}}, "preprocessing"),
        (
            "info",
            {
                "input_shape": None,
                "class_names": [],
                "preprocessing": {"kind": "Standardize", "offset": "x", "scale": [0]},
            },
            "Standardize",
        ),
    ],
)
def test_what_else_the_file_says_is_checked(key, value, message, path):
    small().save(path)
    header, said, body = parts(path)
    said[key] = value
    write(path, header, said, body)
    refused(path, message)


def test_arrays_that_do_not_fit_are_refused(path):
    small().save(path)
    header, said, body = parts(path)
    entry = header["0.weight"]
    for change in (
        {"dtype": "F64"},
        {"dtype": "I32"},
        {"dtype": "F16"},
        {"dtype": "BF16"},
        {"shape": [4, 3]},
        {"shape": [2**40, 2**40]},
        {"shape": [-3, -4]},
        {"shape": [1] * 5000 + [3, 4]},
        {"data_offsets": [0, 16]},
        {"data_offsets": [entry["data_offsets"][0] - 4, entry["data_offsets"][1]]},
        {"data_offsets": [2**63, 2**63 + 48]},
        {"more": 1},
    ):
        write(path, {**header, "0.weight": {**entry, **change}}, dict(said), body)
        refused(path)
    write(path, header, dict(said), body[:-4])
    refused(path)
    write(path, header, dict(said), body + bytes(4))
    refused(path)
    renamed = {("../../0.weight" if name == "0.weight" else name): part for name, part in header.items()}
    write(path, renamed, dict(said), body)
    refused(path, "0.weight")
    missing = {name: part for name, part in header.items() if name != "0.weight"}
    write(path, missing, dict(said), body)
    refused(path)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_numbers_that_are_not_finite_are_refused(number, path):
    nn.Sequential(nn.LeakyReLU(0.125)).save(path)
    header, said, body = parts(path)
    content = path.read_bytes()
    assert content.count(b"0.125") == 1
    content = content[8:].replace(b"0.125", number.encode())
    path.write_bytes(struct.pack("<Q", len(content) - len(body)) + content)
    assert "finite" in refused(path) or "holds" in refused(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("running_var", -1.0),
        ("num_batches_tracked", -1),
        ("running_var", np.nan),
        ("running_var", np.inf),
        ("running_mean", np.nan),
        ("running_mean", -np.inf),
    ],
)
def test_statistics_that_no_training_gives_are_refused(name, value, path):
    model = nn.Sequential(nn.BatchNorm1d(3))
    model.save(path)
    header, said, body = parts(path)
    setattr(model[0], name, np.full_like(getattr(model[0], name), value))
    with pytest.raises(ValueError, match=f"cannot be saved as a model: {name} of 0 is"):
        model.save(path.with_name("other"))
    assert not path.with_name("other").exists()
    first, last = header[f"0.{name}"]["data_offsets"]
    write(path, header, said, body[:first] + getattr(model[0], name).tobytes() + body[last:])
    assert f"{name} of 0 is negative, infinite or NaN" in refused(path)


def test_weights_may_be_nan_and_statistics_below_zero_where_they_are_means(path):
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    model[0].weight.data = np.full((3, 3), np.nan, np.float32)
    model[1].running_mean = np.full(3, -2.0, np.float32)
    model.save(path)
    loaded = sg.load(path)
    assert np.isnan(loaded[0].weight.data).all()
    assert loaded[1].running_mean.tolist() == [-2.0] * 3


# ------------------------------------------------------------------------------- the memory that a forward would need


class Wrapped(nn.Module):
    def __init__(self, layer):
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


def upwards(times, **arguments):
    return nn.Sequential(*(nn.ConvTranspose2d(1, 1, 2, stride=2, **arguments) for _ in range(times)))


GREEDY = {
    "padding": (nn.Conv2d(1, 1, 1, padding=30_000), None, "the model Conv2d"),
    "padding that is stepped over": (nn.Conv2d(1, 1, 1, stride=9_000, padding=30_000), None, "the model Conv2d"),
    "same padding": (nn.Conv2d(1, 1, 3, padding="same", dilation=30_000), None, "the model Conv2d"),
    "stride of a transposed": (nn.ConvTranspose2d(1, 1, 1, stride=30_000), None, "the model ConvTranspose2d"),
    "what is cut off": (nn.ConvTranspose2d(1, 1, 1, stride=3_000, padding=40_000), None, "the model ConvTranspose2d"),
    "in a row": (upwards(10), None, "8 ConvTranspose2d"),
    "together": (nn.Sequential(upwards(8), *[nn.ReLU() for _ in range(50)]), None, r"\d+ ReLU"),
    "from a large image": (upwards(2), (8_000, 8_000, 1), "0 ConvTranspose2d"),
    "window of a pool": (nn.MaxPool2d(1000, padding=500), None, "window of 1,000 by 1,000"),
    "pool with padding": (nn.AvgPool2d((1, 60_000), stride=1, padding=(0, 30_000)), (60_000, 28, 1), "AvgPool2d"),
    "linear": (nn.Sequential(nn.Linear(1, 1_000)), (1000, 1000, 1), "0 Linear"),
    "embedding": (nn.Sequential(nn.Embedding(1, 1_000)), (1000, 1000), "0 Embedding"),
    "residual": (nn.Residual(nn.Conv2d(1, 1, 1, padding=30_000)), None, r"layers\.0 Conv2d"),
    "shortcut": (nn.Residual(nn.ReLU(), shortcut=upwards(10)), (28, 28, 1), r"shortcut\.8 ConvTranspose2d"),
    "after a misfit": (nn.Sequential(nn.AvgPool2d(50), upwards(10)), (9, 9, 1), r"1\.8 ConvTranspose2d"),
    "in a list": (nn.ModuleList([nn.ReLU(), upwards(10)]), None, r"1\.8 ConvTranspose2d"),
    "in a dict": (nn.ModuleDict({"a": upwards(10)}), None, r"a\.8 ConvTranspose2d"),
    "in a class of ones own": (Wrapped(upwards(10)), (28, 28, 1), r"layer\.8 ConvTranspose2d"),
}


@pytest.mark.parametrize("name", GREEDY)
def test_models_that_ask_for_too_much_memory_are_refused_without_running_them(name, path, monkeypatch):
    model, shape, message = GREEDY[name]
    with pytest.raises(ValueError, match=f"cannot be saved as a model: .*{message}"):
        model.save(path, input_shape=shape)
    assert not path.exists()
    monkeypatch.setattr("seegrad.nn.files.model_file.check_forward_sizes", lambda model, shape: None)
    model.save(path, input_shape=shape)
    monkeypatch.undo()
    refused(path, message, classes=[Wrapped])


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (upwards(8), (28, 28, 1)),
        (nn.Conv2d(1, 1, 9, padding="same"), (4000, 4000, 1)),
        (nn.Sequential(nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, 1)), (1024, 1024, 3)),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softmax()), (28, 28, 1)),
        (nn.Sequential(nn.Conv2d(1, 8, 3), nn.GlobalAvgPool2d(), nn.Linear(8, 500)), (2000, 2000, 1)),
        (nn.Sequential(nn.Embedding(1000, 64), nn.Linear(64, 64)), (512,)),
        (nn.Sequential(nn.Conv2d(3, 8, 50), nn.ReLU()), (28, 28, 3)),  # does not take its input, which is no secret
    ],
)
def test_models_of_reasonable_size_are_saved_and_loaded(model, shape, path):
    model.save(path, input_shape=shape)
    assert sg.load(path).info.input_shape == shape


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        nn.Conv2d(2, 3, (3, 2), padding="same"),
        nn.ConvTranspose2d(2, 3, (3, 2), stride=2, padding=(1, 0), output_padding=1, dilation=(2, 1)),
        nn.MaxPool2d((2, 3), stride=(1, 2), padding=1),
        nn.AvgPool2d(3),
        nn.GlobalAvgPool2d(),
        nn.Flatten(),
        nn.Linear(2, 7),
        nn.Residual(nn.Linear(2, 5), shortcut=nn.Linear(2, 5)),
        nn.Sequential(nn.Conv2d(2, 4, 3), nn.PReLU(4), nn.BatchNorm2d(4), nn.Flatten()),
    ],
    ids=str,
)
def test_the_shapes_that_are_worked_out_are_those_that_come(layer):
    x = np.zeros((1, 11, 9, 2), np.float32)
    found = []

    def look():
        found.append((yield from layer_sizes(layer, x.shape[1:], "")))

    list(look())
    assert found == [layer.eval()(x).shape[1:]]


@pytest.mark.parametrize(
    ("layer", "numbers"),
    [
        (nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), 13 * 9 * 2 + 6 * 7 * 3),
        (nn.Conv2d(2, 3, (3, 2), padding="same"), 13 * 10 * 2 + 11 * 9 * 3),
        (nn.ConvTranspose2d(2, 3, (3, 2), stride=2, padding=(1, 0), dilation=(2, 1)), 25 * 18 * 3 + 23 * 18 * 3),
        (nn.MaxPool2d((2, 3), stride=(1, 2), padding=1), 13 * 11 * 2 + 12 * 5 * 2),
        (nn.AvgPool2d(3), 11 * 9 * 2 + 3 * 3 * 2),
        (nn.GlobalAvgPool2d(), 2),
        (nn.Linear(2, 7), 11 * 9 * 7),
        (nn.Flatten(), 11 * 9 * 2),
    ],
    ids=str,
)
def test_a_layer_counts_its_padded_input_or_uncut_output_and_what_comes_out(layer, numbers):
    assert list(layer_sizes(layer, (11, 9, 2), "0")) == [("0", layer, numbers)]


def test_as_many_calls_as_are_allowed_are_quick(path):
    """What was loaded can be printed, counted and gone through in no time."""
    shared = nn.ReLU()
    block = nn.Sequential(*[shared] * 30)
    model = nn.Sequential(*[nn.Sequential(*[block] * 30)] * 10)  # 9,311 calls
    model.save(path)
    begin = time.process_time()
    loaded = sg.load(path)
    assert repr(loaded) == repr(model)
    assert len(list(loaded.modules())) == 4
    assert time.process_time() - begin < 2


def test_a_model_that_could_not_be_loaded_again_is_not_saved(path):
    model = nn.ReLU()
    for _ in range(20):
        model = nn.Sequential(model, model)
    with pytest.raises(TypeError, match="more than 10,000 calls"):
        model.save(path)
    with pytest.raises(TypeError, match="more than 2,000 modules"):
        nn.Sequential(*(nn.ReLU() for _ in range(2_001))).save(path)
    with pytest.raises(ValueError, match="100,000 class names"):
        small().save(path, class_names=[f"class {i}" for i in range(100_000)])
    with pytest.raises(ValueError, match="class_names"):
        small().save(path, class_names=["\ud800"])
    assert not path.exists()


def test_numpys_numbers_are_saved_as_numbers(path):
    nn.Sequential(nn.LeakyReLU(np.float64(0.5))).save(path)
    assert sg.load(path)[0].negative_slope == 0.5


def test_a_single_flipped_bit_is_noticed(path):
    small().save(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    refused(path, "checksum")


def test_other_files_are_refused(path, tmp_path):
    nn.save_weights(small(), path)
    refused(path, "weights alone")
    refused(tmp_path, "a folder")
    with pytest.raises(FileNotFoundError):
        sg.load(tmp_path / "missing")
    for content in (b"", b"\x80\x04\x95", struct.pack("<Q", 2**64 - 1) + b"{}", struct.pack("<Q", 2) + b"{}"):
        path.write_bytes(content)
        refused(path)
    path.write_bytes(struct.pack("<Q", 5_000_000) + b"[" * 5_000_000)
    refused(path, "too long")
    path.write_bytes(struct.pack("<Q", 1_000_000) + b"[" * 1_000_000)
    refused(path)
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    refused(path, "too large")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(tmp_path / "pipe", "no regular file")


def test_classes_must_be_modules(path):
    small().save(path)
    with pytest.raises(TypeError, match="classes"):
        sg.load(path, classes=[dict])
    with pytest.raises(ValueError, match="two classes named Linear"):
        sg.load(path, classes=[type("Linear", (nn.Module,), {})])


# --------------------------------------------------------------------------------------------------- fuzzing

TOKENS = [b"0", b"-1", b"99999999999999999999", b"1e999", b"NaN", b"null", b"true", b"[]", b"{}", b'"x"', b'"../x"']
TOKENS += [b"F64", b"I8", b"Linear", b"Module", b"same", b"module", b"dict", b"*", b"\xff", b"\x00", b'\\"', b"\\ud800"]


def mutated(content, rng):
    """Change, insert, remove, repeat or exchange some bytes, mostly in the header."""
    content = bytearray(content)
    (length,) = struct.unpack("<Q", content[:8])
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(0, 8 + length if rng.random() < 0.9 else len(content) + 1))
        span = int(rng.integers(1, 12))
        choice = rng.integers(0, 6)
        if choice == 0 and place < len(content):
            content[place] ^= 1 << int(rng.integers(0, 8))
        elif choice == 1:
            content[place:place] = rng.bytes(span)
        elif choice == 2:
            del content[place : place + span]
        elif choice == 3:
            content[place : place + span] = TOKENS[int(rng.integers(0, len(TOKENS)))]
        elif choice == 4:
            content[place:place] = content[place : place + 8 * span]
        else:
            digits = [i for i in range(8, min(8 + length, len(content))) if 48 <= content[i] <= 57]
            content[digits[int(rng.integers(0, len(digits)))] if digits else 0] = int(rng.integers(48, 58))
    if rng.random() < 0.7 and len(content) > 8:
        # Let the length agree, so that what was changed inside is seen.
        content[:8] = struct.pack("<Q", max(0, length + len(content) - (8 + length) - BODY))
    return bytes(content)


BODY = 4 * (3 * 4 + 4 + 4 * 2 + 2)


def test_10000_mutated_files_give_clear_errors_only(path, monkeypatch):
    resource = pytest.importorskip("resource")
    # The checksum would hide what lies behind it: half of the files are loaded without it.
    model = small()
    model.save(path, input_shape=(3,), class_names=["a", "b"])
    sound = path.read_bytes()
    rng = np.random.default_rng(0)
    outcomes = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(path, "r+b", buffering=0) as file:
        for number in range(10_000):
            if number == 5000:
                monkeypatch.setattr("seegrad.nn.files.model_file.checksum", lambda arrays, text: ANY)
            file.seek(0)
            file.truncate(file.write(mutated(sound, rng)))
            try:
                sg.load(path)
                outcomes["loaded"] += 1
            except ModelFileError as error:
                outcomes["refused"] += 1
                outcomes["clear"] += str(path) in str(error) and len(str(error)) < 2000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 64 * 1024 * 1024
    assert outcomes["refused"] > 8000
    assert outcomes["clear"] == outcomes["refused"]


class _Any:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None


ANY = _Any()


#: Arguments of the layers that cannot be built without.
ARGUMENTS = {
    "BatchNorm1d": [(3,), (3, 1e-3, None, False, False)],
    "BatchNorm2d": [(3,)],
    "AdaptiveAvgPool2d": [(2,), ((3, None),)],
    "Conv1d": [(2, 3, 3), (4, 6, 2, 1, "same", 1, 2, False)],
    "Conv2d": [(2, 3, (3, 2)), (2, 3, 2, 1, "same", 1, 1, False), (4, 6, 3, 1, 0, 1, 2)],
    "ConvTranspose2d": [(2, 3, (3, 2)), (2, 3, 2, 1, 0, 0, 1, False)],
    "Embedding": [(5, 3)],
    "AvgPool2d": [(2,)],
    "GPT": [(5, 4, 8, 2, 2), (5, 4, 8, 1, 2, 0.5, False, "rotary"), (5, 4, 8, 1, 2, 0.0, True, "sinusoidal")],
    "GRU": [(2, 3), (2, 3, 2, False, False, 0.5, True)],
    "GRUCell": [(2, 3), (2, 3, False)],
    "GroupNorm": [(2, 4), (2, 4, 1e-3, False)],
    "LSTM": [(2, 3), (2, 3, 2, True, True, 0.0, True)],
    "LSTMCell": [(2, 3), (2, 3, False)],
    "LayerNorm": [(3,), ((2, 3), 1e-5, False), ((2, 3), 1e-5, True, False)],
    "LearnedPositions": [(5, 3)],
    "Linear": [(2, 3), (2, 3, False)],
    "MaxPool2d": [(2,)],
    "MultiheadAttention": [(4, 2), (4, 2, 0.5, False)],
    "PReLU": [(), (4,)],
    "RMSNorm": [(3,), ((2, 3), 1e-3), (3, None, False)],
    "RNN": [(2, 3), (2, 3, 2, "relu", False)],
    "RNNCell": [(2, 3), (2, 3, False, "relu")],
    "SinusoidalPositions": [(4,)],
    "TransformerEncoderLayer": [(4, 2, 6), (4, 2, 6, 0.1, "gelu", 1e-3, False, True, False)],
    "Upsample": [(3,), (None, 1.5, "bilinear", True)],
}


@pytest.mark.parametrize(("name", "given"), [(name, given) for name in SAVABLE for given in ARGUMENTS.get(name, [()])])
def test_a_layer_tells_its_arrays_without_being_built(name, given):
    layer = SAVABLE[name](*given)
    checked = CheckedDescription(json.loads(json.dumps(describe(layer))), SAVABLE)
    assert checked.entries == {key: (array.shape, array.dtype.kind) for key, array in layer.state_dict().items()}
    assert checked.open == []
