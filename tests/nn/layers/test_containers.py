"""Sequential, ModuleList and ModuleDict."""

from __future__ import annotations

import numpy as np
import pytest

from seegrad import nn


def test_sequential_is_a_sequence():
    layers = [nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)]
    model = nn.Sequential(*layers)
    assert len(model) == 3
    assert list(model) == layers
    assert model[-1] is layers[2]
    assert list(model[:2]) == layers[:2]
    assert isinstance(model[:2], nn.Sequential)
    assert model.append(nn.ReLU()) is model
    assert len(model) == 4
    assert len(layers) == 3


def test_empty_sequential_is_the_identity():
    x = np.ones(2)
    assert nn.Sequential()(x) is x


@pytest.mark.parametrize("thing", [np.tanh, nn.ReLU, None])
def test_only_modules(thing):
    with pytest.raises(TypeError, match="holds modules"):
        nn.Sequential(nn.Linear(2, 2), thing)
    with pytest.raises(TypeError, match="ModuleList holds modules"):
        nn.ModuleList([thing])
    with pytest.raises(TypeError, match="ModuleDict holds modules"):
        nn.ModuleDict({"a": thing})


def test_an_instance_is_asked_for():
    with pytest.raises(TypeError, match=r"give an instance, ReLU\(\)"):
        nn.Sequential(nn.ReLU)


def test_module_list():
    class Net(nn.Module):
        def __init__(self):
            self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))

    net = Net()
    assert [name for name, _ in net.named_parameters()][:3] == [
        "layers.0.weight",
        "layers.0.bias",
        "layers.1.weight",
    ]
    new = nn.Linear(2, 2)
    net.layers[1] = new
    assert net.layers[1] is new
    assert len(list(net.parameters())) == 6
    with pytest.raises(NotImplementedError, match="ModuleList has no forward"):
        net.layers(1)


def test_module_dict():
    heads = nn.ModuleDict({"train": nn.Linear(2, 1)})
    heads["forward"] = nn.Linear(2, 3)
    assert list(heads) == list(heads.keys()) == ["train", "forward"]
    assert [type(m).__name__ for m in heads.values()] == ["Linear", "Linear"]
    assert dict(heads.items())["forward"] is heads["forward"]
    assert "train" in heads
    assert [name for name, _ in heads.named_parameters()][0] == "train.weight"
    assert heads.train() is heads  # names of methods are names like any other
    del heads["train"]
    assert len(heads) == 1
    for name in ("", "a.b"):
        with pytest.raises(ValueError, match="name must not be empty or contain a dot"):
            heads[name] = nn.ReLU()


@pytest.mark.parametrize("kind", [nn.Sequential, lambda *layers: nn.ModuleList(layers)])
def test_lists_change_as_lists_do(kind):
    layers = [nn.Linear(2, 2) for _ in range(6)]
    model = kind(*layers[:2])
    assert model.insert(1, layers[2]) is model
    assert model.extend(layers[3:5]) is model
    assert list(model) == [layers[0], layers[2], layers[1], layers[3], layers[4]]
    assert model.pop() is layers[4]
    assert model.pop(0) is layers[0]
    del model[1]
    assert list(model) == [layers[2], layers[3]]
    assert [path for path, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    del model[:]
    assert len(model) == 0
    for change in (lambda: model.insert(0, 3), lambda: model.extend([nn.Linear])):
        with pytest.raises(TypeError, match="holds modules"):
            change()


@pytest.mark.parametrize("given", [[nn.ReLU()], (nn.ReLU(), nn.Tanh())])
def test_a_list_of_layers_is_to_be_unpacked(given):
    with pytest.raises(TypeError, match=r"Sequential holds modules, got .*write Sequential\(\*layers\)"):
        nn.Sequential(given)
