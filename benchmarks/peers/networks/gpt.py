"""A GPT of two layers: width 128, 4 heads, 64 letters of 64 kinds, exact GELU, LayerNorm, causal attention."""

import math

import numpy as np
from initial_weights import linear, norm, table
from network_data import letters

LOSS = "cross entropy"
KINDS, LENGTH, WIDTH, HEADS = 64, 64, 128, 4
BLOCK = [*norm(WIDTH), *linear(WIDTH, 3 * WIDTH), *linear(WIDTH, WIDTH)]
BLOCK += [*norm(WIDTH), *linear(WIDTH, 4 * WIDTH), *linear(4 * WIDTH, WIDTH)]
WEIGHTS = [*table(KINDS, WIDTH), *table(LENGTH, WIDTH), *BLOCK, *BLOCK, *norm(WIDTH), *linear(WIDTH, KINDS)]


def batches(size):
    return letters(size, LENGTH, KINDS)


def seegrad(sg):
    nn = sg.nn
    later = np.triu(np.full((LENGTH, LENGTH), -np.inf, np.float32), 1)

    class Attention(nn.Module):
        def __init__(self):
            self.inner, self.outer = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            parts = self.inner(x).reshape(-1, LENGTH, 3, HEADS, WIDTH // HEADS).transpose(2, 0, 3, 1, 4)
            q, k, v = parts[0], parts[1], parts[2]
            scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(WIDTH // HEADS) + later
            mixed = sg.softmax(scores, axis=-1) @ v
            return self.outer(mixed.transpose(0, 2, 1, 3).reshape(-1, LENGTH, WIDTH))

    class GPT(nn.Module):
        def __init__(self):
            self.letters, self.places = nn.Embedding(KINDS, WIDTH), nn.Embedding(LENGTH, WIDTH)
            self.blocks = nn.Sequential(
                *[
                    nn.Sequential(
                        nn.Residual(nn.LayerNorm(WIDTH), Attention()),
                        nn.Residual(
                            *(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
                        ),
                    )
                    for _ in range(2)
                ]
            )
            self.out = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, KINDS))

        def forward(self, x):
            return self.out(self.blocks(self.letters(x) + self.places.weight))

    return GPT()


def pytorch(torch, layers):
    nn = torch.nn

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            parts = self.inner(x).view(-1, LENGTH, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
            mixed = nn.functional.scaled_dot_product_attention(*parts.unbind(), is_causal=True)
            return self.outer(mixed.transpose(1, 2).reshape(-1, LENGTH, WIDTH))

    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.letters, self.places = nn.Embedding(KINDS, WIDTH), nn.Embedding(LENGTH, WIDTH)
            self.blocks = nn.Sequential(
                *[
                    nn.Sequential(
                        Residual(nn.LayerNorm(WIDTH), Attention()),
                        Residual(
                            *(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
                        ),
                    )
                    for _ in range(2)
                ]
            )
            self.out = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, KINDS))

        def forward(self, x):
            return self.out(self.blocks(self.letters(x) + self.places.weight))

    return GPT()


def jax(jax, layers):
    jnp = jax.numpy
    later = jnp.triu(jnp.full((LENGTH, LENGTH), -jnp.inf), 1)

    def attention(p, x):
        parts = (x @ p[0] + p[1]).reshape(-1, LENGTH, 3, HEADS, WIDTH // HEADS).transpose(2, 0, 3, 1, 4)
        q, k, v = parts
        scores = q @ k.swapaxes(2, 3) / math.sqrt(WIDTH // HEADS) + later
        mixed = jax.nn.softmax(scores, -1) @ v
        return mixed.transpose(0, 2, 1, 3).reshape(-1, LENGTH, WIDTH) @ p[2] + p[3]

    def network(p, x, norms):
        x = p[0][x] + p[1]
        for k in (2, 14):
            x = x + attention(p[k + 2 : k + 6], layers.layer_norm(x, p[k], p[k + 1]))
            y = layers.layer_norm(x, p[k + 6], p[k + 7])
            y = jax.nn.gelu(y @ p[k + 8] + p[k + 9], approximate=False)
            x = x + y @ p[k + 10] + p[k + 11]
        return layers.layer_norm(x, p[26], p[27]) @ p[28] + p[29]

    return network
