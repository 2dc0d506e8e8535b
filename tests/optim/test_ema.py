"""Averages of parameters."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import seegrad as sg
from seegrad.optim import EMA


def test_formula(rng):
    values = rng.normal(size=(20, 3))
    p = sg.tensor(values[0], requires_grad=True)
    ema, slow = EMA([p], 0.9, warm_up=False), EMA([p], 0.9)
    expected = warm = values[0]
    for t, value in enumerate(values[1:], 1):
        p.data = value
        ema.update()
        slow.update()
        d = min(0.9, (1 + t) / (10 + t))
        expected, warm = 0.9 * expected + 0.1 * value, d * warm + (1 - d) * value
    np.testing.assert_allclose(ema.averages[0], expected, rtol=1e-13)
    np.testing.assert_allclose(slow.averages[0], warm, rtol=1e-13)
    np.testing.assert_array_equal(p.data, values[-1])


def test_averaged_gives_back_even_after_an_error():
    p = sg.tensor([1.0], dtype=np.float32, requires_grad=True)
    ema = EMA([p, p], 0.5, warm_up=False)
    assert len(ema.averages) == 1
    p.data = np.float32([3.0])
    ema.update()

    def inside():
        with ema.averaged():
            assert p.item() == 2.0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        inside()
    assert p.item() == 3.0
    ema.copy_to()
    assert p.item() == 2.0
    assert p.dtype == np.float32


def test_an_old_graph_refuses_inside():
    p = sg.tensor([1.0], requires_grad=True)
    loss = (p * p).sum()
    with EMA([p]).averaged(), pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_state_round_trip():
    p, q = sg.tensor([1.0], requires_grad=True), sg.tensor([1.0], requires_grad=True)
    one, two = EMA([p], 0.9), EMA([q], 0.9)
    p.data = np.array([2.0])
    one.update()
    two.load_state_dict(one.state_dict())
    p.data, q.data = np.array([5.0]), np.array([5.0])
    one.update()
    two.update()
    assert one.averages == two.averages
    assert two.steps == 2
    with pytest.raises(ValueError, match="does not fit the EMA"):
        two.load_state_dict({"steps": 1, "state": {"0": np.zeros(2)}})
    with pytest.raises(ValueError, match="'steps' and 'state'"):
        two.load_state_dict({})
    assert two.averages == one.averages


def test_refusals():
    with pytest.raises(ValueError, match="got no parameters"):
        EMA([])
    with pytest.raises(ValueError, match="decay must be from 0 to 1"):
        EMA([sg.tensor([1.0])], 1.5)
    with pytest.raises(TypeError, match="parameter 0"):
        EMA([np.ones(2)])


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_averages_its_own_parameters(twin):
    p = sg.tensor([1.0], requires_grad=True)
    ema = EMA([p], 0.5, warm_up=False)
    q, other = twin((p, ema))
    q.data = np.array([3.0])
    other.update()
    with other.averaged():
        assert (p.item(), q.item()) == (1.0, 2.0)
    assert ema.averages[0].item() == 1.0


def test_follows_a_parameter_whose_dtype_changes():
    p = sg.tensor([1.0], dtype=np.float32, requires_grad=True)
    ema = EMA([p], 0.5, warm_up=False)
    p.data = np.array([1.0 + 2.0**-40])
    ema.update()
    assert ema.averages[0].item() == 1.0 + 2.0**-41
    p.data = np.float32([2.0])
    with ema.averaged():
        assert p.dtype == np.float32


def test_ctrl_c_while_the_averages_are_written_leaves_the_parameters_own_values():
    w = sg.tensor([1.0], requires_grad=True)

    class Interrupted(EMA):
        def copy_to(self):
            super().copy_to()
            raise KeyboardInterrupt

    ema = Interrupted([w])
    w.data = np.array([2.0])
    with pytest.raises(KeyboardInterrupt), ema.averaged():
        pass
    assert w.data.tolist() == [2.0]
