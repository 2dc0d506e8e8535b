from typing import Any

from seegrad.autograd.scipy_entrance.scipy_sparse import *

from . import sparse_linalg

linalg = sparse_linalg

def __getattr__(name: str) -> Any: ...
