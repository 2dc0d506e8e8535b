from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.files.safetensors_file import save_arrays


def cnn(seed=0, size=(6, 5)):
    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), seed=rng),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.BatchNorm1d((size[0] - 2) * (size[1] - 1) * 3),
        nn.Linear((size[0] - 2) * (size[1] - 1) * 3, 7, seed=rng),
        nn.Tanh(),
        nn.Linear(7, 4, bias=False, seed=rng),
    )
    for parameter in model.parameters():
        parameter.data = rng.normal(size=parameter.shape).astype(np.float32)
    model(rng.random((8, *size, 2), np.float32))
    return model.eval()


def channels_first(state, x):
    """Compute by hand, in PyTorch's layout, what the network above does; x is (N, C, H, W)."""
    weight = state["0.weight"]
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    x = np.einsum("ncijhw,ochw->noij", windows, weight) + state["0.bias"][:, None, None]

    def norm(x, name, axes):
        mean, var, scale, shift = (
            state[f"{name}.{part}"].reshape(axes) for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / np.sqrt(var + 1e-5) * scale + shift

    x = np.maximum(norm(x, "1", (-1, 1, 1)), 0).reshape(len(x), -1)
    x = norm(x, "5", (-1,))
    return np.tanh(x @ state["6.weight"].T + state["6.bias"]) @ state["8.weight"].T


def test_pytorch_layout_computes_the_same():
    model = cnn()
    state = nn.to_torch_state_dict(model, input_shape=(6, 5, 2))
    assert state["0.weight"].shape == (3, 2, 3, 2)
    assert state["6.weight"].shape == (7, 48)
    assert list(state) == list(model.state_dict())
    x = np.random.default_rng(1).random((4, 6, 5, 2), np.float32)
    np.testing.assert_allclose(channels_first(state, x.transpose(0, 3, 1, 2)), model(x).data, rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("number", [0, 1])
def test_a_network_of_pytorch_computes_the_same_here(number):
    with np.load(Path(__file__).parents[2] / "oracle" / "layouts.npz") as file:
        case = json.loads(str(file["cases"]))[number]
        x, y = file[f"{number}.x"], file[f"{number}.y"]
        before = f"{number}.state."
        state = {name.removeprefix(before): file[name] for name in file.files if name.startswith(before)}
    model = nn.Sequential(*(getattr(nn, name)(*args, **kwargs) for name, args, kwargs in case["layers"]))
    model.to(np.float64).eval()
    nn.from_torch_state_dict(model, state, case["shape"])
    np.testing.assert_allclose(model(x).data, y, rtol=1e-10, atol=1e-10)
    back = nn.to_torch_state_dict(model, case["shape"])
    assert back.keys() == state.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(back[name], array, strict=True)


def test_there_and_back():
    model, other = cnn(), cnn(1)
    nn.from_torch_state_dict(other, nn.to_torch_state_dict(model, (6, 5, 2)), (6, 5, 2))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array, strict=True)


def test_the_shape_that_a_model_file_tells_is_used(tmp_path):
    cnn().save(tmp_path / "m", input_shape=(6, 5, 2))
    model = sg.load(tmp_path / "m")
    np.testing.assert_array_equal(
        nn.to_torch_state_dict(model)["6.weight"], nn.to_torch_state_dict(cnn(), (6, 5, 2))["6.weight"]
    )


def test_the_shape_is_asked_for_only_where_it_matters():
    with pytest.raises(ValueError, match="input_shape"):
        nn.to_torch_state_dict(cnn())
    dense = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 5))
    assert nn.to_torch_state_dict(dense)["0.weight"].shape == (2, 3)
    conv = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GlobalAvgPool2d())
    assert nn.to_torch_state_dict(conv)["0.weight"].shape == (2, 1, 3, 3)


class OwnForward(nn.Module):
    def __init__(self, both=False):
        self.both = both
        self.conv = nn.Conv2d(1, 2, 3)
        self.head = nn.Linear(32 + both, 3)

    def forward(self, x):
        x = sg.relu(self.conv(x)).reshape(len(x), -1) * 2.0
        return self.head(sg.concatenate([x, x[:, :1]], axis=1) if self.both else x)


class ChannelsFirst(OwnForward):
    """Flattens in PyTorch's order by itself."""

    def __init__(self, move):
        super().__init__()
        self.move = move

    def forward(self, x):
        return self.head(self.move(sg.relu(self.conv(x))).reshape(len(x), -1) * 2.0)


@pytest.mark.parametrize(
    "move",
    [
        lambda x: x.transpose(0, 3, 1, 2),
        lambda x: np.moveaxis(x, 3, 1),
        lambda x: x.transpose(0, 3, 1, 2) + 1.0,
        lambda x: np.einsum("nhwc->nchw", x),
    ],
)
def test_images_in_the_order_of_pytorch_are_left_so(move):
    model = ChannelsFirst(move)
    state = nn.to_torch_state_dict(model, (6, 6, 1))
    np.testing.assert_array_equal(state["head.weight"], model.head.weight.data.T)


@pytest.mark.parametrize("move", [lambda x: np.swapaxes(x, 1, 2), lambda x: x.transpose(0, 3, 2, 1)])
def test_images_in_another_order_are_refused(move):
    with pytest.raises(ValueError, match="transposed before they were flattened"):
        nn.to_torch_state_dict(ChannelsFirst(move), (6, 6, 1))


def test_images_may_be_flattened_at_once():
    model = nn.Sequential(nn.Flatten(), nn.Linear(6 * 5 * 2, 3))
    with pytest.raises(ValueError, match="input_shape"):
        nn.to_torch_state_dict(model)
    state = nn.to_torch_state_dict(model, (6, 5, 2))
    x = np.random.default_rng(1).random((4, 6, 5, 2), np.float32)
    there = x.transpose(0, 3, 1, 2).reshape(4, -1) @ state["1.weight"].T + state["1.bias"]
    np.testing.assert_allclose(there, model(x).data, rtol=1e-5, atol=1e-5)


def test_flattening_in_a_forward_of_ones_own_is_seen():
    model = OwnForward()
    there = nn.to_torch_state_dict(model, (6, 6, 1))["head.weight"]
    expected = model.head.weight.data.reshape(4, 4, 2, 3).transpose(3, 2, 0, 1).reshape(3, 32)
    np.testing.assert_array_equal(there, expected)
    with pytest.raises(ValueError, match="something else"):
        nn.to_torch_state_dict(OwnForward(both=True), (6, 6, 1))


def test_other_layers():
    model = nn.Sequential(nn.ConvTranspose2d(2, 3, (2, 4)), nn.LayerNorm((3, 5, 3)), nn.PReLU(3))
    state = nn.to_torch_state_dict(model, (2, 2, 2))
    assert state["0.weight"].shape == (2, 3, 2, 4)
    assert state["1.weight"].shape == (3, 3, 5)
    table = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))
    assert nn.to_torch_state_dict(table)["0.weight"].shape == (5, 3)


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "dtype"])
def test_states_that_do_not_fit_change_nothing(change):
    model = cnn()
    before = model.state_dict()
    state = nn.to_torch_state_dict(cnn(1), (6, 5, 2))
    if change == "missing":
        del state["6.weight"]
    elif change == "extra":
        state["7.weight"] = np.zeros(3, np.float32)
    elif change == "shape":
        state["6.weight"] = state["6.weight"].T
    else:
        state["6.weight"] = state["6.weight"].astype(np.float64)
    with pytest.raises(ValueError, match=r"[67]\.weight"):
        nn.from_torch_state_dict(model, state, (6, 5, 2))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_keras_weights_have_an_order_instead_of_names():
    model, other = cnn(), cnn(1)
    weights = nn.to_keras_weights(model)
    assert [array.shape for array in weights] == (
        [(3, 2, 2, 3), (3,)] + [(3,)] * 4 + [(48,)] * 4 + [(48, 7), (7,), (7, 4)]
    )
    nn.from_keras_weights(other, weights)
    x = np.random.default_rng(1).random((4, 6, 5, 2), np.float32)
    np.testing.assert_array_equal(other(x).data, model(x).data)
    with pytest.raises(ValueError, match="13 arrays"):
        nn.from_keras_weights(model, weights[:-1])
    with pytest.raises(ValueError, match=r"6\.weight"):
        nn.from_keras_weights(model, [*weights[:10], weights[10].T, *weights[11:]])


class TorchTensor:
    """What a state dict of PyTorch holds, as far as loading it looks."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


TorchTensor.__module__ = "torch"

# Layers that take a state of PyTorch without an error, though its axes have another order.
SQUARE = {
    "Linear": lambda: nn.Linear(3, 3),
    "Conv2d": lambda: nn.Conv2d(3, 3, 3),
    "ConvTranspose2d": lambda: nn.ConvTranspose2d(2, 2, 2),
    "LayerNorm of images": lambda: nn.LayerNorm((3, 3, 3)),
    "inside a network": lambda: nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.ReLU()),
}
SAME = {
    "Embedding": lambda: nn.Embedding(3, 3),
    "BatchNorm": lambda: nn.BatchNorm2d(3),
    "LayerNorm": lambda: nn.LayerNorm(3),
    "PReLU": lambda: nn.PReLU(3),
}


def filled(make):
    """A layer, and its weights as PyTorch has them."""
    model, rng = make(), np.random.default_rng(0)
    for parameter in model.parameters():
        parameter.data = rng.normal(size=parameter.shape).astype(np.float32)
    return model, nn.to_torch_state_dict(model)


@pytest.mark.parametrize("name", SQUARE)
class TestPyTorchsLayoutWhereOursIsMeant:
    def test_tensors_are_warned_of(self, name):
        model, state = filled(SQUARE[name])
        other = SQUARE[name]()
        with pytest.warns(
            sg.SeegradWarning, match=r"another order.*Write nn.from_torch_state_dict\(model, state"
        ) as told:
            other.load_state_dict({name: TorchTensor(array) for name, array in state.items()})
        assert told[0].filename == __file__
        nn.from_torch_state_dict(other, {name: TorchTensor(array) for name, array in state.items()})
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(other.state_dict()[name], array)

    def test_files_are_warned_of(self, name, tmp_path):
        _, state = filled(SQUARE[name])
        save_arrays(state, tmp_path / "torch.safetensors", {"format": "pt"})
        with pytest.warns(
            sg.SeegradWarning, match=r"torch.safetensors: .* another order.*from_torch_state_dict\(model, safetens"
        ):
            nn.load_weights(SQUARE[name](), tmp_path / "torch.safetensors")

    def test_plain_arrays_are_not(self, name, tmp_path):
        model, _ = filled(SQUARE[name])
        other = SQUARE[name]()
        other.load_state_dict(model.state_dict())
        nn.save_weights(model, tmp_path / "own.safetensors")
        nn.load_weights(other, tmp_path / "own.safetensors")


@pytest.mark.parametrize("name", SAME)
def test_layers_of_the_same_layout_take_pytorchs_tensors(name, tmp_path):
    model, state = filled(SAME[name])
    other = SAME[name]()
    other.load_state_dict({name: TorchTensor(array) for name, array in state.items()})
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array)
    save_arrays(state, tmp_path / "torch.safetensors", {"format": "pt"})
    nn.load_weights(other, tmp_path / "torch.safetensors")


def test_the_way_is_named_where_the_shapes_do_not_fit(tmp_path):
    model, state = filled(lambda: nn.Linear(3, 2))
    with pytest.raises(ValueError, match=r"(?s)mismatch: weight.*Write nn.from_torch_state_dict"):
        model.load_state_dict({name: TorchTensor(array) for name, array in state.items()})
    save_arrays(state, tmp_path / "torch.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"(?s)mismatch: weight.*Write nn.from_torch_state_dict"):
        nn.load_weights(model, tmp_path / "torch.safetensors")


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("statistics", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_batch_normalisation_with_and_without_its_parts(affine, statistics, flat):
    def make():
        norm = [nn.BatchNorm1d(24, affine=affine, track_running_stats=statistics)]
        if not flat:
            norm = [nn.BatchNorm2d(2, affine=affine, track_running_stats=statistics)]
        parts = [nn.Conv2d(1, 2, 2), nn.Flatten(), *norm] if flat else [nn.Conv2d(1, 2, 2), *norm, nn.Flatten()]
        return nn.Sequential(*parts, nn.Linear(24, 3))

    model, x = make(), np.random.default_rng(0).random((5, 4, 5, 1), np.float32)
    model(x)
    state = nn.to_torch_state_dict(model, (4, 5, 1))
    path = "2" if flat else "1"
    own = {name.removeprefix(f"{path}.") for name in state if name.startswith(f"{path}.")}
    expected = {"weight", "bias"} if affine else set()
    assert own == expected | ({"running_mean", "running_var", "num_batches_tracked"} if statistics else set())
    other = make()
    nn.from_torch_state_dict(other, state, (4, 5, 1))
    np.testing.assert_array_equal(other.eval()(x).data, model.eval()(x).data)
    assert model.summary((4, 5, 1)).layers[-1].output_shape == (3,)
