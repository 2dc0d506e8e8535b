"""Names of PyTorch that work here give what PyTorch gives, and its gradients: see tests/oracle/name_cases.py."""

from __future__ import annotations

import numpy as np
from recorded_answers import Recorded

import seegrad as sg
from seegrad import nn

RECORDED = Recorded("names")
INPUTS = {key.removeprefix("0."): array for key, array in RECORDED.data.items() if key.startswith("0.")}


def results_of(result):
    if isinstance(result, (tuple, list)):
        return [part for item in result for part in results_of(item)]
    return [result]


@RECORDED.each("expression")
def test_it_gives_what_pytorch_gives(number, case):
    tensors = {name: sg.tensor(array, requires_grad=True) for name, array in INPUTS.items()}
    parts = results_of(eval(case["name"], {**tensors, "torch": sg, "F": nn.functional, "I": np.array}))
    answers = {key.removeprefix(f"{number}."): a for key, a in RECORDED.data.items() if key.startswith(f"{number}.")}
    assert len(parts) == sum(key.isdigit() for key in answers)
    for i, part in enumerate(parts):
        ours, theirs = np.asarray(part.data if isinstance(part, sg.Tensor) else part), answers[str(i)]
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype or ours.dtype.kind == theirs.dtype.kind in "iu"
        exact = ours.dtype != np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-9 if exact else 2e-6, atol=1e-11 if exact else 1e-7)
    if any(key.startswith("grad.") for key in answers):
        (parts[0] * parts[0]).sum().backward()
        for name, tensor in tensors.items():
            theirs = answers.get(f"grad.{name}", np.zeros(tensor.shape))
            ours = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad
            np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
