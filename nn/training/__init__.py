"""The training loop and what belongs to it: history, running metrics, callbacks, and the state that checkpoints keep.

Imports all other folders of ``nn``, and ``optim`` and ``data``. Begin with ``trainer.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ...common.public_names import public_names
from .callbacks import *
from .history import *
from .nonfinite import *
from .trainer import *
from .training_state import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())


def __dir__() -> list[str]:
    return public_names(globals())
