"""PyTorch's methods that are composed of operations: derivatives, batches, recorded programs, writes."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

F = nn.functional
INDEX = np.array([[0, 1], [2, 0], [1, 1]])

#: Functions of a matrix (3, 4) whose derivatives are checked.
COMPOSED = {
    "view": lambda x: x.view(4, 3),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "permute": lambda x: x.permute(1, 0),
    "expand": lambda x: x.expand(2, -1, -1),
    "unflatten": lambda x: x.unflatten(1, (2, 2)),
    "mT": lambda x: x.mT,
    "flip": lambda x: x.flip(0),
    "roll": lambda x: x.roll(1, 1),
    "tile": lambda x: x.tile(2, 1),
    "repeat_interleave": lambda x: x.repeat_interleave(2, dim=1),
    "chunk": lambda x: x.chunk(3, dim=1)[1],
    "unbind": lambda x: x.unbind(1)[2],
    "split_with_sizes": lambda x: x.split_with_sizes([1, 3], 1)[1],
    "narrow": lambda x: x.narrow(1, 1, 2),
    "select": lambda x: x.select(1, 2),
    "index_select": lambda x: x.index_select(1, [3, 0, 3]),
    "gather": lambda x: x.gather(1, INDEX),
    "masked_fill": lambda x: x.masked_fill(np.eye(3, 4, dtype=bool), 2.0),
    "masked_select": lambda x: x.masked_select(np.eye(3, 4, dtype=bool)),
    "topk": lambda x: x.topk(2).values,
    "amax": lambda x: x.amax(dim=1),
    "ptp": lambda x: x.ptp(1),
    "norm": lambda x: x.norm(dim=1),
    "clamp": lambda x: x.clamp(min=-0.3),
    "pow": lambda x: x.pow(3),
    "rsqrt": lambda x: (x * x + 1.0).rsqrt(),
    "lerp": lambda x: x.lerp(x * x, 0.3),
    "logit": lambda x: x.sigmoid().logit(),
    "erfc": lambda x: x.erfc(),
    "addmm": lambda x: x.addmm(x[:, :3], x, beta=0.5, alpha=2.0),
    "addcmul": lambda x: x.addcmul(x, x, value=0.5),
    "addcdiv": lambda x: x.addcdiv(x, x * x + 1.0),
    "logdet": lambda x: (x @ x.T).logdet(),
    "normalize": lambda x: F.normalize(x),
    "cosine_similarity": lambda x: F.cosine_similarity(x, x * x),
    "pairwise_distance": lambda x: F.pairwise_distance(x, x * x),
    "scaled_dot_product_attention": lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
    "softsign": lambda x: F.softsign(x),
    "logsigmoid": lambda x: F.logsigmoid(x),
    "hardswish": lambda x: F.hardswish(x),
    "selu": lambda x: F.selu(x),
    "mish": lambda x: F.mish(x),
    "tanhshrink": lambda x: F.tanhshrink(x),
}
#: What selects by a mask, or asks where numbers stand, has a result whose shape or choice depends on data.
NOT_FOR_BATCHES = {"masked_select"}


@pytest.fixture
def data(rng):
    return rng.normal(size=(3, 4))


@pytest.mark.parametrize("name", COMPOSED)
def test_derivatives_to_second_order(data, name):
    assert sg.gradcheck(COMPOSED[name], sg.tensor(data, requires_grad=True), order=2)


@pytest.mark.parametrize("name", COMPOSED)
def test_a_recorded_program_gives_the_same(data, name):
    f = COMPOSED[name]
    compiled = sg.compile(lambda x: f(x * 1.0))
    for factor in (1.0, 1.5):
        given, plain = (sg.tensor(data * factor, requires_grad=True) for _ in range(2))
        out, expected = compiled(given), f(plain * 1.0)
        np.testing.assert_allclose(out.data, expected.data, rtol=1e-12, atol=1e-14)
        out.sum().backward()
        expected.sum().backward()
        np.testing.assert_allclose(given.grad, plain.grad, rtol=1e-10, atol=1e-13)
    assert compiled.why_not is None


@pytest.mark.parametrize("name", sorted(COMPOSED.keys() - NOT_FOR_BATCHES))
def test_a_batch_gives_what_a_loop_gives(data, name):
    f = COMPOSED[name]
    batch = np.stack([data, data[::-1] * 0.7])
    found = sg.vmap(lambda x: f(sg.tensor(x) * 1.0))(batch)
    for i, example in enumerate(batch):
        expected = f(sg.tensor(example) * 1.0)
        np.testing.assert_allclose(np.asarray(found)[i], expected.data, rtol=1e-12, atol=1e-14)


def test_questions_give_plain_answers(data):
    x = sg.tensor(data, requires_grad=True)
    for given, expected in (
        (x.any(), True),
        (x.all(dim=0), (data != 0).all(0)),
        (x.argsort(dim=0), data.argsort(0)),
        (x.eq(x), np.ones((3, 4), bool)),
        (x.isnan(), np.zeros((3, 4), bool)),
        (x.numel(), 12),
        (x.is_floating_point(), True),
        (x.nbytes, 96),
    ):
        assert not isinstance(given, sg.Tensor)
        np.testing.assert_array_equal(given, expected)


def test_writes_are_seen_and_recorded(data):
    x = sg.tensor(data)
    row = x[0]
    assert x.zero_() is x
    assert row.tolist() == [0.0] * 4  # a view
    assert x.fill_(2.0).add_(1.0, alpha=3.0).mul_(2.0).tolist() == [[10.0] * 4] * 3
    w = sg.tensor(data, requires_grad=True)
    y = (w * 2.0).add_(w)
    y.sum().backward()
    np.testing.assert_array_equal(w.grad, np.full((3, 4), 3.0))
    with sg.no_grad():
        assert w.copy_(np.ones((3, 4))).data.sum() == 12.0
    number = sg.tensor(1.0)
    assert number.add_(2.0) is number
    assert number.item() == 3.0


def test_random_numbers_follow_the_seed_and_are_drawn_anew_in_a_program():
    sg.manual_seed(3)
    first = sg.randn(4).tolist(), sg.rand(2, dtype=np.float64).tolist(), sg.randint(0, 9, (3,)).tolist()
    sg.manual_seed(3)
    assert first == (sg.randn(4).tolist(), sg.rand(2, dtype=np.float64).tolist(), sg.randint(0, 9, (3,)).tolist())
    noisy = sg.compile(lambda x: x + sg.randn(3, dtype=np.float64))
    x = sg.tensor(np.zeros(3), requires_grad=True)
    sg.manual_seed(5)
    drawn = [noisy(x).data for _ in range(3)]
    assert noisy.why_not is None
    assert noisy.replays
    sg.manual_seed(5)
    np.testing.assert_array_equal(drawn, [sg.randn(3, dtype=np.float64).data for _ in range(3)])
    assert sorted(sg.randperm(5).tolist()) == [0, 1, 2, 3, 4]
    assert float(sg.rand(10000).data.max()) < 1.0


def test_recording_can_be_turned_on_inside_of_no_grad():
    x = sg.tensor([1.0], requires_grad=True)
    with sg.no_grad():
        assert not sg.is_grad_enabled()
        with sg.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad


def test_a_size_is_a_number_and_can_be_called(data):
    x = sg.tensor(data)
    assert x.size == 12
    assert isinstance(x.size, int)
    assert (x.size(), x.size(-1)) == ((3, 4), 4)
    assert repr(x.size) == "12"
    assert sg.vmap(lambda row: row * row.size(0))(np.ones((2, 3))).tolist() == [[3.0] * 3] * 2


def test_devices():
    x = sg.tensor([1.0], requires_grad=True)
    assert x.to(sg.device("cpu"), np.float32).dtype == np.float32
    assert x.to(dtype=sg.float16).dtype == np.float16
    assert x.to("float32").dtype == np.float32
    assert x.to(sg.zeros(2)).dtype == np.float32
    for wrong in ("cuda", "cuda:0", "mps"):
        with pytest.raises(ValueError, match="seegrad computes on the CPU"):
            x.to(wrong)
        with pytest.raises(ValueError, match="seegrad computes on the CPU"):
            nn.Linear(2, 2).to(wrong)


def test_a_gradient_flows_through_a_cast():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    (x.float() * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    assert x.grad.dtype == np.float64
