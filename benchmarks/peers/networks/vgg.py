"""A small network in the manner of VGG: pairs of padded 3 x 3 convolutions before each pool, on images of 32 x 32."""

from initial_weights import convolution, linear
from network_data import noise as batches  # noqa: F401 (the contestants ask for it)

LOSS = "cross entropy"
WEIGHTS = [
    *(*convolution(3, 3, 32), *convolution(3, 32, 32)),
    *(*convolution(3, 32, 64), *convolution(3, 64, 64)),
    *(*linear(4096, 128), *linear(128, 10)),
]


def seegrad(sg):
    nn = sg.nn
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(4096, 128), nn.ReLU(), nn.Linear(128, 10)),
    )


def pytorch(torch, layers):
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(layers.FlattenImages(), nn.Linear(4096, 128), nn.ReLU(), nn.Linear(128, 10)),
    )


def jax(jax, layers):
    relu = jax.nn.relu

    def network(p, x, norms):
        for k in (0, 4):
            x = relu(layers.conv(x, p[k], p[k + 1], padding=1))
            x = layers.max_pool(relu(layers.conv(x, p[k + 2], p[k + 3], padding=1)))
        x = relu(x.reshape(len(x), -1) @ p[8] + p[9])
        return x @ p[10] + p[11]

    return network
