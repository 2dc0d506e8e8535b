"""The network of the MNIST example: three convolutions, two poolings and two linear layers."""

from initial_weights import convolution, linear
from network_data import digits as batches  # noqa: F401 (the contestants ask for it)

LOSS = "cross entropy"
WEIGHTS = [
    *(*convolution(3, 1, 32), *convolution(3, 32, 64), *convolution(3, 64, 64)),
    *(*linear(576, 64), *linear(64, 10)),
]


def seegrad(sg):
    return sg.nn.models.mnist_cnn()


def pytorch(torch, layers):
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 3), nn.ReLU(), layers.FlattenImages()),
        *(nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def jax(jax, layers):
    relu = jax.nn.relu

    def network(p, x, norms):
        x = layers.max_pool(relu(layers.conv(x, p[0], p[1])))
        x = layers.max_pool(relu(layers.conv(x, p[2], p[3])))
        x = relu(layers.conv(x, p[4], p[5])).reshape(len(x), -1)
        return relu(x @ p[6] + p[7]) @ p[8] + p[9]

    return network
