"""Whatever a user can hold says what it is, never ``<... object at 0x...>``; its HTML suits light and dark pages."""

from __future__ import annotations

import inspect
import re
from functools import partial
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

import seegrad as sg
from seegrad import data, nn, optim

HOMES = (sg, sg.linalg, nn, nn.init, nn.models, nn.recipes, optim, data)
CLASSES = sorted(
    {
        kind
        for home in HOMES
        for kind in (getattr(home, name) for name in dir(home) if not name.startswith("_"))
        if inspect.isclass(kind) and not inspect.isabstract(kind) and not getattr(kind, "_is_protocol", False)
    },
    key=lambda kind: kind.__qualname__,
)
POINTS = data.ArrayDataset(np.ones((6, 2), np.float32), np.array([0, 1] * 3))
#: One process, in the place of MPI's.
ALONE = SimpleNamespace(Get_rank=lambda: 0, Get_size=lambda: 1, Allreduce=None, Bcast=lambda buffer, root=0: None)


def parameters():
    return nn.Linear(2, 2).parameters()


def optimizer():
    return optim.SGD(parameters(), lr=0.1, momentum=0.9)


def trainer():
    return nn.Trainer(nn.Linear(2, 2), "sgd", "cross_entropy", ema=None)


def twice(f, *args):
    compiled = sg.compile(f)
    compiled(*args)
    return compiled


def run():
    found = []
    trainer().fit(POINTS, epochs=1, callbacks=[found.append], progress=False)
    return found[0]


#: How to make what needs arguments.
MADE = {
    "ArrayDataset": lambda: POINTS,
    "BucketSampler": lambda: data.BucketSampler([3, 1, 2], 2),
    "ChainedScheduler": lambda: optim.ChainedScheduler([optim.StepLR(optimizer(), 3)]),
    "Checkpoint": lambda: nn.Checkpoint("checkpoint.npz"),
    "ClassificationReport": lambda: nn.classification_report([0, 1, 1], [0, 1, 0]),
    "CleaningReport": lambda: data.clean(np.eye(3), [0, 1, 2])[1],
    "TrainingRecord": lambda: nn.TrainingRecord(nn.Linear(2, 3)),
    "CSVLogger": lambda: nn.CSVLogger("log.csv"),
    "Vocabulary": lambda: data.Vocabulary("ab"),
    "WeightedRandomSampler": lambda: data.WeightedRandomSampler([1.0, 2.0]),
    "DataLoader": lambda: data.DataLoader(POINTS, 4, transform=np.negative),
    "DistributedOptimizer": lambda: optim.DistributedOptimizer(optimizer(), ALONE),
    "EMA": lambda: optim.EMA(parameters()),
    "EighResult": lambda: sg.linalg.eigh(sg.tensor(np.eye(2))),
    "GPT": lambda: nn.GPT(3, 2, 4, 1, 1),
    "LearningRateSchedule": lambda: nn.LearningRateSchedule(optim.StepLR(optimizer(), 3)),
    "MLP": lambda: nn.MLP(2, [2, 1]),
    "ModelInfo": lambda: nn.ModelInfo(input_shape=(2,), preprocessing=data.Standardize().fit(np.eye(2))),
    "Muon": lambda: optim.Muon([sg.tensor(np.eye(2))]),
    "NonFiniteError": lambda: nn.NonFiniteError("the loss is not finite", 1, 2, "0.weight"),
    "Optimizer": optimizer,
    "PolarResult": lambda: sg.linalg.polar(sg.tensor(np.eye(2))),
    "QRResult": lambda: sg.linalg.qr(sg.tensor(np.eye(2))),
    "Recipe": lambda: nn.recipes.BEST,
    "Run": run,
    "SVDResult": lambda: sg.linalg.svd(sg.tensor(np.eye(2))),
    "Schedule": lambda: optim.StepLR(optimizer(), 3),
    "SequentialLR": lambda: optim.SequentialLR(o := optimizer(), [optim.StepLR(o, 3), optim.StepLR(o, 4)], [2]),
    "Shard": lambda: data.shard(POINTS, 0, 2),
    "SlogdetResult": lambda: sg.linalg.slogdet(sg.tensor(np.eye(2))),
    "Sometimes": lambda: data.Sometimes(data.RandomShift(1)),
    "Subset": lambda: data.Subset(POINTS, [1, 2]),
    "Tensor": lambda: sg.tensor([1.0]),
    "TensorBoard": lambda: pytest.importorskip("tensorboardX") and nn.TensorBoard("runs/first"),
    "Trainer": trainer,
    "primitive": lambda: sg.primitive(lambda x: x),
}
#: Arguments to try for all others; an optimizer and parameters are made anew each time.
ARGUMENTS = ((), (2,), (2, 2), (2, 2, 3), (parameters,), (optimizer,), (optimizer, 3), (optimizer, [3]))
ARGUMENTS += ((optimizer, np.sin), (optimizer, 0.1, 10))


def made(kind, folder):
    """Return an object of a class."""
    if kind.__name__ == "ImageFolder":
        return image_folder(folder)
    if kind.__name__ in MADE:
        return MADE[kind.__name__]()
    for arguments in ARGUMENTS:
        try:
            return kind(*[x() if x in (optimizer, parameters) else x for x in arguments])
        except (TypeError, ValueError, AttributeError):
            continue
    raise AssertionError(f"{kind.__name__} needs a line in MADE")


def image_folder(folder):
    image = pytest.importorskip("PIL.Image")
    (folder / "zeros").mkdir()
    image.new("L", (4, 4)).save(folder / "zeros" / "a.png")
    return data.ImageFolder(folder)


def one_line(kind):
    return not issubclass(kind, (nn.Module, nn.Trainer, data.CleaningReport, nn.ClassificationReport, tuple))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__qualname__)
def test_objects_of_public_classes_say_what_they_are(kind, tmp_path):
    x = made(kind, tmp_path)
    text = repr(x)
    assert not re.search(r" at 0x|object at", text)
    assert len(text) < (600 if kind is nn.GPT else 500)
    assert not one_line(kind) or "\n" not in text
    check_html(x)


A_VALUE = sg.Value(2.0, label="a<b>")
HANDLES = [
    sg.no_grad(),
    A_VALUE,
    (A_VALUE + 1.0).inputs,
    sg.tensor([[1.0]], label="a<b>"),
    sg.tensor([1.0], requires_grad=True).register_hook(np.negative),
    nn.Linear(1, 1).register_forward_hook(print),
    sg.grad(np.sin),
    twice(np.sin, np.ones(3)),
    twice(np.sin, np.ones(3)).program,
    twice(np.sin, np.ones(3)).profile(np.ones(3)),
    A_VALUE.draw(),
    A_VALUE.play(),
    sg.why(A_VALUE),
    nn.Linear(2, 2).summary((2,)),
    run().metrics,
    optim.LearningRates([0.1, 0.2], [1.0, 0.5], [1.0, 0.6]),
    data.Standardize().fit(np.eye(2)),
    trainer().evaluate(POINTS),
    optimizer().param_groups,
    nn.recipes.RECIPES,
]


@pytest.mark.parametrize("x", HANDLES, ids=lambda x: type(x).__name__)
def test_what_functions_return_says_what_it_is(x):
    assert not re.search(r" at 0x|object at", repr(x))
    check_html(x)


def check_html(x):
    """Check what a notebook shows of an object: its own colours are those of the page."""
    html = x._repr_html_() if hasattr(x, "_repr_html_") else None
    if html is not None:
        ElementTree.fromstring(f"<div>{html}</div>")
        assert not re.search(r"(?<![-\w])(color|background(-color)?): *(#|rgb\(|black|white)", html)
        assert len(html) < 20_000
        assert "a<b>" not in html


def test_derivatives_show_the_call_that_made_them():
    assert repr(sg.grad(sg.grad(np.tanh))) == "<seegrad grad(grad(tanh))>"
    assert repr(sg.hessian(np.sum)) == "<seegrad jacobian(grad(sum))>"
    assert repr(sg.vmap(sg.grad(np.dot, argnums=1), in_axes=(None, 0))) == (
        "<seegrad vmap(grad(dot, argnums=1), in_axes=(None, 0))>"
    )
    assert repr(sg.value_and_grad(np.sum, has_aux=True)) == "<seegrad value_and_grad(sum, has_aux=True)>"
    assert repr(sg.hvp(partial(np.dot, 2.0))) == "<seegrad hvp(partial(dot, ...))>"
    assert repr(sg.compile(sg.grad(np.sum))) == "<compiled grad(sum): not called yet, the first call records it>"
    assert str(twice(sg.grad(np.sum), np.ones(2)).program).startswith("program of grad(sum)")


def test_arguments_are_short_and_as_they_are_written():
    o = optimizer()
    assert repr(optim.LinearLR(o, 1 / 3)) == "LinearLR(start_factor=0.333333, end_factor=1.0, total_iters=5)"
    both = optim.SequentialLR(o, [optim.StepLR(o, 3), optim.StepLR(o, 4)], [2])
    assert repr(both) == (
        "SequentialLR(schedulers=[StepLR(step_size=3, gamma=0.1), StepLR(step_size=4, gamma=0.1)], milestones=[2])"
    )
    assert len(repr(optim.MultiStepLR(o, range(1, 1000)))) < 100
    assert "max_lr=0.5, total_steps=8" in repr(optim.OneCycleLR(o, max_lr=0.5, total_steps=8))
    assert repr(nn.LambdaCallback(on_epoch_end=print)) == "LambdaCallback(on_epoch_end=print)"
    assert repr(data.KFold(3)) == "KFold(folds=3, stratify=True)"
    assert repr(data.MinMaxScale(high=2).fit(np.eye(3))) == "MinMaxScale(low=0.0, high=2.0) fitted on 3 features"
    o.param_groups[0]["lr"] = 0.1 + 0.2
    assert "lr=0.3, momentum=0.9" in repr(o)


def test_losses_show_what_is_not_the_default():
    assert repr(nn.CrossEntropyLoss()) == "CrossEntropyLoss()"
    assert repr(nn.CrossEntropyLoss(label_smoothing=0.1)) == "CrossEntropyLoss(label_smoothing=0.1)"
    assert repr(nn.HuberLoss("sum", delta=2)) == "HuberLoss(reduction='sum', delta=2)"
    assert repr(nn.BCELoss(weight=np.array([1.0, 2.0]))) == "BCELoss(weight=array([1., 2.]))"


def test_tensors_show_what_is_not_seen_in_their_numbers():
    assert repr(sg.tensor(np.zeros((0, 3)))) == "tensor([], shape=(0, 3))"
    assert repr(sg.tensor([])) == "tensor([])"
    assert repr(nn.Parameter([1.0], label="w")) == "Parameter([1.], dtype=float32, label='w')"
    assert repr(nn.Parameter(np.ones(1), requires_grad=False)) == "Parameter([1.], requires_grad=False)"
    assert repr(sg.tensor([1.0], requires_grad=True)) == "tensor([1.], requires_grad=True)"
    assert repr(sg.tensor([1.0], requires_grad=True) * 2) == "tensor([2.], op='multiply')"


def test_hooks_show_whether_they_are_there():
    hook = sg.tensor([1.0], requires_grad=True).register_hook(np.negative)
    handle = nn.Linear(1, 1).register_forward_hook(print)
    assert (repr(hook), repr(handle)) == ("RemovableHook(negative)", "HookHandle(print)")
    hook.remove()
    handle.remove()
    assert (repr(hook), repr(handle)) == ("RemovableHook(removed)", "HookHandle(removed)")
