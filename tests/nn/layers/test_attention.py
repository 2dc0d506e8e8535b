"""Attention: masks, caches, gradients, what is refused; test_sequence_oracle.py compares with PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.functional import rotary_embedding, scaled_dot_product_attention


def by_hand(q, k, v, seen):
    """Attention with loops over queries and keys, for (L, D), (S, D) and (S, E)."""
    rows = []
    for i, query in enumerate(q):
        scores = [np.exp(query @ key / np.sqrt(len(query))) if seen[i][j] else 0.0 for j, key in enumerate(k)]
        total = sum(scores)
        rows.append(sum(s / total * value for s, value in zip(scores, v)) if total else 0 * v[0])
    return np.array(rows)


class TestFunction:
    @pytest.mark.parametrize("causal", [False, True])
    def test_value(self, rng, causal):
        q, k, v = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
        seen = np.tri(4, 5, dtype=bool) if causal else np.ones((4, 5), bool)
        found = scaled_dot_product_attention(q, k, v, is_causal=causal)
        np.testing.assert_allclose(found.data, by_hand(q, k, v, seen), rtol=1e-12)

    def test_who_sees_nothing_gets_nothing_and_gives_no_gradient(self, rng):
        x = sg.tensor(rng.normal(size=(1, 3, 2)), requires_grad=True)
        mask = np.array([[True, False, True], [False, False, False], [True, True, True]])
        found = scaled_dot_product_attention(x, x, x, mask)
        np.testing.assert_allclose(found.data[0], by_hand(x.data[0], x.data[0], x.data[0], mask), rtol=1e-12)
        found[0, 1].sum().backward()
        assert x.grad.tolist() == np.zeros((1, 3, 2)).tolist()

    def test_gradients(self, rng):
        arrays = [sg.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((2, 3), (4, 3), (4, 2), (2, 4))]
        seen = np.array([[True, False, True, True], [False, True, True, False]])
        assert sg.gradcheck(lambda q, k, v, m: scaled_dot_product_attention(q, k, v, m), arrays, order=2)
        assert sg.gradcheck(lambda q, k, v, m: scaled_dot_product_attention(q, k, v, seen), arrays[:3] + [arrays[3]])

    def test_dropout_drops_weights(self):
        x = np.ones((1, 50, 2), np.float32)
        one = scaled_dot_product_attention(x, x, np.eye(50, dtype=np.float32)[None], dropout_p=0.5, seed=0)
        assert one.dtype == np.float32
        assert 0.3 < (one.data == 0).mean() < 0.7
        same = scaled_dot_product_attention(x, x, np.eye(50, dtype=np.float32)[None], dropout_p=0.5, seed=0)
        np.testing.assert_array_equal(one.data, same.data)

    def test_what_is_refused(self):
        x = np.ones((3, 2))
        with pytest.raises(ValueError, match=r"got shapes \(3, 2\), \(3, 3\) and \(3, 2\)"):
            scaled_dot_product_attention(x, np.ones((3, 3)), x)
        with pytest.raises(ValueError, match="either attn_mask or is_causal"):
            scaled_dot_product_attention(x, x, x, np.ones((3, 3), bool), is_causal=True)


class TestRotary:
    def test_products_depend_on_distances(self, rng):
        q, k = (np.broadcast_to(rng.normal(size=6), (7, 6)) for _ in range(2))
        products = rotary_embedding(q).data @ rotary_embedding(k).data.T
        for offset in range(-6, 7):
            along = np.diagonal(products, offset)
            np.testing.assert_allclose(along, along[0], rtol=1e-12)
        np.testing.assert_allclose(rotary_embedding(q, 3).data[:4], rotary_embedding(q).data[3:], rtol=1e-12)

    def test_pairs_are_turned(self):
        x = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
        np.testing.assert_allclose(rotary_embedding(x).data[1:], [[np.cos(t), np.sin(t)] for t in (1, 2)], rtol=1e-12)
        assert sg.gradcheck(rotary_embedding, (sg.tensor(np.arange(8.0).reshape(2, 4), requires_grad=True),), order=2)
        with pytest.raises(ValueError, match="even features"):
            rotary_embedding(np.ones((2, 3)))


class TestMultiheadAttention:
    def test_gradients(self, rng):
        layer = nn.MultiheadAttention(4, 2, rotary=True, seed=0).to(np.float64)
        x = sg.tensor(rng.normal(size=(1, 3, 4)), requires_grad=True)
        assert sg.gradcheck(lambda x, *_: layer(x, is_causal=True)[0], (x, *layer.parameters()))
        assert sg.gradcheck(lambda x: layer(x, is_causal=True)[0], (x,), order=2)

    def test_the_future_has_no_part(self, rng):
        layer = nn.MultiheadAttention(6, 3, seed=0)
        x = rng.normal(size=(2, 5, 6)).astype(np.float32)
        output, weights = layer(x, is_causal=True)
        assert output.dtype == weights.dtype == np.float32
        np.testing.assert_allclose(weights.data.sum(-1), 1, rtol=1e-6)
        assert not np.triu(weights.data, 1).any()
        x[:, 3:] = 9
        np.testing.assert_array_equal(layer(x, is_causal=True)[0].data[:, :3], output.data[:, :3])

    def test_a_mask_of_floats_is_of_the_layer_s_dtype(self, rng):
        layer, x = nn.MultiheadAttention(4, 2), np.ones((1, 3, 4), np.float32)
        output, _ = layer(x, attn_mask=rng.normal(size=(3, 3)), key_padding_mask=np.array([[0.0, -np.inf, 0.0]]))
        assert output.dtype == np.float32
        bias = sg.tensor(np.zeros((3, 3), np.float32), requires_grad=True)
        layer(x, attn_mask=bias)[1][0, 0, 0].backward()
        assert bias.grad.any()  # a learned bias

    @pytest.mark.parametrize("rotary", [False, True])
    def test_part_by_part_with_a_cache(self, rng, rotary):
        layer = nn.MultiheadAttention(8, 2, rotary=rotary, seed=0).to(np.float64)
        x = rng.normal(size=(2, 6, 8))
        whole, _ = layer(x, is_causal=True)
        cache = nn.KeyValueCache()
        parts = [layer(x[:, a:b], is_causal=True, cache=cache)[0].data for a, b in ((0, 3), (3, 4), (4, 6))]
        np.testing.assert_allclose(np.concatenate(parts, 1), whole.data, rtol=1e-10, atol=1e-12)
        assert len(cache) == 6

    def test_what_is_refused(self):
        x = np.ones((2, 3, 4), np.float32)
        layer = nn.MultiheadAttention(4, 2)
        with pytest.raises(
            ValueError, match=r"got a query of shape \(3, 4\), expected \(batch, length, 4\); for a single"
        ):
            layer(x[0])
        with pytest.raises(ValueError, match=r"their batches must be the same"):
            layer(x, np.ones((1, 3, 4), np.float32))
        with pytest.raises(ValueError, match=r"attn_mask of shape \(3, 2\) .* of shape \(3, 3\) or \(4, 3, 3\)"):
            layer(x, attn_mask=np.ones((3, 2), bool))
        with pytest.raises(ValueError, match=r"key_padding_mask of shape \(2, 3\) and dtype int64"):
            layer(x, key_padding_mask=np.ones((2, 3), int))
        with pytest.raises(ValueError, match="num_heads 3 must divide embed_dim 4"):
            nn.MultiheadAttention(4, 3)
        with pytest.raises(ValueError, match="even number of features"):
            nn.MultiheadAttention(6, 2, rotary=True)
        with pytest.raises(TypeError, match="float64"):
            layer(x.astype(np.float64))

    def test_repr_and_summary(self):
        layer = nn.MultiheadAttention(4, 2, 0.1, bias=False, batch_first=False)
        assert repr(layer).startswith("MultiheadAttention(\n  4, 2, dropout=0.1, bias=False, batch_first=False")
        assert nn.MultiheadAttention(4, 2).summary((3, 4)).layers[-1].output_shape == (3, 4)


class TestTransformerEncoderLayer:
    @pytest.mark.parametrize("norm_first", [False, True])
    def test_gradients(self, rng, norm_first):
        block = nn.TransformerEncoderLayer(4, 2, 6, 0.0, "gelu", norm_first=norm_first, seed=0).to(np.float64)
        x = sg.tensor(rng.normal(size=(1, 3, 4)), requires_grad=True)
        assert sg.gradcheck(lambda x, *_: block(x), (x, *block.parameters()))
        assert sg.gradcheck(lambda x: block(x, is_causal=True), (x,), order=2)

    def test_dropout_while_training_alone(self):
        block, x = nn.TransformerEncoderLayer(8, 2, 16, 0.5, seed=0), np.ones((2, 3, 8), np.float32)
        assert (block(x).data != block(x).data).any()
        assert (block.eval()(x).data == block(x).data).all()

    def test_what_is_refused(self):
        with pytest.raises(ValueError, match="activation must be one of relu, gelu, silu, got 'step'"):
            nn.TransformerEncoderLayer(4, 2, activation="step")


class TestPositions:
    def test_sinusoids(self):
        added = nn.SinusoidalPositions(5)(np.zeros((1, 3, 5)), start=2).data[0]
        for row, position in zip(added, (2, 3, 4)):
            angles = [position / 10000 ** (2 * (i // 2) / 5) for i in range(5)]
            np.testing.assert_allclose(
                row, [np.cos(a) if i % 2 else np.sin(a) for i, a in enumerate(angles)], rtol=1e-12
            )

    def test_learned_ones(self):
        layer = nn.LearnedPositions(4, 2, weight_init=nn.init.ones)
        layer(np.zeros((3, 2, 2), np.float32), start=1).sum().backward()
        assert layer.weight.grad.tolist() == [[0, 0], [3, 3], [3, 3], [0, 0]]
        with pytest.raises(ValueError, match="positions 3 to 4, but knows 4"):
            layer(np.zeros((3, 2, 2), np.float32), start=3)
        with pytest.raises(ValueError, match=r"shape \(2, 2\), expected \(batch, length, 2\)"):
            layer(np.zeros((2, 2), np.float32))


@pytest.mark.parametrize("bias", [True, False])
def test_one_input_is_projected_as_three_equal_ones_are(rng, bias):
    layer, given = nn.MultiheadAttention(6, 2, bias=bias, seed=0), rng.normal(size=(2, 5, 6)).astype(np.float32)
    found = []
    for copies in (1, 3):
        x = sg.tensor(given, requires_grad=True)
        output, weights = layer(*[x, x + 0.0, x + 0.0][:copies], is_causal=True)
        layer.zero_grad()
        (output * output).sum().backward()
        found.append([output.data, weights.data, x.grad, *[p.grad for p in layer.parameters()]])
    for once, thrice in zip(*found):
        np.testing.assert_allclose(np.asarray(once), np.asarray(thrice), rtol=1e-4, atol=1e-6)
