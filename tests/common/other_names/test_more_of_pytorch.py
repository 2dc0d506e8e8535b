"""Training loops, autograd tutorials, initialisers and data loading as PyTorch's users write them."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import Fails, assert_same, check, missing, names, refused

import seegrad as sg
from seegrad import nn, optim


@pytest.fixture
def scope():
    model = nn.Sequential(nn.Linear(3, 4, seed=0), nn.ReLU(), nn.Linear(4, 3, seed=1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    found = names(model=model, optimizer=optimizer, criterion=nn.CrossEntropyLoss())
    found["loss"] = found["criterion"](model(found["rows"]), found["labels"])
    found["dataset"] = sg.data.ArrayDataset(found["rows"], found["labels"])
    found["w"] = sg.tensor([1.0, 2.0], requires_grad=True)
    found["DataLoader"] = sg.data.DataLoader
    return found


LOOP = [
    ('model.to("cpu")', "model"),
    ('model.to(sg.device("cpu"))', "model"),
    ('model.to("cuda")', Fails(ValueError, "or write 'cpu'")),
    ("model.cuda()", missing("model.to(np.float32)")),
    ("model.double()[0].weight.dtype", "np.dtype(float)"),
    ("model.train().training", "True"),
    ("optimizer.zero_grad(set_to_none=True)", "None"),
    ("loss.backward(retain_graph=True)", "None"),
    ("loss.backward(gradient=sg.tensor(2.0))", "None"),
    ("round(loss.item(), 6)", "round(float(loss.data), 6)"),
    ('optimizer.param_groups[0]["lr"]', "0.1"),
    ("optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1, last_epoch=-1).step()", "None"),
    ("optim.lr_scheduler.StepLR(optimizer, 30).get_last_lr()", "[0.1]"),
    ("sum(p.numel() for p in model.parameters() if p.requires_grad)", "31"),
    ("sg.save(model.state_dict(), 'model.pt')", missing("nn.save_weights(model, path)")),
    ("model.load_state_dict(model.state_dict(), strict=True, assign=True)", "None"),
    ("nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0, foreach=True)", "0.0"),
    ("model.requires_grad_(False)", "model"),
    ("model.get_submodule('0')", "model[0]"),
    ("(model(rows).argmax(dim=1) == labels).sum().item()", "int((model(rows).data.argmax(1) == labels).sum())"),
    ("model(rows).max(1)[1]", "model(rows).data.max(1)[1]"),  # one row: see docs/differences.md
    ("model(rows).max(dim=1)", refused("x.argmax(axis=...)")),
    ("criterion(input=model(rows), target=labels)", "loss.data"),
    ("F.cross_entropy(input=model(rows), target=labels)", "loss.data"),
    ("F.cross_entropy(model(rows), labels, size_average=False)", refused('reduction="mean"')),
    ("nn.CrossEntropyLoss(reduce=True)", refused("docs/differences.md")),
    (
        "optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999), amsgrad=False, fused=True)",
        "optim.Adam(model.parameters())",
    ),
    ("optim.RAdam(model.parameters(), amsgrad=True)", refused("optim.Adam(params, amsgrad=True)")),
    ("optimizer.step(closure=lambda: loss.backward() or loss)", "loss"),
]
AUTOGRAD = [
    ("sg.tensor([1., 2.], requires_grad=True, device='cpu').requires_grad", "True"),
    ("sg.ones(2, 2, requires_grad=True).is_leaf", "True"),
    ("w.clone().detach().cpu().numpy()", "np.array([1.0, 2.0])"),
    ("(w * w).sum().grad_fn is None", "False"),
    ("w.zero_()", Fails(RuntimeError, "sg.no_grad()")),
    ("w.retain_grad()", "None"),
    ("sg.autograd.grad((w * w).sum(), w)", refused("loss.backward() and read w.grad")),
    ("sg.autograd.grad(outputs=(w * w).sum(), inputs=w)", refused("sg.grad(function)(w)")),
    ("sg.autograd.set_detect_anomaly(True)", missing("sg.detect_anomaly()")),
    ("sg.inference_mode", "sg.no_grad"),
    ("w.std()", "0.5"),  # PyTorch divides by n - 1: see docs/differences.md
    ("w.std(dim=0)", refused("ddof=1")),
    ("w.std(dim=0, correction=1)", "np.sqrt(0.5)"),
    ("w.clamp(min=1.5)", "np.array([1.5, 2.0])"),
    ("w.expand(3, -1)", "np.array([[1.0, 2.0]] * 3)"),
    ("w.repeat(3, 1)", Fails(IndexError, "sg.tile(x, (2, 3))")),
    ("sg.einsum('i,i->', w, w)", "5.0"),
    ("sg.where(w > 1.5, w, sg.zeros_like(w))", "np.array([0.0, 2.0])"),
    ("w.masked_fill(w > 1.5, 0.)", "np.array([1.0, 0.0])"),
    ("sg.arange(0, 6).reshape(2, 3).permute(1, 0).contiguous().view(-1)", "np.array([0, 3, 1, 4, 2, 5])"),
]
LAYERS = [
    ("nn.ReLU(inplace=True)", "nn.ReLU()"),
    ("nn.Conv2d(3, 6, 5, padding_mode='zeros', groups=1, device=None)", "nn.Conv2d(3, 6, 5)"),
    ("nn.Conv2d(4, 4, 3, groups=4)", "nn.Conv2d(4, 4, 3, 1, 0, 1, 4)"),
    ("nn.ConvTranspose2d(4, 4, 3, groups=4)", refused("sg.concatenate([conv1(x[..., :8])")),
    ("nn.ConvTranspose2d(3, 6, 5, 1, 0, 0, 1, 3)", refused("bias must be True or False")),
    ("nn.Linear(3, 2, dtype=np.float32)", "nn.Linear(3, 2)"),
    ("nn.MaxPool2d(2, ceil_mode=True)", refused("padding=")),
    ("F.relu(x, inplace=True)", refused("sg.relu(x)")),
    ("F.log_softmax(x, dim=1).sum()", "sg.log_softmax(a).sum()"),
    ("F.cosine_similarity(x, x, dim=1)", "np.ones(2)"),
    ("F.scaled_dot_product_attention(x, x, x).shape", "(2, 3)"),
    ("F.upsample", missing("nn.functional.interpolate(x, scale_factor=2)")),
    ("nn.init.normal_(nn.Parameter(np.zeros(10000)), 0.0, 0.02).data.std().round(2)", "np.float32(0.02)"),
    ("nn.init.constant_(nn.Parameter(np.zeros(2)), 0.5)", "np.array([0.5, 0.5])"),
    ("nn.init.calculate_gain('relu')", "2**0.5"),
    ("nn.utils.rnn.pad_sequence", missing("sg.stack")),
]
DATA = [
    ("len(DataLoader(dataset, batch_size=2, shuffle=True, num_workers=0, pin_memory=True))", "2"),
    ("DataLoader(dataset, num_workers=4).prefetch", "4"),
    ("len(next(iter(DataLoader(dataset, collate_fn=list))))", "3"),
    ("len(DataLoader(dataset, sampler=[1, 0], batch_size=1))", "2"),
    ("len(DataLoader(dataset=dataset, batch_size=2, drop_last=True))", "1"),
    ("sg.data.TensorDataset(sg.tensor(rows), sg.tensor(labels))[1][1]", "1"),
    ("[len(part) for part in sg.data.random_split(dataset, lengths=[2, 1])]", "[2, 1]"),
    ("sg.utils.data.DataLoader", "sg.data.DataLoader"),
    ("sg.utils.data.WeightedRandomSampler", "sg.data.WeightedRandomSampler"),
    ("sg.datasets.MNIST('.', train=True)", missing("sg.data.load_mnist()")),
    ("sg.load('model.pt', map_location='cuda')", Fails(TypeError, "seegrad computes on the CPU")),
]


@pytest.mark.parametrize(("expression", "expected"), LOOP + AUTOGRAD + LAYERS + DATA)
def test_it_works_or_says_what_to_write(scope, expression, expected):
    check(expression, expected, scope)


def test_there_are_sixty_of_them():
    assert len(LOOP + AUTOGRAD + LAYERS + DATA) >= 60


def test_a_whole_training_loop():
    """A loop as it stands in a tutorial; the steps are those of the same loop in our words."""

    def trained(theirs):
        sg.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(inplace=True) if theirs else nn.ReLU(), nn.Linear(8, 3))
        x, y = np.eye(3, dtype=np.float32), np.array([0, 1, 2])
        optimizer = optim.Adam(model.parameters(), lr=1e-2)
        if theirs:
            device = sg.device("cuda" if sg.cuda.is_available() else "cpu")
            model.to(device).train()
            scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
            for inputs, targets in sg.utils.data.DataLoader(sg.data.TensorDataset(x, y), batch_size=3, num_workers=0):
                inputs, targets = sg.from_numpy(inputs).to(device), sg.from_numpy(targets).to(device)
                for _ in range(4):
                    optimizer.zero_grad(set_to_none=True)
                    loss = nn.functional.cross_entropy(model(inputs.view(inputs.size(0), -1)), targets)
                    loss.backward(retain_graph=False)
                    optimizer.step()
                    scheduler.step()
        else:
            schedule = optim.StepLR(optimizer, 2, 0.5)
            for _ in range(4):
                optimizer.zero_grad()
                nn.CrossEntropyLoss()(model(x), y).backward()
                optimizer.step()
                schedule.step()
        return list(model.state_dict().values())

    assert_same(trained(True), trained(False))


def test_a_data_set_of_ones_own():
    class Squares(sg.data.Dataset):
        def __init__(self, n):
            super().__init__()
            self.n = n

        def __len__(self):
            return self.n

        def __getitem__(self, index):
            return np.array([float(index)]), float(index) ** 2

    (x, y), *_ = sg.data.DataLoader(Squares(5), batch_size=5)
    assert_same((x[:, 0], y), (np.arange(5.0), np.arange(5.0) ** 2))
