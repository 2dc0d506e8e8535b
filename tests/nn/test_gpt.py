"""The GPT: what it sees, that it learns, generation with and without a cache; sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn


def sharp(positions="learned", context=8):
    """A model whose scores differ so much that rounding never decides between tokens."""
    model = nn.GPT(11, context, 16, 2, 2, positions=positions, seed=0)
    for parameter in model.parameters():
        parameter.data = parameter.data * np.float32(6)
    return model


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
def test_generation_with_a_cache_is_that_without(positions):
    model = sharp(positions)
    for start in ([3], [[1, 2, 3], [4, 5, 6]]):
        arguments = {"steps": 14, "temperature": 0.9, "top_k": 8, "seed": 1}  # longer than the context
        cached = model.generate(start, **arguments)
        np.testing.assert_array_equal(cached, model.generate(start, **arguments, cached=False))
        assert cached.shape == (*np.shape(start)[:-1], np.shape(start)[-1] + 14)
        np.testing.assert_array_equal(cached[..., : np.shape(start)[-1]], start)
    assert (model.generate([3], 14, seed=1) != model.generate([3], 14, seed=2)).any()


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
def test_scores_part_by_part(positions):
    model, tokens = sharp(positions), np.array([[3, 1, 4, 1, 5, 9]])
    caches = model.caches()
    parts = [model(tokens[:, a:b], caches).data for a, b in ((0, 1), (1, 4), (4, 6))]
    np.testing.assert_allclose(np.concatenate(parts, 1), model(tokens).data, rtol=1e-3, atol=1e-4)


def test_positions_matter_and_the_future_does_not():
    for positions in ("learned", "sinusoidal", "rotary"):
        model = sharp(positions)
        one, other = model(np.array([[1, 2, 2, 3]])).data, model(np.array([[2, 1, 2, 5]])).data
        assert np.abs(one[0, 2] - other[0, 2]).max() > 1e-3  # the same tokens in another order
        longer = model(np.array([[1, 2, 2, 3, 7, 7]])).data
        np.testing.assert_allclose(longer[:, :4], one, rtol=1e-5, atol=1e-5)


def test_the_first_loss_is_that_of_guessing(rng):
    model, tokens = nn.models.gpt(27, 16, seed=0), rng.integers(0, 27, (4, 16))
    loss = nn.functional.cross_entropy(model(tokens), rng.integers(0, 27, (4, 16)))
    assert loss.item() == pytest.approx(math.log(27), abs=0.05)
    assert sum(p.size for p in model.parameters()) == 204_544


def test_it_learns_a_sequence_compiled_and_plain():
    tokens = np.tile(np.arange(5), (2, 4))[:, :13]
    x, y = tokens[:, :-1], tokens[:, 1:]
    ends = []
    for way in (lambda f: f, sg.compile):
        model = nn.GPT(5, 12, 16, 1, 2, seed=0)
        optimizer = sg.optim.Adam(model.parameters(), lr=0.01)

        def step(x, y, model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run = way(step)
        losses = [run(x, y).item() for _ in range(60)]
        assert losses[-1] < 0.05
        np.testing.assert_array_equal(model.generate([0], 11, temperature=0), np.arange(12) % 5)
        ends.append(losses)
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-3)


def test_saving_and_summary(path_of_a_model):
    model = nn.GPT(7, 6, 8, 2, 2, positions="rotary", bias=False, seed=0).eval()
    model.save(path_of_a_model, input_shape=(6,))
    again, tokens = sg.load(path_of_a_model).eval(), np.array([[1, 2, 3]])
    np.testing.assert_array_equal(again(tokens).data, model(tokens).data)
    np.testing.assert_array_equal(again.generate([1], 9, seed=0), model.generate([1], 9, seed=0))
    table = model.summary((6,))
    assert table.parameters == sum(p.size for p in model.parameters())
    assert table.layers[-1].output_shape == (6, 7)


@pytest.fixture
def path_of_a_model(tmp_path):
    return tmp_path / "gpt.safetensors"


def test_what_is_refused():
    model = nn.GPT(7, 4, 8, 1, 2)
    with pytest.raises(ValueError, match=r"tokens of shape \(3,\), expected \(batch, length\); for a single"):
        model(np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="got 5 tokens in a sequence, but looks at 4 at most"):
        model(np.zeros((1, 5), int))
    with pytest.raises(ValueError, match="got the number 7, expected 0 to 6"):
        model(np.array([[7]]))
    with pytest.raises(ValueError, match="at least one"):
        model.generate([], 3)
    with pytest.raises(ValueError, match="positions must be 'learned', 'sinusoidal' or 'rotary'"):
        nn.GPT(7, 4, positions="none")
    assert model.generate([1], 0).tolist() == [1]


class TestSampling:
    def test_probabilities(self):
        p = np.array([0.1, 0.4, 0.2, 0.3])
        scores = np.log(p)[None]
        find = nn.token_probabilities
        np.testing.assert_allclose(find(scores)[0], p)
        np.testing.assert_allclose(find(scores, 0.5)[0], p**2 / (p**2).sum())
        assert find(scores, 0)[0].tolist() == [0, 1, 0, 0]
        np.testing.assert_allclose(find(scores, top_k=2)[0], [0, 4 / 7, 0, 3 / 7])
        np.testing.assert_allclose(find(scores, top_k=9)[0], p)
        np.testing.assert_allclose(find(scores, top_p=0.6)[0], [0, 4 / 7, 0, 3 / 7])
        assert find(scores, top_p=0.1)[0].tolist() == [0, 1, 0, 0]
        np.testing.assert_allclose(find(scores, top_p=1.0)[0], p)
        np.testing.assert_allclose(find(scores, top_k=3, top_p=0.5)[0], [0, 4 / 7, 0, 3 / 7])
        assert find(scores.astype(np.float32)).dtype == np.float32

    def test_extreme_scores(self):
        assert nn.token_probabilities(np.array([1e4, -1e4, 0.0]), 1e-3).tolist() == [1, 0, 0]
        assert nn.token_probabilities(np.array([-np.inf, 0.0, -np.inf])).tolist() == [0, 1, 0]
        assert nn.token_probabilities(np.zeros(4), top_k=2).tolist() == [0.5, 0.5, 0, 0]

    def test_draws_follow_the_probabilities(self):
        scores = np.broadcast_to(np.log([0.1, 0.0001, 0.6, 0.2999]), (20_000, 4))
        drawn = nn.sample_tokens(scores, top_k=3, seed=0)
        shares = np.bincount(drawn, minlength=4) / len(drawn)
        np.testing.assert_allclose(shares, np.array([0.1, 0, 0.6, 0.2999]) / 0.9999, atol=0.012)
        np.testing.assert_array_equal(drawn, nn.sample_tokens(scores, top_k=3, seed=0))
        assert nn.sample_tokens(scores.reshape(2, 100, 100, 4), 0).shape == (2, 100, 100)

    def test_what_is_refused(self):
        for arguments, message in (
            ({"temperature": -1}, "temperature must be at least 0"),
            ({"temperature": math.nan}, "temperature must be at least 0"),
            ({"top_k": 0}, "top_k must be at least 1"),
            ({"top_p": 0}, "top_p must be above 0"),
        ):
            with pytest.raises(ValueError, match=message):
                nn.sample_tokens(np.zeros(3), **arguments)
        with pytest.raises(ValueError, match=r"expected scores \(..., vocabulary\) of floats, got int64"):
            nn.sample_tokens(np.zeros(3, int))


class TestTopK:
    def test_values_and_places(self, rng):
        x = rng.permutation(60).reshape(3, 4, 5).astype(float)
        for axis in (-1, 0, 1):
            values, places = sg.topk(x, 2, axis)
            np.testing.assert_array_equal(values, -np.sort(-x, axis).take([0, 1], axis))
            np.testing.assert_array_equal(np.take_along_axis(x, places, axis), values)
            np.testing.assert_array_equal(sg.topk(x, 2, axis, largest=False)[0], np.sort(x, axis).take([0, 1], axis))

    def test_ties_nan_and_other_kinds(self):
        assert sg.topk(np.array([1, 2, 2, 0]), 3)[1].tolist() == [1, 2, 0]
        assert sg.topk(np.array([2, 1, 1, 0]), 3, largest=False)[1].tolist() == [3, 1, 2]
        assert sg.topk(np.array([1.0, np.nan, np.inf]), 2)[1].tolist() == [1, 2]
        assert sg.topk(np.array([3, 250], np.uint8), 1)[0].tolist() == [250]
        assert sg.topk(np.zeros((0, 3)), 2)[0].shape == (0, 2)
        assert sg.topk(np.zeros(3), 0)[0].shape == (0,)

    def test_gradient(self, rng):
        x = sg.tensor(rng.normal(size=(2, 5)), requires_grad=True)
        assert sg.gradcheck(lambda x: sg.topk(x, 3).values ** 2, (x,), order=2)
        np.testing.assert_array_equal(sg.vmap(lambda r: sg.topk(r, 2).values)(x.data), sg.topk(x.data, 2).values)

    def test_what_is_refused(self):
        with pytest.raises(ValueError, match=r"k is 4, but axis 0 of an array of shape \(3,\) has 3 elements"):
            sg.topk(np.zeros(3), 4)


def test_other_models():
    model = nn.models.mlp([4, 8, 8, 3], "gelu", dropout=0.1, seed=0)
    assert [type(layer).__name__ for layer in model] == "Linear GELU Dropout Linear GELU Dropout Linear".split()
    assert model(np.ones((2, 4), np.float32)).shape == (2, 3)
    with pytest.raises(ValueError, match="at least two sizes"):
        nn.models.mlp([4])
    model = nn.models.resnet(3, 7, (1, 2), 4, seed=0)
    assert model(np.ones((2, 9, 8, 3), np.float32)).shape == (2, 7)
    blocks = [layer for layer in model if isinstance(layer, nn.Residual)]
    assert [block.shortcut is None for block in blocks] == [True, False, True]
    assert sum(p.size for p in nn.models.resnet(3, 10, (3, 3, 3)).parameters()) == 272_474
