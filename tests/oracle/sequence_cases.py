"""What to ask PyTorch about attention and recurrent layers, whose inputs and outputs are several arrays.

Arrays are as PyTorch has them: weights, and gradients of weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

Case = dict[str, Any]
Arrays = dict[str, np.ndarray]

FIRST = {"batch_first": True}
SEEN = [[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]]

#: Module, arguments, keyword arguments, shapes of the inputs, keyword arguments of the call: lists are masks of
#: booleans if they hold integers, and of floats else.
MODULES: list[tuple[str, list[Any], Case, list[Any], Case]] = [
    ("MultiheadAttention", [6, 2], FIRST, [(2, 3, 6)] * 3, {}),
    ("MultiheadAttention", [6, 3], {"bias": False, **FIRST}, [(2, 3, 6)] * 3, {"average_attn_weights": False}),
    ("MultiheadAttention", [6, 2], FIRST, [(2, 3, 6), (2, 4, 6), (2, 4, 6)], {"need_weights": False}),
    ("MultiheadAttention", [4, 1], {"batch_first": False}, [(3, 2, 4), (5, 2, 4), (5, 2, 4)], {}),
    ("MultiheadAttention", [4, 2], FIRST, [(2, 3, 4)] * 3, {"attn_mask": [[0, 1, 1], [0, 0, 1], [0, 0, 0]]}),
    ("MultiheadAttention", [4, 2], FIRST, [(2, 3, 4)] * 3, {"key_padding_mask": [[0, 0, 1], [1, 0, 0]]}),
    (
        *("MultiheadAttention", [4, 2], FIRST, [(1, 2, 4), (1, 3, 4), (1, 3, 4)]),
        {"attn_mask": [[[0.5, 0.0, -1.0], [0.0, 2.0, 0.1]], [[0.0, 0.3, 0.0], [1.0, 0.0, 0.7]]]},
    ),
    (
        *("MultiheadAttention", [4, 2], FIRST, [(2, 2, 4), (2, 3, 4), (2, 3, 4)]),
        {"attn_mask": [[0, 1, 0], [0, 0, 0]], "key_padding_mask": [[0, 0, 1], [0, 0, 0]]},
    ),
    ("TransformerEncoderLayer", [6, 2, 5], {"dropout": 0.0, **FIRST}, [(2, 3, 6)], {}),
    ("TransformerEncoderLayer", [6, 2, 5], {"dropout": 0.0, "norm_first": True, **FIRST}, [(2, 3, 6)], {}),
    (
        *("TransformerEncoderLayer", [4, 2, 8], {"dropout": 0.0, "activation": "gelu", "norm_first": True, **FIRST}),
        *([(2, 3, 4)], {"src_mask": [[0, 1, 1], [0, 0, 1], [0, 0, 0]], "is_causal": True}),
    ),
    (
        *("TransformerEncoderLayer", [4, 1, 8], {"dropout": 0.0, "bias": False, "layer_norm_eps": 1e-3}),
        *([(3, 2, 4)], {"src_key_padding_mask": [[0, 0, 1], [0, 0, 0]]}),
    ),
    ("RNNCell", [3, 4], {}, [(2, 3)], {}),
    ("RNNCell", [3, 4], {"nonlinearity": "relu", "bias": False}, [(2, 3), (2, 4)], {}),
    ("LSTMCell", [3, 4], {}, [(2, 3)], {}),
    ("LSTMCell", [3, 4], {"bias": False}, [(2, 3), ((2, 4), (2, 4))], {}),
    ("GRUCell", [3, 4], {}, [(2, 3)], {}),
    ("GRUCell", [3, 4], {"bias": False}, [(2, 3), (2, 4)], {}),
    ("RNN", [3, 4], FIRST, [(2, 5, 3)], {}),
    ("RNN", [3, 4], {"num_layers": 2, "nonlinearity": "relu", **FIRST}, [(2, 5, 3), (2, 2, 4)], {}),
    ("LSTM", [3, 4], FIRST, [(2, 5, 3)], {}),
    ("LSTM", [3, 2], {"num_layers": 2, "bidirectional": True, **FIRST}, [(2, 4, 3), ((4, 2, 2), (4, 2, 2))], {}),
    ("LSTM", [3, 2], {"bias": False, "batch_first": False}, [(4, 2, 3)], {}),
    ("GRU", [3, 4], FIRST, [(2, 5, 3), (1, 2, 4)], {}),
    ("GRU", [3, 2], {"num_layers": 3, "bidirectional": True, **FIRST}, [(2, 4, 3)], {}),
]

#: Shapes of query, key and value, and keyword arguments.
ATTENTION: list[tuple[list[Any], Case]] = [
    ([(2, 3, 4), (2, 5, 4), (2, 5, 2)], {}),
    ([(2, 2, 3, 4)] * 3, {"is_causal": True}),
    ([(3, 4), (4, 4), (4, 4)], {"attn_mask": SEEN}),
    ([(2, 3, 4), (2, 4, 4), (2, 4, 1)], {"attn_mask": [[0.1, 2.0, -1.0, 0.0]], "scale": 0.3}),
    ([(2, 5, 3), (2, 2, 3), (2, 2, 3)], {"is_causal": True, "scale": 1.0}),
]


def as_mask(value: Any) -> Any:
    """A list as a mask, anything else as it is."""
    if not isinstance(value, list):
        return value
    array = np.array(value)
    return torch.tensor(array.astype(bool) if array.dtype.kind == "i" else array)


def random(rng: np.random.Generator, shape: Any) -> Any:
    if shape and isinstance(shape[0], tuple):
        return tuple(random(rng, part) for part in shape)
    return torch.tensor(rng.normal(size=shape), requires_grad=True)


def flat(parts: Any) -> list[torch.Tensor]:
    """All tensors in tuples of tuples."""
    if isinstance(parts, (tuple, list)):
        return [tensor for part in parts for tensor in flat(part)]
    return [] if parts is None else [parts]


def answer(rng: np.random.Generator, function: Any, shapes: Any, kwargs: Case) -> Arrays:
    """Outputs, and the gradients of a weighted sum of all their elements to the inputs."""
    inputs = [random(rng, shape) for shape in shapes]
    outputs = flat(function(*inputs, **{key: as_mask(value) for key, value in kwargs.items()}))
    found = {f"x{i}": x.detach().numpy().copy() for i, x in enumerate(flat(inputs))}
    total: Any = 0
    for i, y in enumerate(outputs):
        found[f"y{i}"], found[f"weights{i}"] = y.detach().numpy(), rng.normal(size=y.shape)
        total = total + (y * torch.tensor(found[f"weights{i}"])).sum()
    total.backward()
    return {**found, **{f"x_gradient{i}": x.grad.numpy() for i, x in enumerate(flat(inputs))}}


def record_sequences() -> tuple[list[Case], list[Arrays]]:
    rng = np.random.default_rng(0)
    cases: list[Case] = []
    arrays: list[Arrays] = []
    for name, args, kwargs, shapes, call in MODULES:
        module = getattr(torch.nn, name)(*args, **kwargs).double()
        for parameter in module.parameters():
            parameter.data = torch.tensor(rng.normal(size=parameter.shape) * 0.7)
        found = answer(rng, module, shapes, call)
        for key, parameter in module.named_parameters():
            found[f"state.{key}"], found[f"gradient.{key}"] = parameter.detach().numpy(), parameter.grad.numpy()
        cases.append({"kind": "module", "name": name, "args": args, "kwargs": kwargs, "shapes": shapes, "call": call})
        arrays.append({key: np.array(value, order="C") for key, value in found.items()})
    for shapes, call in ATTENTION:
        function = torch.nn.functional.scaled_dot_product_attention
        cases.append({"kind": "attention", "name": "attention", "shapes": shapes, "call": call})
        arrays.append(answer(rng, function, shapes, call))
    return cases, arrays
