"""What an operation costs besides its arithmetic: (x * y + z).sum() of 3 elements, forward and backward."""

from report import compare, publish
from side_by_side import Contestant, take_turns

names = {
    "seegrad": "seegrad",
    "PyTorch": "pytorch",
    "JAX, jit": "jax",
    "MyGrad": "mygrad",
    "HIPS autograd": "autograd",
    "the NumPy calls alone": "numpy",
}
contestants = [Contestant(name, home, ["tiny_operations.py", home]) for name, home in names.items()]
take_turns(contestants)
publish(
    "tiny_operations",
    "Tiny operations",
    "`(x * y + z).sum()` of three elements, forward and backward: what recording and differentiating little costs.",
    [compare(contestants, {"microseconds": "us per step"}, "microseconds", "PyTorch")],
)
