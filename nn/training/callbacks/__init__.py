"""What happens beside a training: checkpoints, stopping early, schedules, progress, curves.

Imports ``nn.training.training_state`` and the folders below it, never the trainer. Begin with ``callback.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ....common.elsewhere import names_of_module
from ....common.public_names import public_names
from .callback import *
from .csv_logger import *
from .early_stopping import *
from .lambda_callback import *
from .learning_rate_schedule import *
from .live_curves import *
from .progress import *
from .tensorboard import *
from .training_checkpoint import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())
    __getattr__ = names_of_module(__name__)


def __dir__() -> list[str]:
    return public_names(globals())
