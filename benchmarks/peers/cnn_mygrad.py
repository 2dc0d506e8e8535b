"""The CNN in MyGrad, a NumPy engine; channels first, as its convolution wants them, and Adam written out."""

import mygrad as mg
import numpy as np
from cnn import run
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy


def build():
    dice = np.random.default_rng(0)
    shapes = [(32, 1, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3), (576, 64), (64, 10)]
    p = []
    for shape in shapes:
        spread = np.sqrt(2 / np.prod(shape[1:] if len(shape) == 4 else shape[:1]))
        bias = (1, shape[0], 1, 1) if len(shape) == 4 else shape[1:]
        p += [mg.tensor(dice.normal(0, spread, shape).astype("f4")), mg.tensor(np.zeros(bias, "f4"))]
    m, v = [np.zeros_like(w.data) for w in p], [np.zeros_like(w.data) for w in p]
    count = 0

    def network(x):
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        for k in range(3):
            x = relu(conv_nd(x, p[2 * k], stride=1) + p[2 * k + 1])
            if k < 2:
                x = max_pool(x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2], (2, 2), 2)
        x = relu(mg.matmul(x.reshape(len(x), -1), p[6]) + p[7])
        return mg.matmul(x, p[8]) + p[9]

    def train(x, y):
        nonlocal count
        softmax_crossentropy(network(x), y).backward()
        count += 1
        for w, mean, square in zip(p, m, v):
            mean += 0.1 * (w.grad - mean)
            square += 0.001 * (w.grad**2 - square)
            w.data -= 1e-3 * (mean / (1 - 0.9**count)) / (np.sqrt(square / (1 - 0.999**count)) + 1e-8)

    def predict(x):
        with mg.no_autodiff:
            return network(x).data.argmax(1)

    return train, predict, None


run(build)
