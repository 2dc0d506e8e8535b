"""The tables of other libraries' names: what works does, what is named exists, and nobody pays for them."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim
from seegrad.common import other_names
from seegrad.common.other_names import argument_names, lookup
from seegrad.common.other_names.meanings import Ignored, Renamed

TABLES = {
    info.name: importlib.import_module(f"{other_names.__name__}.{info.name}").NAMES
    for info in pkgutil.iter_modules(other_names.__path__)
    if info.name.endswith("_names") and info.name != "argument_names"
}
PLACES = {**lookup.MODULES, **{f"objects of {kind}": place for kind, place in lookup.OBJECTS.items()}}
VALUE = sg.Value(2.0)
TRAINER = nn.Trainer(nn.Sequential(nn.Linear(2, 2)), "adam", "mse")
TRAINER.model.info = nn.ModelInfo(input_shape=(2,))
#: What the letters in the tables stand for.
THINGS = {
    "sg": sg,
    "nn": nn,
    "optim": optim,
    "np": np,
    "x": sg.tensor([1.0]),
    "y": sg.tensor([1.0]),
    "t": sg.tensor([1.0]),
    "w": nn.Parameter([1.0]),
    "v": VALUE * VALUE,
    "model": TRAINER.model,
    "layer": nn.Linear(2, 2),
    "optimizer": TRAINER.optimizer,
    "schedule": optim.StepLR(TRAINER.optimizer, 1),
    "trainer": TRAINER,
    "loss": sg.tensor([1.0]),
}


def sentences():
    """All that a message may say, with the place where it stands."""
    for table, names in TABLES.items():
        yield from ((f"{table}: {name}", meaning.replace("{}", name)) for name, meaning in names.items())
    for title, arguments in {"USUAL": argument_names.USUAL, **argument_names.BY_CALL}.items():
        for name, meaning in arguments.items():
            told = meaning.otherwise if isinstance(meaning, Ignored) else meaning
            if isinstance(told, str):
                yield f"{title}({name}=)", told
    yield from argument_names.ALSO.items()
    yield from ((title, why) for title, (_, why) in argument_names.NEEDED.items())


def named(text):
    """The names of ours in a text, such as ``sg.data.Subset``."""
    letters = "|".join(sorted(THINGS, key=len, reverse=True))
    return re.findall(rf"(?<![\w.'\"])(?:{letters})(?:\.[A-Za-z_]\w*)+", text)


@pytest.mark.parametrize("where", PLACES)
def test_what_is_said_to_work_does(where):
    names = lookup.names_at(PLACES[where])
    for name, meaning in names.items():
        if meaning.startswith("= "):
            found = lookup._working(PLACES[where], name, meaning)
            assert found is not None or name == "newaxis"


def test_what_is_named_exists():
    wrong = []
    for where, text in sentences():
        for path in named(text):
            first, *rest = path.split(".")
            thing = THINGS[first]
            for part in rest:
                public = part in dir(thing) or isinstance(thing, type(np)) or not hasattr(thing, "__dict__")
                if not (hasattr(thing, part) and (public or thing is np)):
                    wrong.append((where, path))
                    break
                thing = getattr(thing, part)
    assert wrong == []


def test_messages_hold_what_can_be_pasted():
    """A name of ours, or Python's own words: ``x[index]``, ``a - b``, ``reduction="mean"``."""
    code = re.compile(r"\w\[|\w\(|\w=|\bx\b|\w (?:[-+*/<>]+|==|!=|>=|<=) \w|with no_grad|\.\w+\(")
    told = [(where, text) for where, text in sentences() if " " in text and not text.startswith("= ")]
    assert len(told) > 500
    assert [where for where, text in told if not (named(text) or code.search(text))] == []


def test_they_are_plain_data():
    for names in TABLES.values():
        assert all(isinstance(name, str) and isinstance(meaning, str) and meaning for name, meaning in names.items())
    for arguments in argument_names.BY_CALL.values():
        assert all(isinstance(meaning, (str, Ignored, Renamed)) for meaning in arguments.values())


@pytest.mark.parametrize("where", lookup.MODULES)
def test_no_name_of_a_module_is_one_of_ours(where):
    module = importlib.import_module(f"seegrad.{where}".rstrip("."))
    first = lookup.MODULES[where].tables[0]
    assert TABLES[first].keys() & set(dir(module)) == set()


@pytest.mark.parametrize("kind", lookup.OBJECTS)
def test_no_name_of_an_object_is_one_of_ours(kind):
    cls = {"Tensor": sg.Tensor, "Value": sg.Value, "Optimizer": optim.Optimizer}.get(kind) or getattr(nn, kind)
    own = {name for base in cls.__mro__ if not base.__name__.endswith("Names") for name in vars(base)}
    assert lookup.names_at(lookup.OBJECTS[kind]).keys() & own == set()


@pytest.mark.parametrize("thing", [*lookup.MODULES], ids=str)
def test_completion_of_modules_shows_none(thing):
    module = importlib.import_module(f"seegrad.{thing}".rstrip("."))
    shown = dir(module)
    assert "Dense" not in shown
    assert set(shown).isdisjoint({"randn", "lr_scheduler", "one_hot_encode", "xavier_uniform_", "to_categorical"})


@pytest.mark.parametrize("kind", lookup.OBJECTS)
def test_completion_of_objects_shows_none(kind):
    thing = {"Tensor": THINGS["x"], "Value": THINGS["v"], "Module": THINGS["layer"]}.get(kind) or THINGS[kind.lower()]
    names = lookup.names_at(lookup.OBJECTS[kind])
    for listed in (dir(thing), dir(type(thing)), dict(inspect.getmembers(type(thing)))):
        assert set(listed).isdisjoint(names)
        assert "__class__" in listed
    text = pydoc.render_doc(type(thing), renderer=pydoc.plaintext)
    assert not any(re.search(rf"^ \|  {re.escape(name)}( =|\()", text, re.MULTILINE) for name in names)
    assert type(type(thing)) is type  # an ordinary class: ``isinstance`` is quick


def test_a_name_of_ones_own_comes_first():
    class Model(nn.Module):
        fit = 3

        def __init__(self):
            self.layers = nn.ModuleList()

        @property
        def optimizer(self):
            return self.missing

    model = Model()
    model.device = "my own"
    assert (model.fit, model.device) == (3, "my own")
    assert isinstance(model.layers, nn.ModuleList)
    assert {"fit", "layers", "device", "optimizer"} <= set(dir(model))
    with pytest.raises(AttributeError, match="has no attribute 'missing'"):
        _ = model.optimizer
    model.register_buffer("kernel", np.zeros(2))
    assert model.kernel.shape == (2,)


def test_questions_about_attributes_are_answered_rightly():
    x, model = THINGS["x"], THINGS["model"]
    assert hasattr(x, "unsqueeze")
    assert not hasattr(x, "cuda")
    assert getattr(x, "cuda", None) is None
    assert not hasattr(x, "values")  # as pandas has
    assert not hasattr(model, "fit")
    assert not hasattr(nn, "Dense")
    assert getattr(sg, "Dense", 3) == 3
    assert not hasattr(sg.Tensor, "unsqueeze")  # of objects alone
    assert not hasattr(sg, "__wrapped__")


def test_copies_and_pickles():
    x, model = sg.tensor([1.0, 2.0], requires_grad=True), THINGS["model"]
    for again in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert np.array_equal(again.data, x.data)
    assert repr(pickle.loads(pickle.dumps(copy.deepcopy(model)))) == repr(model)
    for function in (sg.flatten, sg.grad, nn.functional.linear, nn.init.he_normal, sg.data.one_hot, nn.Conv2d):
        assert pickle.loads(pickle.dumps(function)) is function
    assert type(pickle.loads(pickle.dumps(x.size))) is int


def test_signatures_are_those_of_the_functions():
    assert not inspect.signature(nn.ReLU).parameters
    assert list(inspect.signature(nn.Dropout).parameters) == ["p", "seed"]
    assert list(inspect.signature(sg.flatten).parameters) == ["x", "start"]
    assert list(inspect.signature(sg.Tensor.flatten).parameters) == ["self", "start"]
    assert list(inspect.signature(nn.Trainer.evaluate).parameters)[:3] == ["self", "x", "y"]


def test_they_are_loaded_when_a_name_is_missing():
    code = (
        "import sys, seegrad as sg; from seegrad import nn, optim; x = sg.tensor([1.0]); nn.Linear(2, 3); sg.sum(x); "
        "dir(x); hasattr(x, 'shape'); print(*(m for m in sys.modules if m.startswith('seegrad.common.other_names')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    loaded = {name.rpartition(".")[2] for name in found}
    assert loaded <= {"other_names", "devices", "groups", *(f"{kind}_names" for kind in ATTRIBUTES)}


#: Tables whose keys are wanted when a class is made: see ``common/elsewhere.py``.
ATTRIBUTES = ("tensor", "value", "model", "trainer", "optimizer_attribute")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("from seegrad.nn import Dense", r"nn\.Linear\(in_features, out_features\)"),
        ("from seegrad.nn import Linear, Conv2D", r"nn\.Conv2d\(in_channels, out_channels, kernel_size\)"),
        ("from seegrad.nn.functional import pad", r"sg\.pad"),
        ("from seegrad.optim import Ftrl", r"optim\.Adam\(params, lr\)"),
        ("from seegrad import Lineer", r"module 'seegrad' has no attribute 'Lineer'"),
    ],
)
def test_import_statements_say_it_too(statement, told):
    with pytest.raises(ImportError, match=told):
        exec(statement)


@pytest.mark.parametrize("statement", ["from seegrad import randn", "from seegrad.nn.functional import one_hot"])
def test_import_statements_find_what_works(statement):
    exec(statement)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("sg.softmx", "did you mean sg.softmax(x)?"),
        ("nn.Liner", "did you mean nn.Linear(in_features, out_features)?"),
        ("nn.conv2d_", None),
        ("nn.init.xavier_unifrom", "did you mean nn.init.xavier_uniform(shape)?"),
        ("optim.adam_w", "did you mean optim.AdamW(params)?"),
        ("nn.Dens", "did you mean Dense, which is nn.Linear(in_features, out_features)"),
        ("sg.Linear", "write nn.Linear(in_features, out_features)"),
        ("sg.DataLoader", "write sg.data.DataLoader(dataset)"),
        ("nn.Adam", "write optim.Adam(params)"),
        ("nn.tanh", "write sg.tanh(x)"),
        ("sg.qwertz", None),
        ("sg.lax.nothing", "np.where(condition, a, b)"),
        ("sg.lax.tanh", "write sg.tanh(x)"),
    ],
)
def test_misspellings_and_other_places(expression, told):
    with pytest.raises(AttributeError) as caught:
        eval(expression, THINGS)
    assert told is None or told in str(caught.value)
    assert "?." not in str(caught.value)


def test_python_adds_no_guess_of_its_own():
    code = "import seegrad as sg; sg.nn.Conv2D"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert said.count("Conv2d") == 1
    assert "Did you mean" not in said


def test_the_page_that_messages_name_exists():
    root = Path(sg.__file__).resolve().parent
    pages = {page for _, text in sentences() for page in re.findall(r"docs/\w+\.md", text)}
    assert pages == {"docs/differences.md"}
    assert all((root / page).is_file() for page in pages)
