"""A CNN with batch normalisation in PyTorch at its best."""

import torch
from cnn import run
from cnn_pytorch import functions
from torch import nn


def build():
    torch.manual_seed(0)
    return functions(
        nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(3136, 64), nn.ReLU(), nn.Linear(64, 10)),
        )
    )


run(build)
