"""Attention: every position asks a question, and earlier positions answer it.

B batch, T position, D d_model, H query heads, G key and value heads (G divides H), K d_head,
S positions that are looked at (all those in the cache, then these T)
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.blockwise import attend_in_blocks, pays_in_blocks
from minilm.model.cache import LayerCache
from minilm.model.norm import RMSNorm
from minilm.model.rope import Rotary


def causal_mask(n_queries: int, n_keys: int) -> Tensor:
    """Say who may look at whom: True where a query may see a key, (T, S), never into the future.

    The queries are the last `n_queries` of `n_keys` positions, so row i sees columns 0 up to
    n_keys - n_queries + i.
    """
    return torch.ones(n_queries, n_keys, dtype=torch.bool).tril(diagonal=n_keys - n_queries)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Average the values, weighted by how well each key answers the query; return both.

    Shapes: query (..., T, K), key and value (..., S, K), mask (T, S) with True where looking is
    allowed -> the averages (..., T, K) and the weights (..., T, S), whose rows sum to one. A mask
    of numbers is added to the scores: minus infinity forbids, less discourages.
    This is the definition, written to be looked at; `attend_causally` is the fast way.

    Source: Vaswani et al. 2017, "Attention Is All You Need", eq. 1.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., T, S)
    hidden = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
    weights = hidden.softmax(dim=-1)
    return weights @ value, weights  # (..., T, K), (..., T, S)


def attend_causally(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Compute what `attend` computes under the causal mask, in torch's fused kernel.

    Shapes: query (B, H, T, K), key and value (B, G, S, K) -> (B, H, T, K). The kernel works through
    the scores piece by piece and never stores them (Dao et al. 2022, "FlashAttention"), and lets
    groups of H / G query heads share a key head without copying it. A `mask` (B, H, T, S), B and H
    may be 1, takes the place of the causal one, which costs less: no piece of the future is ever
    computed. It holds True where looking is allowed, or numbers to add to the scores. A CPU has a
    faster way for a short context (`minilm.model.blockwise`).
    """
    n_queries, n_keys = query.shape[2], key.shape[2]
    whole = mask is None and n_queries == n_keys  # as many queries as keys: there is a fast case
    if whole and pays_in_blocks(query, key):
        return attend_in_blocks(query, key, value)
    if mask is None and 1 < n_queries < n_keys:  # and one new query may see everything
        mask = causal_mask(n_queries, n_keys).to(query.device)
    return F.scaled_dot_product_attention(
        query, key, value, mask, is_causal=whole, enable_gqa=query.shape[1] > key.shape[1]
    )


class CausalSelfAttention(nn.Module):
    """Let each position gather, from itself and the past, what its heads have learnt to ask for.

    Shapes: (B, T, D) -> (B, T, D). With fewer key and value heads than query heads, groups of
    H / G query heads share one of them, which makes the cache smaller (Ainslie et al. 2023, "GQA").
    With `qk_norm`, queries and keys are normalised, so that no score can explode (Henry et al.
    2020). `rotary` turns queries and keys by their position; without it, order is invisible.
    `cache` holds the keys and values of the positions before these, and is extended by them. `mask`
    (B, 1, T, S) says who may look at whom, if it is not all of the past.

    Raises MinilmError when the sizes do not divide.
    """

    def __init__(
        self, d_model: int, n_heads: int, n_kv_heads: int | None = None, qk_norm: bool = False,
        d_head: int | None = None, bias: bool = False, norm_eps: float = 1e-5,
    ) -> None:  # fmt: skip
        super().__init__()
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads or n_heads
        self.d_head = head_size(d_model, n_heads, self.n_kv_heads, d_head)
        heads = n_heads + 2 * self.n_kv_heads
        self.qkv = nn.Linear(d_model, heads * self.d_head, bias=bias)
        self.out = nn.Linear(n_heads * self.d_head, d_model, bias=bias)
        self.query_norm = RMSNorm(self.d_head, norm_eps) if qk_norm else nn.Identity()
        self.key_norm = RMSNorm(self.d_head, norm_eps) if qk_norm else nn.Identity()

    def forward(
        self,
        x: Tensor,
        rotary: Rotary | None = None,
        cache: LayerCache | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        start = len(cache) if cache is not None else 0
        query, key, value = self.project(x, rotary, start)
        if cache is not None:
            key, value = cache.extend(key, value)  # (B, G, T, K) -> (B, G, S, K)
        heads = attend_causally(query, key, value, mask)  # (B, H, T, K)
        return self.out(heads.transpose(1, 2).flatten(2))  # (B, H, T, K) -> (B, T, D)

    def project(
        self, x: Tensor, rotary: Rotary | None = None, start: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Turn x (B, T, D) into queries (B, H, T, K) and into keys and values (B, G, T, K)."""
        heads = self.qkv(x).unflatten(-1, (-1, self.d_head))  # (B, T, D) -> (B, T, H + 2 G, K)
        sizes = [self.n_heads, self.n_kv_heads, self.n_kv_heads]
        query, key, value = heads.split(sizes, dim=2)
        query, key = self.query_norm(query), self.key_norm(key)
        if rotary is not None:
            query, key = rotary(query, start), rotary(key, start)
        return query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)


def head_size(d_model: int, n_heads: int, n_kv_heads: int, d_head: int | None = None) -> int:
    """Return the width of one head, `d_head` or what divides d_model; raise MinilmError if none."""
    if (d_head is None and d_model % n_heads) or n_heads % n_kv_heads:
        raise MinilmError(
            f"d_model {d_model} must be a multiple of n_heads {n_heads}, and n_heads a multiple"
            f" of n_kv_heads {n_kv_heads}. Change one of the three."
        )
    return d_head or d_model // n_heads
