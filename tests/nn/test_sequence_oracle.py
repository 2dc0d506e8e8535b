"""Attention and recurrent layers give what PyTorch gave; see tests/oracle/record.py, which asked it."""

from __future__ import annotations

import inspect

import numpy as np
from recorded_answers import TOLERANCE, Recorded

import seegrad as sg
from seegrad import nn

ORACLE = Recorded("sequences")
DATA = ORACLE.data


def recorded(number, prefix):
    start = f"{number}.{prefix}."
    return {key[len(start) :]: value for key, value in DATA.items() if key.startswith(start)}


def as_mask(value):
    array = np.array(value)
    return array.astype(bool) if array.dtype.kind == "i" else array


def flat(parts):
    if isinstance(parts, (tuple, list)):
        return [tensor for part in parts for tensor in flat(part)]
    return [] if parts is None else [parts]


def check(number, case, function, without=()):
    """Compare the outputs, and the gradients of the inputs."""
    names = iter(range(100))

    def read(shape):
        if isinstance(shape[0], list):
            return tuple(map(read, shape))
        return sg.tensor(DATA[f"{number}.x{next(names)}"], requires_grad=True)

    inputs = [read(shape) for shape in case["shapes"]]
    masks = {name: as_mask(value) if isinstance(value, list) else value for name, value in case["call"].items()}
    outputs = flat(function(*inputs, **masks))
    assert len(outputs) == sum(key.startswith(f"{number}.y") for key in DATA)
    total = 0
    for i, y in enumerate(outputs):
        np.testing.assert_allclose(y.data, DATA[f"{number}.y{i}"], **TOLERANCE)
        total = total + (y * DATA[f"{number}.weights{i}"]).sum()
    total.backward()
    for i, x in enumerate(flat(inputs)):
        np.testing.assert_allclose(x.grad, DATA[f"{number}.x_gradient{i}"], **TOLERANCE)


@ORACLE.each("module")
def test_module(number, case):
    kwargs = dict(case["kwargs"])
    if "batch_first" in inspect.signature(getattr(nn, case["name"])).parameters:
        kwargs.setdefault("batch_first", False)
    module = getattr(nn, case["name"])(*case["args"], **kwargs).to(np.float64)
    nn.from_torch_state_dict(module, recorded(number, "state"))
    check(number, case, module)
    for parameter in module.parameters():
        parameter.data = parameter.grad
    gradients = nn.to_torch_state_dict(module)  # in PyTorch's layout
    expected = recorded(number, "gradient")
    assert set(gradients) == set(expected)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[name], err_msg=name, **TOLERANCE)


@ORACLE.each("attention")
def test_scaled_dot_product_attention(number, case):
    check(number, case, nn.functional.scaled_dot_product_attention)
