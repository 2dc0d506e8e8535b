"""Layers: modules with a ``forward``, and containers of modules.

Imports ``autograd``, ``common``, ``nn.functional``, ``nn.module`` and ``nn.init``. Begin with ``linear.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ...common.elsewhere import names_of_module
from ...common.public_names import public_names
from .activations import *
from .attention import *
from .containers import *
from .conv import *
from .conv1d import *
from .dropout import *
from .embedding import *
from .flatten import *
from .group_norm import *
from .linear import *
from .norm import *
from .pool import *
from .positions import *
from .recurrent import *
from .recurrent_cells import *
from .residual import *
from .rms_norm import *
from .transformer import *
from .upsample import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())
    __getattr__ = names_of_module(__name__)


def __dir__() -> list[str]:
    return public_names(globals())
