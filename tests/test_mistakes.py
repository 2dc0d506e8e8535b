"""Beginner's mistakes: the message names what was given, what was expected, and what to write."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim

X = sg.tensor(np.ones((4, 3), np.float32), requires_grad=True)
Y = np.array([0, 1, 2, 1])
IMAGES = np.ones((2, 28, 28, 1), np.float32)


def model():
    return nn.Sequential(nn.Linear(3, 5, seed=0), nn.ReLU(), nn.Linear(5, 3, seed=1))


def trainer(made, **settings):
    parts = {"optimizer": optim.SGD(made.parameters(), lr=0.1), "loss": nn.CrossEntropyLoss(), **settings}
    return nn.Trainer(made, **parts)


class PlainList(nn.Module):
    def __init__(self):
        self.layers = [nn.Linear(3, 2)]


class WithoutForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)


def filled(x):
    z = np.zeros(2)
    z[0] = x[0]
    return z.sum()


def rebound():
    w = sg.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    w = w - 0.1 * w.grad
    (w * w).sum().backward()
    return w.grad


def updated_in_place():
    w = sg.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    w -= 0.1 * w.grad


def of_an_intermediate():
    z = X * 2
    z.sum().backward()
    return z.grad


def step_without_backward():
    made = model()
    optim.SGD(made.parameters(), lr=0.1).step()


#: What is done, the kind of error or warning, and what the message holds.
MISTAKES = {
    "step() without backward()": (step_without_backward, sg.SeegradWarning, "loss.backward() between zero_grad()"),
    "integers require grad": (lambda: sg.tensor([1, 2], requires_grad=True), TypeError, "Write 1.0 instead of 1"),
    "backward on non-scalar": (lambda: (X * 2).backward(), ValueError, "t.sum().backward()"),
    "backward on plain result": (
        lambda: (sg.tensor([1.0, 2.0]) * 2).sum().backward(),
        RuntimeError,
        "sg.tensor(..., requires_grad=True)",
    ),
    "loss detached by numpy": (
        lambda: sg.tensor(np.mean((X.data - 1) ** 2)).backward(),
        RuntimeError,
        "taken out by .data, .numpy(), .item(), float() or np.mean(t.data)",
    ),
    "loss detached": (lambda: X.detach().sum().backward(), RuntimeError, "it was cut off by detach()"),
    "softmax before CrossEntropyLoss": (
        lambda: nn.CrossEntropyLoss()(sg.softmax(model()(X), axis=1), Y),
        sg.SeegradWarning,
        "NLLLoss on the logarithm",
    ),
    "labels of shape (n,1)": (
        lambda: nn.CrossEntropyLoss()(model()(X), Y[:, None]),
        ValueError,
        "labels of shape (4,)",
    ),
    "label out of range": (
        lambda: nn.CrossEntropyLoss()(model()(X), np.array([0, 1, 2, 3])),
        ValueError,
        "with 3 classes labels go from 0 to 2",
    ),
    "labels float": (
        lambda: nn.CrossEntropyLoss()(model()(X), Y.astype(float)),
        TypeError,
        "use y.astype(np.int64) if they are whole numbers",
    ),
    "wrong in_features": (lambda: nn.Linear(7, 2)(X), ValueError, "expected (..., 7)"),
    "float64 into a float32 model": (lambda: model()(np.ones((4, 3))), TypeError, "model.to(np.float64)"),
    "NCHW image": (
        lambda: nn.Conv2d(1, 8, 3)(np.ones((2, 1, 28, 28), np.float32)),
        ValueError,
        "x.transpose(0, 2, 3, 1)",
    ),
    "no channel axis": (lambda: nn.Conv2d(1, 8, 3)(IMAGES[..., 0]), ValueError, "x[..., np.newaxis]"),
    "unbatched": (lambda: nn.Conv2d(1, 8, 3)(IMAGES[0]), ValueError, "x[np.newaxis]"),
    "missing Flatten": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(1352, 10))(IMAGES),
        ValueError,
        "put an nn.Flatten() before it",
    ),
    "uint8 image": (lambda: nn.Conv2d(1, 8, 3)(IMAGES.astype(np.uint8)), TypeError, "x.astype(np.float32)"),
    "layers in a plain list": (PlainList, TypeError, "nn.ModuleList"),
    "no forward": (lambda: WithoutForward()(X), NotImplementedError, "has no forward(); write one"),
    "math.exp of a tensor": (lambda: math.exp(X[0, 0]), TypeError, "sg.exp(t) or np.exp(t)"),
    "math.exp of a Value": (lambda: math.exp(sg.Value(1.0)), TypeError, "use v.exp() or sg.exp(v)"),
    "optimizer over a model": (lambda: optim.SGD(model(), lr=0.1), TypeError, "write model.parameters()"),
    "negative learning rate": (lambda: optim.SGD(model().parameters(), lr=-1), ValueError, "lr must be a number"),
    "in-place on a leaf": (lambda: X.__setitem__(0, 1.0), RuntimeError, "sg.no_grad()"),
    "w = w - lr * w.grad": (rebound, sg.SeegradWarning, "with sg.no_grad(): w -= lr * w.grad"),
    "w -= lr * w.grad": (updated_in_place, RuntimeError, "sg.no_grad()"),
    "grad of an intermediate": (of_an_intermediate, sg.SeegradWarning, "t.retain_grad() before backward()"),
    "grad of a vector": (lambda: sg.grad(lambda x: x * 2)(np.ones(3)), ValueError, "use sg.jacobian"),
    "np.array of tensors": (
        lambda: sg.grad(lambda x: np.array([x[0], x[1]]).sum())(np.ones(2)),
        TypeError,
        "sg.stack([...])",
    ),
    "assignment into np.zeros": (
        lambda: sg.grad(filled)(np.ones(2)),
        TypeError,
        "np.zeros(n) of `import seegrad.numpy",
    ),
    "float() in a function": (lambda: sg.grad(lambda x: float(x[0]) ** 2)(np.ones(2)), TypeError, "t.item()"),
    "matmul shapes": (lambda: X @ X, ValueError, "the last axis of the first must be as long as the last but one"),
    "shapes that do not broadcast": (lambda: X + np.ones(4, np.float32), ValueError, "write y[:, np.newaxis]"),
    "Value from a string": (lambda: sg.Value("3"), TypeError, "one real number, got str"),
    "Value from an array": (lambda: sg.Value(np.ones(2)), TypeError, "one real number, got ndarray"),
    "ragged lists": (lambda: sg.tensor([[1, 2], [3]]), ValueError, "rows of 1 and of 2 numbers"),
    "strings": (lambda: sg.tensor(["a"]), TypeError, "holds numbers, got <U1"),
    "misspelt layer": (lambda: nn.Conv2D(1, 2, 3), AttributeError, "nn.Conv2d(in_channels, out_channels, kernel_size)"),
    "Keras's Dense": (lambda: nn.Dense(10), AttributeError, "nn.Linear(in_features, out_features)"),
    "misspelt argument": (lambda: nn.Conv2d(1, 2, kernel=3), TypeError, "did you mean kernel_size=?"),
    "model.fit": (lambda: model().fit(X, Y), AttributeError, 'nn.Trainer(model, "adam", "cross_entropy").fit(x, y'),
    "model.compile": (lambda: model().compile(optimizer="adam"), AttributeError, "nn.Trainer(model, "),
    "model.predict": (lambda: model().predict(X), AttributeError, "model.eval()(x)"),
    "optimizer of another model": (
        lambda: trainer(model(), optimizer=optim.SGD(model().parameters(), lr=0.1)),
        ValueError,
        "Make the optimizer again, with model.parameters() of this model",
    ),
    "lengths that differ": (
        lambda: trainer(model()).fit(X.data, Y[:3], epochs=1, progress=False),
        sg.data.DataError,
        "4 examples in x but 3 targets in y",
    ),
    "mse of (4,) and (4,1)": (
        lambda: nn.MSELoss()(X[:, 0], np.ones((4, 1), np.float32)),
        ValueError,
        "reshape one of them",
    ),
    "a missing file": (lambda: sg.load("nowhere.safetensors"), FileNotFoundError, "nowhere.safetensors"),
    "a text as a model": (
        lambda: sg.load(__file__),
        nn.ModelFileError,
        "it is a text. Models are written by model.save",
    ),
    "dropout of 50": (lambda: nn.Dropout(50), ValueError, "p must be from 0 to 1, got 50"),
    "a window that is too large": (
        lambda: nn.Conv2d(1, 2, 5)(np.ones((1, 3, 3, 1), np.float32)),
        ValueError,
        "use a smaller kernel_size",
    ),
    "batch normalisation of one row": (lambda: nn.BatchNorm1d(3)(X[:1]), ValueError, "or eval() to predict"),
    "a tensor as a truth value": (lambda: bool(X), ValueError, "write (t > 0).any() or (t > 0).all()"),
    "np.array of a tensor": (lambda: np.array(X), TypeError, "write t.data"),
    "sg.grad without a call": (lambda: sg.grad(lambda x: x**2) + 1, TypeError, "call it, as in sg.grad(f)(x)"),
    "sg.grad(f, x)": (lambda: sg.grad(lambda x: x**2, 3.0), TypeError, "sg.grad(f)(x)"),
    "sg.grad of a tensor": (lambda: sg.grad(X.sum()), TypeError, "loss.backward() and read w.grad"),
    "sg.compile without a call": (lambda: sg.compile(lambda a: a + 1) * 2, TypeError, "sg.compile(f)(x)"),
    "draw of an array": (lambda: sg.draw(np.ones(3)), TypeError, "expected a Value, a Tensor, a module"),
    "indices that are floats": (lambda: nn.Embedding(3, 2)(np.array([0.0, 1.0])), TypeError, "takes integers"),
    "an index out of range": (lambda: nn.Embedding(3, 2)(np.array([0, 3])), ValueError, "expected 0 to 2"),
    "a loader of numbers": (
        lambda: next(iter(sg.data.DataLoader([1, 2, 3]))),
        sg.data.DataError,
        "each must be a pair (example, target)",
    ),
    "a loader of two arrays": (lambda: sg.data.DataLoader((X.data, Y)), TypeError, "try ArrayDataset(x, y)"),
    "PyTorch's Tensor(2, 3)": (lambda: sg.Tensor(2, 3), TypeError, "sg.zeros(2, 3)"),
    "numbers that are not in a list": (lambda: sg.tensor(1.0, 2.0), TypeError, "[1.0, 2.0]"),
    "PyTorch's repeat": (lambda: X.repeat(2, 3), IndexError, "sg.tile(x, (2, 3))"),
    "PyTorch's transpose": (lambda: sg.tensor(IMAGES).transpose(1, 2), ValueError, "t.swapaxes(1, 2)"),
    "PyTorch's max of two": (lambda: sg.max(X, X), TypeError, "sg.maximum(x, y)"),
    "reading a pickle": (lambda: load_written(b"\x80\x04K\x01."), nn.ModelFileError, "nn.from_torch_state_dict"),
    "reading an archive": (lambda: load_written(b"PK\x03\x04" + bytes(9)), nn.ModelFileError, "nn.from_keras_weights"),
    "reading HDF5": (lambda: load_written(b"\x89HDF\r\n\x1a\n"), nn.ModelFileError, "nn.from_keras_weights"),
}


def load_written(content):
    with open("written", "wb") as file:
        file.write(content)
    sg.load("written")


@pytest.mark.parametrize("name", MISTAKES)
def test_the_message_says_what_to_write(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    do, kind, told = MISTAKES[name]
    with pytest.warns(kind) if issubclass(kind, Warning) else pytest.raises(kind) as caught:
        do()
    assert told in str(caught[0].message if issubclass(kind, Warning) else caught.value)


@pytest.mark.parametrize(
    "fits",
    [
        lambda: nn.CrossEntropyLoss()(model()(X), np.eye(3, dtype=int)[Y]),
        lambda: optim.Adam(model().parameters(), learning_rate=0.1),
        lambda: trainer(model()).fit(X.data, Y, epochs=1, progress=False),
        lambda: trainer(model()).fit((X.data, Y), validation_split=0.5, epochs=1, progress=False),
        lambda: trainer(model(), loss="cross_entropy", optimizer="adam", metrics=["accuracy"]),
        lambda: sg.Value(1.0) + X,
        lambda: np.asarray(X.detach()),
        lambda: f"{X[0, 0]:.3f} {X.sum()}",
        lambda: sg.grad(lambda x: x**2)(3),
        lambda: sg.grad(lambda x: 3.0)(np.ones(2)),
        lambda: X in [X],
    ],
)
def test_what_looks_like_a_mistake_and_is_none(fits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fits()


def test_a_compiled_function_says_that_it_was_not_called():
    compiled = sg.compile(lambda a: a + 1)
    assert repr(compiled) == "<compiled <lambda>: not called yet, the first call records it>"
    compiled(np.ones(2))
    assert "1 recorded" in repr(compiled)


def test_the_gradient_of_what_keeps_it_is_read_without_a_word():
    z = X * 2
    z.retain_grad()
    z.sum().backward()
    assert z.grad.shape == (4, 3)
    assert X.detach().sum().grad is None  # it has no graph
