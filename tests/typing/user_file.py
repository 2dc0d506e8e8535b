"""A user's file: type checkers know what everything here is. ``test_user_file.py`` lets them check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import seegrad as sg
from seegrad import Tensor, Value, nn

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(thing: Any, kind: Any) -> None:
        """Compare at run time, too."""
        plain = {float: float, Tensor: Tensor, Value: Value}.get(kind)
        assert plain is None or isinstance(thing, plain)


def numbers() -> None:
    """Values in, Values out; with a Tensor, a Tensor."""
    a, b = Value(2.0, label="a"), Value(-3.0)
    assert_type(a * b + a**2 - 1, Value)
    assert_type(2.0 / a, Value)
    assert_type(-a, Value)
    assert_type(abs(b), Value)
    assert_type(sg.exp(a), Value)
    assert_type(a.tanh(), Value)
    assert_type(sg.maximum(a, 0.0), Value)
    assert_type(sg.exp(1.0), float)
    assert_type(a.data, float)
    assert_type(a * sg.tensor([1.0]), Tensor)
    a.backward()


def arrays() -> None:
    """Tensors in, Tensors out."""
    x = sg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert_type(x, Tensor)
    assert_type(x + 1.0, Tensor)
    assert_type(1.0 - x, Tensor)
    assert_type(x * np.ones(2), Tensor)
    assert_type(x @ x, Tensor)
    assert_type(x[0, :], Tensor)
    assert_type(x.T, Tensor)
    assert_type(x.sum(axis=0, keepdims=True), Tensor)
    assert_type(x.mean(), Tensor)
    assert_type(x.reshape(-1, 2).transpose(), Tensor)
    assert_type(x.softmax(axis=-1), Tensor)
    assert_type(x.exp().log().relu(), Tensor)
    assert_type(sg.tanh(x), Tensor)
    assert_type(sg.add(1.0, x), Tensor)
    assert_type(sg.sum(x, axis=(0, 1)), Tensor)
    assert_type(sg.softmax(x), Tensor)
    assert_type(sg.reshape(x, (4,)), Tensor)
    assert_type(sg.clip(x, 0.0, 1.0), Tensor)
    assert_type(sg.pad(x, 1), Tensor)
    assert_type(sg.linalg.inv(x), Tensor)
    assert_type(sg.stack([x, x]), Tensor)
    assert_type(sg.concatenate([x, x], axis=1), Tensor)
    assert_type(x.shape, tuple[int, ...])
    assert_type(x.data, npt.NDArray[Any])
    assert_type(x > 0, npt.NDArray[np.bool_])
    assert_type(list(x), list[Tensor])
    x.sum().backward()


class Network(nn.Module):
    """A module of a user: a call returns what ``forward`` returns."""

    def __init__(self) -> None:
        self.hidden, self.out = nn.Linear(2, 8, seed=0), nn.Linear(8, 2, seed=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores."""
        return self.out(sg.relu(self.hidden(x)))


def models() -> None:
    """Layers, losses, optimizers, data and training."""
    x, y = np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1])
    model = Network()
    assert_type(model(Tensor(x)), Tensor)
    assert_type(nn.Linear(2, 3)(x), Tensor)
    assert_type(nn.ReLU()(x), Tensor)
    assert_type(nn.CrossEntropyLoss()(model(Tensor(x)), y), Tensor)
    assert_type(list(model.parameters()), list[nn.Parameter])
    assert_type(model.eval(), Network)
    optimizer = sg.optim.Adam(model.parameters(), lr=0.01)
    nn.CrossEntropyLoss()(model(Tensor(x)), y).backward()
    optimizer.step()
    loader = sg.data.DataLoader(sg.data.ArrayDataset(x, y), batch_size=2)
    assert_type(len(loader), int)
    trainer = nn.Trainer(model, optimizer, nn.CrossEntropyLoss())
    history = trainer.fit(loader, epochs=1, progress=False)
    assert_type(history["loss"], list[float])


def derivatives() -> None:
    """Derivatives of functions."""
    slope = sg.grad(lambda x: x**3)
    print(slope(2.0))
    value, slopes = sg.value_and_grad(lambda x: sg.sum(x * x))(np.ones(3))
    print(value, slopes, sg.hessian(lambda x: sg.sum(x**3))(np.ones(2)))
    _, pull = sg.vjp(lambda x: x * 2.0, np.ones(2))
    assert_type(pull(np.ones(2)), tuple[Any, ...])
    x = sg.tensor([1.0], requires_grad=True)
    assert_type(sg.checkpoint(sg.exp, x), Tensor)


if __name__ == "__main__":
    derivatives()
    numbers()
    arrays()
    models()
