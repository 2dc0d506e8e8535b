"""A small residual network with batch normalisation: three blocks of 16, 32 and 64 channels, on images of 32 x 32."""

from initial_weights import convolution, linear, norm
from network_data import noise as batches  # noqa: F401 (the contestants ask for it)

LOSS = "cross entropy"
WEIGHTS = [
    *(*convolution(3, 3, 16), *norm(16)),
    *(*convolution(3, 16, 16), *norm(16), *convolution(3, 16, 16), *norm(16)),
    *(*convolution(3, 16, 32), *norm(32), *convolution(3, 32, 32), *norm(32), *convolution(1, 16, 32)),
    *(*convolution(3, 32, 64), *norm(64), *convolution(3, 64, 64), *norm(64), *convolution(1, 32, 64)),
    *linear(64, 10),
]


def seegrad(sg):
    nn = sg.nn

    def block(inputs, outputs, stride):
        layers = (
            *(nn.Conv2d(inputs, outputs, 3, stride, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()),
            *(nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)),
        )
        shortcut = None if stride == 1 else nn.Conv2d(inputs, outputs, 1, stride)
        return nn.Residual(*layers, shortcut=shortcut), nn.ReLU()

    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(*block(16, 16, 1), *block(16, 32, 2), *block(32, 64, 2)),
        *(nn.GlobalAvgPool2d(), nn.Linear(64, 10)),
    )


def pytorch(torch, layers):
    nn = torch.nn

    class Residual(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.layers = nn.Sequential(
                *(nn.Conv2d(inputs, outputs, 3, stride, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()),
                *(nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)),
            )
            self.shortcut = nn.Identity() if stride == 1 else nn.Conv2d(inputs, outputs, 1, stride)

        def forward(self, x):
            return nn.functional.relu(self.shortcut(x) + self.layers(x))

    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)),
    )


def jax(jax, layers):
    relu = jax.nn.relu

    def block(x, p, stride, norms):
        y = relu(norms(layers.conv(x, p[0], p[1], stride, padding=1), p[2], p[3]))
        y = norms(layers.conv(y, p[4], p[5], padding=1), p[6], p[7])
        return relu(y + (x if stride == 1 else layers.conv(x, p[8], p[9], stride)))

    def network(p, x, norms):
        x = relu(norms(layers.conv(x, p[0], p[1], padding=1), p[2], p[3]))
        x = block(x, p[4:12], 1, norms)
        x = block(x, p[12:22], 2, norms)
        x = block(x, p[22:32], 2, norms)
        return x.mean((1, 2)) @ p[32] + p[33]

    return network
