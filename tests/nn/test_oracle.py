"""Modules and losses give what PyTorch gave; see tests/oracle/record.py, which asked it."""

from __future__ import annotations

import numpy as np
from recorded_answers import TOLERANCE, Recorded

import seegrad as sg
from seegrad import nn

ORACLE = Recorded("nn")
DATA = ORACLE.data


def recorded(number, prefix):
    start = f"{number}.{prefix}."
    return {key[len(start) :]: value for key, value in DATA.items() if key.startswith(start)}


def build(name, args, kwargs):
    if name == "Sequential":
        return nn.Sequential(*[build(*part) for part in args])
    args = [tuple(a) if isinstance(a, list) else a for a in args]
    return getattr(nn, name)(*args, **kwargs)


@ORACLE.each("module")
def test_module(number, case):
    module = build(case["name"], case["args"], case["kwargs"]).to(np.float64).train(case["training"])
    module.load_state_dict(recorded(number, "before"))
    data = DATA[f"{number}.x"]
    x = sg.tensor(data, requires_grad=data.dtype.kind == "f")
    y = module(x)
    np.testing.assert_allclose(y.data, DATA[f"{number}.y"], **TOLERANCE)
    (y * DATA[f"{number}.weights"]).sum().backward()
    if x.requires_grad:
        np.testing.assert_allclose(x.grad, DATA[f"{number}.x_gradient"], **TOLERANCE)
    gradients = recorded(number, "gradient")
    assert set(gradients) == {name for name, _ in module.named_parameters()}
    for name, parameter in module.named_parameters():
        np.testing.assert_allclose(parameter.grad, gradients[name], **TOLERANCE)
    buffers = recorded(number, "after")
    assert set(buffers) == {name for name, _ in module.named_buffers()}
    for name, buffer in module.named_buffers():
        np.testing.assert_allclose(buffer, buffers[name], **TOLERANCE)


@ORACLE.each("loss")
def test_loss(number, case):
    loss = getattr(nn, case["name"])(**case["kwargs"])
    names = sorted(recorded_inputs(number))
    inputs = [sg.tensor(DATA[f"{number}.{name}"], requires_grad=True) for name in names]
    value = loss(*inputs, DATA[f"{number}.target"])
    np.testing.assert_allclose(value.data, DATA[f"{number}.value"], **TOLERANCE)
    value.sum().backward()
    for i, x in enumerate(inputs):
        np.testing.assert_allclose(x.grad, DATA[f"{number}.gradient{i}"], **TOLERANCE)


def recorded_inputs(number):
    return [name for name in ("x0", "x1") if f"{number}.{name}" in DATA]


def test_nothing_is_left_out():
    """Every module and loss that PyTorch has under the same name is among the cases."""
    ours_alone = set(
        "GPT Module ModuleList ModuleDict Sequential Flatten Dropout Dropout2d Residual HingeLoss LearnedPositions "
        "SinusoidalPositions".split()
    )
    names = {n for n in nn.__all__ if isinstance(getattr(nn, n), type) and issubclass(getattr(nn, n), nn.Module)}
    assert names - ours_alone <= {case["name"] for case in [*ORACLE.cases, *Recorded("sequences").cases]}
