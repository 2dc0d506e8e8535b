"""An LSTM of 128 units, written out step by step, that reads digits row by row."""

import numpy as np
from initial_weights import linear
from network_data import digits

LOSS = "cross entropy"
UNITS = 128
WEIGHTS = [*linear(28, 4 * UNITS), *linear(UNITS, 4 * UNITS), *linear(UNITS, 10)]


def batches(size):
    return [(x.reshape(size, 28, 28), y) for x, y in digits(size)]


def seegrad(sg):
    nn = sg.nn

    class LSTM(nn.Module):
        def __init__(self):
            self.rows, self.state, self.out = (
                nn.Linear(28, 4 * UNITS),
                nn.Linear(UNITS, 4 * UNITS),
                nn.Linear(UNITS, 10),
            )

        def forward(self, x):
            h = c = sg.Tensor(np.zeros((x.shape[0], UNITS), np.float32))
            for k in range(28):
                gates = self.rows(x[:, k]) + self.state(h)
                i, f, o = sg.split(sg.sigmoid(gates[:, : 3 * UNITS]), 3, axis=1)
                c = f * c + i * sg.tanh(gates[:, 3 * UNITS :])
                h = o * sg.tanh(c)
            return self.out(h)

    return LSTM()


def pytorch(torch, layers):
    nn = torch.nn

    class LSTM(nn.Module):
        def __init__(self):
            super().__init__()
            self.rows, self.state, self.out = (
                nn.Linear(28, 4 * UNITS),
                nn.Linear(UNITS, 4 * UNITS),
                nn.Linear(UNITS, 10),
            )

        def forward(self, x):
            h = c = torch.zeros(len(x), UNITS)
            for k in range(28):
                gates = self.rows(x[:, k]) + self.state(h)
                i, f, o = torch.sigmoid(gates[:, : 3 * UNITS]).chunk(3, 1)
                c = f * c + i * torch.tanh(gates[:, 3 * UNITS :])
                h = o * torch.tanh(c)
            return self.out(h)

    return LSTM()


def jax(jax, layers):
    jnp = jax.numpy

    def network(p, x, norms):
        def step(state, row):
            h, c = state
            gates = row @ p[0] + p[1] + h @ p[2] + p[3]
            i, f, o = jnp.split(jax.nn.sigmoid(gates[:, : 3 * UNITS]), 3, 1)
            c = f * c + i * jnp.tanh(gates[:, 3 * UNITS :])
            return (o * jnp.tanh(c), c), None

        zeros = jnp.zeros((len(x), UNITS))
        (h, _), _ = jax.lax.scan(step, (zeros, zeros), x.swapaxes(0, 1))
        return h @ p[4] + p[5]

    return network
