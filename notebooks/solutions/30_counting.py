"""Solutions to the exercises of chapter 30."""

import torch
import torch.nn.functional as F
from torch import Tensor


def add_k(counts: Tensor, k: float) -> Tensor:
    return (counts + k) / (counts + k).sum(dim=1, keepdim=True)


def bigram_gradient(table: Tensor, ids: Tensor) -> Tensor:
    # Each pair pulls its row towards the token that came: softmax(row) minus a one at that token.
    gradient = torch.zeros_like(table)
    errors = table[ids[:-1]].softmax(dim=1) - F.one_hot(ids[1:], len(table))
    return gradient.index_add(0, ids[:-1], errors) / (len(ids) - 1)


def continuation(ids: Tensor, vocab_size: int) -> Tensor:
    pairs = (ids[:-1] * vocab_size + ids[1:]).unique()  # each pair once
    return torch.bincount(pairs % vocab_size, minlength=vocab_size) / len(pairs)


def contexts(ids: Tensor, n: int) -> Tensor:
    padded = F.pad(ids, (n - 1, 0), value=-1)
    return padded.unfold(0, n, 1).flip(1)  # (T,) -> (T, n), the newest first
