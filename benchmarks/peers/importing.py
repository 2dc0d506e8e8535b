"""How long a fresh process takes to import a module, and the memory that it has then.

Usage: importing.py MODULE
"""

import subprocess
import sys
from pathlib import Path

from worker import serve

CODE = f"""
import time
start = time.perf_counter()
import {sys.argv[1]}
spent = time.perf_counter() - start
import resource
print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure():
    # Not from the root of the repository, where the folder autograd/ would be taken for the library of that name.
    here = Path(__file__).parent
    finished = subprocess.run([sys.executable, "-c", CODE], cwd=here, capture_output=True, text=True, check=True)
    spent, megabytes = map(float, finished.stdout.split())
    return {"seconds": spent, "megabytes": megabytes}


serve(measure)
