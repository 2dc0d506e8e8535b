"""The GPT of single numbers in docs/how_to gives the same losses with a plain class of numbers, written out here."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from seegrad import Value

PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "gpt_of_numbers.md"


class Plain:
    """A number that remembers how it was computed: the derivative of each step is written by hand."""

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad, self.parents, self.slopes = data, 0.0, parents, slopes

    def __add__(self, other):
        other = other if isinstance(other, Plain) else Plain(other)
        return Plain(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Plain) else Plain(other)
        return Plain(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Plain(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        return Plain(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Plain(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Plain(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen, todo = [], set(), [(self, False)]
        while todo:
            number, done = todo.pop()
            if done:
                order.append(number)
            elif id(number) not in seen:
                seen.add(id(number))
                todo += [(number, True), *[(parent, False) for parent in number.parents]]
        self.grad = 1.0
        for number in reversed(order):
            for parent, slope in zip(number.parents, number.slopes):
                parent.grad += slope * number.grad


def losses_with(kind):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    code = "".join(blocks[:2])
    assert code.count("seegrad") == 1  # nothing else of the package is used
    names = {"Value": kind, "print": lambda *_: None}
    exec(compile(code.replace("from seegrad import Value\n", ""), str(PAGE), "exec"), names)
    return names["losses"]


def test_the_losses_are_those_of_plain_numbers():
    ours, plain = losses_with(Value), losses_with(Plain)
    assert len(ours) == 28
    np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-9)
