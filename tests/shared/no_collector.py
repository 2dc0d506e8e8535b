"""Is memory freed without the garbage collector?"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collector() -> Iterator[None]:
    """Switch off the garbage collector, so that reference counts alone free memory."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
