"""Solutions to the exercises of chapter 32."""

import torch
from torch import Tensor


def sliding_window_mask(n: int, window: int) -> Tensor:
    everything = torch.ones(n, n, dtype=torch.bool)
    return everything.tril() & everything.triu(diagonal=1 - window)


def stable_softmax(scores: Tensor) -> Tensor:
    # Subtracting the largest score changes nothing: e^(s - m) / sum e^(s - m) = e^s / sum e^s.
    powers = (scores - scores.max(dim=-1, keepdim=True).values).exp()
    return powers / powers.sum(dim=-1, keepdim=True)


def merge_heads(heads: Tensor) -> Tensor:
    return heads.transpose(1, 2).flatten(2)  # (B, H, T, K) -> (B, T, H, K) -> (B, T, H * K)


def cache_numbers(n_layers: int, n_kv_heads: int, length: int, d_head: int) -> int:
    return 2 * n_layers * n_kv_heads * length * d_head  # a key and a value each
