"""Attributes of a ``Value`` in micrograd, and those that PyTorch's readers expect."""

from __future__ import annotations

NAMES = {
    "_prev": "= set(v.inputs)",
    "_op": '= v.op.symbol, "" for a leaf',
    "_backward": "v.op.rules_for(v.inputs) for the derivative rules of the operation, sg.primitive for one of your own",
    "zero_grad": "v.grad = 0.0",
    "zero_": "v.grad = 0.0",
    "requires_grad_": "nothing for it: a Value has a gradient, unless it is made inside of sg.no_grad()",
    "detach": "sg.Value(v.data)",
    "numpy": "v.data",
    "tolist": "v.data",
    "clone": "+v",
    "pow": "v ** 2",
    "abs": "abs(v)",
    "mean": "sum(values) / len(values), for a list of Values",
    "sum": "sum(values), for a list of Values",
    "square": "v ** 2",
    "tan": "sg.tan(v)",
    "gelu": "sg.gelu(v)",
    "softmax": "sg.softmax(sg.stack(values)), for a list of Values",
    "retain_grad": "v.grad: a Value keeps its gradient anyway",
    "register_hook": "sg.tensor(v.data, requires_grad=True): a Tensor has hooks",
    "dtype": "type(v.data), which is float",
}
