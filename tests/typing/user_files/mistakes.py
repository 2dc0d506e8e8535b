"""Mistakes that type checkers find: a line that ends with ``# mistake`` is reported, and no other one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import seegrad as sg
from seegrad import Tensor, Value, data, nn, optim

Array = npt.NDArray[np.float64]

x, w, v = sg.tensor([[1.0, 2.0], [3.0, 4.0]]), np.ones((2, 2)), Value(2.0)
model = nn.Sequential(nn.Linear(2, 2))
optimizer = optim.SGD(model.parameters(), lr=0.1)
points = data.ArrayDataset(w, [0, 1])


def loss(w: Array, x: Array, scale: float = 1.0) -> float:
    """A function of two arrays."""
    total: float = np.sum(w * x) * scale
    return total


def names_of_other_libraries() -> None:
    """They work at run time; code that is checked uses one vocabulary."""
    x.unsqueeze(0)  # mistake
    x.sum(dim=0)  # mistake
    sg.cat([x, x])  # mistake
    nn.functional.one_hot(np.array([0, 1]), 2)  # mistake
    nn.Linear(2, 3).double()  # mistake
    nn.Dropout(rate=0.5)  # mistake


def arrays_and_numbers() -> None:
    """Arguments that there are not, and things that are no numbers."""
    x.sum(axs=0)  # mistake
    x.sum(axis="rows")  # mistake
    x.mean(keepdim=True)  # mistake
    x.softmax(dim=1)  # mistake
    x.flatten("C")  # mistake
    x.ravel(order="row")  # mistake
    x.undefined()  # mistake
    x.shape = (4,)  # mistake
    sg.tensor(model)  # mistake
    sg.tensor([1.0], requires_gradient=True)  # mistake
    Value("2")  # mistake
    v.backwards()  # mistake
    sg.exp(x, x)  # mistake
    sg.exp(model)  # mistake
    sg.add(x)  # mistake
    sg.sum(x, dim=0)  # mistake
    sg.reshape(x)  # mistake
    sg.concatenate(x, x)  # mistake
    sg.pad(x, 1, mode="mirror")  # mistake
    sg.take(x, 0, axes=1)  # mistake
    sg.where(x.data > 0, x)  # mistake
    sg.conv2d(x, w, pad=1)  # mistake
    sg.linalg.qr(x).U  # mistake
    sg.draw(x, show="colours")  # mistake
    sg.no_such_function(x)  # mistake
    sg.numpy.no_such_function(x)  # mistake
    sg.unsqueeze(x, 0)  # mistake
    x.unsqueeze(0)  # mistake
    sg.fft.fft(x, axes=0)  # mistake
    sg.linalg.eig(x).U  # mistake


def transforms() -> None:
    """Things that are no functions, and arguments that functions do not take."""
    sg.grad(3)  # mistake
    sg.grad(loss(w, w))  # mistake
    sg.grad(loss)(w)  # mistake
    sg.grad(loss)("w", w)  # mistake
    sg.grad(loss)(w, w, size=2.0)  # mistake
    sg.grad(loss, argnum=1)  # mistake
    sg.grad(loss, argnums="w")  # mistake
    sg.grad(loss)(w, w).backward()  # mistake
    sg.value_and_grad(loss)(w, w)[2]  # mistake
    sg.jacobian(w)  # mistake
    sg.hessian(loss)(w, w, w, w)  # mistake
    sg.jvp(loss, (w, w))  # mistake
    sg.vmap(w)  # mistake
    sg.vmap(loss, axes=0)  # mistake
    sg.compile(w)  # mistake
    sg.compile(loss)(w)  # mistake
    sg.compile(loss).why  # mistake


def networks() -> None:
    """Layers, losses and models."""
    nn.Linear("3", 2)  # mistake
    nn.Linear(3)  # mistake
    nn.Linear(3, 2, biases=True)  # mistake
    nn.Linear(3, 2)(model)  # mistake
    nn.Linear(3, 2)([[1.0, 2.0, 3.0]])  # mistake
    nn.Conv2d(1, 8, kernel_size="3")  # mistake
    nn.Sequential([nn.Linear(3, 2)])  # mistake
    nn.Sequential(nn.ReLU)  # mistake
    nn.CrossEntropyLoss(reduction="average")  # mistake
    nn.CrossEntropyLoss()(x)  # mistake
    nn.Dropout(rate=0.5)  # mistake
    nn.functional.relu(x, inplace=True)  # mistake
    nn.Dense(3)  # mistake
    nn.BCEWithLogitsLoss(weight=[1.0]).reduce  # mistake
    model.parameters().weight  # mistake
    model.train(3, 4)  # mistake
    model.state_dict()["0.weight"].backward()  # mistake
    sg.load(3)  # mistake


def training() -> None:
    """Optimizers, schedules, data sets and the trainer."""
    optim.Adam(model)  # mistake
    optim.Adam(model.parameters(), learning_rate=0.1)  # mistake
    optim.SGD(model.parameters(), lr="0.1")  # mistake
    optim.StepLR(model, 2)  # mistake
    optim.StepLR(optimizer, steps=2)  # mistake
    optimizer.step(3)  # mistake
    nn.Trainer(model, optimizer)  # mistake
    nn.Trainer(optimizer, model, nn.MSELoss())  # mistake
    trainer = nn.Trainer(model, optimizer, nn.CrossEntropyLoss())
    trainer.fit(points, epoch=3)  # mistake
    trainer.fit(points, epochs="3")  # mistake
    trainer.fit(points, epochs=1).losses  # mistake
    trainer.predict()  # mistake
    nn.EarlyStopping(patience="3")  # mistake
    data.ArrayDataset(w)  # mistake
    data.DataLoader(w, np.zeros(2))  # mistake
    data.DataLoader(points, batchsize=2)  # mistake
    data.DataLoader(points, batch_size="2")  # mistake
    data.random_split(points, 0.5)  # mistake
    for images, labels, weights in data.DataLoader(points):  # mistake
        print(images, labels, weights)


def kinds() -> None:
    """Results that are not what is said of them."""
    a: Value = x + 1.0  # mistake
    b: Tensor = sg.grad(loss)(w, w)  # mistake
    c: float = sg.exp(v)  # mistake
    d: dict[str, float] = trainer_of(points).predict(w)  # mistake
    print(a, b, c, d)


def trainer_of(points: Any) -> nn.Trainer:
    """Return a trainer."""
    return nn.Trainer(model, optimizer, nn.CrossEntropyLoss())
