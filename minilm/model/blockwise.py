"""Causal attention by blocks of queries: the fastest way on a CPU while the context is short.

B batch, H heads, T position, K d_head, S positions up to the end of a block, N = B H
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 64  # queries; their scores fit in a core's cache
LONGEST = 512  # positions; beyond, computing weights again is cheaper than remembering all


def pays_in_blocks(query: Tensor, key: Tensor) -> bool:
    """Say whether this is faster than torch's kernel: query (B, H, T, K), key (B, G, T, K).

    Who has chosen one of torch's kernels, by `torch.nn.attention.sdpa_kernel`, gets that.
    """
    if query.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return False
    whole = query.shape == key.shape and 1 < query.shape[2] <= LONGEST
    # The public names of these switches cannot be compiled.
    free = torch._C._get_math_sdp_enabled() and torch._C._get_flash_sdp_enabled()
    return whole and query.dtype == torch.float32 and free


def attend_in_blocks(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Compute what `minilm.model.attention.attend` computes under the causal mask.

    Shapes: query, key and value (B, H, T, K) -> (B, H, T, K). Values may have another width.
    """
    heads = [x.flatten(0, 1) for x in (query, key, value)]  # (B, H, T, K) -> (N, T, K)
    averages: Tensor = BlockwiseAttention.apply(*heads)  # type: ignore[no-untyped-call]
    return averages.view(value.shape)


class BlockwiseAttention(torch.autograd.Function):
    """Average the values of the past, and hand gradients back, one block of queries at a time.

    A block of queries needs the keys up to its own end and none of those behind it, so of the
    square of all scores only the staircase below the diagonal is computed: for four blocks, 10
    sixteenths of it. The weights are kept for the way back, where torch's kernel computes them
    again to save memory; on a CPU with a short context, there is enough.

    Shapes: query, key, value (N, T, K) -> (N, T, K). The gradients are those of softmax(q k^T) v:
    with p the weights, g what comes back and a = g v^T, the scores get p * (a - sum(p * a)).

    Source: Vaswani et al. 2017, "Attention Is All You Need", eq. 1; the blocks of queries are those
    of Dao 2023, "FlashAttention-2", section 3.1.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query = query * scale(query)
        out, kept = torch.empty_like(value), []
        for start, end in blocks(query):
            hidden, seen = staircase(start, end, query), key[:, :end].transpose(1, 2)  # (N, K, S)
            scores = torch.baddbmm(hidden, query[:, start:end], seen)  # (N, BLOCK, S)
            kept.append(torch.softmax(scores, dim=-1, out=scores))
            out[:, start:end] = kept[-1] @ value[:, :end]
        ctx.save_for_backward(query, key, value, *kept)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value, *kept = ctx.saved_tensors
        to_query, to_key, to_value = (torch.zeros_like(x) for x in (query, key, value))
        for (start, end), weights in zip(blocks(query), kept, strict=True):
            grad = grads[0][:, start:end]
            to_weights = grad @ value[:, :end].transpose(1, 2)  # (N, BLOCK, S)
            to_scores = torch._softmax_backward_data(to_weights, weights, -1, query.dtype)
            to_query[:, start:end] = to_scores @ key[:, :end]
            to_key[:, :end].baddbmm_(to_scores.transpose(1, 2), query[:, start:end])
            to_value[:, :end].baddbmm_(weights.transpose(1, 2), grad)
        return to_query.mul_(scale(query)), to_key, to_value


def blocks(query: Tensor) -> list[tuple[int, int]]:
    """Return where each block of queries (N, T, K) starts and ends."""
    length = query.shape[1]
    return [(start, min(start + BLOCK, length)) for start in range(0, length, BLOCK)]


def staircase(start: int, end: int, like: Tensor) -> Tensor:
    """Return what hides the future from a block's queries, (BLOCK, S): 0 or minus infinity."""
    return like.new_full((end - start, end), -math.inf).triu(diagonal=1 + start)


def scale(query: Tensor) -> float:
    """Return what scores are multiplied by, so that wide heads are not surer than narrow ones."""
    return float(query.shape[-1] ** -0.5)
