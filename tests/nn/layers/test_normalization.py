"""Batch and layer normalisation."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.autograd.ops.normalization import normalize as normalized


class TestBatchNorm:
    @pytest.mark.parametrize(
        ("make", "shape"), [("BatchNorm1d", (6, 3)), ("BatchNorm1d", (4, 5, 3)), ("BatchNorm2d", (4, 2, 5, 3))]
    )
    def test_training(self, rng, make, shape):
        layer = getattr(nn, make)(3).to(np.float64)
        layer.weight.data, layer.bias.data = rng.normal(size=3), rng.normal(size=3)
        x = rng.normal(3.0, 2.0, size=shape)
        over = tuple(range(len(shape) - 1))
        mean, biased, n = x.mean(over), x.var(over), x.size // 3
        expected = (x - mean) / np.sqrt(biased + 1e-5) * layer.weight.data + layer.bias.data
        np.testing.assert_allclose(layer(x).data, expected, rtol=1e-10)
        np.testing.assert_allclose(layer.running_mean, 0.1 * mean, rtol=1e-12)
        np.testing.assert_allclose(layer.running_var, 0.9 + 0.1 * biased * n / (n - 1), rtol=1e-12)
        assert layer.num_batches_tracked == 1

    def test_evaluation_uses_and_keeps_the_running_statistics(self, rng):
        layer = nn.BatchNorm1d(3).to(np.float64)
        for _ in range(3):
            layer(rng.normal(2.0, 3.0, size=(50, 3)))
        before = layer.state_dict()
        x = rng.normal(size=(1, 3))
        expected = (x - layer.running_mean) / np.sqrt(layer.running_var + 1e-5)
        np.testing.assert_allclose(layer.eval()(x).data, expected, rtol=1e-12)
        for name, array in layer.state_dict().items():
            np.testing.assert_array_equal(array, before[name])

    def test_mean_of_all_batches(self, rng):
        layer = nn.BatchNorm1d(2, momentum=None).to(np.float64)
        batches = rng.normal(size=(5, 8, 2))
        for batch in batches:
            layer(batch)
        np.testing.assert_allclose(layer.running_mean, batches.mean((0, 1)), rtol=1e-12)
        np.testing.assert_allclose(layer.running_var, batches.var(1, ddof=1).mean(0), rtol=1e-12)

    @pytest.mark.parametrize("training", [True, False])
    def test_gradients(self, rng, training):
        layer = nn.BatchNorm2d(2).to(np.float64).train(training)
        x = sg.tensor(rng.normal(size=(3, 2, 2, 2)), requires_grad=True)
        weights = rng.normal(size=x.shape)
        assert sg.gradcheck(lambda x, *parameters: layer(x) * weights, (x, *layer.parameters()))

    def test_without_parameters_or_statistics(self, rng):
        x = rng.normal(size=(8, 2)).astype(np.float32)
        layer = nn.BatchNorm1d(2, affine=False, track_running_stats=False)
        assert layer.state_dict() == {}
        np.testing.assert_allclose(layer.eval()(x).data.mean(0), 0, atol=1e-6)
        assert repr(layer) == "BatchNorm1d(2, track_running_stats=False, affine=False)"
        assert repr(nn.BatchNorm2d(4, eps=0.1, momentum=None)) == "BatchNorm2d(4, eps=0.1, momentum=None)"

    @pytest.mark.parametrize("track", [True, False])
    @pytest.mark.parametrize("shape", [(4, 32, 32, 8), (2, 3, 1, 8), (6, 8), (4, 5, 8)])
    def test_in_training_it_is_one_operation(self, rng, track, shape):
        x = rng.normal(5.0, 2.0, size=shape)
        weights = rng.normal(size=x.shape)

        def normalize(x, layer):
            over = tuple(range(x.ndim - 1))
            return normalized(x, x.mean(over), sg.sqrt(x.var(over) + 1e-5), layer.weight, layer.bias)

        def train(run):
            layer = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(8, track_running_stats=track).to(np.float64)
            leaf = sg.tensor(x, requires_grad=True)
            out = run(leaf, layer)
            (out * weights).sum().backward()
            return out.op.name, [out.data, leaf.grad, layer.weight.grad, layer.bias.grad]

        name, at_once = train(lambda x, layer: layer(x))
        other, step_by_step = train(normalize)
        assert (name, other) == ("batch_norm", "add")
        for result, wanted in zip(at_once, step_by_step):
            np.testing.assert_allclose(result, wanted, rtol=1e-9, atol=1e-9)

    def test_in_evaluation_single_steps_are_recorded(self, rng):
        x = rng.normal(size=(4, 32, 32, 8)).astype(np.float32)
        for layer in (nn.BatchNorm2d(8).eval(), nn.BatchNorm2d(8, affine=False).eval()):
            assert layer(sg.tensor(x, requires_grad=True)).op.name == "add"

    def test_an_anomaly_names_it(self):
        layer = nn.BatchNorm1d(2)
        layer.weight.data = np.full(2, 3e38, np.float32)
        x = np.float32([[1, 2], [3, 4], [1, 9]])
        with np.errstate(all="ignore"), pytest.raises(sg.AnomalyError, match="batch_norm"), sg.detect_anomaly():
            layer(x)

    def test_an_empty_batch_in_evaluation(self):
        assert nn.BatchNorm2d(3).eval()(np.ones((0, 4, 4, 3), np.float32)).shape == (0, 4, 4, 3)

    def test_float32_and_input_left_alone(self, rng):
        x = rng.normal(size=(8, 4, 4, 2)).astype(np.float32)
        before = x.copy()
        layer = nn.BatchNorm2d(2)
        y = layer(x)
        y.sum().backward()
        np.testing.assert_array_equal(x, before)
        state = [y.dtype, layer.running_mean.dtype, layer.running_var.dtype, layer.weight.grad.dtype]
        assert state == [np.float32] * 4

    def test_refusals(self):
        with pytest.raises(ValueError, match=r"BatchNorm1d\(3\): got one value for each channel \(shape \(1, 3\)\)"):
            nn.BatchNorm1d(3)(np.ones((1, 3), np.float32))
        with pytest.raises(ValueError, match="one value for each channel"):
            nn.BatchNorm2d(3)(np.ones((1, 1, 1, 3), np.float32))
        layer = nn.BatchNorm1d(3)
        with pytest.raises(ValueError, match="one value"):
            layer(np.ones((1, 3), np.float32))
        assert layer.num_batches_tracked == 0
        with pytest.raises(ValueError, match=r"Sequential\.0 BatchNorm1d\(3\): .*expected \(batch, 3\) or"):
            nn.Sequential(layer)(np.ones((2, 4), np.float32))
        with pytest.raises(ValueError, match=r"BatchNorm2d\(3\): .*channels-first"):
            nn.BatchNorm2d(3)(np.ones((2, 3, 5, 5), np.float32))
        with pytest.raises(TypeError, match="float64, but its parameters are float32"):
            layer(np.ones((2, 3)))
        with pytest.raises(ValueError, match="momentum must be from 0 to 1"):
            nn.BatchNorm1d(3, momentum=1.5)
        with pytest.raises(ValueError, match="eps must be at least 0"):
            nn.BatchNorm1d(3, eps=-1)


class TestLayerNorm:
    @pytest.mark.parametrize("shape", [(4,), (3, 4)])
    def test_value(self, rng, shape):
        layer = nn.LayerNorm(shape, eps=1e-3).to(np.float64)
        layer.weight.data, layer.bias.data = rng.normal(size=shape), rng.normal(size=shape)
        x = rng.normal(2.0, 3.0, size=(2, 3, 4))
        over = tuple(range(-len(shape), 0))
        mean, var = x.mean(over, keepdims=True), x.var(over, keepdims=True)
        expected = (x - mean) / np.sqrt(var + 1e-3) * layer.weight.data + layer.bias.data
        np.testing.assert_allclose(layer(x).data, expected, rtol=1e-12)
        np.testing.assert_array_equal(layer.eval()(x).data, layer.train()(x).data)

    def test_gradients(self, rng):
        layer = nn.LayerNorm(4).to(np.float64)
        x, weights = sg.tensor(rng.normal(size=(2, 4)), requires_grad=True), rng.normal(size=(2, 4))
        assert sg.gradcheck(lambda x, *parameters: layer(x) * weights, (x, *layer.parameters()))

    def test_arguments(self):
        assert len(list(nn.LayerNorm(4, bias=False).parameters())) == 1
        assert len(list(nn.LayerNorm(4, elementwise_affine=False).parameters())) == 0
        assert repr(nn.LayerNorm((2, 3), eps=0.1, bias=False)) == "LayerNorm((2, 3), eps=0.1, bias=False)"
        assert repr(nn.LayerNorm(4, elementwise_affine=False)) == "LayerNorm(4, elementwise_affine=False)"
        with pytest.raises(ValueError, match=r"LayerNorm\(\(2, 3\)\): got .* \(5, 3\), expected .*2, 3\)"):
            nn.LayerNorm((2, 3))(np.ones((5, 3), np.float32))
        with pytest.raises(ValueError, match="at least one axis"):
            nn.LayerNorm(())
