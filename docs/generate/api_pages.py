"""The API reference: a page for each subject, and on the pages every public name, once."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from types import ModuleType
from typing import Any

import seegrad as sg

#: The pages and their titles, and from which modules their names come: the longest beginning decides.
SUBJECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "tensors": (
        "Values and tensors",
        ("", "autograd.value", "autograd.tensor", "autograd.no_grad", "autograd.grad_mode"),
    ),
    "derivatives": (
        "Derivatives of functions",
        ("autograd.transforms", "autograd.whole_derivatives", "autograd.vmap", "autograd.primitive")
        + ("autograd.checkpoint", "autograd.gradcheck"),
    ),
    "tree": ("Parameters in structures", ("autograd.parameter_trees",)),
    "drawing": ("Drawing, playing, asking why", ("autograd.inspect",)),
    "compiling": ("Compiling, threads and memory", ("autograd.compile", "autograd.resources")),
    "elementwise": ("Elementwise operations", ("autograd.ops.elementwise",)),
    "shapes": ("Shapes, parts and reductions", ("autograd.ops",)),
    "products": ("Products", ("autograd.ops.products",)),
    "convolution": (
        "Convolution, pooling, normalization",
        ("autograd.ops.convolution", "autograd.ops.pooling", "autograd.ops.normalization"),
    ),
    "linalg": (
        "Linear algebra",
        ("autograd.ops.factorizations", "autograd.ops.matrix_functions", "autograd.ops.inverses", "autograd.ops.norms"),
    ),
    "fft": ("Fourier transforms and complex numbers", ("fft", "autograd.ops.fourier", "autograd.ops.complex_parts")),
    "numpy": ("NumPy with arrays of nodes", ("autograd.array_creation", "autograd.numpy_namespace")),
    "scipy": ("SciPy with nodes", ("scipy", "autograd.scipy_entrance")),
    "modules": ("Modules and models", ("nn",)),
    "layers": ("Layers", ("nn.layers",)),
    "functional": (
        "Functions of layers",
        ("nn.functional", "nn.attention_functions", "nn.dropping", "nn.spatial_functions"),
    ),
    "losses": ("Losses", ("nn.losses",)),
    "init": ("First values of weights", ("nn.init",)),
    "training": ("Training", ("nn.training", "nn.recipes")),
    "callbacks": ("Callbacks", ("nn.training.callbacks", "nn.training_record")),
    "metrics": ("Metrics and plots", ("nn.classification_metrics", "nn.plots")),
    "files": ("Files and exchange", ("nn.files",)),
    "optimizers": ("Optimizers", ("optim",)),
    "schedules": ("Learning rates", ("optim.schedules", "optim.learning_rate_search")),
    "data": ("Data", ("data",)),
    "augmentation": ("Augmentation", ("data.augment",)),
}
#: Objects of those classes that hide from completion what only the engine needs.
EXAMPLES = {sg.Value: sg.Value(0.0), sg.Tensor: sg.tensor(0.0)}


@dataclass(frozen=True, eq=False)
class Entry:
    """A public name, and the first name of the same thing."""

    name: str
    thing: Any
    first: str

    @property
    def title(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(".")[2]

    @property
    def place(self) -> str:
        """The namespace."""
        return self.name.rpartition(".")[0]

    @property
    def is_ours(self) -> bool:
        """Whether it is not a function of NumPy's, or a dict."""
        return self.module.startswith("seegrad")

    @property
    def module(self) -> str:
        """The module that it was defined in."""
        return getattr(self.thing, "__module__", None) or type(self.thing).__module__

    @property
    def subject(self) -> str:
        """The page that it is on."""
        path = (self.module if self.is_ours else self.place).removeprefix("seegrad").removeprefix(".")
        beginnings = [(start, page) for page, (_, starts) in SUBJECTS.items() for start in starts]
        return max((start, page) for start, page in beginnings if not start or f"{path}.".startswith(f"{start}."))[1]


def public_names(namespace: ModuleType) -> list[str]:
    """Return what a namespace shows."""
    return list(getattr(namespace, "__all__", None) or [n for n in dir(namespace) if not n.startswith("_")])


@cache
def namespaces() -> dict[str, ModuleType]:
    """Return the public modules, outer ones first: a thing with several names is described under the first of them."""
    found, waiting = {"seegrad": sg}, ["seegrad"]
    for place in waiting:
        things = {f"{place}.{name}": getattr(found[place], name) for name in public_names(found[place])}
        inner = {name: thing for name, thing in things.items() if isinstance(thing, ModuleType)}
        found |= inner
        waiting += inner
    scipys = {f"seegrad.scipy.{name}": attrgetter(name)(sg.scipy).own() for name in sg.scipy.NAMES}
    return {**found, "seegrad.numpy": sg.numpy, **scipys}  # a star leaves them out; what else is there is not ours


@cache
def entries() -> tuple[Entry, ...]:
    """Return all public names; a thing with several names comes again with each."""
    first: dict[int, str] = {}
    found = []
    for place, namespace in namespaces().items():
        things = {name: getattr(namespace, name) for name in public_names(namespace)}
        for name in sorted(things, key=lambda name: (getattr(things[name], "__name__", name) != name, name)):
            if not isinstance(things[name], ModuleType):
                full = f"{place}.{name}"
                found.append(Entry(full, things[name], first.setdefault(id(things[name]), full)))
    return tuple(found)


def pages() -> dict[str, str]:
    """Return the pages of the API."""
    found: dict[str, list[Entry]] = {subject: [] for subject in SUBJECTS}
    for entry in entries():
        found[entry.subject].append(entry)
    begun: set[str] = set()
    return {f"reference/{subject}.rst": _page(SUBJECTS[subject][0], names, begun) for subject, names in found.items()}


def _page(title: str, names: list[Entry], begun: set[str]) -> str:
    """Write a page; ``begun`` are the namespaces that a page before has begun, to which references to them lead."""
    own = sorted((entry for entry in names if entry.first == entry.name), key=lambda entry: entry.title.lower())
    parts = [f"{title}\n{'=' * len(title)}"]
    for place in namespaces():
        listed = "".join(f"\n   {entry.title}" for entry in own if entry.place == place)
        if listed:
            kind = "currentmodule" if place in begun else "module"
            parts += [f".. py:{kind}:: {place}", f"In ``{place.replace('seegrad', 'sg', 1)}``:"]
            parts.append(f".. autosummary::\n   :nosignatures:\n{listed}")
            begun.add(place)
    parts += [_description(entry) for entry in own]
    parts += [_told(entry, f"The same as :py:obj:`{entry.first}`.") for entry in names if entry not in own]
    return "\n\n".join(parts) + "\n"


def _description(entry: Entry) -> str:
    if inspect.isclass(entry.thing):
        members = ", ".join(_members(entry.thing))
        return f".. autoclass:: {entry.name}" + (f"\n   :members: {members}" if members else "")
    if callable(entry.thing) and hasattr(entry.thing, "__name__"):
        return f".. autofunction:: {entry.name}" if entry.is_ours else _told(entry, "NumPy's function.")
    return f".. autodata:: {entry.name}\n   :no-value:"


def _told(entry: Entry, text: str) -> str:
    return f".. py:currentmodule:: {entry.place}\n\n.. py:data:: {entry.title}\n\n   {text}"


def _members(kind: type) -> list[str]:
    """Return what a class has that its public base classes do not have, and how its own ``forward`` maps shapes."""
    ours = [cls for cls in kind.__mro__ if cls.__module__.startswith("seegrad")]
    public = {entry.thing for entry in entries() if inspect.isclass(entry.thing)} - {kind}
    told = {name for cls in ours if cls in public for name in vars(cls)} - {"forward"}
    hidden = set(dir(kind)) - set(dir(EXAMPLES.get(kind, kind)))
    found = {name: member for cls in reversed(ours) if cls not in public for name, member in vars(cls).items()}
    names = [
        name for name, member in found.items() if not name.startswith("_") and member.__doc__ and hasattr(kind, name)
    ]
    return sorted({*names} - told - hidden)
