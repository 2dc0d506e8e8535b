"""What an export would freeze is refused, in a sentence; what stays right is not."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn import OnnxExportError

onnx = pytest.importorskip("onnx")

RNG = np.random.default_rng(0)
POSITIVE = RNG.uniform(0.5, 1.5, (3, 4)).astype(np.float32)
NORMAL = RNG.normal(size=(3, 4)).astype(np.float32)


def above(limit):
    return lambda x: x * 2 if x.data.mean() > limit else x * 3


class Weighted(nn.Module):
    """A module whose weight leads to its output, whatever becomes of the input."""

    def __init__(self, compute):
        self.weight = nn.Parameter(np.ones(4, np.float32))
        self.compute = compute

    def forward(self, x):
        return self.compute(self.weight, x)


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize(
    "function",
    [
        above(0.0),
        lambda x: x * 2 if x.data[0, 0] > 0 else x * 3,
        lambda x: x * max(1.0, float(x.data.max()) / 2),
        lambda x: x * 2 if x.sum() > 0 else x * 3,
        lambda x: x[:, int(x.data[0].argmax())],
        lambda x: sg.where(x > 3, x, 2 * x),
        Weighted(lambda w, x: w * x if (x.data > 0).all() else w * x * 2),
    ],
    ids="mean first largest sum argmax where module".split(),
)
def test_a_branch_on_numbers(function, path, dynamic):
    with pytest.raises(OnnxExportError, match=r"where|changes with|depends on|output 0 of the exported graph.*frozen"):
        sg.export_onnx(function, POSITIVE, path, dynamic_batch=dynamic)
    assert not path.exists()


def test_a_branch_that_is_wrong_on_the_sample_itself(path):
    sample = np.full((1, 4), 0.25, np.float32)  # what is recorded are numbers around these
    with pytest.raises(OnnxExportError, match=r"for the sample: 0\.5 instead of 0\.75"):
        sg.export_onnx(lambda x: x * 3 if np.ptp(x.data) == 0 else x * 2, sample, path)


@pytest.mark.parametrize(
    "compute",
    [
        lambda w, x: w * float(x.data.sum()),
        lambda w, x: w * np.exp(x.data),
        lambda w, x: w * sg.tensor(x),
        lambda w, x: w * x.detach(),
        lambda w, x: (w * x, w * x.data),
        lambda w, x: w * x.sum().item(),
    ],
    ids="data numpy tensor detach second item".split(),
)
def test_numbers_read_from_the_input(compute, path):
    with pytest.raises(OnnxExportError, match=r"does not depend on the input through recorded operations.*\.data"):
        sg.export_onnx(Weighted(compute), POSITIVE, path)


def test_the_length_of_the_batch(path):
    with pytest.raises(OnnxExportError, match="the first example of the sample alone"):
        sg.export_onnx(lambda x: x * 2 if len(x) == 1 else x * 3, POSITIVE, path)
    sg.export_onnx(lambda x: x * 2 if len(x) == 1 else x * 3, POSITIVE, path, dynamic_batch=False)


@pytest.mark.parametrize(
    "function",
    [lambda x: x + RNG.normal(), lambda x: nn.functional.dropout(x, 0.5), Weighted(lambda w, x: w * x * RNG.normal())],
    ids="normal dropout module".split(),
)
def test_randomness(function, path):
    with pytest.raises(OnnxExportError, match=r"output 0 is another one.*random numbers"):
        sg.export_onnx(function, POSITIVE, path)


def test_models_used_by_name_are_in_evaluation_and_stay_as_they_are(path):
    model = nn.Sequential(nn.Linear(4, 4, seed=0), nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = model.state_dict()
    sg.export_onnx(lambda x: model(x).softmax(), NORMAL, path)
    assert all(module.training for module in model.modules())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    (found,) = onnx.reference.ReferenceEvaluator(str(path)).run(None, {"input": NORMAL})
    np.testing.assert_allclose(found, model.eval()(sg.tensor(NORMAL)).softmax().data, rtol=1e-5)


def test_inputs_of_different_batches(path):
    with pytest.raises(OnnxExportError, match=r"of one length for all.*\(3, 4\), \(2, 4\)"):
        sg.export_onnx(lambda x, y: x.sum() + y.sum(), (POSITIVE, POSITIVE[:2]), path)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: sg.where(x > 0, x, 2 * x),
        lambda x: sg.sqrt(x) if x.data.min() >= 0 else 1 / 0,  # numbers that it does not take prove nothing
        lambda x: x,
        lambda x: (x - x.mean()) / x.std(),
        lambda x: sg.log(x),
        lambda x: (x * 100).exp(),
    ],
    ids="where raises identity standardised log overflow".split(),
)
def test_what_is_right_is_written(function, path):
    sg.export_onnx(function, POSITIVE, path)
    assert path.exists()
