"""How long an import takes in a fresh process."""

from report import compare, publish
from side_by_side import Contestant, take_turns

modules = {
    "seegrad": ("seegrad", "seegrad"),
    "NumPy alone": ("numpy", "numpy"),
    "PyTorch": ("pytorch", "torch"),
    "Keras (TensorFlow)": ("keras", "keras"),
    "JAX": ("jax", "jax.numpy"),
    "MyGrad": ("mygrad", "mygrad"),
    "HIPS autograd": ("autograd", "autograd.numpy"),
}
contestants = [Contestant(name, home, ["importing.py", module]) for name, (home, module) in modules.items()]
take_turns(contestants)
publish(
    "import",
    "Import",
    "A fresh process each time, files in the system's cache.",
    [compare(contestants, {"seconds": "s", "megabytes": "memory then, MB"}, "seconds", "PyTorch")],
)
