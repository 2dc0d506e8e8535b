"""What a Sequential computes where nothing is recorded: the numbers and errors of its layers one after the other."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.common import seam

SHAPES = {"images": (3, 9, 8, 2), "rows": (4, 6)}
ROWS = [
    *(getattr(nn, name)() for name in ("ReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "PReLU", "Softmax", "Identity")),
    *(nn.Linear(6, 3, seed=0), nn.Linear(6, 3, bias=False, seed=0), nn.LayerNorm(6), nn.BatchNorm1d(6), nn.Flatten()),
    nn.Dropout(0.5),
]
IMAGES = [
    *(nn.Conv2d(2, 3, 3, seed=0), nn.Conv2d(2, 3, (2, 3), stride=2, padding=1, bias=False, seed=0)),
    *(nn.ConvTranspose2d(2, 3, 3, seed=0), nn.MaxPool2d(2), nn.AvgPool2d(3, stride=1), nn.GlobalAvgPool2d()),
    *(nn.BatchNorm2d(2), nn.Flatten(), nn.Sigmoid()),
    nn.Sequential(nn.Conv2d(2, 3, 3, padding="same", seed=0), nn.ReLU()),
]


def network(*more):
    return nn.Sequential(
        *(nn.Conv2d(1, 3, 3, seed=0), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2, dilation=2, seed=0), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(16, 5, seed=0), nn.ReLU(), nn.Linear(5, 2, seed=0), *more),
    ).eval()


def images(n=2, dtype=np.float32):
    return np.random.default_rng(0).normal(size=(n, 10, 10, 1)).astype(dtype)


def one_by_one(model, x):
    with sg.no_grad():
        for layer in model:
            x = layer(x)
    return x.data


def predicted(model, x):
    with sg.no_grad():
        return model(x).data


def assert_same(found, expected):
    """Equal up to rounding: a run of layers may add up in another order."""
    tolerance = 16 * np.finfo(expected.dtype).eps
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("layer", "kind"),
    [*((layer, "rows") for layer in ROWS), *((layer, "images") for layer in IMAGES)],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
def test_every_layer_gives_the_same_numbers(layer, kind, rng):
    inside = list(layer) if isinstance(layer, nn.Sequential) else [layer]
    model = nn.Sequential(*inside, nn.ReLU(), nn.Tanh()).eval()
    for _ in range(3):
        x = rng.normal(size=SHAPES[kind]).astype(np.float32)
        expected = one_by_one(model, x)
        assert_same(predicted(model, x), expected)
        assert_same(predicted(model, sg.Tensor(x)), expected)
        np.testing.assert_allclose(model(x).data, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 2, 40])
def test_every_batch_and_dtype_gives_the_same_numbers(n, dtype):
    model, x = network().to(dtype), images(n, dtype)
    expected = one_by_one(model, x)
    for _ in range(3):
        out = predicted(model, x)
        assert_same(out, expected)
        assert out.dtype == dtype


def test_images_in_any_memory_order():
    model, x = network(), images()
    expected = predicted(model, x)
    for other in (np.asfortranarray(x), x[:, ::-1, ::-1].copy()[:, ::-1, ::-1], np.broadcast_to(x[:1], x.shape)):
        np.testing.assert_allclose(predicted(model, other)[0], expected[0], rtol=1e-6)


def replace_layer(model):
    model[6] = nn.Linear(16, 5, seed=1)


def add_layer(model):
    model.append(nn.Sigmoid())


def set_attribute(model):
    model[3].stride, model[3].dilation = (2, 2), (1, 1)


def patch_forward(model):
    model[7].forward = lambda x: sg.Tensor(-x.data)


def keep_patch_away(model):
    patch_forward(model)
    predicted(model, images())
    predicted(model, images())
    del model[7].forward


def new_parameter(model):
    model[0].weight = nn.Parameter(2 * model[0].weight.data)


def larger_kernel(model):
    model[3].weight = nn.Parameter(np.ones((3, 3, 3, 4), np.float32))
    model[3].dilation = (1, 1)


def plain_arrays(model):
    for layer in (model[0], model[6]):
        bias = layer.bias.data
        layer.bias = None
        layer.bias = bias + 1


def lists(model):
    model[3].stride, model[3].dilation = [2, 2], [1, 1]
    predicted(model, images())
    predicted(model, images())
    model[3].stride[0] = 1
    model[3].dilation[0] = 2


def patch_function(model):
    model[1].function = lambda x: x * 2


def around_setattr(model):
    vars(model[7])["forward"] = lambda x: sg.Tensor(-x.data)


def another_class(model):
    model[7].__class__ = nn.Tanh


def new_values(model):
    for parameter in model.parameters():
        parameter.data = parameter.data + 1


def values_in_place(model):
    model[0].weight.data[0] = 7
    with sg.no_grad():
        model[8].bias += 1


def use_hook(model):
    model[1].register_forward_hook(lambda module, inputs, output: output * 2)


def take_hook_away(model):
    handle = model[1].register_forward_hook(lambda module, inputs, output: output * 2)
    predicted(model, images())
    predicted(model, images())
    handle.remove()


def train_a_step(model):
    optimizer = sg.optim.SGD(model.parameters(), lr=0.1)
    model(images()).sum().backward()
    optimizer.step()


def load_state(model):
    model.load_state_dict({name: value * 3 for name, value in model.state_dict().items()})


CHANGES = [replace_layer, add_layer, set_attribute, patch_forward, keep_patch_away, new_parameter, new_values]
CHANGES += [larger_kernel, plain_arrays, lists, patch_function, around_setattr, another_class, values_in_place]
CHANGES += [use_hook, take_hook_away, train_a_step, load_state]


@pytest.mark.parametrize("change", CHANGES)
def test_changes_count_at_once(change):
    model, x = network(), images()
    for _ in range(2):
        before = predicted(model, x)
    change(model)
    expected = one_by_one(model, x)
    for _ in range(3):
        assert_same(predicted(model, x), expected)
    same = change in (keep_patch_away, take_hook_away)
    assert np.allclose(before, expected) == same


def test_batch_statistics_are_followed_in_training_only(rng):
    x = rng.normal(size=(8, 4)).astype(np.float32)
    model = nn.Sequential(nn.Linear(4, 3, seed=0), nn.BatchNorm1d(3))
    for count in range(1, 4):
        predicted(model, x)
        assert model[1].num_batches_tracked == count
    model.eval()
    for _ in range(3):
        np.testing.assert_array_equal(predicted(model, x), one_by_one(model, x))
    assert model[1].num_batches_tracked == 3


def test_dropout_drops_in_training_only(rng):
    x = np.ones((4, 50), np.float32)
    model = nn.Sequential(nn.ReLU(), nn.Dropout(0.5, seed=0))
    drawn = [predicted(model, x) for _ in range(4)]
    twin = nn.Sequential(nn.ReLU(), nn.Dropout(0.5, seed=0))
    np.testing.assert_array_equal(drawn, [one_by_one(twin, x) for _ in range(4)])
    assert len({array.tobytes() for array in drawn}) == 4
    model.eval()
    assert all(np.array_equal(predicted(model, x), x) for _ in range(3))


def test_a_wrong_input_is_refused_every_time():
    model = network()
    for good in (False, True):
        for bad in (images(dtype=np.float64), images()[..., 0], images()[:, :5], images().astype(int)):
            for _ in range(3):
                with pytest.raises((ValueError, TypeError), match="Sequential"):
                    predicted(model, bad)
        if not good:
            predicted(model, images())
            predicted(model, images())


def test_parameters_of_another_dtype_or_shape_are_noticed():
    model, x = nn.Sequential(nn.Linear(3, 2, seed=0), nn.ReLU()), np.ones((1, 3), np.float32)
    predicted(model, x)
    predicted(model, x)
    model.to(np.float64)
    for _ in range(2):
        with pytest.raises(TypeError, match="float64"):
            predicted(model, x)
    model.to(np.float32)
    assert predicted(model, x).dtype == np.float32


class Doubled(nn.ReLU):
    def forward(self, x):
        return super().forward(x) * 2


class Counted(nn.Module):
    calls = 0

    def forward(self, x):
        Counted.calls += 1
        return x


@pytest.mark.parametrize("replaced", [lambda out: out.data * 2, lambda out: -out])
def test_hooks_see_tensors_and_may_give_anything(replaced):
    model = nn.Sequential(nn.Linear(3, 2, seed=0), nn.Tanh(), nn.Linear(2, 2, seed=0))
    x, seen = np.ones((1, 3), np.float32), []

    def hook(module, inputs, output):
        seen.append((type(inputs[0]), type(output)))
        return replaced(output)

    predicted(model, x)
    predicted(model, x)
    handle = model[1].register_forward_hook(hook)
    expected = one_by_one(model, x)
    for _ in range(3):
        assert_same(predicted(model, x), expected)
    assert set(seen) == {(sg.Tensor, sg.Tensor)}
    handle.remove()
    assert not np.array_equal(predicted(model, x), expected)
    predicted(model, x)


def test_modules_of_one_s_own_are_always_called():
    x = np.ones((1, 3), np.float32)
    for module in (Doubled(), Counted()):
        model = nn.Sequential(nn.Linear(3, 2, seed=0), module)
        expected = one_by_one(model, x)
        for _ in range(3):
            assert_same(predicted(model, x), expected)
    assert Counted.calls == 4


@pytest.mark.parametrize("layers", [[nn.Flatten()], [nn.Tanh(), nn.Flatten()], [nn.ReLU()]])
def test_the_result_has_memory_of_its_own(layers):
    model, x = nn.Sequential(*layers), sg.Tensor(np.ones((2, 3), np.float32))
    for given in (x, x, x, x.data, x.data, x.data):
        assert not np.shares_memory(predicted(model, given), x.data)


@pytest.mark.parametrize("layers", [[], [nn.Identity()], [nn.Dropout(0.5), nn.Identity()]])
@pytest.mark.parametrize("shape", [(1, 2), (0, 2), ()])
def test_what_is_let_through_stays_the_same_tensor(layers, shape):
    model, x = nn.Sequential(*layers), sg.tensor(np.ones(shape), requires_grad=True)
    array = np.ones(shape)
    for mode in (True, False):
        model.train(mode)
        with sg.no_grad():
            assert all((model(x) is x) == (not mode or len(layers) < 2) for _ in range(4))
            if not layers:
                assert all(model(array) is array for _ in range(4))


def test_layers_that_let_everything_through_are_called():
    model, x = nn.Sequential(nn.Dropout(0.5), nn.MaxPool2d(1)).eval(), sg.tensor(np.ones((1, 3, 3, 1)))
    expected = predicted(model, x)
    for _ in range(3):
        assert_same(predicted(model, x), expected)


def test_every_attribute_of_every_layer_counts():
    softplus = nn.Sequential(nn.ReLU(), nn.Softplus())
    norm = nn.Sequential(nn.LayerNorm(3).freeze(), nn.ReLU())
    pool = nn.Sequential(nn.AvgPool2d(1), nn.Conv2d(1, 2, 3, seed=0), nn.ReLU(), nn.MaxPool2d(2))
    with sg.no_grad():
        x, rows, pictures = (np.ones(shape, np.float32) for shape in ((2, 3), (2, 3), (1, 9, 9, 1)))
        x, pictures = sg.tensor(x, requires_grad=True), sg.tensor(pictures, requires_grad=True)
        for _ in range(3):
            outs = softplus(x), norm(rows), pool(pictures)
        assert outs[1].notes is None
        softplus[1].beta, norm[0].weight, pool[0].stride = 2.0, nn.Parameter(np.ones(3, np.float32)), (3, 3)
        assert norm(rows).notes["lost"] == "layer_norm was computed under no_grad"
        with pytest.raises(ValueError, match=r"Sequential.3 MaxPool2d"):
            pool(pictures)
    np.testing.assert_array_equal(predicted(softplus, x), one_by_one(softplus, x))


@pytest.mark.parametrize("warm", [0, 3])
def test_a_patched_class_counts(warm, monkeypatch):
    model, x = nn.Sequential(nn.Linear(3, 2, seed=1), nn.ReLU()), np.ones((1, 3), np.float32)
    for _ in range(warm):
        predicted(model, x)
    with monkeypatch.context() as patch:
        patch.setattr(nn.ReLU, "forward", lambda self, x: sg.Tensor(x.data - 7))
        assert all((predicted(model, x) < 0).all() for _ in range(4))
    assert (predicted(model, x) >= 0).all()


def test_names_count_too():
    model, x = nn.Sequential(nn.Linear(2, 2, seed=0), nn.ReLU()), np.ones((1, 2), np.float32)
    for _ in range(3):
        predicted(model, x)
    model[1].__dict__ = {"forward": lambda x: sg.Tensor(x.data * 0 + 7)}
    assert predicted(model, x).tolist() == [[7, 7]]
    layer = model[0]
    bias = layer.bias
    del layer.bias
    layer.shift = bias
    with pytest.raises(AttributeError, match="bias"):
        predicted(model, x)


class Closed(nn.Sequential):
    """Refuses new attributes, has some in slots, and a dictionary beside it."""

    __slots__ = ("tag",)

    def __setattr__(self, name, value):
        if name not in ("_parts", "tag", "training"):
            raise AttributeError(name)
        super().__setattr__(name, value)


def test_subclasses_may_do_what_they_could():
    model, x = Closed(nn.Linear(3, 2, seed=0)), np.ones((1, 3), np.float32)
    model.tag = 3
    expected = predicted(model, x)
    for _ in range(3):
        assert_same(predicted(model, x), expected)
    assert copy.deepcopy(model).tag == pickle.loads(pickle.dumps(model)).tag == 3
    assert [name for name, _ in model.named_modules()] == ["", "0"]


class Tied(nn.Parameter):
    """Equal to every other, and without a hash."""

    __slots__ = ()

    def __eq__(self, other):
        return True


def test_parameters_without_a_hash():
    model, x = nn.Sequential(nn.Linear(3, 2, seed=0), nn.ReLU()), np.ones((1, 3), np.float32)
    model[0].weight = Tied(model[0].weight.data)
    expected = predicted(model, x)
    for _ in range(3):
        assert_same(predicted(model, x), expected)


def test_layers_that_were_replaced_are_let_go():
    model = nn.Sequential(nn.Linear(3, 2, seed=0), nn.ReLU())
    for _ in range(3):
        predicted(model, np.ones((1, 3), np.float32))
    old = weakref.ref(model[0])
    model[0] = nn.Linear(3, 2, seed=1)
    predicted(model, np.ones((1, 3), np.float32))
    assert old() is None


def test_what_requires_gradients_later_is_noticed():
    model = network().freeze()
    with sg.no_grad():
        assert "lost" not in (model(images()).notes or {})
        model.unfreeze()
        assert model(images()).notes["lost"].endswith("was computed under no_grad")


class Equal(nn.Sequential):
    """Every one is equal to every other, and there is no hash."""

    def __eq__(self, other):
        return True


def test_sequences_that_are_equal_are_not_the_same():
    models, x = [Equal(nn.Linear(3, 2, seed=seed)) for seed in (0, 1)], np.ones((1, 3), np.float32)
    for _ in range(3):
        assert not np.array_equal(*[predicted(model, x) for model in models])


def test_single_numbers_stay_arrays():
    model = nn.Sequential(nn.ReLU(), nn.Tanh())
    for _ in range(3):
        assert type(predicted(model, np.array(2.0, np.float32))) is np.ndarray


def test_an_input_that_only_the_first_layer_knows():
    class Opaque:
        @property
        def shape(self):
            raise ValueError("it has none")

    class Reader(nn.Module):
        def forward(self, x):
            return sg.Tensor(np.ones((1, 3), np.float32))

    model = nn.Sequential(Reader(), nn.Linear(3, 2, seed=0))
    for _ in range(3):
        assert predicted(model, Opaque()).shape == model(Opaque()).shape == (1, 2)


def test_copies_have_parameters_of_their_own():
    model, x = network(), images()
    before = predicted(model, x), predicted(model, x)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin[8].bias.data += 1
        np.testing.assert_allclose(predicted(twin, x), before[0] + 1, rtol=1e-5)
        np.testing.assert_allclose(predicted(twin, x), before[0] + 1, rtol=1e-5)
        assert_same(predicted(model, x), before[1])


def test_nothing_is_kept_of_a_model_that_is_gone():
    model = network()
    predicted(model, images())
    predicted(model, images())
    model[0].weight.register_hook(lambda g, size=model.__len__: g * size())
    parts = [weakref.ref(model), weakref.ref(model[0]), weakref.ref(model[0].weight)]
    del model
    gc.collect()
    assert [part() for part in parts] == [None] * 3


def test_threads_share_what_is_known():
    model, x = network(), images()
    expected = predicted(model, x)
    results = []

    def work():
        results.extend([predicted(model, x) for _ in range(50)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 200
    for result in results:
        assert_same(result, expected)


def test_a_run_says_how_far_it_came(monkeypatch):
    monkeypatch.setattr(seam, "layer_runs", [lambda layers, place, x: (x * 2, 2) if place == 1 else NotImplemented])
    model = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Tanh(), nn.ReLU())
    np.testing.assert_array_equal(model(np.float32([-1, 3])).data, [0, 6])
