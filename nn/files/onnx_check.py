"""Check an exported graph: run it and the function on the sample and on other numbers, and compare the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...common.quiet import quiet
from .onnx_writer import OnnxExportError

Array = npt.NDArray[Any]
ArrayFunction = Callable[[Sequence[Array]], list[Array]]

#: Tolerances: relative to the number, and to the largest number of the array.
RELATIVE, OF_THE_LARGEST = 1e-3, 1e-4

_FROZEN = (
    "The file holds the one way that was recorded: a branch (if) on the input's numbers or on the length of the batch, "
    "numbers that are read with .data, .item() or NumPy, and random numbers are frozen in it. Write where(x > 0, ...) "
    "for if (and where(x - limit > 0, ...) for other limits), and compute with the tensors themselves"
)


def check_repeatable(run: ArrayFunction, samples: Sequence[Array]) -> None:
    """Raise OnnxExportError if the function gives different results for the same input."""
    for i, (first, second) in enumerate(zip(run(samples), run(samples))):
        if _difference(first, second) is not None:
            raise OnnxExportError(
                f"output {i} is another one when the function is called again with the same input: it draws random "
                "numbers, or keeps a state. Export a module itself, or call its eval() first"
            )


def check_same(
    model: Any, run: ArrayFunction, batches: Sequence[Sequence[Array]], samples: Sequence[Array], any_length: bool
) -> None:
    """Raise OnnxExportError if the graph and the function give different results.

    Parameters
    ----------
    model : onnx.ModelProto
        The graph.
    run : callable
        The function of arrays.
    batches : sequence of lists of arrays
        The inputs on which it was recorded.
    samples : list of arrays
        The inputs of the caller.
    any_length : bool
        Whether the graph takes batches of any length.
    """
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(model)
    names = [known.name for known in model.graph.input]
    for what, inputs in _trials(batches, samples, any_length):
        with quiet():
            try:
                wanted = run(inputs)
            except (ArithmeticError, LookupError, ValueError):
                if what == "the sample":
                    raise
                continue  # the function does not take these numbers
            found = _evaluate(evaluator, dict(zip(names, inputs)), what)
        for i, (here, there) in enumerate(zip(wanted, found)):
            difference = _difference(here, np.asarray(there))
            if difference is not None:
                raise OnnxExportError(
                    f"output {i} of the exported graph is not that of the function for {what}: {difference}. {_FROZEN}"
                )


def _evaluate(evaluator: Any, inputs: dict[str, Array], what: str) -> list[Any]:
    try:
        results: list[Any] = evaluator.run(None, inputs)
    except (ArithmeticError, LookupError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise OnnxExportError(f"the exported graph does not run on {what}: {error}. {_FROZEN}") from error
    return results


def _trials(
    batches: Sequence[Sequence[Array]], samples: Sequence[Array], any_length: bool
) -> Iterator[tuple[str, list[Array]]]:
    yield "the sample", list(samples)
    if any_length:
        yield "the first example of the sample alone", [array[:1] for array in samples]
        batches = [[array[: n + 1] for array in batch] for n, batch in enumerate(batches, 1)]  # it is slow
    for factor, how in ((1, ""), (-1, ", with other signs"), (10, " times 10"), (-10, " times -10")):
        for batch in batches:
            what = f"a batch of {len(batch[0])} made of the sample's numbers{how}"
            yield what, [np.asarray(array * factor, array.dtype) for array in batch]


def _difference(here: Array, there: Array) -> str | None:
    """Describe where two results differ by more than rounding; infinity and NaN are not compared."""
    if here.shape != there.shape:
        return f"its shape is {there.shape} instead of {here.shape}"
    both = np.isfinite(here) & np.isfinite(there)
    if not both.any():
        return None
    a, b = here[both].astype(np.float64), there[both].astype(np.float64)
    precision = 20 if here.dtype == np.float16 else 1
    wrong = np.abs(a - b) > precision * (RELATIVE * np.abs(a) + OF_THE_LARGEST * np.abs(a).max())
    if not wrong.any():
        return None
    k = int(np.argmax(np.abs(a - b)))
    return f"{b[k]:.6g} instead of {a[k]:.6g}, and {int(wrong.sum())} of its {here.size} numbers differ"
