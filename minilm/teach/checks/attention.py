"""The checks of chapter 32."""

from collections.abc import Callable

import torch
from torch import Tensor

from minilm.model.cache import KVCache
from minilm.teach.check import Checks, exercise


@exercise
def sliding_window_mask(attempt: Callable[[int, int], Tensor]) -> Checks:
    """A mask in which each position sees itself and the `window` - 1 positions before it."""
    mask = attempt(5, 2)
    yield mask.shape == (5, 5), f"for 5 tokens the mask is (5, 5), not {tuple(mask.shape)}"
    yield mask.dtype == torch.bool, f"a mask holds True and False, yours holds {mask.dtype}"
    yield bool(mask.diagonal().all()), "a token may look at itself: the diagonal must be True"
    future = mask.triu(diagonal=1).nonzero().tolist()
    yield not future, "position {} looks into the future, at {}".format(*(future or [[0, 0]])[0])
    seen = attempt(8, 3).sum(dim=1).tolist()
    yield seen == [1, 2, 3, 3, 3, 3, 3, 3], f"with a window of 3 the rows see {seen} tokens"
    full = attempt(6, 6)
    yield full.equal(torch.ones(6, 6).tril() > 0), "a window of T must be the causal mask"


@exercise
def stable_softmax(attempt: Callable[[Tensor], Tensor]) -> Checks:
    """Softmax over the last dimension that survives large and masked scores."""
    scores = torch.tensor([[0.0, 1.0, 2.0], [3.0, 3.0, 3.0]])
    weights = attempt(scores)
    yield weights.shape == scores.shape, f"(2, 3) goes in, {tuple(weights.shape)} came out"
    sums = weights.sum(dim=-1).tolist()
    yield (
        torch.allclose(weights.sum(dim=-1), torch.ones(2)),
        f"each row must sum to one; the rows sum to {[round(s, 3) for s in sums]}",
    )
    yield torch.allclose(weights, scores.softmax(dim=-1)), "the weights differ from e^score / sum"
    large = attempt(torch.tensor([1000.0, 1001.0]))
    yield (
        torch.allclose(large, torch.tensor([0.2689, 0.7311]), atol=1e-3),
        f"scores of 1000 and 1001 gave {large.tolist()} instead of [0.27, 0.73]: remember that"
        " e^1000 is infinite in float32",
    )
    far = attempt(torch.tensor([[0.0, 1.0], [1000.0, 1001.0]]))
    yield (
        torch.allclose(far, torch.tensor([0.2689, 0.7311]), atol=1e-3),
        f"the rows [0, 1] and [1000, 1001] together gave {far.tolist()}: each row needs a shift of"
        " its own",
    )
    masked = attempt(torch.tensor([1.0, float("-inf"), 1.0]))
    yield masked.tolist() == [0.5, 0.0, 0.5], f"a masked score (-inf) gave {masked.tolist()}"


@exercise
def merge_heads(attempt: Callable[[Tensor], Tensor]) -> Checks:
    """Put the heads side by side again: (B, H, T, K) -> (B, T, H * K)."""
    numbers = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5)  # B = 2, H = 3, T = 4, K = 5
    merged = attempt(numbers)
    yield (
        merged.shape == (2, 4, 15),
        f"(2, 3, 4, 5) must become (2, 4, 15), not {tuple(merged.shape)}",
    )
    row = merged[0, 1].tolist()
    expected = numbers[0, :, 1].flatten().tolist()
    yield (
        row == expected,
        f"position 1 must hold its own three heads, one after the other, {expected}; yours holds"
        f" {row}: "
        + (
            "they are mixed"
            if sorted(row) == sorted(expected)
            else "numbers of other positions slipped in"
        ),
    )
    yield merged.equal(numbers.transpose(1, 2).flatten(2)), "another position or batch row is wrong"


@exercise
def cache_numbers(attempt: Callable[[int, int, int, int], int]) -> Checks:
    """How many numbers a key-value cache holds for one sequence, against the real cache."""
    for n_layers, n_kv_heads, length, d_head in [(1, 1, 10, 4), (4, 4, 256, 32), (30, 3, 99, 64)]:
        cache = KVCache(n_layers, 1, n_kv_heads, length, d_head)
        real = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
        got = attempt(n_layers, n_kv_heads, length, d_head)
        yield (
            got == real,
            f"n_layers={n_layers}, n_kv_heads={n_kv_heads}, length={length}, d_head={d_head}: the"
            f" real cache holds {real:,} numbers, yours {got:,}, which is {got / real:g} times as"
            " many: what was forgotten, or counted twice?",
        )
