"""A multilayer perceptron, 784-256-128-10, on digits."""

from initial_weights import linear
from network_data import digits

LOSS = "cross entropy"
WEIGHTS = [*linear(784, 256), *linear(256, 128), *linear(128, 10)]


def batches(size):
    return [(x.reshape(size, 784), y) for x, y in digits(size)]


def seegrad(sg):
    nn = sg.nn
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def pytorch(torch, layers):
    nn = torch.nn
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def jax(jax, layers):
    def network(p, x, norms):
        x = jax.nn.relu(x @ p[0] + p[1])
        x = jax.nn.relu(x @ p[2] + p[3])
        return x @ p[4] + p[5]

    return network
