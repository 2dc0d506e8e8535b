"""Layers, containers, losses, files: a network as its user writes it."""

# pyright: strict

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import seegrad as sg
from seegrad import Tensor, nn

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:
    from conforms import assert_type

Array = npt.NDArray[Any]


class Block(nn.Module):
    """A part of a network."""

    def __init__(self, width: int) -> None:
        self.layer = nn.Linear(width, width, seed=0)
        self.scale = nn.Parameter([1.0])

    def forward(self, x: Tensor, factor: float = 1.0) -> Tensor:
        """Return the features."""
        return sg.relu(self.layer(x)) * self.scale * factor


class Network(nn.Module):
    """A network of parts."""

    def __init__(self, depth: int = 2) -> None:
        self.depth = depth
        self.blocks = nn.ModuleList(Block(4) for _ in range(depth))
        self.heads = nn.ModuleDict({"scores": nn.Linear(4, 3, seed=1)})
        self.more = nn.ModuleList()

    def forward(self, x: Tensor) -> Tensor:
        """Return scores."""
        for block in self.blocks:
            x = block(x, factor=0.5)
        return self.heads["scores"](x)


def modules() -> None:
    """A call returns what ``forward`` returns; contents have their types."""
    model, x = Network(), sg.tensor(np.ones((2, 4), np.float32))
    assert_type(model(x), Tensor)
    assert_type(model.blocks[0], Block)
    assert_type(model.blocks[0].scale, nn.Parameter)
    assert_type(model.heads["scores"], nn.Linear)
    assert_type(len(model.blocks), int)
    model.more.append(nn.ReLU())
    assert_type(model.more[0], nn.Module)
    assert_type(model.eval(), Network)
    assert_type(model.to(np.float32).freeze().unfreeze().train(), Network)
    assert_type(list(model.parameters()), list[nn.Parameter])
    assert_type(dict(model.named_parameters()), dict[str, nn.Parameter])
    assert_type(list(model.modules()), list[nn.Module])
    assert_type(model.state_dict(), dict[str, Array])
    model.load_state_dict(model.state_dict(), strict=True)
    assert_type(model.training, bool)
    assert_type(model.config(), dict[str, Any])
    handle = model.register_forward_hook(lambda module, inputs, output: None)
    handle.remove()


def layers() -> None:
    """Layers take Tensors and arrays of floats, and give Tensors."""
    x, images = np.ones((2, 4), np.float32), np.ones((2, 8, 8, 1), np.float32)
    layer = nn.Linear(4, 3)
    assert_type(layer, nn.Linear)
    assert_type(layer(x), Tensor)
    assert_type(layer.weight, nn.Parameter)
    assert_type(layer.bias, nn.Parameter | None)
    assert_type(layer.in_features, int)
    assert_type(nn.Conv2d(1, 2, kernel_size=(3, 3), padding="same")(images), Tensor)
    assert_type(nn.MaxPool2d(2)(images), Tensor)
    assert_type(nn.BatchNorm2d(1)(images), Tensor)
    assert_type(nn.LayerNorm(4)(x), Tensor)
    assert_type(nn.Dropout(0.5, seed=0)(x), Tensor)
    assert_type(nn.Embedding(5, 2)([[0, 1]]), Tensor)
    assert_type(nn.ReLU()(x), Tensor)
    assert_type(nn.Softmax(axis=-1)(x), Tensor)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.ReLU())
    assert_type(model(images), Tensor)
    assert_type(model[0], nn.Module)
    assert_type(model[:2], nn.Sequential)
    assert_type(model.append(nn.ReLU()), nn.Sequential)
    assert_type(list(model), list[nn.Module])
    assert_type(str(model.summary((8, 8, 1))), str)
    assert_type(nn.Residual(nn.Linear(4, 4))(x), Tensor)
    assert_type(nn.models.mnist_cnn(seed=0), nn.Sequential)
    assert_type(nn.init.he_uniform((3, 4), seed=0), Array)


def sequences() -> None:
    """Layers with several results say which."""
    x = np.ones((2, 3, 4), np.float32)
    output, weights = nn.MultiheadAttention(4, 2)(x, is_causal=True)
    assert_type(output, Tensor)
    assert_type(weights, Tensor | None)
    assert_type(nn.LSTM(4, 3)(x)[1], tuple[Tensor, Tensor])
    assert_type(nn.GRU(4, 3)(x)[1], Tensor)
    assert_type(nn.TransformerEncoderLayer(4, 2)(x, is_causal=True), Tensor)
    assert_type(nn.functional.scaled_dot_product_attention(x, x, x), Tensor)
    model = nn.models.gpt(5, 4, embed_dim=8, num_layers=1)
    assert_type(model(np.array([[1, 2]])), Tensor)
    assert_type(model.generate([1], 2), Array)
    assert_type(model.blocks[0], nn.TransformerEncoderLayer)


def losses() -> None:
    """Losses and functions without state give Tensors."""
    scores, labels = sg.tensor(np.ones((2, 3), np.float32)), np.array([0, 2])
    assert_type(nn.CrossEntropyLoss(label_smoothing=0.1)(scores, labels), Tensor)
    assert_type(nn.MSELoss("sum")(scores, np.ones((2, 3))), Tensor)
    assert_type(nn.BCEWithLogitsLoss(reduction="none")(scores, np.ones((2, 3))), Tensor)
    assert_type(nn.functional.cross_entropy(scores, labels, reduction="sum"), Tensor)
    assert_type(nn.functional.linear(scores, np.ones((3, 2), np.float32)), Tensor)
    assert_type(nn.functional.relu(scores), Tensor)
    assert_type(nn.functional.softmax(scores, axis=1), Tensor)
    assert_type(nn.functional.dropout(scores, 0.5, seed=0), Tensor)
    assert_type(nn.accuracy([0, 1], labels), float)
    assert_type(nn.confusion_matrix([0, 1], [0, 1]), npt.NDArray[np.intp])


def files(folder: Path) -> None:
    """Models and weights in files."""
    model = nn.Sequential(nn.Linear(4, 3))
    model.save(folder / "model.safetensors", input_shape=(4,), class_names=["a", "b", "c"])
    assert_type(sg.load(folder / "model.safetensors"), nn.Module)
    nn.save_weights(model, folder / "weights.safetensors")
    nn.load_weights(model, folder / "weights.safetensors")
    assert_type(nn.to_torch_state_dict(model), dict[str, Array])
    state: Mapping[str, npt.ArrayLike] = model.state_dict()
    model.load_state_dict(state)


def networks_of_values() -> None:
    """Neurons of Values, as in a first lecture."""
    network = nn.MLP(2, [3, 1], seed=0)
    assert_type(network.parameters(), list[sg.Value])
    print(network([1.0, -2.0]))


if __name__ == "__main__":
    modules()
    layers()
    sequences()
    losses()
    with tempfile.TemporaryDirectory() as temporary:
        files(Path(temporary))
    networks_of_values()
