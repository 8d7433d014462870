"""Attention by hand against torch's fused kernel, and the properties that define it."""

import torch
import torch.nn.functional as F

from minilm.model.attention import CausalSelfAttention, attend, causal_mask


def test_the_mask_lets_each_query_see_itself_and_the_past():
    assert causal_mask(3, 3).tolist() == [
        [True, False, False], [True, True, False], [True, True, True],
    ]  # fmt: skip
    assert causal_mask(2, 4).tolist() == [[True, True, True, False], [True, True, True, True]]


def test_attend_equals_torchs_kernel():
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 10, 8).unbind(0)
    mask = causal_mask(10, 10)
    mixed, weights = attend(query, key, value, mask)
    fused = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(mixed, fused, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 10))
    assert (weights[..., ~mask] == 0).all()


def test_the_layer_is_attend_between_its_projections():
    torch.manual_seed(0)
    layer = CausalSelfAttention(d_model=16, n_heads=4, n_kv_heads=2, qk_norm=True)
    x = torch.randn(2, 7, 16)
    query, key, value = layer.project(x)
    key, value = (heads.repeat_interleave(2, dim=1) for heads in (key, value))  # G -> H
    mixed, _ = attend(query, key, value, causal_mask(7, 7))
    expected = layer.out(mixed.transpose(1, 2).flatten(2))
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)


def test_grouped_heads_share_keys_and_values_and_nothing_else():
    layer = CausalSelfAttention(d_model=16, n_heads=4, n_kv_heads=1)
    query, key, value = layer.project(torch.randn(2, 7, 16))
    assert query.shape == (2, 4, 7, 4)
    assert key.shape == value.shape == (2, 1, 7, 4)


def test_without_positions_the_past_is_a_bag():
    torch.manual_seed(0)
    layer = CausalSelfAttention(d_model=16, n_heads=2)
    x = torch.randn(1, 5, 16)
    shuffled = x[:, [2, 0, 3, 1, 4]]
    torch.testing.assert_close(layer(x)[0, -1], layer(shuffled)[0, -1], atol=1e-5, rtol=1e-5)
