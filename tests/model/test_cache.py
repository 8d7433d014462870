"""What is remembered: no more than can be seen, and the right rows of a batch."""

import pytest
import torch

from minilm.model.cache import KVCache, LayerCache, WindowCache, make_cache
from minilm.model.transformer import Transformer, TransformerConfig


def test_a_layer_gives_back_all_that_it_was_given():
    cache, key, value = LayerCache(2, 3, 9, 4), torch.randn(2, 3, 9, 4), torch.randn(2, 3, 9, 4)
    for start, end in [(0, 5), (5, 6), (6, 9)]:
        keys, values = cache.extend(key[:, :, start:end], value[:, :, start:end])
        assert keys.equal(key[:, :, :end])
        assert values.equal(value[:, :, :end])
        assert len(cache) == end


@pytest.mark.parametrize("pieces", [[1] * 9, [5, 1, 3], [9], [2, 7]])
def test_a_window_holds_what_the_next_position_sees_beside_itself(pieces):
    cache, key = WindowCache(2, 3, window=4, d_head=5), torch.randn(2, 3, 9, 5)
    end = 0
    for piece in pieces:
        start, end = end, end + piece
        keys, values = cache.extend(key[:, :, start:end], -key[:, :, start:end])
        assert keys.equal(key[:, :, max(0, start - 3) : end])
        assert values.equal(-keys)
        assert len(cache) == end
        assert cache.keys.shape[2] == min(3, end)


def test_the_sizes_are_those_of_the_config():
    config = TransformerConfig(9, context_length=50, n_layers=2, n_heads=4, d_model=32)
    sizes = {
        "all heads": ({}, 2 * 2 * 50 * 4 * 8),
        "one head": ({"n_kv_heads": 1}, 2 * 2 * 50 * 8),
        "wide heads": ({"d_head": 20}, 2 * 2 * 50 * 4 * 20),
        "latent": ({"attention": "latent"}, 2 * 50 * (4 * 8 + 8 // 2)),
        "small latent": ({"attention": "latent", "kv_rank": 9, "d_rope": 6}, 2 * 50 * (9 + 6)),
        "latent, no rope": ({"attention": "latent", "position": "none"}, 2 * 50 * 4 * 8),
    }
    for name, (changes, numbers) in sizes.items():
        kind = TransformerConfig(**(vars(config) | changes))
        assert make_cache(kind, 1, 50).numbers() == numbers, name
    model = Transformer(TransformerConfig(**(vars(config) | {"window": 6})))
    cache = model.make_cache()
    for ids in torch.zeros(1, 50, dtype=torch.int64).split(1, dim=1):
        model(ids, cache)
    assert cache.numbers() == 2 * 2 * (6 - 1) * 4 * 8


@pytest.mark.parametrize("window", [None, 4])
def test_rows_can_be_kept_doubled_and_reordered(window):
    torch.manual_seed(0)
    config = TransformerConfig(20, context_length=12, n_layers=2, d_model=16, window=window)
    model = Transformer(config)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    ids = torch.randint(20, (3, 10))
    cache = model.make_cache(batch_size=3)
    model(ids[:, :7], cache)
    rows = torch.tensor([2, 0, 2, 2])
    cache.select(rows)
    torch.testing.assert_close(model(ids[rows, 7:], cache), model(ids)[rows, 7:])


def test_the_numbers_follow_the_format_of_what_they_hold():
    cache = KVCache(1, 1, 1, 4, 2)
    keys, _ = cache.layers[0].extend(*torch.ones(2, 1, 1, 3, 2, dtype=torch.float64))
    assert keys.dtype == torch.float64
