from typing import Any

from seegrad.autograd.scipy_entrance.scipy_sparse_linalg import *

def __getattr__(name: str) -> Any: ...
