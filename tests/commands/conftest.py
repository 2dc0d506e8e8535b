"""A trained model and a small data set for the commands."""

from __future__ import annotations

import pytest
from small_mnist import write_digits

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
    return write_digits(tmp_path_factory.mktemp("digits"), train=300, t10k=300)
