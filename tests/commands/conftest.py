from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A model that knows digits fairly well after two seconds of training, and the file that it is in."""
    train, _ = sg.data.load_mnist()
    sg.manual_seed(0)
    model = sg.nn.models.mnist_cnn()
    trainer = sg.nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=3e-3), sg.nn.CrossEntropyLoss())
    trainer.fit(train[:2048], epochs=2, batch_size=64, seed=0, progress=False)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    model.save(path, input_shape=(28, 28, 1), class_names="0123456789")
    return path


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A folder with 300 test images as a data set of its own."""
    folder = tmp_path_factory.mktemp("digits")
    _, test = sg.data.load_mnist()
    pixels = (test.x[:300, ..., 0] * 255).round().astype(np.uint8)
    for part in ("train", "t10k"):
        sg.data.write_idx(folder / f"{part}-images-idx3-ubyte", pixels)
        sg.data.write_idx(folder / f"{part}-labels-idx1-ubyte", test.y[:300].astype(np.uint8))
    return folder
