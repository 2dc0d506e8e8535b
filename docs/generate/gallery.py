"""The graphs of the gallery. Each function is one of them: it returns the result whose graph is drawn.

The docstring is the title and the text; the code that the site shows is the body of the function.
"""

from __future__ import annotations

import numpy as np

import seegrad as sg


def neuron():
    """A neuron.

    Two inputs, two weights and a bias. The gradient of a weight is the gradient of the sum, times the input that the
    weight was multiplied with.
    """
    x1, x2 = sg.Value(2.0, label="x1"), sg.Value(0.5, label="x2")
    w1, w2 = sg.Value(-0.5, label="w1"), sg.Value(1.0, label="w2")
    bias = sg.Value(0.75, label="bias")
    output = (x1 * w1 + x2 * w2 + bias).tanh()
    output.label = "output"
    return output


def two_paths():
    """Two paths add up: b = a + a.

    `a` is read twice, so there are two edges, and two gradients arrive. They are added: the derivative is 2, not 1.
    This is the mistake that a first implementation of backprop makes.
    """
    a = sg.Value(3.0, label="a")
    b = a + a
    b.label = "b"
    return b


def xor():
    """Exclusive or.

    No single neuron can compute it; two hidden ones and an output that subtracts one from the other can. The weight
    of `both` should be -2 and is still -1.5: its gradient is positive, so a step of training makes it smaller.
    """
    x1, x2, target = sg.Value(1.0, label="x1"), sg.Value(1.0, label="x2"), 0.0
    weight = sg.Value(-1.5, label="weight")
    either = (x1 + x2).relu()
    either.label = "either"
    both = (x1 + x2 - 1.0).relu()
    both.label = "both"
    output = either + weight * both
    output.label = "output"
    loss = (output - target) ** 2
    loss.label = "loss"
    return loss


def softmax_and_cross_entropy():
    """Softmax with cross-entropy.

    The gradient of the logits is what makes classifiers easy to train: the probabilities, minus 1 at the right class.
    """
    logits = sg.tensor([2.0, 1.0, -1.0], requires_grad=True, label="logits")
    log_probabilities = sg.log_softmax(logits)
    log_probabilities.label = "log p"
    loss = -log_probabilities[1]
    loss.label = "loss"
    return loss


def attention():
    """Attention for three tokens.

    Every token asks with a query and is answered by a mixture of values. The weights of the mixture are a softmax of
    how well the query fits each key.
    """
    rng = np.random.default_rng(0)
    q, k, v = (sg.tensor(rng.normal(size=(3, 2)), requires_grad=True, label=name) for name in "qkv")
    scores = q @ k.T / np.sqrt(2.0)
    scores.label = "scores"
    weights = sg.softmax(scores, axis=-1)
    weights.label = "weights"
    output = weights @ v
    output.label = "output"
    loss = (output**2).mean()
    loss.label = "loss"
    return loss


def convolution():
    """A convolution.

    A kernel of 3 x 3 that finds an edge slides over an image of 4 x 5; ReLU keeps where there is one. Images are
    `(batch, height, width, channels)`.
    """
    pixels = [[0, 0, 0, 1, 1], [0, 0, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]
    image = sg.tensor(np.reshape(pixels, (1, 4, 5, 1)), dtype=float, label="image")
    kernel = sg.tensor(np.reshape([-1.0, 0.0, 1.0] * 3, (3, 3, 1, 1)), requires_grad=True, label="kernel")
    edges = sg.conv2d(image, kernel).relu()
    edges.label = "edges"
    loss = edges.mean()
    loss.label = "loss"
    return loss


def batch_norm():
    """Batch normalisation.

    Every column of a batch is given mean 0 and variance 1. Mean and variance depend on all examples, so the gradient
    of one example depends on the others.
    """
    x = sg.tensor([[1.0, 2.0], [3.0, 0.0], [5.0, 7.0]], requires_grad=True, label="x")
    centred = x - x.mean(axis=0)
    centred.label = "centred"
    variance = (centred**2).mean(axis=0)
    variance.label = "variance"
    normal = centred / sg.sqrt(variance + 1e-5)
    normal.label = "normal"
    loss = (normal * [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]).sum()
    loss.label = "loss"
    return loss


def second_derivative():
    """A second derivative.

    With `create_graph=True` the backward pass is recorded, too. So the slope of x³ at 2, which is 12, has a graph of
    its own, and going back through that gives the second derivative, again 12.
    """
    x = sg.Value(2.0, label="x")
    y = x**3
    y.backward(create_graph=True)
    slope = x.grad
    slope.label = "slope"
    return slope


def vanishing_gradients():
    """Vanishing gradients.

    The derivative of a sigmoid is at most 1/4. Behind six of them, in a row, hardly anything of a gradient is left,
    and the first layers learn nothing.
    """
    x = sg.Value(1.0, label="x")
    output = x
    for layer in range(1, 7):
        output = output.sigmoid()
        output.label = f"layer {layer}"
    return output


def dead_relu():
    """A dead ReLU.

    The sum is below 0, so ReLU gives 0 and lets no gradient through: neither the weight nor the bias will ever
    change, if it is so for all examples.
    """
    x, w = sg.Value(1.5, label="x"), sg.Value(-2.0, label="w")
    bias = sg.Value(0.5, label="bias")
    total = x * w + bias
    total.label = "sum"
    output = total.relu()
    output.label = "output"
    loss = (output - 1.0) ** 2
    loss.label = "loss"
    return loss


def lstm_cell():
    """An LSTM cell.

    One unit of a long short-term memory. Gates decide how much is forgotten, written and shown; from the old memory
    `c` to the new one leads a path with one multiplication only, so gradients survive on it.
    """
    x, h, c = sg.Value(0.5, label="x"), sg.Value(0.1, label="h"), sg.Value(0.8, label="c")
    forget = (0.4 * x + 0.3 * h + 1.0).sigmoid()
    forget.label = "forget"
    write = (0.9 * x - 0.2 * h).sigmoid()
    write.label = "write"
    new = (1.2 * x + 0.5 * h).tanh()
    new.label = "new"
    show = (0.7 * x + 0.6 * h).sigmoid()
    show.label = "show"
    c_next = forget * c + write * new
    c_next.label = "c next"
    h_next = show * c_next.tanh()
    h_next.label = "h next"
    return h_next


def newtons_method():
    """Newton's method.

    Two steps towards the root of x² = a, from 1.5. The steps are recorded as any other computation is, so the
    derivative of the result with respect to `a` comes out, too: 0.3535, where that of √a is 1 / (2 √2) = 0.3536.
    """
    a = sg.Value(2.0, label="a")
    x = sg.Value(1.5, label="x0")
    for step in (1, 2):
        x = x - (x**2 - a) / (2.0 * x)
        x.label = f"x{step}"
    return x


def training():
    """A training.

    A network with one hidden layer learns to part two half moons. Go through its steps: the boundary bends, the
    gradients become small, and some units die.
    """
    x, y = sg.data.make_moons(300, noise=0.15, seed=0)
    model = sg.nn.Sequential(sg.nn.Linear(2, 16, seed=0), sg.nn.ReLU(), sg.nn.Linear(16, 2, seed=1))
    record = sg.nn.TrainingRecord(model, every=10, x=x, y=y)
    trainer = sg.nn.Trainer(model, sg.optim.Adam(model.parameters(), lr=0.02), "cross_entropy")
    trainer.fit(x, y, epochs=60, seed=0, callbacks=record, progress=False)
    return record


#: In the order of the page, with the options of ``draw``.
GRAPHS = {
    neuron: {"show": "chain"},
    two_paths: {"show": "chain"},
    xor: {},
    softmax_and_cross_entropy: {"zoom": "scalars"},
    attention: {"direction": "TB"},
    convolution: {},
    batch_norm: {"direction": "TB"},
    second_derivative: {},
    vanishing_gradients: {"show": "chain"},
    dead_relu: {"show": "chain"},
    lstm_cell: {},
    newtons_method: {},
}
