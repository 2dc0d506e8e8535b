"""``seegrad.numpy`` for type checkers and editors, as which the wheel installs this file.

At run time ``seegrad.numpy`` is ``autograd/numpy_entrance.py``. Of equal names the first counts to mypy, the last to
pyright.
"""

from seegrad.autograd.array_creation import *
from seegrad.autograd.numpy_entrance import c_ as c_
from seegrad.autograd.numpy_entrance import r_ as r_

# isort: split
from numpy import *  # type: ignore[assignment, no-redef]
from numpy import fft as fft
from numpy import linalg as linalg

# isort: split
from seegrad.autograd.array_creation import *
