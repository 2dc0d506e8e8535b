"""The names of the libraries in the report, in its order, and the colour of each, the same in every picture."""

#: The first name that another begins with gives its colour: "PyTorch, fused" is PyTorch's.
LIBRARIES = {
    "PyTorch": "#d1495b",
    "PyTorch, keeping memory": "#a8203a",
    "PyTorch, compiled": "#eda3ab",
    "JAX, jit": "#3d6fb6",
    "HIPS autograd": "#9b6fb5",
    "micrograd": "#8a8a8a",
    "seegrad": "#b9dfc0",
    "seegrad, with Numba": "#8cc99a",
    "seegrad, compiled": "#3fa35c",
    "seegrad, compiled, with Numba": "#0b5d2a",
}
#: Left out at a glance, and found in the tables below; the second only of the picture.
EAGER_WITH_NUMBA, KEEPING_MEMORY = "seegrad, with Numba", "PyTorch, keeping memory"
_OTHERS = {"Keras": "#e0a030", "JAX": "#3d6fb6", "MyGrad": "#5fb8c4", "NumPy": "#5a5a5a"}


def colour_of(name: str) -> str:
    """The colour of the library that a name begins with, or contains."""
    known = {**_OTHERS, **LIBRARIES}
    fitting = [library for library in known if name.startswith(library)]
    fitting += [library for library in _OTHERS if library in name]
    return known[max(fitting, key=len)] if fitting else "#bbbbbb"
