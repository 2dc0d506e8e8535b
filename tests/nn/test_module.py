"""Modules: what they hold, what they do with it, and what they refuse."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.module import SAVABLE, savable


class Scale(nn.Module):
    def __init__(self):
        self.factor = nn.Parameter([2.0])
        self.register_buffer("calls", 0)

    def forward(self, x):
        self.calls = self.calls + 1
        return x * self.factor


def small():
    return nn.Sequential(nn.Linear(2, 3, seed=0), nn.ReLU(), Scale(), nn.Linear(3, 1, seed=1))


class TestParameter:
    def test_is_a_leaf_that_requires_gradients_and_copies(self):
        values = np.ones(3, np.float32)
        p = nn.Parameter(values)
        values[0] = 5
        assert isinstance(p, sg.Tensor)
        assert p.requires_grad
        assert p.is_leaf
        assert p.data[0] == 1
        assert p.dtype == np.float32
        assert nn.Parameter(np.zeros(2)).dtype == np.float64

    @pytest.mark.parametrize("data", [[1, 2], [1.0, 2.0], 3, np.arange(3)])
    def test_other_numbers_become_float32(self, data):
        assert nn.Parameter(data).dtype == np.float32

    def test_results_are_ordinary_tensors(self):
        p = nn.Parameter([1.0])
        assert type(p * 2) is sg.Tensor
        assert type(np.exp(p)) is sg.Tensor

    def test_takes_its_attribute_s_name_once(self):
        layer = Scale()
        assert layer.factor.label == "factor"
        layer.other = layer.factor
        assert layer.factor.label == "factor"


class TestWhatIsInside:
    def test_names_and_order(self):
        names = [name for name, _ in small().named_parameters()]
        assert names == ["0.weight", "0.bias", "2.factor", "3.weight", "3.bias"]
        assert [name for name, _ in small().named_modules()] == ["", "0", "1", "2", "3"]
        assert [name for name, _ in small().named_buffers()] == ["2.calls"]
        assert [name for name, _ in small().named_children()] == ["0", "1", "2", "3"]
        assert len(list(small().buffers())) == 1
        assert [type(m).__name__ for m in small().children()] == ["Linear", "ReLU", "Scale", "Linear"]

    def test_prefix(self):
        assert next(iter(small().named_parameters("model")))[0] == "model.0.weight"

    def test_shared_parameters_and_modules_come_once(self):
        layer = nn.Linear(2, 2)
        model = nn.Sequential(layer, nn.Sequential(layer), nn.Linear(2, 2))
        model[2].weight = layer.weight
        assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "2.bias"]
        assert len(list(model.modules())) == 4
        assert set(model.state_dict()) == {"0.weight", "0.bias", "2.bias"}

    def test_a_module_inside_itself_ends(self):
        model = Scale()
        model.me = model
        assert len(list(model.modules())) == 1
        assert len(list(model.parameters())) == 1

    def test_no_constructor_needs_to_be_called_and_none_is_no_parameter(self):
        layer = nn.Linear(2, 2, bias=False)
        assert [name for name, _ in layer.named_parameters()] == ["weight"]

    def test_removing_and_replacing_attributes(self):
        layer = Scale()
        layer.factor = nn.Parameter([3.0])
        assert [p.item() for p in layer.parameters()] == [3.0]
        del layer.factor
        assert list(layer.parameters()) == []


class TestAttributes:
    def test_a_typo_raises(self):
        with pytest.raises(AttributeError, match="wieght"):
            nn.Linear(2, 2).wieght  # noqa: B018

    @pytest.mark.parametrize("wrap", [list, tuple, lambda parts: dict(enumerate(parts))])
    def test_modules_in_plain_containers_are_refused(self, wrap):
        model = nn.Module()
        with pytest.raises(TypeError, match="ModuleList"):
            model.layers = wrap([nn.ReLU()])
        with pytest.raises(TypeError, match="layers"):
            model.layers = wrap([nn.Parameter([1.0])])
        model.sizes = wrap([1, 2])

    @pytest.mark.parametrize("value", [np.ones((2, 2)), 1.0, sg.tensor([1.0])])
    def test_a_parameter_is_not_lost_by_assignment(self, value):
        layer = nn.Linear(2, 2)
        with pytest.raises(TypeError, match=r"Linear\.weight is a Parameter.*weight\.data"):
            layer.weight = value
        assert isinstance(layer.weight, nn.Parameter)
        layer.bias = None

    def test_buffers(self):
        layer = nn.Module()
        given = np.zeros(2)
        layer.register_buffer("mean", given)
        given[0] = 1
        assert layer.mean[0] == 0
        layer.mean = np.ones(2)
        assert layer.state_dict()["mean"].tolist() == [1, 1]
        with pytest.raises(ValueError, match="already has an attribute 'forward'"):
            layer.register_buffer("forward", 0)

    def test_no_forward(self):
        with pytest.raises(NotImplementedError, match="Module has no forward"):
            nn.Module()(1)


class TestModes:
    def test_train_and_eval(self):
        model = small()
        assert model.training
        assert model.eval() is model
        assert not any(m.training for m in model.modules())
        assert all(m.training for m in model.train().modules())

    def test_freeze(self):
        model = small()
        model[0].freeze()
        model(np.ones((4, 2), np.float32)).sum().backward()
        assert model[0].weight.grad is None
        assert model[3].weight.grad is not None
        model.freeze()
        assert not model(np.ones((4, 2), np.float32)).requires_grad
        model.unfreeze()
        assert all(p.requires_grad for p in model.parameters())

    def test_zero_grad(self):
        model = small()
        model(np.ones((4, 2), np.float32)).sum().backward()
        model.zero_grad()
        assert all(p.grad is None for p in model.parameters())

    def test_apply_goes_from_the_inside_out(self):
        seen = []
        model = nn.Sequential(nn.Sequential(nn.ReLU()))
        assert model.apply(lambda m: seen.append(len(list(m.modules())))) is model
        assert seen == [1, 2, 3]

    def test_to(self):
        model = small()
        before = model[0].weight.data.copy()
        model(np.ones((4, 2), np.float32)).sum().backward()
        assert model.to(np.float64) is model
        assert model[0].weight.grad is None
        assert all(p.dtype == np.float64 for p in model.parameters())
        assert model[2].calls.dtype == np.int64
        np.testing.assert_array_equal(model[0].weight.data, before)
        model(np.ones((4, 2))).sum().backward()
        assert model[0].weight.grad.dtype == np.float64
        with pytest.raises(TypeError, match="int64"):
            model.to(np.int64)

    def test_to_makes_an_old_graph_refuse(self):
        model = small()
        loss = model(np.ones((4, 2), np.float32)).sum()
        model.to(np.float64)
        with pytest.raises(RuntimeError, match="changed in place"):
            loss.backward()

    def test_deepcopy_is_independent(self):
        model = small()
        twin = copy.deepcopy(model)
        twin[0].weight.data += 1.0
        assert (twin[0].weight.data != model[0].weight.data).all()
        assert isinstance(twin[0].weight, nn.Parameter)


class TestHooks:
    def test_sees_arguments_and_output_and_may_replace_it(self):
        layer, seen = nn.ReLU(), []
        x = np.array([-1.0, 2.0])
        first = layer.register_forward_hook(lambda m, args, out: seen.append((m, args, out.tolist())))
        second = layer.register_forward_hook(lambda m, args, out: out * 10)
        assert layer(x).tolist() == [0, 20]
        assert seen[0][0] is layer
        assert seen[0][1] == (x,)
        assert seen[0][2] == [0, 2]
        second.remove()
        second.remove()
        assert layer(x).tolist() == [0, 2]
        first.remove()
        layer(x)
        assert len(seen) == 2

    def test_hooks_belong_to_one_module(self):
        one, other = nn.ReLU(), nn.ReLU()
        one.register_forward_hook(lambda m, args, out: out + 1)
        assert other(np.array([1.0])).item() == 1.0


class TestState:
    def test_round_trip_covers_buffers_and_copies(self):
        model, other = small(), small()
        model(np.ones((1, 2), np.float32))
        model[0].weight.data += 1.0
        state = model.state_dict()
        other.load_state_dict(state)
        assert other[2].calls == 1
        np.testing.assert_array_equal(other[0].weight.data, model[0].weight.data)
        state["0.weight"][...] = 7
        assert 7 not in other[0].weight.data
        assert 7 not in model[0].weight.data
        assert other[0].weight.data.flags.writeable

    def test_one_error_lists_everything_and_nothing_changes(self):
        model = small()
        before = model.state_dict()
        state = {name: array + 1 for name, array in before.items()}
        del state["0.bias"]
        state["extra"] = np.zeros(2)
        state["0.weight"] = np.zeros((1, 2, 3), np.float32)
        state["2.factor"] = np.zeros(1)
        with pytest.raises(ValueError, match="does not fit the Sequential") as caught:
            model.load_state_dict(state)
        message = str(caught.value)
        for part in (
            "4 problems",
            "missing: 0.bias float32 (3,)",
            "unexpected: extra float64 (2,)",
            "0.weight is float32 (2, 3), given float32 (1, 2, 3)",
            "2.factor is float32 (1,), given float64 (1,)",
        ):
            assert part in message
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, before[name])

    def test_not_strict(self):
        model = small()
        model.load_state_dict({"2.factor": np.float32([9.0]), "extra": np.zeros(2)}, strict=False)
        assert model[2].factor.item() == 9.0
        with pytest.raises(ValueError, match=r"\(1 problem\)"):
            model.load_state_dict({"2.factor": np.float32([[9.0]])}, strict=False)

    def test_loading_makes_an_old_graph_refuse(self):
        model = small()
        loss = model(np.ones((4, 2), np.float32)).sum()
        model.load_state_dict(model.state_dict())
        with pytest.raises(RuntimeError, match="changed in place"):
            loss.backward()


def test_repr_is_nested():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Dropout(0.25)))
    assert repr(model) == (
        "Sequential(\n  (0): Linear(2, 3)\n  (1): Sequential(\n    (0): ReLU()\n    (1): Dropout(0.25)\n  )\n)"
    )
    assert repr(nn.Sequential()) == "Sequential()"


def test_a_state_of_which_no_name_fits():
    layer = nn.Linear(1, 1)
    before = layer.state_dict()
    with pytest.warns(sg.SeegradWarning, match="nothing was loaded.*the state has 0.weight, .*the model weight, bias"):
        layer.load_state_dict({"0.weight": before["weight"]}, strict=False)
    layer.load_state_dict({"bias": np.float32([3])}, strict=False)
    assert layer.bias.item() == 3


class Lists(nn.Module):
    """Keeps layers in plain lists, as beginners do."""

    def __init__(self, keep):
        self.first = nn.Linear(2, 2)
        keep(self)


def _appended(m):
    m.layers = []
    m.layers.append(nn.Linear(2, 2))


def _in_a_dict(m):
    m.layers = {}
    m.layers["a"] = nn.Linear(2, 2)


def _inside_a_list(m):
    m.layers = [[]]
    m.layers[0].append((nn.ReLU(), nn.Linear(2, 2)))


def _a_parameter(m):
    m.layers = []
    m.layers.append(nn.Parameter(np.ones(2)))


LATER = [_appended, _in_a_dict, _inside_a_list, _a_parameter]


@pytest.mark.parametrize("keep", LATER)
@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: nn.Sequential(nn.Flatten(), m)])
def test_layers_added_to_a_plain_list_later_are_refused(keep, wrap):
    with pytest.raises(TypeError, match=r"Lists.layers: .* in a plain (list|dict) would not be trained; use"):
        wrap(Lists(keep)).parameters()


@pytest.mark.parametrize("value", [[[nn.ReLU()]], {"a": [nn.ReLU()]}, ((nn.Parameter([1.0]),),), {nn.ReLU()}])
def test_lists_of_lists_of_layers_are_refused(value):
    with pytest.raises(TypeError, match="would not be trained"):
        Lists(lambda m: setattr(m, "layers", value))


def test_lists_of_what_is_listed_anyway_may_be_kept():
    def keep(m):
        m.order, m.names, m.sizes = [], ["a", "b"], [1, 2, 3] * 1000
        m.order.extend([m.first, nn.ReLU()])

    assert len(list(Lists(keep).parameters())) == 2


def test_a_tensor_in_place_of_a_parameter_is_warned_of():
    with pytest.warns(sg.SeegradWarning, match=r"Module.w is a Tensor, not an nn.Parameter.*no optimizer trains it"):
        nn.Module().w = sg.tensor([1.0], requires_grad=True)
    m = nn.Module()
    m.constant = sg.tensor([1.0])
    m.last_output = nn.Linear(1, 1)(np.float32([[1]]))


def test_zero_grad():
    layer = nn.Linear(2, 1)
    layer.weight.grad = np.ones((2, 1), np.float32)
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad.tolist() == [[0.0], [0.0]]
    assert layer.bias.grad is None
    layer.zero_grad()
    assert layer.weight.grad is None


def test_every_layer_can_be_saved():
    layers = {thing for thing in vars(nn.layers).values() if isinstance(thing, type) and issubclass(thing, nn.Module)}
    assert {cls.__name__: cls for cls in [*layers, nn.GPT]} == SAVABLE


@pytest.mark.parametrize(("name", "module"), [("Mine", __name__), ("ReLU", __name__), ("ReLU", nn.ReLU.__module__)])
def test_no_other_class_passes_for_a_layer(name, module):
    with pytest.raises(ValueError, match=f"{name} cannot be listed among the layers"):
        savable(type(name, (nn.Module,), {"__module__": module}))
    assert "Mine" not in SAVABLE
    assert SAVABLE["ReLU"] is nn.ReLU
