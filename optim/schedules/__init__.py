"""Learning rates that change over the steps.

Imports ``optim.optimizer``. Begin with ``schedule.py``, then ``formula_schedules.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ...common.elsewhere import names_of_module
from ...common.public_names import public_names
from .combined_schedules import *
from .cyclic import *
from .formula_schedules import *
from .one_cycle import *
from .plateau import *
from .schedule import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())
    __getattr__ = names_of_module(__name__)


def __dir__() -> list[str]:
    return public_names(globals())
