"""``seegrad.scipy``: SciPy, whose functions take nodes where they have derivatives.

Imports the engine when it is loaded, and SciPy when something of it is used. Begin with ``scipy_modules.py``: a module
of SciPy that is differentiated has a file here, ``scipy_stats.py`` for ``seegrad.scipy.stats``.

>>> from seegrad.scipy import stats
>>> x = sg.tensor([0.5, 2.0], requires_grad=True)
>>> stats.norm.logpdf(x).sum().backward()
>>> x.grad
array([-0.5, -2. ])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .scipy_modules import NAMES, found
from .scipy_modules import install as install

if TYPE_CHECKING:
    from . import scipy_integrate as integrate
    from . import scipy_linalg as linalg
    from . import scipy_optimize as optimize
    from . import scipy_signal as signal
    from . import scipy_sparse as sparse
    from . import scipy_special as special
    from . import scipy_stats as stats

    __all__ = ["integrate", "linalg", "optimize", "signal", "sparse", "special", "stats"]
else:

    def __getattr__(name: str) -> Any:
        return found("", name)


def __dir__() -> list[str]:
    return [name for name in NAMES if "." not in name]
