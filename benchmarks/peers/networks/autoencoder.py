"""A convolutional autoencoder of digits: two convolutions of stride 2, two transposed ones, mean square error."""

from initial_weights import convolution, spread_out
from network_data import digits

LOSS = "mean square"
WEIGHTS = [*convolution(3, 1, 16), *convolution(3, 16, 32), *spread_out(4, 32, 16), *spread_out(4, 16, 1)]


def batches(size):
    return [(x, x) for x, _ in digits(size)]


def seegrad(sg):
    nn = sg.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, padding=1), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 16, 4, 2, padding=1), nn.ReLU()),
        *(nn.ConvTranspose2d(16, 1, 4, 2, padding=1), nn.Sigmoid()),
    )


def pytorch(torch, layers):
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, padding=1), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 16, 4, 2, padding=1), nn.ReLU()),
        *(nn.ConvTranspose2d(16, 1, 4, 2, padding=1), nn.Sigmoid()),
    )


def jax(jax, layers):
    relu = jax.nn.relu

    def network(p, x, norms):
        x = relu(layers.conv(x, p[0], p[1], 2, padding=1))
        x = relu(layers.conv(x, p[2], p[3], 2, padding=1))
        x = relu(layers.transposed_conv(x, p[4], p[5], 2, padding=1))
        return jax.nn.sigmoid(layers.transposed_conv(x, p[6], p[7], 2, padding=1))

    return network
