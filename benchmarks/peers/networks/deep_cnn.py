"""The network of ``seegrad train --recipe best``, without its dropout: five convolutions with batch normalisation."""

from initial_weights import convolution, linear, norm
from network_data import digits as batches  # noqa: F401 (the contestants ask for it)

LOSS = "cross entropy"
#: Size of the kernel, channels that come in and go out, and whether a pool follows.
CONVOLUTIONS = [(5, 1, 32, True), (3, 32, 64, False), (3, 64, 64, False), (3, 64, 96, True), (3, 96, 192, False)]
WEIGHTS = [part for k, i, o, _ in CONVOLUTIONS for part in (convolution(k, i, o)[0], *norm(o))] + linear(192, 10)


def seegrad(sg):
    nn = sg.nn
    return nn.Sequential(*(part for part in nn.models.mnist_deep_cnn() if not isinstance(part, nn.Dropout)))


def pytorch(torch, layers):
    nn = torch.nn

    def block(size, inputs, outputs, pool):
        pools = [nn.MaxPool2d(2)] if pool else []
        return [nn.Conv2d(inputs, outputs, size, bias=False), *pools, nn.BatchNorm2d(outputs), nn.ReLU()]

    return nn.Sequential(
        *(part for c in CONVOLUTIONS for part in block(*c)), layers.FlattenImages(), nn.Linear(192, 10)
    )


def jax(jax, layers):
    def network(p, x, norms):
        for k, (*_, pool) in enumerate(CONVOLUTIONS):
            x = layers.conv(x, p[3 * k], 0.0)
            x = jax.nn.relu(norms(layers.max_pool(x) if pool else x, p[3 * k + 1], p[3 * k + 2]))
        return x.reshape(len(x), -1) @ p[15] + p[16]

    return network
