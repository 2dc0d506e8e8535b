"""``seegrad.scipy`` for type checkers and editors, as which the wheel installs this folder.

At run time ``seegrad.scipy`` is ``autograd/scipy_entrance``.
"""

from typing import Any

from . import integrate as integrate
from . import linalg as linalg
from . import optimize as optimize
from . import signal as signal
from . import sparse as sparse
from . import special as special
from . import stats as stats

def __getattr__(name: str) -> Any: ...  # everything else of SciPy
