"""PyTorch at its best settings, which must stand before its import; every process compiles for itself."""

import os

os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"

import torch

torch.set_num_threads(os.cpu_count() or 1)
