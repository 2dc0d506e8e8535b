"""PyTorch with all threads; what its compiler made is not kept, so that every process compiles for itself."""

import ctypes
import os
import sys

from worker import NotThereError

os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"

import torch

torch.set_num_threads(os.cpu_count() or 1)


def keep_memory():
    """Have the C library keep what is freed: large arrays then cost no page faults, as with an allocator for them."""
    if not sys.platform.startswith("linux"):
        raise NotThereError("needs the allocator of glibc")
    library, trim_threshold, mmap_threshold = ctypes.CDLL(None), -1, -3
    if not (library.mallopt(mmap_threshold, 1 << 30) and library.mallopt(trim_threshold, 1 << 30)):
        raise NotThereError("the C library does not let its thresholds be set")
