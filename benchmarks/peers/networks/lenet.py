"""LeNet-5 with ReLU and max pooling, on digits."""

from initial_weights import convolution, linear
from network_data import digits as batches  # noqa: F401 (the contestants ask for it)

LOSS = "cross entropy"
WEIGHTS = [
    *(*convolution(5, 1, 6), *convolution(5, 6, 16)),
    *(*linear(400, 120), *linear(120, 84), *linear(84, 10)),
]


def seegrad(sg):
    nn = sg.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def pytorch(torch, layers):
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), layers.FlattenImages()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def jax(jax, layers):
    relu = jax.nn.relu

    def network(p, x, norms):
        x = layers.max_pool(relu(layers.conv(x, p[0], p[1], padding=2)))
        x = layers.max_pool(relu(layers.conv(x, p[2], p[3]))).reshape(len(x), -1)
        x = relu(x @ p[4] + p[5])
        x = relu(x @ p[6] + p[7])
        return x @ p[8] + p[9]

    return network
