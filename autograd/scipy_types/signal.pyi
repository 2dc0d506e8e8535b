from typing import Any

from seegrad.autograd.scipy_entrance.scipy_signal import *

def __getattr__(name: str) -> Any: ...
