"""Write the page "NumPy coverage", ``docs/numpy_coverage.md``: ``make reference``.

Every public function of the installed NumPy is called with a Tensor, and the page tells what happens. Functions with a
derivative are called in the forms of ``tests/shared/numpy_calls.py``, which the tests compare with NumPy.
"""

from __future__ import annotations

import inspect
import io
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import seegrad as sg
from seegrad.autograd.numpy_functions import CREATORS, FUNCTIONS, GENERALIZED_UFUNCS, WRITERS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "numpy_coverage.md"
sys.path.insert(0, str(ROOT / "tests" / "shared"))
from numpy_calls import CALLS, POSITIVE, SQUARE, V, X  # noqa: E402 (the calls that the tests make)

HEAD = """# NumPy coverage

Which functions of NumPy can be called with a Tensor, and so in a function that is differentiated, and with which of
their keywords. `make reference` writes this page from what happens when each is called, here with NumPy {version}.

- **derivative**: the result is recorded, and differentiated to any order.
- **writes**: what is written into a Tensor is recorded. Into a plain array it is refused.
- **plain answer**: the result is plain data without a derivative: an index, a truth value, a shape.
- **makes an array**: holds nodes when it is called from `seegrad.numpy`, or with `like=` a Tensor.
- **refused**: a `TypeError` says so, and what to write. Nothing loses a gradient silently.

`out=` is refused everywhere: no gradient could follow into the array; use the result. `where=` of ufuncs is refused,
too, since it leaves elements unset: write `np.where(condition, np.exp(x), other)`. `dtype=` takes floating dtypes.

With `import seegrad.numpy as np`, everything has NumPy's name, and what NumPy alone cannot do works as well: arrays of
nodes, arrays that nodes are written into, and lists of nodes in the place of arrays. Ufuncs are NumPy's own there, and
take a list only beside a Tensor: write `np.exp(np.array([x[0], x[1]]))`.

```python
import seegrad as sg
import seegrad.numpy as np


def f(x):
    y = np.zeros(3)
    y[0] = x[0] ** 2
    y[1:] = np.array([x[1], x[0] * x[1]])
    return np.sum(y) + np.linalg.norm([x[0], 2.0])


print(sg.grad(f)(np.array([2.0, 3.0])).round(3))
```

```text
[7.707 3.   ]
```

`array`, `zeros`, `ones`, `full`, `empty`, `eye`, `identity`, `arange`, `linspace` and the `*_like` functions of
`seegrad.numpy` return Tensors. Under `sg.vmap` what is written to `zeros`, `ones`, `empty`, `full` and `eye` may differ
from example to example.
"""

TITLES = {module: f"Functions of `{module}`" for module in ("numpy", "numpy.linalg", "numpy.fft")}
#: Calls of functions that neither the tests differentiate nor the usual forms fit.
WHOLE = sg.tensor([3, 1, 2])
OTHER_CALLS: dict[str, list[tuple[Any, ...]]] = {
    **{name: [(WHOLE, WHOLE)] for name in "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split()},
    **{name: [(WHOLE,)] for name in ("invert", "bitwise_count")},
    **{name: [(io.BytesIO(), X)] for name in ("save", "savez", "savez_compressed", "savetxt")},
    "can_cast": [(X, np.float32)],
    "digitize": [(X, [0.0, 1.0])],
    "einsum_path": [("ij,ij", X, X)],
    "ravel_multi_index": [((WHOLE, WHOLE), (4, 4))],
    "unravel_index": [(WHOLE, (2, 2))],
}

REFUSALS = ("not supported on a Tensor", "would lose the gradient", "would write a Tensor")


def tensor(x: Any) -> Any:
    """Return a Tensor that requires a gradient."""
    return sg.tensor(x, requires_grad=True)


def functions() -> Iterator[tuple[str, str, Any]]:
    """Find the public functions that take arrays: the module, the name, the function."""
    for module in (np, np.linalg, np.fft):
        for name in sorted(module.__all__, key=str.lower):
            function = getattr(module, name)
            dispatched = isinstance(function, np.ufunc) or hasattr(function, "_implementation")
            if dispatched or (callable(function) and function in CREATORS):
                yield module.__name__, name, function


def state_of(function: Any) -> str:
    """Return what happens when a function is called with a Tensor."""
    if function in WRITERS:
        return "writes"
    if function in CREATORS:
        return "makes an array"
    return tried(function)


def tried(function: Any) -> str:
    """Call a function until a form fits: in the forms that the tests know, or with what most functions take."""
    known = [call[1:] for call in CALLS if call[0] is function]
    known += [(args, {}) for args in OTHER_CALLS.get(function.__name__, ())]
    usual = [
        (X,),
        (V,),
        (X, X),
        (V, V),
        (SQUARE, SQUARE[0]),
        (POSITIVE,),
        (X, 0),
        (0, X),
        ((X, X),),
        (X, V, V),
        (X, 1, V),
    ]
    answers = {"fails"}
    for args, options in known or [(args, {}) for args in usual]:
        answers.add(outcome(function, args, options))
    return next(state for state in ("derivative", "plain answer", "refused", "fails") if state in answers)


def outcome(function: Any, args: Any, options: Any) -> str:
    """Return what a call comes to, with Tensors in the place of arrays of floats."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function(*map(with_tensors, args), **{k: with_tensors(v) for k, v in options.items()})
    except Exception as error:
        return "refused" if any(text in str(error) for text in REFUSALS) else "fails"
    return "derivative" if any(getattr(x, "requires_grad", False) for x in parts(result)) else "plain answer"


def with_tensors(x: Any) -> Any:
    """Replace arrays of floats by Tensors that require gradients."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(with_tensors, x))
    return tensor(x) if isinstance(x, (np.ndarray, np.floating)) and x.dtype.kind == "f" else x


def parts(result: Any) -> list[Any]:
    """Return the arrays in a result."""
    return [p for item in result for p in parts(item)] if isinstance(result, (tuple, list)) else [result]


def keywords(function: Any) -> tuple[list[str], list[str]]:
    """Return the options of a function that work, and those that are refused."""
    if isinstance(function, np.ufunc):
        more = ["axes"] if function in GENERALIZED_UFUNCS else []
        more += ["axis", "keepdims"] if GENERALIZED_UFUNCS.get(function) == (1, 1, 0) else []
        return ["dtype", *more], []
    operation = FUNCTIONS.get(function) or WRITERS.get(function)
    if operation is None:
        return [], []
    known = inspect.signature(getattr(operation, "forward", operation)).parameters
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # a function in C
        parameters = known.values()
    options = [p.name for p in parameters if p.default is not p.empty or p.kind is p.KEYWORD_ONLY]
    works = [name for name in options if (name in known or name == "dtype") and name != "device"]
    return works, [name for name in options if name not in works and name not in ("out", "like", "device")]


def row(name: str, function: Any) -> str:
    """Return the line of a function in the table."""
    state = state_of(function)
    works, refused = keywords(function) if state in ("derivative", "writes") else ([], [])
    cells = (f"`{name}`", state, *(" ".join(f"`{word}`" for word in words) for words in (works, refused)))
    return "| " + " | ".join(cells) + " |"


def page() -> str:
    """Return the page."""
    lines = [HEAD.format(version=".".join(np.__version__.split(".")[:2]))]
    found = list(functions())
    for module, title in TITLES.items():
        lines.append(f"## {title}\n\n| function | with a Tensor | keywords | refused |\n| --- | --- | --- | --- |")
        lines.extend(row(name, function) for home, name, function in found if home == module)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
