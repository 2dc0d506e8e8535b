"""The GPT of the names in PyTorch, an epoch whenever asked. Usage: names_pytorch.py FILE, that of bench_names.py."""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from worker import serve_training

with np.load(sys.argv[1]) as file:
    given = {name: file[name] for name in file.files}
state = {name.removeprefix("model."): torch.from_numpy(given[name]) for name in given if name.startswith("model.")}
batch_size, heads, steps = int(given["batch_size"]), int(given["heads"]), iter(given["rates"])
vocabulary, width = state["tokens.weight"].shape
dropout = float(given["dropout"])
depth = sum(name.endswith("norm1.weight") for name in state)


class GPT(nn.Module):
    """The network of nn.GPT, from PyTorch's own layers."""

    def __init__(self):
        super().__init__()
        self.tokens, self.positions_added = (
            nn.Embedding(vocabulary, width),
            nn.Embedding(*state["positions_added.weight"].shape),
        )
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True)
            for _ in range(depth)
        )
        self.dropped = nn.Dropout(dropout)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        mask = nn.Transformer.generate_square_subsequent_mask(len(self.positions_added.weight))
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, tokens):
        length = tokens.shape[1]
        x = self.dropped(self.tokens(tokens) + self.positions_added.weight[:length])
        for block in self.blocks:
            x = block(x, self.mask[:length, :length], is_causal=True)
        return self.head(self.norm(x))


model = GPT()
model.load_state_dict(state)
groups = [
    {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.1},
    {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
x, y = torch.from_numpy(given["x"]), torch.from_numpy(given["y"])
lengths = (y >= 0).sum(1)
orders = iter(torch.from_numpy(given["orders"]))


def epoch():
    model.train()
    for chosen in next(orders).split(batch_size):
        longest, rate = int(lengths[chosen].max()), float(next(steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        functional.cross_entropy(model(x[chosen, :longest]).flatten(0, 1), y[chosen, :longest].flatten()).backward()
        optimizer.step()


@torch.inference_mode()
def test_loss():
    model.eval()
    test_x, test_y = torch.from_numpy(given["test_x"]), torch.from_numpy(given["test_y"])
    return float(functional.cross_entropy(model(test_x).flatten(0, 1), test_y.flatten()))


serve_training(epoch, len(given["orders"]), test_loss)
